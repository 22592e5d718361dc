//! What a cancellation costs (D21): the quote tells it, free time may move along, and money goes back once.

use domain::{SignedDuration, Timestamp};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Answer, Call, Engine, TestApp, User};
use tokio::task::JoinSet;

use crate::{
    settings_of_doctors::patch,
    visits::{Clinic, LED, MONDAY, TUESDAY, VISITS, moment, money},
};

/// Rials; odd, so that half of it is not whole.
const FEE: i64 = 320_001;

/// A clinic whose online visits cost that.
async fn open(engine: Engine) -> Clinic {
    let clinic = Clinic::open(engine).await;
    let fee = json!({ "consultation_settings": { "online_consultation_fee": FEE } });
    let _ = patch(&clinic.app, &clinic.doctor, &fee).await.expect(200);
    clinic
}

fn cancel(app: &TestApp, patient: &User, visit: &str, key: &str) -> Call {
    app.post(&format!("{VISITS}{visit}/cancel/")).by(patient).header("idempotency-key", key)
}

async fn moved(clinic: &Clinic, visit: &str, to: &str) -> Answer {
    let body = json!({ "scheduled_at": to });
    clinic.app.post(&format!("{VISITS}{visit}/reschedule/")).by(&clinic.patient).json(&body).send().await
}

async fn quote(clinic: &Clinic, visit: &str) -> Value {
    clinic.ask(visit, "quote").send().await.expect(200).json
}

/// Whether the doctor can be booked then.
async fn is_free(clinic: &Clinic, at: &str) -> bool {
    let day = domain::days::tehran_today(moment(at));
    let path = format!("/api/v1/patients/doctors/{}/slots/?from={day}&to={day}", clinic.doctor.id);
    let slots = clinic.app.get(&path).by(&clinic.patient).send().await.expect(200).json;
    slots["results"].as_array().unwrap().iter().any(|slot| slot["start"] == at)
}

#[rstest]
#[tokio::test]
async fn the_quote_is_what_the_cancellation_gives(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut clinic = open(engine).await;
    // when a visit begins and when it is cancelled; what comes back and what is kept
    let cases = [
        ("2024-01-22T10:00:00Z", "2024-01-20T10:00:00Z", FEE, 0),
        ("2024-01-22T10:30:00Z", "2024-01-21T10:29:59.999999Z", FEE, 0),
        ("2024-01-22T11:00:00Z", "2024-01-21T11:00:00Z", 160_001, 160_000),
        ("2024-01-22T11:30:00Z", "2024-01-22T06:00:00Z", 160_001, 160_000),
        ("2024-01-22T12:00:00Z", "2024-01-22T11:59:59.999999Z", 160_001, 160_000),
    ];
    let mut visits = vec![];
    for (starts, ..) in cases {
        visits.push(clinic.paid(starts).await);
    }
    let begun = clinic.paid("2024-01-22T12:30:00Z").await;
    for (visit, (starts, when, refund, fee)) in visits.iter().zip(cases) {
        clinic.go_to(moment(when)).await;
        let quoted = quote(&clinic, visit).await;
        let free_until = (moment(starts) - SignedDuration::from_hours(24)).to_string();
        let expected = json!({
            "refund_amount": refund, "fee_amount": fee, "free_until": free_until, "currency": "IRR",
        });
        assert_eq!(quoted, expected, "{starts}");
        let seen = clinic.seen(visit).await;
        assert_eq!(seen["cancellation_policy"]["free_cancellation_before"], quoted["free_until"]);
        assert_eq!(seen["cancellation_policy"]["cancellation_fee_percentage"], 50);

        let cancelled = clinic.ask(visit, "cancel").send().await.expect(200).json;
        for field in ["refund_amount", "fee_amount", "currency"] {
            assert_eq!(cancelled[field], quoted[field], "{starts}");
        }
        assert_eq!((&cancelled["id"], &cancelled["status"]), (&json!(visit), &json!("cancelled")));
        assert_eq!(cancelled["payment"]["payment_status"], "refunded");
        let written = [format!("payment {FEE}"), format!("refund {refund}")];
        assert_eq!(money(&clinic.app, visit).await, written, "{starts}");
        let seen = clinic.seen(visit).await;
        assert_eq!((&seen["status"], &seen["cancelled_by"]), (&json!("cancelled"), &json!("patient")));
    }
    clinic.go_to(moment("2024-01-22T12:30:00Z")).await;
    for step in ["quote", "cancel"] {
        assert_eq!(clinic.ask(&begun, step).send().await.expect(409).code(), "ILLEGAL_STATE", "{step}");
    }
    assert_eq!(money(&clinic.app, &begun).await, [format!("payment {FEE}")]);
}

