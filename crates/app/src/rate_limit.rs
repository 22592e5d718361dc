//! Requests an hour, by user or by client address (D6); exact on one node and on many.

use std::net::IpAddr;

use domain::{Role, SignedDuration, Timestamp};
use state::{Key, Memory, State};

use crate::{App, Caller, accounts::seconds_until, network};

const WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// Requests an hour.
#[derive(Clone, Copy, Debug)]
pub struct RateLimits {
    /// By client address.
    pub anonymous: i64,
    /// By user.
    pub authenticated: i64,
    /// By user, for subscribers of a premium plan.
    pub premium: i64,
}

/// What the headers of an answer say.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    pub limit: i64,
    pub allowed: bool,
    pub remaining: i64,
    pub resets_at: Timestamp,
    /// Seconds until the window ends, at least one.
    pub resets_in: i64,
}

/// Counts for this node alone while the shared state is away.
pub struct Fallback(State);

impl Default for Fallback {
    fn default() -> Self {
        Self(State::Memory(Memory::default()))
    }
}

impl App {
    /// Counts one request of this caller, or of this address where nobody is logged in.
    pub async fn count_request(
        &self,
        limits: &RateLimits,
        caller: Option<&Caller>,
        address: IpAddr,
    ) -> Counted {
        let now = self.clock.now();
        let (limit, key) = if let Some(caller) = caller {
            let is_premium = self.is_premium(caller, now).await;
            let limit = if is_premium { limits.premium } else { limits.authenticated };
            (limit, Key::new("rate-user", caller.user.0.as_bytes()))
        } else {
            let index = self.keys.address_index(&network(address));
            (limits.anonymous, Key::new("rate-address", &index))
        };
        let mut taken = self.state.take(&key, limit, WINDOW, now).await;
        if let Err(e) = &taken {
            // without the shared count each node counts for itself: better than none, or than no service
            tracing::warn!(error = %e, "the rate limit is counted on this node alone");
            taken = self.rate_fallback.0.take(&key, limit, WINDOW, now).await;
        }
        match taken {
            Ok(taken) => Counted {
                limit,
                allowed: taken.allowed,
                remaining: taken.remaining,
                resets_at: taken.resets_at,
                resets_in: seconds_until(taken.resets_at, now),
            },
            // memory doesn't fail
            Err(_) => {
                Counted { limit, allowed: true, remaining: 0, resets_at: now + WINDOW, resets_in: 3600 }
            }
        }
    }

    /// Patients alone subscribe. Who can't be looked up has the ordinary limit.
    async fn is_premium(&self, caller: &Caller, now: Timestamp) -> bool {
        if caller.role != Role::Patient {
            return false;
        }
        self.tiers.is_premium(&self.db, caller.user, now).await.unwrap_or_else(|e| {
            tracing::warn!(error = %e, "a caller's plan could not be looked up");
            false
        })
    }
}
