//! Records of charges that are given back, and charges as admins look for them, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

#[path = "../common/mod.rs"]
mod common;

mod found;
mod given;
mod receipts;

use common::{later, now};
use db::Db;
use domain::{Rials, ids::UserId};
use helssa_store::{
    charges::{self, Authority, AuthorityStatus, Charge, ChargeStatus, Purpose},
    holds::{self, Hold, HoldStatus},
    refunds::{self, Refund, RefundStatus, Way},
};
use uuid::Uuid;

const AMOUNT: i64 = 5_000;

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn rials(amount: i64) -> Rials {
    Rials::new(amount).unwrap()
}

fn charge(user: UserId, n: u128, gateway: &str) -> Charge {
    Charge {
        id: id(n),
        user,
        purpose: Purpose::Wallet,
        amount: rials(AMOUNT),
        gateway: gateway.into(),
        return_url: "https://helssa.ir/".into(),
        status: ChargeStatus::Pending,
        credited_authority: None,
        gateway_reference: None,
        created_at: now(),
        expires_at: later(1_800),
        checked_at: None,
        check_at: None,
        verified_at: None,
    }
}

/// A charge with an authority of this name, credited or not.
async fn add(db: &Db, charge: Charge, name: &'static str, paid: bool) {
    db.write(charge, move |tx, charge| {
        Box::pin(async move {
            charges::insert(tx, charge).await?;
            let authority = Authority {
                gateway: charge.gateway.clone(),
                authority: name.into(),
                charge: charge.id,
                status: AuthorityStatus::Requested,
                pay_url: format!("https://helssa.ir/dev/pay/{name}"),
                created_at: charge.created_at,
            };
            assert!(charges::add_authority(tx, &authority).await?);
            if paid {
                charges::mark(tx, &charge.gateway, name, AuthorityStatus::Paid).await?;
                charges::complete(tx, charge.id, name, Some("201"), later(90)).await?;
            }
            Ok::<_, helssa_store::Error>(())
        })
    })
    .await
    .unwrap();
}

fn refund(n: u128, charge: u128, amount: i64) -> Refund {
    Refund {
        id: id(n),
        charge: id(charge),
        gateway: "sandbox".into(),
        authority: "S1".into(),
        amount: rials(amount),
        way: Way::Reverse,
        status: RefundStatus::Refunding,
        hold: Some(id(n)),
        attempts: 0,
        answer: None,
        asked_at: Some(later(100)),
        check_at: Some(later(220)),
        created_at: later(100),
        ended_at: None,
    }
}

/// With its hold, where it has one.
async fn insert(db: &Db, user: UserId, refund: &Refund) -> Result<(), helssa_store::Error> {
    db.write(refund.clone(), move |tx, refund| {
        Box::pin(async move {
            if let Some(hold) = refund.hold {
                let hold = Hold {
                    id: hold,
                    user,
                    amount: refund.amount,
                    status: HoldStatus::Open,
                    posted: Rials::ZERO,
                    expires_at: None,
                    unique_key: format!("refund:{}", refund.id),
                    purpose: "charge_refund".into(),
                    reference: Some(refund.charge),
                    created_at: refund.created_at,
                    ended_at: None,
                };
                assert!(holds::insert(tx, &hold).await?);
            }
            refunds::insert(tx, refund).await
        })
    })
    .await
}

async fn by_id(db: &Db, n: u128) -> Option<Refund> {
    db.read((), move |c, ()| Box::pin(refunds::by_id(c, id(n)))).await.unwrap()
}

async fn end(db: &Db, n: u128, status: RefundStatus) -> bool {
    db.write((), move |tx, ()| Box::pin(refunds::end(tx, id(n), status, Some("100"), later(300))))
        .await
        .unwrap()
}
