//! The wallet over HTTP: what there is, what happened to it, and visits that are paid from it.

use std::sync::Arc;

use domain::{
    Clock, Rials, SignedDuration,
    ids::UserId,
    ledger::{Account, Posting, PostingKind},
};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Answer, Engine, TestApp, User, shape, visits::FEE};

use crate::{matrix::IBAN, visits::UNKNOWN};

const WALLET: &str = "/api/v1/billing/wallet/";
const STATEMENT: &str = "/api/v1/billing/wallet/transactions/";
const CSV: &str = "/api/v1/billing/wallet/transactions.csv";

async fn read(app: &TestApp, path: &str, by: &User) -> Value {
    app.get(path).by(by).send().await.expect(200).json
}

async fn pay(app: &TestApp, patient: &User, visit: &str, key: &str) -> Answer {
    app.post(&format!("/api/v1/patients/encounters/{visit}/pay/"))
        .by(patient)
        .header("idempotency-key", key)
        .json(&json!({ "payment_method": "wallet" }))
        .send()
        .await
}

fn amounts(page: &Value) -> Vec<(String, i64)> {
    let results = page["results"].as_array().unwrap();
    let one = |item: &Value| (item["type"].as_str().unwrap().to_owned(), item["amount"].as_i64().unwrap());
    results.iter().map(one).collect()
}

fn pair(direction: &str, amount: i64) -> (String, i64) {
    (direction.to_owned(), amount)
}

