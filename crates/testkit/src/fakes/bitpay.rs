//! A BitPay.ir that keeps its orders and behaves as public clients of the real one expect.

use std::{io, ops::Deref};

use serde_json::json;

use super::{
    gateway::{Book, Stage},
    gateway_server::{GatewayServer, pay_page},
    http::{Reply, Request, page},
};

/// The one key that it knows.
pub const KEY: &str = "adxcv-zzadq-polkjsad-opp13opoz-1sdf455aadzmck1244567";

/// The service; it stops when this is dropped.
pub struct Bitpay(GatewayServer);

/// Its calls, orders and troubles.
impl Deref for Bitpay {
    type Target = GatewayServer;

    fn deref(&self) -> &GatewayServer {
        &self.0
    }
}

impl Bitpay {
    pub async fn start() -> io::Result<Self> {
        GatewayServer::start(answer).await.map(Self)
    }

    /// The base URL of its API and its pages.
    pub fn base_url(&self) -> String {
        format!("{}/payment", self.0.base_url())
    }

    /// The payer pays; the browser would bring this back.
    pub fn pay(&self, id_get: &str) -> Vec<(String, String)> {
        self.put(id_get, Stage::Paid);
        vec![("trans_id".to_owned(), trans_id(id_get)), ("id_get".to_owned(), id_get.to_owned())]
    }

    /// The payer gives up or the bank refuses; the browser would bring this back.
    pub fn fail(&self, id_get: &str) -> Vec<(String, String)> {
        self.put(id_get, Stage::Failed);
        vec![("trans_id".to_owned(), trans_id(id_get)), ("id_get".to_owned(), id_get.to_owned())]
    }
}

/// The number of an order's payment.
pub fn trans_id(id_get: &str) -> String {
    format!("77{id_get}")
}

/// A number, as the service writes it: plain, as a page of HTML.
pub fn number(number: impl std::fmt::Display) -> Reply {
    page(200, number.to_string().as_bytes())
}

fn answer(book: &Book, request: &Request) -> Reply {
    let Some(method) = request.path.strip_prefix("/payment/") else {
        return page(404, b"<html>not found</html>");
    };
    if let Some(id_get) = method.strip_prefix("gateway-").and_then(|rest| rest.strip_suffix("-get")) {
        return pay_page(book, id_get);
    }
    let form = request.form();
    let field = |name: &str| {
        form.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    book.through(method, || {
        if field("api") != KEY {
            return number(-1);
        }
        match method {
            "gateway-send" => requested(book, &field),
            "gateway-result-second" => verified(book, &field),
            _ => page(404, b"<html>not found</html>"),
        }
    })
}

fn requested(book: &Book, field: &dyn Fn(&str) -> String) -> Reply {
    let amount: i64 = field("amount").parse().unwrap_or_default();
    if amount < 1_000 {
        return number(-2);
    }
    let redirect = field("redirect");
    if redirect.is_empty() {
        return number(-3);
    }
    number(book.open(|number| format!("{}", 168_874_000 + number), (amount, redirect, field("factorId"))))
}

fn verified(book: &Book, field: &dyn Fn(&str) -> String) -> Reply {
    let (id_get, trans) = (field("id_get"), field("trans_id"));
    for (value, code) in [(&trans, -2), (&id_get, -3)] {
        if value.parse::<u64>().is_err() {
            return told(field, code, json!({ "status": code }));
        }
    }
    let order = book.get(&id_get).filter(|_| trans == trans_id(&id_get));
    let Some(order) = order else { return told(field, -4, json!({ "status": -4 })) };
    let status = match book.advance(&id_get, &[Stage::Paid], Stage::Verified) {
        Some(Stage::Paid) => 1,
        Some(Stage::Verified) => 11,
        _ => return told(field, -4, json!({ "status": -4 })),
    };
    let body = json!({
        "status": status,
        "amount": order.amount.to_string(),
        "cardNum": "502229******5995",
        "factorId": order.order_id,
    });
    told(field, status, body)
}

/// As JSON only where that was asked for.
fn told(field: &dyn Fn(&str) -> String, status: i64, body: serde_json::Value) -> Reply {
    if field("json") == "1" { Reply::Json(200, body) } else { number(status) }
}
