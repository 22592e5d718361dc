//! An IDPay (v1.1) that keeps its orders and behaves as the real one is documented to
//! (<https://idpay.ir/web-service/v1.1/>).

use std::{io, ops::Deref};

use serde_json::{Value, json};

use super::{
    gateway::{Book, Order, Stage},
    gateway_server::{GatewayServer, pay_page},
    http::{Reply, Request, page},
};

/// The one key that it knows.
pub const KEY: &str = "6a7f99eb-7c20-4412-a972-6dfb7cd253a4";

/// The service; it stops when this is dropped. Its orders are known by its own `id`.
pub struct Idpay(GatewayServer);

/// Its calls, orders and troubles.
impl Deref for Idpay {
    type Target = GatewayServer;

    fn deref(&self) -> &GatewayServer {
        &self.0
    }
}

impl Idpay {
    pub async fn start() -> io::Result<Self> {
        GatewayServer::start(answer).await.map(Self)
    }

    /// The base URL of its API.
    pub fn base_url(&self) -> String {
        format!("{}/v1.1", self.0.base_url())
    }

    /// The payer pays; the browser would post this back.
    pub fn pay(&self, id: &str) -> Vec<(String, String)> {
        self.put(id, Stage::Paid);
        self.callback(id, 10)
    }

    /// The payer gives up or the bank refuses; the browser would post this back.
    pub fn fail(&self, id: &str) -> Vec<(String, String)> {
        self.put(id, Stage::Failed);
        self.callback(id, 7)
    }

    fn callback(&self, id: &str, status: i64) -> Vec<(String, String)> {
        let order = self.get(id);
        let (order_id, amount) = order.map_or_else(Default::default, |order| (order.order_id, order.amount));
        let fields = [
            ("status", status.to_string()),
            ("track_id", "10012".to_owned()),
            ("id", id.to_owned()),
            ("order_id", order_id),
            ("amount", amount.to_string()),
            ("card_no", "610433******1064".to_owned()),
            ("date", "1533559373".to_owned()),
        ];
        fields.map(|(name, value)| (name.to_owned(), value)).to_vec()
    }
}

/// The body of a failure.
pub fn failure(code: i64) -> Value {
    json!({ "error_code": code, "error_message": "خطا" })
}

/// A failure with the status that the documentation gives it.
pub fn refused(code: i64) -> Reply {
    let status = match code {
        22 => 404,
        23 => 401,
        31..=39 => 406,
        51 | 53 | 54 => 405,
        52 => 400,
        _ => 403,
    };
    Reply::Json(status, failure(code))
}

fn answer(book: &Book, request: &Request) -> Reply {
    if let Some(id) = request.path.strip_prefix("/p/ws/") {
        return pay_page(book, id);
    }
    let Some(method) = request.path.strip_prefix("/v1.1/") else {
        return page(404, b"<html>not found</html>");
    };
    let (body, host) = (request.json(), request.header("host").unwrap_or_default());
    book.through(method, || {
        if request.header("x-api-key") != Some(KEY) {
            return refused(12);
        }
        match method {
            "payment" => requested(book, host, &body),
            "payment/verify" => asked(&body, |id, order_id| verified(book, id, order_id)),
            "payment/inquiry" => asked(&body, |id, order_id| inquired(book, id, order_id)),
            _ => page(404, b"<html>not found</html>"),
        }
    })
}

fn requested(book: &Book, host: &str, body: &Value) -> Reply {
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let (order_id, callback, amount) =
        (text("order_id"), text("callback"), body["amount"].as_i64().unwrap_or_default());
    match (order_id.is_empty(), callback.is_empty(), amount) {
        (true, _, _) => refused(32),
        (_, true, _) => refused(37),
        (_, _, ..1_000) => refused(34),
        _ => {
            let id = book.open(|number| format!("{number:032x}"), (amount, callback, order_id));
            let link = format!("http://{host}/p/ws/{id}");
            Reply::Json(201, json!({ "id": id, "link": link }))
        }
    }
}

fn asked(body: &Value, then: impl FnOnce(&str, &str) -> Reply) -> Reply {
    match (body["id"].as_str(), body["order_id"].as_str()) {
        (None, _) => refused(31),
        (_, None) => refused(32),
        (Some(id), Some(order_id)) => then(id, order_id),
    }
}

fn verified(book: &Book, id: &str, order_id: &str) -> Reply {
    let Some(order) = book.get(id).filter(|order| order.order_id == order_id) else { return refused(53) };
    match book.advance(id, &[Stage::Paid], Stage::Verified) {
        Some(Stage::Paid) => Reply::Json(200, told(&order, 100)),
        Some(Stage::Verified) => Reply::Json(200, told(&order, 101)),
        _ => refused(53),
    }
}

fn inquired(book: &Book, id: &str, order_id: &str) -> Reply {
    let Some(order) = book.get(id).filter(|order| order.order_id == order_id) else { return refused(52) };
    let status = match order.stage {
        Stage::Asked => 1,
        Stage::Visited => 8,
        Stage::Paid => 10,
        Stage::Failed => 7,
        Stage::Verified => 100,
        Stage::Reversed => 5,
    };
    Reply::Json(200, told(&order, status))
}

/// Numbers are strings, as in the documented sample.
fn told(order: &Order, status: i64) -> Value {
    json!({
        "status": status.to_string(),
        "track_id": "10012",
        "id": order.id,
        "order_id": order.order_id,
        "amount": order.amount.to_string(),
        "date": "1533559373",
        "payment": {
            "amount": order.amount.to_string(),
            "date": "1548840562",
            "track_id": "888001",
            "card_no": "610433******1064",
        },
        "verify": { "date": "153356521" },
    })
}
