//! Visits: booked, paid from the wallet, cancelled by their patient.

use std::sync::Arc;

use app::{
    App,
    idempotency::Once,
    visits::{self, Book, Booked, Cancelled, InsuranceInfo, Method, Paid},
};
use domain::{
    Role, Timestamp,
    ids::{UserId, VisitId},
    visit::VisitType,
};
use serde_json::json;

use super::{by, caller, number, uuid};
use crate::simulation::outcome::{Expect, Learned, Outcome, Stage, Under};

pub(super) async fn book(
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

pub(super) async fn pay(
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

pub(super) async fn cancel(
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
