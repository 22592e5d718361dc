//! Two-phase money, as in `TigerBeetle`: placed from the wallet, then posted in whole or in part, voided, or expired. Each
//! step is a posting in the ledger and a change of the hold, in one transaction.

use std::{collections::HashSet, sync::Arc};

use db::Conn;
use domain::{
    Rials, Timestamp,
    ids::{UserId, new_v7},
    ledger::{Account, Posting, PostingKind, without_zeros},
};
use store::holds;
use uuid::Uuid;

use super::{PostError, Posted, post as post_entries};
use crate::{App, Fault, fault::faults};

pub use store::holds::{Hold, HoldStatus};

/// What is to be blocked.
#[derive(Clone, Debug)]
pub struct Place<'a> {
    pub user: UserId,
    pub amount: Rials,
    /// Such as `payout`.
    pub purpose: &'a str,
    pub reference: Option<Uuid>,
    /// What is placed twice under one key is placed once.
    pub unique_key: &'a str,
    /// None: until somebody ends it.
    pub expires_at: Option<Timestamp>,
    /// Persian, for the statement.
    pub description: &'a str,
}

/// Why a hold was not placed or ended.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    #[error("insufficient balance")]
    Insufficient,
    #[error("no such hold")]
    NotFound,
    /// It was posted, voided, or its time was over.
    #[error("the hold has ended")]
    Ended,
    /// More than is held, or nothing.
    #[error("not an amount of this hold")]
    Amount,
    #[error(transparent)]
    Fault(Fault),
}
faults!(HoldError);

impl From<PostError> for HoldError {
    fn from(e: PostError) -> Self {
        match e {
            PostError::Insufficient => Self::Insufficient,
            PostError::Store(e) => e.into(),
        }
    }
}

/// Blocks money of the user's wallet. With a key that was used before: the hold of that time, as it is now. After an
/// error the transaction must end: the hold's row may be there, its money is not.
pub async fn place(tx: &Conn, app: &App, place: &Place<'_>, now: Timestamp) -> Result<Hold, HoldError> {
    if place.amount == Rials::ZERO {
        return Err(HoldError::Amount);
    }
    let hold = Hold {
        id: new_v7(now, &*app.rng),
        user: place.user,
        amount: place.amount,
        status: HoldStatus::Open,
        posted: Rials::ZERO,
        expires_at: place.expires_at,
        unique_key: place.unique_key.to_owned(),
        purpose: place.purpose.to_owned(),
        reference: place.reference,
        created_at: now,
        ended_at: None,
    };
    if !holds::insert(tx, &hold).await? {
        return holds::by_key(tx, place.unique_key).await?.ok_or(HoldError::NotFound);
    }
    let posting = Posting::transfer(
        PostingKind::HoldPlaced,
        format!("hold:{}", hold.id),
        place.reference,
        place.description,
        (Account::wallet(place.user), Account::hold(place.user), place.amount),
    );
    once(tx, app, &posting.map_err(Fault::from)?, now).await?;
    Ok(hold)
}

/// Takes what was blocked, or a part of it, to another account; the rest is the user's again. Not after its end.
pub async fn post(
    tx: &Conn,
    app: &App,
    id: Uuid,
    (to, amount): (Account, Rials),
    (kind, description): (PostingKind, &str),
    now: Timestamp,
) -> Result<Hold, HoldError> {
    let hold = holds::by_id(tx, id).await?.ok_or(HoldError::NotFound)?;
    if amount == Rials::ZERO || amount > hold.amount {
        return Err(HoldError::Amount);
    }
    if hold.expires_at.is_some_and(|end| end <= now)
        || !holds::end(tx, id, HoldStatus::Posted, amount, now).await?
    {
        return Err(HoldError::Ended);
    }
    let rest = hold.amount.less(amount);
    let entries = without_zeros([
        Account::hold(hold.user).gives(hold.amount),
        to.gets(amount),
        Account::wallet(hold.user).gets(rest),
    ]);
    let posting = Posting::new(kind, format!("hold:{id}:end"), hold.reference, description, entries);
    once(tx, app, &posting.map_err(Fault::from)?, now).await?;
    Ok(Hold { status: HoldStatus::Posted, posted: amount, ended_at: Some(now), ..hold })
}

/// Gives what was blocked back to the user's wallet.
pub async fn void(
    tx: &Conn,
    app: &App,
    id: Uuid,
    description: &str,
    now: Timestamp,
) -> Result<Hold, HoldError> {
    release(tx, app, id, (HoldStatus::Voided, PostingKind::HoldVoided, description), now).await
}

async fn release(
    tx: &Conn,
    app: &App,
    id: Uuid,
    (status, kind, description): (HoldStatus, PostingKind, &str),
    now: Timestamp,
) -> Result<Hold, HoldError> {
    let hold = holds::by_id(tx, id).await?.ok_or(HoldError::NotFound)?;
    if !holds::end(tx, id, status, Rials::ZERO, now).await? {
        return Err(HoldError::Ended);
    }
    let posting = Posting::transfer(
        kind,
        format!("hold:{id}:end"),
        hold.reference,
        description,
        (Account::hold(hold.user), Account::wallet(hold.user), hold.amount),
    );
    once(tx, app, &posting.map_err(Fault::from)?, now).await?;
    Ok(Hold { status, ended_at: Some(now), ..hold })
}

/// The hold's own state says that this was not posted before.
async fn once(tx: &Conn, app: &App, posting: &Posting, now: Timestamp) -> Result<(), HoldError> {
    match post_entries(tx, app, posting, now).await? {
        Posted::Done(_) => Ok(()),
        Posted::Before(_) => Err(Fault::Internal("a hold's money was moved before".into()).into()),
    }
}

/// Holds that one run looks for at a time.
const BATCH: i64 = 200;

/// Gives back what was blocked for longer than it should; how many holds. Each in a transaction of its own: one that
/// fails is left to the next run and keeps nobody else's money.
pub async fn expire_due(app: &Arc<App>) -> Result<u64, Fault> {
    let now = app.clock.now();
    let mut total = 0;
    let mut failed = HashSet::new();
    loop {
        // past those that have failed in this run
        let most = BATCH.saturating_add(i64::try_from(failed.len()).unwrap_or(i64::MAX));
        let mut due = app
            .db
            .read((now, most), |c, (now, most)| {
                Box::pin(async move { holds::due(c, *now, *most).await.map_err(Fault::from) })
            })
            .await?;
        let mut went_on = false;
        due.retain(|id| !failed.contains(id));
        for id in due {
            let expired = app
                .db
                .write((Arc::clone(app), id, now), |tx, (app, id, now)| {
                    Box::pin(async move {
                        let how = (HoldStatus::Expired, PostingKind::HoldExpired, "پایان مهلت مبلغ مسدودشده");
                        release(tx, app, *id, how, *now).await
                    })
                })
                .await;
            match expired {
                Ok(_) => {
                    total += 1;
                    went_on = true;
                }
                // somebody else was first
                Err(HoldError::Ended) => went_on = true,
                Err(e) => {
                    tracing::error!(hold = %id, error = %e, "a hold could not be given back; the next run tries");
                    failed.insert(id);
                }
            }
        }
        if !went_on {
            return Ok(total);
        }
    }
}
