//! What is wrong is told by its field's name, all of it at once, and changes nothing.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, TestApp};

use super::{
    answered,
    bad::{bad_absences, bad_breaks, bad_consultation, bad_hours, bad_rest},
    patch, practising, put, read, sample,
};

#[rstest]
#[tokio::test]
async fn what_is_wrong_is_told_by_its_fields_name_and_changes_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let doctor = practising(&app).await;
    let audited = app.audited("practice.update").await;
    let bad = [bad_consultation(), bad_hours(), bad_breaks(), bad_absences(), bad_rest()].concat();
    for (body, field) in bad {
        let answer = patch(&app, &doctor, &body).await;
        assert_eq!((answer.status, answer.code()), (422, "VALIDATION_ERROR"), "{field}: {}", answer.json);
        let told = &answer.json["error"]["details"]["field_errors"];
        assert!(told[field][0].is_string(), "{field}: {told}");
        assert!(answer.bytes.len() < 2_000, "{field}: nothing is repeated at length");
        let mut whole = sample();
        for (section, value) in body.as_object().unwrap() {
            match (value.as_object(), whole.get_mut(section).and_then(Value::as_object_mut)) {
                (Some(inner), Some(there)) => there.extend(inner.clone()),
                _ => whole[section] = value.clone(),
            }
        }
        let answer = put(&app, &doctor, &whole).await;
        assert_eq!((answer.status, answer.code()), (422, "VALIDATION_ERROR"), "PUT {field}: {}", answer.json);
    }
    assert_eq!(read(&app, &doctor).await, answered());
    assert_eq!(app.audited("practice.update").await, audited);
}

#[rstest]
#[tokio::test]
async fn all_that_is_wrong_is_told_at_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let doctor = app.doctor().await;
    let body = json!({
        "consultation_settings": { "consultation_duration": 7, "buffer_time": "10" },
        "availability": {
            "break_times": [{ "start": "12:00", "end": "13:00" }, { "start": "x" }, 5],
            "leaves": [{ "from": "x", "to": "y" }],
        },
        "about": 5,
    });
    let answer = patch(&app, &doctor, &body).await.expect(422);
    let told = answer.json["error"]["details"]["field_errors"].as_object().unwrap();
    let mut names: Vec<_> = told.keys().map(String::as_str).collect();
    names.sort_unstable();
    let expected = [
        "about",
        "availability.break_times.1.end",
        "availability.break_times.1.start",
        "availability.break_times.2",
        "availability.leaves.0.from",
        "availability.leaves.0.to",
        "consultation_settings.buffer_time",
        "consultation_settings.consultation_duration",
    ];
    assert_eq!(names, expected);
}
