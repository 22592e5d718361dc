//! Money that leaves: doctors' payouts, and charges that are given back.

use std::sync::Arc;

use app::{
    App, Fault,
    billing::{
        payouts::{self, Ask, Export, Exported, Payout as Row, PayoutError, Status},
        refunds::{self, Refund, RefundError, RefundStatus},
    },
    idempotency::{Answered, Once},
};
use domain::{Clock as _, SignedDuration, iban::Sheba, ids::UserId, ledger::Account};
use parking_lot::Mutex;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    gateway::authority,
    operations::{Kind, Plan},
    outcome::{Expect, Learned, Outcome, Under},
    requests::{Request, by, number, rials, uuid},
    world::{Charge, Payout, World},
};

/// Refunds are asked for within that, so that no gateway has forgotten the payment meanwhile.
const REFUNDED_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// What is done with one payout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Cancel,
    Approve,
    Reject,
    Paid,
    Returned,
}

impl Step {
    pub(super) const fn operation(self) -> &'static str {
        match self {
            Self::Cancel => "cancel_payout",
            Self::Approve => "approve_payout",
            Self::Reject => "reject_payout",
            Self::Paid => "mark_payout_paid",
            Self::Returned => "mark_payout_returned",
        }
    }

    const fn leads_to(self) -> Status {
        match self {
            Self::Cancel => Status::Cancelled,
            Self::Approve => Status::Approved,
            Self::Reject => Status::Rejected,
            Self::Paid => Status::Paid,
            Self::Returned => Status::Returned,
        }
    }
}

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

    /// All of a payment, a part of it, more than it was; of the charge's own payment, or of one that is named.
    pub(super) fn refund(&mut self) -> Option<Plan> {
        let since = self.clock.now() - REFUNDED_WITHIN;
        let bank = Arc::clone(&self.bank);
        let is_ours = |charge: &Charge| {
            bank.with(|truth| truth.order(charge.key).is_some_and(|order| order.is_verified))
        };
        let any = self.dice.chance(10);
        let found = self.some_charge(|charge| charge.at > since && (any || is_ours(charge)))?;
        let Charge { id, user, key, at } = found;
        if at <= since {
            return None;
        }
        let paid = self.bank.with(|truth| truth.order(key).map_or(1, |order| order.amount.get()));
        let amount = match self.dice.between(1, 10) {
            1..=5 => None,
            6..=8 => Some(self.dice.between(1, paid)),
            9 => Some(paid),
            _ => Some(paid + 1),
        };
        let named = self.dice.chance(30).then(|| authority(key.1));
        let request = Request::Refund { admin: self.admin, user, charge: id, named, amount };
        Some(self.ask(Kind::Refund, format!("{amount:?} of {paid} of charge {id} of {user}"), request))
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

/// The IBAN of an account: of all check digits one pair is right.
fn sheba(account: &str) -> Sheba {
    (0..100).find_map(|check| Sheba::parse(&format!("IR{check:02}{account}")).ok()).unwrap()
}

pub(super) async fn ask_payout(
    app: &Arc<App>,
    (doctor, amount, account): (UserId, i64, &str),
    once: Option<Once>,
    under: Under,
) -> Outcome {
    let input = Ask {
        doctor,
        amount: rials(amount),
        iban: sheba(account),
        account_holder: "سارا احمدی".into(),
        by: by(doctor),
        once,
        render: Arc::new(|row: Row| json!({ "id": row.id.to_string() })),
    };
    match payouts::request(app, input).await {
        Ok(answered) => {
            let id = uuid(&answered.answer, "id");
            let outcome = Outcome::answered(under, &answered, Expect::Wallet(doctor, -amount));
            outcome.with(Learned::Payout { id, doctor })
        }
        Err(e) => e.into(),
    }
}

pub(super) async fn step_payout(
    app: &Arc<App>,
    (user, doctor): (UserId, UserId),
    (payout, step): (Uuid, Step),
    once: Option<Once>,
    under: Under,
) -> Outcome {
    let render = |row: Row| json!({ "amount": row.amount.get(), "status": row.status.as_str() });
    let input = payouts::Step::new(payout, by(user), once, render);
    let done = match step {
        Step::Cancel => payouts::cancel(app, doctor, input).await,
        Step::Approve => payouts::approve(app, input).await,
        Step::Reject => payouts::reject(app, input, "شماره شبا به نام دیگری است".into()).await,
        Step::Paid => payouts::paid(app, input).await,
        Step::Returned => payouts::returned(app, input, "حساب بسته است".into()).await,
    };
    match done {
        Ok(answered) => {
            let status = step.leads_to();
            if answered.answer["status"] != status.as_str() {
                return Outcome::wrong(format!("{step:?} of the payout {payout}: {}", answered.answer));
            }
            let amount = number(&answered.answer, "amount");
            let fresh = match status {
                Status::Cancelled | Status::Rejected | Status::Returned => Expect::Wallet(doctor, amount),
                _ => Expect::Nothing,
            };
            let is_news = !answered.replayed;
            let outcome = Outcome::answered(under, &answered, fresh);
            if is_news { outcome.with(Learned::PayoutIs(payout, status)) } else { outcome }
        }
        Err(e) => e.into(),
    }
}

/// A batch, and the bank's file of it.
pub(super) async fn export_payouts(
    app: &Arc<App>,
    admin: UserId,
    once: Option<Once>,
    under: Under,
) -> Outcome {
    let render = Arc::new(|exported: Exported| {
        let batch = exported.batch;
        json!({ "batch": batch.id.to_string(), "payouts": batch.payouts, "total": batch.total.get() })
    });
    match payouts::export(app, Export { admin, by: by(admin), once, render }).await {
        Ok(answered) => {
            if let Some(text) = check_file(app, admin, &answered.answer).await {
                return Outcome::wrong(text);
            }
            let is_news = !answered.replayed;
            let outcome = Outcome::answered(under, &answered, Expect::Any);
            if is_news { outcome.with(Learned::PayoutsExported) } else { outcome }
        }
        Err(e) => e.into(),
    }
}

/// What the bank is sent is what was answered.
async fn check_file(app: &Arc<App>, admin: UserId, answer: &Value) -> Option<String> {
    let batch = uuid(answer, "batch");
    let file = match payouts::file(app, &by(admin), batch).await {
        Ok(file) => file,
        Err(PayoutError::Fault(Fault::Unavailable(_))) => return None,
        Err(e) => return Some(format!("the file of batch {batch}: {e}")),
    };
    let total: i64 = file.orders.iter().map(|order| order.amount.get()).sum();
    let of_file = (i64::try_from(file.orders.len()).unwrap(), total);
    let answered = (number(answer, "payouts"), number(answer, "total"));
    let is_whole = file.orders.iter().all(|order| Sheba::parse(order.iban.expose()).is_ok());
    (of_file != answered || !is_whole)
        .then(|| format!("the file of batch {batch} has {of_file:?}, {answered:?} was answered"))
}

/// What the answer says may change until the gateway has answered: what is compared here is what never does.
pub(super) async fn refund(
    app: &Arc<App>,
    (admin, user): (UserId, UserId),
    (charge, named, amount): (Uuid, Option<String>, Option<i64>),
    once: Option<Once>,
    under: Under,
) -> Outcome {
    let status = Arc::new(Mutex::new(None));
    let seen = Arc::clone(&status);
    let ask = refunds::Ask {
        charge,
        authority: named,
        amount: amount.map(rials),
        reason: "simulation".into(),
        by: by(admin),
        once,
        render: Arc::new(move |refund: Refund| {
            *seen.lock() = Some(refund.status);
            json!({ "id": refund.id.to_string(), "amount": refund.amount.get() })
        }),
    };
    match refunds::refund(app, ask).await {
        Ok(answered) => {
            let status = *status.lock();
            refunded(user, status, &answered, under)
        }
        Err(e) => e.into(),
    }
}

fn refunded(user: UserId, status: Option<RefundStatus>, answered: &Answered<Value>, under: Under) -> Outcome {
    let amount = number(&answered.answer, "amount");
    let (label, moved) = match status {
        Some(RefundStatus::Refunded) => ("refunded", -amount),
        Some(RefundStatus::Refunding) => ("refunding", -amount),
        Some(RefundStatus::InWallet) => ("in the wallet", 0),
        None => ("done", 0),
    };
    let outcome = Outcome::answered(under, answered, Expect::Wallet(user, moved));
    if answered.replayed { outcome } else { Outcome { label, ..outcome } }
}

impl From<PayoutError> for Outcome {
    fn from(e: PayoutError) -> Self {
        match e {
            PayoutError::NotFound => Self::refused("not found"),
            PayoutError::IllegalState => Self::refused("illegal state"),
            PayoutError::InsufficientBalance => Self::refused("insufficient balance"),
            PayoutError::NothingApproved => Self::refused("nothing approved"),
            PayoutError::Once(e) => e.into(),
            PayoutError::Fault(fault) => fault.into(),
        }
    }
}

impl From<RefundError> for Outcome {
    fn from(e: RefundError) -> Self {
        match e {
            RefundError::NotFound => Self::refused("not found"),
            RefundError::UnknownAuthority => Self::refused("unknown authority"),
            RefundError::IllegalState => Self::refused("illegal state"),
            RefundError::TooMuch { .. } => Self::refused("too much"),
            RefundError::InsufficientBalance => Self::refused("insufficient balance"),
            RefundError::Once(e) => e.into(),
            RefundError::Fault(fault) => fault.into(),
        }
    }
}
