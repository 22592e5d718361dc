//! The use cases, one file per verb. Each takes the [`App`] and typed input, opens one transaction,
//! and answers with typed output or one of its own errors.

pub mod accounts;
pub mod admin;
pub mod billing;
mod caller;
pub mod demo;
pub mod doctors;
pub mod drugs;
pub mod fault;
pub mod idempotency;
pub mod jobs;
pub mod maintenance;
pub mod notifications;
pub mod patients;
pub mod prescriptions;
mod rate_limit;
pub mod reference;
mod revocations;
pub mod senders;
pub mod slots;
pub mod tokens;
pub mod visits;

use std::{net::IpAddr, sync::Arc};

use db::Db;
use domain::{Clock, Rng, otp};
use state::State;
use store::{
    Keyring,
    audit::{Actor, Event},
};

pub use caller::{AuthenticationError, Caller};
pub use db::usage;
pub use fault::Fault;
pub use rate_limit::{Counted, Fallback, RateLimits};
pub use revocations::{EVERY as REVOCATIONS_EVERY, Revocations};

/// What the use cases work with. One per node.
pub struct App {
    pub db: Db,
    pub state: State,
    pub keys: Keyring,
    pub tokens: tokens::Tokens,
    pub revocations: Revocations,
    pub senders: senders::Senders,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    pub otp: otp::Policy,
    pub in_flight: idempotency::InFlight,
    pub rate_fallback: Fallback,
    /// What searches look into; each node keeps its own.
    pub doctors: doctors::DoctorIndex,
    pub payments: Arc<dyn visits::payments::Payments>,
    pub billing: billing::Settings,
    /// Where money comes in.
    pub gateways: providers::Gateways,
    /// Who has the premium rate limit.
    pub tiers: billing::subscriptions::Tiers,
}

/// Where a request comes from; goes into sessions and the audit log.
#[derive(Clone, Debug)]
pub struct Origin {
    pub request_id: Arc<str>,
    pub address: IpAddr,
    pub user_agent: String,
}

impl Origin {
    /// What budgets and locks know the address by: an IPv6 household has a whole /64.
    pub(crate) fn budget_key(&self, keys: &Keyring) -> Vec<u8> {
        keys.address_index(&network(self.address))
    }
}

/// An address as limits see it.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// Who asks for an audited change, and in which request.
#[derive(Clone, Debug)]
pub struct By {
    pub actor: Actor,
    pub request_id: Arc<str>,
}

impl By {
    pub fn caller(caller: &Caller, origin: &Origin) -> Self {
        Self { actor: Actor::User(caller.user), request_id: Arc::clone(&origin.request_id) }
    }

    /// Somebody with a shell on the server.
    pub fn command_line() -> Self {
        Self { actor: Actor::CommandLine, request_id: "command line".into() }
    }

    /// A worker, by itself; `cause` stands where a request's id would.
    pub(crate) fn worker(cause: &str) -> Self {
        Self { actor: Actor::Worker, request_id: cause.into() }
    }

    /// Whoever calls an address that is open to everybody.
    pub fn stranger(origin: &Origin) -> Self {
        Self { actor: Actor::Stranger, request_id: Arc::clone(&origin.request_id) }
    }

    pub(crate) fn event(
        &self,
        action: &'static str,
        subject: Option<domain::ids::UserId>,
        detail: impl Into<String>,
    ) -> Event<'_> {
        Event { actor: self.actor, action, subject, detail: detail.into(), request_id: &self.request_id }
    }
}

impl App {
    /// Whether the database answers.
    pub async fn ping_database(&self) -> Result<(), Fault> {
        Ok(self.db.ping().await?)
    }

    /// Whether the shared state answers.
    pub async fn ping_state(&self) -> Result<(), Fault> {
        Ok(self.state.ping().await?)
    }

    /// What the database and the shared state are, in one word each.
    pub fn kinds(&self) -> (&'static str, &'static str) {
        let database = match self.db.engine() {
            db::Engine::Sqlite => "sqlite",
            db::Engine::Postgres => "postgres",
        };
        (database, if self.state.is_shared() { "redis" } else { "memory" })
    }
}

/// Compares in constant time.
pub fn equal(a: &str, b: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(a.as_bytes(), b.as_bytes()).is_ok()
}
