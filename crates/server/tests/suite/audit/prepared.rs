//! A request that succeeds, for each operation that is audited; those about money and visits are beside this file.

use providers::NotSent;
use serde_json::json;
use testkit::{Call, TestApp, users::new_phone, visits::practice};

use super::{
    money::{basic, called_back, of_charge, of_code, paying_out},
    visits::{prescribing, visiting},
};
use crate::{
    matrix::{operations, path_of},
    notifications::tell,
};

/// A request that will succeed.
pub(super) async fn prepared(app: &TestApp, operation: &str) -> Call {
    let (method, path) = operations()[operation].clone();
    let call = |id: &str| app.call(method.clone(), &path_of(&path, id));
    let reason = json!({ "reason": "test" });
    match operation {
        "verify_otp" => {
            let phone = new_phone();
            let _ = app.post("/api/v1/auth/login/otp/").json(&json!({ "phone_number": phone })).send().await;
            call("").json(&json!({ "phone_number": phone, "otp_code": app.code(&phone) }))
        }
        "log_out" => {
            let user = app.patient().await;
            call("").by(&user).json(&json!({ "refresh": user.refresh }))
        }
        "end_session" => {
            let user = app.patient().await;
            let sessions = app.get("/api/v1/auth/sessions/").by(&user).send().await;
            call(&sessions.text("/results/0/id")).by(&user)
        }
        "replace_profile" | "change_profile" => {
            call("").by(&app.patient().await).json(&json!({ "first_name": "علی" }))
        }
        "create_doctor" => call("").by(&app.admin().await).json(&json!({
            "phone_number": new_phone(), "first_name": "مریم", "last_name": "رضایی",
            "medical_council_number": "990001", "specialty": "cardiology", "city": "تهران",
        })),
        "change_doctor" => {
            call(&app.doctor().await.id).by(&app.admin().await).json(&json!({ "city": "یزد" }))
        }
        "suspend_doctor" => call(&app.doctor().await.id).by(&app.admin().await).json(&reason),
        "reinstate_doctor" => {
            let (doctor, admin) = (app.doctor().await, app.admin().await);
            let suspend = format!("/api/v1/admin/doctors/{}/suspend/", doctor.id);
            let _ = app.post(&suspend).by(&admin).json(&reason).send().await.expect(200);
            call(&doctor.id).by(&admin)
        }
        "list_charges" | "list_all_invoices" => call("").by(&app.admin().await),
        "view_charge" | "refund_charge" | "end_refund" => of_charge(app, operation, call).await,
        "find_users" => call("").by(&app.staff().await),
        "read_user" => call(&app.patient().await.id).by(&app.staff().await),
        "read_user_audit" | "read_user_wallet" => call(&app.patient().await.id).by(&app.admin().await),
        "block_user" => call(&app.patient().await.id).by(&app.admin().await).json(&reason),
        "unblock_user" => {
            let (user, admin) = (app.patient().await, app.admin().await);
            let block = format!("/api/v1/admin/users/{}/block/", user.id);
            let _ = app.post(&block).by(&admin).json(&reason).send().await.expect(204);
            call(&user.id).by(&admin)
        }
        "retry_job" => {
            let _ = tell(app, &app.patient().await, "retry_job", true).await;
            app.inbox.answer_texts(Some(Err(NotSent::Recipient("status 411".into()))));
            app::jobs::run_due(&app.app).await.unwrap();
            app.inbox.answer_texts(None);
            let admin = app.admin().await;
            let dead = app.get("/api/v1/admin/jobs/?status=dead").by(&admin).send().await.expect(200);
            call(&dead.text("/results/0/id")).by(&admin)
        }
        "save_specialty" => {
            call("").by(&app.admin().await).json(&json!({ "title": "متخصص قلب", "title_en": "Heart" }))
        }
        "save_city" => call("").by(&app.admin().await).json(&json!({ "province": "یزد", "city": "شهر نو" })),
        "save_insurer" => call("").by(&app.admin().await).json(&json!({ "name": "بیمه نو" })),
        "replace_settings" | "change_settings" => call("").by(&app.doctor().await).json(&practice()),
        "charge_wallet" => call("").by(&app.patient().await).json(&json!({ "amount": 1_000 })),
        "gateway_callback" | "gateway_callback_form" => called_back(app, operation).await,
        "purchase_subscription" => call("").by(&app.rich_patient().await).json(&basic()),
        "cancel_subscription" => {
            let user = app.rich_patient().await;
            let purchase = "/api/v1/billing/subscriptions/purchase/";
            let _ = app.post(purchase).by(&user).json(&basic()).send().await.expect(200);
            call("").by(&user)
        }
        "read_any_invoice_pdf" => {
            let user = app.rich_patient().await;
            let purchase = "/api/v1/billing/subscriptions/purchase/";
            let _ = app.post(purchase).by(&user).json(&basic()).send().await.expect(200);
            app::jobs::run_due(&app.app).await.unwrap();
            let own = app.get("/api/v1/billing/invoices/").by(&user).send().await.expect(200);
            call(&own.text("/results/0/id")).by(&app.admin().await)
        }
        operation if operation.contains("payout") => paying_out(app, operation, call).await,
        "save_plan" => call("spring").by(&app.admin().await).json(&json!({
            "name": "طرح نو", "price": 50_000, "features": [],
            "limitations": { "monthly_consultations": 1, "storage_mb": 1, "ai_queries": 1 },
        })),
        operation if operation.ends_with("discount_code") => of_code(app, operation, call).await,
        operation if operation.ends_with("prescription") => prescribing(app, operation, call).await,
        operation => visiting(app, operation, call).await,
    }
}
