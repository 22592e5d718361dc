//! Doctors' money (D35): earned visit by visit, asked for, approved, sent to the bank in a batch, paid or returned.

use domain::{Clock as _, SignedDuration, Timestamp, ledger::Account};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Answer, Call, Engine, TestApp, User, visits::FEE};
use tokio::task::JoinSet;

use crate::{
    notifications::texts,
    visits::{UNKNOWN, anew},
};

pub(crate) const PAYOUTS: &str = "/api/v1/billing/payouts/";
const EARNINGS: &str = "/api/v1/doctors/earnings/";
const ALL: &str = "/api/v1/admin/payouts/";
pub(crate) const BATCHES: &str = "/api/v1/admin/payouts/batches/";
const IBAN: &str = "IR580540105180021273113007";
const MASKED: &str = "IR58••••3007";
pub(crate) const LEAST: i64 = 1_000_000;
/// What a visit brings its doctor.
const NET: i64 = FEE / 10 * 9;

pub(crate) fn wants(amount: i64) -> Value {
    json!({ "amount": amount, "iban": IBAN, "account_holder": "سارا احمدی" })
}

fn ask(app: &TestApp, doctor: &User, body: &Value) -> Call {
    app.post(PAYOUTS).by(doctor).json(body)
}

/// A payout that waits for an admin; its id.
pub(crate) async fn requested(app: &TestApp, doctor: &User, amount: i64) -> String {
    ask(app, doctor, &wants(amount)).send().await.expect(201).text("/id")
}

fn reason() -> Value {
    json!({ "reason": "شماره حساب نادرست است" })
}

/// What an admin does with a payout.
pub(crate) fn act(app: &TestApp, admin: &User, id: &str, verb: &str) -> Call {
    let call = app.post(&format!("{ALL}{id}/{verb}/")).by(admin);
    if matches!(verb, "reject" | "returned") { call.json(&reason()) } else { call }
}

fn cancel(app: &TestApp, doctor: &User, id: &str) -> Call {
    app.post(&format!("{PAYOUTS}{id}/cancel/")).by(doctor)
}

async fn read(app: &TestApp, by: &User, path: &str) -> Value {
    app.get(path).by(by).send().await.expect(200).json
}

/// A payout that is on its way to the bank; its batch.
pub(crate) async fn exported(app: &TestApp, admin: &User, id: &str) -> String {
    let _ = act(app, admin, id, "approve").send().await.expect(200);
    app.post(BATCHES).by(admin).send().await.expect(201).text("/id")
}

/// What the doctor can spend, what of it is blocked, what went to banks.
async fn money(app: &TestApp, doctor: &User) -> (i64, i64, i64) {
    let hold = Account::hold(domain::ids::UserId(doctor.id.parse().unwrap()));
    (app.spendable(doctor).await, app.holds(&hold).await, app.holds(&Account::payouts()).await)
}

fn refused(answer: Answer, status: u16, code: &str) {
    let answer = answer.expect(status);
    assert_eq!(answer.code(), code, "{}", answer.json);
}

/// Ten at once: one does it, the others hear this code.
async fn once(call: impl Fn() -> Call, code: &str) {
    let mut running = JoinSet::new();
    for _ in 0..10 {
        running.spawn(call().send());
    }
    let (done, others): (Vec<_>, Vec<_>) =
        running.join_all().await.into_iter().partition(|answer| answer.status < 300);
    assert_eq!(done.len(), 1);
    for answer in others {
        refused(answer, 409, code);
    }
}

/// The same key twice: the same answer; the first of them.
async fn twice(call: impl Fn() -> Call, status: u16) -> Answer {
    let with_key = || call().header("idempotency-key", "k").send();
    let (first, again) = (with_key().await.expect(status), with_key().await.expect(status));
    assert_eq!((again.header("idempotent-replay"), &again.json), (Some("true"), &first.json));
    first
}

