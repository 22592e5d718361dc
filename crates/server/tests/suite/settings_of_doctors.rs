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

/// A change that is refused, and because of which field.
type Bad = (Value, &'static str);

/// Changes of one field of a section.
fn each(section: &str, field: &str, named: &'static str, values: Vec<Value>) -> Vec<Bad> {
    values.into_iter().map(|value| (json!({ section: { field: value } }), named)).collect()
}

fn bad_consultation() -> Vec<Bad> {
    let section = "consultation_settings";
    let flags = || vec![json!("true"), json!(1), json!([])];
    let fees = || vec![json!(-1), json!(10_000_000_001_i64), json!(0.5), json!("600000"), json!(1e30)];
    let durations =
        vec![json!(0), json!(-20), json!(7), json!(245), json!(20.5), json!("20"), json!(u64::MAX)];
    let buffers = vec![json!(-5), json!(3), json!(125), json!(true)];
    let named = [
        "consultation_settings.online_consultation_enabled",
        "consultation_settings.in_person_consultation_enabled",
        "consultation_settings.online_consultation_fee",
        "consultation_settings.in_person_consultation_fee",
        "consultation_settings.consultation_duration",
        "consultation_settings.buffer_time",
    ];
    [
        each(section, "online_consultation_enabled", named[0], flags()),
        each(section, "in_person_consultation_enabled", named[1], flags()),
        each(section, "online_consultation_fee", named[2], fees()),
        each(section, "in_person_consultation_fee", named[3], fees()),
        each(section, "consultation_duration", named[4], durations),
        each(section, "buffer_time", named[5], buffers),
        vec![
            (json!({ "consultation_settings": [] }), "consultation_settings"),
            (json!({ "consultation_settings": { "price": 1 } }), "consultation_settings.price"),
        ],
    ]
    .concat()
}

fn bad_hours() -> Vec<Bad> {
    let section = "availability";
    let days = vec![
        json!("saturday"),
        json!(["shanbe"]),
        json!(["Saturday"]),
        json!(["saturday", "saturday"]),
        json!([6]),
        json!(vec!["saturday"; 8]),
    ];
    let starts = ["9", "9:00", "09:01", "24:00", "25:00", "09:60", "-1:00", "09:00:00", "۰۹", "morning"];
    let starts = starts.iter().map(|start| json!({ "start": start })).collect();
    let ends = ["09:00", "08:55", "24:05", "17:03"].iter().map(|end| json!({ "end": end })).collect();
    // the break at noon would be left outside
    let early = vec![json!({ "end": "12:30" })];
    [
        each(section, "working_days", "availability.working_days", days),
        each(section, "working_hours", "availability.working_hours.start", starts),
        each(section, "working_hours", "availability.working_hours.end", ends),
        each(section, "working_hours", "availability.break_times.0.end", early),
        vec![
            (json!({ "availability": "always" }), "availability"),
            (json!({ "availability": { "working_hours": "9-17" } }), "availability.working_hours"),
        ],
    ]
    .concat()
}

fn bad_breaks() -> Vec<Bad> {
    let noon = json!({ "start": "12:00", "end": "13:00" });
    let short = json!({ "start": "12:00", "end": "12:05" });
    let starts = vec![
        json!([{ "end": "13:00" }]),
        json!([{ "start": "12", "end": "13:00" }]),
        json!([{ "start": 12, "end": "13:00" }]),
        json!([{ "start": "08:00", "end": "10:00" }]),
    ];
    let ends = vec![
        json!([{ "start": "12:00" }]),
        json!([{ "start": "12:00", "end": "12:00" }]),
        json!([{ "start": "13:00", "end": "12:00" }]),
        json!([{ "start": "16:00", "end": "18:00" }]),
    ];
    let overlaps = vec![
        json!([noon, noon]),
        json!([noon, { "start": "12:55", "end": "14:00" }]),
        json!([noon, { "start": "11:00", "end": "15:00" }]),
    ];
    let unknown = vec![json!([{ "start": "12:00", "end": "13:00", "why": "lunch" }])];
    let lists = vec![json!("12:00-13:00"), noon, json!(vec![short; 11])];
    let no_objects = vec![json!([5]), json!([null]), json!([[]])];
    let refuse = |named, values| each("availability", "break_times", named, values);
    [
        refuse("availability.break_times", lists),
        refuse("availability.break_times.0", no_objects),
        refuse("availability.break_times.0.start", starts),
        refuse("availability.break_times.0.end", ends),
        refuse("availability.break_times.0.why", unknown),
        refuse("availability.break_times.1", overlaps),
    ]
    .concat()
}

fn bad_absences() -> Vec<Bad> {
    let section = "availability";
    let days = vec![
        json!("2024-03-20"),
        json!(["soon"]),
        json!([20_240_320]),
        json!(["1402-12-30"]),
        json!(["2023-02-29"]),
        json!(vec!["2024-03-20"; 101]),
    ];
    let leave = json!({ "from": "2024-03-19", "to": "2024-03-20" });
    let lists = vec![json!("all summer"), json!(vec![leave; 51])];
    let first = vec![json!([{ "to": "2024-03-20" }]), json!([{ "from": "now", "to": "2024-03-20" }])];
    // the second of Farvardin is the 21st of March
    let last = vec![json!([{ "from": "2024-03-20" }]), json!([{ "from": "1403-01-02", "to": "2024-03-20" }])];
    [
        each(section, "days_off", "availability.days_off", days),
        each(section, "leaves", "availability.leaves", lists),
        each(section, "leaves", "availability.leaves.0.from", first),
        each(section, "leaves", "availability.leaves.0.to", last),
    ]
    .concat()
}

fn bad_rest() -> Vec<Bad> {
    let mut bad = vec![
        (json!({ "role": "admin" }), "role"),
        (json!({ "notification_preferences": true }), "notification_preferences"),
        (json!({ "notification_preferences": { "spam": true } }), "notification_preferences.spam"),
        (
            json!({ "notification_preferences": { "cancellations": 0 } }),
            "notification_preferences.cancellations",
        ),
    ];
    for value in [
        json!("ایران"),
        json!(["بیمه\u{200C}ای که نیست"]),
        json!(["ایران", ""]),
        json!([5]),
        json!(["x\u{0}"]),
        json!(vec!["ایران"; 51]),
    ] {
        bad.push((json!({ "accepted_insurances": value }), "accepted_insurances"));
    }
    for value in [json!(5), json!([]), json!("x".repeat(2_001)), json!("a\u{0}b"), json!("a\u{202E}b")] {
        bad.push((json!({ "address": value }), "address"));
        bad.push((json!({ "about": value }), "about"));
    }
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
