//! Lists of visits and a doctor's numbers, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use std::sync::Arc;

use common::{
    clinic::{
        at, cancel, complete, end, enrol_both, enrol_doctor, enrol_patients, entry, hold, insert, paid,
        start, visit_id,
    },
    keys, later, now, profile, user,
};
use db::{Db, sql};
use domain::{
    Rials, Timestamp,
    ids::{PrescriptionId, UserId, VisitId},
    prescription::Item,
    profile::Gender,
    visit::Status,
};
use helssa_store::{
    Error, Keyring, prescriptions,
    ratings::{self, Rating},
    visits::{self, ForDoctor, ForPatient, ListFilter, Stats, Visit},
};
use rstest::rstest;
use testkit::{Engine, database};
use uuid::Uuid;

/// When all of these tests look: visit 2's hold has just ended, visit 3's lasts.
fn look() -> Timestamp {
    later(900)
}

fn rials(amount: i64) -> Rials {
    Rials::new(amount).unwrap()
}

fn ids(numbers: &[u32]) -> Vec<VisitId> {
    numbers.iter().map(|n| visit_id(*n)).collect()
}

async fn of_patient(
    db: &Db,
    keys: &Arc<Keyring>,
    filter: ListFilter,
    limit: i64,
    offset: i64,
) -> (i64, Vec<ForPatient>) {
    db.read(Arc::clone(keys), move |c, keys| {
        Box::pin(async move { visits::of_patient(c, keys, user(2), &filter, limit, offset, look()).await })
    })
    .await
    .unwrap()
}

async fn of_doctor(
    db: &Db,
    keys: &Arc<Keyring>,
    filter: ListFilter,
    limit: i64,
    offset: i64,
) -> (i64, Vec<ForDoctor>) {
    db.read(Arc::clone(keys), move |c, keys| {
        Box::pin(async move { visits::of_doctor(c, keys, user(1), &filter, limit, offset, look()).await })
    })
    .await
    .unwrap()
}

/// The count and the ids of one page of each list: of patient 2 and of doctor 1.
async fn both(
    db: &Db,
    keys: &Arc<Keyring>,
    filter: ListFilter,
    limit: i64,
    offset: i64,
) -> [(i64, Vec<VisitId>); 2] {
    let (patients, doctors) =
        (of_patient(db, keys, filter, limit, offset).await, of_doctor(db, keys, filter, limit, offset).await);
    [
        (patients.0, patients.1.into_iter().map(|item| item.visit.id).collect()),
        (doctors.0, doctors.1.into_iter().map(|item| item.visit.id).collect()),
    ]
}

/// One visit in each state, and one with another doctor: visit 1 is the earliest, 8 the latest.
async fn fill(db: &Db, keys: &Arc<Keyring>) -> (UserId, UserId) {
    let (doctor, patient) = enrol_both(db, keys).await;
    let other = enrol_doctor(db, keys, 3).await;
    let held = Visit { hold_until: Some(later(901)), ..hold(3, doctor, patient, 60) };
    let mut kept = vec![hold(2, doctor, patient, 30), held, paid(8, other, patient, 210)];
    for n in [1, 4, 5, 6, 7] {
        kept.push(paid(n, doctor, patient, 30 * (i64::from(n) - 1)));
    }
    for visit in &kept {
        assert_eq!(insert(db, keys, visit).await, Ok(()));
    }
    complete(db, 1).await;
    assert!(cancel(db, keys, 4, Rials::ZERO, "").await && start(db, 5).await);
    assert!(end(db, 6, Status::Confirmed, Status::NoShow).await);
    (doctor, other)
}

