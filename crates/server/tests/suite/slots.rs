//! When a doctor can be booked (D18). The clock stands at 13:30 of Saturday 2024-01-20 in Tehran.

use app::slots;
use db::{At, sql};
use domain::{
    Clock, SignedDuration, Timestamp,
    ids::{UserId, VisitId},
    practice::Practice,
    schedule::{Schedule, Weekday},
};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, TestApp, User};

use crate::{
    doctors::DOCTORS,
    settings_of_doctors::{patch, practising},
};

fn path(doctor: &str, query: &str) -> String {
    format!("/api/v1/patients/doctors/{doctor}/slots/{query}")
}

/// When the free slots start.
async fn starts(app: &TestApp, by: &User, doctor: &User, query: &str) -> Vec<String> {
    let found = app.get(&path(&doctor.id, query)).by(by).send().await.expect(200).json;
    let results = found["results"].as_array().unwrap();
    results.iter().map(|slot| slot["start"].as_str().unwrap().to_owned()).collect()
}

fn day(date: &str, times: &[&str]) -> Vec<String> {
    times.iter().map(|time| format!("{date}T{time}:00Z")).collect()
}

/// Of a whole day of the sample: 9 to 12 and 13 to 17 o'clock in Tehran, every half an hour.
const WHOLE: [&str; 14] = [
    "05:30", "06:00", "06:30", "07:00", "07:30", "08:00", "09:30", "10:00", "10:30", "11:00", "11:30",
    "12:00", "12:30", "13:00",
];

fn user(user: &User) -> UserId {
    UserId(user.id.parse().unwrap())
}

/// Puts a visit of 20 minutes into the database: paid, or held until then.
async fn occupy(app: &TestApp, doctor: &User, patient: &User, start: &str, hold: Option<Timestamp>) {
    let start: Timestamp = start.parse().unwrap();
    let id = VisitId::new(app.clock.now(), &*app.app.rng).0;
    let input = (id, user(doctor).0, user(patient).0, start, hold);
    app.app
        .db
        .write(input, |tx, (id, doctor, patient, start, hold)| {
            Box::pin(async move {
                let end = At(*start + SignedDuration::from_mins(20));
                let status = if hold.is_some() { "pending" } else { "confirmed" };
                tx.exec(
                    sql!(
                        "INSERT INTO visits (id, doctor_id, patient_id, reference, visit_type, status, lane, starts_at,
                             ends_at, hold_until, chief_complaint, description, total, insurance_share, patient_share,
                             policy_version, free_until, fee_percent, pay_token, paid, refunded, created_at, updated_at)
                         VALUES (?1, ?2, ?3, ?4, 'online', ?5, 0, ?6, ?7, ?8, ?9, ?9, 0, 0, 0, 1, ?6, 50, ?1, 0, 0, ?6, ?6)"
                    ),
                    &[
                        id,
                        doctor,
                        patient,
                        &id.to_string(),
                        &status,
                        &At(*start),
                        &end,
                        &hold.map(At),
                        &vec![0_u8],
                    ],
                )
                .await
            })
        })
        .await
        .unwrap();
}

#[rstest]
#[tokio::test]
async fn slots_are_those_of_the_settings_in_the_time_of_tehran(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (practising(&app).await, app.patient().await);
    let sunday = app.get(&path(&doctor.id, "?from=2024-01-21&to=2024-01-21")).by(&patient).send().await;
    let sunday = sunday.expect(200).json;
    assert_eq!(
        sunday["results"][0],
        json!({ "start": "2024-01-21T05:30:00Z", "end": "2024-01-21T05:50:00Z" })
    );
    let whole = day("2024-01-21", &WHOLE);
    assert_eq!(starts(&app, &patient, &doctor, "?from=2024-01-21&to=2024-01-21").await, whole);
    assert_eq!(starts(&app, &patient, &doctor, "?from=1402-11-01&to=1402-11-01").await, whole);
    assert_eq!(
        starts(&app, &patient, &doctor, "?from=1402/11/1&to=2024-01-21&visit_type=online").await,
        whole
    );

    // Thursday and Friday
    assert!(starts(&app, &patient, &doctor, "?from=2024-01-25&to=2024-01-26").await.is_empty());
    // today's rest, and the week from today
    let today = day("2024-01-20", &WHOLE[8..]);
    assert_eq!(starts(&app, &patient, &doctor, "?to=2024-01-20").await, today);
    let week = starts(&app, &patient, &doctor, "").await;
    assert_eq!(week.len(), 6 + 4 * 14);
    assert_eq!((&week[..6], week[61].as_str()), (&today[..], "2024-01-24T13:00:00Z"));
    assert!(week.is_sorted());
    assert_eq!(starts(&app, &doctor, &doctor, "").await, week, "whoever asks");
    assert!(starts(&app, &patient, &doctor, "?from=2023-12-01&to=2023-12-31").await.is_empty(), "past");
}

