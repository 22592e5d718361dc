//! Money comes in through a gateway: the whole loop at the sandbox, and everything that goes wrong on the way.

mod amounts;
mod gateways;
mod list;
mod refusals;
mod sandbox;
mod strangers;
mod two_nodes;
mod visits;

use domain::SignedDuration;
use serde_json::{Value, json};
use testkit::{Answer, TestApp, User};

pub(crate) const CHARGE: &str = "/api/v1/billing/wallet/charge/";
pub(crate) const AMOUNT: i64 = 1_000_000;

/// The path of an address of this server's.
pub(crate) fn path(url: &str) -> String {
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
pub(crate) async fn press(app: &TestApp, page: &str, verb: &str) -> String {
    path(&location(&app.post(&format!("{page}/{verb}/")).send().await.expect(303)))
}

async fn read(app: &TestApp, by: &User, id: &str) -> Value {
    app.get(&format!("/api/v1/billing/transactions/{id}/")).by(by).send().await.expect(200).json
}

/// What the audit log has about a user with this action, the newest first: who acted, in which request, and the detail.
async fn entries(app: &TestApp, admin: &User, of: &User, action: &str) -> Vec<[String; 3]> {
    let path = format!("/api/v1/admin/users/{}/audit/?page_size=100", of.id);
    let told = app.get(&path).by(admin).send().await.expect(200).json;
    let all = told["results"].as_array().unwrap().iter().filter(|entry| entry["action"] == action);
    all.map(|entry| {
        ["actor_kind", "request_id", "detail"].map(|name| entry[name].as_str().unwrap().to_owned())
    })
    .collect()
}

async fn minutes(app: &TestApp, by: &User, n: i64) -> User {
    app.clock.advance(SignedDuration::from_mins(n));
    app::jobs::run_cron(&app.app).await.unwrap();
    app.log_in(&by.phone).await
}