#[rstest]
#[tokio::test]
async fn everybody_has_a_wallet_of_the_documented_shape(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let sample = json!({
        "wallet_id": "wallet_id",
        "balance": 2_500_000,
        "currency": "IRR",
        "blocked_amount": 0,
        "last_updated": "2024-01-20T10:00:00Z",
        "recent_transactions": [{
            "id": "tx_id", "type": "credit", "amount": 1_000_000, "description": "شارژ کیف پول",
            "created_at": "2024-01-19T15:30:00Z", "status": "completed",
        }],
    });
    for role in TestApp::ROLES {
        let user = app.user(role).await;
        let empty = read(&app, WALLET, &user).await;
        assert_eq!((&empty["balance"], &empty["recent_transactions"]), (&json!(0), &json!([])));
        app.give(&user, 2_500_000).await;
        let wallet = read(&app, WALLET, &user).await;
        let differences = shape::differences(&sample, &wallet);
        assert!(differences.is_empty(), "{role:?}: {differences:?}");
        assert_eq!(wallet["wallet_id"], empty["wallet_id"], "it is there before it is used");
        for name in ["balance", "available_balance"] {
            assert_eq!(wallet[name], 2_500_000);
        }
        assert_eq!((&wallet["currency"], &wallet["blocked_amount"]), (&json!("IRR"), &json!(0)));
        assert_eq!(wallet["recent_transactions"][0]["description"], "شارژ کیف پول");
    }
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn an_admin_sees_what_a_user_has_as_they_do(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (admin, staff, doctor) = (app.admin().await, app.staff().await, app.doctor().await);
    let path = |id: &str| format!("/api/v1/admin/users/{id}/wallet/");
    let empty = read(&app, &path(&doctor.id), &admin).await;
    assert_eq!(empty, read(&app, WALLET, &doctor).await);
    assert_eq!(empty["balance"], 0);
    app.give(&doctor, 1_500_000).await;
    let payout = json!({ "amount": 1_000_000, "iban": IBAN, "account_holder": "سارا احمدی" });
    let _ = app.post("/api/v1/billing/payouts/").by(&doctor).json(&payout).send().await.expect(201);
    let seen = read(&app, &path(&doctor.id), &admin).await;
    assert_eq!(seen, read(&app, WALLET, &doctor).await);
    assert_eq!((&seen["balance"], &seen["blocked_amount"]), (&json!(1_500_000), &json!(1_000_000)));
    let types: Vec<&Value> =
        seen["recent_transactions"].as_array().unwrap().iter().map(|item| &item["type"]).collect();
    assert_eq!(types, ["debit", "credit"]);

    let about = read(&app, &format!("/api/v1/admin/users/{}/audit/", doctor.id), &admin).await;
    let looks = about["results"].as_array().unwrap().iter().filter(|one| one["action"] == "wallet.view");
    let by: Vec<&Value> = looks.map(|one| &one["actor_id"]).collect();
    assert_eq!(by, [&json!(admin.id), &json!(admin.id)], "and nobody's own");
    for user in [&staff, &doctor] {
        let refused = app.get(&path(&doctor.id)).by(user).send().await.expect(403);
        assert_eq!(refused.code(), "FORBIDDEN");
    }
    for nobody in [UNKNOWN, "me"] {
        let refused = app.get(&path(nobody)).by(&admin).send().await.expect(404);
        assert_eq!(refused.code(), "NOT_FOUND", "{nobody}");
    }
    assert_eq!(app.audited("wallet.view").await, 2);
}

#[rstest]
#[tokio::test]
async fn a_visit_is_paid_from_the_wallet_and_never_with_more_than_is_there(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.patient().await);
    let visit = app.booked(&doctor, &patient).await;
    app.give(&patient, FEE - 1).await;
    let refused = pay(&app, &patient, &visit, "a").await.expect(409);
    assert_eq!(refused.code(), "INSUFFICIENT_BALANCE");
    assert_eq!((app.spendable(&patient).await, app.holds(&Account::escrow()).await), (FEE - 1, 0));

    app.give(&patient, 1).await;
    // a failure was not remembered
    let paid = pay(&app, &patient, &visit, "a").await.expect(200);
    assert_eq!(paid.json["status"], "confirmed");
    let again = pay(&app, &patient, &visit, "a").await.expect(200);
    assert_eq!((again.header("idempotent-replay"), &again.json), (Some("true"), &paid.json));
    assert_eq!(pay(&app, &patient, &visit, "b").await.expect(409).code(), "ILLEGAL_STATE");
    assert_eq!((app.spendable(&patient).await, app.holds(&Account::escrow()).await), (0, FEE));

    let wallet = read(&app, WALLET, &patient).await;
    let newest = &wallet["recent_transactions"][0];
    assert_eq!((&newest["type"], &newest["amount"]), (&json!("debit"), &json!(FEE)));
    assert_eq!((&newest["reference"], &newest["balance_after"]), (&json!(visit), &json!(0)));
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn a_visit_that_took_place_is_the_doctors_but_for_the_commission(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.patient().await);
    let visit = app.started(&doctor, &patient).await;
    assert_eq!((app.spendable(&doctor).await, app.holds(&Account::escrow()).await), (0, FEE));
    app.clock.advance(SignedDuration::from_secs(61));
    let doctor = app.log_in(&doctor.phone).await;
    let complete = format!("/api/v1/doctors/encounters/{visit}/complete/");
    let _ = app.post(&complete).by(&doctor).send().await.expect(200);
    assert_eq!(app.post(&complete).by(&doctor).send().await.expect(409).code(), "ILLEGAL_STATE");
    assert_eq!((app.spendable(&doctor).await, app.holds(&Account::commission()).await), (540_000, 60_000));
    assert_eq!(app.holds(&Account::escrow()).await, 0);
    let wallet = read(&app, WALLET, &doctor).await;
    assert_eq!(wallet["recent_transactions"][0]["reference"], json!(visit));
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn a_missed_visit_is_paid_for_and_a_cancelled_one_comes_back(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient, other) = (app.bookable_doctor().await, app.patient().await, app.patient().await);
    // free of charge, long before
    let visit = app.confirmed(&doctor, &patient).await;
    let quote = format!("/api/v1/patients/encounters/{visit}/cancellation-quote/");
    let quote = read(&app, &quote, &patient).await;
    let cancel = format!("/api/v1/patients/encounters/{visit}/cancel/");
    let cancelled = app.post(&cancel).by(&patient).json(&json!({})).send().await.expect(200).json;
    assert_eq!((&quote["refund_amount"], &quote["fee_amount"]), (&json!(FEE), &json!(0)));
    assert_eq!(cancelled["refund_amount"], quote["refund_amount"]);
    assert_eq!((app.spendable(&patient).await, app.holds(&Account::escrow()).await), (FEE, 0));

    // a day before and later it costs half
    let visit = app.booked(&doctor, &patient).await;
    let _ = pay(&app, &patient, &visit, "a").await.expect(200);
    let missed = app.confirmed(&doctor, &other).await;
    app.clock.advance(SignedDuration::from_secs(2 * 3_600));
    let (patient, doctor) = (app.log_in(&patient.phone).await, app.log_in(&doctor.phone).await);
    let cancel = format!("/api/v1/patients/encounters/{visit}/cancel/");
    let cancelled = app.post(&cancel).by(&patient).json(&json!({})).send().await.expect(200).json;
    let (back, fee) = (app.spendable(&patient).await, app.holds(&Account::fees()).await);
    assert_eq!((&cancelled["refund_amount"], &cancelled["fee_amount"]), (&json!(back), &json!(fee)));
    assert_eq!((back, fee), (FEE / 2, FEE / 2));

    // whoever doesn't come has paid
    let visit = format!("/api/v1/doctors/encounters/{missed}/");
    let start = app.get(&visit).by(&doctor).send().await.expect(200).text("/scheduled_at");
    let start: domain::Timestamp = start.parse().unwrap();
    app.clock.advance(start.duration_since(app.clock.now()));
    app.clock.advance(SignedDuration::from_secs(61));
    let doctor = app.log_in(&doctor.phone).await;
    let _ = app.post(&format!("{visit}no-show/")).by(&doctor).send().await.expect(200);
    assert_eq!((app.holds(&Account::fees()).await, app.holds(&Account::escrow()).await), (FEE / 2 + FEE, 0));
    assert_eq!((app.spendable(&other).await, app.spendable(&doctor).await), (0, 0));
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn the_statement_is_paged_filtered_and_the_callers_own(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient, other) = (app.bookable_doctor().await, app.patient().await, app.patient().await);
    app.give(&patient, 1_000_000).await;
    let visit = app.booked(&doctor, &patient).await;
    let _ = pay(&app, &patient, &visit, "a").await.expect(200);
    app.clock.advance(SignedDuration::from_hours(24));
    let patient = app.log_in(&patient.phone).await;
    for amount in 1..=10 {
        app.give(&patient, amount).await;
    }
    let page = read(&app, &format!("{STATEMENT}?page_size=3"), &patient).await;
    assert_eq!(page["count"], 12);
    assert_eq!(amounts(&page), [pair("credit", 10), pair("credit", 9), pair("credit", 8)]);
    assert!(page["next"].as_str().unwrap().ends_with("/billing/wallet/transactions/?page_size=3&page=2"));
    let last = read(&app, &format!("{STATEMENT}?page_size=10&page=2"), &patient).await;
    assert_eq!(amounts(&last), [pair("debit", FEE), pair("credit", 1_000_000)]);
    assert_eq!(last["results"][0]["balance_after"], 1_000_000 - FEE);
    let debits = read(&app, &format!("{STATEMENT}?type=debit"), &patient).await;
    assert_eq!((&debits["count"], amounts(&debits)), (&json!(1), vec![pair("debit", FEE)]));
    // the first day, Gregorian and Jalali
    for day in ["2024-01-20", "1402-10-30"] {
        let first = read(&app, &format!("{STATEMENT}?from_date={day}&to_date={day}"), &patient).await;
        assert_eq!(first["count"], 2, "{day}");
    }
    let other = app.log_in(&other.phone).await;
    assert_eq!(read(&app, STATEMENT, &other).await["count"], 0);
    assert_eq!(read(&app, WALLET, &patient).await["recent_transactions"].as_array().unwrap().len(), 10);
    for bad in ["?type=both", "?from_date=x", "?from_date=2024-02-01&to_date=2024-01-01", "?page=0"] {
        let refused = app.get(&format!("{STATEMENT}{bad}")).by(&patient).send().await.expect(422);
        assert_eq!(refused.code(), "VALIDATION_ERROR", "{bad}");
    }
}

