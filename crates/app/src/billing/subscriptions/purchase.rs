//! Somebody buys a plan: for the first time, for longer, or a dearer one (D34). From the wallet it is theirs at once,
//! in one transaction with the money. Online the purchase waits, its price fixed and its code redeemed, for the money
//! ([`super::settle`]).

use std::sync::Arc;

use db::Conn;
use domain::{
    Rials, Timestamp, days,
    ids::{UserId, new_v7},
    subscription::{Change, PENDING, Plan, Price, ends_at, worth_left},
};
use serde_json::Value;
use store::{
    audit,
    purchases::{self, Kind, Purchase, Status},
    subscriptions::{self, Subscription},
};
use uuid::Uuid;

use super::{
    SubscriptionError,
    change::{PayError, come_true, days_of, held, pay},
    notices,
};
use crate::{
    App, By, Fault,
    billing::{discounts, invoices},
    idempotency::{Answered, Once, Render, remember, replay},
    visits::Method,
};

/// Purchases of one user that wait for their money at most.
const MOST_PENDING: i64 = 3;

/// What somebody wants to buy.
pub struct Buy {
    pub user: UserId,
    pub plan: String,
    /// 1 to [`domain::subscription::MOST_MONTHS`].
    pub months: i64,
    pub method: Method,
    /// As [`domain::subscription::code`] reads it.
    pub code: Option<String>,
    pub auto_renew: bool,
    pub by: By,
    pub once: Option<Once>,
    pub render: Render<Bought>,
}

/// What was bought.
#[derive(Clone, Debug)]
pub struct Bought {
    pub purchase: Purchase,
    pub plan: Plan,
    /// None while it waits for its money.
    pub subscription: Option<Subscription>,
}

/// Buys it.
pub async fn purchase(app: &Arc<App>, input: Buy) -> Result<Answered<Value>, SubscriptionError> {
    let now = app.clock.now();
    let user = input.user;
    let _running = app.in_flight.enter(input.once.as_ref())?;
    let answered = app
        .db
        .write((Arc::clone(app), input, now), |tx, (app, input, now)| Box::pin(buy(tx, app, input, *now)))
        .await?;
    app.tiers.forget(user);
    Ok(answered)
}

async fn buy(
    tx: &Conn,
    app: &App,
    input: &Buy,
    now: Timestamp,
) -> Result<Answered<Value>, SubscriptionError> {
    let once = input.once.as_ref();
    if let Some(before) = replay(tx, app, once).await? {
        return Ok(before);
    }
    subscriptions::lock(tx, input.user).await?;
    let plan = store::plans::by_id(tx, &input.plan).await?.filter(Plan::is_for_sale);
    let plan = plan.ok_or(SubscriptionError::UnknownPlan)?;
    let has = held(tx, input.user, now).await?;
    let purchase = quote(tx, app, input, (&plan, has.as_ref()), now).await?;
    if purchase.status == Status::Pending {
        may_wait(tx, app, input.user, now).await?;
    }
    if let Some(code) = &purchase.code {
        discounts::redeem(tx, code, input.user, purchase.id, now).await?;
    }
    let subscription = if purchase.status == Status::Paid {
        pay(tx, &purchase, None, now).await.map_err(|e| match e {
            PayError::Insufficient => SubscriptionError::InsufficientBalance,
            PayError::Fault(fault) => fault.into(),
        })?;
        let subscription = come_true(tx, &purchase, has.map(|(held, _)| held), now).await?;
        notices::bought(tx, app, (&purchase, &plan, &subscription), now).await?;
        invoices::for_purchase(tx, app, &purchase, now).await?;
        Some(subscription)
    } else {
        None
    };
    purchases::insert(tx, &purchase).await?;
    let detail = format!("{} {}", purchase.kind.as_str(), purchase.id);
    let action = if subscription.is_some() { "subscription.purchase" } else { "subscription.order" };
    let bought = Bought { purchase, plan, subscription };
    let answered = remember(tx, app, once, (input.render)(bought)).await?;
    audit::append(tx, &app.keys, &input.by.event(action, Some(input.user), detail), now).await?;
    Ok(answered)
}

