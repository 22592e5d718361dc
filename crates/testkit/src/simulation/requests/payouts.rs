//! Doctors' payouts: asked for, brought a step on, sent to the bank in a batch.

use std::sync::Arc;

use app::{
    App, Fault,
    billing::payouts::{self, Ask, Export, Exported, Payout as Row, PayoutError, Status},
    idempotency::Once,
};
use domain::{iban::Sheba, ids::UserId};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{by, number, rials, uuid};
use crate::simulation::outcome::{Expect, Learned, Outcome, Under};

/// What is done with one payout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulation) enum Step {
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

/// The IBAN of an account: of all check digits one pair is right.
fn sheba(account: &str) -> Sheba {
    (0..100).find_map(|check| Sheba::parse(&format!("IR{check:02}{account}")).ok()).unwrap()
}

pub(super) async fn ask(
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

pub(super) async fn step(
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
pub(super) async fn export(app: &Arc<App>, admin: UserId, once: Option<Once>, under: Under) -> Outcome {
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
