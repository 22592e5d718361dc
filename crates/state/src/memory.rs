//! The state of a single node. A restart forgets it: open codes are asked for again, windows start anew.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
};

use domain::{SignedDuration, Timestamp, otp::Policy};
use parking_lot::Mutex;
use uuid::Uuid;

use crate::{Begun, Challenge, Guess, Key, Pair, Taken};

const SHARDS: usize = 64;

/// Windows and challenges, in shards so that cores rarely wait for each other.
pub struct Memory {
    windows: Shards<Key, Window>,
    phones: Shards<Vec<u8>, PhoneState>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    count: i64,
    ends: Timestamp,
}

impl Default for Window {
    fn default() -> Self {
        Self { count: 0, ends: Timestamp::MIN }
    }
}

impl Window {
    /// The window that is open now.
    fn current(&mut self, length: SignedDuration, now: Timestamp) -> &mut Self {
        if self.ends <= now {
            *self = Self { count: 0, ends: now + length };
        }
        // one that a wrong clock has opened ends no later than a right one's
        self.ends = self.ends.min(now + length);
        self
    }
}

#[derive(Default)]
struct PhoneState {
    challenge: Option<Open>,
    next_send: Option<Timestamp>,
    sends: Window,
    failures: Window,
    locked_until: Option<Timestamp>,
    pairs: HashMap<Vec<u8>, PairState>,
}

struct Open {
    id: Uuid,
    hash: Vec<u8>,
    expires_at: Timestamp,
    guesses: i64,
}

#[derive(Default)]
struct PairState {
    failures: Window,
    locked_until: Option<Timestamp>,
}

impl PhoneState {
    /// No end lies further away than its own length, whatever clock has set it.
    fn clamp(&mut self, policy: &Policy, now: Timestamp) {
        let nearer = |end: &mut Option<Timestamp>, length| *end = end.map(|at| at.min(now + length));
        nearer(&mut self.next_send, policy.resend_after);
        nearer(&mut self.locked_until, policy.lock);
        for pair in self.pairs.values_mut() {
            nearer(&mut pair.locked_until, policy.lock);
        }
        if let Some(open) = &mut self.challenge {
            open.expires_at = open.expires_at.min(now + policy.life);
        }
    }

    fn lock(&self, address: &[u8], now: Timestamp) -> Option<Timestamp> {
        let pair = self.pairs.get(address).and_then(|pair| pair.locked_until);
        [self.locked_until, pair].into_iter().flatten().filter(|until| *until > now).max()
    }

    fn is_over(&self, now: Timestamp) -> bool {
        let past = |at: Option<Timestamp>| at.is_none_or(|at| at <= now);
        self.challenge.as_ref().is_none_or(|c| c.expires_at <= now)
            && past(self.locked_until)
            && self.sends.ends <= now
            && self.failures.ends <= now
            && self.pairs.values().all(|p| past(p.locked_until) && p.failures.ends <= now)
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self { windows: Shards::new(|w, now| w.ends <= now), phones: Shards::new(PhoneState::is_over) }
    }
}

impl Memory {
    pub(crate) fn take(&self, key: &Key, limit: i64, length: SignedDuration, now: Timestamp) -> Taken {
        self.windows.with(key, now, |window| {
            let window = window.current(length, now);
            let allowed = window.count < limit;
            window.count += i64::from(allowed);
            Taken { allowed, remaining: (limit - window.count).max(0), resets_at: window.ends }
        })
    }

    pub(crate) fn begin(&self, pair: &Pair, new: &Challenge, policy: &Policy, now: Timestamp) -> Begun {
        self.phones.with(&pair.phone, now, |phone| {
            phone.clamp(policy, now);
            if let Some(until) = phone.lock(&pair.address, now) {
                return Begun::Locked { until };
            }
            if let Some(until) = phone.next_send.filter(|until| *until > now) {
                return Begun::TooMany { until };
            }
            let sends = phone.sends.current(Policy::SEND_WINDOW, now);
            if sends.count >= policy.sends_per_phone {
                return Begun::TooMany { until: sends.ends };
            }
            sends.count += 1;
            phone.next_send = Some(now + policy.resend_after);
            phone.challenge =
                Some(Open { id: new.id, hash: new.hash.clone(), expires_at: now + policy.life, guesses: 0 });
            Begun::Started
        })
    }

