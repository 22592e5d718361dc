//! Doctors and visits.

use std::{ops::RangeInclusive, sync::Arc};

use db::Db;
use domain::{
    Rials, Role, SignedDuration, Timestamp,
    ids::{UserId, VisitId},
    profile::Profile,
    visit::{CancelledBy, HOLD, Policy, Price, Status, VisitType},
};
use helssa_store::{
    Error, Keyring,
    doctors::{self, Entry},
    visits::{self, Taken, Visit},
};
use uuid::Uuid;

use super::{enrol, enrol_patient, later, now, profile};

/// What an admin writes down about a doctor of that number.
pub fn entry(n: u32) -> Entry {
    Entry {
        first_name: "مریم".into(),
        last_name: format!("رضایی {n}"),
        council_number: format!("{n}"),
        specialty: "cardiology".into(),
        province: "تهران".into(),
        city: "ری".into(),
        gender: None,
        languages: vec![],
        experience_years: 15,
    }
}

/// Adds a doctor.
pub async fn enrol_doctor(db: &Db, keys: &Arc<Keyring>, n: u32) -> UserId {
    let id = enrol(db, keys, n, Role::Doctor).await;
    let added = db.write(entry(n), move |tx, entry| {
        Box::pin(async move {
            let added = doctors::insert(tx, id, entry, now()).await?;
            doctors::save(tx, id, entry, now()).await?;
            Ok::<_, helssa_store::Error>(added)
        })
    });
    assert!(added.await.unwrap());
    id
}

/// Adds doctor 1 and patient 2.
pub async fn enrol_both(db: &Db, keys: &Arc<Keyring>) -> (UserId, UserId) {
    (enrol_doctor(db, keys, 1).await, enrol_patient(db, keys, 2, &profile(2)).await)
}

/// Adds patients who have said nothing about themselves.
pub async fn enrol_patients(db: &Db, keys: &Arc<Keyring>, numbers: RangeInclusive<u32>) {
    for n in numbers {
        enrol_patient(db, keys, n, &Profile::default()).await;
    }
}

pub fn visit_id(n: u32) -> VisitId {
    VisitId(Uuid::from_u128(0x2000_0000 + u128::from(n)))
}

/// So many minutes after 10:00 in Tehran, five days after the tests begin.
pub fn at(minutes: i64) -> Timestamp {
    "2024-01-25T06:30:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minutes)
}

/// A visit of 20 minutes that holds its time for a quarter of an hour from now on.
pub fn hold(n: u32, doctor: UserId, patient: UserId, minutes: i64) -> Visit {
    Visit {
        id: visit_id(n),
        doctor,
        patient,
        reference: format!("HLS-{n:06}"),
        kind: VisitType::Online,
        status: Status::Pending,
        lane: 0,
        starts_at: at(minutes),
        ends_at: at(minutes + 20),
        hold_until: Some(now() + HOLD),
        chief_complaint: format!("سردرد {n}"),
        description: format!("از {n} روز پیش"),
        insurer: Some("تامین اجتماعی".into()),
        insurance_number: format!("1402{n:06}"),
        price: Price::of(Rials::new(800_000).unwrap(), 60),
        policy: Policy::current(at(minutes)),
        pay_token: Uuid::from_u128(0x7000_0000 + u128::from(n)),
        paid: Rials::ZERO,
        refunded: Rials::ZERO,
        paid_at: None,
        started_at: None,
        ended_at: None,
        cancelled_at: None,
        cancelled_by: None,
        reason: String::new(),
        created_at: now(),
    }
}

/// The same, paid when it was booked.
pub fn paid(n: u32, doctor: UserId, patient: UserId, minutes: i64) -> Visit {
    let hold = hold(n, doctor, patient, minutes);
    Visit {
        status: Status::Confirmed,
        hold_until: None,
        paid: hold.price.patient_share,
        paid_at: Some(now()),
        ..hold
    }
}

/// What ends a transaction.
#[derive(Debug)]
pub enum Refused {
    Taken(Taken),
    Other(Error),
}

impl From<Error> for Refused {
    fn from(e: Error) -> Self {
        Self::Other(e)
    }
}

impl From<db::Error> for Refused {
    fn from(e: db::Error) -> Self {
        Self::Other(e.into())
    }
}

/// Why it was taken; anything else is a surprise.
pub fn taken<T>(ended: Result<T, Refused>) -> Result<T, Taken> {
    ended.map_err(|refused| match refused {
        Refused::Taken(taken) => taken,
        Refused::Other(e) => panic!("{e}"),
    })
}

/// Adds a visit, in a transaction of its own.
pub async fn insert(db: &Db, keys: &Arc<Keyring>, visit: &Visit) -> Result<(), Taken> {
    let added = db.write((Arc::clone(keys), visit.clone()), |tx, (keys, visit)| {
        Box::pin(async move { visits::insert(tx, keys, visit).await?.map_err(Refused::Taken) })
    });
    taken(added.await)
}

/// Moves a visit; false when it can't be moved.
pub async fn reschedule(db: &Db, n: u32, minutes: i64, now: Timestamp) -> Result<bool, Taken> {
    let moved = db.write((), move |tx, ()| {
        Box::pin(async move {
            let (start, end) = (at(minutes), at(minutes + 20));
            let moved = visits::reschedule(tx, visit_id(n), start, end, &Policy::current(start), now).await?;
            moved.map_err(Refused::Taken)
        })
    });
    taken(moved.await)
}

pub async fn confirm(db: &Db, n: u32, paid: Rials, now: Timestamp) -> bool {
    db.write((), move |tx, ()| Box::pin(visits::confirm(tx, visit_id(n), paid, now))).await.unwrap()
}

pub async fn start(db: &Db, n: u32) -> bool {
    db.write((), move |tx, ()| Box::pin(visits::start(tx, visit_id(n), later(120)))).await.unwrap()
}

pub async fn end(db: &Db, n: u32, from: Status, to: Status) -> bool {
    db.write((), move |tx, ()| Box::pin(visits::end(tx, visit_id(n), from, to, later(180)))).await.unwrap()
}

/// Starts and completes a paid visit.
pub async fn complete(db: &Db, n: u32) {
    assert!(start(db, n).await && end(db, n, Status::InProgress, Status::Completed).await);
}

/// Cancels in the patient's name.
pub async fn cancel(db: &Db, keys: &Arc<Keyring>, n: u32, refunded: Rials, reason: &'static str) -> bool {
    db.write(Arc::clone(keys), move |tx, keys| {
        Box::pin(async move {
            let by = CancelledBy::Patient;
            visits::cancel(tx, keys, visit_id(n), by, refunded, reason, later(240)).await
        })
    })
    .await
    .unwrap()
}

pub async fn by_id(db: &Db, keys: &Arc<Keyring>, n: u32) -> Option<Visit> {
    db.read(Arc::clone(keys), move |c, keys| {
        Box::pin(async move { visits::by_id(c, keys, visit_id(n)).await })
    })
    .await
    .unwrap()
}
