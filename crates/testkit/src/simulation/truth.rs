//! What gateways have really taken, and what the ledger has made of it so far.

use std::collections::{BTreeMap, HashMap};

use app::billing::charges::LIFE;
use domain::{Rials, SignedDuration, Timestamp};
use providers::gateways::{Inquired, Refunded, Verified};
use serde_json::Value;
use uuid::Uuid;

use super::gateway::{GATEWAYS, Key, REVERSES_WITHIN, authority, key_of};

/// A page that nothing has failed on can be paid for so long: longer than a charge lives.
const PAYABLE: SignedDuration = SignedDuration::from_mins(90);
/// After a failure it may be tried again for as long as a charge lives.
const RETRY: SignedDuration = LIFE;
/// What has come to its end is forgotten after that.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 3);

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

    pub(super) fn press(&mut self, key: Key, succeed: bool, now: Timestamp) -> Paying {
        let Some(order) = self.orders.get_mut(&key) else { return Paying::Closed };
        let until = match order.state {
            State::Open => order.at + PAYABLE,
            State::Failed => order.at + RETRY,
            State::Paid(_) | State::Returned | State::Reversed => return Paying::Closed,
        };
        if now >= until {
            return Paying::Closed;
        }
        if !succeed {
            order.state = State::Failed;
            return Paying::Failed;
        }
        let (is_late, is_retry) = (now >= order.at + LIFE, order.state == State::Failed);
        order.state = State::Paid(now);
        if is_late {
            self.count("paid after its end");
        }
        if is_retry {
            self.count("tried again after a failure");
        }
        Paying::Paid
    }

    /// The answer to a verify, which takes the money of what was paid.
    pub(super) fn verify(&mut self, key: Key, amount: Rials, extra: &Value, now: Timestamp) -> Verified {
        let Some(order) = self.orders.get_mut(&key) else { return Verified::NotPaid("-54".to_owned()) };
        let name = GATEWAYS[key.0];
        if order.amount != amount {
            let text = format!("{name} {}: verified with {amount} instead of {}", key.1, order.amount);
            self.wrong.push(text);
            return Verified::NotPaid("-50".to_owned());
        }
        if extra["order"] != Value::String(order.charge.simple().to_string()) {
            self.wrong.push(format!("{name} {}: verified with another's order: {extra}", key.1));
        }
        if has_gone_back(order, now) {
            order.state = State::Returned;
            self.returned += 1;
        }
        let reference = format!("ref-{}", key.1);
        match order.state {
            State::Open if now < order.at + PAYABLE => Verified::Unknown("in the bank".to_owned()),
            State::Open => Verified::NotPaid("expired".to_owned()),
            State::Failed => Verified::NotPaid("failed".to_owned()),
            State::Returned => Verified::NotPaid("returned".to_owned()),
            State::Reversed => Verified::NotPaid("reversed".to_owned()),
            State::Paid(_) if order.is_verified => Verified::Already { reference: Some(reference) },
            State::Paid(_) => {
                order.is_verified = true;
                self.verified[key.0] += amount.get();
                Verified::Paid { reference, card: None, fee: None }
            }
        }
    }

    /// Gives all of a young payment back.
    pub(super) fn reverse(&mut self, key: Key, amount: Rials, now: Timestamp) -> Refunded {
        self.ripen(key, now);
        let Some(order) = self.orders.get_mut(&key) else { return Refunded::Impossible("-54".to_owned()) };
        match order.state {
            State::Reversed => Refunded::Done,
            State::Paid(at) if order.is_verified && order.given == 0 && now < at + REVERSES_WITHIN => {
                if amount != order.amount {
                    let (name, all) = (GATEWAYS[key.0], order.amount);
                    let text = format!("{name} {}: {amount} of {all} is to be reversed", key.1);
                    self.wrong.push(text);
                    return Refunded::Impossible("-50".to_owned());
                }
                self.take_back(key);
                Refunded::Done
            }
            _ => Refunded::Impossible("-63".to_owned()),
        }
    }

    /// The same, but it takes effect only then; whether it will.
    pub(super) fn reverse_later(&mut self, key: Key, (now, then): (Timestamp, Timestamp)) -> bool {
        let Some(order) = self.orders.get_mut(&key) else { return false };
        match order.state {
            State::Paid(at) if order.is_verified && order.given == 0 && now < at + REVERSES_WITHIN => {
                order.late = order.late.or(Some(then));
                true
            }
            _ => false,
        }
    }

    /// What was to take effect by now has.
    fn ripen(&mut self, key: Key, now: Timestamp) {
        let is_ripe = |order: &Order| order.late.is_some_and(|at| at <= now);
        if self.orders.get(&key).is_some_and(is_ripe) {
            self.take_back(key);
        }
    }

    fn take_back(&mut self, key: Key) {
        let Some(order) = self.orders.get_mut(&key) else { return };
        order.late = None;
        if order.given == 0 {
            order.state = State::Reversed;
            order.given = order.amount.get();
            self.given[key.0] += order.given;
        }
    }

    /// Gives a part back, or all; the same id is the same refund.
    pub(super) fn give_back(&mut self, key: Key, amount: Rials, id: Uuid) -> Refunded {
        let Some(order) = self.orders.get_mut(&key) else { return Refunded::Impossible("-54".to_owned()) };
        let name = GATEWAYS[key.0];
        if let Some((_, before)) = order.refunds.iter().find(|(known, _)| *known == id) {
            if *before != amount.get() {
                self.wrong.push(format!("{name} {}: refund {id} of {before} and of {amount}", key.1));
            }
            return Refunded::Done;
        }
        if !matches!(order.state, State::Paid(_) | State::Reversed) || !order.is_verified {
            return Refunded::Impossible("-60".to_owned());
        }
        if order.given + amount.get() > order.amount.get() {
            let (given, all) = (order.given, order.amount);
            let text = format!("{name} {}: {amount} more to be given back, of {all} already {given}", key.1);
            self.wrong.push(text);
            return Refunded::Impossible("-61".to_owned());
        }
        order.refunds.push((id, amount.get()));
        order.given += amount.get();
        self.given[key.0] += amount.get();
        Refunded::Done
    }

    /// Whether it was given back already: all of it, or by the refund of this id.
    pub(super) fn is_given(&self, key: Key, id: Option<Uuid>) -> bool {
        self.orders.get(&key).is_some_and(|order| match id {
            Some(id) => order.refunds.iter().any(|(known, _)| *known == id),
            None => order.state == State::Reversed,
        })
    }

    pub(super) fn inquire(&mut self, key: Key, now: Timestamp) -> Inquired {
        self.ripen(key, now);
        match self.orders.get(&key).map(|order| (order.state, order.is_verified)) {
            None => Inquired::Unknown("-54".to_owned()),
            Some((State::Open, _)) => Inquired::Pending,
            Some((State::Failed | State::Returned, _)) => Inquired::Failed,
            Some((State::Paid(_), true)) => Inquired::Verified,
            Some((State::Paid(_), false)) => Inquired::Paid,
            Some((State::Reversed, _)) => Inquired::Reversed,
        }
    }

    /// The payments of a gateway that are paid, and that nobody has verified.
    pub(super) fn unverified(&self, gateway: usize, now: Timestamp) -> Vec<u64> {
        let of_it = self.orders.range((gateway, 0)..=(gateway, u64::MAX));
        let waits = |order: &Order| {
            matches!(order.state, State::Paid(_)) && !order.is_verified && !has_gone_back(order, now)
        };
        of_it.filter(|(_, order)| waits(order)).map(|(key, _)| key.1).collect()
    }

    /// The ledger says that a gateway has taken this for us. Why that is wrong, if it is.
    pub(super) fn credit(&mut self, gateway: usize, amount: i64, unique_key: &str) -> Result<(), String> {
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
    pub(super) fn refund(&mut self, gateway: usize, amount: i64, unique_key: &str) -> Result<(), String> {
        self.refunded[gateway] += amount;
        let (refunded, given) = (self.refunded[gateway], self.given[gateway]);
        if refunded <= given {
            return Ok(());
        }
        let name = GATEWAYS[gateway];
        Err(format!("{unique_key}: {refunded} Rials given back through {name}, which knows of {given}"))
    }

    /// What is wrong once everything has come to rest.
    pub(super) fn unsettled(&mut self, now: Timestamp) -> Vec<String> {
        let mut wrong = vec![];
        let keys: Vec<Key> = self.orders.keys().copied().collect();
        for key in keys {
            self.ripen(key, now);
        }
        for (key, order) in &self.orders {
            let name = GATEWAYS[key.0];
            let (number, charge) = (key.1, order.charge);
            let is_paid = matches!(order.state, State::Paid(_)) && !has_gone_back(order, now);
            if is_paid && !order.is_verified {
                wrong.push(format!("{name} {number} of charge {charge}: paid, and never asked about"));
            } else if is_paid && !self.is_credited(charge) {
                wrong.push(format!("{name} {number} of charge {charge}: paid, and never credited"));
            }
        }
        for (gateway, name) in GATEWAYS.iter().enumerate() {
            // what a gateway gave back and never says so
            let silent = self.orders.iter().filter(|(key, order)| key.0 == gateway && order.is_mute);
            let silent: i64 = silent.map(|(_, order)| order.given).sum();
            let taken = self.verified[gateway] - self.given[gateway] + silent;
            let booked = self.credited[gateway] - self.refunded[gateway];
            if taken != booked {
                wrong.push(format!("{name} has given {taken} Rials, the ledger has {booked}"));
            }
        }
        wrong
    }

    /// What the clearing account of a gateway has to hold, of what the ledger has said so far.
    pub(super) fn clearing(&self, gateway: usize) -> i64 {
        self.refunded[gateway] - self.credited[gateway]
    }

    /// Rials that were credited.
    pub(super) fn credited(&self) -> i64 {
        self.credited.iter().sum()
    }

    /// What the ledger says that a gateway has given back.
    pub(super) fn refunded(&self, gateway: usize) -> i64 {
        self.refunded[gateway]
    }

    /// The same of all of them, in Rials.
    pub(super) fn given_back(&self) -> i64 {
        self.refunded.iter().sum()
    }

    /// Whether the ledger has credited this charge as often as it was paid.
    fn is_credited(&self, charge: Uuid) -> bool {
        let is_ours = |key: &&Key| self.orders.get(*key).is_some_and(|order| order.is_verified);
        let payments = self.by_charge.get(&charge).map_or(0, |keys| keys.iter().filter(is_ours).count());
        let credits = self.credits.get(&charge).copied().unwrap_or_default();
        usize::try_from(credits).is_ok_and(|credits| credits >= payments)
    }

    /// Payments that have come to their end long ago.
    pub(super) fn old(&self, now: Timestamp) -> Vec<(Key, bool)> {
        let is_over = |order: &Order| match order.state {
            State::Paid(_) => order.is_verified && self.is_credited(order.charge),
            _ => true,
        };
        let old = self.orders.iter().filter(|(_, order)| order.at + KEPT <= now && is_over(order));
        old.map(|(key, order)| (*key, order.is_verified)).collect()
    }

    /// Forgets one of them.
    pub(super) fn forget(&mut self, key: Key) {
        let Some(order) = self.orders.remove(&key) else { return };
        let Some(keys) = self.by_charge.get_mut(&order.charge) else { return };
        keys.retain(|other| *other != key);
        if keys.is_empty() {
            self.by_charge.remove(&order.charge);
            self.credits.remove(&order.charge);
        } else if order.is_verified
            && let Some(credits) = self.credits.get_mut(&order.charge)
        {
            // its own goes with it
            *credits = credits.saturating_sub(1);
        }
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

/// Paid, not verified for too long, and given back by the gateway itself.
fn has_gone_back(order: &Order, now: Timestamp) -> bool {
    match (order.state, order.returns) {
        (State::Paid(at), Some(after)) => !order.is_verified && now >= at + after,
        _ => false,
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
