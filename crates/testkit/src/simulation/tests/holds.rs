//! Holds: without their money, and beyond their end.

use std::sync::Arc;

use app::Fault;
use domain::{
    Clock as _, Rials, SignedDuration,
    ids::{UserId, new_v7},
};
use store::holds::{Hold, HoldStatus};

use super::{assert_named, world};
use crate::simulation::{
    acts::{holds, people, workers},
    check::check_ends,
    requests::rials,
    world::World,
};

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
    let _given = people::give(Arc::clone(&app), user, 1_000, 1_000_000).await;
    let placed = holds::place(app, user, 100, ("sound".to_owned(), None)).await;
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
    let ended = workers::expire_holds(app).await;
    assert!(ended.wrong.is_some(), "{ended:?}");
    let named = check_ends(&world.nodes[0], world.clock.now()).await;
    assert_named(&named.into_iter().collect::<Vec<_>>(), "holds outlive their end");
}
