//! What is given back, by which way, and what is not: a payment is reversed while it is young, refunded in parts where
//! the gateway can, and otherwise stays in the wallet.

use domain::{SignedDuration, ledger::Account};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{
    Engine, TestApp,
    fakes::{
        gateway::{Stage, Trouble},
        http::Reply,
        zarinpal::failure,
    },
};

use super::{
    AMOUNT, CHARGE, CHARGES, at_the_sandbox, at_zarinpal, money, refund, reversals, view, why, with_zarinpal,
};

#[rstest]
#[tokio::test]
async fn a_young_payment_is_reversed_and_everybody_sees_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    let charge = at_the_sandbox(&app, &patient).await;
    let call = || {
        let path = format!("{CHARGES}{charge}/refund/");
        app.post(&path).by(&admin).header("idempotency-key", "k").json(&why()).send()
    };
    let done = call().await.expect(200);
    let told = (&done.json["status"], &done.json["method"], &done.json["amount"]);
    assert_eq!(told, (&json!("refunded"), &json!("reverse"), &json!(AMOUNT)));
    assert!(done.json["ended_at"].is_string() && done.json["next_check_at"].is_null(), "{}", done.json);
    assert!(done.text("/message").contains("کارت"));
    let again = call().await.expect(200);
    assert_eq!((again.header("idempotent-replay"), &again.json), (Some("true"), &done.json));
    assert_eq!(money(&app, &patient).await, (0, 0));
    assert_eq!(app.holds(&Account::clearing("sandbox")).await, 0);

    let seen = view(&app, &admin, &charge).await;
    assert_eq!((&seen["status"], &seen["refunded_amount"]), (&json!("completed"), &json!(AMOUNT)));
    assert_eq!(seen["user_id"], patient.id);
    assert_eq!(seen["authorities"][0]["status"], "paid");
    assert_eq!(seen["authorities"][0]["authority"], seen["credited_authority"]);
    assert_eq!((&seen["refunds"][0]["id"], &seen["refunds"][1]), (&done.json["id"], &Value::Null));

    let more = refund(&app, &admin, &charge, &why()).await.expect(409);
    assert_eq!(
        (more.code(), &more.json["error"]["details"]["refundable_amount"]),
        ("ILLEGAL_STATE", &json!(0))
    );
    let told = app.get("/api/v1/notifications/").by(&patient).send().await.expect(200);
    assert_eq!(told.json["results"][0]["type"], "payment_refunded");
    let mine =
        app.get(&format!("/api/v1/billing/transactions/{charge}/")).by(&patient).send().await.expect(200);
    assert_eq!(mine.json["refunds"][0]["status"], "refunded");
    assert_eq!((app.audited("charge.refund").await, app.audited("charge.refunded").await), (1, 1));
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn an_old_payment_is_refunded_in_parts_where_the_gateway_can(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    let charge = at_the_sandbox(&app, &patient).await;
    let some = |amount: i64| json!({ "reason": "test", "amount": amount });
    let part = refund(&app, &admin, &charge, &some(300_000)).await.expect(200);
    assert_eq!((&part.json["status"], &part.json["method"]), (&json!("refunded"), &json!("refund")));
    app.clock.advance(SignedDuration::from_mins(31));
    let much = refund(&app, &admin, &charge, &some(700_001)).await.expect(409);
    assert_eq!(much.json["error"]["details"]["refundable_amount"], 700_000);
    let _ = refund(&app, &admin, &charge, &some(100_000)).await.expect(200);
    let rest = refund(&app, &admin, &charge, &why()).await.expect(200);
    assert_eq!((&rest.json["method"], &rest.json["amount"]), (&json!("refund"), &json!(600_000)));
    assert_eq!(money(&app, &patient).await, (0, 0));
    let seen = view(&app, &admin, &charge).await;
    assert_eq!((&seen["refunded_amount"], seen["refunds"].as_array().unwrap().len()), (&json!(AMOUNT), 3));
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn what_zarinpal_reverses_is_reversed_there(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (app, fake) = with_zarinpal(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    let (charge, authority) = at_zarinpal(&app, &fake, &patient).await;
    app.clock.advance(SignedDuration::from_mins(30));
    let done = refund(&app, &admin, &charge, &why()).await.expect(200);
    assert_eq!(done.json["status"], "refunded");
    assert_eq!((fake.stage(&authority), reversals(&fake)), (Some(Stage::Reversed), 1));
    assert_eq!((money(&app, &patient).await, app.holds(&Account::clearing("zarinpal")).await), ((0, 0), 0));
    // it is never credited again
    let callback = format!("/api/v1/billing/callback/zarinpal/?Authority={authority}&Status=OK");
    let _ = app.get(&callback).send().await.expect(303);
    assert_eq!(money(&app, &patient).await, (0, 0));
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn what_a_gateway_can_not_give_back_stays_in_the_wallet(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (app, fake) = with_zarinpal(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    let (charge, authority) = at_zarinpal(&app, &fake, &patient).await;
    // a part can't be reversed
    let part = refund(&app, &admin, &charge, &json!({ "reason": "test", "amount": 1 })).await.expect(200);
    assert_eq!((&part.json["status"], &part.json["method"]), (&json!("in_wallet"), &json!("wallet")));
    assert_eq!((reversals(&fake), money(&app, &patient).await), (0, (AMOUNT, 0)));
    // the bank says no
    fake.trouble("reverse", Trouble::Instead(Reply::Json(422, failure(-60))));
    let refused = refund(&app, &admin, &charge, &why()).await.expect(200);
    assert_eq!((&refused.json["status"], &refused.json["method"]), (&json!("in_wallet"), &json!("reverse")));
    assert_eq!((&refused.json["gateway_answer"], reversals(&fake)), (&json!("-60"), 1));
    assert_eq!(
        (money(&app, &patient).await, app.audited("charge.refund_impossible").await),
        ((AMOUNT, 0), 1)
    );
    // half an hour is over
    app.clock.advance(SignedDuration::from_mins(31));
    let old = refund(&app, &admin, &charge, &why()).await.expect(200);
    assert_eq!((&old.json["status"], &old.json["method"]), (&json!("in_wallet"), &json!("wallet")));
    assert_eq!((reversals(&fake), fake.stage(&authority)), (1, Some(Stage::Verified)));
    assert_eq!(money(&app, &patient).await, (AMOUNT, 0));
    assert_eq!(view(&app, &admin, &charge).await["refunded_amount"], 0);
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn what_is_spent_is_not_given_back(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (app, fake) = with_zarinpal(engine).await;
    let (admin, doctor, patient) = (app.admin().await, app.bookable_doctor().await, app.patient().await);
    let visit = app.booked(&doctor, &patient).await;
    let (charge, _) = at_zarinpal(&app, &fake, &patient).await;
    let pay = format!("/api/v1/patients/encounters/{visit}/pay/");
    let paid = app.post(&pay).by(&patient).json(&json!({ "payment_method": "wallet" })).send().await;
    let _ = paid.expect(200);
    let left = money(&app, &patient).await;
    for body in [why(), json!({ "reason": "test", "amount": AMOUNT - 1 })] {
        let refused = refund(&app, &admin, &charge, &body).await.expect(409);
        assert_eq!(refused.code(), "INSUFFICIENT_BALANCE");
    }
    assert_eq!((reversals(&fake), money(&app, &patient).await), (0, left));
    assert_eq!(view(&app, &admin, &charge).await["refunds"], json!([]));
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn refunds_that_make_no_sense_are_refused(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    let charge = at_the_sandbox(&app, &patient).await;
    for amount in [json!(0), json!(-1), json!(1.5), json!("1000"), json!(1e30)] {
        let refused =
            refund(&app, &admin, &charge, &json!({ "reason": "test", "amount": amount })).await.expect(422);
        assert!(refused.json["error"]["details"]["field_errors"]["amount"].is_array(), "{amount}");
    }
    let _ = refund(&app, &admin, &charge, &json!({})).await.expect(422);
    let unknown = json!({ "reason": "test", "authority": "S1" });
    let refused = refund(&app, &admin, &charge, &unknown).await.expect(422);
    assert!(refused.json["error"]["details"]["field_errors"]["authority"].is_array());
    let nobody = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b";
    let _ = refund(&app, &admin, nobody, &why()).await.expect(404);
    let _ = app.get(&format!("{CHARGES}{nobody}/")).by(&admin).send().await.expect(404);
    let _ = refund(&app, &patient, &charge, &why()).await.expect(403);
    let waiting = app.post(CHARGE).by(&patient).json(&json!({ "amount": AMOUNT })).send().await.expect(200);
    let unpaid = refund(&app, &admin, &waiting.text("/transaction_id"), &why()).await.expect(409);
    assert_eq!((unpaid.code(), app.audited("charge.refund").await), ("ILLEGAL_STATE", 0));
    assert_eq!(money(&app, &patient).await, (AMOUNT, 0));
}
