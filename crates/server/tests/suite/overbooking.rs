//! An admin puts a visit where patients can't (`POST admin/encounters/`). The clock stands at 10:00 UTC of 2024-01-20.

use domain::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Answer, Engine, TestApp, User};

use crate::{
    booking::{AT, UNKNOWN, alternatives, assert_refused, assert_wrong, change, pay, read, visits},
    doctors::DOCTORS,
    races::assert_whole,
};

const OVERBOOK: &str = "/api/v1/admin/encounters/";
const REASON: &str = "بیمار اورژانسی";

fn order(doctor: &User, patient: &User, at: &str) -> Value {
    json!({
        "patient_id": patient.id, "doctor_id": doctor.id, "scheduled_at": at, "visit_type": "online",
        "chief_complaint": "تب بالا", "reason": REASON,
    })
}

async fn ask(app: &TestApp, admin: &User, order: &Value) -> Answer {
    app.post(OVERBOOK).by(admin).json(order).send().await
}

async fn overbook(app: &TestApp, admin: &User, doctor: &User, patient: &User, at: &str) -> Answer {
    ask(app, admin, &order(doctor, patient, at)).await
}

#[rstest]
#[tokio::test]
async fn an_admin_puts_a_visit_on_top_of_another_and_says_why(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, admin) = (app.bookable_doctor().await, app.admin().await);
    let (first, second) = (app.rich_patient().await, app.rich_patient().await);
    let _ = app.book(&doctor, &first, AT).await.expect(201);
    let booked = overbook(&app, &admin, &doctor, &second, AT).await.expect(201);
    let id = booked.text("/id");
    assert!(booked.text("/booking_reference").starts_with("HLS-2024-0121-0700-"), "{}", booked.json);
    assert_eq!((booked.text("/status"), booked.text("/scheduled_at")), ("pending".into(), AT.to_owned()));
    let payment = &booked.json["payment"];
    assert_eq!((&payment["payable_amount"], &payment["pay_until"]), (&json!(600_000), &json!(AT)));

    let log = app.get(&format!("/api/v1/admin/users/{}/audit/", second.id)).by(&admin).send().await;
    let entry = log.expect(200).json["results"][0].clone();
    assert_eq!((&entry["action"], &entry["actor_id"]), (&json!("visit.overbook"), &json!(admin.id)));
    assert!(entry["detail"].as_str().unwrap().contains(REASON), "{entry}");

    // it is a visit like every other, and outlives a hold
    app.clock.advance(SignedDuration::from_mins(20));
    assert_eq!(read(&app, &second, &id).await["chief_complaint"], "تب بالا");
    assert_eq!(pay(&app, &second, &id).await.expect(200).text("/status"), "confirmed");
    let seen = app.get(&format!("/api/v1/doctors/encounters/{id}/")).by(&doctor).send().await.expect(200);
    assert_eq!((&seen.json["is_overbooked"], seen.text("/status")), (&json!(true), "confirmed".into()));
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test]
async fn an_admin_is_not_bound_to_slots_but_to_the_grid_and_to_what_lies_ahead(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, admin, patient) = (app.bookable_doctor().await, app.admin().await, app.rich_patient().await);
    for (at, why) in [
        ("2024-01-20T10:05:00Z", "in five minutes"),
        ("2024-01-21T06:45:00Z", "between two slots"),
        ("2024-01-21T08:30:00Z", "the break"),
        ("2024-01-21T20:00:00Z", "at night"),
        ("2024-01-26T07:00:00Z", "a Friday"),
        ("2024-03-20T10:00:00Z", "in 60 days"),
    ] {
        let booked = overbook(&app, &admin, &doctor, &patient, at).await;
        assert_eq!(
            (booked.status, booked.text("/scheduled_at").as_str()),
            (201, at),
            "{why}: {}",
            booked.json
        );
    }
    for (at, why) in [
        ("2024-01-20T10:00:00Z", "now"),
        ("2024-01-20T09:55:00Z", "past"),
        ("2024-01-22T06:46:00Z", "not a multiple of five minutes"),
        ("2024-01-22T06:45:01Z", "seconds"),
        ("2024-01-22T06:45:00.5Z", "half a second"),
        ("2024-03-20T10:05:00Z", "in more than 60 days"),
    ] {
        let refused = overbook(&app, &admin, &doctor, &patient, at).await;
        assert_refused(&refused, "DOCTOR_UNAVAILABLE", &[], why);
    }
    assert_eq!((visits(&app).await, app.audited("visit.overbook").await), (6, 6));
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test]
async fn nothing_lies_on_top_of_a_patients_own_visit(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, other) = (app.bookable_doctor().await, app.bookable_doctor().await);
    let (admin, patient) = (app.admin().await, app.rich_patient().await);
    let _ = app.book(&doctor, &patient, AT).await.expect(201);
    for (doctor, at) in
        [(&doctor, AT), (&other, AT), (&other, "2024-01-21T06:45:00Z"), (&doctor, "2024-01-21T07:15:00Z")]
    {
        let refused = overbook(&app, &admin, doctor, &patient, at).await.expect(409);
        assert_eq!(refused.code(), "APPOINTMENT_CONFLICT", "{at}");
    }
    for at in ["2024-01-21T06:40:00Z", "2024-01-21T07:20:00Z"] {
        let _ = overbook(&app, &admin, &doctor, &patient, at).await.expect(201);
    }
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test]
async fn three_visits_may_lie_on_top_of_one(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (doctor, admin) = (app.bookable_doctor().await, app.admin().await);
    let _ = app.book(&doctor, &app.rich_patient().await, AT).await.expect(201);
    let mut last = String::new();
    for _ in 0..3 {
        last = overbook(&app, &admin, &doctor, &app.rich_patient().await, AT).await.expect(201).text("/id");
    }
    let patient = app.rich_patient().await;
    for at in [AT, "2024-01-21T06:45:00Z", "2024-01-21T07:15:00Z"] {
        let refused = overbook(&app, &admin, &doctor, &patient, at).await.expect(409);
        assert_eq!(refused.code(), "APPOINTMENT_CONFLICT", "{at}");
    }
    // a place that was given back is a place
    let by_doctor = format!("/api/v1/doctors/encounters/{last}/cancel/");
    let reason = json!({ "reason": "پزشک بیمار است" });
    let _ = app.post(&by_doctor).by(&doctor).json(&reason).send().await.expect(200);
    let _ = overbook(&app, &admin, &doctor, &patient, AT).await.expect(201);
    assert_eq!(visits(&app).await, 5);
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test]
async fn patients_do_not_get_on_top_of_what_an_admin_put_there(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, admin) = (app.bookable_doctor().await, app.admin().await);
    let (first, second, third) =
        (app.rich_patient().await, app.rich_patient().await, app.rich_patient().await);
    let below = app.book(&doctor, &first, AT).await.expect(201).text("/id");
    // 07:15 to 07:35 lies on top of 07:00 to 07:20, and reaches into the slot of 07:30
    let _ = overbook(&app, &admin, &doctor, &second, "2024-01-21T07:15:00Z").await.expect(201);
    let next = "2024-01-21T07:30:00Z";
    assert!(!app.free(&doctor).await.contains(&next.to_owned()));
    let refused = app.book(&doctor, &third, next).await.expect(409);
    assert_eq!(refused.code(), "APPOINTMENT_CONFLICT");
    for at in alternatives(&refused) {
        assert!(at.as_str() != AT && at != next, "{at} is not free");
    }
    // nor when the visit below has gone
    let _ = change(&app, &first, &below, "cancel", &json!({})).await.expect(200);
    assert!(!app.free(&doctor).await.contains(&AT.to_owned()));
    assert_eq!(app.book(&doctor, &third, AT).await.expect(409).code(), "APPOINTMENT_CONFLICT");
    // nor by moving there
    let elsewhere = app.book(&doctor, &third, "2024-01-21T06:00:00Z").await.expect(201).text("/id");
    for at in [AT, next] {
        let moved = change(&app, &third, &elsewhere, "reschedule", &json!({ "scheduled_at": at })).await;
        assert_eq!(moved.expect(409).code(), "APPOINTMENT_CONFLICT", "{at}");
    }
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test]
async fn what_is_not_paid_when_it_starts_is_cancelled(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, admin, patient) = (app.bookable_doctor().await, app.admin().await, app.rich_patient().await);
    let at = "2024-01-20T10:20:00Z";
    let id = overbook(&app, &admin, &doctor, &patient, at).await.expect(201).text("/id");
    app.clock.advance(SignedDuration::from_secs(20 * 60 - 1));
    assert_eq!(read(&app, &patient, &id).await["status"], "pending");
    app.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(read(&app, &patient, &id).await["status"], "cancelled");
    assert_eq!(pay(&app, &patient, &id).await.expect(409).code(), "ILLEGAL_STATE");
    assert_eq!(app::visits::expire_due(&app.app).await.unwrap(), 1);
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test]
async fn admins_alone_overbook_and_only_people_that_there_are(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, admin, patient) = (app.bookable_doctor().await, app.admin().await, app.rich_patient().await);
    let order = order(&doctor, &patient, AT);
    for user in [&doctor, &patient, &app.staff().await] {
        assert_eq!(ask(&app, user, &order).await.expect(403).code(), "FORBIDDEN");
    }
    for (field, id) in [
        ("patient_id", UNKNOWN),
        ("patient_id", doctor.id.as_str()),
        ("patient_id", admin.id.as_str()),
        ("doctor_id", UNKNOWN),
        ("doctor_id", patient.id.as_str()),
    ] {
        let mut order = order.clone();
        order[field] = json!(id);
        assert_eq!(ask(&app, &admin, &order).await.expect(404).code(), "NOT_FOUND", "{field} {id}");
    }
    for (field, value) in [
        ("patient_id", json!("x")),
        ("doctor_id", Value::Null),
        ("scheduled_at", json!("soon")),
        ("visit_type", json!("phone")),
        ("chief_complaint", json!(" ")),
        ("reason", Value::Null),
        ("reason", json!("  ")),
        ("reason", json!("د".repeat(301))),
        ("lane", json!(7)),
    ] {
        let mut order = order.clone();
        order[field] = value;
        assert_wrong(&ask(&app, &admin, &order).await, field, field);
    }
    let suspend = format!("{DOCTORS}{}/suspend/", doctor.id);
    let reason = json!({ "reason": "شکایت بیمار" });
    let _ = app.post(&suspend).by(&admin).json(&reason).send().await.expect(200);
    let gone = ask(&app, &admin, &order).await;
    assert!([404, 409].contains(&gone.status), "{}", gone.json);
    assert_eq!((visits(&app).await, app.audited("visit.overbook").await), (0, 0));
}

#[rstest]
#[tokio::test]
async fn an_order_with_a_key_is_carried_out_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (doctor, admin, patient) = (app.bookable_doctor().await, app.admin().await, app.rich_patient().await);
    let send =
        |order: &Value| app.post(OVERBOOK).by(&admin).header("idempotency-key", "k").json(order).send();
    let first = send(&order(&doctor, &patient, AT)).await.expect(201);
    let again = send(&order(&doctor, &patient, AT)).await.expect(201);
    assert_eq!((&again.json, again.header("idempotent-replay")), (&first.json, Some("true")));
    let other = send(&order(&doctor, &patient, "2024-01-21T08:00:00Z")).await.expect(422);
    assert_eq!(other.code(), "IDEMPOTENCY_KEY_REUSED");
    assert_eq!((visits(&app).await, app.audited("visit.overbook").await), (1, 1));
}
