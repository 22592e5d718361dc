//! A visit's life (D19, D26): each step in its order and by its own people; how visits are listed, shown, put
//! into a calendar, paid at their page and rated. The clock stands at 13:30 of Saturday 2024-01-20 in Tehran.

use db::sql;
use domain::{Clock, SignedDuration, Timestamp, ids::VisitId};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Answer, Call, Engine, TestApp, User};

use crate::{
    doctors::{DOCTORS, ids},
    frame::assert_enveloped,
    search::encoded,
    settings_of_doctors::patch,
};

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

/// All that can be asked of a visit: by its patient, then by its doctor.
const STEPS: [&str; 9] =
    ["pay", "move", "quote", "cancel", "rate", "start", "complete", "no-show", "cancel by the doctor"];

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

    /// Each of these steps is refused, and the visit stays as it is.
    async fn refuses(&self, visit: &str, steps: &[&str]) {
        let before = self.seen(visit).await;
        for step in steps {
            let what = format!("{step} a visit that is {}", before["status"]);
            let answer = self.ask(visit, step).send().await;
            assert_eq!((answer.status, answer.code()), (409, "ILLEGAL_STATE"), "{what}: {}", answer.json);
            assert_enveloped(&answer, &what);
        }
        assert_eq!(self.seen(visit).await, before);
    }
}

fn all_but(one: &str) -> Vec<&'static str> {
    STEPS.into_iter().filter(|step| *step != one).collect()
}

#[rstest]
#[tokio::test]
async fn every_step_out_of_its_order_is_refused(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let mut clinic = Clinic::open(engine).await;
    let unpaid = clinic.held(MONDAY).await;
    clinic.refuses(&unpaid, &["rate", "start", "complete", "no-show"]).await;
    clinic.pass(SignedDuration::from_mins(15)).await;
    assert_eq!(clinic.seen(&unpaid).await["cancelled_by"], "expired");
    clinic.refuses(&unpaid, &STEPS).await;

    let (led, missed) = (clinic.paid(MONDAY).await, clinic.paid("2024-01-22T10:30:00Z").await);
    let (left, closed) =
        (clinic.paid("2024-01-22T11:00:00Z").await, clinic.paid("2024-01-22T11:30:00Z").await);
    clinic.refuses(&led, &["pay", "rate", "start", "complete", "no-show"]).await;
    for (visit, step) in [(&left, "cancel"), (&closed, "cancel by the doctor")] {
        let _ = clinic.ask(visit, step).send().await.expect(200);
        clinic.refuses(visit, &STEPS).await;
    }

    clinic.go_to(moment(MONDAY)).await;
    let _ = clinic.ask(&led, "start").send().await.expect(200);
    clinic.refuses(&led, &all_but("complete")).await;
    let _ = clinic.ask(&led, "complete").send().await.expect(200);
    clinic.refuses(&led, &all_but("rate")).await;
    let _ = clinic.ask(&led, "rate").send().await.expect(201);
    clinic.refuses(&led, &STEPS).await;

    clinic.go_to(moment("2024-01-22T10:30:00Z")).await;
    clinic.refuses(&missed, &["pay", "move", "quote", "cancel", "rate", "complete"]).await;
    let _ = clinic.ask(&missed, "no-show").send().await.expect(200);
    clinic.refuses(&missed, &STEPS).await;
}

