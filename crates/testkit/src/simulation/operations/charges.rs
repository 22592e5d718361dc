//! Charges: begun, looked at, given back.

use std::sync::Arc;

use domain::{Clock as _, SignedDuration};

use super::{Kind, Plan};
use crate::simulation::{
    acts::payers,
    gateway::authority,
    requests::Request,
    world::{Charge, World},
};

/// Refunds are asked for within that, so that no gateway has forgotten the payment meanwhile.
const REFUNDED_WITHIN: SignedDuration = SignedDuration::from_hours(24);

impl World {
    pub(super) fn charge(&mut self) -> Option<Plan> {
        let request = self.new_charge()?;
        let about = format!("{request:?}");
        Some(self.ask(Kind::Charge, about, request))
    }

    /// The wish to charge a wallet.
    fn new_charge(&mut self) -> Option<Request> {
        let user = self.some_patient()?;
        let amount = if self.dice.chance(20) { self.dice.between(1_000, 9_999) } else { self.some_amount() };
        Some(Request::Charge { user, amount, gateway: self.some_gateway(), return_url: None })
    }

    pub(super) fn bad_charge(&mut self) -> Option<Plan> {
        let (user, other) = (self.some_patient()?, self.dice.chance(50));
        let about = user.to_string();
        Some(self.on_a_node(Kind::BadCharge, about, |app| Box::pin(payers::bad_charge(app, user, other))))
    }

    pub(super) fn poll(&mut self, kind: Kind) -> Option<Plan> {
        let charge = self.some_charge(|_| true)?;
        let about = charge.id.to_string();
        if kind == Kind::Poll {
            return Some(
                self.on_a_node(kind, about, |app| Box::pin(payers::poll(app, charge.user, charge.id))),
            );
        }
        let stranger = self.some_patient().filter(|stranger| *stranger != charge.user)?;
        Some(self.on_a_node(kind, about, |app| Box::pin(payers::pry(app, stranger, charge.id))))
    }

    /// All of a payment, a part of it, more than it was; of the charge's own payment, or of one that is named.
    pub(super) fn refund(&mut self) -> Option<Plan> {
        let since = self.clock.now() - REFUNDED_WITHIN;
        let bank = Arc::clone(&self.bank);
        let is_ours = |charge: &Charge| {
            bank.with(|truth| truth.order(charge.key).is_some_and(|order| order.is_verified))
        };
        let any = self.dice.chance(10);
        let found = self.some_charge(|charge| charge.at > since && (any || is_ours(charge)))?;
        let Charge { id, user, key, at } = found;
        if at <= since {
            return None;
        }
        let paid = self.bank.with(|truth| truth.order(key).map_or(1, |order| order.amount.get()));
        let amount = match self.dice.between(1, 10) {
            1..=5 => None,
            6..=8 => Some(self.dice.between(1, paid)),
            9 => Some(paid),
            _ => Some(paid + 1),
        };
        let named = self.dice.chance(30).then(|| authority(key.1));
        let request = Request::Refund { admin: self.admin, user, charge: id, named, amount };
        Some(self.ask(Kind::Refund, format!("{amount:?} of {paid} of charge {id} of {user}"), request))
    }
}
