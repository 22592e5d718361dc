//! Payments whose browser never came back, at gateways that give them back soon, or don't answer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use app::billing::holds::{self, Place};
use domain::{Rials, Secret, SignedDuration, ids::UserId};
use providers::gateways::{IdpaySettings, ZarinpalSettings};
use rstest::rstest;
use serde_json::json;
use testkit::{
    Engine, TestApp, User,
    fakes::{
        gateway::{Stage, Trouble},
        idpay::{Idpay, KEY},
        zarinpal::{MERCHANT, Zarinpal},
    },
};
use tokio::sync::watch;

use crate::{
    charges::{AMOUNT, CHARGE},
    notifications::{tell, texts},
};

const VERIFY: &str = "payment/verify";
/// Charges that one gateway is asked about at once.
const AT_ONCE: usize = 16;

/// An app with stand-ins for both.
async fn with_both(engine: Engine) -> (TestApp, Idpay, Zarinpal) {
    let (idpay, zarinpal) = (Idpay::start().await.unwrap(), Zarinpal::start().await.unwrap());
    let at_idpay = IdpaySettings {
        base_url: idpay.base_url(),
        api_key: Secret::new(KEY.to_owned()),
        sandbox: false,
        timeout: Duration::from_mins(1),
    };
    let at_zarinpal = ZarinpalSettings {
        base_url: zarinpal.base_url(),
        merchant_id: Secret::new(MERCHANT.to_owned()),
        accept_sandbox: false,
        timeout: Duration::from_secs(30),
    };
    let app = TestApp::with(engine, move |all| {
        all.gateways.idpay = Some(at_idpay);
        all.gateways.zarinpal = Some(at_zarinpal);
    })
    .await;
    (app, idpay, zarinpal)
}

/// A charge that waits at this gateway: the gateway's own name for it.
async fn started(app: &TestApp, by: &User, gateway: &str) -> String {
    let body = json!({ "amount": AMOUNT, "gateway": gateway });
    let page = app.post(CHARGE).by(by).json(&body).send().await.expect(200).text("/payment_url");
    page.rsplit('/').next().unwrap().to_owned()
}

/// How often IDPay was asked to verify something.
fn verifies(idpay: &Idpay) -> usize {
    idpay.requests().iter().filter(|request| request.path.ends_with(VERIFY)).count()
}

async fn minutes(app: &TestApp, n: usize) {
    for _ in 0..n {
        app.clock.advance(SignedDuration::from_mins(1));
        app::jobs::run_cron(&app.app).await.unwrap();
    }
}

/// Returns when it is so.
async fn until(is_so: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < Duration::from_secs(30), "it never came about");
        tokio::task::yield_now().await;
    }
}

#[rstest]
#[tokio::test]
async fn what_is_paid_past_the_end_is_credited_within_five_minutes(
    #[values(Stage::Visited, Stage::Failed)] at_its_end: Stage,
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (app, idpay, _zarinpal) = with_both(engine).await;
    let patient = app.patient().await;
    let id = started(&app, &patient, "idpay").await;
    idpay.put(&id, at_its_end);
    minutes(&app, 29).await;
    let before = verifies(&idpay);
    minutes(&app, 1).await;
    assert_eq!(verifies(&idpay), before + 1, "it is asked at the very end");

    app.clock.advance(SignedDuration::from_secs(5));
    let _lost = idpay.pay(&id);
    // IDPay gives it back after ten
    minutes(&app, 5).await;
    assert_eq!(idpay.stage(&id), Some(Stage::Verified));
    assert_eq!(app.spendable(&patient).await, AMOUNT);
    app.expect_a_sound_ledger().await;
}

/// Blocks this money of the user's for half an hour.
async fn block(app: &TestApp, user: &User, rials: i64) {
    let user = UserId(user.id.parse().unwrap());
    let now = app.app.clock.now();
    let input = (Arc::clone(&app.app), user, Rials::new(rials).unwrap());
    app.app
        .db
        .write(input, move |tx, (app, user, amount)| {
            Box::pin(async move {
                let place = Place {
                    user: *user,
                    amount: *amount,
                    purpose: "test",
                    reference: None,
                    unique_key: "test",
                    expires_at: Some(now + SignedDuration::from_mins(30)),
                    description: "مبلغ مسدودشده",
                };
                holds::place(tx, app, &place, now).await
            })
        })
        .await
        .unwrap();
}

#[rstest]
#[tokio::test]
async fn a_gateway_that_is_mute_holds_up_its_own_charges_and_nothing_else(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (app, idpay, zarinpal) = with_both(engine).await;
    let (patient, other) = (app.patient().await, app.patient().await);
    for _ in 0..40 {
        let _authority = started(&app, &patient, "idpay").await;
        idpay.trouble(VERIFY, Trouble::Silence);
    }
    app.clock.advance(SignedDuration::from_secs(1));
    let authority = started(&app, &patient, "zarinpal").await;
    let _lost = zarinpal.pay(&authority);
    app.give(&other, 1_000).await;
    block(&app, &other, 1_000).await;
    app.clock.advance(SignedDuration::from_secs(61));

    let (_stop, stopping) = watch::channel(false);
    let worker = tokio::spawn(app::jobs::work(Arc::clone(&app.app), stopping));
    idpay.until_asked(VERIFY, AT_ONCE).await;
    until(async || app.spendable(&patient).await == AMOUNT).await;
    // jobs and the rest of the cron go on, and the sweep that waits is not begun once more
    let _id = tell(&app, &other, "a", true).await;
    app.clock.advance(SignedDuration::from_hours(1));
    until(async || app.spendable(&other).await == 1_000 && !texts(&app, &other).is_empty()).await;
    assert_eq!(verifies(&idpay), AT_ONCE, "as many at once as a gateway is asked about, and they still wait");
    worker.abort();
}

#[rstest]
#[tokio::test]
async fn a_worker_that_is_told_to_stop_hears_its_gateways_out(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (app, idpay, _zarinpal) = with_both(engine).await;
    let patient = app.patient().await;
    let id = started(&app, &patient, "idpay").await;
    let _lost = idpay.pay(&id);
    idpay.trouble(VERIFY, Trouble::Slowly);
    app.clock.advance(SignedDuration::from_secs(61));

    let (stop, stopping) = watch::channel(false);
    let worker = tokio::spawn(app::jobs::work(Arc::clone(&app.app), stopping));
    idpay.until_asked(VERIFY, 1).await;
    stop.send_replace(true);
    worker.await.unwrap();
    assert_eq!(app.spendable(&patient).await, AMOUNT);
    app.expect_a_sound_ledger().await;
}
