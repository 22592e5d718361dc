//! Every mutation, and every look at somebody else, leaves an entry in the audit log.

use domain::{Clock, SignedDuration};
use providers::NotSent;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Call, Engine, TestApp, User, users::new_phone, visits::practice};

use crate::{
    matrix::{IBAN, operations, path_of},
    notifications::tell,
    refunds::{at_the_sandbox, unanswered},
    visits::{LED, UNKNOWN, anew, moment},
};

/// Operations that change nothing that lasts, or record only that a login is in use or a notification was
/// read.
const NOTHING_TO_AUDIT: &[&str] = &[
    "health",
    "live",
    "request_otp",
    "refresh_token",
    "list_sessions",
    "read_profile",
    "list_doctors",
    "read_doctor",
    "search_doctors",
    "read_public_doctor",
    "list_slots",
    "list_ratings",
    "list_encounters",
    "read_encounter",
    "read_encounter_calendar",
    "quote_cancellation",
    "list_prescriptions",
    "read_own_prescription",
    "read_settings",
    "read_dashboard",
    "list_doctor_encounters",
    "search_drugs",
    "list_notifications",
    "mark_notification_read",
    "mark_all_notifications_read",
    "list_jobs",
    "list_specialties",
    "list_cities",
    "list_insurers",
    "read_wallet",
    "list_wallet_transactions",
    "export_wallet_transactions",
    "list_own_charges",
    "read_charge",
    "list_plans",
    "read_subscription",
    "list_discount_codes",
    "list_invoices",
    "read_invoice",
    "read_invoice_pdf",
    "list_earnings",
    "list_payouts",
    "read_payout",
    "list_all_payouts",
    "list_payout_batches",
];

/// The action that each other operation leaves.
const AUDITED: &[(&str, &str)] = &[
    ("verify_otp", "session.start"),
    ("log_out", "session.end"),
    ("end_session", "session.end"),
    ("replace_profile", "profile.update"),
    ("change_profile", "profile.update"),
    ("create_doctor", "doctor.create"),
    ("change_doctor", "doctor.update"),
    ("suspend_doctor", "doctor.suspend"),
    ("reinstate_doctor", "doctor.reinstate"),
    ("find_users", "user.find"),
    ("read_user", "user.view"),
    ("read_user_audit", "audit.view"),
    ("read_user_wallet", "wallet.view"),
    ("block_user", "user.block"),
    ("unblock_user", "user.unblock"),
    ("list_charges", "charge.list"),
    ("view_charge", "charge.view"),
    ("refund_charge", "charge.refund"),
    ("end_refund", "charge.refund_end"),
    ("retry_job", "job.retry"),
    ("save_specialty", "reference.update"),
    ("save_city", "reference.update"),
    ("save_insurer", "reference.update"),
    ("replace_settings", "practice.update"),
    ("change_settings", "practice.update"),
    ("book_encounter", "visit.book"),
    ("overbook_encounter", "visit.overbook"),
    ("pay_encounter", "visit.pay"),
    ("reschedule_encounter", "visit.reschedule"),
    ("cancel_encounter", "visit.cancel"),
    ("cancel_doctor_encounter", "visit.cancel"),
    ("read_doctor_encounter", "visit.view"),
    ("withdraw_encounter", "visit.withdraw"),
    ("start_encounter", "visit.start"),
    ("complete_encounter", "visit.complete"),
    ("miss_encounter", "visit.no_show"),
    ("rate_encounter", "visit.rate"),
    ("create_prescription", "prescription.create"),
    ("read_prescription", "prescription.view"),
    ("replace_prescription", "prescription.update"),
    ("sign_prescription", "prescription.sign"),
    ("cancel_prescription", "prescription.cancel"),
    ("charge_wallet", "charge.start"),
    ("gateway_callback", "charge.complete"),
    ("gateway_callback_form", "charge.complete"),
    ("purchase_subscription", "subscription.purchase"),
    ("cancel_subscription", "subscription.cancel"),
    ("save_plan", "plan.update"),
    ("create_discount_code", "discount_code.create"),
    ("end_discount_code", "discount_code.end"),
    ("list_all_invoices", "invoice.find"),
    ("read_any_invoice_pdf", "invoice.view"),
    ("request_payout", "payout.request"),
    ("cancel_payout", "payout.cancel"),
    ("approve_payout", "payout.approve"),
    ("reject_payout", "payout.reject"),
    ("mark_payout_paid", "payout.paid"),
    ("mark_payout_returned", "payout.returned"),
    ("create_payout_batch", "payout.export"),
    ("read_payout_file", "payout.file"),
];