    pub(crate) fn withdraw(&self, pair: &Pair, challenge: Uuid) {
        self.phones.with(&pair.phone, Timestamp::MIN, |phone| {
            if phone.challenge.as_ref().is_some_and(|open| open.id == challenge) {
                phone.challenge = None;
                phone.next_send = None;
                phone.sends.count -= 1;
            }
        });
    }

    pub(crate) fn guess(&self, pair: &Pair, policy: &Policy, now: Timestamp) -> Guess {
        self.phones.with(&pair.phone, now, |phone| {
            phone.clamp(policy, now);
            if let Some(until) = phone.lock(&pair.address, now) {
                return Guess::Locked { until };
            }
            match &mut phone.challenge {
                Some(open) if open.expires_at > now && open.guesses < policy.tries => {
                    open.guesses += 1;
                    Guess::Evaluate {
                        challenge: open.id,
                        hash: open.hash.clone(),
                        tries_left: policy.tries - open.guesses,
                    }
                }
                _ => Guess::NoCode,
            }
        })
    }

    pub(crate) fn consume(&self, pair: &Pair, challenge: Uuid) -> bool {
        self.phones.with(&pair.phone, Timestamp::MIN, |phone| {
            let is_open = phone.challenge.as_ref().is_some_and(|open| open.id == challenge);
            if is_open {
                phone.challenge = None;
                phone.pairs.remove(&pair.address);
            }
            is_open
        })
    }

    pub(crate) fn fail(&self, pair: &Pair, policy: &Policy, now: Timestamp) {
        self.phones.with(&pair.phone, now, |phone| {
            let failures = phone.failures.current(Policy::FAILURE_WINDOW, now);
            failures.count += 1;
            if failures.count >= policy.failures_per_phone {
                failures.count = 0;
                phone.locked_until = Some(now + policy.lock);
            }
            let pair = phone.pairs.entry(pair.address.clone()).or_default();
            let failures = pair.failures.current(Policy::FAILURE_WINDOW, now);
            failures.count += 1;
            if failures.count >= policy.failures_per_pair {
                failures.count = 0;
                pair.locked_until = Some(now + policy.lock);
            }
        });
    }
}

/// A map in shards that forgets what is over whenever a shard has doubled.
struct Shards<K, V> {
    all: Vec<Mutex<Shard<K, V>>>,
    hasher: RandomState,
    is_over: fn(&V, Timestamp) -> bool,
}

struct Shard<K, V> {
    map: HashMap<K, V>,
    sweep_at: usize,
}

const FIRST_SWEEP: usize = 256;

impl<K: std::hash::Hash + Eq + Clone, V: Default> Shards<K, V> {
    fn new(is_over: fn(&V, Timestamp) -> bool) -> Self {
        let shard = || Mutex::new(Shard { map: HashMap::new(), sweep_at: FIRST_SWEEP });
        Self { all: (0..SHARDS).map(|_| shard()).collect(), hasher: RandomState::new(), is_over }
    }

    #[expect(clippy::cast_possible_truncation, reason = "any bits of the hash will do")]
    fn with<T>(&self, key: &K, now: Timestamp, change: impl FnOnce(&mut V) -> T) -> T {
        let index = self.hasher.hash_one(key) as usize % SHARDS;
        let mut shard = self.all[index].lock();
        if let Some(value) = shard.map.get_mut(key) {
            return change(value);
        }
        if shard.map.len() >= shard.sweep_at {
            shard.map.retain(|_, value| !(self.is_over)(value, now));
            shard.sweep_at = (shard.map.len() * 2).max(FIRST_SWEEP);
        }
        change(shard.map.entry(key.clone()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_is_forgotten() {
        let memory = Memory::default();
        let (hour, start) = (SignedDuration::from_hours(1), Timestamp::UNIX_EPOCH);
        for n in 0..200_000_u32 {
            // a second later each: an hour holds 3,600 of them
            let now = start + SignedDuration::from_secs(n.into());
            memory.take(&Key::new("test", &n.to_be_bytes()), 1, hour, now);
        }
        let kept: usize = memory.windows.all.iter().map(|s| s.lock().map.len()).sum();
        assert!(kept <= SHARDS * FIRST_SWEEP * 2, "{kept}");
    }
}
