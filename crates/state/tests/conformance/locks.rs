//! Failures lock a phone: five for the address that made them, twenty for all, each lock for its time.

use helssa_state::{Begun, Guess, Pair};
use rstest::rstest;
use testkit::database::unique;

use crate::{Desk, HOUR, Kind, MILLISECOND, MINUTE};

#[rstest]
#[tokio::test]
async fn five_failures_lock_a_phone_for_the_address_that_made_them(
    #[values(Kind::Memory, Kind::Redis)] kind: Kind,
) {
    let desk = Desk::new(kind);
    let (one, other) = (desk.pair(1), desk.pair(2));
    desk.start(&one).await;
    desk.fail(&one, 4).await;
    assert_eq!(desk.tries_left(&one).await, Some(2), "not yet");
    desk.fail(&one, 1).await;
    let until = desk.now() + desk.policy.lock;
    assert_eq!(desk.policy.lock, MINUTE * 30);
    assert_eq!(desk.guess(&one).await, Guess::Locked { until });
    assert_eq!(desk.begin(&one).await.0, Begun::Locked { until });
    assert_eq!(desk.tries_left(&other).await, Some(1), "the owner elsewhere goes on");

    desk.clock.advance(MINUTE * 30 - MILLISECOND);
    assert_eq!(desk.guess(&one).await, Guess::Locked { until }, "a millisecond too early");
    assert_eq!(desk.begin(&one).await.0, Begun::Locked { until });
    desk.start(&other).await;
    desk.clock.advance(MILLISECOND);
    assert_eq!(desk.tries_left(&one).await, Some(2), "the lock has ended");
    desk.fail(&one, 4).await;
    assert_eq!(desk.tries_left(&one).await, Some(1), "and the count begins again");
}

#[rstest]
#[tokio::test]
async fn twenty_failures_lock_a_phone_for_all(#[values(Kind::Memory, Kind::Redis)] kind: Kind) {
    let desk = Desk::new(kind);
    desk.start(&desk.pair(99)).await;
    for address in 1..=19 {
        desk.fail(&desk.pair(address), 1).await;
    }
    assert_eq!(desk.tries_left(&desk.pair(99)).await, Some(2), "not yet");
    desk.fail(&desk.pair(20), 1).await;
    let until = desk.now() + desk.policy.lock;
    for address in [1, 20, 99] {
        assert_eq!(desk.guess(&desk.pair(address)).await, Guess::Locked { until }, "address {address}");
        assert_eq!(desk.begin(&desk.pair(address)).await.0, Begun::Locked { until }, "address {address}");
    }
    let another = Pair { phone: unique().as_bytes().to_vec(), address: desk.pair(1).address };
    desk.start(&another).await;

    desk.clock.advance(desk.policy.lock - MILLISECOND);
    assert_eq!(desk.guess(&desk.pair(99)).await, Guess::Locked { until }, "a millisecond too early");
    desk.clock.advance(MILLISECOND);
    desk.start(&desk.pair(99)).await;
    assert_eq!(desk.tries_left(&desk.pair(1)).await, Some(2), "the lock has ended");
}

#[rstest]
#[tokio::test]
async fn the_longer_of_two_locks_holds(#[values(Kind::Memory, Kind::Redis)] kind: Kind) {
    let desk = Desk::new(kind);
    let pair = desk.pair(1);
    desk.fail(&pair, 5).await;
    let of_the_pair = desk.now() + desk.policy.lock;
    assert_eq!(desk.guess(&pair).await, Guess::Locked { until: of_the_pair });
    desk.clock.advance(MINUTE * 10);
    for address in 2..=16 {
        desk.fail(&desk.pair(address), 1).await;
    }
    let of_the_phone = of_the_pair + MINUTE * 10;
    assert_eq!(desk.guess(&pair).await, Guess::Locked { until: of_the_phone });
}

#[rstest]
#[tokio::test]
async fn a_success_clears_the_failures_of_its_pair(#[values(Kind::Memory, Kind::Redis)] kind: Kind) {
    let desk = Desk::new(kind);
    let (pair, other) = (desk.pair(1), desk.pair(2));
    let id = desk.start(&pair).await;
    desk.fail(&other, 4).await;
    desk.fail(&pair, 4).await;
    assert!(desk.tries_left(&pair).await.is_some());
    assert!(desk.consume(&pair, id).await);
    desk.fail(&pair, 4).await;
    assert_eq!(desk.guess(&pair).await, Guess::NoCode, "not locked by eight");
    desk.fail(&pair, 1).await;
    let until = desk.now() + desk.policy.lock;
    assert_eq!(desk.guess(&pair).await, Guess::Locked { until }, "five after the success");
    desk.fail(&other, 1).await;
    assert_eq!(desk.guess(&other).await, Guess::Locked { until }, "another address keeps its own");
}

#[rstest]
#[tokio::test]
async fn failures_are_forgotten_after_a_day(#[values(Kind::Memory, Kind::Redis)] kind: Kind) {
    let desk = Desk::new(kind);
    let pair = desk.pair(1);
    desk.fail(&pair, 4).await;
    desk.clock.advance(HOUR * 24);
    desk.fail(&pair, 4).await;
    assert_eq!(desk.guess(&pair).await, Guess::NoCode);
    desk.clock.advance(HOUR * 24 - MILLISECOND);
    desk.fail(&pair, 1).await;
    let until = desk.now() + desk.policy.lock;
    assert_eq!(desk.guess(&pair).await, Guess::Locked { until }, "the fifth within a day");
}
