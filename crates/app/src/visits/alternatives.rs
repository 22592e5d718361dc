//! What else is free when a time is not: up to three slots, the nearest first (D18).

use domain::{
    SignedDuration, Timestamp, days,
    ids::{UserId, VisitId},
    practice::Practice,
    schedule,
    visit::{HORIZON, LEAD, VisitType},
};

use crate::{App, Fault};

/// How many are named.
const NAMED: usize = 3;
/// How far from the wanted time they may lie.
const AROUND: SignedDuration = SignedDuration::from_hours(24 * 14);

/// Free for the doctor and for the patient (whose own visit `but` doesn't count).
pub(super) async fn alternatives(
    app: &App,
    (doctor, practice): (UserId, &Practice),
    patient: UserId,
    but: Option<VisitId>,
    wanted: Timestamp,
    kind: VisitType,
) -> Result<Vec<Timestamp>, Fault> {
    let now = app.clock.now();
    if !practice.takes(kind) {
        return Ok(vec![]);
    }
    // the last moment that can be booked is one of them
    let (earliest, latest) = (now + LEAD, now + HORIZON + SignedDuration::from_micros(1));
    let wanted = wanted.clamp(earliest, latest);
    // what was asked for may be a holiday at the edge of what can be booked
    let from = (wanted - AROUND).max(earliest);
    let to = (wanted + AROUND).min(latest);
    let busy = app
        .db
        .read((doctor, patient, but, from, to, now), |c, (doctor, patient, but, from, to, now)| {
            Box::pin(async move {
                let mut busy = store::visits::busy_of_doctor(c, *doctor, *from, *to, *now).await?;
                busy.extend(store::visits::busy_of_patient(c, *patient, *from, *to, *now, *but).await?);
                Ok::<_, Fault>(busy)
            })
        })
        .await?;
    let slots = practice.schedule.between(from, to, &days::tehran());
    let mut free: Vec<Timestamp> = schedule::free(&slots, &busy).into_iter().map(|slot| slot.start).collect();
    free.sort_by_key(|start| (start.duration_since(wanted).abs(), *start));
    free.truncate(NAMED);
    free.sort();
    Ok(free)
}
