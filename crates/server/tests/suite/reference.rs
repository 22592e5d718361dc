//! What can be chosen from: everybody reads it, admins change it; and the drugs that doctors look up.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Answer, Engine, TestApp, User};

const SPECIALTIES: &str = "/api/v1/specialties/";
const CITIES: &str = "/api/v1/cities/";
const INSURERS: &str = "/api/v1/insurers/";
const SAVE_CITY: &str = "/api/v1/admin/cities/";
const SAVE_INSURER: &str = "/api/v1/admin/insurers/";

/// As it stands in a query string.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |all, byte| format!("{all}%{byte:02X}"))
}

/// A public list, asked for by nobody.
async fn list(app: &TestApp, path: &str) -> Vec<Value> {
    let answer = app.get(path).send().await.expect(200);
    assert_eq!(answer.header("cache-control"), Some("public, max-age=3600"), "{path}");
    answer.json["results"].as_array().unwrap().clone()
}

fn saved_specialty(code: &str) -> String {
    format!("/api/v1/admin/specialties/{code}/")
}

#[rstest]
#[tokio::test]
async fn everybody_can_read_the_lists(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let specialties = list(&app, SPECIALTIES).await;
    assert!(specialties.len() >= 45);
    for expected in [
        json!({ "id": "cardiology", "title": "متخصص قلب و عروق", "title_en": "Cardiology" }),
        json!({ "id": "general", "title": "پزشک عمومی", "title_en": "General Practitioner" }),
    ] {
        assert!(specialties.contains(&expected), "{expected}");
    }

    let cities = list(&app, CITIES).await;
    let of_fars = list(&app, &format!("{CITIES}?province={}", encoded("فارس"))).await;
    assert!(cities.len() >= 350 && of_fars.len() < 50);
    assert!(of_fars.contains(&json!({ "province": "فارس", "city": "شیراز" })));
    assert!(of_fars.iter().all(|city| cities.contains(city)));
    // in the order of the alphabet, which begins with آ
    assert_eq!(of_fars.first(), Some(&json!({ "province": "فارس", "city": "آباده" })));
    assert!(list(&app, &format!("{CITIES}?province={}", encoded("آتلانتیس"))).await.is_empty());
    assert_eq!(list(&app, &format!("{CITIES}?province=")).await, cities);

    let insurers = list(&app, INSURERS).await;
    assert!(insurers.len() >= 25);
    assert!(insurers.contains(&json!({ "name": "تامین اجتماعی", "coverage_percent": 60 })));
    let also_a_patient = app.get(INSURERS).by(&app.patient().await).send().await.expect(200);
    assert_eq!(also_a_patient.json["results"], json!(insurers));
}

#[rstest]
#[tokio::test]
async fn what_an_admin_changes_is_seen_at_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.admin().await;

    let body = json!({ "title": "متخصص قلب", "title_en": "Heart" });
    let saved = app.put(&saved_specialty("cardiology")).by(&admin).json(&body).send().await.expect(200);
    let expected =
        json!({ "id": "cardiology", "title": "متخصص قلب", "title_en": "Heart", "is_active": true });
    assert_eq!(saved.json, expected);
    let changed = json!({ "id": "cardiology", "title": "متخصص قلب", "title_en": "Heart" });
    assert!(list(&app, SPECIALTIES).await.contains(&changed));
    let off = json!({ "title": "متخصص قلب", "title_en": "Heart", "is_active": false });
    let _ = app.put(&saved_specialty("cardiology")).by(&admin).json(&off).send().await.expect(200);
    assert!(list(&app, SPECIALTIES).await.iter().all(|specialty| specialty["id"] != "cardiology"));

    let city = json!({ "province": "یزد", "city": "شهر نو" });
    let saved = app.put(SAVE_CITY).by(&admin).json(&city).send().await.expect(200);
    assert_eq!(saved.json, json!({ "province": "یزد", "city": "شهر نو", "is_active": true }));
    assert!(list(&app, CITIES).await.contains(&city));
    let off = json!({ "province": "یزد", "city": "شهر نو", "is_active": false });
    assert_eq!(app.put(SAVE_CITY).by(&admin).json(&off).send().await.expect(200).json, off);
    assert!(!list(&app, CITIES).await.contains(&city));

    let insurer = json!({ "name": "ایران", "coverage_percent": 75, "is_active": true });
    assert_eq!(app.put(SAVE_INSURER).by(&admin).json(&insurer).send().await.expect(200).json, insurer);
    assert!(list(&app, INSURERS).await.contains(&json!({ "name": "ایران", "coverage_percent": 75 })));
    let new = app.put(SAVE_INSURER).by(&admin).json(&json!({ "name": "بیمه نو" })).send().await.expect(200);
    assert_eq!(new.json["coverage_percent"], 60, "where nothing else is set");
    let off = json!({ "name": "ایران", "coverage_percent": 75, "is_active": false });
    let _ = app.put(SAVE_INSURER).by(&admin).json(&off).send().await.expect(200);
    assert!(list(&app, INSURERS).await.iter().all(|insurer| insurer["name"] != "ایران"));

    assert_eq!(app.audited("reference.update").await, 7);
}

