//! What goes wrong around a gateway: how often, and what happens meanwhile.

use std::sync::{Weak, atomic::Ordering::SeqCst};

use app::{
    Fault,
    billing::charges::{self, ChargeError},
};
use domain::SignedDuration;

use super::{
    Bank,
    names::{GATEWAYS, Key, origin, params},
};
use crate::simulation::chance::Dice;

/// What goes wrong around a gateway, often enough that a short run sees it.
pub const FAULTS: &[&str] = &[
    "request refused",
    "request lost on its way",
    "authority made, answer lost",
    "slow request",
    "request sent twice",
    "verify lost on its way",
    "verified, answer lost",
    "slow verify",
    "verify sent twice",
    "another asks before the gateway has heard",
    "another asks before the answer is here",
    "refund lost on its way",
    "refunded, answer lost",
    "paid after its end",
    "tried again after a failure",
    "callback lost",
    "callback sent twice",
    "callback forged",
    "cut off",
    "cut off among others",
    "node restarted",
];

/// Whose dice are thrown.
pub(super) const REQUEST: u64 = 1;
pub(super) const VERIFY: u64 = 2;
pub(super) const OPEN: u64 = 3;
pub(super) const BACK: u64 = 4;
pub(super) const INQUIRE: u64 = 5;
pub(super) const LIST: u64 = 6;

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mishap {
    None,
    Refused,
    LostBefore,
    LostAfter,
    Slow,
    Twice,
    MeanwhileBefore,
    MeanwhileAfter,
    /// It takes effect later, and nobody is told.
    Late,
}

impl Bank {
    pub(super) fn mishap(&self, dice: &mut Dice, of: &[(i64, Mishap, &'static str)]) -> Mishap {
        let mut thrown = dice.between(1, 100);
        if self.is_calm.load(SeqCst) {
            return Mishap::None;
        }
        for (percent, mishap, fault) in of {
            thrown -= percent;
            if thrown <= 0 {
                self.count(fault);
                return *mishap;
            }
        }
        Mishap::None
    }

    /// The answer takes its time, and the clock moves meanwhile.
    pub(super) fn slow(&self, dice: &mut Dice) {
        let seconds = dice.between(1, 20);
        let left = self.slow.load(SeqCst);
        if left > 0 {
            self.slow.store(left - 1, SeqCst);
            self.clock.advance(SignedDuration::from_secs(seconds));
        }
    }

    /// While somebody waits for the gateway's answer, the payer's browser comes back to another node.
    pub(super) async fn meanwhile(&self, key: Key, dice: &mut Dice) {
        if self.is_nested.swap(true, SeqCst) {
            return;
        }
        let nodes = self.nodes.lock().clone();
        if let Some(node) = nodes.get(dice.below(nodes.len())).and_then(Weak::upgrade) {
            let params = params(key, true, dice.throw() % 3);
            let found = charges::callback(&node, GATEWAYS[key.0], &params, &origin()).await;
            if let Err(ChargeError::Fault(Fault::Internal(text))) = found {
                self.with(|truth| truth.wrong.push(format!("an internal error beside another: {text}")));
            }
        }
        self.is_nested.store(false, SeqCst);
    }
}
