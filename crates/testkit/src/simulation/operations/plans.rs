//! Plans: bought, paid online, not renewed, and the codes that make them cheaper.

use domain::subscription::Worth;

use super::{Kind, Plan};
use crate::simulation::{
    acts::plans,
    requests::{Request, rials},
    world::World,
};

impl World {
    pub(super) fn buy(&mut self, kind: Kind) -> Plan {
        let user = self.some_patient().unwrap_or(self.doctors[0]);
        let plan = if self.dice.chance(60) { "basic" } else { "premium" };
        let months = self.dice.one(&[1, 1, 1, 3, 12]);
        let code = self.dice.chance(30).then(|| self.some_code()).flatten();
        let (online, auto_renew) = (kind == Kind::BuyOnline, self.dice.chance(50));
        let request = Request::Buy { user, plan, months, online, code, auto_renew };
        let about = format!("{request:?}");
        self.ask(kind, about, request)
    }

    pub(super) fn checkout(&mut self) -> Option<Plan> {
        let at = self.some_index(self.purchases.len())?;
        let (purchase, gateway) = (self.purchases[at], self.some_gateway());
        // asked for twice, it is paid twice
        if self.dice.chance(50) {
            self.purchases.swap_remove(at);
        }
        let about = purchase.0.to_string();
        Some(self.on_a_node(Kind::Checkout, about, |app| Box::pin(plans::checkout(app, purchase, gateway))))
    }

    pub(super) fn stop_renewing(&mut self) -> Option<Plan> {
        let user = self.some_patient()?;
        let about = user.to_string();
        Some(self.on_a_node(Kind::StopRenewing, about, |app| Box::pin(plans::stop_renewing(app, user))))
    }

    pub(super) fn new_code(&mut self) -> Plan {
        let name = format!("SIM-{}", self.count_up());
        let worth = if self.dice.chance(50) {
            Worth::Percent(self.dice.one(&[1, 10, 25, 33, 100]))
        } else {
            Worth::Amount(rials(self.dice.between(1, 500_000)))
        };
        let (about, cap) = (format!("{name} {worth:?}"), self.dice.between(1, 10));
        self.on_a_node(Kind::NewCode, about, |app| Box::pin(plans::new_code(app, name, worth, cap)))
    }
}
