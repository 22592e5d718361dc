//! What gateways have really taken, and what the ledger has made of it so far.

mod ends;
mod giving_back;
mod ledger;
mod paying;

use std::collections::{BTreeMap, HashMap};

use domain::{Rials, SignedDuration, Timestamp};
use uuid::Uuid;

use super::gateway::{GATEWAYS, Key, key_of};

/// Where a payment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open,
    Failed,
    Paid(Timestamp),
    /// Never verified: the gateway gave it back by itself.
    Returned,
    /// All of it was given back because we asked.
    Reversed,
}

/// A payment as its gateway knows it.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) charge: Uuid,
    pub(super) amount: Rials,
    /// When its charge began.
    pub(super) at: Timestamp,
    pub(super) state: State,
    /// The money is ours.
    pub(super) is_verified: bool,
    /// The gateway gives back what nobody has verified for so long.
    pub(super) returns: Option<SignedDuration>,
    /// Nobody but its payer's browser asks about it: it comes back until it is credited.
    pub(super) is_insistent: bool,
    /// What was given back of it because we asked, in Rials.
    pub(super) given: i64,
    /// Refunds that were done, by our ids.
    refunds: Vec<(Uuid, i64)>,
    /// It was asked to be reversed, and will be then.
    late: Option<Timestamp>,
    /// Its gateway never says clearly what became of giving it back.
    pub(super) is_mute: bool,
    calls: u64,
}

/// What pressing a button came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paying {
    Paid,
    Failed,
    /// Paid before, or too late.
    Closed,
}

/// The books of all gateways. Amounts are Rials.
#[derive(Default)]
pub(super) struct Truth {
    next: [u64; GATEWAYS.len()],
    requests: [u64; GATEWAYS.len()],
    lists: [u64; GATEWAYS.len()],
    orders: BTreeMap<Key, Order>,
    by_charge: HashMap<Uuid, Vec<Key>>,
    /// How often the ledger has credited a charge.
    credits: HashMap<Uuid, u32>,
    verified: [i64; GATEWAYS.len()],
    given: [i64; GATEWAYS.len()],
    credited: [i64; GATEWAYS.len()],
    refunded: [i64; GATEWAYS.len()],
    pub(super) faults: BTreeMap<&'static str, u64>,
    /// What must never happen, and has.
    pub(super) wrong: Vec<String>,
    /// What gateways gave back by themselves.
    pub(super) returned: u64,
}

impl Truth {
    pub(super) fn count(&mut self, fault: &'static str) {
        *self.faults.entry(fault).or_default() += 1;
    }

    pub(super) fn next_number(&mut self, gateway: usize) -> u64 {
        self.next[gateway] += 1;
        self.next[gateway]
    }

    /// How often a gateway was asked for its list, this time included.
    pub(super) fn count_list(&mut self, gateway: usize) -> u64 {
        self.lists[gateway] += 1;
        self.lists[gateway]
    }

    pub(super) fn count_request(&mut self, gateway: usize) -> u64 {
        self.requests[gateway] += 1;
        self.requests[gateway]
    }

    /// How often something was asked about this payment, this time included.
    pub(super) fn count_call(&mut self, key: Key) -> u64 {
        self.orders.get_mut(&key).map_or(0, |order| {
            order.calls += 1;
            order.calls
        })
    }

    pub(super) fn open(
        &mut self,
        key: Key,
        charge: Uuid,
        amount: Rials,
        at: Timestamp,
        returns: Option<SignedDuration>,
    ) {
        let order = Order {
            charge,
            amount,
            at,
            state: State::Open,
            is_verified: false,
            returns,
            is_insistent: false,
            given: 0,
            refunds: vec![],
            late: None,
            is_mute: false,
            calls: 0,
        };
        self.orders.insert(key, order);
        self.by_charge.entry(charge).or_default().push(key);
    }

    pub(super) fn order(&self, key: Key) -> Option<&Order> {
        self.orders.get(&key)
    }

    pub(super) fn order_mut(&mut self, key: Key) -> Option<&mut Order> {
        self.orders.get_mut(&key)
    }

    pub(super) fn orders(&self) -> impl Iterator<Item = (&Key, &Order)> {
        self.orders.iter()
    }

    /// The charge that is paid at this page.
    pub(super) fn charge_at(&self, page: &str) -> Option<(Key, Uuid)> {
        let key = key_of(page)?;
        self.orders.get(&key).map(|order| (key, order.charge))
    }

    /// Some charge that was credited.
    #[cfg(test)]
    pub(super) fn some_credited(&self) -> Option<(Key, Uuid, Rials)> {
        let is_credited = |order: &&Order| self.credits.contains_key(&order.charge);
        let found = self.orders.iter().find(|(_, order)| order.is_verified && is_credited(order));
        found.map(|(key, order)| (*key, order.charge, order.amount))
    }
}
