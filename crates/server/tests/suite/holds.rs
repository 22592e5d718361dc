//! A booking holds its time for 15 minutes (D19): what is not paid until then is free again, and money that comes
//! later is not lost. The clock stands at 10:00 UTC of 2024-01-20.

use app::visits::Settled;
use db::sql;
use domain::{
    SignedDuration,
    ids::{UserId, VisitId},
};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, TestApp, User};

use crate::{
    booking::{AT, ENCOUNTERS, change, pay, read},
    notifications::{NOTIFICATIONS, texts},
    races::assert_whole,
};

const HOLD: SignedDuration = SignedDuration::from_mins(15);

async fn list(app: &TestApp, user: &User, path: &str) -> Value {
    app.get(path).by(user).send().await.expect(200).json
}

/// Writes down the end of holds, if that is what the test is about.
async fn sweep(app: &TestApp, is_swept: bool) {
    if is_swept {
        assert_eq!(app::visits::expire_due(&app.app).await.unwrap(), 1);
        assert_eq!(app::visits::expire_due(&app.app).await.unwrap(), 0);
    }
}

/// Money of this amount arrives through a gateway.
async fn arrives(app: &TestApp, id: &str, amount: i64) -> Settled {
    TestApp::arrives(&app.app, VisitId(id.parse().unwrap()), amount).await
}

/// Kind, method and amount of all that was paid for a visit, by kind.
pub(crate) async fn payments(app: &TestApp, id: &str) -> Vec<(String, String, i64)> {
    let id = VisitId(id.parse().unwrap());
    let paid = sql!("SELECT kind, method, amount FROM visit_payments WHERE visit_id = ?1 ORDER BY kind, id");
    app.app.db.all(paid, &[&id.0]).await.unwrap()
}

fn paid(kind: &str, method: &str, amount: i64) -> (String, String, i64) {
    (kind.to_owned(), method.to_owned(), amount)
}

