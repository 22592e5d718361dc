//! Who is told what of a visit, and when (D26): what happens to it at once, that it begins 24 hours and 30
//! minutes before; in the app and as a text. The clock stands at 13:30 of Saturday 2024-01-20 in Tehran.

use std::collections::BTreeMap;

use domain::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, TestApp, User};

use crate::{
    notifications::{NOTIFICATIONS, texts},
    search::encoded,
    settings_of_doctors::patch,
    visits::{Clinic, MONDAY, TUESDAY, VISITS, moment},
};

/// As it is said in a text.
const MONDAY_SPOKEN: &str = "دوشنبه 2 بهمن 1402 ساعت 13:30";
const TUESDAY_SPOKEN: &str = "سه\u{200C}شنبه 3 بهمن 1402 ساعت 13:30";

async fn run(app: &TestApp) -> u64 {
    app::jobs::run_due(&app.app).await.unwrap()
}

/// The texts of this kind that a user has got, oldest first.
fn sent(app: &TestApp, user: &User, kind: &str) -> Vec<String> {
    let messages = texts(app, user).into_iter().rev();
    messages.filter(|message| message.kind == kind).map(|message| message.text).collect()
}

/// How many reminders doctor and patient have got.
fn reminders(clinic: &Clinic) -> (usize, usize) {
    let count = |user: &User| sent(&clinic.app, user, "appointment_reminder").len();
    (count(&clinic.doctor), count(&clinic.patient))
}

/// How many notifications of each kind a user has in the app.
async fn told(app: &TestApp, user: &User) -> BTreeMap<String, usize> {
    let page = app.get(&format!("{NOTIFICATIONS}?page_size=100")).by(user).send().await.expect(200).json;
    let mut kinds = BTreeMap::new();
    for item in page["results"].as_array().unwrap() {
        *kinds.entry(item["type"].as_str().unwrap().to_owned()).or_insert(0) += 1;
    }
    kinds
}

fn kinds(expected: &[(&str, usize)]) -> BTreeMap<String, usize> {
    expected.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect()
}

async fn prefers(clinic: &Clinic, preference: &str, wanted: bool) {
    let body = json!({ "notification_preferences": { preference: wanted } });
    let _ = patch(&clinic.app, &clinic.doctor, &body).await.expect(200);
}

async fn moved(clinic: &Clinic, visit: &str, to: &str) {
    let path = format!("{VISITS}{visit}/reschedule/");
    let body = json!({ "scheduled_at": to });
    let _ = clinic.app.post(&path).by(&clinic.patient).json(&body).send().await.expect(200);
}

