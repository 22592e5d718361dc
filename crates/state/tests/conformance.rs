//! One suite for both homes of the shared state: a window or a code behaves alike in memory and in Redis.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{sync::Arc, time::Duration};

use domain::{Clock, SignedDuration, Timestamp, otp::Policy};
use helssa_state::{Begun, Challenge, Guess, Key, Memory, Pair, Redis, State, Taken};
use rstest::rstest;
use testkit::{MovableClock, database::unique, services};
use tokio::task::JoinSet;
use uuid::Uuid;

/// Where the state lives.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Memory,
    Redis,
}

fn state(kind: Kind) -> State {
    match kind {
        Kind::Memory => State::Memory(Memory::default()),
        Kind::Redis => State::Redis(Redis::open(&services::redis_url()).unwrap()),
    }
}

const MILLISECOND: SignedDuration = SignedDuration::from_millis(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A window that no other test has.
fn window() -> Key {
    Key::new("test", unique().as_bytes())
}

fn challenge() -> Challenge {
    let id = unique();
    // not text, and not all of it printable
    let hash = [&id.as_bytes()[..], &[0, 255, 13, 10, b'"', b' ']].concat();
    Challenge { id, hash }
}

/// One phone, and a clock that stands still until it is moved.
struct Desk {
    state: State,
    clock: MovableClock,
    policy: Policy,
    phone: Vec<u8>,
}

impl Desk {
    fn new(kind: Kind) -> Self {
        let phone = unique().as_bytes().to_vec();
        Self { state: state(kind), clock: MovableClock::default(), policy: Policy::default(), phone }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// This phone, asked about from an address.
    fn pair(&self, address: u8) -> Pair {
        Pair { phone: self.phone.clone(), address: vec![address; 16] }
    }

    async fn begin(&self, pair: &Pair) -> (Begun, Uuid) {
        let challenge = challenge();
        let begun = self.state.begin(pair, &challenge, &self.policy, self.now()).await.unwrap();
        (begun, challenge.id)
    }

    /// A new code, which is sent.
    async fn start(&self, pair: &Pair) -> Uuid {
        let (begun, id) = self.begin(pair).await;
        assert_eq!(begun, Begun::Started);
        id
    }

    async fn guess(&self, pair: &Pair) -> Guess {
        self.state.guess(pair, &self.policy, self.now()).await.unwrap()
    }

    /// How many more guesses there are after one that is compared; none when it is not.
    async fn tries_left(&self, pair: &Pair) -> Option<i64> {
        match self.guess(pair).await {
            Guess::Evaluate { tries_left, .. } => Some(tries_left),
            _ => None,
        }
    }

    async fn consume(&self, pair: &Pair, challenge: Uuid) -> bool {
        self.state.consume(pair, challenge).await.unwrap()
    }

    async fn withdraw(&self, pair: &Pair, challenge: Uuid) {
        self.state.withdraw(pair, challenge).await.unwrap();
    }

    async fn fail(&self, pair: &Pair, times: usize) {
        for _ in 0..times {
            self.state.fail(pair, &self.policy, self.now()).await.unwrap();
        }
    }
}

/// Does the same many times at once.
async fn at_once<F>(times: usize, work: impl Fn() -> F) -> Vec<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let mut all = JoinSet::new();
    for _ in 0..times {
        all.spawn(work());
    }
    all.join_all().await
}

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
    const PATIENCE: Duration = Duration::from_secs(5);
    let url = format!("redis://127.0.0.1:{}", services::free_port());
    let desk = Desk { state: State::Redis(Redis::open(&url).unwrap()), ..Desk::new(Kind::Memory) };
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
        for (operation, is_unavailable) in tokio::time::timeout(PATIENCE, refused).await.unwrap() {
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
