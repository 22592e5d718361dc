//! The same request on two nodes, each of which has asked the gateway: one page is answered, and both are known.

use std::sync::Arc;

use app::{
    App, By,
    billing::charges::{self, Purpose, Start, Started},
    idempotency::Once,
};
use db::sql;
use domain::{Rials, ids::UserId, ledger::Account};
use helssa_server::wiring::{self, Parts};
use providers::{
    Gateway, Gateways,
    gateways::{BoxFuture, Callback, Order, Requested, Verified},
};
use rstest::rstest;
use serde_json::Value;
use testkit::{Engine, TestApp, clock::SeededRng};
use tokio::sync::Barrier;

use super::{AMOUNT, minutes, path};

/// The sandbox, but nobody is answered before two have asked.
struct AskedTwice {
    sandbox: Arc<dyn Gateway>,
    both: Barrier,
}

impl Gateway for AskedTwice {
    fn name(&self) -> &'static str {
        self.sandbox.name()
    }

    fn request<'a>(&'a self, order: &'a Order) -> BoxFuture<'a, Requested> {
        Box::pin(async move {
            self.both.wait().await;
            self.sandbox.request(order).await
        })
    }

    fn read_callback(&self, params: &[(String, String)]) -> Option<Callback> {
        self.sandbox.read_callback(params)
    }

    fn verify<'a>(&'a self, authority: &'a str, amount: Rials, extra: &'a Value) -> BoxFuture<'a, Verified> {
        self.sandbox.verify(authority, amount, extra)
    }
}

/// A node over the database of an app, with this gateway alone.
async fn node(app: &TestApp, seed: u64, gateway: Arc<dyn Gateway>) -> Arc<App> {
    let parts = Parts { clock: app.clock.clone(), rng: Arc::new(SeededRng::new(seed)) };
    let node = Arc::into_inner(wiring::app(&app.settings, parts).await.unwrap()).unwrap();
    Arc::new(App { gateways: Gateways::new(vec![gateway]), ..node })
}

/// Where this node says that the user pays; asked with a key and this body.
async fn page(node: &Arc<App>, user: UserId, body: &[u8]) -> Option<String> {
    let input = Start {
        user,
        purpose: Purpose::Wallet,
        amount: Rials::new(AMOUNT).unwrap(),
        description: "شارژ کیف پول",
        gateway: None,
        return_url: None,
        by: By::command_line(),
        once: Some(Once::new(user, "charge_wallet", "k".into(), body)),
        render: Arc::new(|started: Started| Value::String(started.pay_url)),
    };
    let started = charges::start(node, input).await.ok()?;
    started.answer.as_str().map(str::to_owned)
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn money_at_the_page_that_nobody_was_sent_to_is_found(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(true, false)] is_same_body: bool,
) {
    let app = TestApp::start(engine).await;
    let patient = app.patient().await;
    let user = UserId(patient.id.parse().unwrap());
    let sandbox = Arc::clone(app.app.gateways.get("sandbox").unwrap());
    let gateway: Arc<dyn Gateway> = Arc::new(AskedTwice { sandbox, both: Barrier::new(2) });
    let here = node(&app, 1, Arc::clone(&gateway)).await;
    let there = node(&app, 2, gateway).await;
    let other = if is_same_body { "{}" } else { "{ }" };
    let (first, second) = tokio::join!(page(&here, user, b"{}"), page(&there, user, other.as_bytes()));
    let mut pages: Vec<String> = [first, second].into_iter().flatten().collect();
    assert_eq!(pages.len(), if is_same_body { 2 } else { 1 }, "a key is refused with another body");
    pages.dedup();
    assert_eq!(pages.len(), 1, "one of them is the answer");

    let all: Vec<(String,)> =
        app.app.db.all(sql!("SELECT pay_url FROM charge_authorities"), &[]).await.unwrap();
    assert_eq!(all.len(), 2);
    for (page,) in &all {
        let _ = app.post(&format!("{}/succeed/", path(page))).send().await.expect(303);
    }
    // no browser comes back
    let patient = minutes(&app, &patient, 2).await;
    assert_eq!(app.spendable(&patient).await, 2 * AMOUNT);
    assert_eq!(app.holds(&Account::clearing("sandbox")).await, -2 * AMOUNT);
    app.expect_a_sound_ledger().await;
}