#[rstest]
#[tokio::test]
async fn a_change_of_the_settings_changes_the_slots(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (practising(&app).await, app.patient().await);
    let away = json!({ "availability": {
        "days_off": ["2024-01-21"],
        "leaves": [{ "from": "1402-11-02", "to": "1402-11-03" }],
    } });
    let _ = patch(&app, &doctor, &away).await.expect(200);
    let week = starts(&app, &patient, &doctor, "?from=2024-01-21&to=2024-01-27").await;
    assert_eq!(week, [day("2024-01-24", &WHOLE), day("2024-01-27", &WHOLE)].concat());

    let short = json!({
        "consultation_settings": { "consultation_duration": 60, "buffer_time": 0 },
        "availability": { "working_hours": { "start": "10:30", "end": "15:00" } },
    });
    let _ = patch(&app, &doctor, &short).await.expect(200);
    let found = starts(&app, &patient, &doctor, "?from=2024-01-24&to=2024-01-24").await;
    // 11:30 would reach into the break, 14:30 past the end
    assert_eq!(found, day("2024-01-24", &["07:00", "10:00"]));
}

#[rstest]
#[tokio::test]
async fn nothing_is_offered_too_soon_or_too_late(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (practising(&app).await, app.patient().await);
    // just half an hour ahead, then a second less
    assert_eq!(starts(&app, &patient, &doctor, "?to=2024-01-20").await[0], "2024-01-20T10:30:00Z");
    let last = starts(&app, &patient, &doctor, "?from=2024-03-20&to=2024-03-30").await;
    assert_eq!(last, day("2024-03-20", &WHOLE[..8]), "60 days from now, to the second");
    app.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(starts(&app, &patient, &doctor, "?to=2024-01-20").await[0], "2024-01-20T11:00:00Z");
    let last = starts(&app, &patient, &doctor, "?from=2024-03-20&to=2024-03-30").await;
    assert_eq!(last, day("2024-03-20", &WHOLE[..8]));
}

#[rstest]
#[tokio::test]
async fn a_kind_that_the_doctor_does_not_take_has_no_slots(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (practising(&app).await, app.patient().await);
    let all = starts(&app, &patient, &doctor, "").await;
    for kind in ["online", "in_person"] {
        assert_eq!(starts(&app, &patient, &doctor, &format!("?visit_type={kind}")).await, all, "{kind}");
    }
    let online = json!({ "consultation_settings": { "in_person_consultation_enabled": false } });
    let _ = patch(&app, &doctor, &online).await.expect(200);
    assert!(starts(&app, &patient, &doctor, "?visit_type=in_person").await.is_empty());
    assert_eq!(starts(&app, &patient, &doctor, "?visit_type=online").await, all);
    assert_eq!(starts(&app, &patient, &doctor, "").await, all);
    let nothing = json!({ "consultation_settings": { "online_consultation_enabled": false } });
    let _ = patch(&app, &doctor, &nothing).await.expect(200);
    assert!(starts(&app, &patient, &doctor, "").await.is_empty());
}

#[rstest]
#[tokio::test]
async fn what_is_taken_is_not_offered(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (doctor, other, patient) = (practising(&app).await, practising(&app).await, app.patient().await);
    let hold = app.clock.now() + SignedDuration::from_mins(15);
    occupy(&app, &doctor, &patient, "2024-01-20T10:30:00Z", None).await;
    occupy(&app, &doctor, &patient, "2024-01-20T11:50:00Z", Some(hold)).await;
    let all = day("2024-01-20", &WHOLE[8..]);
    let free = |taken: &[usize]| -> Vec<String> {
        all.iter().enumerate().filter(|(n, _)| !taken.contains(n)).map(|(_, start)| start.clone()).collect()
    };
    // 11:50 to 12:10 keeps 12:00 to 12:20 from being offered, not 11:30 to 11:50
    assert_eq!(starts(&app, &patient, &doctor, "?to=2024-01-20").await, free(&[0, 3]));
    assert_eq!(starts(&app, &patient, &other, "?to=2024-01-20").await, all);
    // a hold that has ended frees its time
    app.clock.advance(SignedDuration::from_mins(16));
    assert_eq!(starts(&app, &patient, &doctor, "?to=2024-01-20").await, free(&[0]));
}

