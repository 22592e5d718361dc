//! The gateway is asked whether an authority's money is ours, and if so it is credited, exactly once.

use std::sync::Arc;

use db::Conn;
use domain::{
    SignedDuration, Timestamp,
    ids::VisitId,
    ledger::{Account, Posting, PostingKind},
};
use providers::gateways::Verified;
use serde_json::{Value, json};
use store::{
    audit::{self, Actor},
    charges::{self, Authority, AuthorityStatus, Charge, ChargeStatus, Purpose},
};

use super::ChargeError;
use crate::{
    App, By, Fault,
    billing::{Posted, post, subscriptions},
    fault::faults,
    visits::{self, VisitError, payments::Source},
};

/// The sweep asks again after that while a charge is young, then ever more seldom: what was paid is found within five
/// minutes (D33).
const OFTEN: SignedDuration = SignedDuration::from_mins(1);
const SELDOM: SignedDuration = SignedDuration::from_mins(3);
/// And after that, once it has ended without a clear answer.
const LATER: SignedDuration = SignedDuration::from_mins(10);
/// So long after a charge began.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24);

/// What a browser brought with it. It proves nothing.
#[derive(Clone, Debug, Default)]
pub struct Brought {
    /// Whether it says that the payment was made.
    pub claims_ok: bool,
    /// What the gateway needs besides.
    pub extra: Value,
}

/// What was found out about an authority.
#[derive(Clone, Debug)]
struct Found {
    charge: Charge,
    authority: Authority,
    brought: Brought,
    /// The gateway can't be asked without what a browser brought.
    needs_callback: bool,
    now: Timestamp,
}

impl Found {
    /// What a browser brought, if it brought anything.
    fn extra(&self) -> Option<String> {
        let is_there = self.brought.extra.as_object().is_some_and(|extra| !extra.is_empty());
        is_there.then(|| self.brought.extra.to_string())
    }
}

/// Why an authority is not money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doubt {
    /// No clear answer: not yet, perhaps.
    Unclear,
    NotPaid,
    /// Its number is that of a payment that has completed another charge.
    Anothers,
}

/// Why nothing was credited.
#[derive(Debug, thiserror::Error)]
enum CreditError {
    /// Another charge was completed with the gateway's number in this very moment.
    #[error("the gateway's number was taken meanwhile")]
    Taken,
    #[error(transparent)]
    Fault(Fault),
}
faults!(CreditError);

impl From<CreditError> for Fault {
    fn from(e: CreditError) -> Self {
        match e {
            CreditError::Taken => Self::Internal(e.to_string()),
            CreditError::Fault(fault) => fault,
        }
    }
}

/// Asks the gateway about one of its authorities, with the amount that is stored, and writes down what it says. Any
/// number may do so at once.
pub async fn settle_authority(
    app: &Arc<App>,
    gateway: &str,
    authority: &str,
    brought: Brought,
) -> Result<Charge, ChargeError> {
    let found = app
        .db
        .read((gateway, authority), |c, (gateway, authority)| {
            Box::pin(async move {
                let Some(authority) = charges::by_authority(c, gateway, authority).await? else {
                    return Ok(None);
                };
                let charge = charges::by_id(c, authority.charge).await?;
                Ok::<_, Fault>(charge.map(|charge| (charge, authority)))
            })
        })
        .await?;
    let (charge, authority) = found.ok_or(ChargeError::NotFound)?;
    if authority.status.is_credited() {
        return Ok(charge);
    }
    let engine = app.gateways.get(gateway).ok_or(ChargeError::NoPayments)?;
    let extra = with_order(&brought.extra, &charge);
    let (needs_callback, asked_at) = (engine.callback_is_needed(), app.clock.now());
    let found = Found { charge, authority, brought, needs_callback, now: asked_at };
    if needs_callback {
        keep(app, found.clone()).await?;
    }
    let verified = engine.verify(&found.authority.authority, found.charge.amount, &extra).await;
    // "not paid" was true when it was asked for: the payer may have paid since
    let now = match verified {
        Verified::Paid { .. } | Verified::Already { .. } => app.clock.now(),
        Verified::NotPaid(_) | Verified::Unknown(_) => asked_at,
    };
    let found = Found { now, ..found };
    let charge = match verified {
        Verified::Paid { reference, .. } => credited(app, found, Some(reference)).await?,
        Verified::Already { reference } => credited(app, found, reference).await?,
        Verified::NotPaid(cause) => {
            tracing::info!(gateway, charge = %found.charge.id, cause, "not paid");
            noted(app, found, Doubt::NotPaid).await?
        }
        Verified::Unknown(cause) => {
            tracing::info!(gateway, charge = %found.charge.id, cause, "no clear answer yet");
            noted(app, found, Doubt::Unclear).await?
        }
    };
    Ok(charge)
}

