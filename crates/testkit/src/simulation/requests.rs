//! What clients ask for under a key of their own (D7), so that it can be asked for again: the same, or something else
//! under the same key.

use std::sync::Arc;

use app::{
    App, By, Caller,
    billing::{
        charges::{self, Purpose, Start, Started},
        subscriptions::{self, Bought, Buy},
    },
    idempotency::Once,
    visits::{self, Book, Booked, Cancelled, InsuranceInfo, Method, Paid},
};
use domain::{
    Rials, Role, Timestamp,
    ids::{SessionId, UserId, VisitId},
    visit::VisitType,
};
use serde_json::{Value, json};
use store::audit::Actor;
use uuid::Uuid;

use super::{
    drive::Work,
    leaving::{self, Step},
    outcome::{Expect, Learned, Outcome, Stage, Under},
};

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
                charge(&app, (user, amount, gateway, return_url), once, under).await
            }
            Request::Book { patient, doctor, starts_at, is_online, insurer } => {
                book(&app, (patient, doctor, starts_at, is_online, insurer), once, under).await
            }
            Request::PayVisit { patient, visit, share } => {
                pay_visit(&app, (patient, visit, share), once, under).await
            }
            Request::CancelVisit { patient, visit } => {
                cancel_visit(&app, (patient, visit), once, under).await
            }
            Request::Buy { user, plan, months, online, code, auto_renew } => {
                buy(&app, (user, plan, months, online, code, auto_renew), once, under).await
            }
            Request::AskPayout { doctor, amount, account } => {
                leaving::ask_payout(&app, (doctor, amount, &account), once, under).await
            }
            Request::StepPayout { user, doctor, payout, step } => {
                leaving::step_payout(&app, (user, doctor), (payout, step), once, under).await
            }
            Request::ExportPayouts { admin } => leaving::export_payouts(&app, admin, once, under).await,
            Request::Refund { admin, user, charge, named, amount } => {
                leaving::refund(&app, (admin, user), (charge, named, amount), once, under).await
            }
        }
    })
}

async fn charge(
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

async fn book(
    app: &Arc<App>,
    (patient, doctor, starts_at, is_online, insurer): (UserId, UserId, Timestamp, bool, Option<&'static str>),
    once: Option<Once>,
    under: Under,
) -> Outcome {
    let input = Book {
        patient: caller(patient, Role::Patient),
        doctor,
        starts_at,
        kind: if is_online { VisitType::Online } else { VisitType::InPerson },
        chief_complaint: "سردرد".into(),
        description: String::new(),
        insurance: insurer.map(|name| InsuranceInfo { provider: name.into(), number: "1234567890".into() }),
        by: by(patient),
        once,
        render: Arc::new(|booked: Booked| {
            let visit = booked.visit;
            json!({
                "visit": visit.id.to_string(),
                "token": visit.pay_token.to_string(),
                "share": visit.price.patient_share.get(),
            })
        }),
    };
    match visits::book(app, input).await {
        Ok(answered) => {
            let (id, token) = (uuid(&answered.answer, "visit"), uuid(&answered.answer, "token"));
            let share = number(&answered.answer, "share");
            let learned = Learned::Visit { id: VisitId(id), patient, doctor, token, share, starts_at };
            Outcome::answered(under, &answered, Expect::Nothing).with(learned)
        }
        Err(e) => e.into(),
    }
}

async fn pay_visit(
    app: &Arc<App>,
    (patient, visit, share): (UserId, VisitId, i64),
    once: Option<Once>,
    under: Under,
) -> Outcome {
    let render = Arc::new(|paid: Paid| json!({ "paid": paid.visit.paid.get() }));
    let caller = caller(patient, Role::Patient);
    match visits::pay(app, &caller, &by(patient), visit, Method::Wallet, once, render).await {
        Ok(answered) => {
            let outcome = Outcome::answered(under, &answered, Expect::Wallet(patient, -share));
            outcome.with(Learned::VisitIs(visit, Stage::Paid))
        }
        Err(e) => e.into(),
    }
}

async fn cancel_visit(
    app: &Arc<App>,
    (patient, visit): (UserId, VisitId),
    once: Option<Once>,
    under: Under,
) -> Outcome {
    let render = Arc::new(|cancelled: Cancelled| json!({ "refund": cancelled.refund.refund.get() }));
    let caller = caller(patient, Role::Patient);
    match visits::cancel_by_patient(app, &caller, &by(patient), visit, String::new(), once, render).await {
        Ok(answered) => {
            let refund = number(&answered.answer, "refund");
            let outcome = Outcome::answered(under, &answered, Expect::Wallet(patient, refund));
            outcome.with(Learned::VisitIs(visit, Stage::Over))
        }
        Err(e) => e.into(),
    }
}

async fn buy(
    app: &Arc<App>,
    (user, plan, months, online, code, auto_renew): (UserId, &'static str, i64, bool, Option<String>, bool),
    once: Option<Once>,
    under: Under,
) -> Outcome {
    let input = Buy {
        user,
        plan: plan.to_owned(),
        months,
        method: if online { Method::Online } else { Method::Wallet },
        code,
        auto_renew,
        by: by(user),
        once,
        render: Arc::new(|bought: Bought| {
            let purchase = bought.purchase;
            json!({
                "purchase": purchase.id.to_string(),
                "total": purchase.total.get(),
                "returned": purchase.returned.get(),
                "is_paid": bought.subscription.is_some(),
            })
        }),
    };
    match subscriptions::purchase(app, input).await {
        Ok(answered) => {
            let answer = &answered.answer;
            if answer["is_paid"] == true {
                let moved = number(answer, "returned") - number(answer, "total");
                return Outcome::answered(under, &answered, Expect::Wallet(user, moved));
            }
            let id = uuid(answer, "purchase");
            Outcome::answered(under, &answered, Expect::Nothing).with(Learned::Purchase { id, user })
        }
        Err(e) => e.into(),
    }
}

fn text(answer: &Value, name: &str) -> String {
    answer[name].as_str().unwrap().to_owned()
}

pub(super) fn uuid(answer: &Value, name: &str) -> Uuid {
    answer[name].as_str().unwrap().parse().unwrap()
}

pub(super) fn number(answer: &Value, name: &str) -> i64 {
    answer[name].as_i64().unwrap()
}
