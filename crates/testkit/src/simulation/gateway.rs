//! Gateways that know what they have really taken, and fail in every way that a gateway can. What they know is kept
//! apart from the program's database: it is what the ledger is compared with.

mod asked;
mod mishaps;
mod names;
mod payments;
mod refunds;

use std::sync::{
    Arc, Weak,
    atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
};

use app::App;
use domain::{Clock as _, Rials, SignedDuration, Timestamp};
use parking_lot::Mutex;
use providers::Gateway;
use uuid::Uuid;

use self::mishaps::OPEN;
use super::{
    chance::Dice,
    drive::Baton,
    truth::{Paying, Truth},
};
use crate::MovableClock;

pub(super) use asked::{REVERSES_WITHIN, SimGateway};
pub use mishaps::FAULTS;
pub(super) use names::{GATEWAYS, Key, authority, key_of, origin, page, params};

/// All gateways, and what they share.
pub(super) struct Bank {
    seed: u64,
    clock: Arc<MovableClock>,
    /// Gateways stand still in the turn of whoever asks them.
    pub(super) baton: Baton,
    truth: Mutex<Truth>,
    nodes: Mutex<Vec<Weak<App>>>,
    /// Nothing goes wrong any more.
    is_calm: AtomicBool,
    /// Somebody asks while somebody else is asking.
    is_nested: AtomicBool,
    /// Slow answers that are left in this step: each moves the clock.
    slow: AtomicU32,
}

impl Bank {
    pub(super) fn new(seed: u64, clock: Arc<MovableClock>) -> Arc<Self> {
        Arc::new(Self {
            seed,
            clock,
            baton: Baton::default(),
            truth: Mutex::default(),
            nodes: Mutex::default(),
            is_calm: AtomicBool::new(false),
            is_nested: AtomicBool::new(false),
            slow: AtomicU32::new(0),
        })
    }

    /// As a node is set up with them.
    pub(super) fn gateways(self: &Arc<Self>) -> Vec<Arc<dyn Gateway>> {
        let one = |index| Arc::new(SimGateway { index, bank: Arc::clone(self) }) as Arc<dyn Gateway>;
        (0..GATEWAYS.len()).map(one).collect()
    }

    /// Which nodes others ask on.
    pub(super) fn know(&self, nodes: &[Arc<App>]) {
        *self.nodes.lock() = nodes.iter().map(Arc::downgrade).collect();
    }

    pub(super) fn begin_step(&self) {
        self.is_nested.store(false, SeqCst);
        self.slow.store(2, SeqCst);
    }

    /// From now on everything works.
    pub(super) fn calm(&self) {
        self.is_calm.store(true, SeqCst);
    }

    pub(super) fn with<T>(&self, look: impl FnOnce(&mut Truth) -> T) -> T {
        look(&mut self.truth.lock())
    }

    pub(super) fn count(&self, fault: &'static str) {
        self.with(|truth| truth.count(fault));
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new payment of this charge.
    pub(super) fn open(&self, gateway: usize, charge: Uuid, amount: Rials, at: Timestamp) -> Key {
        self.with(|truth| {
            let number = truth.next_number(gateway);
            let key = (gateway, number);
            let mut dice = Dice::of(&[self.seed, OPEN, index(gateway), number]);
            let returns = dice.chance(30).then(|| SignedDuration::from_hours(dice.between(30, 72)));
            truth.open(key, charge, amount, at, returns);
            if let Some(order) = truth.order_mut(key) {
                order.is_mute = dice.chance(3);
            }
            key
        })
    }

    /// The payer presses a button of the gateway's page.
    pub(super) fn press(&self, key: Key, succeed: bool) -> Paying {
        let now = self.now();
        self.with(|truth| truth.press(key, succeed, now))
    }
}

fn index(gateway: usize) -> u64 {
    u64::try_from(gateway).unwrap()
}