/// The charge's id goes with what the browser brought, and never comes from it.
fn with_order(extra: &Value, charge: &Charge) -> Value {
    let mut extra = if extra.is_object() { extra.clone() } else { json!({}) };
    extra["order"] = charge.id.simple().to_string().into();
    extra
}

/// What the browser brought is written down before the gateway is asked: it doesn't come twice.
async fn keep(app: &Arc<App>, found: Found) -> Result<(), Fault> {
    let Some(extra) = found.extra() else { return Ok(()) };
    app.db
        .write((found, extra), |tx, (found, extra)| {
            Box::pin(async move {
                let Found { charge, authority, now, .. } = found;
                let _held = charges::lock(tx, charge.id).await?;
                charges::keep_callback(tx, &authority.gateway, &authority.authority, extra, *now).await?;
                Ok::<_, Fault>(())
            })
        })
        .await
}

async fn credited(app: &Arc<App>, found: Found, reference: Option<String>) -> Result<Charge, Fault> {
    let credited = match attempt(app, found.clone(), reference.clone()).await {
        // now it can be seen which charge has the number
        Err(CreditError::Taken) => attempt(app, found, reference).await,
        credited => credited,
    };
    let charge = credited?;
    // after the commit: who asks in between would keep what was before
    app.tiers.forget(charge.user);
    Ok(charge)
}

async fn attempt(app: &Arc<App>, found: Found, reference: Option<String>) -> Result<Charge, CreditError> {
    app.db
        .write((Arc::clone(app), found, reference), |tx, (app, found, reference)| {
            Box::pin(async move { credit(tx, app, found, reference.as_deref()).await })
        })
        .await
}

/// In one transaction: the charge is held, so that of many at once one credits and the others see that it has.
async fn credit(tx: &Conn, app: &App, found: &Found, reference: Option<&str>) -> Result<Charge, CreditError> {
    let Found { charge: Charge { id, .. }, authority, now, .. } = found;
    let (gateway, name) = (authority.gateway.as_str(), authority.authority.as_str());
    let charge = charges::lock(tx, *id).await?.ok_or_else(|| missing("a charge"))?;
    let stored = charges::by_authority(tx, gateway, name).await?.ok_or_else(|| missing("an authority"))?;
    if stored.status.is_credited() {
        return Ok(charge);
    }
    // a browser has brought the number, and nothing but that says which payment it is
    if let Some(reference) = reference.filter(|_| gateway == "bitpay")
        && charges::bitpay_has_paid(tx, reference).await?
    {
        tracing::error!(gateway, charge = %id, reference, "a payment that has completed another charge");
        return Ok(note(tx, app, found, Doubt::Anothers).await?);
    }
    if charge.status == ChargeStatus::Completed {
        // the payer has paid twice: the second time is theirs to spend
        charges::mark(tx, gateway, name, AuthorityStatus::Extra).await?;
        look_at_others(tx, &charge, *now).await?;
        let key = format!("charge:{id}:{name}");
        to_wallet(tx, app, &charge, (gateway, key, "واریز پرداخت تکراری به کیف پول"), *now).await?;
        return Ok(charge);
    }
    charges::mark(tx, gateway, name, AuthorityStatus::Paid).await?;
    let is_first = charges::complete(tx, *id, name, reference, *now).await.map_err(|e| match e {
        store::Error::Db(db::Error::Unique(_)) => CreditError::Taken,
        e => e.into(),
    })?;
    if !is_first {
        return Err(Fault::Internal("a charge was completed meanwhile".into()).into());
    }
    let completed = charges::by_id(tx, *id).await?.ok_or_else(|| missing("a charge"))?;
    look_at_others(tx, &completed, *now).await?;
    spend(tx, app, &charge, gateway, *now).await?;
    Ok(completed)
}

/// A charge is completed, but the payer may have paid at another authority of it, too: those are asked about as before.
async fn look_at_others(tx: &Conn, charge: &Charge, now: Timestamp) -> Result<(), Fault> {
    let doubt = doubtful(tx, charge).await?;
    let is_open = doubt.is_some();
    let check_at = next(charge, doubt == Some(Doubt::NotPaid), now).1.filter(|_| is_open);
    if check_at == charge.check_at {
        return Ok(());
    }
    Ok(charges::check_again(tx, charge.id, check_at).await?)
}

