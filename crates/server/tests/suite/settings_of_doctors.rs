//! A doctor's own settings.

use std::sync::Arc;

use db::sql;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Answer, Engine, TestApp, User};

const SETTINGS: &str = "/api/v1/doctors/settings/";

/// The reference's sample request.
pub(crate) fn sample() -> Value {
    json!({
        "consultation_settings": {
            "online_consultation_enabled": true,
            "online_consultation_fee": 600_000,
            "in_person_consultation_fee": 800_000,
            "consultation_duration": 20,
            "buffer_time": 10,
        },
        "availability": {
            "working_days": ["saturday", "sunday", "monday", "tuesday", "wednesday"],
            "working_hours": { "start": "09:00", "end": "17:00" },
            "break_times": [{ "start": "12:00", "end": "13:00" }],
        },
        "notification_preferences": {
            "appointment_reminders": true,
            "new_appointments": true,
            "cancellations": true,
            "payment_notifications": true,
        },
        "accepted_insurances": ["تامین اجتماعی", "ایران", "آسیا"],
    })
}

/// A new doctor with the sample's settings.
pub(crate) async fn practising(app: &TestApp) -> User {
    let doctor = app.doctor().await;
    let _ = put(app, &doctor, &sample()).await.expect(200);
    doctor
}

pub(crate) async fn patch(app: &TestApp, doctor: &User, body: &Value) -> Answer {
    app.patch(SETTINGS).by(doctor).json(body).send().await
}

async fn put(app: &TestApp, doctor: &User, body: &Value) -> Answer {
    app.put(SETTINGS).by(doctor).json(body).send().await
}

async fn read(app: &TestApp, doctor: &User) -> Value {
    app.get(SETTINGS).by(doctor).send().await.expect(200).json
}

/// What is answered to the sample: all of it, and what is ours.
fn answered() -> Value {
    let mut settings = sample();
    settings["consultation_settings"]["in_person_consultation_enabled"] = json!(true);
    settings["availability"]["days_off"] = json!([]);
    settings["availability"]["leaves"] = json!([]);
    settings["address"] = json!("");
    settings["about"] = json!("");
    settings
}

/// Before anything is set.
fn untouched() -> Value {
    json!({
        "consultation_settings": {
            "online_consultation_enabled": false,
            "online_consultation_fee": 0,
            "in_person_consultation_enabled": false,
            "in_person_consultation_fee": 0,
            "consultation_duration": 20,
            "buffer_time": 10,
        },
        "availability": {
            "working_days": [],
            "working_hours": { "start": "09:00", "end": "17:00" },
            "break_times": [],
            "days_off": [],
            "leaves": [],
        },
        "notification_preferences": sample()["notification_preferences"],
        "accepted_insurances": [],
        "address": "",
        "about": "",
    })
}

#[rstest]
#[tokio::test]
async fn the_sample_is_kept_and_what_is_read_may_be_sent_back(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, other) = (app.doctor().await, app.doctor().await);
    assert_eq!(read(&app, &doctor).await, untouched());
    assert_eq!(put(&app, &doctor, &untouched()).await.expect(200).json, untouched());
    assert_eq!(put(&app, &doctor, &sample()).await.expect(200).json, answered());
    assert_eq!(read(&app, &doctor).await, answered());
    assert_eq!(put(&app, &doctor, &answered()).await.expect(200).json, answered());
    assert_eq!(read(&app, &other).await, untouched());
    assert_eq!(put(&app, &doctor, &json!({})).await.expect(200).json, untouched());
}

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
async fn a_fee_for_visits_in_person_offers_them_unless_it_says_otherwise(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let doctor = app.doctor().await;
    for (sent, expected) in [
        (json!({ "in_person_consultation_fee": 800_000 }), true),
        (json!({ "in_person_consultation_fee": 800_000, "in_person_consultation_enabled": false }), false),
        (json!({ "in_person_consultation_fee": 0 }), false),
        (json!({ "in_person_consultation_fee": 0, "in_person_consultation_enabled": true }), true),
        (json!({}), false),
    ] {
        let body = json!({ "consultation_settings": sent });
        let settings = put(&app, &doctor, &body).await.expect(200).json;
        assert_eq!(settings["consultation_settings"]["in_person_consultation_enabled"], expected, "{body}");
    }
    // a change offers nothing by itself
    let body = json!({ "consultation_settings": { "in_person_consultation_fee": 800_000 } });
    let settings = patch(&app, &doctor, &body).await.expect(200).json;
    assert_eq!(settings["consultation_settings"]["in_person_consultation_enabled"], false);
}