/// A prescription of a visit of these two, with so many drugs.
async fn prescribe(db: &Db, keys: &Arc<Keyring>, n: u32, visit: u32, drugs: usize) -> PrescriptionId {
    let id = PrescriptionId(Uuid::from_u128(n.into()));
    let items = vec![Item { drug_name: "A".into(), ..Item::default() }; drugs];
    let written = db.write((Arc::clone(keys), items), move |tx, (keys, items)| {
        Box::pin(async move {
            let (visit, doctor, patient) = (visit_id(visit), user(1), user(2));
            let new = prescriptions::New { id, visit, doctor, patient, items, notes: "" };
            prescriptions::insert(tx, keys, &new, now()).await
        })
    });
    assert!(written.await.unwrap());
    id
}

async fn rate(db: &Db, keys: &Arc<Keyring>, visit: u32, score: i64) {
    let rated = db.write(Arc::clone(keys), move |tx, keys| {
        Box::pin(async move {
            let (visit, doctor, patient) = (visit_id(visit), user(1), user(2));
            let rating = Rating { visit, doctor, patient, score, comment: String::new(), created_at: now() };
            ratings::insert(tx, keys, &rating).await
        })
    });
    assert!(rated.await.unwrap());
}

#[rstest]
#[tokio::test]
async fn lists_show_pages_in_order(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    fill(&db, &keys).await;
    let all = ListFilter::default();
    let [patients, doctors] = both(&db, &keys, all, 3, 0).await;
    assert_eq!(patients, (8, ids(&[8, 7, 6])));
    assert_eq!(doctors, (7, ids(&[7, 6, 5])));
    let [patients, doctors] = both(&db, &keys, all, 3, 6).await;
    assert_eq!((patients, doctors), ((8, ids(&[2, 1])), (7, ids(&[1]))));
    let [patients, doctors] = both(&db, &keys, all, 3, 9).await;
    assert_eq!((patients, doctors), ((8, vec![]), (7, vec![])));

    let calendar = ListFilter { ascending: true, ..all };
    let [_, doctors] = both(&db, &keys, calendar, 3, 2).await;
    assert_eq!(doctors, (7, ids(&[3, 4, 5])));
}

#[rstest]
#[tokio::test]
async fn lists_can_show_one_status(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, other) = fill(&db, &keys).await;
    for (status, expected) in [
        (Status::Pending, ids(&[3])),
        (Status::Confirmed, ids(&[7])),
        (Status::InProgress, ids(&[5])),
        (Status::Completed, ids(&[1])),
        (Status::Cancelled, ids(&[4, 2])),
        (Status::NoShow, ids(&[6])),
    ] {
        let filter = ListFilter { status: Some(status), doctor: Some(doctor), ..ListFilter::default() };
        let count = i64::try_from(expected.len()).unwrap();
        let found = both(&db, &keys, filter, 10, 0).await;
        assert_eq!(found, [(count, expected.clone()), (count, expected)], "{status:?}");
        let with_other = ListFilter { doctor: Some(other), ..filter };
        let of_other = if status == Status::Confirmed { (1, ids(&[8])) } else { (0, vec![]) };
        assert_eq!(both(&db, &keys, with_other, 10, 0).await, [of_other, (0, vec![])], "{status:?}");
    }
}

#[rstest]
#[tokio::test]
async fn lists_can_show_a_span_of_time(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    fill(&db, &keys).await;
    let span = |from: Option<i64>, to: Option<i64>| ListFilter {
        from: from.map(at),
        to: to.map(at),
        ..ListFilter::default()
    };
    let found = both(&db, &keys, span(Some(60), Some(120)), 10, 0).await;
    assert_eq!(found, [(2, ids(&[4, 3])), (2, ids(&[4, 3]))], "from the first moment, up to the last");
    let found = both(&db, &keys, span(Some(61), None), 1, 1).await;
    assert_eq!(found, [(5, ids(&[7])), (4, ids(&[6]))]);
    let found = both(&db, &keys, span(None, Some(31)), 10, 0).await;
    assert_eq!(found, [(2, ids(&[2, 1])), (2, ids(&[2, 1]))]);
    let cancelled = ListFilter { status: Some(Status::Cancelled), ..span(Some(31), Some(300)) };
    let found = both(&db, &keys, cancelled, 10, 0).await;
    assert_eq!(found, [(1, ids(&[4])), (1, ids(&[4]))], "all at once");
}

