//! Money that is blocked, taken, let go.

use std::sync::Arc;

use app::{
    App,
    billing::holds::{self, HoldError, Place},
};
use domain::{
    Rials, Timestamp,
    ids::UserId,
    ledger::{Account, PostingKind},
};
use uuid::Uuid;

use crate::simulation::{
    outcome::{Expect, Learned, Outcome},
    requests::rials,
};

pub(in crate::simulation) async fn place(
    app: Arc<App>,
    user: UserId,
    amount: i64,
    (key, expires_at): (String, Option<Timestamp>),
) -> Outcome {
    let input = (Arc::clone(&app), user, rials(amount), key, expires_at, app.clock.now());
    let placed = app
        .db
        .write(input, |tx, (app, user, amount, key, expires_at, now)| {
            Box::pin(async move {
                let place = Place {
                    user: *user,
                    amount: *amount,
                    purpose: "simulation",
                    reference: None,
                    unique_key: key,
                    expires_at: *expires_at,
                    description: "مبلغ مسدودشده",
                };
                holds::place(tx, app, &place, *now).await
            })
        })
        .await;
    match placed {
        Ok(hold) => {
            let learned = Learned::Hold { id: hold.id, user, amount };
            Outcome::new("done", Expect::Wallet(user, -amount)).with(learned)
        }
        Err(e) => hold_error(e),
    }
}

/// Takes a part of it; the rest is the user's again.
pub(in crate::simulation) async fn post(app: Arc<App>, (id, user): (Uuid, UserId), part: i64) -> Outcome {
    let now = app.clock.now();
    let posted = app
        .db
        .write((Arc::clone(&app), id, rials(part), now), |tx, (app, id, part, now)| {
            Box::pin(async move {
                let to: (Account, Rials) = (Account::fees(), *part);
                let what = (PostingKind::HoldPosted, "برداشت مبلغ مسدودشده");
                holds::post(tx, app, *id, to, what, *now).await
            })
        })
        .await;
    match posted {
        Ok(hold) if hold.expires_at.is_some_and(|end| end <= now) => {
            Outcome::wrong(format!("the hold {id} was posted after its end"))
        }
        Ok(hold) => {
            let back = hold.amount.get() - part;
            Outcome::new("done", Expect::Wallet(user, back)).with(Learned::HoldEnded(id))
        }
        Err(HoldError::Ended) => Outcome::refused("ended").with(Learned::HoldEnded(id)),
        Err(e) => hold_error(e),
    }
}

pub(in crate::simulation) async fn void(app: Arc<App>, (id, user): (Uuid, UserId)) -> Outcome {
    let voided = app
        .db
        .write((Arc::clone(&app), id, app.clock.now()), |tx, (app, id, now)| {
            Box::pin(async move {
                holds::void(tx, app, *id, "آزادسازی مبلغ مسدودشده", *now).await
            })
        })
        .await;
    match voided {
        Ok(hold) => {
            Outcome::new("done", Expect::Wallet(user, hold.amount.get())).with(Learned::HoldEnded(id))
        }
        Err(HoldError::Ended) => Outcome::refused("ended").with(Learned::HoldEnded(id)),
        Err(e) => hold_error(e),
    }
}

fn hold_error(e: HoldError) -> Outcome {
    match e {
        HoldError::Insufficient => Outcome::refused("insufficient balance"),
        HoldError::NotFound => Outcome::wrong("a hold is gone"),
        HoldError::Ended => Outcome::refused("ended"),
        HoldError::Amount => Outcome::refused("not an amount"),
        HoldError::Fault(fault) => fault.into(),
    }
}
