//! The whole ledger: proved from its beginning, and compared with the rows beside it and with the gateways' books.

use std::sync::Arc;

use app::App;
use domain::ledger::Account;

use super::{
    Checker,
    sums::{
        BLOCKED, BLOCKED_BY_PAYOUTS, BLOCKED_BY_REFUNDS, CODES_USED_TOO_OFTEN, ESCROW, MISCOUNTED_BATCHES,
        MISCOUNTED_CODES, PAID_OUT, PAYOUTS_ASTRAY, REFUNDED, REFUNDED_TOO_MUCH, REFUNDS_ASTRAY,
        SUBSCRIPTIONS, YEARS_WITH_GAPS,
    },
};
use crate::simulation::gateway::{Bank, GATEWAYS};

impl Checker {
    /// Everything, from the beginning.
    pub(in crate::simulation) async fn whole(&self, app: &Arc<App>, bank: &Bank) -> Vec<String> {
        let report = app::billing::verify(app).await.unwrap();
        let mut wrong = report.faults;
        if report.postings != self.postings {
            wrong.push(format!("{} postings are there, {} were seen", report.postings, self.postings));
        }
        let sums = [
            ("escrow", self.balance(&Account::escrow()), ESCROW, "visits"),
            ("subscriptions", self.balance(&Account::subscriptions()), SUBSCRIPTIONS, "purchases"),
            ("codes", 0, MISCOUNTED_CODES, "their redemptions"),
            ("codes", 0, CODES_USED_TOO_OFTEN, "their redemptions"),
            ("payouts", self.balance(&Account::payouts()), PAID_OUT, "what was exported and not returned"),
            ("payouts astray", 0, PAYOUTS_ASTRAY, "their states"),
            ("batches", 0, MISCOUNTED_BATCHES, "their payouts"),
            ("refunds astray", 0, REFUNDS_ASTRAY, "their holds"),
            ("refunds of more than was paid", 0, REFUNDED_TOO_MUCH, "their charges"),
            ("blocked", 0, BLOCKED, "open holds"),
            ("blocked by payouts", 0, BLOCKED_BY_PAYOUTS, "open payouts"),
            ("blocked by refunds", 0, BLOCKED_BY_REFUNDS, "open refunds"),
            ("years with gaps", 0, YEARS_WITH_GAPS, "their invoices"),
        ];
        for (what, holds, sum, of) in sums {
            let found: Option<(i64,)> = app.db.one(sum, &[]).await.unwrap();
            if found != Some((holds,)) {
                wrong.push(format!("{what}: {holds} in the ledger, {found:?} by {of}"));
            }
        }
        for (index, name) in GATEWAYS.iter().enumerate() {
            let (holds, said) =
                (self.balance(&Account::clearing(name)), bank.with(|truth| truth.clearing(index)));
            if holds != said {
                wrong.push(format!("clearing of {name}: it holds {holds} instead of {said}"));
            }
            let posted = bank.with(|truth| truth.refunded(index));
            let found: Option<(i64,)> = app.db.one(REFUNDED, &[name]).await.unwrap();
            if found != Some((posted,)) {
                wrong.push(format!("refunds of {name}: {posted} in the ledger, {found:?} by their rows"));
            }
        }
        wrong
    }
}