#[test]
fn every_operation_is_listed() {
    for id in operations().keys() {
        let audited = AUDITED.iter().filter(|(operation, _)| operation == id).count();
        let exempt = NOTHING_TO_AUDIT.iter().filter(|operation| *operation == id).count();
        assert_eq!(audited + exempt, 1, "{id} is in neither list, or in both");
    }
    assert_eq!(AUDITED.len() + NOTHING_TO_AUDIT.len(), operations().len());
}

#[rstest]
#[tokio::test]
async fn every_mutation_leaves_exactly_one_entry(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    for (operation, action) in AUDITED {
        let call = prepared(&app, operation).await;
        let before = app.audited(action).await;
        let answer = call.send().await;
        // a callback sends the browser on
        assert!(answer.status < 400, "{operation}: {}", answer.json);
        assert_eq!(app.audited(action).await, before + 1, "{operation} leaves {action}");
    }
    let report = app::maintenance::verify_audit(&app.app).await.unwrap();
    assert!(report.faults.is_empty(), "{:?}", report.faults);
}

#[rstest]
#[tokio::test]
async fn what_is_refused_leaves_none(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let patient = app.patient().await;
    let before = app::maintenance::verify_audit(&app.app).await.unwrap().entries;
    for (operation, (method, path)) in operations() {
        // a callback that brings no payment of ours is on record as forged
        let is_open = ["/auth/", "/billing/callback/", "/health"].iter().any(|part| path.contains(part));
        if operation.ends_with("_otp") || is_open {
            continue;
        }
        let wrong = json!({ "no such field": 1 });
        let answer = app.call(method, &path_of(&path, UNKNOWN)).by(&patient).json(&wrong).send().await;
        // what takes no body has nothing to refuse, and nothing to audit either
        let is_harmless = NOTHING_TO_AUDIT.contains(&operation.as_str());
        assert!(answer.status >= 400 || is_harmless, "{operation}: {}", answer.json);
    }
    assert_eq!(app::maintenance::verify_audit(&app.app).await.unwrap().entries, before);
}

