//! The times that can be booked: a doctor's slots, but for those that are taken, too soon or too late (D18).

use std::{collections::HashMap, ops::RangeInclusive};

use db::Conn;
use domain::{
    Date, SignedDuration, Timestamp, days,
    doctor::Status,
    ids::UserId,
    practice::Practice,
    schedule::{self, Schedule, Slot},
    visit::{HORIZON, LEAD, VisitType},
};

use crate::{App, Fault, fault::faults};

/// How far ahead all doctors are looked at together; most have a free slot by then.
const NEAR: SignedDuration = SignedDuration::from_hours(3 * 24);

#[derive(Debug, thiserror::Error)]
pub enum SlotsError {
    /// No such doctor, a suspended one, or one who has set nothing yet.
    #[error("no such doctor")]
    NotFound,
    #[error(transparent)]
    Fault(Fault),
}
faults!(SlotsError);

/// The free slots of a doctor on these days of Tehran, the first and the last included, in order. Those of
/// one kind are none where the doctor doesn't take that kind; otherwise kinds share their slots.
pub async fn free_slots(
    app: &App,
    doctor: UserId,
    from: Date,
    to: Date,
    kind: Option<VisitType>,
) -> Result<Vec<Slot>, SlotsError> {
    let now = app.clock.now();
    app.db
        .read((app, doctor, from, to, kind, now), |c, (app, doctor, from, to, kind, now)| {
            Box::pin(async move {
                let entry = store::doctors::by_id(c, &app.keys, *doctor).await?;
                if entry.is_none_or(|entry| entry.status != Status::Active) {
                    return Err(SlotsError::NotFound);
                }
                let practice = store::practices::of(c, *doctor).await?.ok_or(SlotsError::NotFound)?;
                if !practice.is_open() || kind.is_some_and(|kind| !practice.takes(kind)) {
                    return Ok(vec![]);
                }
                let slots = offered(&practice.schedule, *from, *to, *now);
                Ok(untaken(c, *doctor, slots, *now).await?)
            })
        })
        .await
}

/// The first free slot of each of these doctors, for any visit type they take; at most 20-100 doctors.
/// Those without one within [`HORIZON`] are left out.
pub async fn next_free(
    app: &App,
    doctors: &[(UserId, Practice)],
) -> Result<HashMap<UserId, Timestamp>, Fault> {
    let open: Vec<&(UserId, Practice)> = doctors.iter().filter(|(_, practice)| practice.is_open()).collect();
    if open.is_empty() {
        return Ok(HashMap::new());
    }
    let now = app.clock.now();
    app.db.read((open, now), |c, (open, now)| Box::pin(first_of_each(c, open, *now))).await
}

async fn first_of_each(
    c: &Conn,
    doctors: &[&(UserId, Practice)],
    now: Timestamp,
) -> Result<HashMap<UserId, Timestamp>, Fault> {
    let today = days::tehran_today(now);
    let near = days::tehran_today(now + NEAR);
    let mut slots = Vec::with_capacity(doctors.len());
    for (id, practice) in doctors {
        slots.push((*id, offered(&practice.schedule, today, near, now)));
    }
    let mut taken: HashMap<UserId, Vec<(Timestamp, Timestamp)>> = HashMap::new();
    if let Some(end) = slots.iter().filter_map(|(_, slots)| slots.last()).map(|slot| slot.end).max() {
        let ids: Vec<UserId> =
            slots.iter().filter(|(_, slots)| !slots.is_empty()).map(|(id, _)| *id).collect();
        for (id, start, end) in store::visits::busy_of_doctors(c, &ids, now, end, now).await? {
            taken.entry(id).or_default().push((start, end));
        }
    }
    let mut found = HashMap::new();
    let mut rest = vec![];
    for ((id, slots), (_, practice)) in slots.iter().zip(doctors) {
        let taken = taken.get(id).map(Vec::as_slice).unwrap_or_default();
        match schedule::free(slots, taken).first() {
            Some(slot) => {
                found.insert(*id, slot.start);
            }
            None => rest.push((*id, &practice.schedule)),
        }
    }
    // whoever has nothing soon: the rest of what can be booked, of all of them at once
    let last = days::tehran_today(now + HORIZON);
    let ids: Vec<UserId> = rest.iter().map(|(id, _)| *id).collect();
    let mut taken: HashMap<UserId, Vec<(Timestamp, Timestamp)>> = HashMap::new();
    if !ids.is_empty() {
        for (id, start, end) in store::visits::busy_of_doctors(c, &ids, now, now + HORIZON, now).await? {
            taken.entry(id).or_default().push((start, end));
        }
    }
    for (id, schedule) in rest {
        let slots = offered(schedule, near.tomorrow().unwrap_or(near), last, now);
        let taken = taken.get(&id).map(Vec::as_slice).unwrap_or_default();
        if let Some(slot) = schedule::free(&slots, taken).first() {
            found.insert(id, slot.start);
        }
    }
    Ok(found)
}

/// When a visit may start that is booked now.
fn bookable(now: Timestamp) -> RangeInclusive<Timestamp> {
    now + LEAD..=now + HORIZON
}

/// The slots of these days that can be booked now if nobody has.
fn offered(schedule: &Schedule, from: Date, to: Date, now: Timestamp) -> Vec<Slot> {
    let bookable = bookable(now);
    let first = from.max(days::tehran_today(*bookable.start()));
    let last = to.min(days::tehran_today(*bookable.end()));
    let mut slots = schedule.of_days(first, last, &days::tehran());
    slots.retain(|slot| bookable.contains(&slot.start));
    slots
}

/// Those of a doctor's slots, in order, that nobody has.
async fn untaken(c: &Conn, doctor: UserId, slots: Vec<Slot>, now: Timestamp) -> Result<Vec<Slot>, Fault> {
    let (Some(first), Some(last)) = (slots.first(), slots.last()) else { return Ok(slots) };
    let taken = store::visits::busy_of_doctor(c, doctor, first.start, last.end, now).await?;
    Ok(schedule::free(&slots, &taken))
}
