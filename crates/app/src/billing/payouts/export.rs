//! All that is approved goes to the bank in one file. The money leaves the doctors' blocked accounts with it.

use std::sync::Arc;

use db::Conn;
use domain::{
    Rials, Timestamp,
    ids::{UserId, new_v7},
    ledger::{Account, PostingKind},
    payout::{Event, Status},
};
use serde_json::Value;
use store::{
    audit,
    payouts::{self, Batch, Order, Payout},
};
use uuid::Uuid;

use super::PayoutError;
use crate::{
    App, By, Fault,
    billing::holds,
    idempotency::{Answered, Once, Render, remember, replay},
};

/// Payouts of one batch at most, the oldest first: it is one transaction.
pub const MOST_IN_BATCH: i64 = 500;

/// Who makes a batch.
pub struct Export {
    pub admin: UserId,
    pub by: By,
    pub once: Option<Once>,
    pub render: Render<Exported>,
}

/// A new batch.
#[derive(Clone, Debug)]
pub struct Exported {
    pub batch: Batch,
    /// Approved ones that found no place in it: make another.
    pub left: i64,
}

/// Puts what is approved into a batch. Of two at once, the second finds what the first has left.
pub async fn export(app: &Arc<App>, input: Export) -> Result<Answered<Value>, PayoutError> {
    let now = app.clock.now();
    let _running = app.in_flight.enter(input.once.as_ref())?;
    app.db
        .write((Arc::clone(app), input, now), |tx, (app, input, now)| Box::pin(fill(tx, app, input, *now)))
        .await
}

async fn fill(tx: &Conn, app: &App, input: &Export, now: Timestamp) -> Result<Answered<Value>, PayoutError> {
    let once = input.once.as_ref();
    if let Some(before) = replay(tx, app, once).await? {
        return Ok(before);
    }
    let number = payouts::next_batch_number(tx).await?;
    let approved = payouts::lock_approved(tx, MOST_IN_BATCH).await?;
    if approved.is_empty() {
        return Err(PayoutError::NothingApproved);
    }
    let total = approved.iter().try_fold(Rials::ZERO, |sum, payout| sum.plus(payout.amount));
    let batch = Batch {
        id: new_v7(now, &*app.rng),
        number,
        created_at: now,
        created_by: input.admin,
        payouts: i64::try_from(approved.len()).map_err(|e| Fault::Internal(e.to_string()))?,
        total: total.ok_or_else(|| Fault::Internal("a batch that 64 bits don't hold".into()))?,
    };
    payouts::insert_batch(tx, &batch).await?;
    for payout in approved {
        send(tx, app, payout, batch.id, now).await?;
    }
    let left = payouts::count(tx, Status::Approved).await?;
    let detail = format!("batch {number}, {} payouts", batch.payouts);
    let answered = remember(tx, app, once, (input.render)(Exported { batch, left })).await?;
    audit::append(tx, &app.keys, &input.by.event("payout.export", None, detail), now).await?;
    Ok(answered)
}

/// Its money leaves.
async fn send(tx: &Conn, app: &App, payout: Payout, batch: Uuid, now: Timestamp) -> Result<(), PayoutError> {
    let from = payout.status;
    let to = from.after(Event::Export).ok_or(PayoutError::IllegalState)?;
    let what = (PostingKind::Payout, "واریز به حساب بانکی");
    holds::post(tx, app, payout.hold, (Account::payouts(), payout.amount), what, now).await?;
    let sent = Payout { status: to, batch: Some(batch), exported_at: Some(now), ..payout };
    if payouts::save(tx, from, &sent).await? { Ok(()) } else { Err(PayoutError::IllegalState) }
}

/// What the bank is sent.
#[derive(Debug)]
pub struct BankFile {
    pub batch: Batch,
    /// With whole IBANs.
    pub orders: Vec<Order>,
}

/// A batch with whole IBANs. The look is on record before anything is shown.
pub async fn file(app: &Arc<App>, by: &By, batch: Uuid) -> Result<BankFile, PayoutError> {
    let input = (Arc::clone(app), by.clone(), batch, app.clock.now());
    app.db
        .write(input, |tx, (app, by, batch, now)| {
            Box::pin(async move {
                let batch = payouts::batch(tx, *batch).await?.ok_or(PayoutError::NotFound)?;
                let orders = payouts::of_batch(tx, &app.keys, batch.id).await?;
                let detail = format!("batch {}, {} payouts", batch.number, batch.payouts);
                audit::append(tx, &app.keys, &by.event("payout.file", None, detail), *now).await?;
                Ok(BankFile { batch, orders })
            })
        })
        .await
}
