//! What gateways tell of a payment besides that it was made, admins see, and nobody else.

use std::time::Duration;

use domain::Secret;
use providers::gateways::{BitpaySettings, IdpaySettings, ZarinpalSettings};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{
    Engine, TestApp, User,
    fakes::{
        bitpay::{self, Bitpay},
        gateway::Trouble,
        idpay::{self, Idpay},
        zarinpal::{MERCHANT, Zarinpal},
    },
};

use super::{AMOUNT, CHARGE, CHARGES, at_the_sandbox, at_zarinpal, minutes, view, with_zarinpal};

const CARD: &str = "502229******5995";

/// A charge, and what its payer's browser brings back from the gateway.
async fn paid(
    app: &TestApp,
    by: &User,
    gateway: &str,
    pay: impl FnOnce() -> Vec<(String, String)>,
) -> String {
    let body = json!({ "amount": AMOUNT, "gateway": gateway });
    let started = app.post(CHARGE).by(by).json(&body).send().await.expect(200);
    let query: Vec<String> = pay().iter().map(|(name, value)| format!("{name}={value}")).collect();
    let callback = format!("/api/v1/billing/callback/{gateway}/?{}", query.join("&"));
    let _ = app.get(&callback).send().await.expect(303);
    started.text("/transaction_id")
}

/// The card and the fee of a charge's one authority.
async fn receipt(app: &TestApp, admin: &User, charge: &str) -> (Value, Value) {
    let seen = view(app, admin, charge).await;
    assert_eq!((&seen["status"], &seen["authorities"][1]), (&json!("completed"), &Value::Null));
    (seen["authorities"][0]["card"].clone(), seen["authorities"][0]["fee"].clone())
}

#[rstest]
#[tokio::test]
async fn each_gateways_card_and_fee_are_kept(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let timeout = Duration::from_mins(1);
    let (zarinpal, idpay, bitpay) =
        (Zarinpal::start().await.unwrap(), Idpay::start().await.unwrap(), Bitpay::start().await.unwrap());
    let at_zarinpal = ZarinpalSettings {
        base_url: zarinpal.base_url(),
        merchant_id: Secret::new(MERCHANT.to_owned()),
        accept_sandbox: false,
        timeout,
    };
    let at_idpay = IdpaySettings {
        base_url: idpay.base_url(),
        api_key: Secret::new(idpay::KEY.to_owned()),
        sandbox: false,
        timeout,
    };
    let at_bitpay =
        BitpaySettings { base_url: bitpay.base_url(), api_key: Secret::new(bitpay::KEY.to_owned()), timeout };
    let app = TestApp::with(engine, move |all| {
        all.gateways.zarinpal = Some(at_zarinpal);
        all.gateways.idpay = Some(at_idpay);
        all.gateways.bitpay = Some(at_bitpay);
    })
    .await;
    let (admin, patient) = (app.admin().await, app.patient().await);

    let charge = paid(&app, &patient, "zarinpal", || zarinpal.pay(&zarinpal.orders()[0].id)).await;
    assert_eq!(receipt(&app, &admin, &charge).await, (json!(CARD), json!(AMOUNT / 200)));
    let own =
        app.get(&format!("/api/v1/billing/transactions/{charge}/")).by(&patient).send().await.expect(200);
    assert!(!own.json.to_string().contains("***"), "{}", own.json);
    let charge = paid(&app, &patient, "idpay", || idpay.pay(&idpay.orders()[0].id)).await;
    assert_eq!(receipt(&app, &admin, &charge).await, (json!("610433******1064"), Value::Null));
    let charge = paid(&app, &patient, "bitpay", || bitpay.pay(&bitpay.orders()[0].id)).await;
    assert_eq!(receipt(&app, &admin, &charge).await, (json!(CARD), Value::Null));
    let charge = at_the_sandbox(&app, &patient).await;
    assert_eq!(receipt(&app, &admin, &charge).await, (Value::Null, Value::Null));

    let listed = app.get(CHARGES).by(&admin).send().await.expect(200).json;
    let cards =
        listed["results"].as_array().unwrap().iter().filter(|one| one["authorities"][0]["card"] == CARD);
    assert_eq!(cards.count(), 2);
}

#[rstest]
#[tokio::test]
async fn a_receipt_is_kept_though_the_first_answer_is_lost(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (app, fake) = with_zarinpal(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    fake.trouble("verify", Trouble::Reset);
    let charge = paid(&app, &patient, "zarinpal", || fake.pay(&fake.orders()[0].id)).await;
    let waits = view(&app, &admin, &charge).await;
    assert_eq!((&waits["status"], &waits["authorities"][0]["card"]), (&json!("pending"), &Value::Null));
    minutes(&app, 2).await;
    assert_eq!(receipt(&app, &admin, &charge).await, (json!(CARD), json!(AMOUNT / 200)));
    // and it stays, whatever comes again
    let (other, authority) = at_zarinpal(&app, &fake, &app.patient().await).await;
    let callback = format!("/api/v1/billing/callback/zarinpal/?Authority={authority}&Status=OK");
    let _ = app.get(&callback).send().await.expect(303);
    assert_eq!(receipt(&app, &admin, &other).await, (json!(CARD), json!(AMOUNT / 200)));
}