#[rstest]
#[tokio::test]
async fn what_visits_bring_reaches_the_doctors_bank(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let doctor = app.bookable_doctor().await;
    let none = read(&app, &doctor, EARNINGS).await;
    assert_eq!((&none["count"], &none["totals"]["net_amount"]), (&json!(0), &json!(0)));
    let mut visits = vec![];
    for _ in 0..2 {
        let patient = app.patient().await;
        visits.push(app.completed(&doctor, &patient).await);
    }
    let (doctor, admin) = (anew(&app, &doctor).await, app.admin().await);

    let earned = read(&app, &doctor, EARNINGS).await;
    let totals = json!({
        "visits": 2, "total_amount": 2 * FEE, "commission": 2 * (FEE - NET), "net_amount": 2 * NET, "currency": "IRR",
    });
    assert_eq!((&earned["count"], &earned["totals"]), (&json!(2), &totals));
    let (newest, oldest) = (&earned["results"][0], &earned["results"][1]);
    assert_eq!((&newest["visit_id"], &oldest["visit_id"]), (&json!(visits[1]), &json!(visits[0])));
    assert_eq!((&oldest["net_amount"], &oldest["commission"]), (&json!(NET), &json!(FEE - NET)));
    assert!(oldest["booking_reference"].as_str().unwrap().starts_with("HLS-"));
    // in Tehran it is the same day until 20:30
    let day = &oldest["posted_at"].as_str().unwrap()[..10];
    let first = read(&app, &doctor, &format!("{EARNINGS}?from={day}&to={day}")).await;
    assert_eq!((&first["count"], &first["totals"]["net_amount"]), (&json!(1), &json!(NET)));
    assert_eq!(&first["results"][0], oldest);
    let page = read(&app, &doctor, &format!("{EARNINGS}?page_size=1&page=2")).await;
    assert_eq!((&page["count"], &page["totals"], &page["results"][0]), (&json!(2), &totals, oldest));
    for bad in ["?from=x", "?from=2024-02-01&to=2024-01-01", "?page=0"] {
        refused(app.get(&format!("{EARNINGS}{bad}")).by(&doctor).send().await, 422, "VALIDATION_ERROR");
    }

    let asked = ask(&app, &doctor, &wants(2 * NET)).send().await.expect(201).json;
    let id = asked["id"].as_str().unwrap();
    assert_eq!((&asked["status"], &asked["amount"]), (&json!("requested"), &json!(2 * NET)));
    assert_eq!((&asked["iban"], &asked["reason"]), (&json!(MASKED), &Value::Null));
    assert_eq!(money(&app, &doctor).await, (0, 2 * NET, 0));
    let wallet = read(&app, &doctor, "/api/v1/billing/wallet/").await;
    assert_eq!((&wallet["blocked_amount"], &wallet["balance"]), (&json!(2 * NET), &json!(2 * NET)));

    let waiting = read(&app, &admin, ALL).await;
    assert_eq!((&waiting["count"], &waiting["results"][0]["id"]), (&json!(1), &json!(id)));
    assert_eq!(waiting["results"][0]["iban"], MASKED);
    assert_eq!(
        waiting["results"][0]["doctor"],
        json!({ "id": doctor.id, "first_name": "سارا", "last_name": "احمدی" })
    );
    let approved = act(&app, &admin, id, "approve").send().await.expect(200).json;
    assert_eq!((&approved["status"], &approved["batch_id"]), (&json!("approved"), &Value::Null));
    assert_eq!(money(&app, &doctor).await, (0, 2 * NET, 0), "it is still here");

    let batch = app.post(BATCHES).by(&admin).send().await.expect(201).json;
    assert_eq!((&batch["number"], &batch["payouts"], &batch["left"]), (&json!(1), &json!(1), &json!(0)));
    assert_eq!((&batch["total_amount"], &batch["created_by"]), (&json!(2 * NET), &json!(admin.id)));
    assert_eq!(money(&app, &doctor).await, (0, 0, 2 * NET));
    let listed = read(&app, &admin, BATCHES).await;
    assert_eq!((&listed["count"], &listed["results"][0]["id"]), (&json!(1), &batch["id"]));

    let path = format!("{BATCHES}{}/file/", batch["id"].as_str().unwrap());
    assert!(batch["file_url"].as_str().unwrap().ends_with(path.strip_prefix("/api/v1").unwrap()));
    let file = app.get(&path).by(&admin).send().await.expect(200);
    assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"helssa-payouts-1.csv\""));
    assert_eq!(
        std::str::from_utf8(&file.bytes).unwrap(),
        format!(
            "\u{FEFF}iban,account_holder,amount,description,reference\r\n\
             {IBAN},\"سارا احمدی\",{},\"تسویه حساب هلسا، دسته 1\",{id}\r\n",
            2 * NET
        )
    );
    assert_eq!(app.audited("payout.file").await, 1);

    let paid = act(&app, &admin, id, "paid").send().await.expect(200).json;
    assert_eq!((&paid["status"], &paid["batch_id"]), (&json!("paid"), &batch["id"]));
    let own = read(&app, &doctor, &format!("{PAYOUTS}{id}/")).await;
    assert_eq!((&own["status"], &own["paid_at"]), (&json!("paid"), &paid["paid_at"]));
    assert_eq!(read(&app, &doctor, &format!("{PAYOUTS}?status=paid")).await["results"][0], own);
    assert_eq!(read(&app, &doctor, &format!("{PAYOUTS}?status=requested")).await["count"], 0);
    app::jobs::run_due(&app.app).await.unwrap();
    let told: Vec<String> = texts(&app, &doctor).into_iter().map(|message| message.text).collect();
    let arrived = format!("{} ریال به حساب بانکی شما (با پایان 3007) واریز شد", 2 * NET);
    assert!(told.contains(&arrived), "{told:?}");
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn what_the_bank_returns_is_the_doctors_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, admin) = (app.doctor().await, app.admin().await);
    app.give(&doctor, 2 * LEAST).await;
    let (early, late) = (requested(&app, &doctor, LEAST).await, requested(&app, &doctor, LEAST).await);
    let _ = act(&app, &admin, &early, "approve").send().await.expect(200);
    exported(&app, &admin, &late).await;
    assert_eq!(money(&app, &doctor).await, (0, 0, 2 * LEAST));
    let returned = act(&app, &admin, &early, "returned").send().await.expect(200).json;
    assert_eq!((&returned["status"], &returned["reason"]), (&json!("returned"), &reason()["reason"]));
    // banks also return what they have paid
    let _ = act(&app, &admin, &late, "paid").send().await.expect(200);
    assert_eq!(money(&app, &doctor).await, (LEAST, 0, LEAST));
    let _ = act(&app, &admin, &late, "returned").send().await.expect(200);
    assert_eq!(money(&app, &doctor).await, (2 * LEAST, 0, 0));
    for id in [&early, &late] {
        refused(act(&app, &admin, id, "returned").send().await, 409, "ILLEGAL_STATE");
        refused(act(&app, &admin, id, "paid").send().await, 409, "ILLEGAL_STATE");
    }
    app::jobs::run_due(&app.app).await.unwrap();
    let told = texts(&app, &doctor);
    let of_returns = told.iter().filter(|message| {
        message.text.contains("برگرداند") && message.text.contains("شماره حساب نادرست است")
    });
    assert_eq!((told.len(), of_returns.count()), (3, 2), "and one that it was paid");
    // and can be asked for again
    requested(&app, &doctor, 2 * LEAST).await;
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn what_is_rejected_or_cancelled_is_the_doctors_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, admin) = (app.doctor().await, app.admin().await);
    app.give(&doctor, 5 * LEAST).await;
    let mut asked = vec![];
    for _ in 0..5 {
        asked.push(requested(&app, &doctor, LEAST).await);
    }
    refused(ask(&app, &doctor, &wants(LEAST)).send().await, 409, "INSUFFICIENT_BALANCE");
    for id in [&asked[1], &asked[3], &asked[4]] {
        let _ = act(&app, &admin, id, "approve").send().await.expect(200);
    }
    for id in &asked[..2] {
        let rejected = act(&app, &admin, id, "reject").send().await.expect(200).json;
        assert_eq!((&rejected["status"], &rejected["reason"]), (&json!("rejected"), &reason()["reason"]));
        assert!(rejected["closed_at"].is_string());
    }
    for id in &asked[2..4] {
        let cancelled = cancel(&app, &doctor, id).send().await.expect(200).json;
        assert_eq!((&cancelled["status"], &cancelled["reason"]), (&json!("cancelled"), &Value::Null));
    }
    assert_eq!(money(&app, &doctor).await, (4 * LEAST, LEAST, 0));
    for id in &asked[..4] {
        for verb in ["approve", "reject", "paid", "returned"] {
            refused(act(&app, &admin, id, verb).send().await, 409, "ILLEGAL_STATE");
        }
        refused(cancel(&app, &doctor, id).send().await, 409, "ILLEGAL_STATE");
    }
    // what has gone to the bank can't be taken back
    let batch = app.post(BATCHES).by(&admin).send().await.expect(201);
    assert_eq!(batch.json["payouts"], 1);
    refused(cancel(&app, &doctor, &asked[4]).send().await, 409, "ILLEGAL_STATE");
    refused(act(&app, &admin, &asked[4], "reject").send().await, 409, "ILLEGAL_STATE");
    assert_eq!(money(&app, &doctor).await, (4 * LEAST, 0, LEAST));
    app::jobs::run_due(&app.app).await.unwrap();
    assert_eq!(texts(&app, &doctor).len(), 2, "of the two that were rejected");
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_ask_for_all_of_it_one_gets_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let doctor = app.doctor().await;
    app.give(&doctor, 2 * LEAST - 1).await;
    let mut running = JoinSet::new();
    for _ in 0..50 {
        running.spawn(ask(&app, &doctor, &wants(LEAST)).send());
    }
    let answers = running.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    for answer in answers.into_iter().filter(|answer| answer.status != 201) {
        refused(answer, 409, "INSUFFICIENT_BALANCE");
    }
    assert_eq!(money(&app, &doctor).await, (LEAST - 1, LEAST, 0));
    assert_eq!(
        (read(&app, &doctor, PAYOUTS).await["count"].clone(), app.audited("payout.request").await),
        (json!(1), 1)
    );
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn each_step_is_taken_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (doctor, admin) = (app.doctor().await, app.admin().await);
    app.give(&doctor, LEAST).await;
    let id = requested(&app, &doctor, LEAST).await;
    once(|| act(&app, &admin, &id, "approve"), "ILLEGAL_STATE").await;
    once(|| app.post(BATCHES).by(&admin), "CONFLICT").await;
    assert_eq!(money(&app, &doctor).await, (0, 0, LEAST));
    once(|| act(&app, &admin, &id, "returned"), "ILLEGAL_STATE").await;
    assert_eq!(money(&app, &doctor).await, (LEAST, 0, 0));
    // the doctor cancels while the admin rejects
    let id = requested(&app, &doctor, LEAST).await;
    let mut running = JoinSet::new();
    for _ in 0..5 {
        running.spawn(cancel(&app, &doctor, &id).send());
        running.spawn(act(&app, &admin, &id, "reject").send());
    }
    let done = running.join_all().await.into_iter().filter(|answer| answer.status == 200).count();
    assert_eq!((done, money(&app, &doctor).await), (1, (LEAST, 0, 0)));
    // what was given up left no gap
    let id = requested(&app, &doctor, LEAST).await;
    exported(&app, &admin, &id).await;
    let numbers = read(&app, &admin, BATCHES).await["results"].clone();
    let numbers: Vec<_> = numbers.as_array().unwrap().iter().map(|batch| batch["number"].clone()).collect();
    assert_eq!(numbers, [2, 1]);
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn another_doctors_payout_is_not_there(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (doctor, other, admin) = (app.doctor().await, app.doctor().await, app.admin().await);
    app.give(&doctor, LEAST).await;
    let id = requested(&app, &doctor, LEAST).await;
    for id in [id.as_str(), UNKNOWN, "x"] {
        refused(app.get(&format!("{PAYOUTS}{id}/")).by(&other).send().await, 404, "NOT_FOUND");
        refused(cancel(&app, &other, id).send().await, 404, "NOT_FOUND");
    }
    assert_eq!(read(&app, &other, PAYOUTS).await["results"], json!([]));
    for verb in ["approve", "reject", "paid", "returned"] {
        refused(act(&app, &admin, UNKNOWN, verb).send().await, 404, "NOT_FOUND");
        refused(act(&app, &doctor, &id, verb).send().await, 403, "FORBIDDEN");
    }
    refused(app.get(&format!("{BATCHES}{UNKNOWN}/file/")).by(&admin).send().await, 404, "NOT_FOUND");
    let own = read(&app, &doctor, &format!("{PAYOUTS}{id}/")).await;
    assert_eq!((&own["status"], money(&app, &doctor).await), (&json!("requested"), (0, LEAST, 0)));
}

