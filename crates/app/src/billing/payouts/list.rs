//! Payouts and batches, page by page. IBANs are masked everywhere but in the bank's file.

use std::collections::HashMap;

use domain::{Rials, SignedDuration, ids::UserId, payout::Status};
use store::{
    earnings,
    payouts::{self, Batch, Payout},
};
use uuid::Uuid;

use super::PayoutError;
use crate::{
    App, Fault,
    admin::{Page, Paged},
};

/// Insurers pay so long after a visit, or later.
const INSURERS_TAKE: SignedDuration = SignedDuration::from_hours(24 * 30);

/// A payout, and what admins weigh before they approve it.
#[derive(Clone, Debug)]
pub struct Listed {
    pub payout: Payout,
    /// What of its doctor's earnings of the last 30 days insurers owe: nobody may have paid it yet.
    pub insured: Rials,
}

/// One page of a doctor's own, newest first.
pub async fn of_doctor(
    app: &App,
    doctor: UserId,
    status: Option<Status>,
    page: Page,
) -> Result<Paged<Payout>, Fault> {
    let (count, items) = app
        .db
        .read((doctor, status, page), |c, (doctor, status, page)| {
            Box::pin(async move {
                let found = payouts::of_doctor(c, *doctor, *status, page.size, page.offset()).await;
                found.map_err(Fault::from)
            })
        })
        .await?;
    Ok(Paged { count, items })
}

/// One of a doctor's own.
pub async fn one_of_doctor(app: &App, doctor: UserId, id: Uuid) -> Result<Payout, PayoutError> {
    let found = app
        .db
        .read(id, |c, id| Box::pin(async move { payouts::by_id(c, *id).await.map_err(Fault::from) }))
        .await?;
    found.filter(|payout| payout.doctor == doctor).ok_or(PayoutError::NotFound)
}

/// One page of everybody's in this status, oldest first.
pub async fn with_status(app: &App, status: Status, page: Page) -> Result<Paged<Listed>, Fault> {
    let since = app.clock.now() - INSURERS_TAKE;
    app.db
        .read((status, page, since), |c, (status, page, since)| {
            Box::pin(async move {
                let (count, found) = payouts::by_status(c, *status, page.size, page.offset()).await?;
                let mut known: HashMap<UserId, Rials> = HashMap::new();
                let mut items = Vec::with_capacity(found.len());
                for payout in found {
                    let insured = if let Some(insured) = known.get(&payout.doctor) {
                        *insured
                    } else {
                        let insured = earnings::insured_since(c, payout.doctor, *since).await?;
                        known.insert(payout.doctor, insured);
                        insured
                    };
                    items.push(Listed { payout, insured });
                }
                Ok::<_, Fault>(Paged { count, items })
            })
        })
        .await
}

/// One page of all batches, newest first.
pub async fn batches(app: &App, page: Page) -> Result<Paged<Batch>, Fault> {
    let (count, items) = app
        .db
        .read(page, |c, page| {
            Box::pin(async move { payouts::batches(c, page.size, page.offset()).await.map_err(Fault::from) })
        })
        .await?;
    Ok(Paged { count, items })
}
