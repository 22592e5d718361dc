//! Plans: bought from the wallet, or ordered to be paid online.

use std::sync::Arc;

use app::{
    App,
    billing::subscriptions::{self, Bought, Buy},
    idempotency::Once,
    visits::Method,
};
use domain::ids::UserId;
use serde_json::json;

use super::{by, number, uuid};
use crate::simulation::outcome::{Expect, Learned, Outcome, Under};

pub(super) async fn buy(
    app: &Arc<App>,
    (user, plan, months, online, code, auto_renew): (UserId, &'static str, i64, bool, Option<String>, bool),
    once: Option<Once>,
    under: Under,
) -> Outcome {
    let input = Buy {
        user,
        plan: plan.to_owned(),
        months,
        method: if online { Method::Online } else { Method::Wallet },
        code,
        auto_renew,
        by: by(user),
        once,
        render: Arc::new(|bought: Bought| {
            let purchase = bought.purchase;
            json!({
                "purchase": purchase.id.to_string(),
                "total": purchase.total.get(),
                "returned": purchase.returned.get(),
                "is_paid": bought.subscription.is_some(),
            })
        }),
    };
    match subscriptions::purchase(app, input).await {
        Ok(answered) => {
            let answer = &answered.answer;
            if answer["is_paid"] == true {
                let moved = number(answer, "returned") - number(answer, "total");
                return Outcome::answered(under, &answered, Expect::Wallet(user, moved));
            }
            let id = uuid(answer, "purchase");
            Outcome::answered(under, &answered, Expect::Nothing).with(Learned::Purchase { id, user })
        }
        Err(e) => e.into(),
    }
}
