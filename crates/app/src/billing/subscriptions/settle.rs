//! The money of an online purchase has come. If what was bought can still come true it does, in the same transaction;
//! otherwise the money is the user's, in their wallet, never lost.

use db::Conn;
use domain::{Rials, Timestamp, days, ids::UserId, subscription::ends_at};
use store::{
    audit::{self, Actor},
    discounts,
    purchases::{self, Kind, Purchase, Status},
    subscriptions::{self, Subscription},
};
use uuid::Uuid;

use super::{
    change::{PayError, come_true, days_of, held, pay},
    notices,
};
use crate::{App, By, Fault, billing::invoices, visits::payments::Source};

/// What became of the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It was posted under the charge's key: gateway → wallet → subscriptions.
    Done,
    /// Nothing was posted: credit it to this user's wallet.
    IntoWallet(Option<UserId>),
}

/// Settles a purchase with money that a gateway has taken, in the transaction that credits it. The caller credits the
/// wallet if this says so; who has paid is told. The purchase's time may be over by a little: what can come true does.
pub async fn settle(
    tx: &Conn,
    app: &App,
    purchase: Uuid,
    (source, amount): (&Source, Rials),
    now: Timestamp,
) -> Result<Settled, Fault> {
    let Some(found) = purchases::by_id(tx, purchase).await? else { return Ok(Settled::IntoWallet(None)) };
    let user = found.user;
    subscriptions::lock(tx, user).await?;
    // as it is now that nobody else changes it
    let pending = purchases::by_id(tx, purchase).await?.filter(|found| found.status == Status::Pending);
    let Some(pending) = pending.filter(|pending| pending.total == amount) else {
        notices::into_wallet(tx, app, user, (source.charge, amount), now).await?;
        return Ok(Settled::IntoWallet(Some(user)));
    };
    let has = held(tx, user, now).await?.map(|(held, _)| held);
    let plan = store::plans::by_id(tx, &pending.plan).await?;
    let (Some(kind), Some(plan)) = (still(&pending, has.as_ref(), now), plan) else {
        give_up(tx, &pending, None).await?;
        notices::into_wallet(tx, app, user, (source.charge, amount), now).await?;
        return Ok(Settled::IntoWallet(Some(user)));
    };
    let (start, end) = days_of(has.as_ref(), kind, pending.months, days::tehran_today(now));
    let subscription = match (kind, &has) {
        (Kind::Extend, Some(has)) => has.id,
        // an extension of what has ended meanwhile begins anew
        _ if pending.kind == Kind::Extend => domain::ids::new_v7(now, &*app.rng),
        _ => pending.subscription,
    };
    let paid = Purchase { kind, start, end, subscription, status: Status::Paid, due_at: None, ..pending };
    match pay(tx, &paid, Some(source), now).await {
        Ok(()) => {}
        Err(PayError::Fault(fault)) => return Err(fault),
        Err(PayError::Insufficient) => {
            return Err(Fault::Internal("what a gateway brought is not there".into()));
        }
    }
    if !purchases::pay(tx, paid.id, subscription, kind, (start, end)).await? {
        return Err(Fault::Internal("a purchase was paid meanwhile".into()));
    }
    let subscription = come_true(tx, &paid, has, now).await?;
    notices::bought(tx, app, (&paid, &plan, &subscription), now).await?;
    invoices::for_purchase(tx, app, &paid, now).await?;
    let by = By { actor: Actor::User(user), request_id: source.gateway.as_str().into() };
    let event = by.event("subscription.purchase", Some(user), format!("{} {}", kind.as_str(), paid.id));
    audit::append(tx, &app.keys, &event, now).await?;
    Ok(Settled::Done)
}

/// What the purchase is by now; none where it can't be any more.
fn still(pending: &Purchase, has: Option<&Subscription>, now: Timestamp) -> Option<Kind> {
    match (pending.base, has) {
        // the credit was reckoned with what is there no more
        (Some(base), has) => has.filter(|has| (has.id, has.end) == base).map(|_| Kind::Upgrade),
        (None, None) => Some(Kind::Begin),
        (None, Some(has)) if has.plan == pending.plan => Some(Kind::Extend),
        // another plan: past its end it lived on its renewal alone
        (None, Some(has)) => (ends_at(has.end) <= now).then_some(Kind::Begin),
    }
}

/// The purchase is over; its code can be redeemed by somebody else. With `due_by` only if its time was over then.
pub(super) async fn give_up(tx: &Conn, pending: &Purchase, due_by: Option<Timestamp>) -> Result<bool, Fault> {
    if !purchases::abandon(tx, pending.id, due_by).await? {
        return Ok(false);
    }
    discounts::give_back(tx, pending.id).await?;
    Ok(true)
}
