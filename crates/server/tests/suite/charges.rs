//! Money comes in through a gateway: the whole loop at the sandbox, and everything that goes wrong on the way.

use std::{sync::Arc, time::Duration};

use domain::{Secret, SignedDuration, ledger::Account};
use providers::gateways::{BitpaySettings, ZarinpalSettings};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{
    Answer, Engine, TestApp, User,
    fakes::{
        bitpay::{self, Bitpay, number, trans_id},
        gateway::{Stage, Trouble},
        http::Reply,
        zarinpal::{self, Zarinpal},
    },
    visits::FEE,
};
use tokio::task::JoinSet;

use crate::races::nodes;

pub(crate) const CHARGE: &str = "/api/v1/billing/wallet/charge/";
pub(crate) const AMOUNT: i64 = 1_000_000;

/// The path of an address of this server's.
fn path(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or_else(|| "/".to_owned(), |at| rest[at..].to_owned())
}

fn location(answer: &Answer) -> String {
    answer.header("location").unwrap().to_owned()
}

async fn charge(app: &TestApp, by: &User, body: &Value) -> Answer {
    app.post(CHARGE).by(by).json(body).send().await
}

/// A charge that waits at the sandbox: its id and the path of its page.
async fn started(app: &TestApp, by: &User) -> (String, String) {
    let answer = charge(app, by, &json!({ "amount": AMOUNT })).await.expect(200);
    (answer.text("/transaction_id"), path(&answer.text("/payment_url")))
}

/// Presses a button of the sandbox's page; where the browser goes.
async fn press(app: &TestApp, page: &str, verb: &str) -> String {
    path(&location(&app.post(&format!("{page}/{verb}/")).send().await.expect(303)))
}

async fn read(app: &TestApp, by: &User, id: &str) -> Value {
    app.get(&format!("/api/v1/billing/transactions/{id}/")).by(by).send().await.expect(200).json
}

async fn minutes(app: &TestApp, by: &User, n: i64) -> User {
    app.clock.advance(SignedDuration::from_mins(n));
    app::jobs::run_cron(&app.app).await.unwrap();
    app.log_in(&by.phone).await
}