#[rstest]
#[tokio::test]
async fn days_may_be_jalali_and_are_told_gregorian(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let doctor = practising(&app).await;
    let sent = json!({ "availability": {
        "working_hours": { "start": "۰۸:۳۰" },
        "days_off": ["1402-12-29", "۱۴۰۳/۱/۱", "2024-03-21"],
        "leaves": [{ "from": "1403-12-30", "to": "2025-03-21" }],
    } });
    let settings = patch(&app, &doctor, &sent).await.expect(200).json;
    let availability = &settings["availability"];
    assert_eq!(availability["working_hours"], json!({ "start": "08:30", "end": "17:00" }));
    assert_eq!(availability["days_off"], json!(["2024-03-19", "2024-03-20", "2024-03-21"]));
    assert_eq!(availability["leaves"], json!([{ "from": "2025-03-20", "to": "2025-03-21" }]));
}

#[rstest]
#[tokio::test]
async fn insurers_are_kept_as_the_list_spells_them(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let doctor = practising(&app).await;
    // Arabic letters, blanks, and one of them twice
    let sent = json!({ "accepted_insurances": [" تامين  اجتماعي ", "ايران", "ایران"] });
    let settings = patch(&app, &doctor, &sent).await.expect(200).json;
    assert_eq!(settings["accepted_insurances"], json!(["تامین اجتماعی", "ایران"]));

    let retired = app
        .app
        .db
        .write((), |tx, ()| {
            Box::pin(async move {
                tx.exec(sql!("UPDATE insurers SET is_active = (1 = 0) WHERE name = 'ایران'"), &[]).await
            })
        })
        .await;
    assert_eq!(retired.unwrap(), 1);
    let answer = patch(&app, &doctor, &json!({ "accepted_insurances": ["ایران"] })).await.expect(422);
    assert!(answer.json["error"]["details"]["field_errors"]["accepted_insurances"].is_array());
    // what was chosen before stays, until the doctor chooses again
    let settings = patch(&app, &doctor, &json!({ "about": "متخصص قلب" })).await.expect(200).json;
    assert_eq!(settings["accepted_insurances"], json!(["تامین اجتماعی", "ایران"]));
}

