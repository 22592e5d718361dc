//! One suite for both homes of the shared state: a window or a code behaves alike in memory and in Redis.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod codes;
mod locks;
mod nodes;
mod requests;
mod windows;

use domain::{Clock, SignedDuration, Timestamp, otp::Policy};
use helssa_state::{Begun, Challenge, Guess, Key, Memory, Pair, Redis, State};
use testkit::{
    MovableClock,
    database::{PATIENCE, unique},
    services,
};
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
        Kind::Redis => State::Redis(Redis::open(&services::redis_url(), PATIENCE).unwrap()),
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
