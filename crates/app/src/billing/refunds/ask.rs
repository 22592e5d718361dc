//! An admin asks for a refund. What is asked, and the money for it, is on record before the gateway hears of it.

use std::sync::Arc;

use db::Conn;
use domain::{Rials, Timestamp, ids::new_v7};
use serde_json::Value;
use store::{
    audit,
    charges::{self, Authority, AuthorityStatus, Charge, ChargeStatus},
    refunds::{self, Refund, RefundStatus, Way},
};
use uuid::Uuid;

use super::{LEASE, RefundError, finish};
use crate::{
    App, By, Fault,
    billing::holds::{self, HoldError, Place},
    idempotency::{Answered, Once, OnceError, Render, remember, replay},
};

/// What is to be given back.
pub struct Ask {
    pub charge: Uuid,
    /// Of several that were paid; none: the one that the charge was completed with.
    pub authority: Option<String>,
    /// None: all that is left.
    pub amount: Option<Rials>,
    /// For the audit log.
    pub reason: String,
    pub by: By,
    pub once: Option<Once>,
    pub render: Render<Refund>,
}

/// How the first transaction ended.
enum Begun {
    /// It was asked before, or the gateway needn't be asked.
    Ended(Answered<Value>),
    Open(Refund),
}

/// Takes the money out of the wallet and gives it back through the gateway. The answer says where it is: with the payer,
/// in the wallet after all, or still on its way, because the gateway gave no clear answer.
pub async fn refund(app: &Arc<App>, ask: Ask) -> Result<Answered<Value>, RefundError> {
    let now = app.clock.now();
    let _running = app.in_flight.enter(ask.once.as_ref())?;
    let ask = Arc::new(ask);
    let begun = app
        .db
        .write((Arc::clone(app), Arc::clone(&ask), now), |tx, (app, ask, now)| {
            Box::pin(begin(tx, app, ask, *now))
        })
        .await?;
    match begun {
        Begun::Ended(answered) => Ok(answered),
        Begun::Open(refund) => finish::first(app, &refund, ask).await,
    }
}

/// The key is claimed and answered here, so that whatever breaks later, the same key never begins another refund.
async fn begin(tx: &Conn, app: &App, ask: &Ask, now: Timestamp) -> Result<Begun, RefundError> {
    let once = ask.once.as_ref();
    if let Some(before) = replay(tx, app, once).await? {
        let known = refunds::of_charge(tx, ask.charge).await?;
        if known.iter().any(|refund| is_first_asked(refund, now)) {
            return Err(OnceError::StillRunning.into());
        }
        return Ok(Begun::Ended(before));
    }
    let charge = charges::lock(tx, ask.charge).await?.ok_or(RefundError::NotFound)?;
    let authority = credited(tx, &charge, ask.authority.as_deref()).await?;
    let amount = amount(tx, &charge, &authority, ask.amount).await?;
    let refund = match way(app, (&charge, &authority), amount, now) {
        Way::Wallet => kept(tx, app, (&charge, authority), amount, now).await?,
        way => held(tx, app, (&charge, authority), (amount, way), now).await?,
    };
    refunds::insert(tx, &refund).await?;
    let answered = remember(tx, app, once, (ask.render)(refund.clone())).await?;
    let detail = format!("{} {}: {}", charge.id, refund.id, ask.reason);
    audit::append(tx, &app.keys, &ask.by.event("charge.refund", Some(charge.user), detail), now).await?;
    Ok(match refund.status {
        RefundStatus::Refunding => Begun::Open(refund),
        RefundStatus::Refunded | RefundStatus::InWallet => Begun::Ended(answered),
    })
}

/// Its gateway is being asked for the first time, by a node that may have died over it: the answer is not final yet.
fn is_first_asked(refund: &Refund, now: Timestamp) -> bool {
    refund.status == RefundStatus::Refunding
        && refund.attempts == 0
        && refund.check_at.is_some_and(|lease| now < lease)
}