#[rstest]
#[tokio::test]
async fn what_is_no_payout_is_refused(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (doctor, admin) = (app.doctor().await, app.admin().await);
    app.give(&doctor, 5 * LEAST).await;
    for (field, value) in [
        ("amount", json!(0)),
        ("amount", json!(-LEAST)),
        ("amount", json!(LEAST - 1)),
        ("amount", json!(10_000_000_001_i64)),
        ("amount", json!(i64::MAX)),
        ("amount", json!(1e30)),
        ("amount", json!(1_000_000.5)),
        ("amount", json!("1000000")),
        ("amount", Value::Null),
        ("iban", json!("IR590540105180021273113007")),
        ("iban", json!("IR58054010518002127311300")),
        ("iban", json!("DE89370400440532013000")),
        ("iban", json!("6219861012345678")),
        ("iban", json!("")),
        ("iban", json!(5)),
        ("iban", Value::Null),
        ("account_holder", json!(" ")),
        ("account_holder", json!("الف".repeat(50))),
        ("account_holder", json!("a\u{202E}b")),
        ("account_holder", Value::Null),
        ("doctor_id", json!(UNKNOWN)),
    ] {
        let mut body = wants(LEAST);
        body[field] = value.clone();
        let answer = ask(&app, &doctor, &body).send().await.expect(422);
        let errors = &answer.json["error"]["details"]["field_errors"];
        assert!(errors.get(field).is_some(), "{field} {value}: {errors}");
        // an IBAN is not said back
        assert!(!answer.json.to_string().contains("0540105180"), "{}", answer.json);
    }
    assert_eq!((app.audited("payout.request").await, money(&app, &doctor).await), (0, (5 * LEAST, 0, 0)));
    let id = requested(&app, &doctor, LEAST).await;
    for verb in ["reject", "returned"] {
        for body in [json!({}), json!({ "reason": " " }), json!({ "reason": "x".repeat(301) })] {
            let call = app.post(&format!("{ALL}{id}/{verb}/")).by(&admin).json(&body);
            refused(call.send().await, 422, "VALIDATION_ERROR");
        }
    }
    refused(app.post(BATCHES).by(&admin).send().await, 409, "CONFLICT");
    for path in [format!("{ALL}?status=lost"), format!("{ALL}?page=0"), format!("{BATCHES}?page=0")] {
        refused(app.get(&path).by(&admin).send().await, 422, "VALIDATION_ERROR");
    }
    refused(app.get(&format!("{PAYOUTS}?status=lost")).by(&doctor).send().await, 422, "VALIDATION_ERROR");
    assert_eq!(money(&app, &doctor).await, (4 * LEAST, LEAST, 0));
}

