//! A key books one visit and pays one visit, once.

use domain::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Call, Engine, TestApp, User};

use super::{AT, BOOK, ENCOUNTERS, ask, change, read, visits, wish};
use crate::{doctors::DOCTORS, races::assert_whole};

fn keyed(app: &TestApp, patient: &User, key: &str, wish: &Value) -> Call {
    app.post(BOOK).by(patient).header("idempotency-key", key).json(wish)
}

#[rstest]
#[tokio::test]
async fn a_key_books_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (doctor, patient, admin) = (app.bookable_doctor().await, app.rich_patient().await, app.admin().await);
    let first_wish = wish(&doctor, AT);
    let first = keyed(&app, &patient, "k", &first_wish).send().await.expect(201);
    assert_eq!(first.header("idempotent-replay"), None);
    // another visit, or the same one in other words, needs another key
    let mut in_other_words = first_wish.clone();
    in_other_words["description"] = json!("از دیروز");
    for other in [wish(&doctor, "2024-01-21T07:30:00Z"), in_other_words] {
        let refused = keyed(&app, &patient, "k", &other).send().await.expect(422);
        assert_eq!(refused.code(), "IDEMPOTENCY_KEY_REUSED");
    }
    // somebody else's key is another one
    let other = app.rich_patient().await;
    let taken = keyed(&app, &other, "k", &first_wish).send().await.expect(409);
    assert_eq!((taken.code(), taken.header("idempotent-replay")), ("APPOINTMENT_CONFLICT", None));
    // without the key it would be a second visit
    assert_eq!(ask(&app, &patient, &first_wish).await.expect(409).code(), "APPOINTMENT_CONFLICT");

    // whatever has become of the visit and of the doctor, the answer is the first one
    let id = first.text("/id");
    let _ = change(&app, &patient, &id, "cancel", &json!({})).await.expect(200);
    let suspend = format!("{DOCTORS}{}/suspend/", doctor.id);
    let reason = json!({ "reason": "شکایت بیمار" });
    let _ = app.post(&suspend).by(&admin).json(&reason).send().await.expect(200);
    app.clock.advance(SignedDuration::from_mins(16));
    let again = keyed(&app, &patient, "k", &first_wish).send().await.expect(201);
    assert_eq!((&again.json, again.header("idempotent-replay")), (&first.json, Some("true")));
    assert_eq!((visits(&app).await, app.audited("visit.book").await), (1, 1));
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test]
async fn a_key_whose_booking_was_refused_may_be_used_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, first, second) =
        (app.bookable_doctor().await, app.rich_patient().await, app.rich_patient().await);
    let id = app.book(&doctor, &first, AT).await.expect(201).text("/id");
    for _ in 0..2 {
        let refused = keyed(&app, &second, "k", &wish(&doctor, AT)).send().await.expect(409);
        assert_eq!((refused.code(), refused.header("idempotent-replay")), ("APPOINTMENT_CONFLICT", None));
    }
    let _ = change(&app, &first, &id, "cancel", &json!({})).await.expect(200);
    let booked = keyed(&app, &second, "k", &wish(&doctor, AT)).send().await.expect(201);
    assert_eq!(booked.header("idempotent-replay"), None);
}

#[rstest]
#[tokio::test]
async fn a_key_pays_one_visit_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    // a key of a booking is none of a payment
    let one = keyed(&app, &patient, "k", &wish(&doctor, AT)).send().await.expect(201).text("/id");
    let other = app.book(&doctor, &patient, "2024-01-21T07:30:00Z").await.expect(201).text("/id");
    let pay = |id: &str, method: &str| {
        let call = app.post(&format!("{ENCOUNTERS}{id}/pay/")).by(&patient).header("idempotency-key", "k");
        call.json(&json!({ "payment_method": method }))
    };
    let first = pay(&one, "wallet").send().await.expect(200);
    assert_eq!(first.text("/status"), "confirmed");
    let again = pay(&one, "wallet").send().await.expect(200);
    assert_eq!((&again.json, again.header("idempotent-replay")), (&first.json, Some("true")));
    for refused in [pay(&other, "wallet").send().await, pay(&one, "online").send().await] {
        assert_eq!(refused.expect(422).code(), "IDEMPOTENCY_KEY_REUSED");
    }
    assert_eq!(read(&app, &patient, &other).await["status"], "pending");
    assert_eq!(app.audited("visit.pay").await, 1);
    assert_whole(&app.app.db).await;
}