/// Changes to the sample that are refused, and because of which field.
fn bad() -> Vec<(Value, &'static str)> {
    let mut bad = vec![
        (json!({ "consultation_settings": [] }), "consultation_settings"),
        (json!({ "consultation_settings": { "price": 1 } }), "consultation_settings.price"),
        (json!({ "availability": "always" }), "availability"),
        (json!({ "availability": { "working_hours": "9-17" } }), "availability.working_hours"),
        (json!({ "notification_preferences": true }), "notification_preferences"),
        (json!({ "notification_preferences": { "spam": true } }), "notification_preferences.spam"),
        (json!({ "role": "admin" }), "role"),
    ];
    let mut refuse = |section: &str, field: &str, named: &'static str, values: Vec<Value>| {
        for value in values {
            let body = if section.is_empty() {
                json!({ field: value })
            } else {
                json!({ section: { field: value } })
            };
            bad.push((body, named));
        }
    };
    for (field, named) in [
        ("online_consultation_enabled", "consultation_settings.online_consultation_enabled"),
        ("in_person_consultation_enabled", "consultation_settings.in_person_consultation_enabled"),
    ] {
        refuse("consultation_settings", field, named, vec![json!("true"), json!(1), json!([])]);
    }
    for (field, named) in [
        ("online_consultation_fee", "consultation_settings.online_consultation_fee"),
        ("in_person_consultation_fee", "consultation_settings.in_person_consultation_fee"),
    ] {
        let values = vec![json!(-1), json!(10_000_000_001_i64), json!(0.5), json!("600000"), json!(1e30)];
        refuse("consultation_settings", field, named, values);
    }
    let named = "consultation_settings.consultation_duration";
    let values = vec![json!(0), json!(-20), json!(7), json!(245), json!(20.5), json!("20"), json!(u64::MAX)];
    refuse("consultation_settings", "consultation_duration", named, values);
    let values = vec![json!(-5), json!(3), json!(125), json!(true)];
    refuse("consultation_settings", "buffer_time", "consultation_settings.buffer_time", values);

    let values = vec![
        json!("saturday"),
        json!(["shanbe"]),
        json!(["Saturday"]),
        json!(["saturday", "saturday"]),
        json!([6]),
        json!(vec!["saturday"; 8]),
    ];
    refuse("availability", "working_days", "availability.working_days", values);
    let starts = ["9", "9:00", "09:01", "24:00", "25:00", "09:60", "-1:00", "09:00:00", "۰۹", "morning"];
    let values = starts.iter().map(|start| json!({ "start": start })).collect();
    refuse("availability", "working_hours", "availability.working_hours.start", values);
    let values = ["09:00", "08:55", "24:05", "17:03"].iter().map(|end| json!({ "end": end })).collect();
    refuse("availability", "working_hours", "availability.working_hours.end", values);
    // the break at noon would be left outside
    let named = "availability.break_times.0.end";
    refuse("availability", "working_hours", named, vec![json!({ "end": "12:30" })]);

    let noon = json!({ "start": "12:00", "end": "13:00" });
    let values = vec![
        json!("12:00-13:00"),
        noon.clone(),
        json!(vec![json!({ "start": "12:00", "end": "12:05" }); 11]),
    ];
    refuse("availability", "break_times", "availability.break_times", values);
    let values = vec![json!([5]), json!([null]), json!([[]])];
    refuse("availability", "break_times", "availability.break_times.0", values);
    let values = vec![
        json!([{ "end": "13:00" }]),
        json!([{ "start": "12", "end": "13:00" }]),
        json!([{ "start": 12, "end": "13:00" }]),
        json!([{ "start": "08:00", "end": "10:00" }]),
    ];
    refuse("availability", "break_times", "availability.break_times.0.start", values);
    let values = vec![
        json!([{ "start": "12:00" }]),
        json!([{ "start": "12:00", "end": "12:00" }]),
        json!([{ "start": "13:00", "end": "12:00" }]),
        json!([{ "start": "16:00", "end": "18:00" }]),
    ];
    refuse("availability", "break_times", "availability.break_times.0.end", values);
    let why = json!([{ "start": "12:00", "end": "13:00", "why": "lunch" }]);
    refuse("availability", "break_times", "availability.break_times.0.why", vec![why]);
    let values = vec![
        json!([noon, noon]),
        json!([noon, { "start": "12:55", "end": "14:00" }]),
        json!([noon, { "start": "11:00", "end": "15:00" }]),
    ];
    refuse("availability", "break_times", "availability.break_times.1", values);

    let values = vec![
        json!("2024-03-20"),
        json!(["soon"]),
        json!([20_240_320]),
        json!(["1402-12-30"]),
        json!(["2023-02-29"]),
        json!(vec!["2024-03-20"; 101]),
    ];
    refuse("availability", "days_off", "availability.days_off", values);
    let leave = json!({ "from": "2024-03-19", "to": "2024-03-20" });
    let values = vec![json!("all summer"), json!(vec![leave; 51])];
    refuse("availability", "leaves", "availability.leaves", values);
    let values = vec![json!([{ "to": "2024-03-20" }]), json!([{ "from": "now", "to": "2024-03-20" }])];
    refuse("availability", "leaves", "availability.leaves.0.from", values);
    let values =
        vec![json!([{ "from": "2024-03-20" }]), json!([{ "from": "1403-01-02", "to": "2024-03-20" }])];
    refuse("availability", "leaves", "availability.leaves.0.to", values);

    let named = "notification_preferences.cancellations";
    refuse("notification_preferences", "cancellations", named, vec![json!("no"), json!(0)]);
    let values = vec![
        json!("ایران"),
        json!(["بیمه‌ای که نیست"]),
        json!(["ایران", ""]),
        json!([5]),
        json!(["x\u{0}"]),
        json!(vec!["ایران"; 51]),
    ];
    refuse("", "accepted_insurances", "accepted_insurances", values);
    refuse("", "address", "address", vec![json!(5), json!("x".repeat(501)), json!("a\u{202E}b")]);
    refuse("", "about", "about", vec![json!([]), json!("x".repeat(2_001)), json!("a\u{0}b")]);
    bad
}

#[rstest]
#[tokio::test]
async fn what_is_wrong_is_told_by_its_fields_name_and_changes_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let doctor = practising(&app).await;
    let audited = app.audited("practice.update").await;
    for (body, field) in bad() {
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
