//! A patient rates a completed visit, once (D26).

use std::sync::Arc;

use domain::{
    ids::{UserId, VisitId},
    visit::Status,
};
use store::audit;

use super::{notices, of_patient};
use crate::{
    App, By, Caller, Fault,
    admin::{Page, Paged},
    fault::faults,
};

pub use store::ratings::Rating;

/// Why a visit can't be rated.
#[derive(Debug, thiserror::Error)]
pub enum RateError {
    /// No such visit of the caller's.
    #[error("no such visit")]
    NotFound,
    /// Not completed, or rated already.
    #[error("not in this state")]
    IllegalState,
    #[error(transparent)]
    Fault(Fault),
}
faults!(RateError);

impl From<super::VisitError> for RateError {
    fn from(e: super::VisitError) -> Self {
        match e {
            super::VisitError::Fault(fault) => Self::Fault(fault),
            _ => Self::NotFound,
        }
    }
}

/// Rates the caller's own visit; the doctor's average and count change with it.
pub async fn rate(
    app: &Arc<App>,
    caller: &Caller,
    by: &By,
    id: VisitId,
    score: i64,
    comment: String,
) -> Result<Rating, RateError> {
    let now = app.clock.now();
    let input = (Arc::clone(app), *caller, by.clone(), id, score, comment, now);
    app.db
        .write(input, |tx, (app, caller, by, id, score, comment, now)| {
            Box::pin(async move {
                let visit = of_patient(tx, app, *id, caller).await?;
                if visit.status != Status::Completed {
                    return Err(RateError::IllegalState);
                }
                let rating = Rating {
                    visit: *id,
                    doctor: visit.doctor,
                    patient: visit.patient,
                    score: *score,
                    comment: comment.clone(),
                    created_at: *now,
                };
                if !store::ratings::insert(tx, &app.keys, &rating).await? {
                    return Err(RateError::IllegalState);
                }
                notices::rated(tx, app, &visit, *now).await?;
                let event = by.event("visit.rate", Some(caller.user), id.to_string());
                audit::append(tx, &app.keys, &event, *now).await?;
                Ok(rating)
            })
        })
        .await
}

/// One page of what patients said about a doctor, newest first. Who said it is not told.
pub async fn ratings_of_doctor(app: &App, doctor: UserId, page: Page) -> Result<Paged<Rating>, RateError> {
    let found = app
        .db
        .read((app, doctor, page), |c, (app, doctor, page)| {
            Box::pin(async move {
                let card = store::listing::card(c, *doctor).await?;
                if !card.is_some_and(|card| card.is_active) {
                    return Ok(None);
                }
                let (limit, offset) = (page.size, page.offset());
                Ok::<_, Fault>(Some(store::ratings::of_doctor(c, &app.keys, *doctor, limit, offset).await?))
            })
        })
        .await?;
    let (count, items) = found.ok_or(RateError::NotFound)?;
    Ok(Paged { count, items })
}
