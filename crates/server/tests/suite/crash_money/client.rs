//! Who pays, buys and asks for money while the server is killed: each step with a key of its own, and the same again when
//! no answer came.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::SeqCst},
};

use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use super::FUNDS;
use crate::{
    charges::{CHARGE, path},
    payouts::{LEAST, PAYOUTS, wants},
    subscriptions::{PURCHASE, wants as months},
};

/// What a month of the plan costs. Rials.
const BASIC: i64 = 99_000;
/// How often somebody who is told to come back later does, at most.
const TRIES: u32 = 100;

/// What is charged for the n-th purchase, each time another amount. Rials.
fn amount(n: usize) -> i64 {
    150_000 + 1_000 * number(n)
}

fn number(n: usize) -> i64 {
    i64::try_from(n).unwrap()
}

fn id_in(value: &Value) -> Uuid {
    value.as_str().unwrap().parse().unwrap()
}

/// None: the server is gone.
async fn sent(mut request: RequestBuilder) -> Option<Response> {
    for _ in 0..TRIES {
        let again = request.try_clone().unwrap();
        let answer = request.send().await.ok()?;
        if answer.status() != 503 {
            return Some(answer);
        }
        request = again;
    }
    panic!("told {TRIES} times to come back later");
}

async fn answered(request: RequestBuilder) -> Option<(u16, Value)> {
    let answer = sent(request).await?;
    Some((answer.status().as_u16(), answer.json().await.ok()?))
}

/// What was acknowledged of one thing.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) id: Uuid,
    /// As it is stored.
    pub(super) status: &'static str,
    /// What it may be by now, if the answer was cut off.
    pub(super) next: &'static str,
}

/// Whether it is told for the first time; later its key is answered with the same thing.
fn noted(all: &mut Vec<Told>, n: usize, told: Told) -> bool {
    if let Some(before) = all.get(n) {
        assert_eq!(before.id, told.id, "one key, one of them");
        return false;
    }
    all.push(told);
    true
}

/// A patient who charges and buys, or a doctor who asks for a payout and takes it back, turn by turn, each step with a
/// key of its own.
pub(super) struct Client {
    /// Follows no redirects.
    http: reqwest::Client,
    token: String,
    pub(super) user: Uuid,
    pub(super) is_doctor: bool,
    /// The turn that it is in. Those before have come to their end.
    pub(super) at: usize,
    // what was acknowledged, by turns
    pub(super) charges: Vec<Told>,
    pub(super) purchases: Vec<Told>,
    pub(super) payouts: Vec<Told>,
}

impl Client {
    pub(super) fn new(http: reqwest::Client, (user, token): (Uuid, String), is_doctor: bool) -> Self {
        let (charges, purchases, payouts) = (vec![], vec![], vec![]);
        Self { http, token, user, is_doctor, at: 0, charges, purchases, payouts }
    }

    /// Until the server is gone.
    pub(super) async fn work(mut self, url: String, acknowledged: Arc<AtomicU32>) -> Self {
        while self.turn(self.at, &url, &acknowledged).await.is_some() {
            self.at += 1;
        }
        self
    }

    /// None: the server is gone; next time the same is asked for with the same keys.
    pub(super) async fn turn(&mut self, n: usize, url: &str, acknowledged: &AtomicU32) -> Option<()> {
        if self.is_doctor {
            self.ask_and_cancel(n, url, acknowledged).await
        } else {
            self.charge_and_buy(n, url, acknowledged).await
        }
    }

    fn post(&self, address: String, key: String) -> RequestBuilder {
        self.http.post(address).bearer_auth(&self.token).header("idempotency-key", key)
    }

    fn get(&self, address: String) -> RequestBuilder {
        self.http.get(address).bearer_auth(&self.token)
    }