#[rstest]
#[tokio::test]
async fn a_visit_begins_15_minutes_early_at_most_and_is_not_missed_before_its_time(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut clinic = Clinic::open(engine).await;
    let (led, missed) = (clinic.paid(MONDAY).await, clinic.paid("2024-01-22T10:30:00Z").await);
    let too_early = |answer: Answer, not_before: &str| {
        let answer = answer.expect(409);
        assert_eq!(answer.code(), "ILLEGAL_STATE");
        assert_eq!(answer.json["error"]["details"], json!({ "not_before": not_before }));
    };
    clinic.go_to(moment("2024-01-22T09:44:59.999999Z")).await;
    too_early(clinic.ask(&led, "start").send().await, "2024-01-22T09:45:00Z");
    too_early(clinic.ask(&led, "no-show").send().await, MONDAY);
    clinic.go_to(moment("2024-01-22T09:45:00Z")).await;
    let started = clinic.ask(&led, "start").send().await.expect(200).json;
    assert_eq!((&started["status"], &started["id"]), (&json!("in_progress"), &json!(led)));
    assert_eq!(
        (&started["started_at"], &started["ended_at"]),
        (&json!("2024-01-22T09:45:00Z"), &Value::Null)
    );

    clinic.go_to(moment("2024-01-22T10:20:00Z")).await;
    let completed = clinic.ask(&led, "complete").send().await.expect(200).json;
    assert_eq!(completed["status"], "completed");
    assert_eq!(
        (&completed["started_at"], &completed["ended_at"]),
        (&started["started_at"], &json!("2024-01-22T10:20:00Z"))
    );
    assert_eq!(clinic.led(&led).await, completed);
    assert_eq!(clinic.seen(&led).await["status"], "completed");

    clinic.go_to(moment("2024-01-22T10:29:59.999999Z")).await;
    too_early(clinic.ask(&missed, "no-show").send().await, "2024-01-22T10:30:00Z");
    clinic.go_to(moment("2024-01-22T10:30:00Z")).await;
    let no_show = clinic.ask(&missed, "no-show").send().await.expect(200).json;
    assert_eq!((&no_show["status"], &no_show["started_at"]), (&json!("no_show"), &Value::Null));
    // nothing comes back to who doesn't come
    assert_eq!(clinic.seen(&missed).await["payment"]["payment_status"], "paid");
    assert_eq!(money(&clinic.app, &missed).await, ["payment 600000"]);
}

#[rstest]
#[tokio::test]
async fn what_is_somebody_elses_is_not_there(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let clinic = Clinic::open(engine).await;
    let (stranger, colleague) = (clinic.app.rich_patient().await, clinic.app.bookable_doctor().await);
    let visit = clinic.paid(MONDAY).await;
    let before = (clinic.seen(&visit).await, clinic.led(&visit).await);
    for id in [visit.as_str(), UNKNOWN, "x", "%20"] {
        let mut calls: Vec<Call> =
            STEPS.iter().map(|name| step(&clinic.app, (&colleague, &stranger), id, name)).collect();
        calls.push(clinic.app.get(&format!("{VISITS}{id}/")).by(&stranger));
        calls.push(clinic.app.get(&format!("{VISITS}{id}/visit.ics")).by(&stranger));
        calls.push(clinic.app.get(&format!("{LED}{id}/")).by(&colleague));
        for call in calls {
            let answer = call.send().await;
            assert_eq!((answer.status, answer.code()), (404, "NOT_FOUND"), "{id}: {}", answer.json);
        }
    }
    for (list, user) in [(VISITS, &stranger), (LED, &colleague)] {
        assert_eq!(clinic.app.get(list).by(user).send().await.expect(200).json["results"], json!([]));
    }
    // each side has a way of its own
    for (path, user) in [(VISITS, &clinic.doctor), (LED, &clinic.patient)] {
        let answer = clinic.app.get(&format!("{path}{visit}/")).by(user).send().await;
        assert_eq!(answer.expect(403).code(), "FORBIDDEN");
    }
    assert_eq!((clinic.seen(&visit).await, clinic.led(&visit).await), before);
}

/// A page of the patient's own visits.
async fn listed(clinic: &Clinic, query: &str) -> Value {
    clinic.app.get(&format!("{VISITS}{query}")).by(&clinic.patient).send().await.expect(200).json
}