#[rstest]
#[tokio::test]
async fn an_unpaid_time_is_free_again_after_a_quarter_of_an_hour(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(false, true)] is_swept: bool,
) {
    let app = TestApp::start(engine).await;
    let (doctor, first, second) =
        (app.bookable_doctor().await, app.rich_patient().await, app.rich_patient().await);
    let id = app.book(&doctor, &first, AT).await.expect(201).text("/id");
    app.clock.advance(HOLD - SignedDuration::from_secs(1));
    assert_eq!(app.book(&doctor, &second, AT).await.expect(409).code(), "APPOINTMENT_CONFLICT");
    assert!(!app.free(&doctor).await.contains(&AT.to_owned()));
    assert_eq!(app::visits::expire_due(&app.app).await.unwrap(), 0);

    app.clock.advance(SignedDuration::from_secs(1));
    sweep(&app, is_swept).await;
    assert!(app.free(&doctor).await.contains(&AT.to_owned()));
    let ended = read(&app, &first, &id).await;
    assert_eq!((&ended["status"], &ended["cancelled_by"]), (&json!("cancelled"), &json!("expired")));
    let payment = (&ended["payment"]["payment_status"], &ended["payment"]["pay_until"]);
    assert_eq!(payment, (&json!("cancelled"), &Value::Null));
    for (user, path) in [(&first, ENCOUNTERS), (&doctor, "/api/v1/doctors/encounters/")] {
        let all = list(&app, user, path).await;
        assert_eq!((&all["count"], &all["results"][0]["status"]), (&json!(1), &json!("cancelled")), "{path}");
        let cancelled = list(&app, user, &format!("{path}?status=cancelled")).await;
        assert_eq!((&cancelled["count"], &cancelled["results"][0]["id"]), (&json!(1), &json!(id)), "{path}");
        assert_eq!(list(&app, user, &format!("{path}?status=pending")).await["count"], 0, "{path}");
    }

    // nothing brings it back
    let next = json!({ "scheduled_at": "2024-01-21T07:30:00Z" });
    let wallet = json!({ "payment_method": "wallet" });
    let online = json!({ "payment_method": "online" });
    for (verb, body) in [("pay", &wallet), ("pay", &online), ("cancel", &json!({})), ("reschedule", &next)] {
        let refused = change(&app, &first, &id, verb, body).await.expect(409);
        assert_eq!(refused.code(), "ILLEGAL_STATE", "{verb}");
    }
    let quote = format!("{ENCOUNTERS}{id}/cancellation-quote/");
    assert_eq!(app.get(&quote).by(&first).send().await.expect(409).code(), "ILLEGAL_STATE");

    let taken = app.book(&doctor, &second, AT).await.expect(201).text("/id");
    let _ = pay(&app, &second, &taken).await.expect(200);
    assert_eq!(read(&app, &first, &id).await, ended, "as it was");
    assert!(payments(&app, &id).await.is_empty());
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test]
async fn who_was_too_slow_may_book_the_same_time_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, other, patient) =
        (app.bookable_doctor().await, app.bookable_doctor().await, app.rich_patient().await);
    let _ = app.book(&doctor, &patient, AT).await.expect(201);
    assert_eq!(app.book(&doctor, &patient, AT).await.expect(409).code(), "APPOINTMENT_CONFLICT");
    app.clock.advance(HOLD);
    let _ = app.book(&doctor, &patient, AT).await.expect(201);
    app.clock.advance(HOLD);
    // the patient is free too, not the doctor alone
    let id = app.book(&other, &patient, AT).await.expect(201).text("/id");
    let _ = pay(&app, &patient, &id).await.expect(200);
    assert_eq!(list(&app, &patient, &format!("{ENCOUNTERS}?status=cancelled")).await["count"], 2);
    assert_eq!(list(&app, &patient, &format!("{ENCOUNTERS}?status=confirmed")).await["count"], 1);
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test]
async fn what_is_paid_in_the_last_second_stays(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    let booked = app.book(&doctor, &patient, AT).await.expect(201);
    let id = booked.text("/id");
    app.clock.advance(HOLD - SignedDuration::from_secs(1));
    // where to pay is told as often as it is asked, and pays nothing
    for _ in 0..2 {
        let asked = change(&app, &patient, &id, "pay", &json!({ "payment_method": "online" })).await;
        let asked = asked.expect(200);
        assert_eq!(asked.text("/status"), "pending");
        assert_eq!(asked.json["payment_url"], booked.json["payment"]["payment_url"]);
    }
    let answer = pay(&app, &patient, &id).await.expect(200);
    assert_eq!(
        (answer.text("/status"), answer.text("/payment/payment_status")),
        ("confirmed".into(), "paid".into())
    );
    assert_eq!(answer.json["payment"]["pay_until"], Value::Null);
    assert_eq!(pay(&app, &patient, &id).await.expect(409).code(), "ILLEGAL_STATE");
    app.clock.advance(HOLD);
    assert_eq!(app::visits::expire_due(&app.app).await.unwrap(), 0);
    assert_eq!(read(&app, &patient, &id).await["status"], "confirmed");
    assert!(!app.free(&doctor).await.contains(&AT.to_owned()));
    assert_eq!(payments(&app, &id).await, [paid("payment", "wallet", 600_000)]);
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test]
async fn only_the_patient_pays_and_in_a_way_that_there_is(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient, other) =
        (app.bookable_doctor().await, app.rich_patient().await, app.rich_patient().await);
    let id = app.book(&doctor, &patient, AT).await.expect(201).text("/id");
    assert_eq!(pay(&app, &other, &id).await.expect(404).code(), "NOT_FOUND");
    assert_eq!(pay(&app, &doctor, &id).await.expect(403).code(), "FORBIDDEN");
    for method in [Value::Null, json!(""), json!("cash"), json!("Wallet"), json!(1), json!(["wallet"])] {
        let body = json!({ "payment_method": method });
        let wrong = change(&app, &patient, &id, "pay", &body).await.expect(422);
        assert!(wrong.json["error"]["details"]["field_errors"]["payment_method"].is_array(), "{method}");
    }
    let cheaper = json!({ "payment_method": "wallet", "amount": 1 });
    let _ = change(&app, &patient, &id, "pay", &cheaper).await.expect(422);
    assert_eq!(read(&app, &patient, &id).await["status"], "pending");
    assert!(payments(&app, &id).await.is_empty());
}

