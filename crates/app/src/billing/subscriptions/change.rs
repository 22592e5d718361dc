//! What every change of a subscription is made of: who has what, the money, the rows.

use db::Conn;
use domain::{
    Date, Timestamp,
    ids::UserId,
    ledger::{Account, Posting, PostingKind, without_zeros},
    subscription::{Event, Plan, Status, ends_at, live_until, months_later},
};
use store::{
    ledger::{PostError, Posted},
    purchases::{Kind, Purchase},
    subscriptions::Subscription,
};

use crate::{Fault, visits::payments::Source};

/// What a user has, and its plan. One whose time is over, and that nobody has ended yet, is ended here: the user's row
/// must be held.
pub(super) async fn held(
    tx: &Conn,
    user: UserId,
    now: Timestamp,
) -> Result<Option<(Subscription, Plan)>, Fault> {
    let Some(current) = store::subscriptions::current(tx, user).await? else { return Ok(None) };
    if !current.is_live(now) {
        happen(tx, current, Event::End, now).await?;
        return Ok(None);
    }
    let plan = plan_of(tx, &current).await?;
    Ok(Some((current, plan)))
}

pub(super) async fn plan_of(tx: &Conn, subscription: &Subscription) -> Result<Plan, Fault> {
    let plan = store::plans::by_id(tx, &subscription.plan).await?;
    plan.ok_or_else(|| Fault::Internal("a subscription's plan is missing".into()))
}

/// Writes down what has happened to a subscription; as it is then.
pub(super) async fn happen(
    tx: &Conn,
    before: Subscription,
    event: Event,
    now: Timestamp,
) -> Result<Subscription, Fault> {
    let illegal = || Fault::Internal(format!("{event:?} can't happen to a subscription in this state"));
    let status = before.status.after(event).ok_or_else(illegal)?;
    let due_at = if status.is_live() { before.due_at } else { None };
    let after = Subscription { status, due_at, ..before };
    if store::subscriptions::save(tx, &after, now).await? { Ok(after) } else { Err(illegal()) }
}

/// So many months more; as it is then.
pub(super) async fn extend(
    tx: &Conn,
    before: Subscription,
    (months, auto_renew): (i64, bool),
    now: Timestamp,
) -> Result<Subscription, Fault> {
    let months = before.months.saturating_add(months);
    let end = months_later(before.start, months);
    let after = Subscription {
        months,
        end,
        auto_renew,
        live_until: live_until(end, auto_renew),
        due_at: Some(ends_at(end)),
        ..before
    };
    happen(tx, after, Event::Extend, now).await
}

/// The days that a purchase pays for.
pub(super) fn days_of(held: Option<&Subscription>, kind: Kind, months: i64, today: Date) -> (Date, Date) {
    match (kind, held) {
        (Kind::Extend | Kind::Renewal, Some(held)) => {
            (held.end, months_later(held.start, held.months.saturating_add(months)))
        }
        _ => (today, months_later(today, months)),
    }
}

/// What was bought comes true: a new subscription, one that lasts longer, or one in the place of another.
pub(super) async fn come_true(
    tx: &Conn,
    purchase: &Purchase,
    held: Option<Subscription>,
    now: Timestamp,
) -> Result<Subscription, Fault> {
    match (purchase.kind, held) {
        (Kind::Extend | Kind::Renewal, Some(held)) => {
            extend(tx, held, (purchase.months, purchase.auto_renew), now).await
        }
        (_, held) => {
            if let Some(old) = held {
                happen(tx, old, Event::Replace, now).await?;
            }
            let new = Subscription {
                id: purchase.subscription,
                user: purchase.user,
                plan: purchase.plan.clone(),
                status: Status::Active,
                months: purchase.months,
                start: purchase.start,
                end: purchase.end,
                auto_renew: purchase.auto_renew,
                live_until: live_until(purchase.end, purchase.auto_renew),
                due_at: Some(ends_at(purchase.end)),
                created_at: now,
            };
            store::subscriptions::insert(tx, &new).await?;
            Ok(new)
        }
    }
}

/// Why the money was not moved.
#[derive(Debug)]
pub(super) enum PayError {
    Insufficient,
    Fault(Fault),
}

impl From<Fault> for PayError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Moves the money of a purchase: from the wallet, or from the gateway through the wallet; what an upgrade leaves over
/// goes back to the wallet. Nothing is posted where nothing is to be paid. The posting has the purchase's id.
pub(super) async fn pay(
    tx: &Conn,
    purchase: &Purchase,
    source: Option<&Source>,
    now: Timestamp,
) -> Result<(), PayError> {
    let wallet = || Account::wallet(purchase.user);
    let (kind, key, description, entries) = match source {
        Some(source) => (
            PostingKind::Subscription,
            format!("charge:{}", source.charge),
            "پرداخت آنلاین اشتراک",
            // the statement of the wallet shows both ways
            vec![
                Account::clearing(&source.gateway).gives(purchase.total),
                wallet().gets(purchase.total),
                wallet().gives(purchase.total),
                Account::subscriptions().gets(purchase.total),
            ],
        ),
        None if purchase.returned > domain::Rials::ZERO => (
            PostingKind::SubscriptionRefund,
            format!("subscription:{}:returned", purchase.id),
            "بازگشت مانده اشتراک پیشین",
            vec![Account::subscriptions().gives(purchase.returned), wallet().gets(purchase.returned)],
        ),
        None => (
            PostingKind::Subscription,
            format!("subscription:{}", purchase.id),
            if purchase.kind == Kind::Renewal {
                "تمدید خودکار اشتراک"
            } else {
                "خرید اشتراک"
            },
            vec![wallet().gives(purchase.total), Account::subscriptions().gets(purchase.total)],
        ),
    };
    let entries = without_zeros(entries);
    if entries.is_empty() {
        return Ok(());
    }
    let posting = Posting::new(kind, key, Some(purchase.subscription), description, entries);
    let posting = posting.map_err(Fault::from)?;
    match store::ledger::post(tx, purchase.id, &posting, now).await {
        Ok(Posted::Done(_)) => Ok(()),
        Ok(Posted::Before(_)) => {
            Err(Fault::Internal("a subscription's money was moved before".into()).into())
        }
        Err(PostError::Insufficient) => Err(PayError::Insufficient),
        Err(PostError::Store(e)) => Err(PayError::Fault(e.into())),
    }
}
