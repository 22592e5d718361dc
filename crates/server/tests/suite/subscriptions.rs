//! Subscriptions (D34): bought, extended, upgraded, renewed, cancelled; and the premium rate limit (D6).

mod changes;
mod codes;
mod ended_codes;
mod online;
mod plan_discounts;
mod purchases;
mod renewals;

use std::sync::Arc;

use app::{
    By,
    billing::subscriptions::{self, Bought, Buy, Settled},
    visits::{Method, payments::Source},
};
use domain::{Clock as _, Rials, SignedDuration, ids::UserId};
use serde_json::{Value, json};
use testkit::{Answer, Call, TestApp, User};
use uuid::Uuid;

pub(crate) const PURCHASE: &str = "/api/v1/billing/subscriptions/purchase/";
const CURRENT: &str = "/api/v1/billing/subscriptions/current/";
pub(crate) const CANCEL: &str = "/api/v1/billing/subscriptions/cancel/";
const PLANS: &str = "/api/v1/billing/subscriptions/plans/";
const CODES: &str = "/api/v1/admin/discount-codes/";

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Premium as in the reference's sample.
fn premium(discount: &Value) -> Value {
    json!({
        "name": "پلن طلایی",
        "price": 299_000,
        "features": ["ویزیت آنلاین نامحدود", "اولویت در رزرو", "دسترسی کامل به AI", "ذخیره‌سازی 1GB"],
        "limitations": { "monthly_consultations": -1, "storage_mb": 1_024, "ai_queries": -1 },
        "discount": discount,
        "is_premium": true,
    })
}

/// The reference's discount, and its code with these terms besides its 25 percent.
pub(crate) async fn reference(app: &TestApp, terms: &Value) -> User {
    let admin = app.admin().await;
    let plan = premium(&json!({ "percentage": 20, "valid_until": "2024-02-01" }));
    let _ = app.put("/api/v1/admin/plans/premium/").by(&admin).json(&plan).send().await.expect(200);
    let mut code = json!({ "code": "winter2024", "percentage": 25 });
    for (name, value) in terms.as_object().unwrap() {
        code[name] = value.clone();
    }
    let _ = app.post(CODES).by(&admin).json(&code).send().await.expect(201);
    admin
}

pub(crate) fn wants(plan: &str, months: i64) -> Value {
    json!({ "plan_id": plan, "duration_months": months, "payment_method": "wallet" })
}

fn with_code(plan: &str, months: i64, code: &str) -> Value {
    let mut body = wants(plan, months);
    body["discount_code"] = code.into();
    body
}

fn buy(app: &TestApp, user: &User, body: &Value) -> Call {
    app.post(PURCHASE).by(user).json(body)
}

async fn current(app: &TestApp, user: &User) -> Value {
    app.get(CURRENT).by(user).send().await.expect(200).json["subscription"].clone()
}

/// The clock moves on, and the user logs in again: an access token lives an hour.
async fn later(app: &TestApp, user: &User, by: SignedDuration) -> User {
    app.clock.advance(by);
    app.log_in(&user.phone).await
}

async fn rich(app: &TestApp) -> User {
    let user = app.patient().await;
    app.give(&user, 10_000_000).await;
    user
}

/// Amount, discount, credit, returned, total.
fn paid(answer: &Answer) -> [i64; 5] {
    ["amount", "discount_applied", "credit_applied", "returned_to_wallet", "total_paid"]
        .map(|name| answer.json["payment"][name].as_i64().unwrap())
}

/// A purchase that waits for its money; its id and what is to be paid.
async fn ordered(app: &TestApp, user: &User, plan: &str) -> (Uuid, Rials) {
    let input = Buy {
        user: UserId(user.id.parse().unwrap()),
        plan: plan.into(),
        months: 1,
        method: Method::Online,
        code: None,
        auto_renew: true,
        by: By::command_line(),
        once: None,
        render: Arc::new(|bought: Bought| {
            assert!(bought.subscription.is_none(), "nothing is paid yet");
            json!([bought.purchase.id, bought.purchase.total])
        }),
    };
    let answer = subscriptions::purchase(&app.app, input).await.unwrap().answer;
    (answer[0].as_str().unwrap().parse().unwrap(), Rials::new(answer[1].as_i64().unwrap()).unwrap())
}

/// A gateway has taken so much.
async fn settle(app: &TestApp, purchase: Uuid, amount: Rials) -> Settled {
    let source = Source { gateway: "sandbox".into(), charge: testkit::database::unique() };
    let input = (Arc::clone(&app.app), purchase, source, amount, app.clock.now());
    app.app
        .db
        .write(input, |tx, (app, purchase, source, amount, now)| {
            Box::pin(subscriptions::settle(tx, app, *purchase, (source, *amount), *now))
        })
        .await
        .unwrap()
}
