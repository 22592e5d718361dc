//! Whoever wants to pay the same visit again is sent to the page that is open already.

use std::sync::Arc;

use domain::SignedDuration;
use serde_json::Value;
use store::charges::{self, Purpose};

use super::{ASKING, MOST_OPEN, Start, Started};
use crate::{
    App, Fault,
    billing::charges::ChargeError,
    idempotency::{Answered, remember, replay},
};

/// Whoever presses the button again is sent to the same page, while there is so much time left to pay.
const ENOUGH: SignedDuration = SignedDuration::from_mins(10);

/// A visit's open charge that a new one would be the same as.
pub(super) async fn open_page(
    app: &App,
    input: &Start,
    gateway: &str,
    return_url: &str,
) -> Result<Option<Started>, Fault> {
    let Purpose::Visit(visit) = input.purpose else { return Ok(None) };
    let wanted = (input.user, input.amount, gateway, return_url);
    app.db
        .read((visit, wanted, app.clock.now()), |c, (visit, wanted, now)| {
            Box::pin(async move {
                let open = charges::open_for(c, *visit, *now, *now - ASKING).await?;
                let is_full = open.len() >= MOST_OPEN;
                for charge in open {
                    let is_same =
                        (charge.user, charge.amount, charge.gateway.as_str(), charge.return_url.as_str())
                            == *wanted;
                    if !is_same || (!is_full && charge.expires_at <= *now + ENOUGH) {
                        continue;
                    }
                    if let Some(authority) = charges::authorities(c, charge.id).await?.pop() {
                        return Ok(Some(Started {
                            id: charge.id,
                            pay_url: authority.pay_url,
                            amount: charge.amount,
                            expires_at: charge.expires_at,
                        }));
                    }
                }
                Ok::<_, Fault>(None)
            })
        })
        .await
}

pub(super) async fn answer_again(
    app: &Arc<App>,
    open: Started,
    input: Start,
) -> Result<Answered<Value>, ChargeError> {
    app.db
        .write((Arc::clone(app), open, input.once, input.render), |tx, (app, open, once, render)| {
            Box::pin(async move {
                if let Some(before) = replay(tx, app, once.as_ref()).await? {
                    return Ok(before);
                }
                Ok::<_, ChargeError>(remember(tx, app, once.as_ref(), render(open.clone())).await?)
            })
        })
        .await
}
