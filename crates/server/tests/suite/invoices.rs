//! Invoices: issued a moment after the money, numbered without gaps in each Jalali year, and readable as PDF by those
//! whose they are.

use domain::{
    Clock as _, SignedDuration, Timestamp,
    ids::{JobId, new_v7},
    ledger::Account,
};
use rstest::rstest;
use serde_json::{Value, json};
use store::jobs::NewJob;
use testkit::{Answer, Engine, TestApp, User, visits::FEE};
use tokio::task::JoinSet;

const INVOICES: &str = "/api/v1/billing/invoices/";
const ALL: &str = "/api/v1/admin/invoices/";
const PURCHASE: &str = "/api/v1/billing/subscriptions/purchase/";
const VISITS: &str = "/api/v1/patients/encounters/";

async fn run(app: &TestApp) {
    app::jobs::run_due(&app.app).await.unwrap();
}

/// The user's invoices, newest first.
async fn invoices(app: &TestApp, by: &User) -> Vec<Value> {
    let page = app.get(INVOICES).by(by).send().await.expect(200).json;
    page["results"].as_array().unwrap().clone()
}

fn numbers(invoices: &[Value]) -> Vec<&str> {
    invoices.iter().map(|invoice| invoice["number"].as_str().unwrap()).collect()
}

async fn buy(app: &TestApp, user: &User, plan: &str, months: i64) -> Answer {
    let body = json!({ "plan_id": plan, "duration_months": months, "payment_method": "wallet" });
    app.post(PURCHASE).by(user).json(&body).send().await
}

async fn rich(app: &TestApp) -> User {
    let user = app.patient().await;
    app.give(&user, 10_000_000).await;
    user
}

async fn pdf(app: &TestApp, by: &User, id: &str) -> Answer {
    app.get(&format!("{INVOICES}{id}/pdf/")).by(by).send().await
}

