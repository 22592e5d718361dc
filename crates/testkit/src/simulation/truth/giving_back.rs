//! A payment is given back because the program asks: all of it while it is young, parts of it, later than it was asked.

use domain::{Rials, Timestamp};
use providers::gateways::{Inquired, Refunded};
use uuid::Uuid;

use super::{Order, State, Truth};
use crate::simulation::gateway::{GATEWAYS, Key, REVERSES_WITHIN};

impl Truth {
    /// Gives all of a young payment back.
    pub(in crate::simulation) fn reverse(&mut self, key: Key, amount: Rials, now: Timestamp) -> Refunded {
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
    pub(in crate::simulation) fn reverse_later(
        &mut self,
        key: Key,
        (now, then): (Timestamp, Timestamp),
    ) -> bool {
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
    pub(super) fn ripen(&mut self, key: Key, now: Timestamp) {
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
    pub(in crate::simulation) fn give_back(&mut self, key: Key, amount: Rials, id: Uuid) -> Refunded {
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
    pub(in crate::simulation) fn is_given(&self, key: Key, id: Option<Uuid>) -> bool {
        self.orders.get(&key).is_some_and(|order| match id {
            Some(id) => order.refunds.iter().any(|(known, _)| *known == id),
            None => order.state == State::Reversed,
        })
    }

    pub(in crate::simulation) fn inquire(&mut self, key: Key, now: Timestamp) -> Inquired {
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
}
