//! One step in a payout's life: its row, its money, its doctor told, its entry in the audit log, in one transaction.

use std::sync::Arc;

use db::Conn;
use domain::{
    Timestamp,
    ids::UserId,
    ledger::{Account, Posting, PostingKind},
    payout::{Event, Status},
};
use serde_json::Value;
use store::{audit, payouts};

use super::{Payout, PayoutError, Step, notices};
use crate::{
    App, Fault,
    billing::{Posted, holds, post},
    idempotency::{Answered, remember, replay},
};

/// What is done with a payout.
pub(super) struct Act {
    pub(super) event: Event,
    /// Its action in the audit log.
    pub(super) action: &'static str,
    /// For its doctor; empty where there is none.
    pub(super) reason: String,
    /// Whose it must be; none: anybody's.
    pub(super) owner: Option<UserId>,
    pub(super) step: Step,
}

pub(super) async fn act(app: &Arc<App>, act: Act) -> Result<Answered<Value>, PayoutError> {
    let now = app.clock.now();
    let _running = app.in_flight.enter(act.step.once.as_ref())?;
    app.db.write((Arc::clone(app), act, now), |tx, (app, act, now)| Box::pin(take(tx, app, act, *now))).await
}

async fn take(tx: &Conn, app: &App, act: &Act, now: Timestamp) -> Result<Answered<Value>, PayoutError> {
    let step = &act.step;
    let once = step.once.as_ref();
    if let Some(before) = replay(tx, app, once).await? {
        return Ok(before);
    }
    let payout = payouts::lock(tx, step.id).await?;
    let payout = payout.filter(|payout| act.owner.is_none_or(|owner| owner == payout.doctor));
    let payout = payout.ok_or(PayoutError::NotFound)?;
    let (from, doctor) = (payout.status, payout.doctor);
    let to = from.after(act.event).ok_or(PayoutError::IllegalState)?;
    move_money(tx, app, &payout, to, now).await?;
    let payout = stamped(payout, to, &act.reason, now);
    if !payouts::save(tx, from, &payout).await? {
        return Err(PayoutError::IllegalState);
    }
    notices::changed(tx, app, &payout, now).await?;
    let answered = remember(tx, app, once, (step.render)(payout)).await?;
    // the reason is in the payout, not here: people write numbers of accounts into it
    let event = step.by.event(act.action, Some(doctor), step.id.to_string());
    audit::append(tx, &app.keys, &event, now).await?;
    Ok(answered)
}

/// The payout as it is after this step.
fn stamped(payout: Payout, to: Status, reason: &str, now: Timestamp) -> Payout {
    let mut after = Payout { status: to, ..payout };
    match to {
        Status::Approved => after.approved_at = Some(now),
        Status::Paid => after.paid_at = Some(now),
        Status::Rejected | Status::Returned => {
            after.closed_at = Some(now);
            reason.clone_into(&mut after.reason);
        }
        Status::Cancelled => after.closed_at = Some(now),
        // by batches alone
        Status::Requested | Status::Exported => {}
    }
    after
}

/// Moves what this status presumes.
async fn move_money(
    tx: &Conn,
    app: &App,
    payout: &Payout,
    to: Status,
    now: Timestamp,
) -> Result<(), PayoutError> {
    match to {
        Status::Rejected | Status::Cancelled => {
            holds::void(tx, app, payout.hold, "بازگشت مبلغ درخواست تسویه", now).await?;
            Ok(())
        }
        Status::Returned => give_back(tx, app, payout, now).await,
        Status::Requested | Status::Approved | Status::Exported | Status::Paid => Ok(()),
    }
}

/// What the bank did not take is the doctor's again.
async fn give_back(tx: &Conn, app: &App, payout: &Payout, now: Timestamp) -> Result<(), PayoutError> {
    let posting = Posting::transfer(
        PostingKind::PayoutReturned,
        format!("payout:{}:returned", payout.id),
        Some(payout.id),
        "برگشت واریز از بانک",
        (Account::payouts(), Account::wallet(payout.doctor), payout.amount),
    );
    let posting = posting.map_err(Fault::from)?;
    match post(tx, app, &posting, now).await.map_err(Fault::from)? {
        Posted::Done(_) => Ok(()),
        Posted::Before(_) => Err(Fault::Internal("a payout was returned before".into()).into()),
    }
}
