//! Records of payments through gateways, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

#[path = "../common/mod.rs"]
mod common;

mod callbacks;
mod completed;
mod due;
mod guards;
mod sandbox;

use common::{later, now};
use db::Db;
use domain::{Rials, ids::UserId};
use helssa_store::charges::{self, Authority, AuthorityStatus, Charge, ChargeStatus, Purpose};
use uuid::Uuid;

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn charge(user: UserId, n: u128, purpose: Purpose) -> Charge {
    Charge {
        id: id(n),
        user,
        purpose,
        amount: Rials::new(5_000).unwrap(),
        gateway: "sandbox".into(),
        return_url: "https://helssa.ir/".into(),
        status: ChargeStatus::Pending,
        credited_authority: None,
        gateway_reference: None,
        created_at: now(),
        expires_at: later(1_800),
        checked_at: None,
        check_at: Some(later(60)),
        verified_at: None,
    }
}

fn authority(charge: u128, name: &str) -> Authority {
    Authority {
        gateway: "sandbox".into(),
        authority: name.into(),
        charge: id(charge),
        status: AuthorityStatus::Requested,
        pay_url: format!("https://helssa.ir/dev/pay/{name}"),
        created_at: now(),
    }
}

async fn insert(db: &Db, charge: &Charge) {
    db.write(charge.clone(), |tx, charge| Box::pin(async move { charges::insert(tx, charge).await }))
        .await
        .unwrap();
}

async fn add(db: &Db, authority: &Authority) -> bool {
    db.write(authority.clone(), |tx, new| Box::pin(async move { charges::add_authority(tx, new).await }))
        .await
        .unwrap()
}

async fn by_id(db: &Db, n: u128) -> Option<Charge> {
    db.read((), move |c, ()| Box::pin(charges::by_id(c, id(n)))).await.unwrap()
}

async fn mark(db: &Db, name: &'static str, status: AuthorityStatus) -> Result<bool, helssa_store::Error> {
    db.write((), move |tx, ()| Box::pin(charges::mark(tx, "sandbox", name, status))).await
}

async fn complete(db: &Db, n: u128) -> bool {
    db.write((), move |tx, ()| Box::pin(charges::complete(tx, id(n), "S1", Some("201"), later(90))))
        .await
        .unwrap()
}
