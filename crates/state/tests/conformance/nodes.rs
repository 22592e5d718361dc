//! Nodes over one Redis share everything, are told when it is away, and do little harm with a fast clock.

use std::time::Duration;

use domain::SignedDuration;
use helssa_state::{Begun, Guess, Redis, State};
use rstest::rstest;
use testkit::{database::unique, services};

use crate::{Desk, HOUR, Kind, MINUTE, challenge, state, window};

/// Redis only: memory is one node's own.
#[tokio::test]
async fn nodes_over_one_redis_share_everything() {
    let (one, mut other) = (Desk::new(Kind::Redis), Desk::new(Kind::Redis));
    other.phone.clone_from(&one.phone);
    assert!(one.state.is_shared() && other.state.is_shared());
    assert!(!state(Kind::Memory).is_shared());
    let (pair, now) = (one.pair(1), one.now());

    let key = window();
    assert_eq!(one.state.take(&key, 2, HOUR, now).await.unwrap().remaining, 1);
    assert_eq!(other.state.take(&key, 2, HOUR, now).await.unwrap().remaining, 0);
    assert!(!one.state.take(&key, 2, HOUR, now).await.unwrap().allowed);

    let withdrawn = one.start(&pair).await;
    other.withdraw(&pair, withdrawn).await;
    let id = other.start(&pair).await;
    assert_eq!(one.begin(&pair).await.0, Begun::TooMany { until: now + MINUTE });
    assert_eq!(one.tries_left(&pair).await, Some(2));
    assert_eq!(other.tries_left(&pair).await, Some(1));
    assert!(one.consume(&pair, id).await);
    assert!(!other.consume(&pair, id).await);

    one.fail(&pair, 3).await;
    other.fail(&pair, 2).await;
    let until = now + one.policy.lock;
    assert_eq!(one.guess(&pair).await, Guess::Locked { until });
    assert_eq!(other.guess(&pair).await, Guess::Locked { until });
}

#[rstest]
#[tokio::test]
async fn a_state_that_is_there_answers(#[values(Kind::Memory, Kind::Redis)] kind: Kind) {
    state(kind).ping().await.unwrap();
}

/// Redis only: memory is always there.
#[tokio::test]
async fn a_redis_that_is_away_is_unavailable_within_seconds() {
    const SOON: Duration = Duration::from_secs(30);
    let url = format!("redis://127.0.0.1:{}", services::free_port());
    // nobody waits that long for what refuses to be reached
    let redis = Redis::open(&url, 2 * SOON).unwrap();
    let desk = Desk { state: State::Redis(redis), ..Desk::new(Kind::Memory) };
    let (state, pair, policy, now) = (&desk.state, desk.pair(1), &desk.policy, desk.now());
    // twice: also after a connection has failed before
    for _ in 0..2 {
        let refused = async {
            [
                ("take", state.take(&window(), 1, HOUR, now).await.is_err()),
                ("begin", state.begin(&pair, &challenge(), policy, now).await.is_err()),
                ("guess", state.guess(&pair, policy, now).await.is_err()),
                ("consume", state.consume(&pair, unique()).await.is_err()),
                ("fail", state.fail(&pair, policy, now).await.is_err()),
                ("withdraw", state.withdraw(&pair, unique()).await.is_err()),
                ("ping", state.ping().await.is_err()),
            ]
        };
        for (operation, is_unavailable) in tokio::time::timeout(SOON, refused).await.unwrap() {
            assert!(is_unavailable, "{operation}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn what_a_fast_clock_has_set_ends_no_later_than_it_would(
    #[values(Kind::Memory, Kind::Redis)] kind: Kind,
) {
    let desk = Desk::new(kind);
    let (pair, window) = (desk.pair(1), window());
    let day = SignedDuration::from_hours(24);
    let right = desk.now();
    desk.clock.advance(day);
    desk.state.take(&window, 1, HOUR, desk.now()).await.unwrap();
    desk.start(&pair).await;
    desk.clock.advance(-day);

    let taken = desk.state.take(&window, 1, HOUR, right).await.unwrap();
    assert_eq!((taken.allowed, taken.resets_at), (false, right + HOUR));
    let (begun, _) = desk.begin(&pair).await;
    assert_eq!(begun, Begun::TooMany { until: right + desk.policy.resend_after });
    assert_eq!(desk.tries_left(&pair).await, Some(2), "the code is still one");
    // and each end comes: asking meanwhile puts none of them off
    desk.clock.advance(MINUTE);
    let again = desk.state.take(&window, 1, HOUR, desk.now()).await.unwrap();
    assert_eq!((again.allowed, again.resets_at), (false, right + HOUR));
    let late = right + HOUR;
    assert!(desk.state.take(&window, 1, HOUR, late).await.unwrap().allowed, "the window has ended");
    desk.clock.advance(desk.policy.life - MINUTE);
    assert_eq!(desk.tries_left(&pair).await, None, "the code lives two minutes, not a day");
    desk.start(&pair).await;

    desk.clock.advance(day);
    desk.fail(&pair, 5).await;
    desk.clock.advance(-day);
    let until = desk.now() + desk.policy.lock;
    assert_eq!(desk.guess(&pair).await, Guess::Locked { until });
    desk.clock.advance(MINUTE);
    assert_eq!(desk.guess(&pair).await, Guess::Locked { until }, "a guess does not put the end off");
    desk.clock.advance(desk.policy.lock - MINUTE);
    assert_eq!(desk.guess(&pair).await, Guess::NoCode, "the lock has ended");
}
