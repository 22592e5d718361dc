//! ZarinPal and BitPay, played by stand-ins: asked no more than needed, wrong for hours, slow, asked twice.

use std::time::Duration;

use domain::{Secret, SignedDuration};
use providers::gateways::{BitpaySettings, ZarinpalSettings};
use rstest::rstest;
use serde_json::json;
use testkit::{
    Engine, TestApp, User,
    fakes::{
        bitpay::{self, Bitpay, number, trans_id},
        gateway::{Stage, Trouble},
        http::Reply,
        zarinpal::{self, Zarinpal},
    },
};
use tokio::task::JoinSet;

use super::{AMOUNT, charge, location, minutes, read};

/// An app with a stand-in for ZarinPal.
async fn with_zarinpal(engine: Engine) -> (TestApp, Zarinpal) {
    let fake = Zarinpal::start().await.unwrap();
    let settings = ZarinpalSettings {
        base_url: fake.base_url(),
        merchant_id: Secret::new(zarinpal::MERCHANT.to_owned()),
        accept_sandbox: false,
        timeout: Duration::from_mins(1),
    };
    let app = TestApp::with(engine, move |all| all.gateways.zarinpal = Some(settings)).await;
    (app, fake)
}

/// A charge that waits at ZarinPal: its id and its authority.
async fn started_at_zarinpal(app: &TestApp, by: &User) -> (String, String) {
    let answer = charge(app, by, &json!({ "amount": AMOUNT, "gateway": "zarinpal" })).await.expect(200);
    let authority = answer.text("/payment_url").rsplit('/').next().unwrap().to_owned();
    (answer.text("/transaction_id"), authority)
}

/// How often ZarinPal was asked this.
fn asked(fake: &Zarinpal, method: &str) -> usize {
    fake.requests().iter().filter(|request| request.path.ends_with(method)).count()
}

#[rstest]
#[tokio::test]
async fn of_many_who_poll_one_makes_us_ask(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (app, fake) = with_zarinpal(engine).await;
    let patient = app.patient().await;
    let (id, _) = started_at_zarinpal(&app, &patient).await;
    for times in [1, 2] {
        let mut all = JoinSet::new();
        for _ in 0..20 {
            let call = app.get(&format!("/api/v1/billing/transactions/{id}/")).by(&patient);
            all.spawn(async move { call.send().await.status });
        }
        assert!(all.join_all().await.iter().all(|status| *status == 200));
        assert_eq!(asked(&fake, "/verify.json"), times);
        app.clock.advance(SignedDuration::from_secs(5));
    }
}

#[rstest]
#[tokio::test]
async fn what_was_broken_off_keeps_nobody_from_paying(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (app, fake) = with_zarinpal(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.patient().await);
    let visit = app.booked(&doctor, &patient).await;
    let pay = format!("/api/v1/patients/encounters/{visit}/pay/");
    let body = json!({ "payment_method": "online", "gateway": "zarinpal" });
    let online = || app.post(&pay).by(&patient).json(&body).send();
    // a bad line: five times the patient is gone before the gateway has answered
    for times in 1..=5 {
        fake.trouble("request", Trouble::Silence);
        let lost = tokio::spawn(online());
        fake.until_asked("/request.json", times).await;
        lost.abort();
        assert!(lost.await.is_err());
    }
    assert_eq!(online().await.expect(409).code(), "ILLEGAL_STATE", "their gateway may still answer");
    app.clock.advance(SignedDuration::from_mins(1));
    let page = online().await.expect(200).text("/payment_url");
    assert_eq!(online().await.expect(200).text("/payment_url"), page);
    assert_eq!(asked(&fake, "/request.json"), 6);
}

#[rstest]
#[tokio::test]
async fn a_gateway_that_was_wrong_for_hours_is_asked_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (app, fake) = with_zarinpal(engine).await;
    let patient = app.patient().await;
    let (first, second) =
        (started_at_zarinpal(&app, &patient).await, started_at_zarinpal(&app, &patient).await);
    for (_, authority) in [&first, &second] {
        fake.put(authority, Stage::Failed);
        let callback = format!("/api/v1/billing/callback/zarinpal/?Authority={authority}&Status=NOK");
        let back = location(&app.get(&callback).send().await.expect(303));
        assert!(back.ends_with("status=failed"), "{back}");
    }
    let patient = minutes(&app, &patient, 31).await;
    assert_eq!(asked(&fake, "/unVerified.json"), 1);
    // it says itself that one of them is paid
    fake.put(&first.1, Stage::Paid);
    let patient = minutes(&app, &patient, 1).await;
    assert_eq!(read(&app, &patient, &first.0).await["status"], "completed");
    assert_eq!(read(&app, &patient, &second.0).await["status"], "failed");
    // and of the other it says so only when it is asked
    fake.put(&second.1, Stage::Paid);
    fake.trouble("unVerified", Trouble::Instead(Reply::Json(500, json!({}))));
    let patient = minutes(&app, &patient, 10).await;
    assert_eq!(read(&app, &patient, &second.0).await["status"], "completed");
    assert_eq!(asked(&fake, "/unVerified.json"), 3, "once in a run");
    assert_eq!(app.spendable(&patient).await, 2 * AMOUNT);
    app.expect_a_sound_ledger().await;
}

