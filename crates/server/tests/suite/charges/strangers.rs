//! What strangers who guess an authority can do with callbacks: nothing to a payer's money, charge or page, and no more
//! than others.

use std::time::Duration;

use domain::{Secret, SignedDuration};
use providers::gateways::{BitpaySettings, ZarinpalSettings};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{
    Engine, TestApp, User,
    fakes::{
        bitpay::{self, Bitpay, number, trans_id},
        gateway::{Book, Trouble},
        http::Reply,
        zarinpal::{self, Zarinpal},
    },
};

use super::{AMOUNT, charge, entries, location, path, press, read, started};

/// BitPay's verification.
const VERIFY: &str = "gateway-result-second";

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

/// A charge that waits at a gateway.
struct Waiting {
    id: String,
    authority: String,
    /// Where the gateway was told to send the payer's browser.
    back: String,
}

async fn waiting(app: &TestApp, book: &Book, gateway: &str, by: &User) -> Waiting {
    let answer = charge(app, by, &json!({ "amount": AMOUNT, "gateway": gateway })).await.expect(200);
    let order = book.orders().pop().unwrap();
    Waiting { id: answer.text("/transaction_id"), back: path(&order.callback_url), authority: order.id }
}

impl Waiting {
    /// The payer's browser comes back from BitPay with this number.
    fn payers(&self, number: &str) -> String {
        format!("{}&id_get={}&trans_id={number}", self.back, self.authority)
    }

    /// Somebody's who has guessed the authority.
    fn strangers(&self, number: &str) -> String {
        format!("/api/v1/billing/callback/bitpay/?id_get={}&trans_id={number}", self.authority)
    }
}

/// Where a browser that brings this is sent.
async fn sent(app: &TestApp, callback: &str) -> String {
    location(&app.get(callback).send().await.expect(303))
}

/// How many callbacks of a payment at BitPay are kept.
async fn kept(app: &TestApp, authority: &str) -> usize {
    let kept = app.app.db.read(authority, |c, authority| {
        Box::pin(async move { store::charges::callbacks(c, "bitpay", authority).await })
    });
    kept.await.unwrap().len()
}

/// How often BitPay was asked to verify.
fn asked(fake: &Bitpay) -> usize {
    fake.requests().iter().filter(|request| request.path.contains(VERIFY)).count()
}

