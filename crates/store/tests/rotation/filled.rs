//! Patients, each with a visit and all that can belong to it, and whether all of that is still what was sealed.

use std::sync::Arc;

use db::{Conn, Db};
use domain::{
    Rials, Role,
    iban::Sheba,
    ids::{NotificationId, PrescriptionId},
    prescription::Item,
    profile::Profile,
    visit::CancelledBy,
};
use helssa_store::{
    Error, Keyring, Result, accounts, doctors,
    holds::{self, Hold, HoldStatus},
    notifications::{self, NewNotification},
    patients, payouts, prescriptions,
    ratings::{self, Rating},
    visits::{self, Visit},
};

use crate::common::{
    clinic::{entry, paid, visit_id},
    later, now, phone, profile, user,
};

/// The doctor of all of them; no patient.
const DOCTOR: u32 = 1_000;
/// What every fifth has nothing in.
pub(super) const SPARSE: [&str; 6] =
    ["email", "national_id", "insurance_number", "reason", "comment", "notes"];

/// What somebody says, unless this is a fifth one.
pub(super) fn sparse(n: u32, text: &str) -> String {
    if n.is_multiple_of(5) { String::new() } else { format!("{text} {n}") }
}

/// Every fifth has neither an address of mail nor a national id.
fn expected(n: u32) -> Profile {
    let mut profile = profile(n);
    if n.is_multiple_of(5) {
        profile.email.clear();
        profile.national_id = None;
    }
    profile
}

/// That patient's visit, as it was booked.
fn booked(n: u32) -> Visit {
    let visit = paid(n, user(DOCTOR), user(n), 30 * i64::from(n));
    Visit { insurance_number: sparse(n, "number"), ..visit }
}

fn items(n: u32) -> Vec<Item> {
    vec![Item { drug_name: format!("drug {n}"), ..Item::default() }]
}

/// So many patients, sealed with this ring, and to each a visit with all that can belong to it.
pub(super) async fn fill(db: &Db, keys: &Arc<Keyring>, count: u32) {
    db.write(Arc::clone(keys), move |tx, keys| {
        Box::pin(async move {
            accounts::insert(tx, keys, user(DOCTOR), Role::Doctor, &phone(DOCTOR), now()).await?;
            doctors::insert(tx, user(DOCTOR), &entry(DOCTOR), now()).await?;
            for n in 1..=count {
                accounts::insert(tx, keys, user(n), Role::Patient, &phone(n), now()).await?;
                patients::insert_empty(tx, user(n)).await?;
                patients::save(tx, keys, user(n), &expected(n), now()).await?;
                visit(tx, keys, n).await?;
            }
            Ok::<_, Error>(())
        })
    })
    .await
    .unwrap();
}

/// A visit that was cancelled, prescription and all, and talked about.
async fn visit(tx: &Conn, keys: &Keyring, n: u32) -> Result<()> {
    let visit = booked(n);
    let (id, doctor, patient) = (visit.id, visit.doctor, visit.patient);
    visits::insert(tx, keys, &visit).await?.unwrap();
    let reason = sparse(n, "why");
    visits::cancel(tx, keys, id, CancelledBy::Doctor, Rials::ZERO, &reason, later(60)).await?;
    let rating =
        Rating { visit: id, doctor, patient, score: 3, comment: sparse(n, "comment"), created_at: now() };
    ratings::insert(tx, keys, &rating).await?;
    let (items, notes) = (items(n), sparse(n, "notes"));
    let new = prescriptions::New {
        id: PrescriptionId(id.0),
        visit: id,
        doctor,
        patient,
        items: &items,
        notes: &notes,
    };
    prescriptions::insert(tx, keys, &new, now()).await?;
    prescriptions::cancel(tx, keys, new.id, &reason, later(60)).await?;
    let (message, unique_key) = (format!("message {n}"), format!("key {n}"));
    let new = NewNotification {
        user: patient,
        kind: "test",
        message: &message,
        visit: Some(id),
        unique_key: &unique_key,
    };
    notifications::insert(tx, keys, NotificationId(id.0), &new, now()).await?;
    payout(tx, keys, n).await
}

async fn payout(tx: &Conn, keys: &Keyring, n: u32) -> Result<()> {
    let (doctor, amount) = (user(n), Rials::new(1_000_000).unwrap());
    let hold = Hold {
        id: visit_id(n).0,
        user: doctor,
        amount,
        status: HoldStatus::Open,
        posted: Rials::ZERO,
        expires_at: None,
        unique_key: format!("payout {n}"),
        purpose: "payout".into(),
        reference: None,
        created_at: now(),
        ended_at: None,
    };
    holds::insert(tx, &hold).await?;
    let iban = Sheba::parse("IR580540105180021273113007").unwrap();
    let id = hold.id;
    let new =
        payouts::New {
            id, doctor, hold: id, amount, iban: &iban, account_holder: "سارا احمدی", at: now()
        };
    payouts::insert(tx, keys, &new).await?;
    Ok(())
}

/// All that the ring opens of a patient and of their visit is what was sealed.
pub(super) async fn assert_kept(db: &Db, keys: &Arc<Keyring>, n: u32) {
    let patient = patients::by_id(db, keys, user(n)).await.unwrap().unwrap();
    assert!(patient.phone == phone(n) && patient.profile == expected(n), "{n}");
    let (visit, prescription, notification) = db
        .read(Arc::clone(keys), move |c, keys| {
            Box::pin(async move {
                let id = visit_id(n);
                let visit = visits::by_id(c, keys, id).await?.unwrap();
                let prescription = prescriptions::by_id(c, keys, PrescriptionId(id.0)).await?.unwrap();
                let notification = notifications::by_id(c, keys, NotificationId(id.0)).await?.unwrap();
                Ok::<_, Error>((visit, prescription, notification))
            })
        })
        .await
        .unwrap();
    let booked = booked(n);
    assert_eq!((visit.chief_complaint, visit.description), (booked.chief_complaint, booked.description));
    assert_eq!((visit.insurance_number, visit.reason), (sparse(n, "number"), sparse(n, "why")));
    assert_eq!((prescription.notes, prescription.reason), (sparse(n, "notes"), sparse(n, "why")));
    assert_eq!((prescription.items, notification.message), (items(n), format!("message {n}")));
}

/// The comments about the doctor, in the order of the visits.
pub(super) async fn comments(db: &Db, keys: &Arc<Keyring>) -> Vec<String> {
    let (_, mut ratings) = db
        .read(Arc::clone(keys), |c, keys| {
            Box::pin(async move { ratings::of_doctor(c, keys, user(DOCTOR), 1_000, 0).await })
        })
        .await
        .unwrap();
    ratings.sort_by_key(|rating| rating.visit);
    ratings.into_iter().map(|rating| rating.comment).collect()
}