/// A request that will succeed.
async fn prepared(app: &TestApp, operation: &str) -> Call {
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

/// The same for what is done with a charge.
async fn of_charge(app: &TestApp, operation: &str, call: impl Fn(&str) -> Call) -> Call {
    let (patient, admin) = (app.patient().await, app.admin().await);
    if operation == "end_refund" {
        let path = unanswered(app, &patient).await;
        return app.post(&path).by(&admin).json(&json!({ "outcome": "in_wallet", "reason": "test" }));
    }
    let call = call(&at_the_sandbox(app, &patient).await).by(&admin);
    if operation == "refund_charge" { call.json(&json!({ "reason": "test" })) } else { call }
}

/// The same for what is done with a discount code. In a path it has the stand-in's name.
async fn of_code(app: &TestApp, operation: &str, call: impl Fn(&str) -> Call) -> Call {
    let admin = app.admin().await;
    if operation == "create_discount_code" {
        return call("").by(&admin).json(&json!({ "code": "SPRING", "percentage": 10 }));
    }
    let code = json!({ "code": "cardiology", "percentage": 10 });
    let _ = app.post("/api/v1/admin/discount-codes/").by(&admin).json(&code).send().await.expect(201);
    call("").by(&admin).json(&json!({ "reason": "test" }))
}

fn basic() -> Value {
    json!({ "plan_id": "basic", "duration_months": 1, "payment_method": "wallet" })
}

/// The same for what is done with a payout.
async fn paying_out(app: &TestApp, operation: &str, call: impl Fn(&str) -> Call) -> Call {
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
async fn called_back(app: &TestApp, operation: &str) -> Call {
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

/// The same for what is done with a visit.
async fn visiting(app: &TestApp, operation: &str, call: impl Fn(&str) -> Call) -> Call {
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    let body = json!({
        "doctor_id": doctor.id, "patient_id": patient.id, "scheduled_at": app.free(&doctor).await.last(),
        "visit_type": "online", "chief_complaint": "سردرد", "reason": "test",
    });
    let only =
        |fields: &[&str]| -> Value { fields.iter().map(|name| (*name, body[*name].clone())).collect() };
    match operation {
        "book_encounter" => {
            let fields = only(&["doctor_id", "scheduled_at", "visit_type", "chief_complaint"]);
            call("").by(&patient).json(&fields)
        }
        "overbook_encounter" => call("").by(&app.admin().await).json(&body),
        "pay_encounter" => {
            let visit = app.booked(&doctor, &patient).await;
            call(&visit).by(&patient).json(&json!({ "payment_method": "wallet" }))
        }
        "reschedule_encounter" => {
            call(&app.booked(&doctor, &patient).await).by(&patient).json(&only(&["scheduled_at"]))
        }
        "cancel_encounter" => call(&app.confirmed(&doctor, &patient).await).by(&patient),
        "cancel_doctor_encounter" => call(&app.confirmed(&doctor, &patient).await).by(&doctor),
        "withdraw_encounter" => {
            let visit = app.confirmed(&doctor, &patient).await;
            call(&visit).by(&app.admin().await).json(&json!({ "reason": "test" }))
        }
        "read_doctor_encounter" => {
            let visit = app.confirmed(&doctor, &patient).await;
            call(&visit).by(&doctor)
        }
        "start_encounter" | "miss_encounter" => {
            let visit = app.confirmed(&doctor, &patient).await;
            call(&visit).by(&at_its_start(app, &doctor, &visit).await)
        }
        "complete_encounter" => {
            let visit = app.started(&doctor, &patient).await;
            call(&visit).by(&anew(app, &doctor).await)
        }
        "rate_encounter" => {
            let visit = app.started(&doctor, &patient).await;
            let doctor = anew(app, &doctor).await;
            let _ = app.post(&format!("{LED}{visit}/complete/")).by(&doctor).send().await.expect(200);
            call(&visit).by(&anew(app, &patient).await).json(&json!({ "score": 5 }))
        }
        other => panic!("{other} is not prepared"),
    }
}

/// Moves the clock to a visit's start; its doctor, logged in anew.
async fn at_its_start(app: &TestApp, doctor: &User, visit: &str) -> User {
    let found = app.get(&format!("{LED}{visit}/")).by(doctor).send().await.expect(200);
    let start = moment(&found.text("/scheduled_at"));
    app.clock.advance(start.duration_since(app.clock.now()) - SignedDuration::from_secs(1));
    anew(app, doctor).await
}

/// The same for prescriptions, in a visit that is going on.
async fn prescribing(app: &TestApp, operation: &str, call: impl Fn(&str) -> Call) -> Call {
    let (doctor, patient) = (app.bookable_doctor().await, app.patient().await);
    let visit = app.started(&doctor, &patient).await;
    let doctor = anew(app, &doctor).await;
    let item =
        json!({ "drug_name": "Losartan", "dosage": "25mg", "frequency": "روزانه", "duration": "7 روز" });
    let body = json!({ "items": [item] });
    if operation == "create_prescription" {
        return call(&visit).by(&doctor).json(&body);
    }
    let write = format!("{LED}{visit}/prescriptions/");
    let id = app.post(&write).by(&doctor).json(&body).send().await.expect(201).text("/id");
    match operation {
        "read_prescription" | "sign_prescription" => call(&id).by(&doctor),
        "replace_prescription" => call(&id).by(&doctor).json(&json!({ "items": [] })),
        "cancel_prescription" => call(&id).by(&doctor).json(&json!({ "reason": "test" })),
        other => panic!("{other} is not prepared"),
    }
}