#[rstest]
#[tokio::test]
async fn visits_are_listed_by_all_that_is_asked_for_the_latest_first(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut clinic = Clinic::open(engine).await;
    let night = clinic.app.bookable_doctor().await;
    always_open(&clinic.app, &night).await;
    let expired = clinic.held("2024-01-25T06:00:00Z").await;
    clinic.pass(SignedDuration::from_mins(16)).await;
    let first = clinic.paid("2024-01-21T10:00:00Z").await;
    let cancelled = clinic.paid(MONDAY).await;
    let _ = clinic.ask(&cancelled, "cancel").send().await.expect(200);
    let held = clinic.held(TUESDAY).await;
    // half an hour before midnight of Tuesday in Tehran, and midnight
    let mut nightly = vec![];
    for at in ["2024-01-23T20:00:00Z", "2024-01-23T20:30:00Z"] {
        let visit = clinic.app.book(&night, &clinic.patient, at).await.expect(201).text("/id");
        let _ = clinic.ask(&visit, "pay").send().await.expect(200);
        nightly.push(visit);
    }
    let (late, later) = (&nightly[0], &nightly[1]);
    let all = [&expired, later, late, &held, &cancelled, &first];

    let persian_day = encoded("۱۴۰۲/۱۱/۳");
    for (query, expected) in [
        (String::new(), all.to_vec()),
        ("?status=&from_date=&to_date=&doctor_id=&page=".into(), all.to_vec()),
        ("?status=pending".into(), vec![&held]),
        ("?status=confirmed".into(), vec![later, late, &first]),
        ("?status=cancelled".into(), vec![&expired, &cancelled]),
        ("?status=in_progress".into(), vec![]),
        ("?status=completed".into(), vec![]),
        ("?status=no_show".into(), vec![]),
        ("?from_date=2024-01-23".into(), vec![&expired, later, late, &held]),
        ("?to_date=2024-01-23".into(), vec![late, &held, &cancelled, &first]),
        ("?from_date=2024-01-23&to_date=2024-01-23".into(), vec![late, &held]),
        ("?from_date=1402-11-03&to_date=1402-11-03".into(), vec![late, &held]),
        (format!("?from_date={persian_day}&to_date={persian_day}"), vec![late, &held]),
        ("?from_date=1402/11/4".into(), vec![&expired, later]),
        (format!("?doctor_id={}", night.id), vec![later, late]),
        (format!("?doctor_id={}", clinic.doctor.id), vec![&expired, &held, &cancelled, &first]),
        (format!("?doctor_id={UNKNOWN}"), vec![]),
        (format!("?doctor_id={}&status=confirmed&to_date=2024-01-23", night.id), vec![late]),
    ] {
        let page = listed(&clinic, &query).await;
        let expected: Vec<String> = expected.into_iter().cloned().collect();
        assert_eq!(page["count"], json!(expected.len()), "{query}");
        assert_eq!(ids(&page), expected, "{query}");
    }
    // a hold that has ended is one, also when somebody has written that down
    assert_eq!(app::visits::expire_due(&clinic.app.app).await.unwrap(), 1);
    let page = listed(&clinic, "?status=cancelled").await;
    assert_eq!(ids(&page), [expired, cancelled]);
}

#[rstest]
#[tokio::test]
async fn a_list_of_visits_has_pages_and_refuses_what_it_does_not_know(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let clinic = Clinic::open(engine).await;
    let mut all = vec![];
    for time in ["10:00", "10:30", "11:00", "11:30", "12:00"] {
        all.insert(0, clinic.paid(&format!("2024-01-22T{time}:00Z")).await);
    }
    let base = "http://127.0.0.1:8000/api/v1/patients/encounters/";
    let page = listed(&clinic, "?status=confirmed&page_size=2&page=2").await;
    assert_eq!((&page["count"], ids(&page)), (&json!(5), all[2..4].to_vec()));
    assert_eq!(page["next"], json!(format!("{base}?status=confirmed&page_size=2&page=3")));
    assert_eq!(page["previous"], json!(format!("{base}?status=confirmed&page_size=2&page=1")));
    for (query, expected) in [
        ("?page_size=2&page=3", &all[4..]),
        ("?page_size=100", &all[..]),
        ("?page=2", &all[5..]),
        ("?page=1000000000", &all[5..]),
    ] {
        let page = listed(&clinic, query).await;
        assert_eq!((&page["count"], ids(&page)), (&json!(5), expected.to_vec()), "{query}");
        assert_eq!(page["next"], Value::Null, "{query}");
    }
    for (query, field) in [
        ("?status=done", "status"),
        ("?status=Pending", "status"),
        ("?from_date=soon", "from_date"),
        ("?from_date=2024-02-30", "from_date"),
        ("?to_date=1402-12-30", "to_date"),
        ("?from_date=2024-01-22&to_date=2024-01-21", "to_date"),
        ("?from_date=1402-11-02&to_date=2024-01-21", "to_date"),
        ("?doctor_id=x", "doctor_id"),
        ("?page=0", "page"),
        ("?page=-1", "page"),
        ("?page=two", "page"),
        ("?page_size=0", "page_size"),
        ("?page_size=101", "page_size"),
        ("?page_size=1000000000", "page_size"),
        ("?page_size=99999999999999999999", "page_size"),
    ] {
        let answer = clinic.app.get(&format!("{VISITS}{query}")).by(&clinic.patient).send().await;
        let answer = answer.expect(422);
        assert_enveloped(&answer, query);
        let told = &answer.json["error"]["details"]["field_errors"];
        assert!(told[field][0].is_string(), "{query}: {told}");
        assert_eq!(told.as_object().map(serde_json::Map::len), Some(1), "{query}: {told}");
    }
}

