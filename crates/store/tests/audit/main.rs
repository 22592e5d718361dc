//! The audit log: whole under load, and no change around the application goes unnoticed.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

#[path = "../common/mod.rs"]
mod common;

mod people;
mod tampered;
mod whole;

use std::sync::Arc;

use common::{later, user};
use db::Db;
use domain::{Timestamp, ids::UserId};
use helssa_store::{
    Keyring,
    audit::{self, Actor, Event, Report},
};

/// Its id ends with 3, and so do its entries: they are in chain 3.
const SUBJECT: u32 = 3;

async fn append(db: &Db, keys: &Arc<Keyring>, subject: Option<UserId>, detail: String, at: Timestamp) {
    db.write((Arc::clone(keys), detail), move |tx, (keys, detail)| {
        Box::pin(async move {
            let event = Event {
                actor: subject.map_or(Actor::CommandLine, Actor::User),
                action: "profile.update",
                subject,
                detail: detail.clone(),
                request_id: "req-1",
            };
            audit::append(tx, keys, &event, at).await
        })
    })
    .await
    .unwrap();
}

/// So many entries about one person.
async fn append_about(db: &Db, keys: &Arc<Keyring>, subject: u32, count: i64) {
    for n in 0..count {
        append(db, keys, Some(user(subject)), format!("first_name, {n}"), later(n)).await;
    }
}

async fn verify(db: &Db, keys: &Arc<Keyring>) -> Report {
    db.read_slow(Arc::clone(keys), |c, keys| Box::pin(async move { audit::verify(c, keys).await }))
        .await
        .unwrap()
}
