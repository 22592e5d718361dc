//! A visit's life, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

#[path = "../common/mod.rs"]
mod common;

mod due;
mod kept;
mod payments;
mod steps;

use std::sync::Arc;

use common::clinic::by_id;
use db::Db;
use domain::{Rials, visit::Status};
use helssa_store::{Keyring, visits::Visit};

/// What a patient pays for each of these visits.
fn share() -> Rials {
    Rials::new(320_000).unwrap()
}

fn amount(rials: i64) -> Rials {
    Rials::new(rials).unwrap()
}

async fn status(db: &Db, keys: &Arc<Keyring>, n: u32) -> Status {
    by_id(db, keys, n).await.unwrap().status
}

#[track_caller]
fn assert_same(found: &Visit, expected: &Visit) {
    let who = |visit: &Visit| (visit.id, visit.doctor, visit.patient, visit.pay_token);
    let what = |visit: &Visit| (visit.kind, visit.status, visit.lane, visit.price, visit.policy);
    let when = |visit: &Visit| (visit.starts_at, visit.ends_at, visit.hold_until, visit.created_at);
    let texts = |visit: &Visit| {
        let Visit { reference, chief_complaint, description, insurance_number, reason, .. } = visit.clone();
        [reference, chief_complaint, description, insurance_number, reason]
    };
    assert_eq!(who(found), who(expected));
    assert_eq!(what(found), what(expected));
    assert_eq!(when(found), when(expected));
    assert_eq!(texts(found), texts(expected));
    assert_eq!((&found.insurer, found.paid), (&expected.insurer, expected.paid));
    assert_eq!((found.refunded, found.paid_at), (expected.refunded, expected.paid_at));
    assert_eq!((found.started_at, found.ended_at), (expected.started_at, expected.ended_at));
    assert_eq!((found.cancelled_at, &found.cancelled_by), (expected.cancelled_at, &expected.cancelled_by));
}