#[rstest]
#[tokio::test]
async fn a_key_does_it_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (doctor, admin) = (app.doctor().await, app.admin().await);
    app.give(&doctor, 5 * LEAST).await;
    let id = twice(|| ask(&app, &doctor, &wants(LEAST)), 201).await.text("/id");
    let other = ask(&app, &doctor, &wants(2 * LEAST)).header("idempotency-key", "k").send().await;
    refused(other, 422, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(money(&app, &doctor).await, (4 * LEAST, LEAST, 0));
    twice(|| act(&app, &admin, &id, "approve"), 200).await;
    twice(|| app.post(BATCHES).by(&admin), 201).await;
    twice(|| act(&app, &admin, &id, "paid"), 200).await;
    twice(|| act(&app, &admin, &id, "returned"), 200).await;
    let second = requested(&app, &doctor, LEAST).await;
    // the same key, another payout
    refused(
        act(&app, &admin, &second, "approve").header("idempotency-key", "k").send().await,
        422,
        "IDEMPOTENCY_KEY_REUSED",
    );
    twice(|| act(&app, &admin, &second, "reject"), 200).await;
    let third = requested(&app, &doctor, LEAST).await;
    twice(|| cancel(&app, &doctor, &third), 200).await;
    assert_eq!(money(&app, &doctor).await, (5 * LEAST, 0, 0));
    for (action, times) in
        [("payout.request", 3), ("payout.approve", 1), ("payout.export", 1), ("payout.paid", 1)]
    {
        assert_eq!(app.audited(action).await, times, "{action}");
    }
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn the_whole_iban_is_in_the_file_alone_and_formulas_are_text(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, admin) = (app.doctor().await, app.admin().await);
    app.give(&doctor, 2 * LEAST).await;
    let formula = json!({ "amount": LEAST, "iban": "ir58 0540 1051 8002 1273 1130 07", "account_holder": "=1+1,\"x\"" });
    let first = ask(&app, &doctor, &formula).send().await.expect(201).text("/id");
    let persian =
        json!({ "amount": LEAST, "iban": "۵۸۰۵۴۰۱۰۵۱۸۰۰۲۱۲۷۳۱۱۳۰۰۷", "account_holder": "سارا احمدی" });
    let second = ask(&app, &doctor, &persian).send().await.expect(201).text("/id");
    let _ = act(&app, &admin, &first, "approve").send().await.expect(200);
    let batch = exported(&app, &admin, &second).await;
    let file = app.get(&format!("{BATCHES}{batch}/file/")).by(&admin).send().await.expect(200);
    let text = String::from_utf8(file.bytes.to_vec()).unwrap();
    let lines: Vec<&str> = text.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 3);
    let quoted = format!("{IBAN},\"'=1+1,\"\"x\"\"\",{LEAST},");
    assert!(lines.iter().any(|line| line.starts_with(&quoted) && line.ends_with(&first)), "{text}");
    assert!(lines.iter().any(|line| line.starts_with(IBAN) && line.ends_with(&second)), "{text}");
    assert!(lines[1..].iter().all(|line| line.starts_with(IBAN)), "{text}");

    let _ = act(&app, &admin, &first, "returned").send().await.expect(200);
    let again = app.get(&format!("{BATCHES}{batch}/file/")).by(&admin).send().await.expect(200);
    assert_eq!((&again.bytes, app.audited("payout.file").await), (&file.bytes, 2));
    for (by, path) in [
        (&doctor, PAYOUTS.to_owned()),
        (&doctor, format!("{PAYOUTS}{first}/")),
        (&doctor, "/api/v1/billing/wallet/transactions/".to_owned()),
        (&doctor, "/api/v1/notifications/".to_owned()),
        (&admin, format!("{ALL}?status=exported")),
        (&admin, BATCHES.to_owned()),
        (&admin, format!("/api/v1/admin/users/{}/audit/", doctor.id)),
    ] {
        let body = read(&app, by, &path).await.to_string();
        assert!(!body.contains("0540105180"), "{path}: {body}");
    }
}

