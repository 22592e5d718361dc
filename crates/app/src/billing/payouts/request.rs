//! A doctor asks for money: it is blocked until somebody decides.

use std::sync::Arc;

use db::Conn;
use domain::{
    Rials, Timestamp,
    iban::Sheba,
    ids::{UserId, new_v7},
};
use serde_json::Value;
use store::{audit, payouts};

use super::{Payout, PayoutError};
use crate::{
    App, By,
    billing::holds::{self, Place},
    idempotency::{Answered, Once, Render, remember, replay},
};

/// What a doctor asks for.
pub struct Ask {
    pub doctor: UserId,
    /// [`domain::payout::LEAST`] to [`domain::payout::MOST`].
    pub amount: Rials,
    pub iban: Sheba,
    /// The account's owner, as the bank knows them.
    pub account_holder: String,
    pub by: By,
    pub once: Option<Once>,
    pub render: Render<Payout>,
}

/// Asks for it. Several may be under way; all of them together can't be more than the wallet holds.
pub async fn request(app: &Arc<App>, input: Ask) -> Result<Answered<Value>, PayoutError> {
    let now = app.clock.now();
    let _running = app.in_flight.enter(input.once.as_ref())?;
    app.db
        .write((Arc::clone(app), input, now), |tx, (app, input, now)| Box::pin(ask(tx, app, input, *now)))
        .await
}

async fn ask(tx: &Conn, app: &App, input: &Ask, now: Timestamp) -> Result<Answered<Value>, PayoutError> {
    let once = input.once.as_ref();
    if let Some(before) = replay(tx, app, once).await? {
        return Ok(before);
    }
    let id = new_v7(now, &*app.rng);
    let unique_key = format!("payout:{id}");
    let place = Place {
        user: input.doctor,
        amount: input.amount,
        purpose: "payout",
        reference: Some(id),
        unique_key: &unique_key,
        expires_at: None,
        description: "درخواست تسویه حساب",
    };
    let hold = holds::place(tx, app, &place, now).await?;
    let new = payouts::New {
        id,
        doctor: input.doctor,
        hold: hold.id,
        amount: input.amount,
        iban: &input.iban,
        account_holder: &input.account_holder,
        at: now,
    };
    payouts::insert(tx, &app.keys, &new).await?;
    let payout = payouts::by_id(tx, id).await?.ok_or(PayoutError::NotFound)?;
    let answered = remember(tx, app, once, (input.render)(payout)).await?;
    let event = input.by.event("payout.request", Some(input.doctor), id.to_string());
    audit::append(tx, &app.keys, &event, now).await?;
    Ok(answered)
}