#[rstest]
#[tokio::test]
async fn patients_see_doctor_prescription_and_rating(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    fill(&db, &keys).await;
    common::by_hand(&db, sql!("UPDATE doctors SET specialty = 'unlisted' WHERE council_number = '3'"))
        .await
        .unwrap();
    let draft = prescribe(&db, &keys, 1, 1, 2).await;
    rate(&db, &keys, 1, 4).await;
    let one = async |n: u32| {
        db.read(Arc::clone(&keys), move |c, keys| {
            Box::pin(async move { visits::one_for_patient(c, keys, visit_id(n)).await })
        })
        .await
        .unwrap()
    };
    let listed = async |n: u32| {
        let (_, mut found) = of_patient(&db, &keys, ListFilter::default(), 10, 0).await;
        found.retain(|item| item.visit.id == visit_id(n));
        found.pop().unwrap()
    };
    for item in [one(1).await.unwrap(), listed(1).await] {
        assert_eq!((item.doctor_first_name, item.doctor_last_name), names(1));
        assert_eq!(item.specialty, "متخصص قلب و عروق");
        assert_eq!((item.prescription, item.score), (None, Some(4)), "a draft is the doctor's alone");
        assert_eq!((item.visit.id, item.visit.status), (visit_id(1), Status::Completed));
        assert_eq!(item.visit.chief_complaint, "سردرد 1");
    }
    let signed = db.write((), move |tx, ()| Box::pin(prescriptions::sign(tx, draft, later(60))));
    assert!(signed.await.unwrap());
    for item in [one(1).await.unwrap(), listed(1).await] {
        assert_eq!(item.prescription, Some((draft, 2)));
    }
    for item in [one(8).await.unwrap(), listed(8).await] {
        assert_eq!((item.doctor_first_name, item.doctor_last_name), names(3));
        assert_eq!(item.specialty, "unlisted", "the code where there is no title");
        assert_eq!((item.prescription, item.score), (None, None));
    }
    assert!(one(9).await.is_none());
}

/// First and last name of a doctor.
fn names(n: u32) -> (String, String) {
    (entry(n).first_name, entry(n).last_name)
}

#[rstest]
#[tokio::test]
async fn doctors_see_patient_and_prescription(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, _) = fill(&db, &keys).await;
    enrol_patients(&db, &keys, 4..=4).await;
    assert_eq!(insert(&db, &keys, &paid(9, doctor, user(4), 300)).await, Ok(()));
    let one = async |n: u32| {
        db.read(Arc::clone(&keys), move |c, keys| {
            Box::pin(async move { visits::one_for_doctor(c, keys, visit_id(n)).await })
        })
        .await
        .unwrap()
    };
    let listed = async |n: u32, ascending: bool| {
        let filter = ListFilter { ascending, ..ListFilter::default() };
        let (_, mut found) = of_doctor(&db, &keys, filter, 10, 0).await;
        found.retain(|item| item.visit.id == visit_id(n));
        found.pop().unwrap()
    };
    let cancelled = prescribe(&db, &keys, 1, 1, 1).await;
    let done = db.write(Arc::clone(&keys), move |tx, keys| {
        Box::pin(async move { prescriptions::cancel(tx, keys, cancelled, "", later(60)).await })
    });
    assert!(done.await.unwrap());
    let known = profile(2);
    for item in [one(1).await.unwrap(), listed(1, false).await, listed(1, true).await] {
        assert_eq!(item.patient_first_name, known.first_name);
        assert_eq!(item.patient_last_name, known.last_name);
        assert_eq!((item.gender, item.date_of_birth), (Some(Gender::Male), known.date_of_birth));
        assert_eq!(item.prescription, None, "a cancelled one");
        assert_eq!(item.visit.description, "از 1 روز پیش");
        assert_eq!(format!("{item:?}"), "ForDoctor(***)");
    }
    let draft = prescribe(&db, &keys, 2, 1, 3).await;
    for item in [one(1).await.unwrap(), listed(1, false).await, listed(1, true).await] {
        assert_eq!(item.prescription, Some((draft, 3)));
    }
    for item in [one(9).await.unwrap(), listed(9, false).await, listed(9, true).await] {
        assert_eq!((item.patient_first_name.as_str(), item.patient_last_name.as_str()), ("", ""));
        assert_eq!((item.gender, item.date_of_birth), (None, None), "who has said nothing");
    }
    assert!(one(10).await.is_none());
}