#[rstest]
#[tokio::test]
async fn nobody_else_changes_a_list(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let specialty = saved_specialty("cardiology");
    let changes = [
        (specialty.as_str(), json!({ "title": "x", "title_en": "x" })),
        (SAVE_CITY, json!({ "province": "x", "city": "x" })),
        (SAVE_INSURER, json!({ "name": "x" })),
    ];
    for user in [app.doctor().await, app.patient().await, app.staff().await] {
        for (path, body) in &changes {
            let refused = app.put(path).by(&user).json(body).send().await.expect(403);
            assert_eq!(refused.code(), "FORBIDDEN");
        }
    }
    for (path, body) in &changes {
        assert_eq!(app.put(path).json(body).send().await.expect(401).code(), "NOT_AUTHENTICATED");
    }
    assert!(list(&app, SPECIALTIES).await.iter().all(|specialty| specialty["title"] != "x"));
    assert_eq!(app.audited("reference.update").await, 0);
}

#[rstest]
#[tokio::test]
async fn what_can_be_no_entry_is_refused(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.admin().await;
    let (specialty, no_code) = (saved_specialty("cardiology"), saved_specialty("Heart%20Surgery"));
    for (path, field, body) in [
        (specialty.as_str(), "title", json!({ "title": " ", "title_en": "x" })),
        (specialty.as_str(), "title_en", json!({ "title": "x" })),
        (specialty.as_str(), "is_active", json!({ "title": "x", "title_en": "x", "is_active": "yes" })),
        (no_code.as_str(), "code", json!({ "title": "x", "title_en": "x" })),
        (SAVE_CITY, "province", json!({ "city": "x" })),
        (SAVE_CITY, "city", json!({ "province": "x", "city": "x".repeat(101) })),
        (SAVE_INSURER, "name", json!({ "name": null })),
        (SAVE_INSURER, "coverage_percent", json!({ "name": "x", "coverage_percent": 101 })),
        (SAVE_INSURER, "coverage_percent", json!({ "name": "x", "coverage_percent": -1 })),
        (SAVE_INSURER, "coverage_percent", json!({ "name": "x", "coverage_percent": 60.5 })),
    ] {
        let refused = app.put(path).by(&admin).json(&body).send().await.expect(422);
        assert!(refused.json["error"]["details"]["field_errors"][field].is_array(), "{body}");
    }
    let no_text = app.put(&saved_specialty("%FF%FE")).by(&admin);
    let refused = no_text.json(&json!({ "title": "x", "title_en": "x" })).send().await.expect(404);
    assert_eq!(refused.code(), "NOT_FOUND");
    assert_eq!(app.audited("reference.update").await, 0);
}

async fn look_up(app: &TestApp, doctor: &User, text: &str) -> Answer {
    app.get(&format!("/api/v1/doctors/drugs/?q={}", encoded(text))).by(doctor).send().await
}

/// The codes of what is found, best first.
async fn drugs(app: &TestApp, doctor: &User, text: &str) -> Vec<String> {
    let found = look_up(app, doctor, text).await.expect(200).json;
    found["results"].as_array().unwrap().iter().map(|drug| drug["code"].as_str().unwrap().into()).collect()
}

#[rstest]
#[tokio::test]
async fn a_drug_is_found_however_its_name_is_typed(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let doctor = app.doctor().await;
    let found = look_up(&app, &doctor, "amoxic").await.expect(200);
    let amoxicillin = json!({
        "code": "amoxicillin", "name_fa": "آموکسی‌سیلین", "name_en": "Amoxicillin", "class": "penicillin",
    });
    assert_eq!(found.json["results"][0], amoxicillin);
    for text in ["آموكسي", "اموکسی سیلین", "آموکسی‌سیلین", "آموکسیسیلین", "amox", "AMOX", " Amoxicillin "]
    {
        let found = drugs(&app, &doctor, text).await;
        assert_eq!(found.first().map(String::as_str), Some("amoxicillin"), "{text}");
    }
    let found = drugs(&app, &doctor, "amox").await;
    assert_eq!(found, ["amoxicillin", "tamoxifen", "co_amoxiclav"], "a beginning before a part");
    assert_eq!(drugs(&app, &doctor, "i").await.len(), 20);
    for nothing in ["فلوژیستون", "phlogiston", "-"] {
        assert!(drugs(&app, &doctor, nothing).await.is_empty(), "{nothing}");
    }
}

#[rstest]
#[tokio::test]
async fn doctors_alone_look_drugs_up_and_say_which(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.doctor().await, app.patient().await);
    assert_eq!(look_up(&app, &patient, "amox").await.expect(403).code(), "FORBIDDEN");
    let too_long = "آ".repeat(61);
    for text in ["", "  ", too_long.as_str(), "a\u{202E}b"] {
        let refused = look_up(&app, &doctor, text).await.expect(422);
        assert!(refused.json["error"]["details"]["field_errors"]["q"].is_array(), "{text:?}");
    }
    let _ = look_up(&app, &doctor, &"آ".repeat(60)).await.expect(200);
}
