//! A patient's own profile (D16).

use std::sync::Arc;

use rstest::rstest;
use serde_json::json;
use testkit::{Engine, TestApp};

const PROFILE: &str = "/api/v1/patients/profile/";

#[rstest]
#[tokio::test]
async fn what_is_read_may_be_sent_back(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let user = app.patient().await;
    let empty = app.get(PROFILE).by(&user).send().await.expect(200).json;
    let back = app.put(PROFILE).by(&user).json(&empty).send().await.expect(200).json;
    assert_eq!(back, empty);
}

#[rstest]
#[tokio::test]
async fn patch_merges_and_put_replaces(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let user = app.patient().await;
    let patch = |body| app.patch(PROFILE).by(&user).json(&body).send();
    let first =
        json!({ "first_name": "علی", "address": { "city": "تهران" }, "medical_info": { "weight": 70 } });
    let _ = patch(first).await.expect(200);
    let second = json!({ "address": { "province": "تهران" }, "medical_info": { "weight": 70.5 } });
    let merged = patch(second).await.expect(200).json;
    assert_eq!((&merged["first_name"], &merged["address"]["city"]), (&json!("علی"), &json!("تهران")));
    assert_eq!(merged["medical_info"]["weight"], json!(70.5));
    let emptied =
        patch(json!({ "address": { "city": null }, "medical_info": { "weight": 0 } })).await.expect(200).json;
    assert_eq!((&emptied["address"]["city"], &emptied["medical_info"]["weight"]), (&json!(""), &json!(0)));
    let replaced =
        app.put(PROFILE).by(&user).json(&json!({ "last_name": "محمدی" })).send().await.expect(200).json;
    assert_eq!((&replaced["first_name"], &replaced["address"]["province"]), (&json!(""), &json!("")));
}

#[rstest]
#[tokio::test]
async fn days_are_jalali_and_gregorian_ones_are_taken(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let user = app.patient().await;
    for (sent, told) in
        [("1370-01-01", "1370-01-01"), ("۱۳۷۰/۰۱/۰۱", "1370-01-01"), ("1991-03-21", "1370-01-01")]
    {
        let body = json!({ "date_of_birth": sent, "insurance": { "expiry_date": sent } });
        let saved = app.patch(PROFILE).by(&user).json(&body).send().await.expect(200).json;
        assert_eq!(
            (&saved["date_of_birth"], &saved["insurance"]["expiry_date"]),
            (&json!(told), &json!(told))
        );
    }
}

#[rstest]
#[tokio::test]
async fn all_that_is_wrong_is_told_at_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let user = app.patient().await;
    let wrong = json!({
        "id": "018d2f6a-0000-7000-8000-000000000000x", "phone_number": "123", "first_name": 5,
        "national_id": "0012345678", "date_of_birth": "1402-12-30", "gender": "other", "email": "x",
        "address": { "postal_code": "12", "planet": "earth" }, "emergency_contact": "nobody",
        "medical_info": { "blood_type": "C", "height": 10, "weight": "70", "allergies": [1] },
        "insurance": { "expiry_date": "soon" }, "role": "admin",
    });
    let answer = app.patch(PROFILE).by(&user).json(&wrong).send().await.expect(422);
    assert_eq!(answer.code(), "VALIDATION_ERROR");
    let told = &answer.json["error"]["details"]["field_errors"];
    for field in [
        "id",
        "phone_number",
        "first_name",
        "national_id",
        "date_of_birth",
        "gender",
        "email",
        "address.postal_code",
        "address.planet",
        "emergency_contact",
        "medical_info.blood_type",
        "medical_info.height",
        "medical_info.weight",
        "medical_info.allergies",
        "insurance.expiry_date",
        "role",
    ] {
        assert!(told[field][0].is_string(), "{field}: {told}");
    }
    assert_eq!(told.as_object().unwrap().len(), 16, "{told}");
}

#[rstest]
#[tokio::test]
async fn number_and_id_can_be_sent_back_and_not_changed(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (user, other) = (app.patient().await, app.patient().await);
    let own = json!({ "id": user.id, "phone_number": user.phone, "first_name": "علی" });
    let _ = app.patch(PROFILE).by(&user).json(&own).send().await.expect(200);
    for (field, value) in [("id", &other.id), ("phone_number", &other.phone)] {
        let mut body = json!({ "first_name": "دیگری" });
        body[field] = json!(value);
        let answer = app.patch(PROFILE).by(&user).json(&body).send().await.expect(422);
        assert!(answer.json["error"]["details"]["field_errors"][field].is_array());
    }
    assert_eq!(app.get(PROFILE).by(&user).send().await.json["first_name"], "علی");
}

#[rstest]
#[tokio::test]
async fn parallel_changes_of_different_fields_all_stay(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = Arc::new(TestApp::start(engine).await);
    let user = app.patient().await;
    let fields = ["first_name", "last_name", "email", "national_id", "date_of_birth", "gender"];
    let values = ["علی", "محمدی", "ali@example.com", "0012345679", "1370-01-01", "male"];
    let mut changes = tokio::task::JoinSet::new();
    for (field, value) in fields.into_iter().zip(values) {
        let (app, user) = (app.clone(), user.clone());
        changes.spawn(async move {
            app.patch(PROFILE).by(&user).json(&json!({ field: value })).send().await.status
        });
    }
    assert_eq!(changes.join_all().await, [200; 6]);
    let profile = app.get(PROFILE).by(&user).send().await.json;
    for (field, value) in fields.into_iter().zip(values) {
        assert_eq!(profile[field], value, "{field}");
    }
    assert_eq!(profile["is_profile_complete"], true);
}

#[rstest]
#[tokio::test]
async fn a_profile_is_read_in_at_most_two_statements(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let user = app.patient().await;
    let _ = app.get(PROFILE).by(&user).send().await.expect(200);
    let used = Arc::new(app::usage::Usage::default());
    let read = app::usage::counted(used.clone(), async {
        let caller = app.app.authenticate(&user.access).await.unwrap();
        app::patients::read_profile(&app.app, &caller).await.unwrap()
    });
    assert_eq!(read.await.phone.e164(), user.phone);
    assert!(used.statements() <= 2, "{} statements", used.statements());
}