/// The most that can be said of all authorities of a charge that are not money; none where all are.
async fn doubtful(tx: &Conn, charge: &Charge) -> Result<Option<Doubt>, Fault> {
    let all = charges::authorities(tx, charge.id).await?;
    let open = all.iter().filter(|authority| !authority.status.is_credited());
    Ok(open
        .map(|authority| match authority.status {
            AuthorityStatus::Failed => Doubt::NotPaid,
            _ => Doubt::Unclear,
        })
        .min_by_key(|doubt| *doubt != Doubt::Unclear))
}

/// What the charge was for comes true, or the money is the user's to spend.
async fn spend(tx: &Conn, app: &App, charge: &Charge, gateway: &str, now: Timestamp) -> Result<(), Fault> {
    let source = Source { gateway: gateway.to_owned(), charge: charge.id };
    let key = format!("charge:{}", charge.id);
    let description = match charge.purpose {
        Purpose::Wallet => "شارژ کیف پول",
        Purpose::Visit(visit) => {
            match visits::settle(tx, app, VisitId(visit), &source, charge.amount, now).await {
                Ok(_) => return Ok(()),
                Err(VisitError::NotFound) => "واریز پرداخت ویزیت به کیف پول",
                Err(VisitError::Fault(fault)) => return Err(fault),
                Err(e) => return Err(Fault::Internal(e.to_string())),
            }
        }
        Purpose::Subscription(purchase) => {
            match subscriptions::settle(tx, app, purchase, (&source, charge.amount), now).await? {
                subscriptions::Settled::Done => return Ok(()),
                subscriptions::Settled::IntoWallet(_) => "واریز پرداخت اشتراک به کیف پول",
            }
        }
    };
    to_wallet(tx, app, charge, (gateway, key, description), now).await
}

/// Writes to the audit log: last in its transaction.
async fn to_wallet(
    tx: &Conn,
    app: &App,
    charge: &Charge,
    (gateway, key, description): (&str, String, &str),
    now: Timestamp,
) -> Result<(), Fault> {
    let posting = Posting::transfer(
        PostingKind::Charge,
        key,
        Some(charge.id),
        description,
        (Account::clearing(gateway), Account::wallet(charge.user), charge.amount),
    )?;
    match post(tx, app, &posting, now).await? {
        Posted::Done(_) => {
            audit_charge(tx, app, charge, "charge.complete", charge.purpose.as_str(), now).await
        }
        Posted::Before(_) => Err(Fault::Internal(format!("{} was posted before", posting.unique_key()))),
    }
}

async fn audit_charge(
    tx: &Conn,
    app: &App,
    charge: &Charge,
    action: &'static str,
    detail: &str,
    now: Timestamp,
) -> Result<(), Fault> {
    let by = By { actor: Actor::User(charge.user), request_id: charge.gateway.as_str().into() };
    let event = by.event(action, Some(charge.user), format!("{} {detail}", charge.id));
    Ok(audit::append(tx, &app.keys, &event, now).await?)
}

/// No money so far: what the charge is by now, and when to ask again.
async fn noted(app: &Arc<App>, found: Found, doubt: Doubt) -> Result<Charge, Fault> {
    app.db
        .write((Arc::clone(app), found, doubt), |tx, (app, found, doubt)| {
            Box::pin(async move { note(tx, app, found, *doubt).await })
        })
        .await
}

async fn note(tx: &Conn, app: &App, found: &Found, doubt: Doubt) -> Result<Charge, Fault> {
    let not_paid = doubt != Doubt::Unclear;
    let Found { authority, brought, now, .. } = found;
    let (gateway, name) = (authority.gateway.as_str(), authority.authority.as_str());
    let charge = charges::lock(tx, found.charge.id).await?.ok_or_else(|| missing("a charge"))?;
    let mark = if not_paid { AuthorityStatus::Failed } else { AuthorityStatus::Unknown };
    let changed = charges::mark(tx, gateway, name, mark).await?;
    match found.extra() {
        Some(extra) if !not_paid => charges::keep_callback(tx, gateway, name, &extra, *now).await?,
        // what was forged takes no room
        Some(extra) if found.needs_callback => {
            charges::forget_callback(tx, gateway, name, &extra).await?;
        }
        _ => {}
    }
    if charge.status == ChargeStatus::Completed && doubt != Doubt::Anothers {
        look_at_others(tx, &charge, *now).await?;
        return Ok(charge);
    }
    let (status, _) = next(&charge, not_paid, *now);
    // another authority of it may be in doubt while this one is not
    let none_is_paid = doubtful(tx, &charge).await? != Some(Doubt::Unclear);
    let (_, check_at) = next(&charge, not_paid && none_is_paid, *now);
    // one that is completed stays so
    charges::note(tx, charge.id, status, check_at, *now).await?;
    let after = charges::by_id(tx, charge.id).await?.ok_or_else(|| missing("a charge"))?;
    if changed && not_paid {
        let (action, detail) = match doubt {
            Doubt::Anothers => ("charge.refuse", "the payment of another charge"),
            _ if brought.claims_ok => ("charge.refuse", "said to be paid, and is not"),
            _ => ("charge.fail", "not paid"),
        };
        audit_charge(tx, app, &charge, action, detail, *now).await?;
    }
    Ok(after)
}

