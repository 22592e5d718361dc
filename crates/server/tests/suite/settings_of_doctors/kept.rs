//! What is read may be sent back; fees, days and insurers are kept as they are meant.

use db::sql;
use rstest::rstest;
use serde_json::json;
use testkit::{Engine, TestApp};

use super::{answered, patch, practising, put, read, sample, untouched};

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