    async fn charge_and_buy(&mut self, n: usize, url: &str, acknowledged: &AtomicU32) -> Option<()> {
        let request = self.post(format!("{url}{CHARGE}"), format!("charge-{n}"));
        let (status, answer) = answered(request.json(&json!({ "amount": amount(n) }))).await?;
        assert_eq!((status, &answer["amount"]), (200, &json!(amount(n))), "{answer}");
        let id = id_in(&answer["transaction_id"]);
        let is_new = noted(&mut self.charges, n, Told { id, status: "pending", next: "completed" });
        if self.charges[n].status == "pending" {
            // cut off on the way back from the gateway, perhaps: a payer looks before paying again
            if is_new || !self.is_completed(url, id).await? {
                let end = self.pay(url, answer["payment_url"].as_str().unwrap()).await?;
                assert!(end.ends_with("&status=completed"), "{end}");
            }
            self.charges[n].status = "completed";
            acknowledged.fetch_add(1, SeqCst);
        }

        let request = self.post(format!("{url}{PURCHASE}"), format!("purchase-{n}"));
        let (status, answer) = answered(request.json(&months("basic", 1))).await?;
        let payment = &answer["payment"];
        assert_eq!((status, &payment["total_paid"]), (200, &json!(BASIC)), "{answer}");
        let id = id_in(&payment["transaction_id"]);
        noted(&mut self.purchases, n, Told { id, status: "paid", next: "paid" });
        acknowledged.fetch_add(1, SeqCst);
        Some(())
    }

    async fn is_completed(&self, url: &str, charge: Uuid) -> Option<bool> {
        let request = self.get(format!("{url}/api/v1/billing/transactions/{charge}/"));
        let (status, answer) = answered(request).await?;
        let is_completed = answer["status"] == "completed";
        assert!(status == 200 && (is_completed || answer["status"] == "pending"), "{answer}");
        Some(is_completed)
    }

    /// Pays at the sandbox's page, as a browser would; the address where that ends. What is kept of addresses has the
    /// port that the server had when they were made.
    async fn pay(&self, url: &str, page: &str) -> Option<String> {
        let mut at = format!("{}/succeed/", path(page).trim_end_matches('/'));
        let mut answer = sent(self.http.post(format!("{url}{at}"))).await?;
        while answer.status() == 303 {
            at = path(answer.headers()["location"].to_str().unwrap());
            answer = sent(self.http.get(format!("{url}{at}"))).await?;
        }
        assert_eq!(answer.status(), 200, "{at}");
        Some(at)
    }

    async fn ask_and_cancel(&mut self, n: usize, url: &str, acknowledged: &AtomicU32) -> Option<()> {
        let request = self.post(format!("{url}{PAYOUTS}"), format!("payout-{n}"));
        let (status, answer) = answered(request.json(&wants(LEAST))).await?;
        // so it was answered first, and so it is when it is cancelled by now
        assert_eq!((status, &answer["status"]), (201, &json!("requested")), "{answer}");
        let id = id_in(&answer["id"]);
        // every third stays: its money is blocked
        let next = if n % 3 == 2 { "requested" } else { "cancelled" };
        noted(&mut self.payouts, n, Told { id, status: "requested", next });
        acknowledged.fetch_add(1, SeqCst);
        if next == "cancelled" {
            let request = self.post(format!("{url}{PAYOUTS}{id}/cancel/"), format!("cancel-{n}"));
            let (status, answer) = answered(request).await?;
            assert_eq!((status, &answer["status"]), (200, &json!("cancelled")), "{answer}");
            self.payouts[n].status = next;
            acknowledged.fetch_add(1, SeqCst);
        }
        Some(())
    }

    /// What can be spent, and what is blocked.
    pub(super) async fn wallet(&self, url: &str) -> (i64, i64) {
        let (_, wallet) = answered(self.get(format!("{url}/api/v1/billing/wallet/"))).await.unwrap();
        let shown = |name: &str| wallet[name].as_i64().unwrap();
        (shown("available_balance"), shown("blocked_amount"))
    }

    /// The same, if all that was acknowledged has happened, once.
    pub(super) fn due(&self) -> (i64, i64) {
        if self.is_doctor {
            let stay = self.payouts.iter().filter(|payout| payout.status == "requested").count();
            return (FUNDS - LEAST * number(stay), LEAST * number(stay));
        }
        let charged: i64 = (0..self.charges.len()).map(amount).sum();
        (charged - BASIC * number(self.purchases.len()), 0)
    }

    /// Keys used for each kind of thing.
    pub(super) fn keys(&self) -> i64 {
        number(self.at) + 1
    }
}
