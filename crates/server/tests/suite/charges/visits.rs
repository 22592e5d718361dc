//! Visits that are paid online: twice, too late, by somebody's guess, at a gateway of the patient's choice.

use domain::ledger::Account;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, TestApp, User, visits::FEE};

use super::{location, minutes, path, press};

/// Presses the sandbox's button on a visit's payment page; the path of the sandbox's page.
async fn pay_online(app: &TestApp, patient: &User, visit: &str) -> String {
    let pay = format!("/api/v1/patients/encounters/{visit}/pay/");
    let body = json!({ "payment_method": "online" });
    let page = app.post(&pay).by(patient).json(&body).send().await.expect(200).text("/payment_url");
    let page = path(&page);
    let shown = app.get(&page).send().await.expect(200);
    assert!(String::from_utf8_lossy(&shown.bytes).contains("value=\"sandbox\""));
    let form = app.post(&page).body("application/x-www-form-urlencoded", "gateway=sandbox");
    path(&location(&form.send().await.expect(303)))
}

async fn status(app: &TestApp, patient: &User, visit: &str) -> Value {
    let path = format!("/api/v1/patients/encounters/{visit}/");
    app.get(&path).by(patient).send().await.expect(200).json["status"].clone()
}

#[rstest]
#[tokio::test]
async fn a_visit_is_paid_online_and_what_comes_twice_goes_to_the_wallet(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.patient().await);
    let visit = app.booked(&doctor, &patient).await;
    // tried once more after a failure, and then paid both
    let first = pay_online(&app, &patient, &visit).await;
    let _ = app.get(&press(&app, &first, "fail").await).send().await.expect(303);
    let second = pay_online(&app, &patient, &visit).await;
    assert_ne!(first, second);
    let back = location(&app.get(&press(&app, &first, "succeed").await).send().await.expect(303));
    assert!(back.contains("/pay/") && back.ends_with("status=completed"), "{back}");
    assert_eq!(status(&app, &patient, &visit).await, "confirmed");
    assert_eq!((app.spendable(&patient).await, app.holds(&Account::escrow()).await), (0, FEE));
    let _ = app.get(&press(&app, &second, "succeed").await).send().await.expect(303);
    assert_eq!((app.spendable(&patient).await, app.holds(&Account::escrow()).await), (FEE, FEE));
    assert_eq!(app.holds(&Account::clearing("sandbox")).await, -2 * FEE);
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn a_visit_that_is_paid_too_late_is_money_in_the_wallet(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.patient().await);
    let visit = app.booked(&doctor, &patient).await;
    let page = pay_online(&app, &patient, &visit).await;
    let patient = minutes(&app, &patient, 45).await;
    let _ = app.get(&press(&app, &page, "succeed").await).send().await.expect(303);
    assert_eq!(status(&app, &patient, &visit).await, "cancelled");
    assert_eq!((app.spendable(&patient).await, app.holds(&Account::escrow()).await), (FEE, 0));
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn who_guesses_an_authority_is_not_shown_the_visits_page(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.patient().await);
    let visit = app.booked(&doctor, &patient).await;
    let page = pay_online(&app, &patient, &visit).await;
    let authority = page.rsplit('/').next().unwrap();
    let callback = press(&app, &page, "succeed").await;
    let guess = format!("/api/v1/billing/callback/sandbox/?Authority={authority}&Status=OK");
    for more in ["", "&charge=1", "&charge=018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b"] {
        let back = app.get(&format!("{guess}{more}")).send().await.expect(303);
        assert_eq!(path(&location(&back)), "/pay/result/?status=completed", "{more}");
    }
    assert_eq!(status(&app, &patient, &visit).await, "confirmed", "its money is money all the same");
    let back = location(&app.get(&callback).send().await.expect(303));
    assert!(back.contains("/pay/") && back.contains("transaction_id="), "{back}");
}

#[rstest]
#[tokio::test]
async fn a_visit_is_paid_at_the_gateway_that_its_patient_names(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient, other) = (app.bookable_doctor().await, app.patient().await, app.patient().await);
    let visit = app.booked(&doctor, &patient).await;
    let pay = format!("/api/v1/patients/encounters/{visit}/pay/");
    let site = app.settings.public_site_url.clone();
    for (field, value) in
        [("gateway", "paypal"), ("gateway", "zarinpal"), ("return_url", "https://evil.example/")]
    {
        let body = json!({ "payment_method": "online", field: value });
        let refused = app.post(&pay).by(&patient).json(&body).send().await.expect(422);
        let named = &refused.json["error"]["details"]["field_errors"][field];
        assert!(named.is_array(), "{}", refused.json);
    }
    assert_eq!((app.audited("charge.refuse").await, app.audited("charge.start").await), (3, 0));

    let body = json!({
        "payment_method": "online", "gateway": "sandbox", "return_url": format!("{site}/visits"),
    });
    let call = || app.post(&pay).by(&patient).header("idempotency-key", "k").json(&body).send();
    let _ = app.post(&pay).by(&other).json(&body).send().await.expect(404);
    let answer = call().await.expect(200);
    let page = path(&answer.text("/payment_url"));
    assert!(page.starts_with("/dev/pay/"), "{page}");
    assert_eq!(
        (answer.text("/status"), answer.text("/payment/payment_status")),
        ("pending".into(), "pending".into())
    );
    // the same without a key is the same charge, another way back is not
    let same = app.post(&pay).by(&patient).json(&body).send().await.expect(200);
    assert_eq!(same.json["payment_url"], answer.json["payment_url"]);
    let another = json!({ "payment_method": "online", "gateway": "sandbox" });
    let another = app.post(&pay).by(&patient).json(&another).send().await.expect(200);
    assert_ne!(another.json["payment_url"], answer.json["payment_url"]);

    let back = location(&app.get(&press(&app, &page, "succeed").await).send().await.expect(303));
    assert!(back.starts_with(&format!("{site}/visits?transaction_id=")), "{back}");
    assert_eq!(status(&app, &patient, &visit).await, "confirmed");
    let again = call().await.expect(200);
    assert_eq!((again.header("idempotent-replay"), &again.json), (Some("true"), &answer.json));
    let late = app.post(&pay).by(&patient).json(&body).send().await.expect(409);
    assert_eq!(late.code(), "ILLEGAL_STATE");
}
