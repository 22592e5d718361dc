//! Requests that succeed where money is: charges, callbacks, codes, subscriptions, payouts.

use serde_json::{Value, json};
use testkit::{Call, TestApp};

use crate::{
    matrix::IBAN,
    refunds::{at_the_sandbox, unanswered},
};

/// A request for what is done with a charge.
pub(super) async fn of_charge(app: &TestApp, operation: &str, call: impl Fn(&str) -> Call) -> Call {
    let (patient, admin) = (app.patient().await, app.admin().await);
    if operation == "end_refund" {
        let path = unanswered(app, &patient).await;
        return app.post(&path).by(&admin).json(&json!({ "outcome": "in_wallet", "reason": "test" }));
    }
    let call = call(&at_the_sandbox(app, &patient).await).by(&admin);
    if operation == "refund_charge" { call.json(&json!({ "reason": "test" })) } else { call }
}

/// The same for what is done with a discount code. In a path it has the stand-in's name.
pub(super) async fn of_code(app: &TestApp, operation: &str, call: impl Fn(&str) -> Call) -> Call {
    let admin = app.admin().await;
    if operation == "create_discount_code" {
        return call("").by(&admin).json(&json!({ "code": "SPRING", "percentage": 10 }));
    }
    let code = json!({ "code": "cardiology", "percentage": 10 });
    let _ = app.post("/api/v1/admin/discount-codes/").by(&admin).json(&code).send().await.expect(201);
    call("").by(&admin).json(&json!({ "reason": "test" }))
}

pub(super) fn basic() -> Value {
    json!({ "plan_id": "basic", "duration_months": 1, "payment_method": "wallet" })
}

/// The same for what is done with a payout.
pub(super) async fn paying_out(app: &TestApp, operation: &str, call: impl Fn(&str) -> Call) -> Call {
    let (doctor, admin) = (app.doctor().await, app.admin().await);
    app.give(&doctor, 1_000_000).await;
    let body = json!({ "amount": 1_000_000, "iban": IBAN, "account_holder": "سارا احمدی" });
    if operation == "request_payout" {
        return call("").by(&doctor).json(&body);
    }
    let requested = app.post("/api/v1/billing/payouts/").by(&doctor).json(&body).send().await.expect(201);
    let id = requested.text("/id");
    let reason = json!({ "reason": "test" });
    match operation {
        "cancel_payout" => return call(&id).by(&doctor),
        "approve_payout" => return call(&id).by(&admin),
        "reject_payout" => return call(&id).by(&admin).json(&reason),
        _ => {}
    }
    let approve = format!("/api/v1/admin/payouts/{id}/approve/");
    let _ = app.post(&approve).by(&admin).send().await.expect(200);
    if operation == "create_payout_batch" {
        return call("").by(&admin);
    }
    let batch = app.post("/api/v1/admin/payouts/batches/").by(&admin).send().await.expect(201).text("/id");
    match operation {
        "mark_payout_paid" => call(&id).by(&admin),
        "mark_payout_returned" => call(&id).by(&admin).json(&reason),
        _ => call(&batch).by(&admin),
    }
}

/// A payment that was made at the sandbox, whose browser comes back.
pub(super) async fn called_back(app: &TestApp, operation: &str) -> Call {
    let patient = app.patient().await;
    let charge = app.post("/api/v1/billing/wallet/charge/").by(&patient).json(&json!({ "amount": 1_000 }));
    let page = charge.send().await.expect(200).text("/payment_url");
    let page = page.strip_prefix(&app.settings.public_site_url).unwrap().trim_end_matches('/').to_owned();
    let pressed = app.post(&format!("{page}/succeed/")).send().await.expect(303);
    let back = pressed.header("location").unwrap().to_owned();
    let back = &back[back.find("/billing/").unwrap()..];
    match back.split_once('?') {
        Some((path, query)) if operation == "gateway_callback_form" => {
            app.post(&format!("/api/v1{path}")).body("application/x-www-form-urlencoded", query.to_owned())
        }
        _ => app.get(&format!("/api/v1{back}")),
    }
}