/// So many credits, of 1, 2, 3 … Rials, in one posting.
async fn credit(app: &TestApp, user: &User, credits: i64) {
    let wallet = Account::wallet(UserId(user.id.parse().unwrap()));
    let rials = |amount: i64| Rials::new(amount).unwrap();
    let mut entries = vec![Account::clearing("test").gives(rials(credits * (credits + 1) / 2))];
    entries.extend((1..=credits).map(|amount| wallet.clone().gets(rials(amount))));
    let posting = Posting::new(PostingKind::Charge, "test:credits", None, "شارژ کیف پول", entries).unwrap();
    let input = (Arc::clone(&app.app), posting, app.clock.now());
    app.app
        .db
        .write(input, |tx, (app, posting, now)| {
            Box::pin(async move { app::billing::post(tx, app, posting, *now).await })
        })
        .await
        .unwrap();
}

#[rstest]
#[tokio::test]
async fn the_statement_is_exported_for_spreadsheets(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let patient = app.patient().await;
    // 500 are read at a time
    credit(&app, &patient, 1_001).await;
    let answer = app.get(CSV).by(&patient).send().await.expect(200);
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    assert!(answer.header("content-disposition").unwrap().contains("attachment"));
    let text = std::str::from_utf8(&answer.bytes).unwrap();
    let text = text.strip_prefix('\u{FEFF}').unwrap();
    let lines: Vec<&str> = text.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 1_002);
    assert_eq!(
        lines[0],
        "date_jalali,created_at,type,amount,balance_after,currency,description,reference,id"
    );
    assert!(
        lines[1].starts_with("1402-10-30,2024-01-20T10:00:00Z,credit,1001,501501,IRR,\"شارژ کیف پول\",,")
    );
    assert!(lines[1_001].contains(",credit,1,1,IRR,"));
    for (amount, line) in (1..=1_001).zip(lines.iter().rev()) {
        assert!(line.contains(&format!(",credit,{amount},")), "each once, and in order: {line}");
    }
    let credits = app.get(&format!("{CSV}?type=credit")).by(&patient).send().await.expect(200);
    assert_eq!(credits.bytes, answer.bytes);
    let none = app.get(&format!("{CSV}?type=debit")).by(&patient).send().await.expect(200);
    assert_eq!(std::str::from_utf8(&none.bytes).unwrap().lines().count(), 1);
    let _ = app.get(&format!("{CSV}?type=x")).by(&patient).send().await.expect(422);
}
