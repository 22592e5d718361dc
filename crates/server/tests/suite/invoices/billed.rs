//! What is billed: visits, with the insurer's share and the gateway that was paid through, plans, and cancellations.

use domain::{Clock as _, SignedDuration, Timestamp};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, TestApp, visits::FEE};

use super::{INVOICES, VISITS, buy, id, invoices, numbers, pdf, rich, run};

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
