//! What happens in browsers: pages of gateways that are paid or left, ways back, and lies on that way.

use std::sync::Arc;

use domain::{Clock as _, SignedDuration};

use super::{Kind, Plan};
use crate::simulation::{
    acts::payers,
    gateway::{GATEWAYS, Key, authority, params},
    world::{Charge, World},
};

impl World {
    pub(super) fn second_authority(&mut self) -> Option<Plan> {
        let young = self.clock.now() - SignedDuration::from_mins(5);
        let is_young = |charge: &Charge| charge.at >= young;
        let charge = self.some_charge(is_young).filter(is_young)?;
        let bank = Arc::clone(&self.bank);
        let about = format!("of charge {}", charge.id);
        Some(self.on_a_node(Kind::SecondAuthority, about, |app| {
            Box::pin(payers::second_authority(app, bank, charge.key, charge.user))
        }))
    }

    /// Somebody pays, or fails to; then so many browsers come back, or none.
    pub(super) fn press(&mut self, kind: Kind) -> Option<Plan> {
        let at = self.some_index(self.pages.len())?;
        let key = self.pages[at];
        let succeed = kind == Kind::Pay;
        if succeed {
            self.pages.swap_remove(at);
        }
        let copies = match self.dice.between(1, 10) {
            1..=3 => 0,
            4..=7 => 1,
            8..=9 => 2,
            _ => 3,
        };
        let bank = Arc::clone(&self.bank);
        let about = name_of(key);
        Some(
            self.on_a_node(kind, about, |_| {
                Box::pin(async move { payers::press(&bank, key, succeed, copies) })
            }),
        )
    }

    /// Any of those that are on their way: late, and in any order.
    pub(super) fn callback(&mut self) -> Option<Plan> {
        let (key, claims_ok) = if self.focus.is_some() {
            (self.some_charge(|_| true)?.key, true)
        } else {
            let at = self.some_index(self.returning.len())?;
            self.returning.swap_remove(at)
        };
        let mut params = params(key, claims_ok, self.dice.throw() % 3);
        // the address that the gateway was given names the charge; some lose it
        if self.dice.chance(80)
            && let Some(charge) = self.bank.with(|truth| truth.order(key).map(|order| order.charge))
        {
            params.push(("charge".to_owned(), charge.to_string()));
        }
        let about = name_of(key);
        Some(
            self.on_a_node(Kind::Callback, about, |app| {
                Box::pin(payers::callback(app, GATEWAYS[key.0], params))
            }),
        )
    }

    /// Somebody plays a gateway's browser.
    pub(super) fn forge(&mut self) -> Option<Plan> {
        let Charge { key: (gateway, number), .. } = self.some_charge(|_| true)?;
        let other = (gateway + 1 + self.dice.below(GATEWAYS.len() - 1)) % GATEWAYS.len();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let claim = params((gateway, number), true, 0);
        let (at, params) = match self.dice.below(7) {
            0 => (GATEWAYS[gateway], params((gateway, 999_999_999), true, 0)),
            1 => (GATEWAYS[other], claim),
            2 => ("nobody", claim),
            3 => (GATEWAYS[gateway], [claim, vec![pair("amount", "1"), pair("currency", "USD")]].concat()),
            4 => (GATEWAYS[gateway], [claim, vec![pair("order", "0"), pair("trace", "../../etc")]].concat()),
            5 => (GATEWAYS[gateway], [claim, vec![pair("Authority", &authority(number + 1))]].concat()),
            _ => (GATEWAYS[gateway], claim),
        };
        self.bank.count("callback forged");
        let about = format!("{at} {params:?}");
        Some(self.on_a_node(Kind::Forge, about, |app| Box::pin(payers::callback(app, at, params))))
    }
}

fn name_of((gateway, number): Key) -> String {
    format!("{} {}", GATEWAYS[gateway], authority(number))
}
