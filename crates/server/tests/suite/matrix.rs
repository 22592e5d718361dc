//! The authorisation matrix: every operation of the OpenAPI document × everybody who may ask. A route
//! without a row fails, and so does a row without a route.

use std::collections::BTreeMap;

use axum::http::Method;
use domain::Role;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, TestApp, User};

use crate::{
    notifications::NOTIFICATIONS,
    visits::{Clinic, LED, MONDAY, TUESDAY, UNKNOWN, VISITS, moment},
};

/// Who gets past the door. "Other" is a caller of an allowed role who names somebody else's object.
struct Row {
    operation: &'static str,
    allowed: &'static [Role],
    /// For everybody, logged in or not.
    public: bool,
    /// What the operation names of the caller's own, and the status for somebody else's.
    other: Option<(Thing, u16)>,
}

/// What belongs to somebody.
#[derive(Clone, Copy)]
enum Thing {
    Session,
    Visit,
    Prescription,
    Notification,
    Charge,
    Payout,
}

use Thing::{Charge, Notification, Payout, Prescription, Session, Visit};

/// Of a bank's documentation.
pub(crate) const IBAN: &str = "IR580540105180021273113007";
const ANYONE: &[Role] = &Role::ALL;
const PATIENTS: &[Role] = &[Role::Patient];
const DOCTORS: &[Role] = &[Role::Doctor];
const STAFF: &[Role] = &[Role::Staff, Role::Admin];
const ADMINS: &[Role] = &[Role::Admin];

const fn public(operation: &'static str) -> Row {
    Row { operation, allowed: ANYONE, public: true, other: None }
}

const fn private(operation: &'static str, allowed: &'static [Role]) -> Row {
    Row { operation, allowed, public: false, other: None }
}

/// Somebody else's is not there.
const fn own(operation: &'static str, allowed: &'static [Role], thing: Thing) -> Row {
    Row { operation, allowed, public: false, other: Some((thing, 404)) }
}

const MATRIX: &[Row] = &[
    public("health"),
    public("live"),
    public("request_otp"),
    public("verify_otp"),
    public("refresh_token"),
    // the token that it names is refused as one that is broken would be
    Row { operation: "log_out", allowed: ANYONE, public: false, other: Some((Session, 401)) },
    private("list_sessions", ANYONE),
    own("end_session", ANYONE, Session),
    private("read_profile", PATIENTS),
    private("replace_profile", PATIENTS),
    private("change_profile", PATIENTS),
    private("list_doctors", STAFF),
    private("read_doctor", STAFF),
    private("create_doctor", ADMINS),
    private("change_doctor", ADMINS),
    private("suspend_doctor", ADMINS),
    private("reinstate_doctor", ADMINS),
    private("find_users", STAFF),
    private("read_user", STAFF),
    private("read_user_audit", ADMINS),
    private("read_user_wallet", ADMINS),
    private("block_user", ADMINS),
    private("unblock_user", ADMINS),
    private("list_charges", ADMINS),
    private("view_charge", ADMINS),
    private("refund_charge", ADMINS),
    private("end_refund", ADMINS),
    private("list_jobs", STAFF),
    private("retry_job", ADMINS),
    private("withdraw_encounter", ADMINS),
    private("overbook_encounter", ADMINS),
    private("save_specialty", ADMINS),
    private("save_city", ADMINS),
    private("save_insurer", ADMINS),
    private("read_wallet", ANYONE),
    private("list_wallet_transactions", ANYONE),
    private("export_wallet_transactions", ANYONE),
    private("charge_wallet", ANYONE),
    private("list_own_charges", ANYONE),
    own("read_charge", ANYONE, Charge),
    public("gateway_callback"),
    public("gateway_callback_form"),
    private("list_plans", ANYONE),
    private("read_subscription", ANYONE),
    private("purchase_subscription", PATIENTS),
    private("cancel_subscription", ANYONE),
    private("save_plan", ADMINS),
    private("create_discount_code", ADMINS),
    private("list_discount_codes", ADMINS),
    private("end_discount_code", ADMINS),
    private("list_invoices", ANYONE),
    private("read_invoice", ANYONE),
    private("read_invoice_pdf", ANYONE),
    private("list_all_invoices", ADMINS),
    private("read_any_invoice_pdf", ADMINS),
    private("list_earnings", DOCTORS),
    private("request_payout", DOCTORS),
    private("list_payouts", DOCTORS),
    own("read_payout", DOCTORS, Payout),
    own("cancel_payout", DOCTORS, Payout),
    private("list_all_payouts", ADMINS),
    private("approve_payout", ADMINS),
    private("reject_payout", ADMINS),
    private("mark_payout_paid", ADMINS),
    private("mark_payout_returned", ADMINS),
    private("create_payout_batch", ADMINS),
    private("list_payout_batches", ADMINS),
    private("read_payout_file", ADMINS),
    public("list_specialties"),
    public("list_cities"),
    public("list_insurers"),
    private("search_doctors", ANYONE),
    private("read_public_doctor", ANYONE),
    private("list_slots", ANYONE),
    private("list_ratings", ANYONE),
    private("list_notifications", ANYONE),
    own("mark_notification_read", ANYONE, Notification),
    private("mark_all_notifications_read", ANYONE),
    private("book_encounter", PATIENTS),
    private("list_encounters", PATIENTS),
    own("read_encounter", PATIENTS, Visit),
    own("read_encounter_calendar", PATIENTS, Visit),
    own("pay_encounter", PATIENTS, Visit),
    own("quote_cancellation", PATIENTS, Visit),
    own("cancel_encounter", PATIENTS, Visit),
    own("reschedule_encounter", PATIENTS, Visit),
    own("rate_encounter", PATIENTS, Visit),
    private("list_prescriptions", PATIENTS),
    own("read_own_prescription", PATIENTS, Prescription),
    private("read_settings", DOCTORS),
    private("replace_settings", DOCTORS),
    private("change_settings", DOCTORS),
    private("read_dashboard", DOCTORS),
    private("search_drugs", DOCTORS),
    private("list_doctor_encounters", DOCTORS),
    own("read_doctor_encounter", DOCTORS, Visit),
    own("start_encounter", DOCTORS, Visit),
    own("complete_encounter", DOCTORS, Visit),
    own("miss_encounter", DOCTORS, Visit),
    own("cancel_doctor_encounter", DOCTORS, Visit),
    own("create_prescription", DOCTORS, Visit),
    own("read_prescription", DOCTORS, Prescription),
    own("replace_prescription", DOCTORS, Prescription),
    own("sign_prescription", DOCTORS, Prescription),
    own("cancel_prescription", DOCTORS, Prescription),
];

