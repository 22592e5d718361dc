//! What protects patients from the clinic, and the clinic from patients: a suspended doctor's visits are given back,
//! what everybody forgot comes to its end, nobody holds a whole calendar, nobody is texted without end, and a doctor sees
//! no more than a visit allows.

use domain::{Clock as _, SignedDuration, Timestamp, ledger::Account};
use rstest::rstest;
use serde_json::json;
use testkit::{Engine, TestApp, visits::FEE};

use crate::visits::anew;

/// What a visit brings its doctor; the rest is the platform's.
const NET: i64 = FEE - FEE / 10;

#[rstest]
#[tokio::test]
async fn a_suspended_doctors_patients_get_everything_back(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient, admin) = (app.bookable_doctor().await, app.rich_patient().await, app.admin().await);
    let visit = app.confirmed(&doctor, &patient).await;
    let suspend = format!("/api/v1/admin/doctors/{}/suspend/", doctor.id);
    let _ = app.post(&suspend).by(&admin).json(&json!({ "reason": "test" })).send().await.expect(200);
    app::jobs::run_due(&app.app).await.unwrap();
    let path = format!("/api/v1/patients/encounters/{visit}/");
    let found = app.get(&path).by(&patient).send().await.expect(200);
    assert_eq!((found.text("/status"), found.text("/cancelled_by")), ("cancelled".into(), "admin".into()));
    assert_eq!(found.text("/payment/payment_status"), "refunded");
    assert_eq!(app.audited("visit.withdraw").await, 1);
    let told = app.get("/api/v1/notifications/").by(&patient).send().await.expect(200);
    assert!(told.json.to_string().contains("600000 ریال به کیف پول"), "{}", told.json);
}

#[rstest]
#[tokio::test]
async fn an_admin_gives_back_a_visit_whose_doctor_never_came(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    let visit = app.confirmed(&doctor, &patient).await;
    app.clock.advance(SignedDuration::from_hours(24 * 10));
    let (patient, admin) = (app.log_in(&patient.phone).await, app.admin().await);
    let own = format!("/api/v1/patients/encounters/{visit}/cancel/");
    assert_eq!(app.post(&own).by(&patient).send().await.expect(409).code(), "ILLEGAL_STATE");
    let path = format!("/api/v1/admin/encounters/{visit}/cancel/");
    let reason = json!({ "reason": "پزشک نیامد" });
    let cancelled = app.post(&path).by(&admin).json(&reason).send().await.expect(200);
    assert_eq!(
        (&cancelled.json["refund_amount"], &cancelled.json["fee_amount"]),
        (&600_000.into(), &0.into())
    );
    assert_eq!(app.post(&path).by(&admin).json(&reason).send().await.expect(409).code(), "ILLEGAL_STATE");
}

#[rstest]
#[tokio::test]
async fn nobody_holds_more_than_25_times_without_paying(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    let free = app.free(&doctor).await;
    for at in &free[..25] {
        let _ = app.book(&doctor, &patient, at).await.expect(201);
    }
    let refused = app.book(&doctor, &patient, &free[25]).await.expect(409);
    assert_eq!((refused.code(), refused.header("retry-after")), ("TOO_MANY_HOLDS", Some("900")));
    let _ = app.book(&doctor, &app.rich_patient().await, &free[25]).await.expect(201);
    app.clock.advance(SignedDuration::from_mins(16));
    let free = app.free(&doctor).await;
    let _ = app.book(&doctor, &patient, &free[3]).await.expect(201);
}

#[rstest]
#[tokio::test]
async fn a_visit_can_be_moved_five_times(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    let visit = app.confirmed(&doctor, &patient).await;
    let free = app.free(&doctor).await;
    let path = format!("/api/v1/patients/encounters/{visit}/reschedule/");
    for (n, at) in free.iter().rev().take(6).enumerate() {
        let wish = json!({ "scheduled_at": at });
        let moved = app.post(&path).by(&patient).json(&wish).send().await;
        assert_eq!(moved.status, if n < 5 { 200 } else { 409 }, "move {n}: {}", moved.json);
    }
}

