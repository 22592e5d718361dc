//! Invoices: issued a moment after the money, numbered without gaps in each Jalali year, and readable as PDF by those
//! whose they are.

mod billed;
mod credited;
mod numbered;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Answer, Engine, TestApp, User};

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
