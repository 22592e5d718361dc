//! Credits: one too many, of nobody's money, and one that is missing.

use domain::{Clock as _, SignedDuration, ids::new_v7};
use providers::gateways::Verified;
use serde_json::json;

use super::{assert_named, post, with_a_credit, world};
use crate::simulation::{gateway::authority, requests::rials, truth::Paying};

#[tokio::test]
async fn a_second_credit_of_a_payment_is_named() {
    let (mut world, key, unique_key, amount) = with_a_credit(12).await;
    // what another payment of the gateway would leave room for
    world.bank.with(|truth| {
        let other = (key.0, truth.next_number(key.0));
        let at = world.clock.now();
        truth.open(other, new_v7(at, &*world.nodes[0].rng), amount, at, None);
        let _pressed = truth.press(other, true, at);
        let order = truth.order(other).unwrap().charge.simple().to_string();
        let _verified = truth.verify(other, amount, &json!({ "order": order }), at);
    });
    let wrong = post(&mut world, key.0, format!("{unique_key}:{}", authority(key.1)), amount).await;
    assert_named(&wrong, "credited 2 times, of 1 payments");
}

#[tokio::test]
async fn a_credit_that_no_gateway_has_given_is_named() {
    let mut world = world(13).await;
    let wrong = post(&mut world, 0, "charge:planted".to_owned(), rials(5_000)).await;
    assert_named(&wrong, "the ledger has 5000 Rials of zarinpal, which has given 0");
}

#[tokio::test]
async fn a_credit_under_a_key_of_its_own_is_named() {
    let (mut world, key, ..) = with_a_credit(14).await;
    let spare =
        world.bank.open(key.0, new_v7(world.clock.now(), &*world.nodes[0].rng), rials(7), world.clock.now());
    assert_eq!(world.bank.press(spare, true), Paying::Paid);
    world.bank.with(|truth| {
        let order = truth.order(spare).unwrap().charge.simple().to_string();
        let said = truth.verify(spare, rials(7), &json!({ "order": order }), world.clock.now());
        assert!(matches!(said, Verified::Paid { .. }));
    });
    let wrong = post(&mut world, key.0, "planted".to_owned(), rials(7)).await;
    assert_named(&wrong, "under a key that is no charge's");
}

#[tokio::test]
async fn a_payment_that_is_never_credited_is_named() {
    let mut world = world(15).await;
    world.bank.calm();
    let now = world.clock.now();
    let charge = new_v7(now, &*world.nodes[0].rng);
    // the program knows nothing of it, and so never asks
    let key = world.bank.open(2, charge, rials(9_000), now);
    world.bank.with(|truth| truth.order_mut(key).unwrap().returns = None);
    assert_eq!(world.bank.press(key, true), Paying::Paid);
    assert_named(&world.finish().await.unwrap_err(), "paid, and never asked about");

    // asked about, and the answer forgotten
    world.bank.with(|truth| {
        let extra = json!({ "order": charge.simple().to_string() });
        let _verified = truth.verify(key, rials(9_000), &extra, now);
    });
    let wrong = world.finish().await.unwrap_err();
    assert_named(&wrong, "paid, and never credited");
    assert_named(&wrong, "idpay has given 9000 Rials, the ledger has 0");
    assert_named(&wrong, "money by the gateway, no money by us");
}

#[tokio::test]
async fn a_payment_that_the_gateway_gives_back_by_itself_is_no_fault() {
    let mut world = world(16).await;
    let now = world.clock.now();
    let key = world.bank.open(1, new_v7(now, &*world.nodes[0].rng), rials(9_000), now);
    world.bank.with(|truth| truth.order_mut(key).unwrap().returns = Some(SignedDuration::from_hours(30)));
    assert_eq!(world.bank.press(key, true), Paying::Paid);
    world.finish().await.unwrap();
}