#[rstest]
#[tokio::test]
async fn a_doctor_sees_what_was_said_only_while_the_visit_lets_them(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    let visit = app.booked(&doctor, &patient).await;
    let path = format!("/api/v1/doctors/encounters/{visit}/");
    let held = app.get(&path).by(&doctor).send().await.expect(200);
    assert_eq!(held.text("/chief_complaint"), "", "nobody has paid for it");
    let pay = format!("/api/v1/patients/encounters/{visit}/pay/");
    let wallet = json!({ "payment_method": "wallet" });
    let _ = app.post(&pay).by(&patient).json(&wallet).send().await.expect(200);
    let paid = app.get(&path).by(&doctor).send().await.expect(200);
    assert_eq!(paid.text("/chief_complaint"), "سردرد");
    let cancel = format!("/api/v1/patients/encounters/{visit}/cancel/");
    let _ = app.post(&cancel).by(&patient).send().await.expect(200);
    let cancelled = app.get(&path).by(&doctor).send().await.expect(200);
    assert_eq!(cancelled.text("/chief_complaint"), "");
}

#[rstest]
#[tokio::test]
async fn an_admin_gives_back_a_visit_that_nobody_ends(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.patient().await);
    let visit = app.started(&doctor, &patient).await;
    let admin = app.admin().await;
    let path = format!("/api/v1/admin/encounters/{visit}/cancel/");
    let reason = json!({ "reason": "پزشک ویزیت را نبست" });
    let cancelled = app.post(&path).by(&admin).json(&reason).send().await.expect(200);
    assert_eq!(cancelled.json["refund_amount"], FEE);
    assert_eq!(app.post(&path).by(&admin).json(&reason).send().await.expect(409).code(), "ILLEGAL_STATE");
    assert_eq!((app.spendable(&patient).await, app.holds(&Account::escrow()).await), (FEE, 0));
    let doctor = anew(&app, &doctor).await;
    let complete = format!("/api/v1/doctors/encounters/{visit}/complete/");
    assert_eq!(app.post(&complete).by(&doctor).send().await.expect(409).code(), "ILLEGAL_STATE");
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn what_goes_on_when_a_doctor_is_suspended_is_given_back(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.patient().await);
    let visit = app.started(&doctor, &patient).await;
    let admin = app.admin().await;
    let suspend = format!("/api/v1/admin/doctors/{}/suspend/", doctor.id);
    let _ = app.post(&suspend).by(&admin).json(&json!({ "reason": "test" })).send().await.expect(200);
    app::jobs::run_due(&app.app).await.unwrap();
    let patient = app.log_in(&patient.phone).await;
    let path = format!("/api/v1/patients/encounters/{visit}/");
    let found = app.get(&path).by(&patient).send().await.expect(200);
    assert_eq!((found.text("/status"), found.text("/cancelled_by")), ("cancelled".into(), "admin".into()));
    assert_eq!((app.spendable(&patient).await, app.holds(&Account::escrow()).await), (FEE, 0));
}

