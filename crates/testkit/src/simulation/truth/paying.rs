//! A payer pays, the program verifies.

use app::billing::charges::LIFE;
use domain::{Rials, SignedDuration, Timestamp};
use providers::gateways::Verified;
use serde_json::Value;

use super::{Order, Paying, State, Truth};
use crate::simulation::gateway::{GATEWAYS, Key};

/// A page that nothing has failed on can be paid for so long: longer than a charge lives.
const PAYABLE: SignedDuration = SignedDuration::from_mins(90);
/// After a failure it may be tried again for as long as a charge lives.
const RETRY: SignedDuration = LIFE;

impl Truth {
    pub(in crate::simulation) fn press(&mut self, key: Key, succeed: bool, now: Timestamp) -> Paying {
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
    pub(in crate::simulation) fn verify(
        &mut self,
        key: Key,
        amount: Rials,
        extra: &Value,
        now: Timestamp,
    ) -> Verified {
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
            State::Paid(_) if order.is_verified => {
                Verified::Already { reference: Some(reference), card: None, fee: None }
            }
            State::Paid(_) => {
                order.is_verified = true;
                self.verified[key.0] += amount.get();
                Verified::Paid { reference, card: None, fee: None }
            }
        }
    }

    /// The payments of a gateway that are paid, and that nobody has verified.
    pub(in crate::simulation) fn unverified(&self, gateway: usize, now: Timestamp) -> Vec<u64> {
        let of_it = self.orders.range((gateway, 0)..=(gateway, u64::MAX));
        let waits = |order: &Order| {
            matches!(order.state, State::Paid(_)) && !order.is_verified && !has_gone_back(order, now)
        };
        of_it.filter(|(_, order)| waits(order)).map(|(key, _)| key.1).collect()
    }
}

/// Paid, not verified for too long, and given back by the gateway itself.
pub(super) fn has_gone_back(order: &Order, now: Timestamp) -> bool {
    match (order.state, order.returns) {
        (State::Paid(at), Some(after)) => !order.is_verified && now >= at + after,
        _ => false,
    }
}
