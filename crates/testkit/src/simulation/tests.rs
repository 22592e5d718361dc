//! A check that finds nothing proves nothing: each of these plants a defect, and the simulation must name it.

mod credits;
mod gateways;
mod given_back;
mod holds;

use std::sync::Arc;

use domain::{
    Rials,
    ledger::{Account, Posting, PostingKind},
};
use parking_lot::Mutex;

use super::{
    Options,
    acts::people,
    gateway::{GATEWAYS, Key},
    report::Log,
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
    people::post(&world.nodes[1], posting).await.unwrap();
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
