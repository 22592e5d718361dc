//! What the simulation knows from now on, of how an operation ended.

use domain::{Clock as _, ids::UserId, ledger::Account, payout::Status};
use serde_json::Value;

use super::{Charge, Payout, Visit, World, keep, people::PATIENTS, step::Way};
use crate::simulation::outcome::{Learned, Stage};

impl World {
    /// Knows it from now on; what is wrong with it, if anything is.
    pub(super) fn learn(&mut self, learned: Learned, way: Way) -> Option<String> {
        match learned {
            Learned::Answer { key, answer, other_body } => {
                return self.learn_answer(&key, answer, other_body);
            }
            Learned::Page { url, user } => self.learn_page(&url, user),
            Learned::Visit { id, patient, doctor, token, share, starts_at } => {
                if !self.visits.iter().any(|visit| visit.id == id) {
                    let stage = Stage::Booked;
                    let visit = Visit { id, patient, doctor, token, share, stage, starts_at };
                    keep(&mut self.visits, visit);
                }
            }
            Learned::VisitIs(id, Stage::Over) => self.visits.retain(|visit| visit.id != id),
            Learned::VisitIs(id, stage) => {
                if let Some(visit) = self.visits.iter_mut().find(|visit| visit.id == id)
                    && visit.stage != Stage::Begun
                {
                    visit.stage = stage;
                }
            }
            Learned::Purchase { id, user } => {
                if !self.purchases.contains(&(id, user)) {
                    keep(&mut self.purchases, (id, user));
                }
            }
            Learned::Code(code) => {
                if self.codes.len() == 8 {
                    self.codes.remove(0);
                }
                self.codes.push(code);
            }
            Learned::Hold { id, user, amount } => keep(&mut self.holds, (id, user, amount)),
            Learned::HoldEnded(id) => self.holds.retain(|hold| hold.0 != id),
            Learned::Payout { id, doctor } => {
                if !self.payouts.iter().any(|payout| payout.id == id) {
                    keep(&mut self.payouts, Payout { id, doctor, status: Status::Requested });
                }
            }
            Learned::PayoutIs(id, status) => {
                if let Some(payout) = self.payouts.iter_mut().find(|payout| payout.id == id) {
                    payout.status = status;
                }
            }
            Learned::PayoutsExported => {
                for payout in self.payouts.iter_mut().filter(|payout| payout.status == Status::Approved) {
                    payout.status = Status::Exported;
                }
            }
            Learned::Patient(user) if self.patients.len() < PATIENTS => self.patients.push(user),
            Learned::Patient(user) => {
                let at = self.dice.below(PATIENTS);
                self.patients[at] = user;
            }
            Learned::Back { key, claims_ok, copies } => {
                match copies {
                    0 => self.bank.count("callback lost"),
                    1 => {}
                    _ => self.bank.count("callback sent twice"),
                }
                for _ in 0..copies {
                    keep(&mut self.returning, (key, claims_ok));
                }
            }
            Learned::Wallet { user, available, blocked } if way == Way::Alone => {
                let by_entries = (
                    self.checker.balance(&Account::wallet(user)),
                    self.checker.balance(&Account::hold(user)),
                );
                if by_entries != (available, blocked) {
                    return Some(format!(
                        "{user} is told of {available} and {blocked}, and has {by_entries:?}"
                    ));
                }
            }
            Learned::Wallet { .. } => {}
        }
        None
    }

    fn learn_answer(&mut self, key: &str, answer: Value, other_body: bool) -> Option<String> {
        let saved = self.saved.iter_mut().find(|saved| saved.key == key)?;
        if saved.answer.as_ref().is_some_and(|before| *before != answer) {
            return Some(format!("{key}: answered with {answer} and with {:?}", saved.answer));
        }
        (saved.answer, saved.other_body) = (Some(answer), other_body);
        None
    }

    fn learn_page(&mut self, url: &str, user: UserId) {
        let now = self.clock.now();
        let Some((key, id)) = self.bank.with(|truth| truth.charge_at(url)) else { return };
        if !self.pages.contains(&key) {
            keep(&mut self.pages, key);
        }
        if !self.charges.iter().any(|charge| charge.key == key) {
            keep(&mut self.charges, Charge { id, user, key, at: now });
        }
    }
}
