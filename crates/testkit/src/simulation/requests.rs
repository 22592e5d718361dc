//! What clients ask for under a key of their own (D7), so that it can be asked for again: the same, or something else
//! under the same key.

mod charges;
mod payouts;
mod plans;
mod visits;

use std::sync::Arc;

use app::{App, By, Caller, idempotency::Once};
use domain::{
    Rials, Role, Timestamp,
    ids::{SessionId, UserId, VisitId},
};
use serde_json::Value;
use store::audit::Actor;
use uuid::Uuid;

use super::{drive::Work, outcome::Under};

pub(super) use payouts::Step;

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) enum Request {
    Charge {
        user: UserId,
        amount: i64,
        gateway: Option<&'static str>,
        return_url: Option<String>,
    },
    Book {
        patient: UserId,
        doctor: UserId,
        starts_at: Timestamp,
        is_online: bool,
        insurer: Option<&'static str>,
    },
    PayVisit {
        patient: UserId,
        visit: VisitId,
        share: i64,
    },
    CancelVisit {
        patient: UserId,
        visit: VisitId,
    },
    Buy {
        user: UserId,
        plan: &'static str,
        months: i64,
        online: bool,
        code: Option<String>,
        auto_renew: bool,
    },
    AskPayout {
        doctor: UserId,
        amount: i64,
        /// 22 digits.
        account: String,
    },
    StepPayout {
        user: UserId,
        doctor: UserId,
        payout: Uuid,
        step: Step,
    },
    ExportPayouts {
        admin: UserId,
    },
    Refund {
        admin: UserId,
        user: UserId,
        charge: Uuid,
        named: Option<String>,
        amount: Option<i64>,
    },
}

impl Request {
    pub(super) const fn user(&self) -> UserId {
        match self {
            Self::Charge { user, .. } | Self::Buy { user, .. } | Self::StepPayout { user, .. } => *user,
            Self::AskPayout { doctor, .. } => *doctor,
            Self::ExportPayouts { admin } | Self::Refund { admin, .. } => *admin,
            Self::Book { patient, .. }
            | Self::PayVisit { patient, .. }
            | Self::CancelVisit { patient, .. } => *patient,
        }
    }

    const fn operation(&self) -> &'static str {
        match self {
            Self::Charge { .. } => "charge_wallet",
            Self::Book { .. } => "book_encounter",
            Self::PayVisit { .. } => "pay_encounter",
            Self::CancelVisit { .. } => "cancel_encounter",
            Self::Buy { .. } => "purchase_subscription",
            Self::AskPayout { .. } => "request_payout",
            Self::StepPayout { step, .. } => step.operation(),
            Self::ExportPayouts { .. } => "export_payouts",
            Self::Refund { .. } => "refund_charge",
        }
    }
}

/// One sending of it.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) request: Request,
    pub(super) key: Option<String>,
    /// The key is the same, the body is not.
    pub(super) other_body: bool,
}

impl Sent {
    fn once(&self) -> Option<Once> {
        let body = format!("{:?} {}", self.request, self.other_body);
        let (user, operation) = (self.request.user(), self.request.operation());
        self.key.clone().map(|key| Once::new(user, operation, key, body.as_bytes()))
    }
}

pub(super) fn caller(user: UserId, role: Role) -> Caller {
    Caller { user, role, session: SessionId(Uuid::nil()) }
}

pub(super) fn by(user: UserId) -> By {
    By { actor: Actor::User(user), request_id: "simulation".into() }
}

pub(super) fn rials(amount: i64) -> Rials {
    Rials::new(amount).unwrap()
}

/// Sends it to this node.
pub(super) fn send(app: Arc<App>, sent: Sent) -> Work {
    Box::pin(async move {
        let (once, under) = (sent.once(), Under { key: sent.key, other_body: sent.other_body });
        match sent.request {
            Request::Charge { user, amount, gateway, return_url } => {
                charges::start(&app, (user, amount, gateway, return_url), once, under).await
            }
            Request::Book { patient, doctor, starts_at, is_online, insurer } => {
                visits::book(&app, (patient, doctor, starts_at, is_online, insurer), once, under).await
            }
            Request::PayVisit { patient, visit, share } => {
                visits::pay(&app, (patient, visit, share), once, under).await
            }
            Request::CancelVisit { patient, visit } => {
                visits::cancel(&app, (patient, visit), once, under).await
            }
            Request::Buy { user, plan, months, online, code, auto_renew } => {
                plans::buy(&app, (user, plan, months, online, code, auto_renew), once, under).await
            }
            Request::AskPayout { doctor, amount, account } => {
                payouts::ask(&app, (doctor, amount, &account), once, under).await
            }
            Request::StepPayout { user, doctor, payout, step } => {
                payouts::step(&app, (user, doctor), (payout, step), once, under).await
            }
            Request::ExportPayouts { admin } => payouts::export(&app, admin, once, under).await,
            Request::Refund { admin, user, charge, named, amount } => {
                charges::refund(&app, (admin, user), (charge, named, amount), once, under).await
            }
        }
    })
}

fn text(answer: &Value, name: &str) -> String {
    answer[name].as_str().unwrap().to_owned()
}

fn uuid(answer: &Value, name: &str) -> Uuid {
    answer[name].as_str().unwrap().parse().unwrap()
}

fn number(answer: &Value, name: &str) -> i64 {
    answer[name].as_i64().unwrap()
}