fn id(invoice: &Value) -> String {
    invoice["id"].as_str().unwrap().to_owned()
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[rstest]
#[tokio::test]
async fn a_visit_a_plan_and_a_cancellation_are_billed(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.patient().await);
    let visit = app.confirmed(&doctor, &patient).await;
    assert!(invoices(&app, &patient).await.is_empty(), "the payment waits for no number");
    run(&app).await;
    let first = invoices(&app, &patient).await;
    assert_eq!(numbers(&first), ["1402-000001"]);
    let invoice = &first[0];
    assert_eq!((&invoice["kind"], &invoice["currency"]), (&json!("visit"), &json!("IRR")));
    assert_eq!((&invoice["subtotal"], &invoice["total"]), (&json!(FEE), &json!(FEE)));
    assert_eq!((&invoice["discount"], &invoice["insurance_share"]), (&json!(0), &json!(0)));
    assert_eq!((&invoice["reference"], &invoice["corrects"]), (&json!(visit), &Value::Null));
    assert_eq!(
        (&invoice["payment_method"], invoice["payment_reference"].is_string()),
        (&json!("wallet"), true)
    );
    assert_eq!(invoice["issued_at"], "2024-01-20T10:00:00Z");
    let line = &invoice["lines"][0];
    assert_eq!(
        (&line["quantity"], &line["unit_price"], &line["amount"]),
        (&json!(1), &json!(FEE), &json!(FEE))
    );
    let description = line["description"].as_str().unwrap();
    assert!(description.starts_with("ویزیت آنلاین با دکتر سارا احمدی") && !description.contains("سردرد"));
    let one = app.get(&format!("{INVOICES}{}/", id(invoice))).by(&patient).send().await.expect(200);
    assert_eq!(&one.json, invoice);

    let file = pdf(&app, &patient, &id(invoice)).await.expect(200);
    assert_eq!(file.header("content-type"), Some("application/pdf"));
    let name = "inline; filename=\"invoice-1402-000001.pdf\"";
    assert_eq!(file.header("content-disposition"), Some(name));
    assert_eq!(file.header("cache-control"), Some("private"));
    assert!(file.bytes.starts_with(b"%PDF-") && contains(&file.bytes, "Vazirmatn"));
    let again = pdf(&app, &patient, &id(invoice)).await.expect(200);
    assert!(again.bytes == file.bytes, "the same each time");
    assert!(
        invoice["pdf_url"].as_str().unwrap().ends_with(&format!("/billing/invoices/{}/pdf/", id(invoice)))
    );

    app.give(&patient, 1_000_000).await;
    let _ = buy(&app, &patient, "basic", 2).await.expect(200);
    run(&app).await;
    let second = invoices(&app, &patient).await;
    assert_eq!(numbers(&second), ["1402-000002", "1402-000001"]);
    assert_eq!((&second[0]["kind"], &second[0]["total"]), (&json!("subscription"), &json!(198_000)));
    // 2024-01-20 to 2024-03-20
    assert_eq!(second[0]["lines"][0]["description"], "اشتراک پلن پایه، ۲ ماه، از ۱۴۰۲/۱۰/۳۰ تا ۱۴۰۳/۰۱/۰۱");

    let _ = app.post(&format!("{VISITS}{visit}/cancel/")).by(&patient).send().await.expect(200);
    run(&app).await;
    let third = invoices(&app, &patient).await;
    assert_eq!(numbers(&third), ["1402-000003", "1402-000002", "1402-000001"]);
    let note = &third[0];
    assert_eq!((&note["kind"], &note["total"]), (&json!("credit_note"), &json!(FEE)));
    assert_eq!((&note["corrects"], &note["corrects_number"]), (&invoice["id"], &invoice["number"]));
    assert_eq!(note["reference"], json!(visit));
    let _ = pdf(&app, &patient, &id(note)).await.expect(200);
    assert_eq!(app.audited("invoice.issue").await, 3);
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn the_insurers_share_is_on_the_bill_and_a_late_cancellation_credits_half(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, rich(&app).await);
    let soon = app.clock.now() + SignedDuration::from_hours(2);
    let free = app.free(&doctor).await;
    let at = free.iter().find(|at| at.parse::<Timestamp>().unwrap() > soon).unwrap();
    let wish = json!({
        "doctor_id": doctor.id, "scheduled_at": at, "visit_type": "online", "chief_complaint": "سردرد",
        "insurance_info": { "use_insurance": true, "provider": "تامین اجتماعی", "number": "1234567890" },
    });
    let visit =
        app.post(&format!("{VISITS}book/")).by(&patient).json(&wish).send().await.expect(201).text("/id");
    let pay = json!({ "payment_method": "wallet" });
    let _ = app.post(&format!("{VISITS}{visit}/pay/")).by(&patient).json(&pay).send().await.expect(200);
    let _ = app.post(&format!("{VISITS}{visit}/cancel/")).by(&patient).send().await.expect(200);
    // both jobs at once: the note waits for what it corrects
    run(&app).await;
    let billed = invoices(&app, &patient).await;
    assert_eq!(numbers(&billed), ["1402-000002", "1402-000001"]);
    let (note, invoice) = (&billed[0], &billed[1]);
    let share = invoice["insurance_share"].as_i64().unwrap();
    assert!(share > 0, "{invoice}");
    assert_eq!((&invoice["subtotal"], &invoice["total"]), (&json!(FEE), &json!(FEE - share)));
    assert_eq!((&note["total"], &note["corrects"]), (&json!((FEE - share) / 2), &invoice["id"]));
}