#[rstest]
#[tokio::test]
async fn the_whole_loop_at_the_sandbox(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (patient, other) = (app.patient().await, app.patient().await);
    let site = app.settings.public_site_url.clone();
    let body = json!({
        "amount": AMOUNT, "payment_method": "online", "gateway": "sandbox",
        "return_url": format!("{site}/wallet/callback?a=1"),
    });
    let call = || app.post(CHARGE).by(&patient).header("idempotency-key", "k").json(&body).send();
    let answer = call().await.expect(200);
    let (id, page) = (answer.text("/transaction_id"), path(&answer.text("/payment_url")));
    assert_eq!(answer.json["amount"], AMOUNT);
    let again = call().await.expect(200);
    assert_eq!((again.header("idempotent-replay"), &again.json), (Some("true"), &answer.json));
    let pending = read(&app, &patient, &id).await;
    assert_eq!((&pending["status"], &pending["gateway"]), (&json!("pending"), &json!("sandbox")));
    assert_eq!(pending["payment_url"], answer.json["payment_url"]);

    let shown = app.get(&page).send().await.expect(200);
    let html = String::from_utf8(shown.bytes.to_vec()).unwrap();
    assert!(html.contains("۱٬۰۰۰٬۰۰۰") || html.contains("1٬000٬000"), "{html}");
    let callback = press(&app, &page, "succeed").await;
    assert_eq!(app.spendable(&patient).await, 0, "nobody has asked the gateway");
    let back = app.get(&callback).send().await.expect(303);
    assert_eq!(location(&back), format!("{site}/wallet/callback?a=1&transaction_id={id}&status=completed"));
    assert_eq!(app.spendable(&patient).await, AMOUNT);
    assert_eq!(app.holds(&Account::clearing("sandbox")).await, -AMOUNT);
    let completed = read(&app, &patient, &id).await;
    assert_eq!((&completed["status"], &completed["payment_url"]), (&json!("completed"), &Value::Null));
    assert!(completed["completed_at"].is_string() && completed["gateway_reference"].is_string());
    let hidden = app.get(&format!("/api/v1/billing/transactions/{id}/")).by(&other).send().await;
    assert_eq!(hidden.expect(404).code(), "NOT_FOUND");
    assert_eq!((app.audited("charge.start").await, app.audited("charge.complete").await), (1, 1));
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn callbacks_sweep_and_poll_a_thousand_times_at_once_credit_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let nodes = nodes(engine).await;
    let app = &nodes[0];
    let patient = app.patient().await;
    let (id, page) = started(app, &patient).await;
    let callback = press(app, &page, "succeed").await;
    app.clock.advance(SignedDuration::from_secs(61));
    let mut all = JoinSet::new();
    for (n, node) in nodes.iter().cycle().take(1_000).enumerate() {
        let (node, of) = (Arc::clone(node), format!("/api/v1/billing/transactions/{id}/"));
        let (callback, patient) = (callback.clone(), patient.clone());
        all.spawn(async move {
            match n % 20 {
                0 => assert!(app::jobs::run_cron(&node.app).await.is_ok()),
                1..10 => drop(node.get(&of).by(&patient).insist().await.expect(200)),
                _ => drop(node.get(&callback).insist().await.expect(303)),
            }
        });
    }
    assert_eq!(all.join_all().await.len(), 1_000);
    assert_eq!(app.spendable(&patient).await, AMOUNT);
    assert_eq!(app.audited("charge.complete").await, 1);
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn a_payment_that_fails_may_be_tried_again(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let patient = app.patient().await;
    let (id, page) = started(&app, &patient).await;
    let callback = press(&app, &page, "fail").await;
    let back = location(&app.get(&callback).send().await.expect(303));
    assert!(back.ends_with(&format!("transaction_id={id}&status=failed")), "{back}");
    assert_eq!((app.spendable(&patient).await, app.audited("charge.fail").await), (0, 1));
    // on the same page, a moment later
    let callback = press(&app, &page, "succeed").await;
    let back = location(&app.get(&callback).send().await.expect(303));
    assert!(back.ends_with("status=completed"), "{back}");
    assert_eq!(app.spendable(&patient).await, AMOUNT);
}

#[rstest]
#[tokio::test]
async fn a_browser_that_never_comes_back_is_not_needed(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let patient = app.patient().await;
    let (id, page) = started(&app, &patient).await;
    let (left, _) = started(&app, &patient).await;
    let _ = app.post(&format!("{page}/leave/")).send().await.expect(200);
    let patient = minutes(&app, &patient, 2).await;
    assert_eq!(app.spendable(&patient).await, AMOUNT);
    assert_eq!(read(&app, &patient, &id).await["status"], "completed");
    assert_eq!(read(&app, &patient, &left).await["status"], "pending");
    let patient = minutes(&app, &patient, 29).await;
    assert_eq!(read(&app, &patient, &left).await["status"], "expired");
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn what_is_paid_after_the_end_is_money_all_the_same(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let patient = app.patient().await;
    let (id, page) = started(&app, &patient).await;
    let patient = minutes(&app, &patient, 31).await;
    assert_eq!(read(&app, &patient, &id).await["status"], "expired");
    let callback = press(&app, &page, "succeed").await;
    let back = location(&app.get(&callback).send().await.expect(303));
    assert!(back.ends_with("status=completed"), "{back}");
    assert_eq!(app.spendable(&patient).await, AMOUNT);
}

#[rstest]
#[tokio::test]
async fn what_is_forged_brings_nothing(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let patient = app.patient().await;
    let (id, page) = started(&app, &patient).await;
    let authority = page.rsplit('/').next().unwrap();
    let callback = |gateway: &str, authority: &str| {
        app.get(&format!("/api/v1/billing/callback/{gateway}/?Authority={authority}&Status=OK")).send()
    };
    assert_eq!(
        callback("sandbox", "S00100000000000000000000000000000000").await.expect(404).code(),
        "NOT_FOUND"
    );
    assert_eq!(app.audited("charge.forged").await, 1);
    let _ = callback("zarinpal", authority).await.expect(404);
    let _ = callback("nobody", authority).await.expect(404);
    let _ = app.get("/api/v1/billing/callback/sandbox/").send().await.expect(404);
    // one's own, not paid
    let back = location(&callback("sandbox", authority).await.expect(303));
    assert!(back.ends_with(&format!("transaction_id={id}&status=pending")), "{back}");
    // failed, and said to be paid
    let _ = press(&app, &page, "fail").await;
    let back = location(&callback("sandbox", authority).await.expect(303));
    assert!(back.ends_with("status=failed"), "{back}");
    assert_eq!(app.audited("charge.refuse").await, 1);
    // with a form, as some gateways do
    let form = format!("Authority={authority}&Status=OK");
    let posted =
        app.post("/api/v1/billing/callback/sandbox/").body("application/x-www-form-urlencoded", form);
    let _ = posted.send().await.expect(303);
    assert_eq!((app.spendable(&patient).await, app.holds(&Account::clearing("sandbox")).await), (0, 0));
}

#[rstest]
#[tokio::test]
async fn amounts_and_addresses_that_are_none_are_refused(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let patient = app.patient().await;
    for amount in
        [json!(0), json!(-5_000), json!(999), json!(500_000_001), json!(1_000.5), json!("1000"), json!(1e30)]
    {
        let refused = charge(&app, &patient, &json!({ "amount": amount })).await.expect(422);
        assert_eq!(refused.code(), "VALIDATION_ERROR", "{amount}");
        let named = &refused.json["error"]["details"]["field_errors"]["amount"];
        assert!(named.is_array(), "{amount}: {}", refused.json);
    }
    assert_eq!(app.audited("charge.refuse").await, 6, "what is no number is no amount");
    let both = charge(&app, &patient, &json!({ "amount": 0, "gateway": "paypal" })).await.expect(422);
    let named = &both.json["error"]["details"]["field_errors"];
    assert!(named["amount"].is_array() && named["gateway"].is_array(), "{named}");
    let site = app.settings.public_site_url.clone();
    for url in [
        "https://evil.example/".to_owned(),
        format!("{site}.evil.example/"),
        format!("{site}@evil.example/"),
        format!("{site}\\@evil.example/"),
        "//evil.example".to_owned(),
        "javascript:alert(1)".to_owned(),
    ] {
        let body = json!({ "amount": AMOUNT, "return_url": url });
        let refused = charge(&app, &patient, &body).await.expect(422);
        assert!(
            refused.json["error"]["details"]["field_errors"]["return_url"].is_array(),
            "{}",
            refused.json
        );
    }
    assert_eq!(app.audited("charge.refuse").await, 12);
    for gateway in ["paypal", "zarinpal"] {
        let body = json!({ "amount": AMOUNT, "gateway": gateway });
        let _ = charge(&app, &patient, &body).await.expect(422);
    }
    assert_eq!((app.audited("charge.refuse").await, app.audited("charge.start").await), (13, 0));
    let allowed = charge(&app, &patient, &json!({ "amount": 1_000, "return_url": site })).await;
    let _ = allowed.expect(200);
}

/// Presses the sandbox's button on a visit's payment page; the path of the sandbox's page.
async fn pay_online(app: &TestApp, patient: &User, visit: &str) -> String {
    let pay = format!("/api/v1/patients/encounters/{visit}/pay/");
    let body = json!({ "payment_method": "online" });
    let page = app.post(&pay).by(patient).json(&body).send().await.expect(200).text("/payment_url");
    let page = path(&page);
    let shown = app.get(&page).send().await.expect(200);
    assert!(String::from_utf8_lossy(&shown.bytes).contains("value=\"sandbox\""));
    let form = app.post(&page).body("application/x-www-form-urlencoded", "gateway=sandbox");
    path(&location(&form.send().await.expect(303)))
}

async fn status(app: &TestApp, patient: &User, visit: &str) -> Value {
    let path = format!("/api/v1/patients/encounters/{visit}/");
    app.get(&path).by(patient).send().await.expect(200).json["status"].clone()
}

#[rstest]
#[tokio::test]
async fn a_visit_is_paid_online_and_what_comes_twice_goes_to_the_wallet(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.patient().await);
    let visit = app.booked(&doctor, &patient).await;
    // tried once more after a failure, and then paid both
    let first = pay_online(&app, &patient, &visit).await;
    let _ = app.get(&press(&app, &first, "fail").await).send().await.expect(303);
    let second = pay_online(&app, &patient, &visit).await;
    assert_ne!(first, second);
    let back = location(&app.get(&press(&app, &first, "succeed").await).send().await.expect(303));
    assert!(back.contains("/pay/") && back.ends_with("status=completed"), "{back}");
    assert_eq!(status(&app, &patient, &visit).await, "confirmed");
    assert_eq!((app.spendable(&patient).await, app.holds(&Account::escrow()).await), (0, FEE));
    let _ = app.get(&press(&app, &second, "succeed").await).send().await.expect(303);
    assert_eq!((app.spendable(&patient).await, app.holds(&Account::escrow()).await), (FEE, FEE));
    assert_eq!(app.holds(&Account::clearing("sandbox")).await, -2 * FEE);
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn a_visit_that_is_paid_too_late_is_money_in_the_wallet(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.patient().await);
    let visit = app.booked(&doctor, &patient).await;
    let page = pay_online(&app, &patient, &visit).await;
    let patient = minutes(&app, &patient, 45).await;
    let _ = app.get(&press(&app, &page, "succeed").await).send().await.expect(303);
    assert_eq!(status(&app, &patient, &visit).await, "cancelled");
    assert_eq!((app.spendable(&patient).await, app.holds(&Account::escrow()).await), (FEE, 0));
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn who_guesses_an_authority_is_not_shown_the_visits_page(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.patient().await);
    let visit = app.booked(&doctor, &patient).await;
    let page = pay_online(&app, &patient, &visit).await;
    let authority = page.rsplit('/').next().unwrap();
    let callback = press(&app, &page, "succeed").await;
    let guess = format!("/api/v1/billing/callback/sandbox/?Authority={authority}&Status=OK");
    for more in ["", "&charge=1", "&charge=018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b"] {
        let back = app.get(&format!("{guess}{more}")).send().await.expect(303);
        assert_eq!(path(&location(&back)), "/pay/result/?status=completed", "{more}");
    }
    assert_eq!(status(&app, &patient, &visit).await, "confirmed", "its money is money all the same");
    let back = location(&app.get(&callback).send().await.expect(303));
    assert!(back.contains("/pay/") && back.contains("transaction_id="), "{back}");
}

#[rstest]
#[tokio::test]
async fn who_comes_back_from_a_gateway_is_never_too_much(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let limits = app::RateLimits { anonymous: 2, authenticated: 1_000, premium: 1_000 };
    let app = TestApp::with(engine, move |settings| settings.rate_limit = Some(limits)).await;
    let patient = app.patient().await;
    let (_, page) = started(&app, &patient).await;
    let callback = press(&app, &page, "succeed").await;
    let carrier = "203.0.113.1";
    for expected in [401, 401, 429] {
        let _ = app.get("/api/v1/patients/profile/").from(carrier).send().await.expect(expected);
    }
    for path in [callback.as_str(), callback.strip_prefix("/api").unwrap()] {
        let back = app.get(path).from(carrier).send().await.expect(303);
        assert_eq!(back.header("x-ratelimit-remaining"), Some("0"), "it is counted");
    }
    let form = callback.split_once('?').unwrap().1.to_owned();
    let posted = app.post("/api/v1/billing/callback/sandbox/").from(carrier);
    let _ = posted.body("application/x-www-form-urlencoded", form).send().await.expect(303);
    assert_eq!(app.spendable(&patient).await, AMOUNT);
    for other in ["/api/v1/billing/callback/nobody/", "/api/v1/billing/callback/", "/api/v1/billing/wallet/"]
    {
        let _ = app.get(other).from(carrier).send().await.expect(429);
    }
    let _ = app.delete("/api/v1/billing/callback/sandbox/").from(carrier).send().await.expect(429);
}

#[rstest]
#[tokio::test]
async fn a_visit_is_paid_at_the_gateway_that_its_patient_names(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient, other) = (app.bookable_doctor().await, app.patient().await, app.patient().await);
    let visit = app.booked(&doctor, &patient).await;
    let pay = format!("/api/v1/patients/encounters/{visit}/pay/");
    let site = app.settings.public_site_url.clone();
    for (field, value) in
        [("gateway", "paypal"), ("gateway", "zarinpal"), ("return_url", "https://evil.example/")]
    {
        let body = json!({ "payment_method": "online", field: value });
        let refused = app.post(&pay).by(&patient).json(&body).send().await.expect(422);
        let named = &refused.json["error"]["details"]["field_errors"][field];
        assert!(named.is_array(), "{}", refused.json);
    }
    assert_eq!((app.audited("charge.refuse").await, app.audited("charge.start").await), (2, 0));

    let body = json!({
        "payment_method": "online", "gateway": "sandbox", "return_url": format!("{site}/visits"),
    });
    let call = || app.post(&pay).by(&patient).header("idempotency-key", "k").json(&body).send();
    let _ = app.post(&pay).by(&other).json(&body).send().await.expect(404);
    let answer = call().await.expect(200);
    let page = path(&answer.text("/payment_url"));
    assert!(page.starts_with("/dev/pay/"), "{page}");
    assert_eq!(
        (answer.text("/status"), answer.text("/payment/payment_status")),
        ("pending".into(), "pending".into())
    );
    // the same without a key is the same charge, another way back is not
    let same = app.post(&pay).by(&patient).json(&body).send().await.expect(200);
    assert_eq!(same.json["payment_url"], answer.json["payment_url"]);
    let another = json!({ "payment_method": "online", "gateway": "sandbox" });
    let another = app.post(&pay).by(&patient).json(&another).send().await.expect(200);
    assert_ne!(another.json["payment_url"], answer.json["payment_url"]);

    let back = location(&app.get(&press(&app, &page, "succeed").await).send().await.expect(303));
    assert!(back.starts_with(&format!("{site}/visits?transaction_id=")), "{back}");
    assert_eq!(status(&app, &patient, &visit).await, "confirmed");
    let again = call().await.expect(200);
    assert_eq!((again.header("idempotent-replay"), &again.json), (Some("true"), &answer.json));
    let late = app.post(&pay).by(&patient).json(&body).send().await.expect(409);
    assert_eq!(late.code(), "ILLEGAL_STATE");
}