#[rstest]
#[tokio::test]
async fn a_doctor_who_cancels_keeps_nothing(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let mut clinic = open(engine).await;
    let visit = clinic.paid(MONDAY).await;
    clinic.go_to(moment("2024-01-22T09:00:00Z")).await;
    assert_eq!(quote(&clinic, &visit).await["fee_amount"], 160_000, "the patient would pay for it");
    let path = format!("{LED}{visit}/cancel/");
    let body = json!({ "reason": "بیماری پزشک" });
    let sent =
        || clinic.app.post(&path).by(&clinic.doctor).header("idempotency-key", "key").json(&body).send();
    let cancelled = sent().await.expect(200);
    assert_eq!(cancelled.json["status"], "cancelled");
    assert_eq!(cancelled.json["cancelled_by"], "doctor");
    let again = sent().await.expect(200);
    assert_eq!((again.header("idempotent-replay"), &again.json), (Some("true"), &cancelled.json));
    assert_eq!(money(&clinic.app, &visit).await, [format!("payment {FEE}"), format!("refund {FEE}")]);
    let seen = clinic.seen(&visit).await;
    assert_eq!((&seen["status"], &seen["cancelled_by"]), (&json!("cancelled"), &json!("doctor")));
    assert_eq!(seen["payment"]["payment_status"], "refunded");
    assert!(is_free(&clinic, MONDAY).await);
}