#[rstest]
#[tokio::test]
async fn who_is_no_doctor_here_is_not_found(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (doctor, patient, admin) = (practising(&app).await, app.patient().await, app.admin().await);
    let fresh = app.doctor().await;
    let unknown = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b";
    for id in [unknown, &patient.id, &fresh.id, "x", "%20"] {
        let answer = app.get(&path(id, "")).by(&patient).send().await.expect(404);
        assert_eq!(answer.code(), "NOT_FOUND", "{id}");
    }
    let reason = json!({ "reason": "شکایت بیمار" });
    let suspend = format!("{DOCTORS}{}/suspend/", doctor.id);
    let _ = app.post(&suspend).by(&admin).json(&reason).send().await.expect(200);
    let _ = app.get(&path(&doctor.id, "")).by(&patient).send().await.expect(404);
}

#[rstest]
#[tokio::test]
async fn a_wrong_range_is_told_by_its_parameters_name(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (practising(&app).await, app.patient().await);
    for (query, field) in [
        ("?from=soon", "from"),
        ("?from=2024-02-30", "from"),
        ("?from=1402-12-30", "from"),
        ("?to=2024-13-01", "to"),
        ("?to=2024-01-19", "to"),
        ("?from=2024-01-21&to=2024-01-20", "to"),
        ("?from=2024-01-20&to=2024-03-21", "to"),
        ("?from=2024-01-20&to=2321-01-01", "to"),
        ("?visit_type=phone", "visit_type"),
        ("?visit_type=Online", "visit_type"),
    ] {
        let answer = app.get(&path(&doctor.id, query)).by(&patient).send().await.expect(422);
        let told = &answer.json["error"]["details"]["field_errors"];
        assert!(told[field][0].is_string(), "{query}: {told}");
        assert_eq!(told.as_object().map(serde_json::Map::len), Some(1), "{query}: {told}");
    }
    for query in
        ["?from=2024-01-20&to=2024-03-20", "?from=&to=&visit_type=", "?from=2024-01-20&to=2024-01-20"]
    {
        assert!(!starts(&app, &patient, &doctor, query).await.is_empty(), "{query}");
    }
}

#[rstest]
#[tokio::test]
async fn of_many_doctors_each_ones_next_free_time_is_found(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let patient = app.patient().await;
    let (busy, away, closed, gone, thursdays) =
        (app.doctor().await, app.doctor().await, app.doctor().await, app.doctor().await, app.doctor().await);
    let every_day =
        Practice { online_enabled: true, schedule: schedule(&Weekday::ALL, &[]), ..Practice::default() };
    let days_away = |from: &str, to: &str| Practice {
        schedule: schedule(&Weekday::ALL, &[(from, to)]),
        ..every_day.clone()
    };
    let doctors = [
        (user(&busy), every_day.clone()),
        (user(&away), days_away("2024-01-20", "2024-03-01")),
        (user(&closed), Practice { online_enabled: false, ..every_day.clone() }),
        (user(&gone), days_away("2024-01-01", "2024-12-31")),
        (user(&thursdays), Practice { schedule: schedule(&[Weekday::Thursday], &[]), ..every_day.clone() }),
    ];
    occupy(&app, &busy, &patient, "2024-01-20T10:30:00Z", None).await;
    occupy(&app, &away, &patient, "2024-03-02T05:30:00Z", None).await;
    let next = slots::next_free(&app.app, &doctors).await.unwrap();
    let at = |doctor: &User| next.get(&user(doctor)).map(ToString::to_string);
    assert_eq!(at(&busy).as_deref(), Some("2024-01-20T11:00:00Z"));
    assert_eq!(at(&away).as_deref(), Some("2024-03-02T06:00:00Z"));
    assert_eq!(at(&thursdays).as_deref(), Some("2024-01-25T05:30:00Z"));
    assert_eq!((at(&closed), at(&gone)), (None, None));
    assert_eq!(next.len(), 3);
    assert!(slots::next_free(&app.app, &[]).await.unwrap().is_empty());
}

/// 9 to 17 o'clock on these days, but for these leaves.
fn schedule(days: &[Weekday], leaves: &[(&str, &str)]) -> Schedule {
    let schedule = json!({
        "days": days,
        "leaves": leaves.iter().map(|(from, to)| json!({ "from": from, "to": to })).collect::<Vec<Value>>(),
    });
    serde_json::from_value(schedule).unwrap()
}
