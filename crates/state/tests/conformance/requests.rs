//! How often a phone gets a code: one a minute, five an hour, and one that was not sent costs nothing.

use std::sync::Arc;

use helssa_state::{Begun, Guess};
use rstest::rstest;
use testkit::database::unique;

use crate::{Desk, HOUR, Kind, MILLISECOND, MINUTE, at_once};

#[rstest]
#[tokio::test]
async fn a_new_code_can_be_had_after_a_minute(#[values(Kind::Memory, Kind::Redis)] kind: Kind) {
    let desk = Desk::new(kind);
    let (pair, until) = (desk.pair(1), desk.now() + MINUTE);
    let first = desk.start(&pair).await;
    for _ in 0..3 {
        assert!(desk.tries_left(&pair).await.is_some());
    }
    assert_eq!(desk.begin(&pair).await.0, Begun::TooMany { until }, "at once");
    desk.clock.advance(MINUTE - MILLISECOND);
    assert_eq!(desk.begin(&pair).await.0, Begun::TooMany { until }, "a millisecond too early");
    assert_eq!(desk.begin(&desk.pair(2)).await.0, Begun::TooMany { until }, "from elsewhere");
    desk.clock.advance(MILLISECOND);
    let second = desk.start(&pair).await;
    assert_eq!(desk.tries_left(&pair).await, Some(2), "with tries of its own");
    assert!(!desk.consume(&pair, first).await, "the first is replaced");
    assert!(desk.consume(&pair, second).await);
    let until = desk.now() + MINUTE;
    assert_eq!(desk.begin(&pair).await.0, Begun::TooMany { until }, "also after it was used");
}

#[rstest]
#[tokio::test]
async fn a_phone_gets_five_codes_an_hour(#[values(Kind::Memory, Kind::Redis)] kind: Kind) {
    let desk = Desk::new(kind);
    let until = desk.now() + HOUR;
    for address in 1..=5 {
        desk.start(&desk.pair(address)).await;
        desk.clock.advance(MINUTE);
    }
    assert_eq!(desk.begin(&desk.pair(6)).await.0, Begun::TooMany { until });
    desk.clock.advance(MINUTE * 55 - MILLISECOND);
    assert_eq!(desk.begin(&desk.pair(6)).await.0, Begun::TooMany { until }, "a millisecond too early");
    desk.clock.advance(MILLISECOND);
    desk.start(&desk.pair(6)).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_hundred_requests_at_once_one_sends_a_code(#[values(Kind::Memory, Kind::Redis)] kind: Kind) {
    let desk = Arc::new(Desk::new(kind));
    let begun = at_once(100, || {
        let desk = Arc::clone(&desk);
        async move { desk.begin(&desk.pair(1)).await.0 }
    })
    .await;
    assert_eq!(begun.iter().filter(|begun| **begun == Begun::Started).count(), 1);
}

#[rstest]
#[tokio::test]
async fn a_code_that_was_not_sent_costs_nothing(#[values(Kind::Memory, Kind::Redis)] kind: Kind) {
    let desk = Desk::new(kind);
    let (pair, until) = (desk.pair(1), desk.now() + HOUR);
    for _ in 0..10 {
        let id = desk.start(&pair).await;
        desk.withdraw(&pair, unique()).await;
        assert_eq!(desk.tries_left(&pair).await, Some(2), "another challenge's withdrawal means nothing");
        desk.withdraw(&pair, id).await;
        assert_eq!(desk.guess(&pair).await, Guess::NoCode);
        assert!(!desk.consume(&pair, id).await);
        desk.withdraw(&pair, id).await;
    }
    for _ in 0..5 {
        desk.start(&pair).await;
        desk.clock.advance(MINUTE);
    }
    assert_eq!(desk.begin(&pair).await.0, Begun::TooMany { until }, "the budget is whole, and no more");
}