/// Whether one more purchase may wait for its money. The user's row must be held.
async fn may_wait(tx: &Conn, app: &App, user: UserId, now: Timestamp) -> Result<(), SubscriptionError> {
    if app.gateways.is_empty() {
        return Err(SubscriptionError::NoPayments);
    }
    // each keeps a code from others while it waits
    if purchases::pending_of(tx, user, now).await? >= MOST_PENDING {
        return Err(SubscriptionError::TooManyOrders);
    }
    Ok(())
}

/// The purchase as it would be, its price included.
async fn quote(
    tx: &Conn,
    app: &App,
    input: &Buy,
    (plan, has): (&Plan, Option<&(Subscription, Plan)>),
    now: Timestamp,
) -> Result<Purchase, SubscriptionError> {
    let today = days::tehran_today(now);
    let had = has.map(|(subscription, _)| subscription);
    let (kind, worth, base) = match (Change::of(has.map(|(_, plan)| plan), plan), had) {
        (Change::Begin, _) | (_, None) => (Kind::Begin, Rials::ZERO, None),
        (Change::Extend, Some(_)) => (Kind::Extend, Rials::ZERO, None),
        (Change::Upgrade, Some(had)) => {
            let paid = purchases::stretches(tx, had.id, today).await?;
            (Kind::Upgrade, worth_left(&paid, today), Some((had.id, had.end)))
        }
        // past its end it lived on its renewal alone: that is not waited for
        (Change::Downgrade, Some(had)) if ends_at(had.end) <= now => (Kind::Begin, Rials::ZERO, None),
        (Change::Downgrade, Some(had)) => {
            return Err(SubscriptionError::Cheaper { not_before: ends_at(had.end) });
        }
    };
    let code = match &input.code {
        Some(code) => Some(discounts::worth(tx, code, plan, today).await?),
        None => None,
    };
    let price = Price::of(plan, input.months, code, worth, today);
    let price = price.ok_or_else(|| Fault::Internal("a price that 64 bits don't hold".into()))?;
    // what costs nothing needs no gateway
    let is_paid = input.method == Method::Wallet || price.total == Rials::ZERO;
    let (start, end) = days_of(had, kind, input.months, today);
    let subscription = match (kind, had) {
        (Kind::Extend, Some(had)) => had.id,
        _ => new_v7(now, &*app.rng),
    };
    Ok(Purchase {
        id: new_v7(now, &*app.rng),
        subscription,
        user: input.user,
        plan: plan.id.clone(),
        kind,
        status: if is_paid { Status::Paid } else { Status::Pending },
        months: input.months,
        from_wallet: input.method == Method::Wallet,
        amount: price.amount,
        discount: price.discount,
        credit: price.credit,
        returned: price.returned,
        total: price.total,
        code: input.code.clone(),
        auto_renew: input.auto_renew,
        base,
        start,
        end,
        created_at: now,
        due_at: (!is_paid).then_some(now + PENDING),
    })
}

/// What is to be charged for a purchase that waits for its money.
#[derive(Clone, Debug)]
pub struct ToPay {
    pub purchase: Uuid,
    pub user: UserId,
    pub amount: Rials,
    /// Persian, for the gateway's page.
    pub description: String,
    /// No page is opened for it from then on: its price and its code are not kept for ever.
    pub opens_until: Timestamp,
    /// Whoever pays later finds the money in the wallet.
    pub until: Timestamp,
}

/// The user's purchase, if it still waits for its money.
pub async fn to_pay(app: &App, user: UserId, purchase: Uuid) -> Result<ToPay, SubscriptionError> {
    let now = app.clock.now();
    let found = app
        .db
        .read(purchase, |c, purchase| {
            Box::pin(async move { purchases::by_id(c, *purchase).await.map_err(Fault::from) })
        })
        .await?;
    let found = found.filter(|found| found.user == user).ok_or(SubscriptionError::NotFound)?;
    match found.due_at {
        Some(until) if found.status == Status::Pending && now < until => Ok(ToPay {
            purchase: found.id,
            user,
            amount: found.total,
            description: "خرید اشتراک هلسا".into(),
            opens_until: found.created_at + PENDING,
            until,
        }),
        _ => Err(SubscriptionError::IllegalState),
    }
}
