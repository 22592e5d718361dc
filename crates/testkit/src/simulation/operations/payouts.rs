//! Doctors' payouts: asked for, brought a step on, sent to the bank.

use domain::{ledger::Account, payout::Status};

use super::{Kind, Plan};
use crate::simulation::{
    requests::{Request, Step},
    world::{Payout, World},
};

impl World {
    pub(super) fn ask_payout(&mut self) -> Option<Plan> {
        let at = self.some_index(self.doctors.len())?;
        let doctor = self.doctors[at];
        let has = self.checker.balance(&Account::wallet(doctor));
        if has == 0 && !self.dice.chance(20) {
            return None;
        }
        // all of it, a part, more than there is
        let amount = match self.dice.between(1, 10) {
            1..=2 => has.max(1),
            3..=6 => self.dice.between(1, (has / 3).max(1)),
            7..=8 => self.dice.between(1, has.max(1)),
            _ => has + self.dice.between(1, 1_000_000),
        };
        let half = 100_000_000_000;
        let account = format!("{:011}{:011}", self.dice.throw() % half, self.dice.throw() % half);
        let request = Request::AskPayout { doctor, amount, account };
        Some(self.ask(Kind::AskPayout, format!("{amount} of {has} to {doctor}"), request))
    }

    pub(super) fn step_payout(&mut self, kind: Kind) -> Option<Plan> {
        const WAITING: &[Status] = &[Status::Requested, Status::Requested, Status::Approved];
        const SENT: &[Status] = &[Status::Exported, Status::Exported, Status::Paid];
        let (step, of) = match kind {
            Kind::CancelPayout => (Step::Cancel, WAITING),
            Kind::ApprovePayout => (Step::Approve, &[Status::Requested][..]),
            Kind::RejectPayout => (Step::Reject, WAITING),
            Kind::PayoutPaid => (Step::Paid, &[Status::Exported][..]),
            _ => (Step::Returned, SENT),
        };
        let Payout { id, doctor, .. } = self.some_payout(of)?;
        let user = if step == Step::Cancel { doctor } else { self.admin };
        let request = Request::StepPayout { user, doctor, payout: id, step };
        Some(self.ask(kind, format!("{id} of {doctor}"), request))
    }

    pub(super) fn export_payouts(&mut self) -> Plan {
        let request = Request::ExportPayouts { admin: self.admin };
        self.ask(Kind::ExportPayouts, String::new(), request)
    }

    /// One of these statuses, as far as is known here; where several things happen to one at once, and now and then
    /// otherwise, of any.
    fn some_payout(&mut self, of: &[Status]) -> Option<Payout> {
        if self.focus.is_some() || self.dice.chance(10) {
            let at = self.some_index(self.payouts.len())?;
            return self.payouts.get(at).copied();
        }
        let status = self.dice.one(of);
        let fitting: Vec<Payout> =
            self.payouts.iter().filter(|payout| payout.status == status).copied().collect();
        let at = self.some_index(fitting.len())?;
        fitting.get(at).copied()
    }
}