/// Every operation: its id, method and path.
pub(crate) fn operations() -> BTreeMap<String, (Method, String)> {
    let document: Value = serde_json::from_str(&api::document("http://x").to_json().unwrap()).unwrap();
    let mut found = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
            if let Some(id) = operation["operationId"].as_str() {
                found.insert(id.to_owned(), (method, path.clone()));
            }
        }
    }
    found
}

#[test]
fn every_operation_has_its_row() {
    let operations = operations();
    for id in operations.keys() {
        assert!(MATRIX.iter().any(|row| row.operation == id), "{id} has no row");
    }
    for row in MATRIX {
        assert!(operations.contains_key(row.operation), "{} is no operation", row.operation);
    }
}

/// The path of an operation on this thing, whatever it calls its name.
pub(crate) fn path_of(path: &str, id: &str) -> String {
    let path = path.replace("{id}", id).replace("{refund_id}", id);
    let path = path.replace("{code}", "cardiology").replace("{gateway}", "sandbox");
    assert!(!path.contains('{'), "{path} names something that has no stand-in");
    path
}

/// Refused at the door, whatever else may be wrong with the request.
fn is_refused(status: u16) -> bool {
    matches!(status, 401 | 403)
}

#[rstest]
#[tokio::test]
async fn the_door_opens_to_those_and_no_others(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let operations = operations();
    let mut users = vec![];
    for role in TestApp::ROLES {
        users.push(app.user(role).await);
    }
    // a body that no operation takes: whoever gets past the door gets 422 or 404, and nothing changes
    let wrong = json!({ "no such field": true });
    for row in MATRIX {
        let (method, path) = &operations[row.operation];
        let path = path_of(path, UNKNOWN);
        let nobody = app.call(method.clone(), &path).json(&wrong).send().await;
        assert_eq!(
            nobody.code() == "NOT_AUTHENTICATED",
            !row.public,
            "{} by nobody: {}",
            row.operation,
            nobody.status
        );
        for user in &users {
            let answer = app.call(method.clone(), &path).by(user).json(&wrong).send().await;
            let (role, is_allowed) = (user.role, row.allowed.contains(&user.role));
            assert!(answer.status < 500, "{} by {role:?}: {}", row.operation, answer.json);
            assert_eq!(
                !is_refused(answer.status),
                is_allowed,
                "{} by {role:?}: {}",
                row.operation,
                answer.json
            );
            if !is_allowed {
                assert_eq!(answer.code(), "FORBIDDEN", "{} by {role:?}", row.operation);
            }
        }
    }
}