#[rstest]
#[tokio::test]
async fn a_doctors_list_can_be_a_calendar(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let clinic = Clinic::open(engine).await;
    let other = clinic.app.rich_patient().await;
    let first = clinic.paid("2024-01-21T10:00:00Z").await;
    let second = clinic.app.book(&clinic.doctor, &other, MONDAY).await.expect(201).text("/id");
    let third = clinic.paid(TUESDAY).await;
    let list = async |query: &str| {
        clinic.app.get(&format!("{LED}{query}")).by(&clinic.doctor).send().await.expect(200).json
    };
    assert_eq!(ids(&list("").await), [&*third, &*second, &*first]);
    assert_eq!(ids(&list("?order=desc").await), [&*third, &*second, &*first]);
    assert_eq!(ids(&list("?order=asc").await), [&*first, &*second, &*third]);
    assert_eq!(ids(&list("?order=asc&status=confirmed").await), [&*first, &*third]);
    let week = list("?order=asc&from_date=2024-01-22&to_date=1402-11-03&page_size=1").await;
    assert_eq!((&week["count"], ids(&week)), (&json!(2), vec![second]));
    assert_eq!(week["results"][0]["patient"]["id"], json!(other.id));
    let wrong = clinic.app.get(&format!("{LED}?order=up")).by(&clinic.doctor).send().await.expect(422);
    assert!(wrong.json["error"]["details"]["field_errors"]["order"].is_array());
}