/// An app with a stand-in for BitPay.
async fn with_bitpay(engine: Engine) -> (TestApp, Bitpay) {
    let fake = Bitpay::start().await.unwrap();
    let settings = BitpaySettings {
        base_url: fake.base_url(),
        api_key: Secret::new(bitpay::KEY.to_owned()),
        timeout: Duration::from_secs(30),
    };
    let app = TestApp::with(engine, move |all| all.gateways.bitpay = Some(settings)).await;
    (app, fake)
}

/// A charge that waits at BitPay: its id and its authority.
async fn started_at_bitpay(app: &TestApp, fake: &Bitpay, by: &User) -> (String, String) {
    let answer = charge(app, by, &json!({ "amount": AMOUNT, "gateway": "bitpay" })).await.expect(200);
    (answer.text("/transaction_id"), fake.orders().pop().unwrap().id)
}

fn from_bitpay(authority: &str, trans_id: &str) -> String {
    format!("/api/v1/billing/callback/bitpay/?id_get={authority}&trans_id={trans_id}")
}

#[rstest]
#[tokio::test]
async fn what_the_browser_alone_knows_is_kept_before_the_gateway_is_asked(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (app, fake) = with_bitpay(engine).await;
    let patient = app.patient().await;
    let (_, authority) = started_at_bitpay(&app, &fake, &patient).await;
    let kept = async |authority: &str| {
        let kept = app.app.db.read(authority, |c, authority| {
            Box::pin(async move { store::charges::callbacks(c, "bitpay", authority).await })
        });
        kept.await.unwrap().len()
    };
    // a forger's takes no room once the gateway has said that it is none
    let back = location(&app.get(&from_bitpay(&authority, "1")).send().await.expect(303));
    assert!(back.ends_with("status=pending"), "{back}");
    assert_eq!(kept(&authority).await, 0);

    let _ = fake.pay(&authority);
    fake.trouble("gateway-result-second", Trouble::Silence);
    let call = app.get(&from_bitpay(&authority, &trans_id(&authority)));
    let running = tokio::spawn(async move { call.send().await.status });
    fake.until_asked("gateway-result-second", 2).await;
    running.abort();
    assert!(running.await.is_err(), "the node has died while it waited for the answer");
    assert_eq!(kept(&authority).await, 1);
    let patient = minutes(&app, &patient, 2).await;
    assert_eq!(app.spendable(&patient).await, AMOUNT);
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn a_number_of_bitpays_pays_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (app, fake) = with_bitpay(engine).await;
    let patient = app.patient().await;
    let (one, first) = started_at_bitpay(&app, &fake, &patient).await;
    let (two, second) = started_at_bitpay(&app, &fake, &patient).await;
    let (third, authority) = started_at_bitpay(&app, &fake, &patient).await;
    // a plain number tells neither amount nor order
    for _ in 0..4 {
        fake.trouble("gateway-result-second", Trouble::Instead(number(1)));
    }
    let mut both = JoinSet::new();
    for (charge, authority) in [(&one, &first), (&two, &second)] {
        let call = app.get(&format!("{}&charge={charge}", from_bitpay(authority, "77")));
        both.spawn(async move { call.send().await.status });
    }
    assert_eq!(both.join_all().await, [303, 303]);
    assert_eq!((app.spendable(&patient).await, app.audited("charge.refuse").await), (AMOUNT, 1));
    for _ in 0..2 {
        let theirs = format!("{}&charge={third}", from_bitpay(&authority, "77"));
        let back = location(&app.get(&theirs).send().await.expect(303));
        assert!(back.ends_with("status=failed"), "{back}");
    }
    assert_eq!((app.spendable(&patient).await, app.audited("charge.refuse").await), (AMOUNT, 2));
    assert_eq!(read(&app, &patient, &third).await["status"], "failed");
    app.expect_a_sound_ledger().await;
}