/// A payer may try again on the gateway's page until the charge has ended. Then "not paid" is the last word after a day:
/// gateways have been wrong for hours.
pub(super) fn next(charge: &Charge, not_paid: bool, now: Timestamp) -> (ChargeStatus, Option<Timestamp>) {
    let has_ended = charge.expires_at <= now;
    let status = match charge.status {
        ChargeStatus::Pending | ChargeStatus::Failed if not_paid => ChargeStatus::Failed,
        ChargeStatus::Pending if has_ended => ChargeStatus::Expired,
        status => status,
    };
    let age = now.duration_since(charge.created_at);
    let check_at = match (has_ended, not_paid) {
        (false, _) => Some((now + (age / 5).clamp(OFTEN, SELDOM)).min(charge.expires_at)),
        (true, false) if age < PATIENCE => Some(now + LATER),
        (true, true) if age >= PATIENCE => None,
        // no clear answer is never the last word: asked ever more seldom
        (true, _) => Some(now + age / 4),
    };
    (status, check_at)
}

fn missing(what: &str) -> Fault {
    Fault::Internal(format!("{what} is gone"))
}

#[cfg(test)]
mod tests {
    use domain::{Rials, ids::UserId};
    use uuid::Uuid;

    use super::*;

    fn charge(status: ChargeStatus) -> Charge {
        let created_at: Timestamp = "2024-01-20T10:00:00Z".parse().unwrap();
        Charge {
            id: Uuid::from_u128(1),
            user: UserId(Uuid::from_u128(2)),
            purpose: Purpose::Wallet,
            amount: Rials::new(1_000).unwrap(),
            gateway: "sandbox".into(),
            return_url: "https://helssa.ir/".into(),
            status,
            credited_authority: None,
            gateway_reference: None,
            created_at,
            expires_at: created_at + super::super::LIFE,
            checked_at: None,
            check_at: None,
            verified_at: None,
        }
    }

    #[test]
    fn what_is_not_paid_is_final_only_after_a_day() {
        use ChargeStatus::{Expired, Failed, Pending};
        let minutes = |n| charge(Pending).created_at + SignedDuration::from_mins(n);
        for (status, not_paid, at, expected, again) in [
            (Pending, false, 1, Pending, Some(2)),
            (Pending, true, 1, Failed, Some(2)),
            (Pending, false, 5, Pending, Some(6)),
            (Pending, false, 10, Pending, Some(12)),
            (Pending, false, 20, Pending, Some(23)),
            (Failed, false, 29, Failed, Some(30)),
            (Pending, false, 30, Expired, Some(40)),
            (Pending, true, 32, Failed, Some(40)),
            (Expired, true, 40, Expired, Some(50)),
            (Failed, true, 24 * 60 - 4, Failed, Some(30 * 60 - 5)),
            (Failed, true, 24 * 60, Failed, None),
            (Expired, false, 24 * 60 - 1, Expired, Some(24 * 60 + 9)),
            (Expired, false, 24 * 60, Expired, Some(30 * 60)),
        ] {
            let found = next(&charge(status), not_paid, minutes(at));
            assert_eq!(found, (expected, again.map(minutes)), "{status:?} {not_paid} {at}");
        }
    }

    #[test]
    fn the_order_is_ours_whatever_the_browser_brought() {
        let id = Uuid::from_u128(1).simple().to_string();
        for brought in [Value::Null, json!([]), json!({ "order": "another" })] {
            assert_eq!(with_order(&brought, &charge(ChargeStatus::Pending)), json!({ "order": id }));
        }
    }
}
