//! Payments come to their end: what is wrong once everything rests, and what can be forgotten.

use domain::{SignedDuration, Timestamp};

use super::{Order, State, Truth, paying::has_gone_back};
use crate::simulation::gateway::{GATEWAYS, Key};

/// What has come to its end is forgotten after that.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 3);

impl Truth {
    /// What is wrong once everything has come to rest.
    pub(in crate::simulation) fn unsettled(&mut self, now: Timestamp) -> Vec<String> {
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

    /// Payments that have come to their end long ago.
    pub(in crate::simulation) fn old(&self, now: Timestamp) -> Vec<(Key, bool)> {
        let is_over = |order: &Order| match order.state {
            State::Paid(_) => order.is_verified && self.is_credited(order.charge),
            _ => true,
        };
        let old = self.orders.iter().filter(|(_, order)| order.at + KEPT <= now && is_over(order));
        old.map(|(key, order)| (*key, order.is_verified)).collect()
    }

    /// Forgets one of them.
    pub(in crate::simulation) fn forget(&mut self, key: Key) {
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
}
