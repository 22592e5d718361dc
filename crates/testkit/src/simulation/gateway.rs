//! Gateways that know what they have really taken, and fail in every way that a gateway can. What they know is kept
//! apart from the program's database: it is what the ledger is compared with.

use std::sync::{
    Arc, Weak,
    atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
};

use app::{
    App, Fault, Origin,
    billing::charges::{self, ChargeError},
};
use domain::{Clock as _, Rials, SignedDuration, Timestamp};
use parking_lot::Mutex;
use providers::{
    Gateway,
    gateways::{BoxFuture, Callback, Inquired, Order as Wish, Refunded, Requested, Verified},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    chance::Dice,
    drive::Baton,
    truth::{Paying, Truth},
};
use crate::MovableClock;

/// Under the names of the real ones.
pub(super) const GATEWAYS: [&str; 4] = ["zarinpal", "bitpay", "idpay", "sandbox"];

/// Which of them give all of a young payment back, and which give older ones or parts back.
const REVERSE_AT: [bool; 4] = [true, false, false, true];
const REFUND_AT: [bool; 4] = [false, false, true, true];
/// As the first of them has it: which payments nobody has verified.
const LISTS_AT: usize = 0;
/// As the second of them has it: what browsers bring is kept before it is asked.
const NEEDS_CALLBACK: usize = 1;
/// So long after it was made a payment can be reversed.
pub(super) const REVERSES_WITHIN: SignedDuration = SignedDuration::from_mins(30);
/// What is asked for takes effect so many seconds later at most: a while before the program believes a "no".
const LATE: i64 = 8 * 60;

