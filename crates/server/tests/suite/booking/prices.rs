//! What a visit costs its patient: the doctor's fee less the insurer's share, fixed when it is booked.

use domain::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, TestApp, visits::practice};

use super::{AT, ask, assert_wrong, pay, read, visits, wish};
use crate::{races::assert_whole, settings_of_doctors::patch};

#[rstest]
#[tokio::test]
async fn the_price_is_the_doctors_fee_less_what_the_insurer_pays(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient, admin) = (app.bookable_doctor().await, app.rich_patient().await, app.admin().await);
    let covers = json!({ "name": "ایران", "coverage_percent": 33, "is_active": true });
    let _ = app.put("/api/v1/admin/insurers/").by(&admin).json(&covers).send().await.expect(200);
    let odd = json!({ "consultation_settings": { "in_person_consultation_fee": 100_001 } });
    let _ = patch(&app, &doctor, &odd).await.expect(200);

    let insured = |provider: &str| json!({ "use_insurance": true, "provider": provider });
    let free = app.free(&doctor).await;
    for (n, (kind, insurance, price)) in [
        ("online", Value::Null, [600_000, 0, 600_000]),
        ("in_person", Value::Null, [100_001, 0, 100_001]),
        ("online", json!({}), [600_000, 0, 600_000]),
        ("online", json!({ "use_insurance": false, "provider": "هیچ" }), [600_000, 0, 600_000]),
        ("online", insured("آسیا"), [600_000, 360_000, 240_000]),
        // as it is typed on an Arabic keyboard
        ("online", insured(" تأمين  اجتماعي "), [600_000, 360_000, 240_000]),
        ("online", insured("ایران"), [600_000, 198_000, 402_000]),
        // the insurer pays whole Rials
        ("in_person", insured("ایران"), [100_001, 33_000, 67_001]),
    ]
    .into_iter()
    .enumerate()
    {
        let mut wish = wish(&doctor, &free[n]);
        wish["visit_type"] = json!(kind);
        wish["insurance_info"] = insurance;
        let booked = ask(&app, &patient, &wish).await.expect(201);
        let payment = &booked.json["payment"];
        let told = ["total_amount", "insurance_discount", "payable_amount"].map(|share| &payment[share]);
        assert_eq!(told, [&json!(price[0]), &json!(price[1]), &json!(price[2])], "{wish}");
    }
}

#[rstest]
#[tokio::test]
async fn a_price_stays_whatever_the_doctor_asks_later(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    let id = app.book(&doctor, &patient, AT).await.expect(201).text("/id");
    let dearer = json!({ "consultation_settings": { "online_consultation_fee": 900_000 } });
    let _ = patch(&app, &doctor, &dearer).await.expect(200);
    assert_eq!(read(&app, &patient, &id).await["payment"]["payable_amount"], 600_000);
    let paid = pay(&app, &patient, &id).await.expect(200);
    assert_eq!(paid.json["payment"]["payable_amount"], 600_000);
    let next = app.book(&doctor, &patient, "2024-01-21T07:30:00Z").await.expect(201);
    assert_eq!(next.json["payment"]["payable_amount"], 900_000);
}

#[rstest]
#[tokio::test]
async fn an_insurance_that_the_doctor_does_not_take_is_told(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient, admin) = (app.bookable_doctor().await, app.rich_patient().await, app.admin().await);
    // the doctor takes it, but it is no longer one
    let gone = json!({ "name": "آسیا", "coverage_percent": 60, "is_active": false });
    let _ = app.put("/api/v1/admin/insurers/").by(&admin).json(&gone).send().await.expect(200);
    let mut wish = wish(&doctor, AT);
    for provider in ["دی", "هیچ", "آسیا", "تامین"] {
        wish["insurance_info"] = json!({ "use_insurance": true, "provider": provider, "number": "1" });
        assert_wrong(&ask(&app, &patient, &wish).await, "insurance_info.provider", provider);
    }
    assert_eq!(visits(&app).await, 0);
}

#[rstest]
#[tokio::test]
async fn a_visit_that_costs_nothing_is_confirmed_at_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (kind, insured) = (app.doctor().await, app.bookable_doctor().await);
    let (patient, admin) = (app.rich_patient().await, app.admin().await);
    let mut settings = practice();
    settings["consultation_settings"]["online_consultation_fee"] = json!(0);
    let _ = app.put("/api/v1/doctors/settings/").by(&kind).json(&settings).send().await.expect(200);
    let covers = json!({ "name": "ایران", "coverage_percent": 100, "is_active": true });
    let _ = app.put("/api/v1/admin/insurers/").by(&admin).json(&covers).send().await.expect(200);

    let for_nothing = app.book(&kind, &patient, AT).await.expect(201);
    let mut covered = wish(&insured, "2024-01-21T07:30:00Z");
    covered["insurance_info"] = json!({ "use_insurance": true, "provider": "ایران" });
    let covered = ask(&app, &patient, &covered).await.expect(201);
    for (booked, total) in [(&for_nothing, 0), (&covered, 600_000)] {
        let payment = &booked.json["payment"];
        assert_eq!(
            (booked.text("/status"), &payment["payment_status"]),
            ("confirmed".into(), &json!("paid"))
        );
        let shares = (&payment["total_amount"], &payment["insurance_discount"], &payment["payable_amount"]);
        assert_eq!(shares, (&json!(total), &json!(total), &json!(0)));
        assert_eq!(payment["pay_until"], Value::Null);
        assert_eq!(pay(&app, &patient, &booked.text("/id")).await.expect(409).code(), "ILLEGAL_STATE");
    }
    let told = app.get("/api/v1/notifications/").by(&patient).send().await.expect(200).json;
    assert_eq!((&told["count"], &told["results"][0]["type"]), (&json!(2), &json!("appointment_confirmed")));
    // it is no hold
    app.clock.advance(SignedDuration::from_mins(16));
    let taken = app.book(&kind, &app.rich_patient().await, AT).await.expect(409);
    assert_eq!(taken.code(), "APPOINTMENT_CONFLICT");
    assert_eq!(read(&app, &patient, &for_nothing.text("/id")).await["status"], "confirmed");
    assert_whole(&app.app.db).await;
}
