//! Forged callbacks, refused amounts and addresses; and who is let through all the same.

use domain::ledger::Account;
use rstest::rstest;
use serde_json::json;
use testkit::{Answer, Engine, TestApp};

use super::{AMOUNT, charge, entries, location, minutes, press, started};

#[rstest]
#[tokio::test]
async fn what_is_forged_brings_nothing(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
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
    assert_eq!(app.audited("charge.forged").await, 4, "nor is a gateway or an authority that is none");
    // one's own, not paid
    let pending = callback("sandbox", authority).await.expect(303);
    let back = location(&pending);
    assert!(back.ends_with(&format!("transaction_id={id}&status=pending")), "{back}");
    let _ = callback("sandbox", authority).await.expect(303);
    // failed, and said to be paid
    let _ = press(&app, &page, "fail").await;
    let failed = callback("sandbox", authority).await.expect(303);
    let back = location(&failed);
    assert!(back.ends_with("status=failed"), "{back}");
    // with a form, as some gateways do
    let form = format!("Authority={authority}&Status=OK");
    let posted =
        app.post("/api/v1/billing/callback/sandbox/").body("application/x-www-form-urlencoded", form);
    let _ = posted.send().await.expect(303);
    let told = |answer: &Answer, why: &str| {
        let request = answer.header("x-request-id").unwrap();
        ["stranger".to_owned(), request.to_owned(), format!("{id} {why}")]
    };
    assert_eq!(
        entries(&app, &admin, &patient, "charge.refuse").await,
        [
            told(&failed, "said to be paid, and is not"),
            told(&pending, "said to be paid, without a clear answer"),
        ],
        "who says it again, and can't name the charge, makes no entry in the payer's name or in another"
    );
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
    assert_eq!(app.audited("charge.refuse").await, 7);
    let both = charge(&app, &patient, &json!({ "amount": 0, "gateway": "paypal" })).await.expect(422);
    let named = &both.json["error"]["details"]["field_errors"];
    assert!(named["amount"].is_array() && named["gateway"].is_array(), "{named}");
    assert_eq!(app.audited("charge.refuse").await, 8, "one request is one entry");
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
    assert_eq!(app.audited("charge.refuse").await, 14);
    for gateway in ["paypal", "zarinpal"] {
        let body = json!({ "amount": AMOUNT, "gateway": gateway });
        let _ = charge(&app, &patient, &body).await.expect(422);
    }
    assert_eq!((app.audited("charge.refuse").await, app.audited("charge.start").await), (16, 0));
    let allowed = charge(&app, &patient, &json!({ "amount": 1_000, "return_url": site })).await;
    let _ = allowed.expect(200);
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
async fn who_goes_on_asking_for_nonsense_does_not_fill_the_log(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let patient = app.patient().await;
    // a name that is watched is found among many
    let mut body = json!({ "amount": AMOUNT, "currency": "USD" });
    for n in 0..30 {
        body[format!("a{n:02}")] = json!(0);
    }
    for n in 1..=62 {
        let _ = charge(&app, &patient, &body).await.expect(422);
        assert_eq!(app.audited("charge.refuse").await, n.min(60));
    }
    let patient = minutes(&app, &patient, 60).await;
    let _ = charge(&app, &patient, &body).await.expect(422);
    assert_eq!(app.audited("charge.refuse").await, 61);
}
