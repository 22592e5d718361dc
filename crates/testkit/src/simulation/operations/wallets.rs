//! Money in wallets: given from nowhere, read, blocked and what becomes of that.

use domain::{Clock as _, SignedDuration, ledger::Account};

use super::{Kind, Plan};
use crate::simulation::{
    acts::{holds, people},
    world::World,
};

impl World {
    pub(super) fn give(&mut self) -> Option<Plan> {
        // doctors too: what they earn is rare
        let user = if self.dice.chance(30) { self.dice.one(&self.doctors) } else { self.some_patient()? };
        let (amount, number) = (self.dice.between(1, 2_000_000), self.count_up());
        let about = format!("{amount} to {user}");
        Some(self.on_a_node(Kind::Give, about, |app| Box::pin(people::give(app, user, amount, number))))
    }

    pub(super) fn read_wallet(&mut self) -> Option<Plan> {
        let user = self.some_patient()?;
        let about = user.to_string();
        Some(self.on_a_node(Kind::ReadWallet, about, |app| Box::pin(people::read_wallet(app, user))))
    }

    pub(super) fn place_hold(&mut self) -> Option<Plan> {
        let user = self.some_patient()?;
        // more than that too, now and then
        let most = self.checker.balance(&Account::wallet(user)).max(1);
        let amount = self.dice.between(1, most + most / 5 + 1);
        let key = format!("simulation:{}", self.count_up());
        let seconds = self.dice.one(&[30, 120, 600, 3_600, 86_400]);
        let expires_at = self.dice.chance(85).then(|| self.clock.now() + SignedDuration::from_secs(seconds));
        let about = format!("{amount} of {user} until {expires_at:?}");
        Some(self.on_a_node(Kind::PlaceHold, about, |app| {
            Box::pin(holds::place(app, user, amount, (key, expires_at)))
        }))
    }

    pub(super) fn end_hold(&mut self, kind: Kind) -> Option<Plan> {
        let at = self.some_index(self.holds.len())?;
        let (id, user, amount) = self.holds[at];
        // all of it, a part, nothing, more than there is
        let part = match self.dice.between(1, 10) {
            1..=5 => amount,
            6..=8 => self.dice.between(1, amount),
            9 => 0,
            _ => amount + 1,
        };
        let about = format!("{id}: {part} of {amount}");
        Some(self.on_a_node(kind, about, |app| {
            if kind == Kind::PostHold {
                Box::pin(holds::post(app, (id, user), part))
            } else {
                Box::pin(holds::void(app, (id, user)))
            }
        }))
    }
}
