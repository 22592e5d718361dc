//! What admins see of payouts: whole IBANs in the bank's file alone, and what insurers still owe.

use domain::{Clock as _, SignedDuration, Timestamp};
use rstest::rstest;
use serde_json::json;
use testkit::{Engine, TestApp, User, visits::FEE};

use super::{ALL, BATCHES, IBAN, LEAST, NET, PAYOUTS, act, ask, exported, read, requested};
use crate::visits::anew;

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
