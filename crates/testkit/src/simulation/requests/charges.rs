//! Charges: begun by payers, given back by admins.

use std::sync::Arc;

use app::{
    App,
    billing::{
        charges::{self, Purpose, Start, Started},
        refunds::{self, Refund, RefundError, RefundStatus},
    },
    idempotency::{Answered, Once},
};
use domain::ids::UserId;
use parking_lot::Mutex;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{by, number, rials, text};
use crate::simulation::outcome::{Expect, Learned, Outcome, Under};

pub(super) async fn start(
    app: &Arc<App>,
    (user, amount, gateway, return_url): (UserId, i64, Option<&'static str>, Option<String>),
    once: Option<Once>,
    under: Under,
) -> Outcome {
    let input = Start {
        user,
        purpose: Purpose::Wallet,
        amount: rials(amount),
        description: "شارژ کیف پول هلسا",
        gateway: gateway.map(str::to_owned),
        return_url,
        by: by(user),
        once,
        render: Arc::new(|started: Started| json!({ "id": started.id.to_string(), "url": started.pay_url })),
    };
    match charges::start(app, input).await {
        Ok(answered) => {
            let url = text(&answered.answer, "url");
            Outcome::answered(under, &answered, Expect::Nothing).with(Learned::Page { url, user })
        }
        Err(e) => e.into(),
    }
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