#[rstest]
#[tokio::test]
async fn a_visit_that_was_paid_online_names_its_gateway(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.patient().await);
    let visit = app.booked(&doctor, &patient).await;
    let body = json!({ "payment_method": "online" });
    let pay = app.post(&format!("{VISITS}{visit}/pay/")).by(&patient).json(&body).send().await.expect(200);
    let page = path(&pay.text("/payment_url"));
    let form = app.post(&page).body("application/x-www-form-urlencoded", "gateway=sandbox");
    let sandbox = path(form.send().await.expect(303).header("location").unwrap());
    let pressed = app.post(&format!("{sandbox}/succeed/")).send().await.expect(303);
    let _ = app.get(&path(pressed.header("location").unwrap())).send().await.expect(303);
    run(&app).await;
    let billed = invoices(&app, &patient).await;
    assert_eq!((billed.len(), &billed[0]["payment_method"]), (1, &json!("sandbox")));
    assert!(billed[0]["payment_reference"].is_string(), "{}", billed[0]);
    let _ = pdf(&app, &patient, &id(&billed[0])).await.expect(200);
}

/// The path of an address of this server's.
fn path(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or_else(|| "/".to_owned(), |at| rest[at..].to_owned())
}

#[rstest]
#[tokio::test]
async fn what_an_upgrade_leaves_over_is_credited(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (user, other) = (rich(&app).await, rich(&app).await);
    let _ = buy(&app, &user, "basic", 12).await.expect(200);
    let _ = buy(&app, &user, "premium", 1).await.expect(200);
    let _ = buy(&app, &other, "basic", 1).await.expect(200);
    let _ = buy(&app, &other, "premium", 1).await.expect(200);
    run(&app).await;
    let mine = invoices(&app, &user).await;
    let note = mine.iter().find(|one| one["kind"] == "credit_note").unwrap();
    let first = mine.iter().find(|one| one["kind"] == "subscription").unwrap();
    assert_eq!((mine.len(), &note["total"], &note["corrects"]), (2, &json!(889_000), &first["id"]));
    // a dearer one: the old days lessen the bill
    let theirs = invoices(&app, &other).await;
    let upgraded = theirs.iter().find(|one| one["total"] == json!(200_000)).unwrap();
    assert_eq!((&upgraded["subtotal"], &upgraded["lines"][1]["amount"]), (&json!(200_000), &json!(-99_000)));
    let sum = |all: &[Value]| -> i64 {
        let signed = |one: &Value| {
            let total = one["total"].as_i64().unwrap();
            if one["kind"] == "credit_note" { -total } else { total }
        };
        all.iter().map(signed).sum()
    };
    assert_eq!(sum(&mine) + sum(&theirs), app.holds(&Account::subscriptions()).await);
}

#[rstest]
#[tokio::test]
async fn a_new_year_begins_at_one(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let user = rich(&app).await;
    let _ = buy(&app, &user, "basic", 1).await.expect(200);
    run(&app).await;
    // a minute before Nowruz 1403 in Tehran
    let eve: Timestamp = "2024-03-19T20:29:00Z".parse().unwrap();
    app.clock.advance(eve.duration_since(app.clock.now()));
    let user = app.log_in(&user.phone).await;
    let _ = buy(&app, &user, "basic", 1).await.expect(200);
    run(&app).await;
    let _ = buy(&app, &user, "basic", 1).await.expect(200);
    // its day is that on which it is issued
    app.clock.advance(SignedDuration::from_mins(2));
    run(&app).await;
    let _ = buy(&app, &user, "basic", 1).await.expect(200);
    run(&app).await;
    let billed = invoices(&app, &user).await;
    assert_eq!(numbers(&billed), ["1403-000002", "1403-000001", "1402-000002", "1402-000001"]);
    let admin = app.admin().await;
    for (query, expected) in [
        ("?year=1402", vec!["1402-000002", "1402-000001"]),
        ("?year=1403&page_size=1", vec!["1403-000002"]),
        ("?year=1404", vec![]),
    ] {
        let page = app.get(&format!("{ALL}{query}")).by(&admin).send().await.expect(200).json;
        assert_eq!(numbers(page["results"].as_array().unwrap()), expected, "{query}");
    }
}

