//! Visits: paid on their own page, led by their doctor, withdrawn.

use std::sync::Arc;

use app::{
    App, By,
    billing::charges,
    visits::{self, Cancelled, Led},
};
use domain::{
    Role,
    ids::{UserId, VisitId},
};
use serde_json::json;
use uuid::Uuid;

use crate::simulation::{
    outcome::{Expect, Learned, Outcome, Stage},
    requests::{by, caller},
};

/// The visit's payment page.
pub(in crate::simulation) async fn pay_online(
    app: Arc<App>,
    (token, patient): (Uuid, UserId),
    gateway: Option<&'static str>,
) -> Outcome {
    match charges::start_visit(&app, token, gateway.map(str::to_owned), by(patient)).await {
        Ok(url) => Outcome::refused("done").with(Learned::Page { url, user: patient }),
        Err(e) => e.into(),
    }
}

pub(in crate::simulation) async fn begin(app: Arc<App>, doctor: UserId, visit: VisitId) -> Outcome {
    let caller = caller(doctor, Role::Doctor);
    let render = Arc::new(|_: Led| json!(null));
    match visits::start(&app, &caller, &by(doctor), visit, None, render).await {
        Ok(_) => Outcome::refused("done").with(Learned::VisitIs(visit, Stage::Begun)),
        Err(e) => e.into(),
    }
}

/// The price, without the platform's part, is the doctor's.
pub(in crate::simulation) async fn complete(app: Arc<App>, doctor: UserId, visit: VisitId) -> Outcome {
    let caller = caller(doctor, Role::Doctor);
    let render = Arc::new(|led: Led| json!(led.visit.price.total.get()));
    match visits::complete(&app, &caller, &by(doctor), visit, None, render).await {
        Ok(answered) => {
            let total = answered.answer.as_i64().unwrap();
            let commission = total * i64::from(app.billing.commission_percent) / 100;
            let outcome = Outcome::new("done", Expect::Wallet(doctor, total - commission));
            outcome.with(Learned::VisitIs(visit, Stage::Over))
        }
        Err(e) => e.into(),
    }
}

/// Nothing comes back to whoever didn't come.
pub(in crate::simulation) async fn miss(
    app: Arc<App>,
    (doctor, patient): (UserId, UserId),
    visit: VisitId,
) -> Outcome {
    let caller = caller(doctor, Role::Doctor);
    let render = Arc::new(|_: Led| json!(null));
    match visits::miss(&app, &caller, &by(doctor), visit, None, render).await {
        Ok(_) => {
            let outcome = Outcome::new("done", Expect::Wallet(patient, 0));
            outcome.with(Learned::VisitIs(visit, Stage::Over))
        }
        Err(e) => e.into(),
    }
}

/// By the doctor, or by an admin: everything comes back.
pub(in crate::simulation) async fn withdraw(
    app: Arc<App>,
    (doctor, patient): (UserId, UserId),
    visit: VisitId,
    by_admin: bool,
) -> Outcome {
    let answered = if by_admin {
        let render = Arc::new(|cancelled: Cancelled| json!(cancelled.refund.refund.get()));
        visits::cancel_by_admin(&app, &By::command_line(), visit, String::new(), None, render).await
    } else {
        let render = Arc::new(|led: Led| json!(led.visit.refunded.get()));
        let caller = caller(doctor, Role::Doctor);
        visits::cancel_by_doctor(&app, &caller, &by(doctor), visit, String::new(), None, render).await
    };
    match answered {
        Ok(answered) => {
            let back = answered.answer.as_i64().unwrap();
            Outcome::new("done", Expect::Wallet(patient, back)).with(Learned::VisitIs(visit, Stage::Over))
        }
        Err(e) => e.into(),
    }
}
