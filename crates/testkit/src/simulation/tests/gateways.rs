//! Gateways fail as they should, and name whoever asks them for something else.

use domain::{Clock as _, ids::new_v7};
use providers::{
    Gateway as _,
    gateways::{Inquired, Order as Wish, Refunded, Requested, Verified},
};
use serde_json::json;

use super::{assert_named, world};
use crate::simulation::{
    gateway::{SimGateway, authority, key_of},
    requests::rials,
    truth::Paying,
};

/// Many payments, given back in every way that goes wrong: never more than was paid, and in the end clearly or never.
#[tokio::test]
async fn gateways_fail_at_refunds_in_every_way() {
    let world = world(23).await;
    let gateway = |index| SimGateway::of(&world.bank, index);
    for round in 0..200_usize {
        let (index, now) = (if round.is_multiple_of(2) { 0 } else { 2 }, world.clock.now());
        let charge = new_v7(now, &*world.nodes[0].rng);
        let key = world.bank.open(index, charge, rials(5_000), now);
        assert_eq!(world.bank.press(key, true), Paying::Paid);
        world.bank.begin_step();
        world.bank.with(|truth| {
            let extra = json!({ "order": charge.simple().to_string() });
            let _verified = truth.verify(key, rials(5_000), &extra, now);
        });
        let id = new_v7(now, &*world.nodes[0].rng);
        let (name, none) = (authority(key.1), json!({}));
        let mut is_clear = false;
        for _ in 0..50 {
            let said = if index == 0 {
                match gateway(index).inquire(&name, &none).await {
                    Inquired::Reversed => Refunded::Done,
                    _ => gateway(index).reverse(&name, rials(5_000), &none).await,
                }
            } else {
                gateway(index).refund(&name, rials(5_000), id).await
            };
            is_clear = !matches!(said, Refunded::Unknown(_));
            if is_clear {
                let given = world.bank.with(|truth| truth.order(key).unwrap().given);
                assert_eq!(given, if said == Refunded::Done { 5_000 } else { 0 }, "{said:?}");
                break;
            }
        }
        assert_eq!(is_clear, !world.bank.with(|truth| truth.order(key).unwrap().is_mute));
    }
    world.bank.with(|truth| {
        assert!(truth.wrong.is_empty(), "{:?}", truth.wrong);
        for fault in [
            "refund lost on its way",
            "refunded, answer lost",
            "refund refused",
            "slow refund",
            "refund sent twice",
            "refunded later",
            "inquiry lost",
        ] {
            assert!(truth.faults.contains_key(fault), "{fault} never went wrong");
        }
    });
}

#[tokio::test]
async fn whoever_asks_a_gateway_for_another_amount_is_named() {
    let world = world(19).await;
    world.bank.calm();
    let gateway = SimGateway::of(&world.bank, 0);
    let now = world.clock.now();
    let wish = Wish {
        id: new_v7(now, &*world.nodes[0].rng),
        amount: rials(5_000),
        callback_url: String::new(),
        description: String::new(),
        phone: None,
        at: now,
    };
    let Requested::Go { authority, pay_url } = gateway.request(&wish).await else { panic!("no authority") };
    assert_eq!(world.bank.press(key_of(&pay_url).unwrap(), true), Paying::Paid);
    let extra = json!({ "order": wish.id.simple().to_string() });
    let said = gateway.verify(&authority, rials(4_999), &extra).await;
    assert!(matches!(said, Verified::NotPaid(_)));
    let said = gateway.verify(&authority, wish.amount, &json!({ "order": "forged" })).await;
    assert!(matches!(said, Verified::Paid { .. }));
    let wrong = world.bank.with(|truth| truth.wrong.clone());
    assert_named(&wrong, "verified with 4999 instead of 5000");
    assert_named(&wrong, "verified with another's order");
    // money is taken once, whoever asks how often
    let said = gateway.verify(&authority, wish.amount, &extra).await;
    assert!(matches!(said, Verified::Already { .. }));
}
