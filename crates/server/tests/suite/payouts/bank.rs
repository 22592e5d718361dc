//! From visits to the doctor's bank, and back where the bank returns it.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, TestApp, visits::FEE};

use super::{
    ALL, BATCHES, IBAN, LEAST, NET, PAYOUTS, act, ask, exported, money, read, reason, refused, requested,
    wants,
};
use crate::{notifications::texts, visits::anew};

const EARNINGS: &str = "/api/v1/doctors/earnings/";
const MASKED: &str = "IR58••••3007";

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
