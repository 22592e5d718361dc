//! What time does to subscriptions: their end comes, and they are renewed from the wallet, tried again for three days,
//! or over (D34). A renewal is one month at the plan's price of the day: whoever wants a discount code buys by hand.

use std::{collections::HashSet, sync::Arc};

use db::Conn;
use domain::{
    Rials, Timestamp, days,
    ids::{UserId, new_v7},
    subscription::{Due, Event, Plan, Price, ends_at, next_try},
};
use store::{
    audit,
    purchases::{self, Kind, Purchase, Status},
    subscriptions::{self, Subscription},
};
use uuid::Uuid;

use super::{
    change::{PayError, come_true, days_of, happen, pay, plan_of},
    notices,
    settle::give_up,
};
use crate::{App, By, Fault};

/// Subscriptions that one run looks for at a time.
const BATCH: i64 = 200;

/// Renews and ends what is due, each in a transaction of its own: one that fails is left to the next run and keeps
/// nobody else waiting. How many.
pub async fn look_after_due(app: &Arc<App>) -> Result<u64, Fault> {
    let now = app.clock.now();
    let mut total = 0;
    let mut failed = HashSet::new();
    loop {
        let mut due = app
            .db
            .read((now, most(&failed)), |c, (now, most)| {
                Box::pin(async move { subscriptions::due(c, *now, *most).await.map_err(Fault::from) })
            })
            .await?;
        let before = total;
        due.retain(|(id, _)| !failed.contains(id));
        for (id, user) in due {
            let done = app.db.write((Arc::clone(app), id, user, now), |tx, (app, id, user, now)| {
                Box::pin(look_after(tx, app, (*id, *user), *now))
            });
            match done.await {
                Ok(()) => {
                    app.tiers.forget(user);
                    total += 1;
                }
                Err(fault) => {
                    tracing::error!(subscription = %id, error = %fault, "not renewed or ended; the next run tries");
                    failed.insert(id);
                }
            }
        }
        if total == before {
            return Ok(total);
        }
    }
}

/// Looks past those that have failed in this run.
fn most(failed: &HashSet<Uuid>) -> i64 {
    BATCH.saturating_add(i64::try_from(failed.len()).unwrap_or(i64::MAX))
}

/// Whatever it does, the subscription is due later, or never again.
async fn look_after(tx: &Conn, app: &App, (id, user): (Uuid, UserId), now: Timestamp) -> Result<(), Fault> {
    subscriptions::lock(tx, user).await?;
    let Some(held) = subscriptions::by_id(tx, id).await? else { return Ok(()) };
    if held.due_at.is_none_or(|at| at > now) {
        // another node, or its owner, was first
        return Ok(());
    }
    let plan = plan_of(tx, &held).await?;
    let action = match Due::at(held.status, held.end, held.auto_renew, now) {
        Due::NotYet => {
            let due_at = Some(ends_at(held.end));
            subscriptions::save(tx, &Subscription { due_at, ..held }, now).await?;
            return Ok(());
        }
        Due::Renew if plan.is_for_sale() => renew(tx, app, held, &plan, now).await?,
        Due::Renew | Due::End => end(tx, app, held, &plan, now).await?,
    };
    let by = By::worker("cron");
    audit::append(tx, &app.keys, &by.event(action, Some(user), id.to_string()), now).await?;
    Ok(())
}

async fn end(
    tx: &Conn,
    app: &App,
    held: Subscription,
    plan: &Plan,
    now: Timestamp,
) -> Result<&'static str, Fault> {
    let ended = happen(tx, held, Event::End, now).await?;
    notices::ended(tx, app, (&ended, plan), now).await?;
    Ok("subscription.expire")
}

/// Tried for the first time after its days of grace, it begins anew: nobody pays for days in which there was no plan.
async fn renew(
    tx: &Conn,
    app: &App,
    held: Subscription,
    plan: &Plan,
    now: Timestamp,
) -> Result<&'static str, Fault> {
    let (today, is_over) = (days::tehran_today(now), !held.is_live(now));
    let price = Price::of(plan, 1, None, Rials::ZERO, today);
    let price = price.ok_or_else(|| Fault::Internal("a price that 64 bits don't hold".into()))?;
    let (first_day, end_day) = days_of((!is_over).then_some(&held), Kind::Renewal, 1, today);
    let purchase = Purchase {
        id: new_v7(now, &*app.rng),
        subscription: if is_over { new_v7(now, &*app.rng) } else { held.id },
        user: held.user,
        plan: plan.id.clone(),
        kind: Kind::Renewal,
        status: Status::Paid,
        months: 1,
        from_wallet: true,
        amount: price.amount,
        discount: price.discount,
        credit: Rials::ZERO,
        returned: Rials::ZERO,
        total: price.total,
        code: None,
        auto_renew: true,
        base: None,
        start: first_day,
        end: end_day,
        created_at: now,
        due_at: None,
    };
    match pay(tx, &purchase, None, now).await {
        Ok(()) => {
            purchases::insert(tx, &purchase).await?;
            let held = if is_over {
                happen(tx, held, Event::End, now).await?;
                None
            } else {
                Some(held)
            };
            let renewed = come_true(tx, &purchase, held, now).await?;
            notices::bought(tx, app, (&purchase, plan, &renewed), now).await?;
            crate::billing::invoices::for_purchase(tx, app, &purchase, now).await?;
            Ok("subscription.renew")
        }
        Err(PayError::Insufficient) if is_over => end(tx, app, held, plan, now).await,
        Err(PayError::Insufficient) => {
            let due_at = Some(next_try(held.end, now));
            let waiting = happen(tx, Subscription { due_at, ..held }, Event::FailToRenew, now).await?;
            notices::not_renewed(tx, app, (&waiting, plan, price.total), now).await?;
            Ok("subscription.past_due")
        }
        Err(PayError::Fault(fault)) => Err(fault),
    }
}

/// Gives up online purchases that nobody has paid; how many. One that fails is left to the next run.
pub async fn give_up_unpaid(app: &Arc<App>) -> Result<u64, Fault> {
    let now = app.clock.now();
    let mut total = 0;
    let mut failed = HashSet::new();
    loop {
        let mut due = app
            .db
            .read((now, most(&failed)), |c, (now, most)| {
                Box::pin(async move { purchases::unpaid(c, *now, *most).await.map_err(Fault::from) })
            })
            .await?;
        let mut went_on = false;
        due.retain(|id| !failed.contains(id));
        for id in due {
            let given_up = app.db.write((id, now), |tx, (id, now)| {
                Box::pin(async move {
                    match purchases::by_id(tx, *id).await? {
                        Some(pending) => give_up(tx, &pending, Some(*now)).await,
                        None => Ok(false),
                    }
                })
            });
            match given_up.await {
                Ok(given_up) => {
                    total += u64::from(given_up);
                    went_on = true;
                }
                Err(fault) => {
                    tracing::error!(purchase = %id, error = %fault, "not given up; the next run tries");
                    failed.insert(id);
                }
            }
        }
        if !went_on {
            return Ok(total);
        }
    }
}