#[rstest]
#[tokio::test]
async fn a_visit_that_nobody_has_paid_gives_nothing_back(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let clinic = open(engine).await;
    for step in ["cancel", "cancel by the doctor"] {
        let visit = clinic.held(MONDAY).await;
        assert!(!is_free(&clinic, MONDAY).await);
        let quoted = quote(&clinic, &visit).await;
        assert_eq!((&quoted["refund_amount"], &quoted["fee_amount"]), (&json!(0), &json!(0)));
        let cancelled = clinic.ask(&visit, step).send().await.expect(200).json;
        assert_eq!(cancelled["status"], "cancelled", "{step}");
        if step == "cancel" {
            assert_eq!((&cancelled["refund_amount"], &cancelled["fee_amount"]), (&json!(0), &json!(0)));
        }
        assert_eq!(clinic.seen(&visit).await["payment"]["payment_status"], "cancelled");
        assert!(money(&clinic.app, &visit).await.is_empty());
        assert!(is_free(&clinic, MONDAY).await);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_often_a_cancellation_is_sent_with_its_key_the_money_goes_back_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let clinic = open(engine).await;
    let there = clinic.app.second_node().await;
    let visit = clinic.paid(MONDAY).await;
    let mut sending = JoinSet::new();
    for node in [&clinic.app, &there].into_iter().cycle().take(20) {
        sending.spawn(cancel(node, &clinic.patient, &visit, "key").send());
    }
    let mut done = 0;
    for answer in sending.join_all().await {
        if answer.status == 200 {
            assert_eq!(answer.json["refund_amount"], FEE);
            done += i32::from(answer.header("idempotent-replay").is_none());
        } else {
            assert_eq!((answer.status, answer.code()), (409, "REQUEST_IN_PROGRESS"), "{}", answer.json);
        }
    }
    assert_eq!(done, 1);
    let written = [format!("payment {FEE}"), format!("refund {FEE}")];
    assert_eq!(money(&clinic.app, &visit).await, written);
    for node in [&clinic.app, &there] {
        let again = cancel(node, &clinic.patient, &visit, "key").send().await.expect(200);
        assert_eq!(again.header("idempotent-replay"), Some("true"));
        assert_eq!(again.json["refund_amount"], FEE);
    }
    // the key belongs to what was sent with it, and to this visit
    let other = json!({ "reason": "سفر پیش آمد" });
    let reused = cancel(&clinic.app, &clinic.patient, &visit, "key").json(&other).send().await.expect(422);
    assert_eq!(reused.code(), "IDEMPOTENCY_KEY_REUSED");
    let second = clinic.paid(TUESDAY).await;
    let reused = cancel(&clinic.app, &clinic.patient, &second, "key").send().await.expect(422);
    assert_eq!(reused.code(), "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(clinic.seen(&second).await["status"], "confirmed");
    let late = cancel(&clinic.app, &clinic.patient, &visit, "another key").send().await.expect(409);
    assert_eq!(late.code(), "ILLEGAL_STATE");
    assert_eq!(money(&clinic.app, &visit).await, written);
    assert_eq!(clinic.app.audited("visit.cancel").await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_patient_and_doctor_who_cancel_at_once_one_does(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let clinic = open(engine).await;
    for n in 0..5 {
        let visit = clinic.paid(MONDAY).await;
        let mut sending = JoinSet::new();
        for step in ["cancel", "cancel by the doctor"] {
            sending.spawn(clinic.ask(&visit, step).send());
        }
        let mut statuses: Vec<u16> = sending.join_all().await.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{n}");
        assert_eq!(money(&clinic.app, &visit).await, [format!("payment {FEE}"), format!("refund {FEE}")]);
    }
    assert_eq!(clinic.app.audited("visit.cancel").await, 5);
}

#[rstest]
#[tokio::test]
async fn moving_a_visit_in_time_takes_its_free_time_along(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut clinic = open(engine).await;
    let visit = clinic.paid(MONDAY).await;
    let before = clinic.seen(&visit).await;
    clinic.go_to(moment("2024-01-21T09:59:59.999999Z")).await;
    let answer = moved(&clinic, &visit, TUESDAY).await.expect(200).json;
    assert_eq!((&answer["scheduled_at"], &answer["status"]), (&json!(TUESDAY), &json!("confirmed")));
    assert_eq!(answer["payment"], before["payment"], "the price stays, and what was paid");
    assert_eq!(answer["booking_reference"], before["booking_reference"]);
    assert!(is_free(&clinic, MONDAY).await && !is_free(&clinic, TUESDAY).await);
    assert_eq!(quote(&clinic, &visit).await["free_until"], "2024-01-22T10:00:00Z");

    // nearer again, while that is free
    let nearer = "2024-01-22T12:30:00Z";
    let _ = moved(&clinic, &visit, nearer).await.expect(200);
    assert_eq!(quote(&clinic, &visit).await["free_until"], "2024-01-21T12:30:00Z");
    clinic.go_to(moment("2024-01-21T12:29:59.999999Z")).await;
    assert_eq!(quote(&clinic, &visit).await["fee_amount"], 0);
    clinic.go_to(moment("2024-01-21T12:30:00Z")).await;
    assert_eq!(quote(&clinic, &visit).await["fee_amount"], 160_000);
}

#[rstest]
#[tokio::test]
async fn moving_a_visit_late_does_not_make_it_free_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut clinic = open(engine).await;
    let visit = clinic.paid(MONDAY).await;
    clinic.go_to(moment("2024-01-21T10:00:00Z")).await;
    let late = quote(&clinic, &visit).await;
    assert_eq!((&late["refund_amount"], &late["fee_amount"]), (&json!(160_001), &json!(160_000)));
    // a week later, and a week after that
    for to in ["2024-01-29T10:00:00Z", "2024-02-05T10:00:00Z"] {
        let _ = moved(&clinic, &visit, to).await.expect(200);
        assert_eq!(quote(&clinic, &visit).await, late, "{to}");
    }
    let cancelled = clinic.ask(&visit, "cancel").send().await.expect(200).json;
    assert_eq!((&cancelled["refund_amount"], &cancelled["fee_amount"]), (&json!(160_001), &json!(160_000)));
    assert_eq!(money(&clinic.app, &visit).await, [format!("payment {FEE}"), "refund 160001".into()]);
}

#[rstest]
#[tokio::test]
async fn a_visit_moves_to_a_free_time_of_its_doctor_or_not_at_all(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let clinic = open(engine).await;
    let (visit, own) = (clinic.paid(MONDAY).await, clinic.paid(TUESDAY).await);
    let other = clinic.app.rich_patient().await;
    let taken = "2024-01-24T10:00:00Z";
    let _ = clinic.app.book(&clinic.doctor, &other, taken).await.expect(201);
    let before = clinic.seen(&visit).await;
    for (to, code) in [
        (taken, "APPOINTMENT_CONFLICT"),
        (TUESDAY, "APPOINTMENT_CONFLICT"),
        ("2024-01-24T10:05:00Z", "DOCTOR_UNAVAILABLE"),
        ("2024-01-26T10:00:00Z", "DOCTOR_UNAVAILABLE"),
        ("2024-01-20T10:00:00Z", "DOCTOR_UNAVAILABLE"),
        ("2024-03-21T10:00:00Z", "DOCTOR_UNAVAILABLE"),
        ("9999-12-30T10:00:00Z", "DOCTOR_UNAVAILABLE"),
    ] {
        let refused = moved(&clinic, &visit, to).await.expect(409);
        assert_eq!(refused.code(), code, "{to}");
        let named = refused.json["error"]["details"]["alternatives"].as_array().unwrap();
        assert!((1..=3).contains(&named.len()), "{to}: {named:?}");
        for at in named {
            assert!(is_free(&clinic, at.as_str().unwrap()).await, "{at} instead of {to}");
        }
    }
    for body in [json!({}), json!({ "scheduled_at": "soon" }), json!({ "scheduled_at": 5 })] {
        let path = format!("{VISITS}{visit}/reschedule/");
        let answer = clinic.app.post(&path).by(&clinic.patient).json(&body).send().await.expect(422);
        assert!(answer.json["error"]["details"]["field_errors"]["scheduled_at"].is_array(), "{body}");
    }
    assert_eq!(clinic.seen(&visit).await, before);
    assert_eq!(clinic.seen(&own).await["scheduled_at"], TUESDAY);

    // what is offered instead is taken
    let refused = moved(&clinic, &visit, taken).await;
    let at = refused.text("/error/details/alternatives/0");
    let path = format!("{VISITS}{visit}/reschedule/");
    let body = json!({ "scheduled_at": at });
    let send =
        || clinic.app.post(&path).by(&clinic.patient).header("idempotency-key", "key").json(&body).send();
    let (first, again) = (send().await.expect(200), send().await.expect(200));
    assert_eq!((again.header("idempotent-replay"), &again.json), (Some("true"), &first.json));
    assert_eq!(moment(&first.text("/scheduled_at")), at.parse::<Timestamp>().unwrap());
    assert_eq!(clinic.app.audited("visit.reschedule").await, 1);
}

#[rstest]
#[tokio::test]
async fn a_visit_that_is_held_moves_with_its_hold(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut clinic = open(engine).await;
    let visit = clinic.held(MONDAY).await;
    clinic.pass(SignedDuration::from_mins(10)).await;
    let answer = moved(&clinic, &visit, TUESDAY).await.expect(200).json;
    assert_eq!(answer["status"], "pending");
    assert_eq!(answer["payment"]["pay_until"], "2024-01-20T10:15:00Z", "no time is won by moving");
    clinic.pass(SignedDuration::from_mins(5)).await;
    assert!(is_free(&clinic, MONDAY).await && is_free(&clinic, TUESDAY).await);
    assert_eq!(moved(&clinic, &visit, MONDAY).await.expect(409).code(), "ILLEGAL_STATE");
}
