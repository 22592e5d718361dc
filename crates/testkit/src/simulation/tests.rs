//! A check that finds nothing proves nothing: each of these plants a defect, and the simulation must name it.

use std::sync::Arc;

use app::Fault;
use domain::{
    Clock as _, Rials, SignedDuration,
    ids::{UserId, new_v7},
    ledger::{Account, Posting, PostingKind},
};
use parking_lot::Mutex;
use providers::{
    Gateway as _,
    gateways::{Inquired, Order as Wish, Refunded, Requested, Verified},
};
use serde_json::json;
use store::holds::{Hold, HoldStatus};

use super::{
    Options, acts,
    chance::Dice,
    gateway::{GATEWAYS, Key, SimGateway, authority, key_of},
    report::Log,
    requests::rials,
    truth::Paying,
    world::World,
};

async fn world(seed: u64) -> World {
    let options = Options { seed, ..Options::default() };
    World::open(&options, Arc::new(Mutex::new(Log::default()))).await
}

/// A world in which a charge was credited: its payment and its amount.
async fn with_a_credit(seed: u64) -> (World, Key, String, Rials) {
    let mut world = world(seed).await;
    for _ in 0..2_000 {
        world.step().await.unwrap();
        let found = world.bank.with(|truth| truth.some_credited());
        if let Some((key, charge, amount)) = found {
            return (world, key, format!("charge:{charge}"), amount);
        }
    }
    panic!("nothing was ever credited");
}

/// Money of a gateway in a patient's wallet, under this key; what the next look says.
async fn post(world: &mut World, gateway: usize, unique_key: String, amount: Rials) -> Vec<String> {
    let moved = (Account::clearing(GATEWAYS[gateway]), Account::wallet(world.patients[0]), amount);
    let posting = Posting::transfer(PostingKind::Charge, unique_key, None, "شارژ", moved).unwrap();
    acts::post(&world.nodes[1], posting).await.unwrap();
    world.checker.look(&world.nodes[0], &world.bank).await.wrong
}

#[track_caller]
fn assert_named(wrong: &[String], what: &str) {
    assert!(wrong.iter().any(|text| text.contains(what)), "{what:?} is not among {wrong:?}");
}

#[tokio::test]
async fn what_is_sound_is_called_sound() {
    let mut world = world(11).await;
    for _ in 0..80 {
        world.step().await.unwrap();
    }
    world.check_whole().await.unwrap();
    world.finish().await.unwrap();
}

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
    let _given = acts::give(Arc::clone(&world.nodes[0]), user, 1_000_000_000, 1_000_000).await;
    let moved = (Account::wallet(user), Account::clearing(GATEWAYS[key.0]), rials(1_000_000_000));
    let posting = Posting::transfer(PostingKind::ChargeRefund, "planted".to_owned(), None, "بازگشت", moved);
    acts::post(&world.nodes[0], posting.unwrap()).await.unwrap();
    let wrong = world.checker.look(&world.nodes[0], &world.bank).await.wrong;
    assert_named(&wrong, "which knows of");
    assert_named(&world.check_whole().await.unwrap_err(), &format!("refunds of {}", GATEWAYS[key.0]));
}

#[tokio::test]
async fn money_that_was_paid_out_without_a_payout_is_named() {
    let mut world = world(22).await;
    let doctor = world.doctors[0];
    let _given = acts::give(Arc::clone(&world.nodes[0]), doctor, 1_000, 1_000_000).await;
    let moved = (Account::wallet(doctor), Account::payouts(), rials(7));
    let posting = Posting::transfer(PostingKind::Payout, "planted".to_owned(), None, "واریز", moved).unwrap();
    acts::post(&world.nodes[0], posting).await.unwrap();
    assert_named(&world.check_whole().await.unwrap_err(), "payouts: 7 in the ledger, Some((0,))");
}

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

/// Blocks money by its record alone: no Rial moves.
async fn plant_hold(world: &World, user: UserId, ends_in: SignedDuration) {
    let (app, now) = (&world.nodes[0], world.clock.now());
    let hold = Hold {
        id: new_v7(now, &*app.rng),
        user,
        amount: rials(40),
        status: HoldStatus::Open,
        posted: Rials::ZERO,
        expires_at: Some(now + ends_in),
        unique_key: "planted".into(),
        purpose: "simulation".into(),
        reference: None,
        created_at: now,
        ended_at: None,
    };
    let added = app.db.write(hold, |tx, hold| {
        Box::pin(async move { store::holds::insert(tx, hold).await.map_err(Fault::from) })
    });
    assert!(added.await.unwrap());
}

#[tokio::test]
async fn a_hold_without_its_money_is_named() {
    let mut world = world(17).await;
    let user = world.patients[0];
    plant_hold(&world, user, SignedDuration::from_hours(1)).await;
    let app = Arc::clone(&world.nodes[0]);
    let _given = acts::give(Arc::clone(&app), user, 1_000, 1_000_000).await;
    let placed = acts::place_hold(app, user, 100, ("sound".to_owned(), None)).await;
    assert_eq!(placed.label, "done");
    let seen = world.checker.look(&world.nodes[0], &world.bank).await;
    assert_named(&seen.wrong, "100 is blocked, and the open holds say 140");
}

#[tokio::test]
async fn a_hold_that_outlives_its_end_is_named() {
    let world = world(18).await;
    let app = Arc::clone(&world.nodes[0]);
    plant_hold(&world, world.patients[0], SignedDuration::from_secs(1)).await;
    world.clock.advance(SignedDuration::from_secs(2));
    // what is blocked is not there, so it can't be given back
    let ended = acts::expire_holds(app).await;
    assert!(ended.wrong.is_some(), "{ended:?}");
    let named = super::check::check_ends(&world.nodes[0], world.clock.now()).await;
    assert_named(&named.into_iter().collect::<Vec<_>>(), "holds outlive their end");
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

#[test]
fn the_same_seed_throws_the_same() {
    let throws = |seed| {
        let mut dice = Dice::new(seed);
        (0..100).map(|_| dice.between(-5, 5)).collect::<Vec<_>>()
    };
    assert_eq!(throws(3), throws(3));
    assert_ne!(throws(3), throws(4));
    assert!(throws(3).iter().all(|n| (-5..=5).contains(n)));
}
