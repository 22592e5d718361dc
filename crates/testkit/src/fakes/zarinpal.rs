//! A ZarinPal (v4) that keeps its orders and behaves as the real one is documented to
//! (<https://www.zarinpal.com/docs/paymentGateway/>).

use std::{io, ops::Deref, sync::Arc};

use serde_json::{Value, json};

use super::{
    gateway::{Book, Stage},
    http::{Reply, Request, Scripted, page},
};

/// The one merchant that it knows.
pub const MERCHANT: &str = "1344b5d4-0048-11e8-94db-005056a205be";

/// Codes of failures, as documented, with their meaning.
pub const DOCUMENTED: &[(i64, &str)] = &[
    (-9, "validation error"),
    (-10, "the terminal is not valid: the merchant or the address"),
    (-11, "the terminal is not active"),
    (-12, "too many attempts"),
    (-15, "the terminal is suspended"),
    (-16, "the terminal's level is not sufficient"),
    (-17, "the terminal's level is restricted"),
    (-50, "the amounts are not the same"),
    (-51, "the session is not paid"),
    (-52, "call the support"),
    (-53, "the session is another merchant's"),
    (-54, "the authority is not valid"),
    (-55, "no such payment"),
    (-60, "the bank can't reverse it"),
    (-61, "it is not in a state to be reversed"),
    (-62, "the gateway's address is not registered"),
    (-63, "too late to reverse it"),
];

/// The service; it stops when this is dropped.
pub struct Zarinpal {
    server: Scripted,
    book: Arc<Book>,
}

/// Its orders and troubles.
impl Deref for Zarinpal {
    type Target = Book;

    fn deref(&self) -> &Book {
        &self.book
    }
}

impl Zarinpal {
    /// With authorities that begin with `A`, as the real ones.
    pub async fn start() -> io::Result<Self> {
        Self::with("A").await
    }

    /// The sandbox: authorities begin with `S`.
    pub async fn sandbox() -> io::Result<Self> {
        Self::with("S").await
    }

    async fn with(prefix: &'static str) -> io::Result<Self> {
        let book = Arc::new(Book::default());
        let orders = Arc::clone(&book);
        let server = Scripted::answering(move |request| answer(&orders, prefix, request)).await?;
        Ok(Self { server, book })
    }

    /// The base URL of its API and its pages.
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// All calls until now.
    pub fn requests(&self) -> Vec<Request> {
        self.server.requests()
    }

    /// Waits until so many have come whose path has this in it.
    pub async fn until_asked(&self, path: &str, times: usize) {
        let of = |all: &[Request]| all.iter().filter(|request| request.path.contains(path)).count();
        self.server.until(|all| of(all) >= times).await;
    }

    /// The payer pays; the browser would bring this back.
    pub fn pay(&self, authority: &str) -> Vec<(String, String)> {
        self.put(authority, Stage::Paid);
        callback(authority, "OK")
    }

    /// The payer gives up or the bank refuses; the browser would bring this back.
    pub fn fail(&self, authority: &str) -> Vec<(String, String)> {
        self.put(authority, Stage::Failed);
        callback(authority, "NOK")
    }
}

fn callback(authority: &str, status: &str) -> Vec<(String, String)> {
    vec![("Authority".to_owned(), authority.to_owned()), ("Status".to_owned(), status.to_owned())]
}

/// The body of a failure: `errors` is an object, and `data` is none.
pub fn failure(code: i64) -> Value {
    let message = DOCUMENTED.iter().find(|(known, _)| *known == code).map_or("unknown", |(_, text)| *text);
    json!({ "data": [], "errors": { "code": code, "message": message, "validations": [] } })
}

/// The body of a success: `errors` is an array.
pub fn success(data: &Value) -> Value {
    json!({ "data": data, "errors": [] })
}

fn refused(code: i64) -> Reply {
    Reply::Json(422, failure(code))
}

