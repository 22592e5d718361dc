//! Discount codes (D34): checked, redeemed in the transaction of the purchase, made and ended by admins.

use std::sync::Arc;

use db::Conn;
use domain::{
    Date, Timestamp,
    ids::UserId,
    subscription::{Plan, Worth},
};
use store::{
    audit,
    discounts::{self, Redeemed},
};
use uuid::Uuid;

use crate::{
    App, By, Fault,
    admin::{Page, Paged},
    fault::faults,
};

pub use store::discounts::Code;

/// Why a code can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    Unknown,
    /// An admin has ended it.
    Ended,
    NotYet,
    Expired,
    /// It is for another plan.
    OtherPlan,
    /// As often as it may be in all.
    UsedUp,
    /// As often as one person may.
    UsedBefore,
}

impl Reason {
    /// On the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Ended => "ended",
            Self::NotYet => "not_yet",
            Self::Expired => "expired",
            Self::OtherPlan => "other_plan",
            Self::UsedUp => "used_up",
            Self::UsedBefore => "used_before",
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum DiscountError {
    /// Leave the code out, or take another.
    #[error("the code can't be used")]
    Invalid(Reason),
    #[error(transparent)]
    Fault(Fault),
}
faults!(DiscountError);

/// What a code is worth for this plan today. Whether its caps allow it, and nobody ends it meanwhile, [`redeem`] finds
/// out.
pub(super) async fn worth(tx: &Conn, code: &str, plan: &Plan, today: Date) -> Result<Worth, DiscountError> {
    let code = discounts::by_code(tx, code).await?.ok_or(DiscountError::Invalid(Reason::Unknown))?;
    match why_not(&code, plan, today) {
        Some(reason) => Err(DiscountError::Invalid(reason)),
        None => Ok(code.worth),
    }
}

fn why_not(code: &Code, plan: &Plan, today: Date) -> Option<Reason> {
    if code.ended_at.is_some() {
        Some(Reason::Ended)
    } else if code.valid_from.is_some_and(|first| today < first) {
        Some(Reason::NotYet)
    } else if code.valid_until.is_some_and(|last| today > last) {
        Some(Reason::Expired)
    } else if code.plan.as_ref().is_some_and(|only| *only != plan.id) {
        Some(Reason::OtherPlan)
    } else {
        None
    }
}

/// Redeems a code for a purchase. After an error the transaction must end.
pub(super) async fn redeem(
    tx: &Conn,
    code: &str,
    user: UserId,
    purchase: Uuid,
    now: Timestamp,
) -> Result<(), DiscountError> {
    match discounts::redeem(tx, code, user, purchase, now).await? {
        Redeemed::Done => Ok(()),
        Redeemed::Ended => Err(DiscountError::Invalid(Reason::Ended)),
        Redeemed::UsedUp => Err(DiscountError::Invalid(Reason::UsedUp)),
        Redeemed::UsedByThem => Err(DiscountError::Invalid(Reason::UsedBefore)),
    }
}

#[derive(Debug, thiserror::Error)]
pub enum CreateCodeError {
    /// There is a code of that name.
    #[error("the code is there already")]
    Taken,
    /// No plan of that name is for sale.
    #[error("no such plan")]
    UnknownPlan,
    #[error(transparent)]
    Fault(Fault),
}
faults!(CreateCodeError);

/// Adds a code; its `redeemed`, `created_at` and `ended_at` are set here.
pub async fn create(app: &Arc<App>, by: &By, code: Code) -> Result<Code, CreateCodeError> {
    let now = app.clock.now();
    let code = Code { redeemed: 0, created_at: now, ended_at: None, ..code };
    app.db
        .write((Arc::clone(app), by.clone(), code, now), |tx, (app, by, code, now)| {
            Box::pin(async move {
                if let Some(plan) = &code.plan
                    && !store::plans::by_id(tx, plan).await?.is_some_and(|plan| plan.is_for_sale())
                {
                    return Err(CreateCodeError::UnknownPlan);
                }
                if !discounts::insert(tx, code).await? {
                    return Err(CreateCodeError::Taken);
                }
                let event = by.event("discount_code.create", None, code.code.as_str());
                audit::append(tx, &app.keys, &event, *now).await?;
                Ok(code.clone())
            })
        })
        .await
}

#[derive(Debug, thiserror::Error)]
pub enum EndCodeError {
    /// There is no code of that name.
    #[error("no such code")]
    NotFound,
    /// It has ended before.
    #[error("nothing to change")]
    Conflict,
    #[error(transparent)]
    Fault(Fault),
}
faults!(EndCodeError);

/// Ends a code: what commits after this can't redeem it. What it was redeemed for before keeps its price, also where it
/// still waits for its money. The code as it is then.
pub async fn end(app: &Arc<App>, by: &By, code: String, reason: String) -> Result<Code, EndCodeError> {
    let input = (Arc::clone(app), by.clone(), code, reason, app.clock.now());
    app.db
        .write(input, |tx, (app, by, code, reason, now)| {
            Box::pin(async move {
                let ended = discounts::end(tx, code, *now).await?;
                let found = discounts::by_code(tx, code).await?.ok_or(EndCodeError::NotFound)?;
                if !ended {
                    return Err(EndCodeError::Conflict);
                }
                let event = by.event("discount_code.end", None, format!("{code}: {reason}"));
                audit::append(tx, &app.keys, &event, *now).await?;
                Ok(found)
            })
        })
        .await
}

/// One page of all codes, the newest first.
pub async fn list(app: &App, page: Page) -> Result<Paged<Code>, Fault> {
    let (count, items) = app
        .db
        .read(page, |c, page| {
            Box::pin(async move { discounts::page(c, page.size, page.offset()).await.map_err(Fault::from) })
        })
        .await?;
    Ok(Paged { count, items })
}
