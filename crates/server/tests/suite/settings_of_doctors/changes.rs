//! A change keeps the rest, also beside others at the same time, and is on record by its sections' names.

use std::sync::Arc;

use rstest::rstest;
use serde_json::json;
use testkit::{Engine, TestApp};

use super::{answered, patch, practising, read, sample, untouched};

#[rstest]
#[tokio::test]
async fn a_change_keeps_the_rest(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let doctor = practising(&app).await;
    let mut expected = answered();
    for (section, field, value) in [
        ("consultation_settings", "online_consultation_enabled", json!(false)),
        ("consultation_settings", "online_consultation_fee", json!(10_000_000_000_i64)),
        ("consultation_settings", "in_person_consultation_enabled", json!(false)),
        ("consultation_settings", "in_person_consultation_fee", json!(0)),
        ("consultation_settings", "consultation_duration", json!(240)),
        ("consultation_settings", "buffer_time", json!(0)),
        ("availability", "working_days", json!(["friday", "saturday"])),
        ("availability", "break_times", json!([{ "start": "16:00", "end": "17:00" }])),
        ("availability", "working_hours", json!({ "start": "00:00", "end": "24:00" })),
        ("availability", "days_off", json!(["2024-03-20"])),
        ("availability", "leaves", json!([{ "from": "2024-03-19", "to": "2024-04-02" }])),
        ("notification_preferences", "cancellations", json!(false)),
    ] {
        expected[section][field] = value.clone();
        let changed = patch(&app, &doctor, &json!({ section: { field: value } })).await.expect(200).json;
        assert_eq!(changed, expected, "{section}.{field}");
    }
    for (field, value) in [
        ("accepted_insurances", json!([])),
        ("address", json!("تهران\nپلاک ۱۲۳")),
        ("about", json!("فلوشیپ نارسایی قلب")),
    ] {
        expected[field] = value.clone();
        assert_eq!(
            patch(&app, &doctor, &json!({ field: value })).await.expect(200).json,
            expected,
            "{field}"
        );
    }
    let half = json!({ "availability": { "working_hours": { "end": "23:00" } } });
    expected["availability"]["working_hours"]["end"] = json!("23:00");
    assert_eq!(patch(&app, &doctor, &half).await.expect(200).json, expected);
    let nothing = json!({ "address": null, "availability": { "leaves": null, "working_days": null } });
    assert_eq!(patch(&app, &doctor, &nothing).await.expect(200).json, expected);
    assert_eq!(read(&app, &doctor).await, expected);
}

#[rstest]
#[tokio::test]
async fn every_change_is_on_record_by_the_names_of_its_sections(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, admin) = (practising(&app).await, app.admin().await);
    let body = json!({
        "consultation_settings": { "online_consultation_fee": 700_000 },
        "availability": { "working_days": sample()["availability"]["working_days"] },
        "about": "متخصص قلب",
    });
    let _ = patch(&app, &doctor, &body).await.expect(200);
    assert_eq!(app.audited("practice.update").await, 2);
    let path = format!("/api/v1/admin/users/{}/audit/", doctor.id);
    let log = app.get(&path).by(&admin).send().await.expect(200).json;
    let details: Vec<_> = log["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["action"] == "practice.update")
        .map(|entry| entry["detail"].as_str().unwrap())
        .collect();
    let first = "consultation_settings, availability, accepted_insurances";
    assert_eq!(details, ["consultation_settings, about", first]);
}

#[rstest]
#[tokio::test]
async fn parallel_changes_of_different_fields_all_stay(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = Arc::new(TestApp::start(engine).await);
    let doctor = app.doctor().await;
    let bodies = [
        json!({ "consultation_settings": { "online_consultation_fee": 600_000 } }),
        json!({ "consultation_settings": { "buffer_time": 5 } }),
        json!({ "availability": { "working_days": ["friday"] } }),
        json!({ "notification_preferences": { "cancellations": false } }),
        json!({ "accepted_insurances": ["ایران"] }),
        json!({ "address": "تهران" }),
    ];
    let mut changes = tokio::task::JoinSet::new();
    for body in bodies {
        let (app, doctor) = (app.clone(), doctor.clone());
        changes.spawn(async move { patch(&app, &doctor, &body).await.status });
    }
    assert_eq!(changes.join_all().await, [200; 6]);
    let mut expected = untouched();
    expected["consultation_settings"]["online_consultation_fee"] = json!(600_000);
    expected["consultation_settings"]["buffer_time"] = json!(5);
    expected["availability"]["working_days"] = json!(["friday"]);
    expected["notification_preferences"]["cancellations"] = json!(false);
    expected["accepted_insurances"] = json!(["ایران"]);
    expected["address"] = json!("تهران");
    assert_eq!(read(&app, &doctor).await, expected);
}