/// A payment: which gateway's, and the number that it has there. Two gateways give the same numbers.
pub(super) type Key = (usize, u64);

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
const REQUEST: u64 = 1;
const VERIFY: u64 = 2;
const OPEN: u64 = 3;
const BACK: u64 = 4;
const INQUIRE: u64 = 5;
const LIST: u64 = 6;

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mishap {
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

    fn mishap(&self, dice: &mut Dice, of: &[(i64, Mishap, &'static str)]) -> Mishap {
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
    fn slow(&self, dice: &mut Dice) {
        let seconds = dice.between(1, 20);
        let left = self.slow.load(SeqCst);
        if left > 0 {
            self.slow.store(left - 1, SeqCst);
            self.clock.advance(SignedDuration::from_secs(seconds));
        }
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

    /// While somebody waits for the gateway's answer, the payer's browser comes back to another node.
    async fn meanwhile(&self, key: Key, dice: &mut Dice) {
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

fn index(gateway: usize) -> u64 {
    u64::try_from(gateway).unwrap()
}

/// Where simulated browsers come from.
pub(super) fn origin() -> Origin {
    Origin {
        request_id: "simulation".into(),
        address: [127, 0, 0, 1].into(),
        user_agent: "simulation".into(),
    }
}

/// A gateway's name for a payment.
pub(super) fn authority(number: u64) -> String {
    format!("A{number:09}")
}

/// The number in it.
fn number(authority: &str) -> Option<u64> {
    authority.strip_prefix('A')?.parse().ok()
}

/// Where a payment is made.
pub(super) fn page((gateway, number): Key) -> String {
    format!("https://pay.example/{}/{}", GATEWAYS[gateway], authority(number))
}

/// The payment that is made there.
pub(super) fn key_of(page: &str) -> Option<Key> {
    let mut parts = page.rsplit('/');
    let number = number(parts.next()?)?;
    let gateway = parts.next()?;
    Some((GATEWAYS.iter().position(|name| *name == gateway)?, number))
}

/// What a browser brings back.
pub(super) fn params(key: Key, claims_ok: bool, trace: u64) -> Vec<(String, String)> {
    let status = if claims_ok { "OK" } else { "NOK" };
    let mut params =
        vec![("Authority".to_owned(), authority(key.1)), ("Status".to_owned(), status.to_owned())];
    if trace > 0 {
        params.push(("trace".to_owned(), trace.to_string()));
    }
    params
}

/// One of them, as the program asks it.
pub(super) struct SimGateway {
    index: usize,
    bank: Arc<Bank>,
}

impl SimGateway {
    #[cfg(test)]
    pub(super) fn of(bank: &Arc<Bank>, index: usize) -> Self {
        Self { index, bank: Arc::clone(bank) }
    }

    async fn requested(&self, wish: &Wish) -> Requested {
        let bank = &*self.bank;
        let call = bank.with(|truth| truth.count_request(self.index));
        let mut dice = Dice::of(&[bank.seed, REQUEST, index(self.index), call]);
        let mishap = bank.mishap(
            &mut dice,
            &[
                (6, Mishap::Refused, "request refused"),
                (5, Mishap::LostBefore, "request lost on its way"),
                (6, Mishap::LostAfter, "authority made, answer lost"),
                (6, Mishap::Slow, "slow request"),
                (5, Mishap::Twice, "request sent twice"),
            ],
        );
        bank.baton.breathe().await;
        match mishap {
            Mishap::Refused => return Requested::Refused("-11".to_owned()),
            Mishap::LostBefore => return Requested::Unknown("not sent".to_owned()),
            Mishap::Slow => bank.slow(&mut dice),
            Mishap::Twice => {
                let _nobody_is_sent_there = bank.open(self.index, wish.id, wish.amount, wish.at);
            }
            _ => {}
        }
        let key = bank.open(self.index, wish.id, wish.amount, wish.at);
        bank.baton.breathe().await;
        if mishap == Mishap::LostAfter {
            return Requested::Unknown("timed out".to_owned());
        }
        Requested::Go { authority: authority(key.1), pay_url: page(key) }
    }

    async fn verified(&self, name: &str, amount: Rials, extra: &Value) -> Verified {
        let bank = &*self.bank;
        let Some(number) = number(name) else { return Verified::NotPaid("-54".to_owned()) };
        let key = (self.index, number);
        let call = bank.with(|truth| truth.count_call(key));
        let mut dice = Dice::of(&[bank.seed, VERIFY, index(self.index), number, call]);
        let mishap = bank.mishap(
            &mut dice,
            &[
                (6, Mishap::LostBefore, "verify lost on its way"),
                (8, Mishap::LostAfter, "verified, answer lost"),
                (4, Mishap::Slow, "slow verify"),
                (5, Mishap::Twice, "verify sent twice"),
                (5, Mishap::MeanwhileBefore, "another asks before the gateway has heard"),
                (5, Mishap::MeanwhileAfter, "another asks before the answer is here"),
            ],
        );
        bank.baton.breathe().await;
        match mishap {
            Mishap::LostBefore => return Verified::Unknown("not sent".to_owned()),
            Mishap::Slow => bank.slow(&mut dice),
            Mishap::MeanwhileBefore => bank.meanwhile(key, &mut dice).await,
            _ => {}
        }
        let ask = || bank.with(|truth| truth.verify(key, amount, extra, bank.now()));
        let mut said = ask();
        if mishap == Mishap::Twice {
            said = ask();
        }
        bank.baton.breathe().await;
        match mishap {
            Mishap::LostAfter => return Verified::Unknown("timed out".to_owned()),
            Mishap::MeanwhileAfter => bank.meanwhile(key, &mut dice).await,
            _ => {}
        }
        said
    }

    /// All of it without an id, else so much of it.
    async fn gave_back(&self, name: &str, amount: Rials, id: Option<Uuid>) -> Refunded {
        let bank = &*self.bank;
        let Some(number) = number(name) else { return Refunded::Impossible("-54".to_owned()) };
        let key = (self.index, number);
        let call = bank.with(|truth| truth.count_call(key));
        let mut dice = Dice::of(&[bank.seed, BACK, index(self.index), number, call]);
        let mishap = bank.mishap(
            &mut dice,
            &[
                (16, Mishap::LostBefore, "refund lost on its way"),
                (16, Mishap::LostAfter, "refunded, answer lost"),
                (12, Mishap::Refused, "refund refused"),
                (5, Mishap::Slow, "slow refund"),
                (8, Mishap::Twice, "refund sent twice"),
                (8, Mishap::Late, "refunded later"),
            ],
        );
        let late = SignedDuration::from_secs(dice.between(1, LATE));
        bank.baton.breathe().await;
        let is_mute = bank.with(|truth| truth.order(key).is_some_and(|order| order.is_mute));
        match mishap {
            // the other half does it, and never says so
            _ if is_mute && number.is_multiple_of(2) => return Refunded::Unknown("no answer".to_owned()),
            Mishap::LostBefore => return Refunded::Unknown("not sent".to_owned()),
            // nobody says no to what was done before
            Mishap::Refused if !bank.with(|truth| truth.is_given(key, id)) => {
                return if is_mute {
                    Refunded::Unknown("no answer".to_owned())
                } else {
                    Refunded::Impossible("-51".to_owned())
                };
            }
            Mishap::Slow => bank.slow(&mut dice),
            Mishap::Late if id.is_none() => {
                let now = bank.now();
                if bank.with(|truth| truth.reverse_later(key, (now, now + late))) {
                    return Refunded::Unknown("timed out".to_owned());
                }
            }
            _ => {}
        }
        let ask = || {
            let now = bank.now();
            bank.with(|truth| match id {
                Some(id) => truth.give_back(key, amount, id),
                None => truth.reverse(key, amount, now),
            })
        };
        let mut said = ask();
        if mishap == Mishap::Twice {
            said = ask();
        }
        bank.baton.breathe().await;
        if is_mute || mishap == Mishap::LostAfter {
            return Refunded::Unknown("timed out".to_owned());
        }
        said
    }

    async fn inquired(&self, name: &str) -> Inquired {
        let bank = &*self.bank;
        let Some(number) = number(name) else { return Inquired::Unknown("-54".to_owned()) };
        let key = (self.index, number);
        let call = bank.with(|truth| truth.count_call(key));
        let mut dice = Dice::of(&[bank.seed, INQUIRE, index(self.index), number, call]);
        let mishap = bank.mishap(&mut dice, &[(15, Mishap::LostAfter, "inquiry lost")]);
        bank.baton.breathe().await;
        let now = bank.now();
        let said = bank.with(|truth| {
            let is_mute = truth.order(key).is_some_and(|order| order.is_mute);
            (!is_mute).then(|| truth.inquire(key, now))
        });
        bank.baton.breathe().await;
        match said {
            Some(said) if mishap == Mishap::None => said,
            _ => Inquired::Unknown("timed out".to_owned()),
        }
    }

    /// None where it can't be reached; now and then it forgets some, or names others.
    async fn listed(&self) -> Option<Vec<String>> {
        if self.index != LISTS_AT {
            return None;
        }
        let bank = &*self.bank;
        let call = bank.with(|truth| truth.count_list(self.index));
        let mut dice = Dice::of(&[bank.seed, LIST, index(self.index), call]);
        let mishap = bank.mishap(
            &mut dice,
            &[
                (10, Mishap::LostBefore, "list of the unverified lost"),
                (10, Mishap::Late, "list of the unverified not whole"),
                (10, Mishap::Twice, "list of the unverified with others"),
            ],
        );
        bank.baton.breathe().await;
        let now = bank.now();
        let mut numbers = bank.with(|truth| truth.unverified(self.index, now));
        bank.baton.breathe().await;
        match mishap {
            Mishap::LostBefore => return None,
            Mishap::Late => numbers.truncate(numbers.len() / 2),
            // one that is another's, and one that is nobody's
            Mishap::Twice => numbers.extend([1, 999_999_999]),
            _ => {}
        }
        Some(numbers.into_iter().map(authority).collect())
    }
}

impl Gateway for SimGateway {
    fn name(&self) -> &'static str {
        GATEWAYS[self.index]
    }

    fn request<'a>(&'a self, order: &'a Wish) -> BoxFuture<'a, Requested> {
        Box::pin(self.requested(order))
    }

    fn read_callback(&self, params: &[(String, String)]) -> Option<Callback> {
        let of = |name: &str| {
            let mut values = params.iter().filter(|(known, _)| known == name).map(|(_, value)| value);
            let first = values.next()?;
            values.all(|other| other == first).then_some(first)
        };
        let authority = of("Authority")?.clone();
        let mut extra = json!({});
        for (name, value) in
            params.iter().filter(|(name, _)| !matches!(name.as_str(), "Authority" | "Status" | "charge"))
        {
            extra[name.as_str()] = value.as_str().into();
        }
        Some(Callback { authority, claims_ok: of("Status").is_some_and(|status| status == "OK"), extra })
    }

    fn callback_is_needed(&self) -> bool {
        self.index == NEEDS_CALLBACK
    }

    fn verify<'a>(&'a self, authority: &'a str, amount: Rials, extra: &'a Value) -> BoxFuture<'a, Verified> {
        Box::pin(self.verified(authority, amount, extra))
    }

    fn reverses_within(&self) -> Option<SignedDuration> {
        REVERSE_AT[self.index].then_some(REVERSES_WITHIN)
    }

    fn reverse<'a>(&'a self, authority: &'a str, amount: Rials, _: &'a Value) -> BoxFuture<'a, Refunded> {
        Box::pin(self.gave_back(authority, amount, None))
    }

    fn refunds(&self) -> bool {
        REFUND_AT[self.index]
    }

    fn refund<'a>(&'a self, authority: &'a str, amount: Rials, id: Uuid) -> BoxFuture<'a, Refunded> {
        Box::pin(self.gave_back(authority, amount, Some(id)))
    }

    fn inquire<'a>(&'a self, authority: &'a str, _: &'a Value) -> BoxFuture<'a, Inquired> {
        Box::pin(self.inquired(authority))
    }

    fn lists_unverified(&self) -> bool {
        self.index == LISTS_AT
    }

    fn unverified(&self) -> BoxFuture<'_, Option<Vec<String>>> {
        Box::pin(self.listed())
    }
}