fn answer(book: &Book, prefix: &str, request: &Request) -> Reply {
    let path = request.path.as_str();
    if let Some(authority) = path.strip_prefix("/pg/StartPay/") {
        return match book.advance(authority, &[Stage::Asked], Stage::Visited) {
            Some(_) => page(200, b"<html>pay</html>"),
            None => page(404, b"<html>no such payment</html>"),
        };
    }
    let Some(method) = path.strip_prefix("/pg/v4/payment/").and_then(|rest| rest.strip_suffix(".json"))
    else {
        return page(404, b"<html>not found</html>");
    };
    let body = request.json();
    book.through(method, || {
        if body["merchant_id"] != MERCHANT {
            return refused(-10);
        }
        let authority = body["authority"].as_str().unwrap_or_default();
        match method {
            "request" => requested(book, prefix, &body),
            "verify" => verified(book, authority, &body),
            "inquiry" => inquired(book, authority),
            "reverse" => reversed(book, authority),
            "unVerified" => unverified(book),
            _ => page(404, b"<html>not found</html>"),
        }
    })
}

fn requested(book: &Book, prefix: &str, body: &Value) -> Reply {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (amount, description) = (body["amount"].as_i64().unwrap_or_default(), text(&body["description"]));
    let callback_url = text(&body["callback_url"]);
    let in_rials = body["currency"] == "IRR";
    let described = (1..=500).contains(&description.chars().count());
    if amount < 1_000 || !in_rials || !described || !callback_url.starts_with("http") {
        return refused(-9);
    }
    let order_id = text(&body["metadata"]["order_id"]);
    let authority = book.open(|number| format!("{prefix}{number:035}"), (amount, callback_url, order_id));
    let data = json!({
        "code": 100, "message": "Success", "authority": authority, "fee_type": "Merchant", "fee": fee(amount),
    });
    Reply::Json(200, success(&data))
}

fn verified(book: &Book, authority: &str, body: &Value) -> Reply {
    let Some(order) = book.get(authority) else { return refused(-54) };
    if body["amount"].as_i64() != Some(order.amount) {
        return refused(-50);
    }
    let code = match book.advance(authority, &[Stage::Paid], Stage::Verified) {
        Some(Stage::Paid) => 100,
        Some(Stage::Verified) => 101,
        _ => return refused(-51),
    };
    let number: String = authority.chars().filter(char::is_ascii_digit).collect();
    let data = json!({
        "code": code,
        "message": if code == 100 { "Paid" } else { "Verified" },
        "card_hash": "1EBE3EBEBE35C7EC0F8D6EE4F2F859107A87822CA179BC9528767EA7B5489B69",
        "card_pan": "502229******5995",
        "ref_id": number.parse::<i64>().unwrap_or_default() + 200,
        "fee_type": "Merchant",
        "fee": fee(order.amount),
    });
    Reply::Json(200, success(&data))
}

fn inquired(book: &Book, authority: &str) -> Reply {
    let status = match book.stage(authority) {
        None => return refused(-54),
        Some(Stage::Asked | Stage::Visited) => "IN_BANK",
        Some(Stage::Paid) => "PAID",
        Some(Stage::Failed) => "FAILED",
        Some(Stage::Verified) => "VERIFIED",
        Some(Stage::Reversed) => "REVERSED",
    };
    Reply::Json(200, success(&json!({ "code": 100, "message": "Success", "status": status })))
}

fn reversed(book: &Book, authority: &str) -> Reply {
    match book.advance(authority, &[Stage::Paid, Stage::Verified], Stage::Reversed) {
        None => refused(-54),
        Some(Stage::Paid | Stage::Verified) => {
            Reply::Json(200, success(&json!({ "code": 100, "message": "Reversed", "authority": authority })))
        }
        Some(_) => refused(-61),
    }
}

fn unverified(book: &Book) -> Reply {
    let paid = book.orders().into_iter().filter(|order| order.stage == Stage::Paid);
    let authorities: Vec<_> = paid
        .map(|order| {
            json!({
                "authority": order.id,
                "amount": order.amount,
                "callback_url": order.callback_url,
                "referer": "https://helssa.ir/",
                "date": "2020-07-01 17:33:25",
            })
        })
        .collect();
    Reply::Json(200, success(&json!({ "code": 100, "message": "Success", "authorities": authorities })))
}

fn fee(amount: i64) -> i64 {
    amount / 200
}