#[rstest]
#[tokio::test]
async fn numbers_count_what_was_an_appointment(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, other) = fill(&db, &keys).await;
    assert_eq!(insert(&db, &keys, &paid(9, doctor, user(2), 300)).await, Ok(()));
    complete(&db, 9).await;
    rate(&db, &keys, 1, 4).await;
    rate(&db, &keys, 9, 5).await;
    let stats = async |doctor: UserId, from: i64, to: i64| {
        db.read((), move |c, ()| Box::pin(visits::stats(c, doctor, at(from), at(to), look()))).await.unwrap()
    };
    // 2 was never an appointment: its hold has ended
    let whole = Stats {
        total: 7,
        completed: 2,
        pending: 3,
        cancelled: 1,
        no_show: 1,
        revenue: rials(1_600_000),
        rating_sum: 9,
        rating_count: 2,
    };
    assert_eq!(stats(doctor, 0, 301).await, whole);
    let due = db.write((), |tx, ()| Box::pin(visits::expire_due(tx, 10, look())));
    assert_eq!(due.await.unwrap(), 1);
    assert_eq!(stats(doctor, 0, 301).await, whole, "whether or not that is written down");

    let morning = Stats {
        total: 2,
        completed: 1,
        pending: 1,
        revenue: rials(800_000),
        rating_sum: 4,
        rating_count: 1,
        ..Stats::default()
    };
    assert_eq!(stats(doctor, 0, 90).await, morning);
    assert_eq!(stats(other, 0, 301).await, Stats { total: 1, pending: 1, ..Stats::default() });
    assert_eq!(stats(doctor, 500, 600).await, Stats::default());
}

#[rstest]
#[tokio::test]
async fn the_next_visits_are_those_that_are_paid(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, _) = fill(&db, &keys).await;
    for (n, minutes) in [(9, 300), (10, 330)] {
        assert_eq!(insert(&db, &keys, &paid(n, doctor, user(2), minutes)).await, Ok(()));
    }
    let upcoming = async |limit: i64, from: i64, now: i64| {
        let next = db
            .read(Arc::clone(&keys), move |c, keys| {
                let (from, now) = (at(from), at(now));
                Box::pin(async move { visits::upcoming(c, keys, doctor, from, limit, now).await })
            })
            .await
            .unwrap();
        next.into_iter().map(|item| item.visit.id).collect::<Vec<_>>()
    };
    assert_eq!(upcoming(5, -10, -10).await, ids(&[5, 7, 9, 10]), "the earliest first");
    assert_eq!(upcoming(3, -10, -10).await, ids(&[5, 7, 9]));
    assert_eq!(upcoming(5, 100, 139).await, ids(&[5, 7, 9, 10]), "5 was to end at 140");
    assert_eq!(upcoming(5, 100, 140).await, ids(&[5, 7, 9, 10]), "it goes on until it is completed");
    let nobody = db
        .read(Arc::clone(&keys), |c, keys| {
            Box::pin(async move {
                let next = visits::upcoming(c, keys, user(3), at(300), 5, at(300)).await?;
                Ok::<_, Error>(next.len())
            })
        })
        .await
        .unwrap();
    assert_eq!(nobody, 0);
}
