//! What is no payout is refused, and another doctor's is not there.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, TestApp};

use super::{ALL, BATCHES, LEAST, PAYOUTS, act, ask, cancel, money, read, refused, requested, wants};
use crate::visits::UNKNOWN;

#[rstest]
#[tokio::test]
async fn another_doctors_payout_is_not_there(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (doctor, other, admin) = (app.doctor().await, app.doctor().await, app.admin().await);
    app.give(&doctor, LEAST).await;
    let id = requested(&app, &doctor, LEAST).await;
    for id in [id.as_str(), UNKNOWN, "x"] {
        refused(app.get(&format!("{PAYOUTS}{id}/")).by(&other).send().await, 404, "NOT_FOUND");
        refused(cancel(&app, &other, id).send().await, 404, "NOT_FOUND");
    }
    assert_eq!(read(&app, &other, PAYOUTS).await["results"], json!([]));
    for verb in ["approve", "reject", "paid", "returned"] {
        refused(act(&app, &admin, UNKNOWN, verb).send().await, 404, "NOT_FOUND");
        refused(act(&app, &doctor, &id, verb).send().await, 403, "FORBIDDEN");
    }
    refused(app.get(&format!("{BATCHES}{UNKNOWN}/file/")).by(&admin).send().await, 404, "NOT_FOUND");
    let own = read(&app, &doctor, &format!("{PAYOUTS}{id}/")).await;
    assert_eq!((&own["status"], money(&app, &doctor).await), (&json!("requested"), (0, LEAST, 0)));
}

#[rstest]
#[tokio::test]
async fn what_is_no_payout_is_refused(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (doctor, admin) = (app.doctor().await, app.admin().await);
    app.give(&doctor, 5 * LEAST).await;
    for (field, value) in [
        ("amount", json!(0)),
        ("amount", json!(-LEAST)),
        ("amount", json!(LEAST - 1)),
        ("amount", json!(10_000_000_001_i64)),
        ("amount", json!(i64::MAX)),
        ("amount", json!(1e30)),
        ("amount", json!(1_000_000.5)),
        ("amount", json!("1000000")),
        ("amount", Value::Null),
        ("iban", json!("IR590540105180021273113007")),
        ("iban", json!("IR58054010518002127311300")),
        ("iban", json!("DE89370400440532013000")),
        ("iban", json!("6219861012345678")),
        ("iban", json!("")),
        ("iban", json!(5)),
        ("iban", Value::Null),
        ("account_holder", json!(" ")),
        ("account_holder", json!("الف".repeat(50))),
        ("account_holder", json!("a\u{202E}b")),
        ("account_holder", Value::Null),
        ("doctor_id", json!(UNKNOWN)),
    ] {
        let mut body = wants(LEAST);
        body[field] = value.clone();
        let answer = ask(&app, &doctor, &body).send().await.expect(422);
        let errors = &answer.json["error"]["details"]["field_errors"];
        assert!(errors.get(field).is_some(), "{field} {value}: {errors}");
        // an IBAN is not said back
        assert!(!answer.json.to_string().contains("0540105180"), "{}", answer.json);
    }
    assert_eq!((app.audited("payout.request").await, money(&app, &doctor).await), (0, (5 * LEAST, 0, 0)));
    assert_eq!(app.audited("payout.refuse").await, 14, "eight amounts and six accounts");
    let id = requested(&app, &doctor, LEAST).await;
    for verb in ["reject", "returned"] {
        for body in [json!({}), json!({ "reason": " " }), json!({ "reason": "x".repeat(301) })] {
            let call = app.post(&format!("{ALL}{id}/{verb}/")).by(&admin).json(&body);
            refused(call.send().await, 422, "VALIDATION_ERROR");
        }
    }
    refused(app.post(BATCHES).by(&admin).send().await, 409, "CONFLICT");
    for path in [format!("{ALL}?status=lost"), format!("{ALL}?page=0"), format!("{BATCHES}?page=0")] {
        refused(app.get(&path).by(&admin).send().await, 422, "VALIDATION_ERROR");
    }
    refused(app.get(&format!("{PAYOUTS}?status=lost")).by(&doctor).send().await, 422, "VALIDATION_ERROR");
    assert_eq!(money(&app, &doctor).await, (4 * LEAST, LEAST, 0));
}
