//! Whether a doctor offers a time, and for how much (D18, D20).

use domain::{
    Rials, Timestamp, days, fold,
    ids::UserId,
    practice::Practice,
    schedule::Slot,
    visit::{HORIZON, LEAD, Price, VisitType},
};
use store::listing::Card;

use super::book::InsuranceInfo;
use crate::{App, Fault};

/// What an insurer pays where nothing else is set, in percent (D20).
const COVERAGE: u8 = 60;

/// A time at a doctor's, and its price.
#[derive(Clone)]
pub(super) struct Offer {
    pub(super) card: Card,
    pub(super) slot: Slot,
    pub(super) price: Price,
    /// As the register of insurers spells it.
    pub(super) insurer: Option<String>,
}

/// Why there is none.
#[derive(Clone)]
pub(super) enum Refusal {
    NoSuchDoctor,
    /// Not offered then, not so early or late, not this type, or not working here now.
    Unavailable(Option<Box<Practice>>),
    InsuranceNotAccepted,
}

/// Looks at the doctor's register entry and practice, not at who has booked.
pub(super) async fn offer(
    app: &App,
    doctor: UserId,
    starts_at: Timestamp,
    kind: VisitType,
    insurance: Option<&InsuranceInfo>,
    now: Timestamp,
) -> Result<Result<Offer, Refusal>, Fault> {
    let provider = insurance.map(|insurance| insurance.provider.clone());
    let found = app
        .db
        .read((doctor, provider), |c, (doctor, provider)| {
            Box::pin(async move {
                let Some(card) = store::listing::card(c, *doctor).await? else { return Ok(None) };
                let folded = provider.as_ref().map(|name| fold::key(name));
                let accepted = card.practice.insurers.iter();
                let insurer = folded
                    .and_then(|folded| accepted.clone().find(|name| fold::key(name) == folded).cloned());
                let listed = match &insurer {
                    Some(name) => store::reference::insurer(c, name).await?,
                    None => None,
                };
                // one that is no longer listed pays nothing
                let insurer = insurer.filter(|_| listed.as_ref().is_none_or(|listed| listed.is_active));
                let coverage = listed.map_or(COVERAGE, |listed| listed.coverage_percent);
                Ok::<_, Fault>(Some((card, insurer, coverage)))
            })
        })
        .await?;
    let Some((card, insurer, coverage)) = found else { return Ok(Err(Refusal::NoSuchDoctor)) };
    if !card.is_active {
        return Ok(Err(Refusal::Unavailable(None)));
    }
    if insurance.is_some() && insurer.is_none() {
        return Ok(Err(Refusal::InsuranceNotAccepted));
    }
    let Some(slot) = bookable(&card.practice, starts_at, kind, now) else {
        return Ok(Err(Refusal::Unavailable(Some(Box::new(card.practice)))));
    };
    let fee = card.practice.fee(kind);
    let coverage = if insurer.is_some() { coverage } else { 0 };
    Ok(Ok(Offer { slot, price: Price::of(fee, coverage), insurer, card }))
}

/// The slot that starts then, if it can be booked at all now.
pub(super) fn bookable(
    practice: &Practice,
    starts_at: Timestamp,
    kind: VisitType,
    now: Timestamp,
) -> Option<Slot> {
    let in_time = (now + LEAD..=now + HORIZON).contains(&starts_at);
    if !in_time || !practice.takes(kind) {
        return None;
    }
    practice.schedule.at(starts_at, &days::tehran())
}

/// Nothing to pay.
pub(super) fn is_free(price: &Price) -> bool {
    price.patient_share == Rials::ZERO
}