/// The payment that is meant, if its money came.
async fn credited(tx: &Conn, charge: &Charge, name: Option<&str>) -> Result<Authority, RefundError> {
    if charge.status != ChargeStatus::Completed {
        return Err(RefundError::IllegalState);
    }
    let wanted = name.or(charge.credited_authority.as_deref()).unwrap_or_default();
    let known = charges::authorities(tx, charge.id).await?;
    let found = known.into_iter().find(|known| known.authority == wanted && known.status.is_credited());
    found.ok_or(RefundError::UnknownAuthority)
}

/// How much; never more than is left of the payment.
async fn amount(
    tx: &Conn,
    charge: &Charge,
    authority: &Authority,
    wanted: Option<Rials>,
) -> Result<Rials, RefundError> {
    let mut left = charge.amount;
    for before in refunds::of_charge(tx, charge.id).await? {
        if before.authority != authority.authority || before.gateway != authority.gateway {
            continue;
        }
        if before.status == RefundStatus::Refunding {
            return Err(RefundError::IllegalState);
        }
        if before.is_given() {
            left = left.less(before.amount);
        }
    }
    let wanted = wanted.unwrap_or(left);
    if wanted == Rials::ZERO || wanted > left { Err(RefundError::TooMuch { left }) } else { Ok(wanted) }
}

/// All of a young payment is reversed; what else the gateway can, it refunds; the rest stays in the wallet. Young counts
/// from when the money was seen, or, of one that was paid twice, from when its payer was sent to pay: the gateway's own
/// word is the last.
fn way(app: &App, (charge, authority): (&Charge, &Authority), amount: Rials, now: Timestamp) -> Way {
    let Some(engine) = app.gateways.get(&authority.gateway) else { return Way::Wallet };
    let seen = charge.verified_at.filter(|_| authority.status == AuthorityStatus::Paid);
    let age = now.duration_since(seen.unwrap_or(authority.created_at));
    let is_young = engine.reverses_within().is_some_and(|within| age <= within);
    if is_young && amount == charge.amount {
        Way::Reverse
    } else if engine.refunds() {
        Way::Refund
    } else {
        Way::Wallet
    }
}

fn record(id: Uuid, charge: &Charge, authority: Authority, amount: Rials, now: Timestamp) -> Refund {
    Refund {
        id,
        charge: charge.id,
        gateway: authority.gateway,
        authority: authority.authority,
        amount,
        way: Way::Wallet,
        status: RefundStatus::InWallet,
        hold: None,
        attempts: 0,
        answer: None,
        asked_at: None,
        check_at: None,
        created_at: now,
        ended_at: Some(now),
    }
}

/// The gateway can't: it is only written down that the money is where it was.
async fn kept(
    tx: &Conn,
    app: &App,
    (charge, authority): (&Charge, Authority),
    amount: Rials,
    now: Timestamp,
) -> Result<Refund, RefundError> {
    let wallet = store::ledger::wallet(tx, charge.user).await?;
    if wallet.available < amount.get() {
        return Err(RefundError::InsufficientBalance);
    }
    Ok(record(new_v7(now, &*app.rng), charge, authority, amount, now))
}

/// Takes the money out of the wallet until the gateway has answered.
async fn held(
    tx: &Conn,
    app: &App,
    (charge, authority): (&Charge, Authority),
    (amount, way): (Rials, Way),
    now: Timestamp,
) -> Result<Refund, RefundError> {
    let id = new_v7(now, &*app.rng);
    let place = Place {
        user: charge.user,
        amount,
        purpose: "charge_refund",
        reference: Some(charge.id),
        unique_key: &format!("refund:{id}"),
        // only a clear answer ends it
        expires_at: None,
        description: "برداشت برای بازگشت وجه به کارت بانکی",
    };
    let hold = holds::place(tx, app, &place, now).await.map_err(|e| match e {
        HoldError::Insufficient => RefundError::InsufficientBalance,
        HoldError::Fault(fault) => fault.into(),
        e => Fault::Internal(e.to_string()).into(),
    })?;
    Ok(Refund {
        way,
        status: RefundStatus::Refunding,
        hold: Some(hold.id),
        asked_at: Some(now),
        check_at: Some(now + LEASE),
        ended_at: None,
        ..record(id, charge, authority, amount, now)
    })
}
