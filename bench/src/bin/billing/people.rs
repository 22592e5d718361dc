//! Who reads, and who pays which visit.

use std::sync::Arc;

use app::{App, Fault, demo::add_patient};
use db::Conn;
use domain::{
    Rials, Role, SignedDuration, Timestamp,
    ids::{UserId, VisitId, new_v7},
    ledger::{Account, Posting, PostingKind},
    profile::Gender,
    visit::{GRID, Policy, Price, Status, VisitType},
};
use store::{doctors::Entry, visits::Visit};

use crate::{
    node::Node,
    patient::{phone, profile},
};

/// People who log in; the first of them have wallets of their own kinds (`wallets.rs`).
pub const READERS: u32 = 200;
/// Numbers from which phones and profiles of the others are made.
const PAYERS: u32 = 1_000_000;
const DOCTORS: u32 = 2_000_000;
/// Doctors with as many visits one after the other.
const PRACTICES: u32 = 500;
/// What a visit costs, and a payer has.
const FEE: i64 = 600_000;
/// Rows of a transaction.
const BATCH: u32 = 500;
/// Visits begin so far ahead: both reminders lie ahead too, and are written with the payment.
const AHEAD: SignedDuration = SignedDuration::from_hours(72);
const LENGTH: SignedDuration = SignedDuration::from_mins(20);
const PACE: SignedDuration = SignedDuration::from_mins(30);
/// Nobody is in a hurry to pay.
const HOLD: SignedDuration = SignedDuration::from_hours(24);

/// A visit that waits for its payment.
#[derive(Clone, Copy)]
pub struct Unpaid {
    pub visit: VisitId,
    pub patient: UserId,
}

/// Patients with complete profiles.
pub async fn readers(app: &Arc<App>) -> Vec<UserId> {
    let mut readers = Vec::new();
    for n in 0..READERS {
        readers.push(add_patient(app, phone(n), profile(n)).await.unwrap());
    }
    readers
}

/// Their access tokens; they live an hour.
pub async fn log_in(node: &Node, readers: &[UserId]) -> Vec<Arc<str>> {
    let mut tokens = Vec::new();
    for (n, _) in (0..).zip(readers) {
        tokens.push(node.log_in(phone(n), n).await);
    }
    tokens
}

/// So many visits, each booked by another patient whose wallet holds what it costs.
pub async fn visits(app: &Arc<App>, count: u32) -> Vec<Unpaid> {
    let now = app.clock.now();
    let doctors = Arc::new(practices(app, now).await);
    let mut all = Vec::new();
    let mut first = 0;
    while first < count {
        let last = (first + BATCH).min(count);
        let input = (Arc::clone(app), Arc::clone(&doctors), first..last, now);
        let booked = app.db.write(input, |tx, (app, doctors, numbers, now)| {
            Box::pin(async move {
                let mut booked = Vec::new();
                for n in numbers.clone() {
                    booked.push(book(tx, app, doctors, n, *now).await?);
                }
                Ok::<_, Fault>(booked)
            })
        });
        all.extend(booked.await.unwrap());
        if last.is_multiple_of(BATCH * 20) {
            eprintln!("{last} visits");
        }
        first = last;
    }
    all
}

async fn practices(app: &Arc<App>, now: Timestamp) -> Vec<UserId> {
    let added = app.db.write((Arc::clone(app), now), |tx, (app, now)| {
        Box::pin(async move {
            let mut doctors = Vec::new();
            for n in 0..PRACTICES {
                let id = UserId(new_v7(*now, &*app.rng));
                let entry = Entry {
                    first_name: "سارا".into(),
                    last_name: "احمدی".into(),
                    council_number: (100_000 + n).to_string(),
                    specialty: "general".into(),
                    province: "تهران".into(),
                    city: "تهران".into(),
                    gender: Some(Gender::Female),
                    languages: vec!["فارسی".into()],
                    experience_years: 8,
                };
                assert!(
                    store::accounts::insert(tx, &app.keys, id, Role::Doctor, &phone(DOCTORS + n), *now)
                        .await?
                );
                assert!(store::doctors::insert(tx, id, &entry, *now).await?);
                doctors.push(id);
            }
            Ok::<_, Fault>(doctors)
        })
    });
    added.await.unwrap()
}

async fn book(tx: &Conn, app: &App, doctors: &[UserId], n: u32, now: Timestamp) -> Result<Unpaid, Fault> {
    let patient = UserId(new_v7(now, &*app.rng));
    let number = PAYERS + n;
    assert!(store::accounts::insert(tx, &app.keys, patient, Role::Patient, &phone(number), now).await?);
    store::patients::insert_empty(tx, patient).await?;
    store::patients::save(tx, &app.keys, patient, &profile(number), now).await?;
    let fee = Rials::new(FEE).unwrap();
    let money = (Account::clearing("bench"), Account::wallet(patient), fee);
    let key = format!("bench:payer:{n}");
    let posting = Posting::transfer(PostingKind::Charge, key, None, "شارژ کیف پول", money)?;
    app::billing::post(tx, app, &posting, now).await?;

    let starts_at = on_grid(now + AHEAD) + PACE * i32::try_from(n / PRACTICES).unwrap();
    let visit = Visit {
        id: VisitId(new_v7(now, &*app.rng)),
        doctor: doctors[(n % PRACTICES) as usize],
        patient,
        reference: format!("HLS-BENCH-{n}"),
        kind: VisitType::Online,
        status: Status::Pending,
        lane: 0,
        starts_at,
        ends_at: starts_at + LENGTH,
        hold_until: Some(now + HOLD),
        chief_complaint: "درد قفسه سینه".into(),
        description: "از دو روز پیش درد خفیفی در قفسه سینه دارم".into(),
        insurer: None,
        insurance_number: String::new(),
        price: Price { total: fee, insurance_share: Rials::ZERO, patient_share: fee },
        policy: Policy::current(starts_at),
        pay_token: new_v7(now, &*app.rng),
        paid: Rials::ZERO,
        refunded: Rials::ZERO,
        paid_at: None,
        started_at: None,
        ended_at: None,
        cancelled_at: None,
        cancelled_by: None,
        reason: String::new(),
        created_at: now,
    };
    let inserted = store::visits::insert(tx, &app.keys, &visit).await?;
    assert!(inserted.is_ok(), "a time is taken");
    Ok(Unpaid { visit: visit.id, patient })
}

/// The next time at which a visit can begin.
fn on_grid(at: Timestamp) -> Timestamp {
    let grid = GRID.as_secs();
    Timestamp::from_second((at.as_second() / grid + 1) * grid).unwrap()
}
