//! Doctors' money (D35): earned visit by visit, asked for, approved, sent to the bank in a batch, paid or returned.

mod admins;
mod bank;
mod refusals;
mod steps;

use domain::ledger::Account;
use serde_json::{Value, json};
use testkit::{Answer, Call, TestApp, User, visits::FEE};

pub(crate) const PAYOUTS: &str = "/api/v1/billing/payouts/";
const ALL: &str = "/api/v1/admin/payouts/";
pub(crate) const BATCHES: &str = "/api/v1/admin/payouts/batches/";
const IBAN: &str = "IR580540105180021273113007";
pub(crate) const LEAST: i64 = 1_000_000;
/// What a visit brings its doctor.
const NET: i64 = FEE / 10 * 9;

pub(crate) fn wants(amount: i64) -> Value {
    json!({ "amount": amount, "iban": IBAN, "account_holder": "سارا احمدی" })
}

fn ask(app: &TestApp, doctor: &User, body: &Value) -> Call {
    app.post(PAYOUTS).by(doctor).json(body)
}

/// A payout that waits for an admin; its id.
pub(crate) async fn requested(app: &TestApp, doctor: &User, amount: i64) -> String {
    ask(app, doctor, &wants(amount)).send().await.expect(201).text("/id")
}

fn reason() -> Value {
    json!({ "reason": "شماره حساب نادرست است" })
}

/// What an admin does with a payout.
pub(crate) fn act(app: &TestApp, admin: &User, id: &str, verb: &str) -> Call {
    let call = app.post(&format!("{ALL}{id}/{verb}/")).by(admin);
    if matches!(verb, "reject" | "returned") { call.json(&reason()) } else { call }
}

fn cancel(app: &TestApp, doctor: &User, id: &str) -> Call {
    app.post(&format!("{PAYOUTS}{id}/cancel/")).by(doctor)
}

async fn read(app: &TestApp, by: &User, path: &str) -> Value {
    app.get(path).by(by).send().await.expect(200).json
}

/// A payout that is on its way to the bank; its batch.
pub(crate) async fn exported(app: &TestApp, admin: &User, id: &str) -> String {
    let _ = act(app, admin, id, "approve").send().await.expect(200);
    app.post(BATCHES).by(admin).send().await.expect(201).text("/id")
}

/// What the doctor can spend, what of it is blocked, what went to banks.
async fn money(app: &TestApp, doctor: &User) -> (i64, i64, i64) {
    let hold = Account::hold(domain::ids::UserId(doctor.id.parse().unwrap()));
    (app.spendable(doctor).await, app.holds(&hold).await, app.holds(&Account::payouts()).await)
}

fn refused(answer: Answer, status: u16, code: &str) {
    let answer = answer.expect(status);
    assert_eq!(answer.code(), code, "{}", answer.json);
}
