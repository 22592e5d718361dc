//! Payments are given back by the gateway that they came through, or stay in the wallet; whatever breaks on the way, the
//! money is in one place.

mod ends;
mod found;
mod given;
mod once;
mod receipts;
mod unanswered;

use std::time::Duration;

use domain::{Secret, SignedDuration, ids::UserId, ledger::Account};
use providers::gateways::ZarinpalSettings;
use serde_json::{Value, json};
use testkit::{
    Answer, Engine, TestApp, User,
    fakes::zarinpal::{MERCHANT, Zarinpal},
};

pub(crate) use unanswered::unanswered;

const CHARGE: &str = "/api/v1/billing/wallet/charge/";
pub(crate) const CHARGES: &str = "/api/v1/admin/charges/";
const AMOUNT: i64 = 1_000_000;

/// The path of an address of this server's.
fn path(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or_else(|| "/".to_owned(), |at| rest[at..].to_owned())
}

/// What can be spent, and what is blocked.
async fn money(app: &TestApp, user: &User) -> (i64, i64) {
    let hold = Account::hold(UserId(user.id.parse().unwrap()));
    (app.spendable(user).await, app.holds(&hold).await)
}

/// An app with a stand-in for ZarinPal.
async fn with_zarinpal(engine: Engine) -> (TestApp, Zarinpal) {
    let fake = Zarinpal::start().await.unwrap();
    let settings = ZarinpalSettings {
        base_url: fake.base_url(),
        merchant_id: Secret::new(MERCHANT.to_owned()),
        accept_sandbox: false,
        timeout: Duration::from_mins(1),
    };
    let app = TestApp::with(engine, move |all| all.gateways.zarinpal = Some(settings)).await;
    (app, fake)
}

/// A wallet that was charged at the sandbox; the charge's id.
pub(crate) async fn at_the_sandbox(app: &TestApp, by: &User) -> String {
    let body = json!({ "amount": AMOUNT, "gateway": "sandbox" });
    let started = app.post(CHARGE).by(by).json(&body).send().await.expect(200);
    let page = path(&started.text("/payment_url"));
    let pressed = app.post(&format!("{page}/succeed/")).send().await.expect(303);
    let _ = app.get(&path(pressed.header("location").unwrap())).send().await.expect(303);
    started.text("/transaction_id")
}

/// The same at ZarinPal; and its authority.
async fn at_zarinpal(app: &TestApp, fake: &Zarinpal, by: &User) -> (String, String) {
    let body = json!({ "amount": AMOUNT, "gateway": "zarinpal" });
    let started = app.post(CHARGE).by(by).json(&body).send().await.expect(200);
    let authority = started.text("/payment_url").rsplit('/').next().unwrap().to_owned();
    let _ = fake.pay(&authority);
    let callback = format!("/api/v1/billing/callback/zarinpal/?Authority={authority}&Status=OK");
    let _ = app.get(&callback).send().await.expect(303);
    assert_eq!(app.spendable(by).await, AMOUNT);
    (started.text("/transaction_id"), authority)
}

async fn refund(app: &TestApp, admin: &User, charge: &str, body: &Value) -> Answer {
    app.post(&format!("{CHARGES}{charge}/refund/")).by(admin).json(body).send().await
}

async fn view(app: &TestApp, admin: &User, charge: &str) -> Value {
    app.get(&format!("{CHARGES}{charge}/")).by(admin).send().await.expect(200).json
}

async fn minutes(app: &TestApp, n: i64) {
    app.clock.advance(SignedDuration::from_mins(n));
    app::jobs::run_cron(&app.app).await.unwrap();
}

/// How often ZarinPal was asked to reverse something.
fn reversals(fake: &Zarinpal) -> usize {
    fake.requests().iter().filter(|request| request.path.ends_with("/reverse.json")).count()
}

pub(crate) fn why() -> Value {
    json!({ "reason": "پرداخت اشتباه" })
}