/// An app with a stand-in for ZarinPal.
async fn with_zarinpal(engine: Engine) -> (TestApp, Zarinpal) {
    let fake = Zarinpal::start().await.unwrap();
    let settings = ZarinpalSettings {
        base_url: fake.base_url(),
        merchant_id: Secret::new(zarinpal::MERCHANT.to_owned()),
        accept_sandbox: false,
        timeout: Duration::from_secs(5),
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
    assert!(back.ends_with("status=failed"), "{back}");
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
    let (_, first) = started_at_bitpay(&app, &fake, &patient).await;
    let (_, second) = started_at_bitpay(&app, &fake, &patient).await;
    let (third, authority) = started_at_bitpay(&app, &fake, &patient).await;
    // a plain number tells neither amount nor order
    for _ in 0..4 {
        fake.trouble("gateway-result-second", Trouble::Instead(number(1)));
    }
    let mut both = JoinSet::new();
    for authority in [&first, &second] {
        let call = app.get(&from_bitpay(authority, "77"));
        both.spawn(async move { call.send().await.status });
    }
    assert_eq!(both.join_all().await, [303, 303]);
    assert_eq!((app.spendable(&patient).await, app.audited("charge.refuse").await), (AMOUNT, 1));
    for _ in 0..2 {
        let back = location(&app.get(&from_bitpay(&authority, "77")).send().await.expect(303));
        assert!(back.ends_with("status=failed"), "{back}");
    }
    assert_eq!((app.spendable(&patient).await, app.audited("charge.refuse").await), (AMOUNT, 2));
    assert_eq!(read(&app, &patient, &third).await["status"], "failed");
    app.expect_a_sound_ledger().await;
}