#[rstest]
#[tokio::test]
async fn what_strangers_bring_does_not_push_out_what_the_payer_brings(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (app, fake) = with_bitpay(engine).await;
    let patient = app.patient().await;
    let charge = waiting(&app, &fake, "bitpay", &patient).await;
    let forge = async |numbers: std::ops::Range<i64>| {
        for number in numbers {
            fake.trouble(VERIFY, Trouble::Instead(Reply::Json(500, json!({}))));
            let back = sent(&app, &charge.strangers(&number.to_string())).await;
            assert!(back.ends_with("/pay/result/?status=pending"), "no word of the charge's id: {back}");
        }
    };
    forge(1..26).await;
    assert_eq!(kept(&app, &charge.authority).await, 20);
    assert_eq!(app.audited("charge.refuse").await, 1, "of all that they say, the first");
    // then the payer comes back, and the node dies while it waits for BitPay's answer
    let _ = fake.pay(&charge.authority);
    fake.trouble(VERIFY, Trouble::Silence);
    let call = app.get(&charge.payers(&trans_id(&charge.authority)));
    let running = tokio::spawn(async move { call.send().await.status });
    fake.until_asked(VERIFY, 26).await;
    running.abort();
    assert!(running.await.is_err());
    forge(26..51).await;
    assert_eq!(kept(&app, &charge.authority).await, 21);

    // nor is the sweep put off, by them or by the payer's page
    app.clock.advance(SignedDuration::from_secs(59));
    let nothing = format!("/api/v1/billing/callback/bitpay/?id_get={}", charge.authority);
    assert!(sent(&app, &nothing).await.ends_with("status=pending"));
    forge(51..52).await;
    assert_eq!(read(&app, &patient, &charge.id).await["status"], "pending");
    let before = asked(&fake);
    app.clock.advance(SignedDuration::from_secs(2));
    app::jobs::run_cron(&app.app).await.unwrap();
    assert_eq!(app.spendable(&patient).await, AMOUNT);
    assert_eq!(asked(&fake) - before, 1, "the payer's is the first to be asked about");
    assert_eq!((app.audited("charge.refuse").await, app.audited("charge.fail").await), (1, 0));
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn what_strangers_bring_fails_nobodys_charge(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (app, fake) = with_bitpay(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    let (first, charge) =
        (waiting(&app, &fake, "bitpay", &patient).await, waiting(&app, &fake, "bitpay", &patient).await);
    let refused = async || (app.audited("charge.refuse").await, app.audited("charge.fail").await);
    // of the first, for whoever can use its number
    let _ = fake.pay(&first.authority);
    let used = trans_id(&first.authority);
    assert!(sent(&app, &first.payers(&used)).await.ends_with("status=completed"));
    let mut requests = vec![];
    for (number, answer) in [("1", None), (used.as_str(), None), (used.as_str(), Some(number(1)))] {
        if let Some(answer) = answer {
            fake.trouble(VERIFY, Trouble::Instead(answer));
        }
        let answer = app.get(&charge.strangers(number)).send().await.expect(303);
        requests.push(answer.header("x-request-id").unwrap().to_owned());
        let back = location(&answer);
        assert!(back.ends_with("/pay/result/?status=pending"), "{back}");
        assert_eq!(kept(&app, &charge.authority).await, 0, "what is forged takes no room");
    }
    let still = read(&app, &patient, &charge.id).await;
    assert!(still["status"] == "pending" && still["payment_url"].is_string(), "{still}");
    assert_eq!((refused().await, app.spendable(&patient).await), ((1, 0), AMOUNT));
    let told = |by: &str, request: &str| {
        [by.to_owned(), request.to_owned(), format!("{} said to be paid, and is not", charge.id)]
    };
    let strangers = told("stranger", &requests[0]);
    let written = async || entries(&app, &admin, &patient, "charge.refuse").await;
    assert_eq!(written().await, std::slice::from_ref(&strangers), "the first of {requests:?}");

    // of what the payer brings, "not paid" is a word
    let _ = fake.fail(&charge.authority);
    let back = sent(&app, &charge.payers(&trans_id(&charge.authority))).await;
    assert!(back.ends_with(&format!("transaction_id={}&status=failed", charge.id)), "{back}");
    let failed = read(&app, &patient, &charge.id).await;
    assert_eq!((&failed["payment_url"], refused().await), (&Value::Null, (2, 0)));
    assert_eq!(written().await, [told("user", "bitpay"), strangers], "the payer's word in the payer's name");
    // and on the same page, a moment later
    let _ = fake.pay(&charge.authority);
    let back = sent(&app, &charge.strangers(&trans_id(&charge.authority))).await;
    assert!(back.ends_with("status=completed"), "money is money, whoever tells of it: {back}");
    assert_eq!(app.spendable(&patient).await, 2 * AMOUNT);
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn that_a_payer_gave_up_is_believed_of_the_payer_alone(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let fake = Zarinpal::start().await.unwrap();
    let settings = ZarinpalSettings {
        base_url: fake.base_url(),
        merchant_id: Secret::new(zarinpal::MERCHANT.to_owned()),
        accept_sandbox: false,
        timeout: Duration::from_mins(1),
    };
    let app = TestApp::with(engine, move |all| all.gateways.zarinpal = Some(settings)).await;
    let patient = app.patient().await;
    let charge = waiting(&app, &fake, "zarinpal", &patient).await;
    let gave_up = format!("Authority={}&Status=NOK", charge.authority);
    for (callback, status) in [
        (format!("/api/v1/billing/callback/zarinpal/?{gave_up}"), "pending"),
        (format!("{}&{gave_up}", charge.back), "failed"),
    ] {
        // ZarinPal has no clear word of its own
        let unclear = zarinpal::success(&json!({ "code": 100, "status": "SOMEWHERE" }));
        fake.trouble("inquiry", Trouble::Instead(Reply::Json(200, unclear)));
        let back = sent(&app, &callback).await;
        assert!(back.ends_with(&format!("status={status}")), "{back}");
        assert_eq!(read(&app, &patient, &charge.id).await["status"], status);
    }
    let audited = async || (app.audited("charge.fail").await, app.audited("charge.refuse").await);
    assert_eq!(audited().await, (1, 0));
    // whoever says that it is paid all the same says so once
    let paid = format!("/api/v1/billing/callback/zarinpal/?Authority={}&Status=OK", charge.authority);
    for _ in 0..3 {
        let _ = sent(&app, &paid).await;
        assert_eq!(audited().await, (1, 1));
    }
}

#[rstest]
#[tokio::test]
async fn who_asks_too_much_is_let_through_with_a_payment_of_ours_alone(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let limits = app::RateLimits { anonymous: 2, authenticated: 1_000, premium: 1_000 };
    let app = TestApp::with(engine, move |settings| settings.rate_limit = Some(limits)).await;
    let patient = app.patient().await;
    let (id, page) = started(&app, &patient).await;
    let callback = press(&app, &page, "succeed").await;
    let carrier = "203.0.113.1";
    let unknown = "Authority=S00100000000000000000000000000000000&Status=OK";
    let to = "/api/v1/billing/callback/sandbox/";
    let nobody = "/api/v1/billing/callback/nobody/";
    for (audited, call) in [(1, app.get(&format!("{to}?{unknown}"))), (2, app.get(nobody))] {
        let _ = call.from(carrier).send().await.expect(404);
        assert_eq!(app.audited("charge.forged").await, audited);
    }
    let form = "application/x-www-form-urlencoded";
    for call in [
        app.get(&format!("{to}?{unknown}")),
        app.get(&format!("{to}?charge={id}&{unknown}")),
        app.get(&format!("{to}?charge={id}")),
        app.get(to),
        app.get(nobody),
        app.get(&format!("/v1/billing/callback/sandbox?{unknown}")),
        app.post(to).body(form, unknown),
    ] {
        let refused = call.from(carrier).send().await.expect(429);
        assert_eq!(refused.code(), "RATE_LIMITED");
        assert!(refused.header("retry-after").is_some());
    }
    assert_eq!(app.audited("charge.forged").await, 2, "nothing is written for them");
    let back = location(&app.get(&callback).from(carrier).send().await.expect(303));
    assert!(back.ends_with(&format!("transaction_id={id}&status=completed")), "{back}");
    assert_eq!(app.spendable(&patient).await, AMOUNT);
}