#[rstest]
#[tokio::test]
async fn a_job_that_runs_twice_bills_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.patient().await);
    let visit = app.confirmed(&doctor, &patient).await;
    let _ = app.post(&format!("{VISITS}{visit}/cancel/")).by(&patient).send().await.expect(200);
    for _ in 0..2 {
        for cause in ["visit_refund", "visit", "visit_refund", "visit"] {
            again(&app, &json!({ "cause": { cause: visit } })).await;
        }
        run(&app).await;
        assert_eq!(numbers(&invoices(&app, &patient).await), ["1402-000002", "1402-000001"]);
    }
    let jobs = app.get("/api/v1/admin/jobs/?status=dead").by(&app.admin().await).send().await.expect(200);
    assert_eq!(jobs.json["count"], 0);
    assert_eq!(app.audited("invoice.issue").await, 2);
}

/// The same job once more.
async fn again(app: &TestApp, payload: &Value) {
    let now = app.clock.now();
    let id = JobId(new_v7(now, &*app.app.rng));
    app.app
        .db
        .write(payload.clone(), move |tx, payload| {
            Box::pin(async move {
                let kind = "billing.issue_invoice";
                let job = NewJob { kind, payload: payload.clone(), run_at: now, unique_key: None };
                store::jobs::enqueue(tx, id, &job, now).await
            })
        })
        .await
        .unwrap();
}