/// A patient and a doctor, and one of each thing that is theirs.
struct Owners {
    clinic: Clinic,
    session: String,
    visit: String,
    prescription: String,
    notification: String,
    charge: String,
    payout: String,
}

impl Owners {
    async fn new(engine: Engine) -> Self {
        let mut clinic = Clinic::open(engine).await;
        let visit = clinic.paid(MONDAY).await;
        clinic.go_to(moment(MONDAY)).await;
        let _ = clinic.ask(&visit, "start").send().await.expect(200);
        let (app, doctor, patient) = (&clinic.app, &clinic.doctor, &clinic.patient);
        let write = format!("{LED}{visit}/prescriptions/");
        let item =
            json!({ "drug_name": "Losartan", "dosage": "25mg", "frequency": "روزانه", "duration": "7 روز" });
        let body = json!({ "items": [item], "sign": true });
        let prescription = app.post(&write).by(doctor).json(&body).send().await.expect(201).text("/id");
        let first =
            async |path: &str| app.get(path).by(patient).send().await.expect(200).text("/results/0/id");
        let (session, notification) = (first("/api/v1/auth/sessions/").await, first(NOTIFICATIONS).await);
        app.give(doctor, 1_000_000).await;
        let payout = json!({ "amount": 1_000_000, "iban": IBAN, "account_holder": "سارا احمدی" });
        let payouts = "/api/v1/billing/payouts/";
        let payout = app.post(payouts).by(doctor).json(&payout).send().await.expect(201).text("/id");
        let body = json!({ "amount": 1_000 });
        let charge = "/api/v1/billing/wallet/charge/";
        let charge =
            app.post(charge).by(patient).json(&body).send().await.expect(200).text("/transaction_id");
        Self { clinic, session, visit, prescription, notification, charge, payout }
    }

    fn id(&self, thing: Thing) -> &str {
        match thing {
            Session => &self.session,
            Visit => &self.visit,
            Prescription => &self.prescription,
            Notification => &self.notification,
            Charge => &self.charge,
            Payout => &self.payout,
        }
    }

    /// As little as the operation takes.
    fn body(&self, operation: &str) -> Value {
        match operation {
            "log_out" => json!({ "refresh": self.clinic.patient.refresh }),
            "pay_encounter" => json!({ "payment_method": "wallet" }),
            "reschedule_encounter" => json!({ "scheduled_at": TUESDAY }),
            "rate_encounter" => json!({ "score": 1 }),
            "create_prescription" | "replace_prescription" => json!({ "items": [] }),
            "cancel_prescription" => json!({ "reason": "test" }),
            _ => json!({}),
        }
    }

    /// Everything that could have changed, as its owners see it.
    async fn everything(&self) -> Value {
        let Clinic { app, doctor, patient, .. } = &self.clinic;
        let get = async |user: &User, path: &str| app.get(path).by(user).send().await.expect(200).json;
        json!([
            get(patient, "/api/v1/auth/sessions/").await["results"].as_array().map(Vec::len),
            get(patient, &format!("{VISITS}{}/", self.visit)).await,
            get(doctor, &format!("{LED}{}/", self.visit)).await,
            get(patient, &format!("/api/v1/patients/prescriptions/{}/", self.prescription)).await,
            get(patient, NOTIFICATIONS).await,
            get(patient, "/api/v1/billing/wallet/").await,
            get(doctor, "/api/v1/billing/wallet/").await,
            get(doctor, &format!("/api/v1/billing/payouts/{}/", self.payout)).await,
            get(patient, &format!("/api/v1/billing/transactions/{}/", self.charge)).await,
        ])
    }
}

#[rstest]
#[tokio::test]
async fn what_is_somebody_elses_is_not_there(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let owners = Owners::new(engine).await;
    let (app, operations) = (&owners.clinic.app, operations());
    let before = owners.everything().await;
    let mut strangers = vec![];
    for role in TestApp::ROLES {
        strangers.push(app.user(role).await);
    }
    for row in MATRIX {
        let Some((thing, status)) = row.other else { continue };
        let (method, path) = &operations[row.operation];
        let path = path_of(path, owners.id(thing));
        for stranger in strangers.iter().filter(|user| row.allowed.contains(&user.role)) {
            let body = owners.body(row.operation);
            let answer = app.call(method.clone(), &path).by(stranger).json(&body).send().await;
            let what = format!("{} by another {:?}", row.operation, stranger.role);
            assert_eq!(answer.status, status, "{what}: {}", answer.json);
        }
    }
    assert_eq!(owners.everything().await, before, "the owners have lost nothing");
}
