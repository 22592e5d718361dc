//! Windows are exact under a thousand at once, end when their time has come, and do not know each other.

use std::sync::Arc;

use domain::Clock;
use helssa_state::{Key, Taken};
use rstest::rstest;
use testkit::{MovableClock, database::unique};

use crate::{HOUR, Kind, MILLISECOND, MINUTE, at_once, state, window};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_at_once_a_hundred_are_within_the_limit(
    #[values(Kind::Memory, Kind::Redis)] kind: Kind,
) {
    let (state, key) = (Arc::new(state(kind)), Arc::new(window()));
    let now = MovableClock::default().now();
    let taken = at_once(1_000, || {
        let (state, key) = (Arc::clone(&state), Arc::clone(&key));
        async move { state.take(&key, 100, HOUR, now).await.unwrap() }
    })
    .await;
    let mut remaining: Vec<i64> = taken.iter().filter(|t| t.allowed).map(|t| t.remaining).collect();
    remaining.sort_unstable();
    assert_eq!(remaining, (0..100).collect::<Vec<i64>>());
    assert!(taken.iter().filter(|t| !t.allowed).all(|t| t.remaining == 0));
    assert!(taken.iter().all(|t| t.resets_at == now + HOUR));
}

#[rstest]
#[tokio::test]
async fn a_window_counts_down_and_ends_when_its_time_has_come(
    #[values(Kind::Memory, Kind::Redis)] kind: Kind,
) {
    let (state, key, clock) = (state(kind), window(), MovableClock::default());
    let take = async || state.take(&key, 3, HOUR, clock.now()).await.unwrap();
    let first = clock.now() + HOUR;
    for remaining in [2, 1, 0] {
        assert_eq!(take().await, Taken { allowed: true, remaining, resets_at: first });
        clock.advance(MINUTE);
    }
    let refused = Taken { allowed: false, remaining: 0, resets_at: first };
    assert_eq!(take().await, refused);
    clock.advance(MINUTE * 57 - MILLISECOND);
    assert_eq!(take().await, refused, "a millisecond too early");
    clock.advance(MILLISECOND);
    let second = first + HOUR;
    assert_eq!(take().await, Taken { allowed: true, remaining: 2, resets_at: second });
    clock.advance(HOUR * 5);
    let third = clock.now() + HOUR;
    assert_eq!(take().await, Taken { allowed: true, remaining: 2, resets_at: third }, "long after its end");
}

#[rstest]
#[tokio::test]
async fn windows_do_not_know_each_other(#[values(Kind::Memory, Kind::Redis)] kind: Kind) {
    let (state, now, id) = (state(kind), MovableClock::default().now(), unique());
    for key in [Key::new("user", id.as_bytes()), Key::new("address", id.as_bytes()), window()] {
        let taken = state.take(&key, 1, HOUR, now).await.unwrap();
        assert!(taken.allowed, "{key:?}");
        assert!(!state.take(&key, 1, HOUR, now).await.unwrap().allowed, "{key:?}");
    }
}