#[rstest]
#[tokio::test]
async fn a_visit_is_shown_to_both_sides_with_what_is_theirs(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let clinic = Clinic::open(engine).await;
    let profile = json!({
        "first_name": "علی", "last_name": "محمدی", "date_of_birth": "1370-01-01", "gender": "male",
    });
    let path = "/api/v1/patients/profile/";
    let _ = clinic.app.patch(path).by(&clinic.patient).json(&profile).send().await.expect(200);
    let body = json!({
        "doctor_id": clinic.doctor.id, "scheduled_at": "2024-01-22T13:30:00+03:30", "visit_type": "in_person",
        "chief_complaint": "درد قفسه سینه", "description": "از دو روز پیش\nدرد خفیفی دارم",
        "insurance_info": { "use_insurance": true, "provider": "تأمین‌اجتماعی", "number": "1234567890" },
    });
    let booked = clinic.app.post(BOOK).by(&clinic.patient).json(&body).send().await.expect(201).json;
    let visit = booked["id"].as_str().unwrap();

    let seen = clinic.seen(visit).await;
    for (field, value) in [
        ("scheduled_at", json!(MONDAY)),
        ("ends_at", json!("2024-01-22T10:20:00Z")),
        ("duration_minutes", json!(20)),
        ("visit_type", json!("in_person")),
        ("status", json!("pending")),
        ("chief_complaint", body["chief_complaint"].clone()),
        ("description", body["description"].clone()),
        ("booking_reference", json!("HLS-2024-0122-1000")),
        ("total_cost", json!(800_000)),
        ("insurance_share", json!(480_000)),
        ("patient_share", json!(320_000)),
        ("prescription", Value::Null),
        ("soap_report", Value::Null),
        ("rating", Value::Null),
        ("meeting_link", Value::Null),
        ("cancelled_by", Value::Null),
        ("created_at", json!("2024-01-20T10:00:00Z")),
        ("payment", booked["payment"].clone()),
        ("cancellation_policy", booked["cancellation_policy"].clone()),
        ("doctor", booked["doctor"].clone()),
    ] {
        assert_eq!(seen[field], value, "{field}");
    }
    assert_eq!(seen["doctor"]["name"], "دکتر سارا احمدی");
    assert_eq!(seen["doctor"]["specialty"], "پزشک عمومی");
    assert_eq!(seen["payment"]["pay_until"], "2024-01-20T10:15:00Z");
    let item = &listed(&clinic, "").await["results"][0];
    for (field, value) in item.as_object().unwrap() {
        assert_eq!(&seen[field], value, "{field} of the list");
    }

    let _ = clinic.ask(visit, "pay").send().await.expect(200);
    let seen = clinic.seen(visit).await;
    let led = clinic.led(visit).await;
    assert_eq!((&led["patient"]["name"], &led["patient"]["age"]), (&json!("علی محمدی"), &json!(32)));
    assert_eq!(led["patient"]["gender"], "male");
    assert!(led["patient"]["medical_record_number"].as_str().unwrap().starts_with("MRN"));
    for field in ["scheduled_at", "ends_at", "status", "chief_complaint", "description", "total_cost"] {
        assert_eq!(led[field], seen[field], "{field} of the doctor");
    }
    assert_eq!(led["is_overbooked"], false);
    assert!(!led.to_string().contains("/pay/"), "the page where it is paid is secret to the patient");
}

#[rstest]
#[tokio::test]
async fn the_meeting_is_shown_from_15_minutes_before_it_until_an_hour_after(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut clinic = Clinic::open(engine).await;
    let (online, left) = (clinic.paid(MONDAY).await, clinic.paid("2024-01-22T11:00:00Z").await);
    let body = json!({
        "doctor_id": clinic.doctor.id, "scheduled_at": "2024-01-22T10:30:00Z", "visit_type": "in_person",
        "chief_complaint": "سردرد",
    });
    let in_person =
        clinic.app.post(BOOK).by(&clinic.patient).json(&body).send().await.expect(201).text("/id");
    let _ = clinic.ask(&in_person, "pay").send().await.expect(200);
    let links = async |clinic: &Clinic, visit: &str| {
        let links = (
            clinic.seen(visit).await["meeting_link"].clone(),
            clinic.led(visit).await["meeting_link"].clone(),
        );
        assert_eq!(links.0, links.1, "both see the same");
        links.0
    };
    let link = |visit: &str| json!(format!("{SITE}/meet/{visit}"));

    assert_eq!(links(&clinic, &online).await, Value::Null);
    clinic.go_to(moment("2024-01-22T09:44:59.999999Z")).await;
    assert_eq!(links(&clinic, &online).await, Value::Null);
    clinic.go_to(moment("2024-01-22T09:45:00Z")).await;
    assert_eq!(links(&clinic, &online).await, link(&online));
    let _ = clinic.ask(&online, "start").send().await.expect(200);
    assert_eq!(links(&clinic, &online).await, link(&online));
    clinic.go_to(moment("2024-01-22T10:20:00Z")).await;
    assert_eq!(links(&clinic, &in_person).await, Value::Null, "there is nothing to join");
    let _ = clinic.ask(&online, "complete").send().await.expect(200);
    assert_eq!(links(&clinic, &online).await, Value::Null);

    // nobody has come: until an hour after it would have ended
    clinic.go_to(moment("2024-01-22T12:20:00Z")).await;
    assert_eq!(links(&clinic, &left).await, link(&left));
    clinic.go_to(moment("2024-01-22T12:20:00.000001Z")).await;
    assert_eq!(links(&clinic, &left).await, Value::Null);
}

