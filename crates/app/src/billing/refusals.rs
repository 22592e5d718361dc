//! What is written down of money that was asked for in a way that is refused: by whom, and for the sake of which fields.
//! Never what they held.

use std::sync::Arc;

use domain::{SignedDuration, ids::UserId};
use state::Key;
use store::audit;

use super::charges::ChargeError;
use crate::{App, By, Fault};

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To charge the wallet, or to pay a visit.
    Charge,
    Subscription,
    Payout,
    /// By an admin, to give a payment back.
    Refund,
}

impl Asked {
    const fn refused(self) -> &'static str {
        match self {
            Self::Charge => "charge.refuse",
            Self::Subscription => "subscription.refuse",
            Self::Payout => "payout.refuse",
            Self::Refund => "refund.refuse",
        }
    }
}

/// Refusals of one user that are written down in an hour. Who goes on asks for nothing new, and the log is kept for good.
const MOST: i64 = 60;

/// Writes down that this was refused to a user, and for the sake of which fields: the first of each hour.
pub async fn refuse(
    app: &Arc<App>,
    by: &By,
    user: UserId,
    asked: Asked,
    fields: &[&'static str],
) -> Result<(), Fault> {
    let budget = Key::new("refusals", user.0.as_bytes());
    let taken = app.state.take(&budget, MOST, SignedDuration::from_hours(1), app.clock.now()).await;
    // where nobody can tell, it is written down
    if taken.is_ok_and(|taken| !taken.allowed) {
        return Ok(());
    }
    let input = (Arc::clone(app), by.clone(), user, asked.refused(), fields.join(", "), app.clock.now());
    app.db
        .write(input, |tx, (app, by, user, action, detail, now)| {
            Box::pin(async move {
                let event = by.event(action, Some(*user), detail.as_str());
                Ok::<_, Fault>(audit::append(tx, &app.keys, &event, *now).await?)
            })
        })
        .await
}

/// The way that a payer goes, as it was found; if it was refused, that is written down.
pub(super) async fn written_down<T>(
    app: &Arc<App>,
    by: &By,
    user: UserId,
    asked: Asked,
    way: Result<T, ChargeError>,
) -> Result<T, ChargeError> {
    let field = match &way {
        Err(ChargeError::ReturnUrl) => "return_url",
        Err(ChargeError::UnknownGateway) => "gateway",
        _ => return way,
    };
    refuse(app, by, user, asked, &[field]).await?;
    way
}