#[rstest]
#[tokio::test]
async fn a_visit_that_nobody_began_is_given_back_a_day_later(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.patient().await);
    let visit = app.confirmed(&doctor, &patient).await;
    let path = format!("/api/v1/doctors/encounters/{visit}/");
    let start = app.get(&path).by(&doctor).send().await.expect(200).text("/scheduled_at");
    let start: Timestamp = start.parse().unwrap();
    // it takes twenty minutes
    app.clock.advance(start.duration_since(app.clock.now()) + SignedDuration::from_hours(24));
    app::jobs::run_cron(&app.app).await.unwrap();
    assert_eq!((app.spendable(&patient).await, app.audited("visit.withdraw").await), (0, 0));
    app.clock.advance(SignedDuration::from_mins(20));
    for _ in 0..2 {
        app::jobs::run_cron(&app.app).await.unwrap();
        assert_eq!((app.spendable(&patient).await, app.audited("visit.withdraw").await), (FEE, 1));
        app.clock.advance(SignedDuration::from_mins(10));
    }
    let (doctor, patient) = (app.log_in(&doctor.phone).await, app.log_in(&patient.phone).await);
    let found = app.get(&format!("/api/v1/patients/encounters/{visit}/")).by(&patient).send().await;
    let found = found.expect(200);
    assert_eq!((found.text("/status"), found.text("/cancelled_by")), ("cancelled".into(), "admin".into()));
    for user in [&doctor, &patient] {
        let told = app.get("/api/v1/notifications/").by(user).send().await.expect(200);
        assert!(told.json.to_string().contains("لغو شد"), "{}", told.json);
    }
    let start = format!("{path}start/");
    assert_eq!(app.post(&start).by(&doctor).send().await.expect(409).code(), "ILLEGAL_STATE");
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn a_visit_that_nobody_ended_is_completed_a_day_later(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.patient().await);
    let visit = app.started(&doctor, &patient).await;
    let doctor = anew(&app, &doctor).await;
    let path = format!("/api/v1/doctors/encounters/{visit}/");
    let start = app.get(&path).by(&doctor).send().await.expect(200).text("/scheduled_at");
    let start: Timestamp = start.parse().unwrap();
    // it takes twenty minutes
    app.clock.advance(start.duration_since(app.clock.now()) + SignedDuration::from_hours(24));
    app::jobs::run_cron(&app.app).await.unwrap();
    assert_eq!((app.holds(&Account::escrow()).await, app.audited("visit.complete").await), (FEE, 0));
    app.clock.advance(SignedDuration::from_mins(20));
    for _ in 0..2 {
        app::jobs::run_cron(&app.app).await.unwrap();
        assert_eq!((app.spendable(&doctor).await, app.holds(&Account::commission()).await), (NET, FEE - NET));
        assert_eq!((app.holds(&Account::escrow()).await, app.audited("visit.complete").await), (0, 1));
        app.clock.advance(SignedDuration::from_mins(10));
    }
    assert_eq!((app.spendable(&patient).await, app.audited("visit.withdraw").await), (0, 0));

    let (doctor, patient) = (app.log_in(&doctor.phone).await, app.log_in(&patient.phone).await);
    let admin = app.admin().await;
    let log = app.get(&format!("/api/v1/admin/users/{}/audit/", patient.id)).by(&admin).send().await;
    let log = log.expect(200).json;
    let entry = log["results"].as_array().unwrap().iter().find(|entry| entry["action"] == "visit.complete");
    let entry = entry.unwrap();
    assert_eq!((&entry["actor_kind"], &entry["request_id"]), (&json!("worker"), &json!("cron")));
    // all else is as if the doctor had
    let own = format!("/api/v1/patients/encounters/{visit}/");
    assert_eq!(app.get(&own).by(&patient).send().await.expect(200).text("/status"), "completed");
    let earned = app.get("/api/v1/doctors/earnings/").by(&doctor).send().await.expect(200).json;
    assert_eq!((&earned["totals"]["net_amount"], &earned["count"]), (&json!(NET), &json!(1)));
    let complete = format!("{path}complete/");
    assert_eq!(app.post(&complete).by(&doctor).send().await.expect(409).code(), "ILLEGAL_STATE");
    let stars = json!({ "score": 5 });
    let _ = app.post(&format!("{own}rating/")).by(&patient).json(&stars).send().await.expect(201);
    app::jobs::run_due(&app.app).await.unwrap();
    let invoices = app.get("/api/v1/billing/invoices/").by(&patient).send().await.expect(200).json;
    assert_eq!((&invoices["count"], &invoices["results"][0]["total"]), (&json!(1), &json!(FEE)));
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_ends_a_forgotten_visit_ends_it_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let here = TestApp::start(engine).await;
    let there = here.second_node().await;
    let (doctor, patient) = (here.bookable_doctor().await, here.patient().await);
    let visit = here.started(&doctor, &patient).await;
    here.clock.advance(SignedDuration::from_hours(25));
    let doctor = anew(&here, &doctor).await;
    let complete = format!("/api/v1/doctors/encounters/{visit}/complete/");
    let (answer, by_here, by_there) = tokio::join!(
        here.post(&complete).by(&doctor).send(),
        app::visits::end_forgotten(&here.app),
        app::visits::end_forgotten(&there.app),
    );
    let by_doctor = u64::from(answer.status == 200);
    if by_doctor == 0 {
        assert_eq!(answer.expect(409).code(), "ILLEGAL_STATE");
    }
    assert_eq!(by_doctor + by_here.unwrap() + by_there.unwrap(), 1);
    assert_eq!((here.audited("visit.complete").await, here.spendable(&doctor).await), (1, NET));
    assert_eq!(here.holds(&Account::escrow()).await, 0);
    here.expect_a_sound_ledger().await;
}