#[rstest]
#[tokio::test]
async fn admins_see_what_insurers_still_owe_of_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    let tomorrow = app.clock.now() + SignedDuration::from_hours(25);
    let free = app.free(&doctor).await;
    let at = free.iter().find(|at| at.parse::<Timestamp>().unwrap() > tomorrow).unwrap();
    let wish = json!({
        "doctor_id": doctor.id, "scheduled_at": at, "visit_type": "online", "chief_complaint": "سردرد",
        "insurance_info": { "use_insurance": true, "provider": "تامین اجتماعی", "number": "1234567890" },
    });
    let visits = "/api/v1/patients/encounters/";
    let visit =
        app.post(&format!("{visits}book/")).by(&patient).json(&wish).send().await.expect(201).text("/id");
    let before = app.spendable(&patient).await;
    let pay = json!({ "payment_method": "wallet" });
    let _ = app.post(&format!("{visits}{visit}/pay/")).by(&patient).json(&pay).send().await.expect(200);
    let share = FEE - (before - app.spendable(&patient).await);
    assert!(share > 0);
    let start: Timestamp = at.parse().unwrap();
    app.clock.advance(start.duration_since(app.clock.now()));
    let doctor = anew(&app, &doctor).await;
    for verb in ["start", "complete"] {
        let path = format!("/api/v1/doctors/encounters/{visit}/{verb}/");
        let _ = app.post(&path).by(&doctor).send().await.expect(200);
    }
    app.give(&doctor, LEAST).await;
    requested(&app, &doctor, LEAST).await;
    app.clock.advance(SignedDuration::from_secs(1));
    let other = app.doctor().await;
    app.give(&other, LEAST).await;
    requested(&app, &other, LEAST).await;
    let admin = app.admin().await;
    let funded = async |admin: &User| {
        let listed = read(&app, admin, ALL).await;
        let one = |n: usize| listed["results"][n]["insurer_funded_amount"].as_i64().unwrap();
        (one(0), one(1))
    };
    assert_eq!(funded(&admin).await, (share.min(NET), 0));
    app.clock.advance(SignedDuration::from_hours(24 * 30));
    assert_eq!(funded(&anew(&app, &admin).await).await, (0, 0));
}
