//! Times that can't be had, and the free ones that are offered instead.

use std::collections::BTreeSet;

use domain::SignedDuration;
use rstest::rstest;
use serde_json::json;
use testkit::{Engine, TestApp};

use super::{AT, alternatives, ask, assert_refused, visits, wish};
use crate::{doctors::DOCTORS, races::assert_whole, settings_of_doctors::patch};

/// On one day, in UTC.
fn day(date: &str, times: &[&str]) -> Vec<String> {
    times.iter().map(|time| format!("{date}T{time}:00Z")).collect()
}

#[rstest]
#[tokio::test]
async fn a_time_that_is_no_slot_is_refused_with_the_nearest_that_are(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    let mut named = BTreeSet::new();
    for (at, date, instead, why) in [
        ("2024-01-20T09:30:00Z", "2024-01-20", ["10:30", "11:00", "11:30"], "half an hour ago"),
        ("2020-01-01T00:00:00Z", "2024-01-20", ["10:30", "11:00", "11:30"], "long ago"),
        ("0001-01-01T00:00:00Z", "2024-01-20", ["10:30", "11:00", "11:30"], "very long ago"),
        ("2024-01-20T10:00:00Z", "2024-01-20", ["10:30", "11:00", "11:30"], "now"),
        ("2024-01-21T05:30:01Z", "2024-01-21", ["05:30", "06:00", "06:30"], "a second past a slot"),
        ("2024-01-21T05:30:00.000001Z", "2024-01-21", ["05:30", "06:00", "06:30"], "a microsecond"),
        ("2024-01-21T05:30:00.000000001Z", "2024-01-21", ["05:30", "06:00", "06:30"], "a nanosecond"),
        ("2024-01-21T06:45:00Z", "2024-01-21", ["06:00", "06:30", "07:00"], "between two slots"),
        ("2024-01-21T06:50:00Z", "2024-01-21", ["06:30", "07:00", "07:30"], "the end of a slot"),
        ("2024-01-21T08:30:00Z", "2024-01-21", ["07:30", "08:00", "09:30"], "the break"),
        ("2024-01-21T09:00:00Z", "2024-01-21", ["08:00", "09:30", "10:00"], "later in the break"),
        ("2024-01-21T05:00:00Z", "2024-01-21", ["05:30", "06:00", "06:30"], "before the hours"),
        ("2024-01-21T13:30:00Z", "2024-01-21", ["12:00", "12:30", "13:00"], "after the hours"),
        ("2024-01-26T05:30:00Z", "2024-01-25", ["12:00", "12:30", "13:00"], "a Friday"),
    ] {
        let refused = app.book(&doctor, &patient, at).await;
        assert_eq!((refused.status, refused.code()), (409, "DOCTOR_UNAVAILABLE"), "{why}: {}", refused.json);
        assert_eq!(alternatives(&refused), day(date, &instead), "{why}");
        named.extend(alternatives(&refused));
    }
    for at in ["2024-03-20T10:30:00Z", "2025-01-21T05:30:00Z", "9999-12-30T22:00:00Z"] {
        let refused = app.book(&doctor, &patient, at).await.expect(409);
        let instead = alternatives(&refused);
        assert_eq!((refused.code(), instead.len()), ("DOCTOR_UNAVAILABLE", 3), "{at} is too far away");
        named.extend(instead);
    }
    assert_eq!(visits(&app).await, 0);
    // what was named can be booked
    for at in named {
        let _ = app.book(&doctor, &patient, &at).await.expect(201);
    }
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test]
async fn half_an_hour_ahead_is_not_too_soon_and_sixty_days_not_too_late(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, other, patient) =
        (app.bookable_doctor().await, app.bookable_doctor().await, app.rich_patient().await);
    for at in ["2024-01-20T10:30:00Z", "2024-03-20T10:00:00Z"] {
        let _ = app.book(&doctor, &patient, at).await.expect(201);
    }
    let late = app.book(&doctor, &patient, "2024-03-20T10:30:00Z").await.expect(409);
    assert_eq!(late.code(), "DOCTOR_UNAVAILABLE");
    app.clock.advance(SignedDuration::from_secs(1));
    let soon = app.book(&other, &app.rich_patient().await, "2024-01-20T10:30:00Z").await;
    let instead = day("2024-01-20", &["11:00", "11:30", "12:00"]);
    assert_eq!((soon.code(), alternatives(&soon)), ("DOCTOR_UNAVAILABLE", instead));
}

#[rstest]
#[tokio::test]
async fn a_doctor_who_is_away_is_not_booked(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    let away = json!({ "availability": {
        "days_off": ["2024-01-21"],
        "leaves": [{ "from": "2024-01-22", "to": "2024-01-23" }],
    } });
    let _ = patch(&app, &doctor, &away).await.expect(200);
    for at in ["2024-01-21T07:00:00Z", "2024-01-22T07:00:00Z", "2024-01-23T07:00:00Z"] {
        let refused = app.book(&doctor, &patient, at).await.expect(409);
        assert_eq!(refused.code(), "DOCTOR_UNAVAILABLE", "{at}");
        let is_away = |at: &String| ["2024-01-21", "2024-01-22", "2024-01-23"].contains(&&at[..10]);
        assert!(!alternatives(&refused).iter().any(is_away), "{}", refused.json);
    }
    let _ = app.book(&doctor, &patient, "2024-01-24T07:00:00Z").await.expect(201);
}