/// The calendar's text, checked for its form.
async fn calendar(clinic: &Clinic, visit: &str) -> String {
    let path = format!("{VISITS}{visit}/visit.ics");
    let answer = clinic.app.get(&path).by(&clinic.patient).send().await.expect(200);
    assert_eq!(answer.header("content-type"), Some("text/calendar; charset=utf-8"));
    let text = String::from_utf8(answer.bytes.to_vec()).unwrap();
    assert!(text.starts_with("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n") && text.ends_with("END:VCALENDAR\r\n"));
    for line in text.split("\r\n") {
        assert!(line.len() <= 75, "{} octets: {line}", line.len());
        assert!(!line.contains(['\r', '\n']), "{line:?}");
    }
    text.replace("\r\n ", "")
}

#[rstest]
#[tokio::test]
async fn a_visit_can_be_put_into_a_calendar(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let clinic = Clinic::open(engine).await;
    let admin = clinic.app.admin().await;
    // what has a meaning in calendars, and is longer than a line
    let name = json!({ "first_name": "سارا,نرگس;مریم\\زهرا", "last_name": "احمدی‌نژاد تهرانی ".repeat(4) });
    let doctor = format!("{DOCTORS}{}/", clinic.doctor.id);
    let _ = clinic.app.patch(&doctor).by(&admin).json(&name).send().await.expect(200);
    let visit = clinic.held(MONDAY).await;
    let text = calendar(&clinic, &visit).await;
    for line in [
        format!("UID:{visit}@helssa"),
        "DTSTAMP:20240120T100000Z".into(),
        "DTSTART:20240122T100000Z".into(),
        "DTEND:20240122T102000Z".into(),
        "STATUS:TENTATIVE".into(),
        format!("LOCATION:{SITE}/meet/{visit}"),
        "DESCRIPTION:کد پیگیری: HLS-2024-0122-1000".into(),
        "TRIGGER:-PT30M".into(),
    ] {
        assert_eq!(text.split("\r\n").filter(|found| **found == line).count(), 1, "{line}\n{text}");
    }
    assert!(text.contains("SUMMARY:ویزیت دکتر سارا\\,نرگس\\;مریم\\\\زهرا احمدی‌نژاد تهرانی"), "{text}");
    assert!(!text.contains("سردرد"), "a calendar is seen by others");
    let _ = clinic.ask(&visit, "pay").send().await.expect(200);
    assert!(calendar(&clinic, &visit).await.contains("STATUS:CONFIRMED\r\n"));
    let _ = clinic.ask(&visit, "cancel").send().await.expect(200);
    assert!(calendar(&clinic, &visit).await.contains("STATUS:CANCELLED\r\n"));
}

/// A page as a browser without a login gets it.
async fn page(clinic: &Clinic, path: &str) -> String {
    let answer = clinic.app.get(path).send().await.expect(200);
    assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));
    assert!(answer.header("content-security-policy").is_some_and(|text| text.contains("form-action 'self'")));
    String::from_utf8(answer.bytes.to_vec()).unwrap()
}

