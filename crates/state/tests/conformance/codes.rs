//! A code is used once, within two minutes, and of however many guesses three are compared.

use std::sync::Arc;

use helssa_state::{Begun, Guess};
use rstest::rstest;
use testkit::database::unique;

use crate::{Desk, Kind, MILLISECOND, MINUTE, at_once, challenge};

#[rstest]
#[tokio::test]
async fn a_code_is_used_once(#[values(Kind::Memory, Kind::Redis)] kind: Kind) {
    let desk = Desk::new(kind);
    let pair = desk.pair(1);
    assert_eq!(desk.guess(&pair).await, Guess::NoCode, "none was sent");
    let sent = challenge();
    let begun = desk.state.begin(&pair, &sent, &desk.policy, desk.now()).await.unwrap();
    assert_eq!(begun, Begun::Started);
    let expected = Guess::Evaluate { challenge: sent.id, hash: sent.hash, tries_left: 2 };
    assert_eq!(desk.guess(&pair).await, expected);
    assert!(!desk.consume(&pair, unique()).await, "not this challenge");
    assert!(desk.consume(&pair, sent.id).await);
    assert!(!desk.consume(&pair, sent.id).await, "a second time");
    assert_eq!(desk.guess(&pair).await, Guess::NoCode, "it is used up");
}

#[rstest]
#[tokio::test]
async fn the_owner_may_guess_from_another_address(#[values(Kind::Memory, Kind::Redis)] kind: Kind) {
    let desk = Desk::new(kind);
    let id = desk.start(&desk.pair(1)).await;
    assert_eq!(desk.tries_left(&desk.pair(2)).await, Some(2));
    assert!(desk.consume(&desk.pair(2), id).await);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_right_guesses_at_once_one_logs_in(#[values(Kind::Memory, Kind::Redis)] kind: Kind) {
    let desk = Arc::new(Desk::new(kind));
    desk.start(&desk.pair(1)).await;
    let outcomes = at_once(1_000, || {
        let desk = Arc::clone(&desk);
        async move {
            let pair = desk.pair(1);
            match desk.guess(&pair).await {
                Guess::Evaluate { challenge, .. } => Some(desk.consume(&pair, challenge).await),
                _ => None,
            }
        }
    })
    .await;
    let evaluated: Vec<bool> = outcomes.into_iter().flatten().collect();
    assert!((1..=3).contains(&evaluated.len()), "{evaluated:?}");
    assert_eq!(evaluated.iter().filter(|used| **used).count(), 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_ten_thousand_guesses_three_are_compared(#[values(Kind::Memory, Kind::Redis)] kind: Kind) {
    let desk = Arc::new(Desk::new(kind));
    desk.start(&desk.pair(1)).await;
    let mut compared = vec![];
    for _ in 0..10 {
        let guesses = at_once(1_000, || {
            let desk = Arc::clone(&desk);
            async move { desk.tries_left(&desk.pair(1)).await }
        });
        compared.extend(guesses.await.into_iter().flatten());
    }
    compared.sort_unstable();
    assert_eq!(compared, [0, 1, 2]);
}

#[rstest]
#[tokio::test]
async fn a_code_lives_two_minutes_and_no_try_makes_it_live_longer(
    #[values(Kind::Memory, Kind::Redis)] kind: Kind,
) {
    let desk = Desk::new(kind);
    let pair = desk.pair(1);
    desk.start(&pair).await;
    desk.clock.advance(MINUTE);
    assert_eq!(desk.tries_left(&pair).await, Some(2));
    desk.fail(&pair, 1).await;
    desk.clock.advance(MINUTE - MILLISECOND);
    assert_eq!(desk.tries_left(&pair).await, Some(1), "just before its end");
    desk.fail(&pair, 1).await;
    desk.clock.advance(MILLISECOND);
    assert_eq!(desk.guess(&pair).await, Guess::NoCode, "a try is left, but no time");
}
