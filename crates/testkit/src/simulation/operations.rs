//! What can happen, and how one of a kind is chosen.
//!
//! To add one: a line in `kinds.rs`, a way to do it in `acts`, an arm in [`World::plan`]. What it moves must be told by
//! its [`Expect`](super::outcome::Expect), and what it means at the end by `check`.

mod asking;
mod browsers;
mod charges;
mod kinds;
mod payouts;
mod picks;
mod plans;
mod upkeep;
mod visits;
mod wallets;

use std::sync::Arc;

use app::App;

use super::{drive::Work, world::World};

pub(super) use asking::Again;
pub use kinds::Kind;
pub(super) use kinds::{THEMES, deck};

/// An operation that is about to happen.
pub(super) struct Plan {
    pub(super) kind: Kind,
    pub(super) node: usize,
    /// For people who look into a failure.
    pub(super) about: String,
    pub(super) work: Work,
    pub(super) again: Option<Again>,
}

impl World {
    /// One of this kind; none where there is nothing to do it to.
    pub(super) fn plan(&mut self, kind: Kind) -> Option<Plan> {
        match kind {
            Kind::Give => self.give(),
            Kind::Charge => self.charge(),
            Kind::BadCharge => self.bad_charge(),
            Kind::Again => self.again(),
            Kind::SecondAuthority => self.second_authority(),
            Kind::Pay | Kind::Leave => self.press(kind),
            Kind::Callback => self.callback(),
            Kind::Forge => self.forge(),
            Kind::Poll | Kind::Pry => self.poll(kind),
            Kind::Book => self.book(),
            Kind::PayVisit => self.pay_visit(),
            Kind::PayOnline => self.pay_online(),
            Kind::CancelVisit => self.cancel_visit(),
            Kind::DoctorCancels | Kind::AdminCancels => self.withdraw(kind),
            Kind::Begin | Kind::Complete | Kind::Miss => self.lead(kind),
            Kind::Buy | Kind::BuyOnline => Some(self.buy(kind)),
            Kind::Checkout => self.checkout(),
            Kind::StopRenewing => self.stop_renewing(),
            Kind::NewCode => Some(self.new_code()),
            Kind::PlaceHold => self.place_hold(),
            Kind::PostHold | Kind::VoidHold => self.end_hold(kind),
            Kind::ReadWallet => self.read_wallet(),
            Kind::AskPayout => self.ask_payout(),
            Kind::CancelPayout
            | Kind::ApprovePayout
            | Kind::RejectPayout
            | Kind::PayoutPaid
            | Kind::PayoutReturned => self.step_payout(kind),
            Kind::ExportPayouts => Some(self.export_payouts()),
            Kind::Refund => self.refund(),
            Kind::Tick | Kind::Leap => Some(self.move_clock(kind)),
            Kind::NewPatient => Some(self.new_patient()),
            Kind::Sweep
            | Kind::Renew
            | Kind::GiveUp
            | Kind::ExpireHolds
            | Kind::ExpireVisits
            | Kind::Jobs
            | Kind::Cron
            | Kind::VerifyALittle
            | Kind::FinishRefunds
            | Kind::Forget => Some(self.upkeep(kind)),
        }
    }

    /// On one node or the other.
    fn on_a_node(&mut self, kind: Kind, about: String, make: impl FnOnce(Arc<App>) -> Work) -> Plan {
        let node = self.dice.below(self.nodes.len());
        let work = make(Arc::clone(&self.nodes[node]));
        Plan { kind, node, about, work, again: None }
    }
}
