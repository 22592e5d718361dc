//! State that lives for minutes and is shared by all nodes: request windows and one-time passwords.
//! In memory on a single node, in Redis (or Valkey) on many; one suite proves that both behave alike.

mod memory;
mod redis;

use domain::{SignedDuration, Timestamp, otp::Policy};
use uuid::Uuid;

pub use memory::Memory;
pub use redis::Redis;

/// The shared state can't be reached.
#[derive(Debug, thiserror::Error)]
#[error("shared state unavailable: {0}")]
pub struct Unavailable(pub String);

pub type Result<T> = std::result::Result<T, Unavailable>;

/// What a window, a phone or an address is known by here: a keyed hash, never the thing itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    kind: &'static str,
    id: Box<[u8]>,
}

impl Key {
    pub fn new(kind: &'static str, id: &[u8]) -> Self {
        Self { kind, id: id.into() }
    }

    /// `kind:{hex}`; the braces keep all keys of one id on one node of a cluster.
    fn name(&self) -> String {
        use std::fmt::Write as _;
        let mut name = format!("helssa:{}:{{", self.kind);
        for byte in &self.id {
            let _ = write!(name, "{byte:02x}");
        }
        name.push('}');
        name
    }
}

/// A count within a window of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Whether this one was still within the limit (and was counted).
    pub allowed: bool,
    /// How many more are.
    pub remaining: i64,
    /// When the window ends.
    pub resets_at: Timestamp,
}

/// The answer to a request for a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// The challenge is kept; send the code.
    Started,
    /// The last code was sent too recently, or too many were sent: try again after this moment.
    TooMany { until: Timestamp },
    /// The phone, or the pair of phone and address, is locked until this moment.
    Locked { until: Timestamp },
}

/// The answer to a guess, before it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guess {
    /// Counted: compare with this hash, then [`State::consume`] or [`State::fail`].
    Evaluate { challenge: Uuid, hash: Vec<u8>, tries_left: i64 },
    /// No code to compare with: none was sent, it has expired, was used, or its tries are used up.
    NoCode,
    /// The phone, or the pair of phone and address, is locked until this moment.
    Locked { until: Timestamp },
}

/// Who guesses, for whom.
#[derive(Clone, Debug)]
pub struct Pair {
    pub phone: Vec<u8>,
    pub address: Vec<u8>,
}

/// A new code.
#[derive(Clone, Debug)]
pub struct Challenge {
    pub id: Uuid,
    pub hash: Vec<u8>,
}

/// The state, wherever it lives.
pub enum State {
    Memory(Memory),
    Redis(Redis),
}

impl State {
    /// Counts one more in the window of `key`; a window starts with its first count and ends `window`
    /// later. Exact, however many ask at once on however many nodes.
    pub async fn take(&self, key: &Key, limit: i64, window: SignedDuration, now: Timestamp) -> Result<Taken> {
        match self {
            Self::Memory(memory) => Ok(memory.take(key, limit, window, now)),
            Self::Redis(redis) => redis.take(key, limit, window, now).await,
        }
    }

    /// Starts a challenge unless the budgets or a lock forbid it.
    pub async fn begin(
        &self,
        pair: &Pair,
        challenge: &Challenge,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Begun> {
        match self {
            Self::Memory(memory) => Ok(memory.begin(pair, challenge, policy, now)),
            Self::Redis(redis) => redis.begin(pair, challenge, policy, now).await,
        }
    }

    /// Takes back a challenge whose code surely never left this system: it may be asked for again.
    pub async fn withdraw(&self, pair: &Pair, challenge: Uuid) -> Result<()> {
        match self {
            Self::Memory(memory) => memory.withdraw(pair, challenge),
            Self::Redis(redis) => redis.withdraw(pair, challenge).await?,
        }
        Ok(())
    }

    /// Counts a guess before it is compared.
    pub async fn guess(&self, pair: &Pair, policy: &Policy, now: Timestamp) -> Result<Guess> {
        match self {
            Self::Memory(memory) => Ok(memory.guess(pair, policy, now)),
            Self::Redis(redis) => redis.guess(pair, policy, now).await,
        }
    }

    /// A right guess uses the code up; true for exactly one of those who guess right.
    pub async fn consume(&self, pair: &Pair, challenge: Uuid) -> Result<bool> {
        match self {
            Self::Memory(memory) => Ok(memory.consume(pair, challenge)),
            Self::Redis(redis) => redis.consume(pair, challenge).await,
        }
    }

    /// A wrong guess counts against the pair and the phone, and may lock them.
    pub async fn fail(&self, pair: &Pair, policy: &Policy, now: Timestamp) -> Result<()> {
        match self {
            Self::Memory(memory) => memory.fail(pair, policy, now),
            Self::Redis(redis) => redis.fail(pair, policy, now).await?,
        }
        Ok(())
    }

    /// Whether the state can be reached, and what it is.
    pub async fn ping(&self) -> Result<()> {
        match self {
            Self::Memory(_) => Ok(()),
            Self::Redis(redis) => redis.ping().await,
        }
    }

    /// Whether other nodes share this state.
    pub const fn is_shared(&self) -> bool {
        matches!(self, Self::Redis(_))
    }
}