#[rstest]
#[tokio::test]
async fn a_visit_is_paid_at_its_page(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let clinic = Clinic::open(engine).await;
    let admin = clinic.app.admin().await;
    let name = json!({ "last_name": "<b>احمدی</b>" });
    let doctor = format!("{DOCTORS}{}/", clinic.doctor.id);
    let _ = clinic.app.patch(&doctor).by(&admin).json(&name).send().await.expect(200);
    let booked = clinic.asked(MONDAY).await.expect(201);
    let visit = booked.text("/id");
    let url = booked.text("/payment/payment_url");
    let path = url.strip_prefix(SITE).unwrap().to_owned();

    let online = json!({ "payment_method": "online" });
    let pay = format!("{VISITS}{visit}/pay/");
    let answer = clinic.app.post(&pay).by(&clinic.patient).json(&online).send().await.expect(200);
    assert_eq!((answer.text("/status"), answer.text("/payment_url")), ("pending".to_owned(), url.clone()));

    let shown = page(&clinic, &path).await;
    for text in [
        "دکتر سارا &lt;b&gt;احمدی&lt;/b&gt;",
        "دوشنبه ۲ بهمن ۱۴۰۲ ساعت ۱۳:۳۰",
        "HLS-2024-0122-1000",
        "۶۰۰٬۰۰۰ ریال",
        "مهلت پرداخت: شنبه ۳۰ دی ۱۴۰۲ ساعت ۱۳:۴۵",
        "<form method=\"post\">",
    ] {
        assert!(shown.contains(text), "{text} is not in\n{shown}");
    }
    assert!(!shown.contains("سردرد") && !shown.contains(&clinic.patient.id));

    // to the development gateway, whose browser comes back, and once more
    let back = pay_at_page(&clinic.app, &path).await;
    for _ in 0..2 {
        let came = clinic.app.get(&back).send().await.expect(303);
        let expected = format!("{url}/?transaction_id=");
        assert!(
            came.header("location").is_some_and(|to| to.starts_with(&expected)),
            "{:?}",
            came.header("location")
        );
        assert_eq!(clinic.seen(&visit).await["status"], "confirmed");
        assert_eq!(money(&clinic.app, &visit).await, ["payment 600000"]);
    }
    let shown = page(&clinic, &path).await;
    assert!(shown.contains("پرداخت انجام شد") && !shown.contains("<form"), "{shown}");
    assert_eq!(clinic.seen(&visit).await["payment"]["payment_status"], "paid");
    assert_eq!(clinic.app.audited("visit.pay").await, 1);
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

#[rstest]
#[tokio::test]
async fn a_page_that_is_not_there_or_too_late_takes_no_money(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut clinic = Clinic::open(engine).await;
    for token in [UNKNOWN, "x", "%00", "..%2f..%2fetc%2fpasswd"] {
        for call in [
            clinic.app.get(&format!("/pay/{token}/")),
            clinic.app.get(&format!("/pay/{token}")),
            clinic.app.post(&format!("/pay/{token}/")),
        ] {
            let answer = call.send().await.expect(404);
            assert_enveloped(&answer, token);
        }
    }
    let booked = clinic.asked(MONDAY).await.expect(201);
    let (visit, url) = (booked.text("/id"), booked.text("/payment/payment_url"));
    let path = url.strip_prefix(SITE).unwrap();
    // a visit's id is not the key to its page
    let _ = clinic.app.get(&format!("/pay/{visit}/")).send().await.expect(404);

    clinic.pass(SignedDuration::from_mins(15)).await;
    let shown = page(&clinic, path).await;
    assert!(shown.contains("پایان یافته") && !shown.contains("<form"), "{shown}");
    let _ = clinic.app.post(path).send().await.expect(303);
    let seen = clinic.seen(&visit).await;
    assert_eq!((&seen["status"], &seen["cancelled_by"]), (&json!("cancelled"), &json!("expired")));
    assert_eq!(seen["payment"]["payment_status"], "cancelled");
    assert!(money(&clinic.app, &visit).await.is_empty());
    let refused = clinic.ask(&visit, "pay").send().await.expect(409);
    assert_eq!(refused.code(), "ILLEGAL_STATE");
}

#[rstest]
#[tokio::test]
async fn a_completed_visit_is_rated_once_and_the_average_is_exact(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut clinic = Clinic::open(engine).await;
    let profile = format!("/api/v1/patients/doctors/{}/", clinic.doctor.id);
    let mut visits = vec![(clinic.patient.clone(), MONDAY, clinic.paid(MONDAY).await)];
    for at in ["2024-01-22T10:30:00Z", "2024-01-22T11:00:00Z"] {
        let patient = clinic.app.rich_patient().await;
        let visit = clinic.app.book(&clinic.doctor, &patient, at).await.expect(201).text("/id");
        let _ = step(&clinic.app, (&clinic.doctor, &patient), &visit, "pay").send().await.expect(200);
        visits.push((patient, at, visit));
    }
    let unrated = clinic.app.get(&profile).by(&clinic.patient).send().await.expect(200).json;
    assert_eq!(unrated["rating"], json!({ "average": 0.0, "count": 0 }));

    let scores = [(5, 5.0, 1), (4, 4.5, 2), (4, 4.3, 3)];
    for ((patient, at, visit), (score, average, count)) in visits.iter().zip(scores) {
        clinic.go_to(moment(at)).await;
        for led in ["start", "complete"] {
            let _ = clinic.ask(visit, led).send().await.expect(200);
        }
        let patient = anew(&clinic.app, patient).await;
        let rate = format!("{VISITS}{visit}/rating/");
        let body = json!({ "score": score, "comment": format!("نظر {count}\nخوب بود") });
        let rated = clinic.app.post(&rate).by(&patient).json(&body).send().await.expect(201).json;
        assert_eq!((&rated["encounter_id"], &rated["doctor_id"]), (&json!(visit), &json!(clinic.doctor.id)));
        assert_eq!((&rated["score"], &rated["comment"]), (&body["score"], &body["comment"]));
        let again = clinic.app.post(&rate).by(&patient).json(&json!({ "score": 1 })).send().await;
        assert_eq!(again.expect(409).code(), "ILLEGAL_STATE", "once");
        let shown = clinic.app.get(&profile).by(&patient).send().await.expect(200).json;
        assert_eq!(shown["rating"], json!({ "average": average, "count": count }));
        let own = clinic.app.get(&format!("{VISITS}{visit}/")).by(&patient).send().await.expect(200);
        assert_eq!(own.json["rating"], json!(score));
    }

    let reader = clinic.app.rich_patient().await;
    let said = clinic.app.get(&format!("{profile}ratings/")).by(&reader).send().await.expect(200).json;
    let said = said["results"].as_array().unwrap();
    let scores: Vec<_> = said.iter().map(|rating| rating["score"].as_i64().unwrap()).collect();
    assert_eq!(scores, [4, 4, 5], "the newest first");
    assert_eq!(said[2]["comment"], "نظر 1\nخوب بود");
    for rating in said {
        let mut names: Vec<_> = rating.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["comment", "created_at", "score"], "who said it is not told");
    }
}

