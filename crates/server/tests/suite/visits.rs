//! A visit's life (D19, D26): each step in its order and by its own people; how visits are listed, shown, put
//! into a calendar, paid at their page and rated. The clock stands at 13:30 of Saturday 2024-01-20 in Tehran.

mod lists;
mod pages;
mod ratings;
mod shown;
mod steps;

use db::sql;
use domain::{Clock, SignedDuration, Timestamp, ids::VisitId};
use serde_json::{Value, json};
use testkit::{Answer, Call, Engine, TestApp, User};

use crate::settings_of_doctors::patch;

pub(crate) const VISITS: &str = "/api/v1/patients/encounters/";
pub(crate) const BOOK: &str = "/api/v1/patients/encounters/book/";
pub(crate) const LED: &str = "/api/v1/doctors/encounters/";
/// What links to pages begin with.
pub(crate) const SITE: &str = "http://127.0.0.1:8000";
/// Of nothing.
pub(crate) const UNKNOWN: &str = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b";
/// A free time of the doctor's: دوشنبه 2 بهمن 1402, 13:30 in Tehran. So are the half hours after it, until 13:00Z.
pub(crate) const MONDAY: &str = "2024-01-22T10:00:00Z";
/// Another, where "move" moves a visit.
pub(crate) const TUESDAY: &str = "2024-01-23T10:00:00Z";

pub(crate) fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Logs in again, a minute later: tokens live an hour, and codes are a minute apart.
pub(crate) async fn anew(app: &TestApp, user: &User) -> User {
    app.clock.advance(SignedDuration::from_secs(61));
    app.log_in(&user.phone).await
}

/// Makes a doctor work round the clock, every half hour of every day.
pub(crate) async fn always_open(app: &TestApp, doctor: &User) {
    let week = ["saturday", "sunday", "monday", "tuesday", "wednesday", "thursday", "friday"];
    let hours = json!({ "start": "00:00", "end": "24:00" });
    let availability = json!({ "working_days": week, "working_hours": hours, "break_times": [] });
    let _ = patch(app, doctor, &json!({ "availability": availability })).await.expect(200);
}

/// What was written down about a visit's money: `payment 600000`.
pub(crate) async fn money(app: &TestApp, visit: &str) -> Vec<String> {
    let id = VisitId(visit.parse().unwrap());
    let statement = sql!("SELECT kind, amount FROM visit_payments WHERE visit_id = ?1 ORDER BY kind, amount");
    let rows: Vec<(String, i64)> = app.app.db.all(statement, &[&id.0]).await.unwrap();
    rows.into_iter().map(|(kind, amount)| format!("{kind} {amount}")).collect()
}

/// The request for one of these steps.
fn step(app: &TestApp, (doctor, patient): (&User, &User), visit: &str, step: &str) -> Call {
    let (own, led) = (format!("{VISITS}{visit}/"), format!("{LED}{visit}/"));
    match step {
        "pay" => app.post(&format!("{own}pay/")).by(patient).json(&json!({ "payment_method": "wallet" })),
        "move" => {
            app.post(&format!("{own}reschedule/")).by(patient).json(&json!({ "scheduled_at": TUESDAY }))
        }
        "quote" => app.get(&format!("{own}cancellation-quote/")).by(patient),
        "cancel" => app.post(&format!("{own}cancel/")).by(patient),
        "rate" => app.post(&format!("{own}rating/")).by(patient).json(&json!({ "score": 5 })),
        "start" | "complete" | "no-show" => app.post(&format!("{led}{step}/")).by(doctor),
        "cancel by the doctor" => app.post(&format!("{led}cancel/")).by(doctor),
        other => panic!("{other} is no step"),
    }
}

/// A doctor who can be booked, a patient, and the clock.
pub(crate) struct Clinic {
    pub(crate) app: TestApp,
    pub(crate) doctor: User,
    pub(crate) patient: User,
    /// When the two have logged in.
    since: Timestamp,
}

impl Clinic {
    pub(crate) async fn open(engine: Engine) -> Self {
        let app = TestApp::start(engine).await;
        let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
        let since = app.clock.now();
        Self { app, doctor, patient, since }
    }

    /// Moves the clock; doctor and patient log in anew where their tokens would end soon.
    pub(crate) async fn go_to(&mut self, at: Timestamp) {
        let now = self.app.clock.now();
        assert!(at >= now, "it is {now} already");
        self.app.clock.advance(at.duration_since(now));
        if at.duration_since(self.since) > SignedDuration::from_mins(50) {
            self.doctor = self.app.log_in(&self.doctor.phone).await;
            self.patient = self.app.log_in(&self.patient.phone).await;
            self.since = at;
        }
    }

    pub(crate) async fn pass(&mut self, time: SignedDuration) {
        self.go_to(self.app.clock.now() + time).await;
    }

    pub(crate) fn ask(&self, visit: &str, name: &str) -> Call {
        step(&self.app, (&self.doctor, &self.patient), visit, name)
    }

    /// Asks for a visit at this time.
    pub(crate) async fn asked(&self, at: &str) -> Answer {
        self.app.book(&self.doctor, &self.patient, at).await
    }

    /// A pending visit at this time.
    pub(crate) async fn held(&self, at: &str) -> String {
        self.asked(at).await.expect(201).text("/id")
    }

    /// A visit at this time that is paid.
    pub(crate) async fn paid(&self, at: &str) -> String {
        let visit = self.held(at).await;
        let _ = self.ask(&visit, "pay").send().await.expect(200);
        visit
    }

    /// The visit as its patient sees it.
    pub(crate) async fn seen(&self, visit: &str) -> Value {
        self.app.get(&format!("{VISITS}{visit}/")).by(&self.patient).send().await.expect(200).json
    }

    /// The visit as its doctor sees it.
    pub(crate) async fn led(&self, visit: &str) -> Value {
        self.app.get(&format!("{LED}{visit}/")).by(&self.doctor).send().await.expect(200).json
    }
}

/// A page of the patient's own visits.
async fn listed(clinic: &Clinic, query: &str) -> Value {
    clinic.app.get(&format!("{VISITS}{query}")).by(&clinic.patient).send().await.expect(200).json
}

/// Presses the button of a visit's page, and at the development gateway the one that succeeds; where the browser is
/// sent back to.
pub(crate) async fn pay_at_page(app: &TestApp, page: &str) -> String {
    let pressed = app.post(&format!("{}/", page.trim_end_matches('/'))).send().await.expect(303);
    let gateway = pressed.header("location").unwrap().strip_prefix(SITE).unwrap().to_owned();
    let pressed = app.post(&format!("{}/succeed/", gateway.trim_end_matches('/'))).send().await.expect(303);
    let back = pressed.header("location").unwrap();
    format!("/api/v1{}", &back[back.find("/billing/").unwrap()..])
}