#[rstest]
#[tokio::test]
async fn somebody_elses_invoice_is_not_there_and_an_admins_look_is_on_record(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (user, other) = (rich(&app).await, rich(&app).await);
    let _ = buy(&app, &user, "basic", 1).await.expect(200);
    run(&app).await;
    let invoice = id(&invoices(&app, &user).await[0]);
    assert!(invoices(&app, &other).await.is_empty());
    let one = format!("{INVOICES}{invoice}/");
    let any = format!("{ALL}{invoice}/pdf/");
    let (staff, admin) = (app.staff().await, app.admin().await);
    for stranger in [&other, &staff, &admin] {
        assert_eq!(app.get(&one).by(stranger).send().await.expect(404).code(), "NOT_FOUND");
        assert_eq!(pdf(&app, stranger, &invoice).await.expect(404).code(), "NOT_FOUND");
    }
    let _ = app.get(&one).send().await.expect(401);
    for (path, caller) in [(ALL, &user), (ALL, &staff), (&*any, &user), (&*any, &staff)] {
        let _ = app.get(path).by(caller).send().await.expect(403);
    }
    assert_eq!((app.audited("invoice.view").await, app.audited("invoice.find").await), (0, 0));
    let file = app.get(&any).by(&admin).send().await.expect(200);
    assert!(file.bytes == pdf(&app, &user, &invoice).await.expect(200).bytes);
    let of = format!("{ALL}?user={}", user.id);
    let page = app.get(&of).by(&admin).send().await.expect(200).json;
    assert_eq!((&page["count"], &page["results"][0]["user_id"]), (&json!(1), &json!(user.id)));
    let url = page["results"][0]["pdf_url"].as_str().unwrap();
    assert!(url.ends_with(&format!("/admin/invoices/{invoice}/pdf/")), "{url}");
    assert_eq!((app.audited("invoice.view").await, app.audited("invoice.find").await), (1, 1));
    for bad in ["?year=0", "?year=x", "?user=1", "?page=0"] {
        let _ = app.get(&format!("{ALL}{bad}")).by(&admin).send().await.expect(422);
    }
    let _ = app.get(&format!("{ALL}{}/pdf/", user.id)).by(&admin).send().await.expect(404);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_purchases_at_once_are_numbered_from_one_to_a_hundred(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let mut users = vec![];
    for _ in 0..20 {
        users.push(rich(&app).await);
    }
    let body = json!({ "plan_id": "basic", "duration_months": 1, "payment_method": "wallet" });
    let mut all = JoinSet::new();
    for n in 0..100 {
        let call = app.post(PURCHASE).by(&users[n % 20]).json(&body);
        all.spawn(async move { (call.send().await.status, n % 20) });
    }
    let mut bought = 0;
    for (mut status, user) in all.join_all().await {
        // too many at once are told to come again
        while status == 503 {
            status = app.post(PURCHASE).by(&users[user]).json(&body).send().await.status;
        }
        assert_eq!(status, 200);
        bought += 1;
    }
    assert_eq!(bought, 100);
    let second = app.second_node().await;
    let (one, two) = tokio::join!(app::jobs::run_due(&app.app), app::jobs::run_due(&second.app));
    let _ = (one.unwrap(), two.unwrap());
    // what lost a race waits a little
    app.clock.advance(SignedDuration::from_secs(61));
    run(&app).await;
    let admin = app.admin().await;
    let page = app.get(&format!("{ALL}?page_size=100")).by(&admin).send().await.expect(200).json;
    let expected: Vec<String> = (1..=100).rev().map(|n| format!("1402-{n:06}")).collect();
    assert_eq!(page["count"], 100);
    assert_eq!(numbers(page["results"].as_array().unwrap()), expected);
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn no_credit_note_is_larger_than_what_it_corrects(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let user = rich(&app).await;
    let _ = buy(&app, &user, "basic", 10).await.expect(200);
    let _ = buy(&app, &user, "basic", 2).await.expect(200);
    let _ = buy(&app, &user, "premium", 1).await.expect(200);
    run(&app).await;
    let billed = invoices(&app, &user).await;
    let bill = |total: i64| billed.iter().find(|one| one["kind"] == "subscription" && one["total"] == total);
    let (first, second) = (bill(990_000).unwrap(), bill(198_000).unwrap());
    let notes: Vec<_> = billed.iter().filter(|one| one["kind"] == "credit_note").collect();
    assert_eq!((billed.len(), notes.len()), (4, 2));
    // 1,188,000 less 299,000, the newest first
    for (total, corrects) in [(198_000, second), (691_000, first)] {
        let note = notes.iter().find(|note| note["total"] == total).unwrap();
        assert_eq!(note["corrects"], corrects["id"]);
    }
    let sum: i64 = notes.iter().map(|note| note["total"].as_i64().unwrap()).sum();
    assert_eq!(990_000 + 198_000 - sum, app.holds(&Account::subscriptions()).await);
}

#[rstest]
#[tokio::test]
async fn days_that_were_credited_are_corrected_where_they_were_paid(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (user, admin) = (rich(&app).await, app.admin().await);
    let gold = json!({
        "name": "طلا", "price": 300_000, "features": ["ویزیت آنلاین نامحدود"],
        "limitations": { "monthly_consultations": -1, "storage_mb": 1_024, "ai_queries": -1 },
        "is_premium": true,
    });
    let _ = app.put("/api/v1/admin/plans/gold/").by(&admin).json(&gold).send().await.expect(200);
    // 990,000; then 1,196,000 of which 990,000 are credited; then 300,000
    let _ = buy(&app, &user, "basic", 10).await.expect(200);
    let _ = buy(&app, &user, "premium", 4).await.expect(200);
    let _ = buy(&app, &user, "gold", 1).await.expect(200);
    run(&app).await;
    let billed = invoices(&app, &user).await;
    let bill = |total: i64| billed.iter().find(|one| one["kind"] == "subscription" && one["total"] == total);
    let (basic, premium) = (bill(990_000).unwrap(), bill(206_000).unwrap());
    for (total, corrects) in [(206_000, premium), (690_000, basic)] {
        let note = billed.iter().find(|one| one["kind"] == "credit_note" && one["total"] == total).unwrap();
        assert_eq!(note["corrects"], corrects["id"]);
    }
    assert_eq!((billed.len(), app.holds(&Account::subscriptions()).await), (4, 300_000));
}