#[rstest]
#[tokio::test]
async fn a_late_payment_goes_to_the_wallet(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(false, true)] is_swept: bool,
) {
    let app = TestApp::start(engine).await;
    let (doctor, first, second) =
        (app.bookable_doctor().await, app.rich_patient().await, app.rich_patient().await);
    let late = app.book(&doctor, &first, AT).await.expect(201).text("/id");
    app.clock.advance(HOLD);
    sweep(&app, is_swept).await;
    let taken = app.book(&doctor, &second, AT).await.expect(201).text("/id");

    assert_eq!(arrives(&app, &late, 600_000).await, Settled::IntoWallet);
    assert_eq!(payments(&app, &late).await, [paid("late", "sandbox", 600_000)]);
    assert_eq!(read(&app, &first, &late).await["status"], "cancelled");
    assert_eq!(read(&app, &second, &taken).await["status"], "pending");
    // the patient hears of it, in the app and as a text
    let told = list(&app, &first, NOTIFICATIONS).await;
    assert_eq!((&told["count"], &told["results"][0]["type"]), (&json!(1), &json!("payment_received")));
    assert_eq!(told["results"][0]["encounter_id"], json!(late));
    app::jobs::run_due(&app.app).await.unwrap();
    assert_eq!(texts(&app, &first).len(), 1);
    assert_eq!(list(&app, &doctor, NOTIFICATIONS).await["count"], 0, "it is not the doctor's business");

    // and if it comes twice, it is there twice
    assert_eq!(arrives(&app, &late, 600_000).await, Settled::IntoWallet);
    assert_eq!(payments(&app, &late).await.len(), 2);
    assert_eq!(list(&app, &first, NOTIFICATIONS).await["count"], 2);
    assert_eq!((app.audited("visit.pay").await, app.audited("visit.pay_late").await), (0, 2));
    assert_eq!(arrives(&app, &taken, 600_000).await, Settled::Confirmed);
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test]
async fn money_that_arrives_twice_confirms_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    let id = app.book(&doctor, &patient, AT).await.expect(201).text("/id");
    assert_eq!(arrives(&app, &id, 600_000).await, Settled::Confirmed);
    let confirmed = read(&app, &patient, &id).await;
    assert_eq!(
        (&confirmed["status"], &confirmed["payment"]["payment_status"]),
        (&json!("confirmed"), &json!("paid"))
    );
    assert_eq!(arrives(&app, &id, 600_000).await, Settled::IntoWallet);
    assert_eq!(read(&app, &patient, &id).await, confirmed);
    let both = [paid("late", "sandbox", 600_000), paid("payment", "sandbox", 600_000)];
    assert_eq!(payments(&app, &id).await, both);
    // also after it was cancelled: what comes back is what was paid for it
    let cancelled = change(&app, &patient, &id, "cancel", &json!({})).await.expect(200);
    assert_eq!(cancelled.json["refund_amount"], 300_000, "less than a day before");
    assert_eq!(arrives(&app, &id, 600_000).await, Settled::IntoWallet);
    assert_eq!(payments(&app, &id).await.len(), 4);
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test]
async fn money_of_another_amount_confirms_nothing_and_is_not_lost(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    let id = app.book(&doctor, &patient, AT).await.expect(201).text("/id");
    for amount in [1, 599_999, 600_001] {
        assert_eq!(arrives(&app, &id, amount).await, Settled::IntoWallet);
    }
    assert_eq!(read(&app, &patient, &id).await["status"], "pending");
    let amounts: i64 = payments(&app, &id).await.iter().map(|(_, _, amount)| amount).sum();
    assert_eq!(amounts, 1_200_001);
    let _ = pay(&app, &patient, &id).await.expect(200);
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test]
async fn a_sweep_ends_every_hold_that_is_due_and_no_other(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    let free = app.free(&doctor).await;
    let (early, later) = (&free[10..15], &free[15..18]);
    let mut ids = vec![];
    for at in early {
        ids.push(app.book(&doctor, &patient, at).await.expect(201).text("/id"));
    }
    let _ = pay(&app, &patient, &ids[0]).await.expect(200);
    app.clock.advance(SignedDuration::from_mins(1));
    for at in later {
        let _ = app.book(&doctor, &patient, at).await.expect(201);
    }
    app.clock.advance(SignedDuration::from_mins(14));
    // as the program does it every minute
    assert!(app::jobs::run_cron(&app.app).await.unwrap() >= 1);
    let ended = sql!("SELECT count(*) FROM visits WHERE status = 'cancelled' AND cancelled_by = 'expired'");
    let count: Option<(i64,)> = app.app.db.one(ended, &[]).await.unwrap();
    assert_eq!(count, Some((4,)));
    let by = UserId(doctor.id.parse().unwrap());
    let times = sql!("SELECT count(*) FROM doctor_times WHERE doctor_id = ?1");
    let count: Option<(i64,)> = app.app.db.one(times, &[&by.0]).await.unwrap();
    assert_eq!(count, Some((4 * 4,)), "four visits of four times five minutes");
    assert_whole(&app.app.db).await;
}
