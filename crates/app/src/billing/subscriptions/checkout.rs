//! Where an online purchase is paid.

use std::sync::Arc;

use domain::{SignedDuration, ids::UserId};
use serde_json::Value;
use store::charges::{ChargeStatus, Purpose};
use uuid::Uuid;

use super::{SubscriptionError, ToPay, to_pay};
use crate::{
    App, By, Fault,
    billing::{
        charges::{self, ChargeError, Start, Started},
        refusals::{Asked, written_down},
    },
    idempotency::{Once, look},
};

/// A page that is open for less than that is no page to send somebody to again.
const TIME_TO_PAY: SignedDuration = SignedDuration::from_mins(10);

/// How somebody wants to pay a purchase.
#[derive(Clone, Debug)]
pub struct Checkout {
    pub user: UserId,
    pub purchase: Uuid,
    /// None: whichever there is.
    pub gateway: Option<String>,
    /// Where the browser goes afterwards; none: to the public site.
    pub return_url: Option<String>,
}

/// Whether a purchase could be paid like that: to be asked before it is written down and its code redeemed. What is
/// refused is audited; one that was answered before is replayed, whatever is set since. That there is a gateway at all
/// is asked when it has a price.
pub async fn can_check_out(
    app: &Arc<App>,
    by: &By,
    user: UserId,
    once: Option<&Once>,
    (gateway, return_url): (Option<&str>, Option<&str>),
) -> Result<(), ChargeError> {
    let way = allowed(app, gateway, return_url);
    if way.is_ok() {
        return Ok(());
    }
    let before = app
        .db
        .read((app, once), |c, (app, once)| Box::pin(async move { look::<Value>(c, app, *once).await }))
        .await?;
    if before.is_some() { Ok(()) } else { written_down(app, by, user, Asked::Subscription, way).await }
}

fn allowed(app: &App, gateway: Option<&str>, return_url: Option<&str>) -> Result<(), ChargeError> {
    charges::return_url(app, return_url)?;
    let is_unknown = gateway.is_some_and(|name| app.gateways.get(name).is_none());
    if is_unknown && !app.gateways.is_empty() { Err(ChargeError::UnknownGateway) } else { Ok(()) }
}

/// The page at which a purchase is paid. Asked again, it is the same one while that is open for a while, then another
/// charge's: whichever is paid first pays the purchase, and what comes after it goes to the wallet. The purchase waits for
/// each; once its own time is over, no other is opened.
pub async fn checkout(app: &Arc<App>, wanted: &Checkout, by: By) -> Result<String, CheckoutError> {
    let due = to_pay(app, wanted.user, wanted.purchase).await?;
    if let Some(url) = open_page(app, wanted, &due).await? {
        return Ok(url);
    }
    if due.opens_until <= app.clock.now() {
        return Err(SubscriptionError::IllegalState.into());
    }
    let input = Start {
        user: due.user,
        purpose: Purpose::Subscription(due.purchase),
        amount: due.amount,
        description: "خرید اشتراک هلسا",
        gateway: wanted.gateway.clone(),
        return_url: wanted.return_url.clone(),
        by,
        once: None,
        render: Arc::new(|started: Started| Value::String(started.pay_url)),
    };
    let started = charges::start(app, input).await.map_err(|e| match e {
        // paid or given up while the gateway was asked
        ChargeError::IllegalState => CheckoutError::from(SubscriptionError::IllegalState),
        e => CheckoutError::from(e),
    })?;
    match started.answer {
        Value::String(url) => Ok(url),
        _ => Err(SubscriptionError::from(Fault::Internal("an answer of another kind".into())).into()),
    }
}

/// The page of the newest charge for this purchase, if somebody can still pay there as is wanted.
async fn open_page(app: &App, wanted: &Checkout, due: &ToPay) -> Result<Option<String>, CheckoutError> {
    let return_url = charges::return_url(app, wanted.return_url.as_deref())?;
    let now = app.clock.now();
    let newest = app
        .db
        .read(due.purchase, |c, purchase| {
            Box::pin(async move {
                let Some(charge) = store::charges::newest_for(c, *purchase).await? else { return Ok(None) };
                let authority = store::charges::authorities(c, charge.id).await?.pop();
                Ok::<_, Fault>(authority.map(|authority| (charge, authority.pay_url)))
            })
        })
        .await
        .map_err(SubscriptionError::from)?;
    let is_last = due.opens_until <= now;
    let still_open = newest.filter(|(charge, _)| {
        charge.status_at(now) == ChargeStatus::Pending
            && (is_last || charge.expires_at.duration_since(now) > TIME_TO_PAY)
            && charge.amount == due.amount
            && charge.return_url == return_url
            && wanted.gateway.as_ref().is_none_or(|name| *name == charge.gateway)
    });
    Ok(still_open.map(|(_, url)| url))
}

/// Why there is no page to pay at.
#[derive(Debug, thiserror::Error)]
pub enum CheckoutError {
    /// The purchase can't be paid (any more).
    #[error(transparent)]
    Purchase(#[from] SubscriptionError),
    /// The gateway can't be had.
    #[error(transparent)]
    Charge(#[from] ChargeError),
}
