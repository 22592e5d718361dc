//! What the demo clinic sells: premium with a discount of its own, and the reference's code (D34).

use std::sync::Arc;

use domain::{
    days,
    subscription::{PlanDiscount, Worth, months_later},
};

use super::save_plan;
use crate::{
    App, By, Fault,
    billing::discounts::{self, Code},
};

/// Premium is 20 percent off for a year, and `WINTER2024` takes 25 percent, once for each user.
pub(crate) async fn fill(app: &Arc<App>, by: &By) -> Result<(), Fault> {
    let internal = |e: &dyn std::fmt::Display| Fault::Internal(e.to_string());
    let now = app.clock.now();
    let until = months_later(days::tehran_today(now), 12);
    let premium = app
        .db
        .read((), |c, ()| {
            Box::pin(async move { store::plans::by_id(c, "premium").await.map_err(Fault::from) })
        })
        .await?;
    if let Some(mut premium) = premium {
        premium.discount = Some(PlanDiscount { percent: 20, from: None, until });
        save_plan(app, by, premium).await.map_err(|e| internal(&e))?;
    }
    let code = Code {
        code: "WINTER2024".into(),
        worth: Worth::Percent(25),
        valid_from: None,
        valid_until: Some(until),
        per_user_cap: Some(1),
        total_cap: None,
        plan: None,
        redeemed: 0,
        created_at: now,
        ended_at: None,
    };
    discounts::create(app, by, code).await.map_err(|e| internal(&e))?;
    Ok(())
}
