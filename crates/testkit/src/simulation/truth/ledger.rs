//! What the ledger says of the gateways' money, and whether they have taken and given as much.

use uuid::Uuid;

use super::Truth;
use crate::simulation::gateway::{GATEWAYS, Key, authority};

impl Truth {
    /// The ledger says that a gateway has taken this for us. Why that is wrong, if it is.
    pub(in crate::simulation) fn credit(
        &mut self,
        gateway: usize,
        amount: i64,
        unique_key: &str,
    ) -> Result<(), String> {
        self.credited[gateway] += amount;
        let name = GATEWAYS[gateway];
        let (credited, verified) = (self.credited[gateway], self.verified[gateway]);
        if credited > verified {
            return Err(format!(
                "{unique_key}: the ledger has {credited} Rials of {name}, which has given {verified}"
            ));
        }
        let (charge, named) = charge_of(unique_key)
            .ok_or_else(|| format!("{unique_key}: money of {name} under a key that is no charge's"))?;
        let keys = self.by_charge.get(&charge).map_or(&[][..], Vec::as_slice);
        let verified: Vec<Key> = keys
            .iter()
            .filter(|key| key.0 == gateway && self.orders.get(key).is_some_and(|order| order.is_verified))
            .copied()
            .collect();
        let credits = self.credits.entry(charge).or_default();
        *credits += 1;
        if usize::try_from(*credits).is_ok_and(|credits| credits > verified.len()) {
            let payments = verified.len();
            return Err(format!("{unique_key}: credited {credits} times, of {payments} payments at {name}"));
        }
        if verified.iter().any(|key| self.orders[key].amount.get() != amount) {
            return Err(format!("{unique_key}: credited with {amount}, which was not paid"));
        }
        if named.is_some_and(|named| !verified.iter().any(|key| authority(key.1) == named)) {
            return Err(format!("{unique_key}: credited for a payment that nobody has made"));
        }
        Ok(())
    }

    /// The ledger says that a gateway has given this back.
    pub(in crate::simulation) fn refund(
        &mut self,
        gateway: usize,
        amount: i64,
        unique_key: &str,
    ) -> Result<(), String> {
        self.refunded[gateway] += amount;
        let (refunded, given) = (self.refunded[gateway], self.given[gateway]);
        if refunded <= given {
            return Ok(());
        }
        let name = GATEWAYS[gateway];
        Err(format!("{unique_key}: {refunded} Rials given back through {name}, which knows of {given}"))
    }

    /// What the clearing account of a gateway has to hold, of what the ledger has said so far.
    pub(in crate::simulation) fn clearing(&self, gateway: usize) -> i64 {
        self.refunded[gateway] - self.credited[gateway]
    }

    /// Rials that were credited.
    pub(in crate::simulation) fn credited(&self) -> i64 {
        self.credited.iter().sum()
    }

    /// What the ledger says that a gateway has given back.
    pub(in crate::simulation) fn refunded(&self, gateway: usize) -> i64 {
        self.refunded[gateway]
    }

    /// The same of all of them, in Rials.
    pub(in crate::simulation) fn given_back(&self) -> i64 {
        self.refunded.iter().sum()
    }

    /// Whether the ledger has credited this charge as often as it was paid.
    pub(super) fn is_credited(&self, charge: Uuid) -> bool {
        let is_ours = |key: &&Key| self.orders.get(*key).is_some_and(|order| order.is_verified);
        let payments = self.by_charge.get(&charge).map_or(0, |keys| keys.iter().filter(is_ours).count());
        let credits = self.credits.get(&charge).copied().unwrap_or_default();
        usize::try_from(credits).is_ok_and(|credits| credits >= payments)
    }
}

/// Reads `charge:{id}` and `charge:{id}:{authority}`.
fn charge_of(unique_key: &str) -> Option<(Uuid, Option<&str>)> {
    let rest = unique_key.strip_prefix("charge:")?;
    let (id, named) = match rest.split_once(':') {
        Some((id, named)) => (id, Some(named)),
        None => (rest, None),
    };
    Some((id.parse().ok()?, named))
}