#[rstest]
#[tokio::test]
async fn both_are_reminded_a_day_and_half_an_hour_before(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut clinic = Clinic::open(engine).await;
    let name = json!({ "first_name": "علی", "last_name": "محمدی" });
    let path = "/api/v1/patients/profile/";
    let _ = clinic.app.patch(path).by(&clinic.patient).json(&name).send().await.expect(200);
    let visit = clinic.paid(MONDAY).await;
    run(&clinic.app).await;
    for (before, at, left) in [
        ("2024-01-21T09:59:59.999999Z", "2024-01-21T10:00:00Z", "24 ساعت"),
        ("2024-01-22T09:29:59.999999Z", "2024-01-22T09:30:00Z", "30 دقیقه"),
    ] {
        let had = reminders(&clinic);
        clinic.go_to(moment(before)).await;
        assert_eq!(run(&clinic.app).await, 0, "{before}");
        clinic.go_to(moment(at)).await;
        assert_eq!(run(&clinic.app).await, 3, "the reminder and two texts");
        assert_eq!(run(&clinic.app).await, 0, "once");
        assert_eq!(reminders(&clinic), (had.0 + 1, had.1 + 1));
        let to_patient = sent(&clinic.app, &clinic.patient, "appointment_reminder").pop().unwrap();
        let to_doctor = sent(&clinic.app, &clinic.doctor, "appointment_reminder").pop().unwrap();
        for (text, other) in [(&to_patient, "دکتر سارا احمدی"), (&to_doctor, "علی محمدی")]
        {
            assert!(text.contains(left) && text.contains(MONDAY_SPOKEN) && text.contains(other), "{text}");
            assert!(!text.contains("سردرد"), "texts are read on locked screens");
        }
        for (user, text) in [(&clinic.patient, &to_patient), (&clinic.doctor, &to_doctor)] {
            let page = clinic.app.get(NOTIFICATIONS).by(user).send().await.expect(200).json;
            let newest = &page["results"][0];
            assert_eq!((&newest["type"], &newest["message"]), (&json!("appointment_reminder"), &json!(text)));
            assert_eq!((&newest["encounter_id"], &newest["created_at"]), (&json!(visit), &json!(at)));
        }
    }
    // the development inbox shows what kind of message it is
    let inbox = format!("/dev/inbox/messages/?phone_number={}", encoded(&clinic.patient.phone));
    let newest = clinic.app.get(&inbox).send().await.expect(200);
    let kind = (newest.text("/results/0/kind"), newest.json["results"][0]["code"].clone());
    assert_eq!(kind, ("appointment_reminder".to_owned(), Value::Null));
    clinic.pass(SignedDuration::from_hours(48)).await;
    assert_eq!(run(&clinic.app).await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_remind_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let mut clinic = Clinic::open(engine).await;
    let there = clinic.app.second_node().await;
    let _ = clinic.paid(MONDAY).await;
    let _ = clinic.paid("2024-01-22T10:30:00Z").await;
    run(&clinic.app).await;
    // both are due; each node has an inbox of its own
    clinic.go_to(moment("2024-01-21T10:30:00Z")).await;
    let (here, by_there) = tokio::join!(run(&clinic.app), run(&there));
    let rest = run(&clinic.app).await + run(&there).await;
    assert_eq!(here + by_there + rest, 6, "two reminders and four texts");
    let ours = reminders(&clinic);
    let theirs = |user: &User| sent(&there, user, "appointment_reminder").len();
    assert_eq!((ours.0 + theirs(&clinic.doctor), ours.1 + theirs(&clinic.patient)), (2, 2));
}

#[rstest]
#[tokio::test]
async fn a_doctor_who_does_not_want_reminders_gets_none(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut clinic = Clinic::open(engine).await;
    let _ = clinic.paid(MONDAY).await;
    prefers(&clinic, "appointment_reminders", false).await;
    clinic.go_to(moment("2024-01-21T10:00:00Z")).await;
    run(&clinic.app).await;
    assert_eq!(reminders(&clinic), (0, 1));
    assert_eq!(told(&clinic.app, &clinic.doctor).await.get("appointment_reminder"), None);
    // what counts is what the doctor wants when the time has come
    prefers(&clinic, "appointment_reminders", true).await;
    clinic.go_to(moment("2024-01-22T09:30:00Z")).await;
    run(&clinic.app).await;
    assert_eq!(reminders(&clinic), (1, 2));
}

#[rstest]
#[tokio::test]
async fn nobody_is_reminded_of_what_will_not_be(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let mut clinic = Clinic::open(engine).await;
    let (left, closed) = (clinic.paid(MONDAY).await, clinic.paid("2024-01-22T10:30:00Z").await);
    let _unpaid = clinic.held("2024-01-22T11:00:00Z").await;
    let begun = clinic.paid("2024-01-20T11:00:00Z").await;
    let _ = clinic.ask(&left, "cancel").send().await.expect(200);
    run(&clinic.app).await;
    clinic.go_to(moment("2024-01-21T10:30:00Z")).await;
    run(&clinic.app).await;
    // one that is cancelled between its reminders, one whose doctor never came
    let _ = clinic.ask(&closed, "cancel by the doctor").send().await.expect(200);
    let of_closed = sent(&clinic.app, &clinic.patient, "appointment_reminder");
    assert_eq!(of_closed.len(), 1, "{of_closed:?}");
    assert!(of_closed[0].contains("ساعت 14:00"), "{of_closed:?}");
    assert_eq!(clinic.seen(&begun).await["status"], "confirmed");
    clinic.go_to(moment("2024-01-22T12:00:00Z")).await;
    run(&clinic.app).await;
    assert_eq!(reminders(&clinic), (1, 1));
}

#[rstest]
#[tokio::test]
async fn a_visit_that_begins_soon_has_one_reminder_less(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut clinic = Clinic::open(engine).await;
    let _ = clinic.paid("2024-01-20T11:00:00Z").await;
    run(&clinic.app).await;
    assert_eq!(reminders(&clinic), (0, 0));
    clinic.go_to(moment("2024-01-20T10:30:00Z")).await;
    run(&clinic.app).await;
    assert_eq!(reminders(&clinic), (1, 1));
    assert!(sent(&clinic.app, &clinic.patient, "appointment_reminder")[0].contains("30 دقیقه"));
    let _ = clinic.paid("2024-01-20T11:30:00Z").await;
    clinic.go_to(moment("2024-01-20T11:00:00Z")).await;
    run(&clinic.app).await;
    assert_eq!(reminders(&clinic), (2, 2));
    // who books half an hour ahead knows
    clinic.go_to(moment("2024-01-20T11:30:00Z")).await;
    let _ = clinic.paid("2024-01-20T12:00:00Z").await;
    clinic.go_to(moment("2024-01-20T11:59:00Z")).await;
    run(&clinic.app).await;
    assert_eq!(reminders(&clinic), (2, 2));
}

#[rstest]
#[tokio::test]
async fn after_a_move_only_the_new_time_is_told(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let mut clinic = Clinic::open(engine).await;
    let visit = clinic.paid(MONDAY).await;
    // there, back again, and there
    for to in [TUESDAY, MONDAY, TUESDAY] {
        clinic.pass(SignedDuration::from_secs(1)).await;
        moved(&clinic, &visit, to).await;
    }
    run(&clinic.app).await;
    let texts = sent(&clinic.app, &clinic.patient, "appointment_rescheduled");
    let spoken = [TUESDAY_SPOKEN, MONDAY_SPOKEN, TUESDAY_SPOKEN];
    assert_eq!(texts.len(), 3, "{texts:?}");
    for day in [MONDAY_SPOKEN, TUESDAY_SPOKEN] {
        let count = |texts: &[String]| texts.iter().filter(|text| text.contains(day)).count();
        assert_eq!(count(&texts), spoken.iter().filter(|spoken| **spoken == day).count(), "{texts:?}");
    }
    assert_eq!(sent(&clinic.app, &clinic.doctor, "appointment_rescheduled").len(), 3);

    for (at, expected) in [
        ("2024-01-21T10:00:00Z", 0),
        ("2024-01-22T09:30:00Z", 0),
        ("2024-01-22T10:00:00Z", 1),
        ("2024-01-23T09:30:00Z", 2),
    ] {
        clinic.go_to(moment(at)).await;
        run(&clinic.app).await;
        assert_eq!(reminders(&clinic), (expected, expected), "{at}");
    }
    for text in sent(&clinic.app, &clinic.patient, "appointment_reminder") {
        assert!(text.contains(TUESDAY_SPOKEN), "{text}");
    }
}

#[rstest]
#[tokio::test]
async fn a_booking_is_told_when_it_is_paid(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let clinic = Clinic::open(engine).await;
    let visit = clinic.held(MONDAY).await;
    assert_eq!(run(&clinic.app).await, 0);
    for user in [&clinic.doctor, &clinic.patient] {
        assert!(told(&clinic.app, user).await.is_empty(), "a hold is nobody's business yet");
    }
    let _ = clinic.ask(&visit, "pay").send().await.expect(200);
    // two texts, and the invoice
    assert_eq!(run(&clinic.app).await, 3);
    assert_eq!(told(&clinic.app, &clinic.patient).await, kinds(&[("appointment_confirmed", 1)]));
    let expected = kinds(&[("new_appointment", 1), ("payment_received", 1)]);
    assert_eq!(told(&clinic.app, &clinic.doctor).await, expected);
    let confirmed = sent(&clinic.app, &clinic.patient, "appointment_confirmed").pop().unwrap();
    for part in [MONDAY_SPOKEN, "HLS-2024-0122-1000", "دکتر سارا احمدی"] {
        assert!(confirmed.contains(part), "{confirmed}");
    }
    assert_eq!(sent(&clinic.app, &clinic.doctor, "new_appointment").len(), 1);
    assert!(sent(&clinic.app, &clinic.doctor, "payment_received").is_empty(), "in the app alone");
    for user in [&clinic.doctor, &clinic.patient] {
        for message in texts(&clinic.app, user) {
            assert!(!message.text.contains("سردرد"), "{}", message.text);
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_cancellation_is_told_with_what_comes_back(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut clinic = Clinic::open(engine).await;
    let (left, closed) = (clinic.paid(MONDAY).await, clinic.paid(TUESDAY).await);
    let unpaid = clinic.held("2024-01-24T10:00:00Z").await;
    run(&clinic.app).await;
    let cancelled = |user: &User| sent(&clinic.app, user, "appointment_cancelled");
    let _ = clinic.ask(&unpaid, "cancel").send().await.expect(200);
    run(&clinic.app).await;
    assert_eq!(cancelled(&clinic.doctor).len(), 0, "the doctor never heard of it");

    clinic.go_to(moment("2024-01-22T09:00:00Z")).await;
    let cancelled = |clinic: &Clinic, user: &User| sent(&clinic.app, user, "appointment_cancelled");
    let _ = clinic.ask(&left, "cancel").send().await.expect(200);
    run(&clinic.app).await;
    let text = cancelled(&clinic, &clinic.patient).pop().unwrap();
    assert!(text.contains(MONDAY_SPOKEN) && text.contains("300000 ریال"), "{text}");
    let text = cancelled(&clinic, &clinic.doctor).pop().unwrap();
    assert!(text.contains(MONDAY_SPOKEN) && !text.contains("ریال"), "{text}");

    let _ = clinic.ask(&closed, "cancel by the doctor").send().await.expect(200);
    run(&clinic.app).await;
    let text = cancelled(&clinic, &clinic.patient).pop().unwrap();
    assert!(text.contains(TUESDAY_SPOKEN) && text.contains("600000 ریال"), "{text}");
    assert_eq!(cancelled(&clinic, &clinic.doctor).len(), 1, "who cancels knows");
    assert_eq!(told(&clinic.app, &clinic.doctor).await.get("appointment_cancelled"), Some(&1));
}

#[rstest]
#[tokio::test]
async fn each_preference_is_respected_by_itself(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let clinic = Clinic::open(engine).await;
    // what a doctor hears of a visit that is paid and cancelled without that wish
    for (preference, expected) in [
        ("appointment_reminders", &["new_appointment", "payment_received", "appointment_cancelled"][..]),
        ("new_appointments", &["payment_received", "appointment_cancelled"][..]),
        ("payment_notifications", &["new_appointment", "appointment_cancelled"][..]),
        ("cancellations", &["new_appointment", "payment_received"][..]),
    ] {
        prefers(&clinic, preference, false).await;
        let had = told(&clinic.app, &clinic.doctor).await;
        let visit = clinic.paid(MONDAY).await;
        let _ = clinic.ask(&visit, "cancel").send().await.expect(200);
        run(&clinic.app).await;
        let mut has = told(&clinic.app, &clinic.doctor).await;
        for (kind, count) in &mut has {
            *count -= had.get(kind).copied().unwrap_or(0);
        }
        has.retain(|_, count| *count > 0);
        let expected: BTreeMap<String, usize> = expected.iter().map(|kind| ((*kind).to_owned(), 1)).collect();
        assert_eq!(has, expected, "without {preference}");
        prefers(&clinic, preference, true).await;
    }
    // the patient hears of it whatever the doctor wants
    let expected = kinds(&[("appointment_cancelled", 4), ("appointment_confirmed", 4)]);
    assert_eq!(told(&clinic.app, &clinic.patient).await, expected);
}