#[rstest]
#[tokio::test]
async fn who_sees_nobody_has_no_other_times(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (fresh, suspended, online) =
        (app.doctor().await, app.bookable_doctor().await, app.bookable_doctor().await);
    let (patient, admin) = (app.rich_patient().await, app.admin().await);
    let suspend = format!("{DOCTORS}{}/suspend/", suspended.id);
    let reason = json!({ "reason": "شکایت بیمار" });
    let _ = app.post(&suspend).by(&admin).json(&reason).send().await.expect(200);
    let never = json!({ "consultation_settings": { "in_person_consultation_enabled": false } });
    let _ = patch(&app, &online, &never).await.expect(200);

    for (doctor, why) in [(&fresh, "has set nothing"), (&suspended, "is suspended")] {
        assert_refused(&app.book(doctor, &patient, AT).await, "DOCTOR_UNAVAILABLE", &[], why);
    }
    let mut in_person = wish(&online, AT);
    in_person["visit_type"] = json!("in_person");
    let refused = ask(&app, &patient, &in_person).await;
    assert_refused(&refused, "DOCTOR_UNAVAILABLE", &[], "sees people online alone");
    let _ = app.book(&online, &patient, AT).await.expect(201);
}

#[rstest]
#[tokio::test]
async fn a_taken_time_is_refused_with_free_ones_that_can_be_booked(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, first, second) =
        (app.bookable_doctor().await, app.rich_patient().await, app.rich_patient().await);
    let _ = app.book(&doctor, &first, AT).await.expect(201);
    let instead = ["2024-01-21T06:00:00Z", "2024-01-21T06:30:00Z", "2024-01-21T07:30:00Z"];
    for patient in [&second, &first] {
        let refused = app.book(&doctor, patient, AT).await;
        assert_refused(&refused, "APPOINTMENT_CONFLICT", &instead, "somebody has it");
    }
    assert!(!app.free(&doctor).await.contains(&AT.to_owned()));
    for at in instead {
        let _ = app.book(&doctor, &second, at).await.expect(201);
    }
    // now the nearest are farther away
    let refused = app.book(&doctor, &app.rich_patient().await, AT).await;
    let instead = ["2024-01-21T05:30:00Z", "2024-01-21T08:00:00Z", "2024-01-21T09:30:00Z"];
    assert_refused(&refused, "APPOINTMENT_CONFLICT", &instead, "so are those around it");
    assert_eq!(visits(&app).await, 4);
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test]
async fn nobody_is_at_two_doctors_at_one_time(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (one, other, patient) =
        (app.bookable_doctor().await, app.bookable_doctor().await, app.rich_patient().await);
    let from =
        |start: &str| json!({ "availability": { "working_hours": { "start": start, "end": "17:00" } } });
    // slots at 05:45, 06:15, 06:45, 07:15, 07:45 …
    let _ = patch(&app, &other, &from("09:15")).await.expect(200);
    let _ = app.book(&one, &patient, AT).await.expect(201);
    let instead = ["2024-01-21T05:45:00Z", "2024-01-21T06:15:00Z", "2024-01-21T07:45:00Z"];
    for at in ["2024-01-21T06:45:00Z", "2024-01-21T07:15:00Z"] {
        let refused = app.book(&other, &patient, at).await;
        assert_eq!((refused.status, refused.code()), (409, "APPOINTMENT_CONFLICT"), "{at} overlaps");
        let named = alternatives(&refused);
        assert!(named.len() == 3 && !named.contains(&"2024-01-21T07:15:00Z".to_owned()), "{named:?}");
        assert!(!named.contains(&"2024-01-21T06:45:00Z".to_owned()), "{named:?}");
    }
    let refused = app.book(&other, &patient, "2024-01-21T06:45:00Z").await;
    assert_refused(&refused, "APPOINTMENT_CONFLICT", &instead, "free for both");
    for at in instead {
        let _ = app.book(&other, &patient, at).await.expect(201);
    }
    // somebody else may
    let _ = app.book(&other, &app.rich_patient().await, "2024-01-21T06:45:00Z").await.expect(201);

    // from one door to the next: 07:00 to 07:20, then 07:20
    let (next, quick) = (app.bookable_doctor().await, app.rich_patient().await);
    let _ = patch(&app, &next, &from("09:20")).await.expect(200);
    let busy = app.bookable_doctor().await;
    let _ = app.book(&busy, &quick, AT).await.expect(201);
    let _ = app.book(&next, &quick, "2024-01-21T07:20:00Z").await.expect(201);
    assert_whole(&app.app.db).await;
}
