//! Money that left: given back and never posted, posted and never given back, paid out to nobody.

use std::sync::Arc;

use domain::{
    Clock as _,
    ids::new_v7,
    ledger::{Account, Posting, PostingKind},
};
use providers::gateways::Refunded;

use super::{assert_named, with_a_credit, world};
use crate::simulation::{acts::people, gateway::GATEWAYS, requests::rials};

#[tokio::test]
async fn what_a_gateway_gave_back_and_nobody_posted_is_named() {
    let (mut world, key, _, amount) = with_a_credit(20).await;
    world.bank.calm();
    let id = new_v7(world.clock.now(), &*world.nodes[0].rng);
    let left = world.bank.with(|truth| {
        let order = truth.order_mut(key).unwrap();
        order.is_mute = false;
        amount.get() - order.given
    });
    let said = world.bank.with(|truth| truth.give_back(key, rials(left), id));
    assert_eq!(said, Refunded::Done);
    // the same refund once more is the same refund, another one is more than was paid
    assert_eq!(world.bank.with(|truth| truth.give_back(key, rials(left), id)), Refunded::Done);
    let other = new_v7(world.clock.now(), &*world.nodes[0].rng);
    let said = world.bank.with(|truth| truth.give_back(key, rials(1), other));
    assert!(matches!(said, Refunded::Impossible(_)));
    let wrong = world.finish().await.unwrap_err();
    assert_named(&wrong, "1 more to be given back");
    assert_named(&wrong, &format!("gave {amount} Rials back, {} were posted", amount.get() - left));
}

#[tokio::test]
async fn a_refund_that_no_gateway_has_done_is_named() {
    let (mut world, key, ..) = with_a_credit(21).await;
    let user = world.patients[0];
    let _given = people::give(Arc::clone(&world.nodes[0]), user, 1_000_000_000, 1_000_000).await;
    let moved = (Account::wallet(user), Account::clearing(GATEWAYS[key.0]), rials(1_000_000_000));
    let posting = Posting::transfer(PostingKind::ChargeRefund, "planted".to_owned(), None, "بازگشت", moved);
    people::post(&world.nodes[0], posting.unwrap()).await.unwrap();
    let wrong = world.checker.look(&world.nodes[0], &world.bank).await.wrong;
    assert_named(&wrong, "which knows of");
    assert_named(&world.check_whole().await.unwrap_err(), &format!("refunds of {}", GATEWAYS[key.0]));
}

#[tokio::test]
async fn money_that_was_paid_out_without_a_payout_is_named() {
    let mut world = world(22).await;
    let doctor = world.doctors[0];
    let _given = people::give(Arc::clone(&world.nodes[0]), doctor, 1_000, 1_000_000).await;
    let moved = (Account::wallet(doctor), Account::payouts(), rials(7));
    let posting = Posting::transfer(PostingKind::Payout, "planted".to_owned(), None, "واریز", moved).unwrap();
    people::post(&world.nodes[0], posting).await.unwrap();
    assert_named(&world.check_whole().await.unwrap_err(), "payouts: 7 in the ledger, Some((0,))");
}