#[rstest]
#[tokio::test]
async fn a_score_is_a_whole_number_from_1_to_5(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let mut clinic = Clinic::open(engine).await;
    let visit = clinic.paid(MONDAY).await;
    clinic.go_to(moment(MONDAY)).await;
    for led in ["start", "complete"] {
        let _ = clinic.ask(&visit, led).send().await.expect(200);
    }
    let rate = |body: &Value| {
        clinic.app.post(&format!("{VISITS}{visit}/rating/")).by(&clinic.patient).json(body).send()
    };
    for (body, field) in [
        (json!({}), "score"),
        (json!({ "score": null }), "score"),
        (json!({ "score": 0 }), "score"),
        (json!({ "score": 6 }), "score"),
        (json!({ "score": -5 }), "score"),
        (json!({ "score": 4.5 }), "score"),
        (json!({ "score": "5" }), "score"),
        (json!({ "score": true }), "score"),
        (json!({ "score": 5, "comment": 5 }), "comment"),
        (json!({ "score": 5, "comment": "x".repeat(1_001) }), "comment"),
        (json!({ "score": 5, "comment": "a\u{0}b" }), "comment"),
        (json!({ "score": 5, "doctor_id": clinic.doctor.id }), "doctor_id"),
    ] {
        let answer = rate(&body).await.expect(422);
        let told = &answer.json["error"]["details"]["field_errors"];
        assert!(told[field][0].is_string(), "{body}: {told}");
    }
    let profile = format!("/api/v1/patients/doctors/{}/", clinic.doctor.id);
    let shown = clinic.app.get(&profile).by(&clinic.patient).send().await.expect(200).json;
    assert_eq!(shown["rating"]["count"], 0);
    let _ = rate(&json!({ "score": 1 })).await.expect(201);
    let shown = clinic.app.get(&profile).by(&clinic.patient).send().await.expect(200).json;
    assert_eq!(shown["rating"], json!({ "average": 1.0, "count": 1 }));
}
