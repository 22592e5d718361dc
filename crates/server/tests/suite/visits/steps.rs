//! Each step in its order, at its time and by its own people.

use domain::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Answer, Call, Engine};

use super::{Clinic, LED, MONDAY, UNKNOWN, VISITS, moment, money, step};
use crate::frame::assert_enveloped;

/// All that can be asked of a visit: by its patient, then by its doctor.
const STEPS: [&str; 9] =
    ["pay", "move", "quote", "cancel", "rate", "start", "complete", "no-show", "cancel by the doctor"];

fn all_but(one: &str) -> Vec<&'static str> {
    STEPS.into_iter().filter(|step| *step != one).collect()
}

impl Clinic {
    /// Each of these steps is refused, and the visit stays as it is.
    async fn refuses(&self, visit: &str, steps: &[&str]) {
        let before = self.seen(visit).await;
        for step in steps {
            let what = format!("{step} a visit that is {}", before["status"]);
            let answer = self.ask(visit, step).send().await;
            assert_eq!((answer.status, answer.code()), (409, "ILLEGAL_STATE"), "{what}: {}", answer.json);
            assert_enveloped(&answer, &what);
        }
        assert_eq!(self.seen(visit).await, before);
    }
}

#[rstest]
#[tokio::test]
async fn every_step_out_of_its_order_is_refused(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let mut clinic = Clinic::open(engine).await;
    let unpaid = clinic.held(MONDAY).await;
    clinic.refuses(&unpaid, &["rate", "start", "complete", "no-show"]).await;
    clinic.pass(SignedDuration::from_mins(15)).await;
    assert_eq!(clinic.seen(&unpaid).await["cancelled_by"], "expired");
    clinic.refuses(&unpaid, &STEPS).await;

    let (led, missed) = (clinic.paid(MONDAY).await, clinic.paid("2024-01-22T10:30:00Z").await);
    let (left, closed) =
        (clinic.paid("2024-01-22T11:00:00Z").await, clinic.paid("2024-01-22T11:30:00Z").await);
    clinic.refuses(&led, &["pay", "rate", "start", "complete", "no-show"]).await;
    for (visit, step) in [(&left, "cancel"), (&closed, "cancel by the doctor")] {
        let _ = clinic.ask(visit, step).send().await.expect(200);
        clinic.refuses(visit, &STEPS).await;
    }

    clinic.go_to(moment(MONDAY)).await;
    let _ = clinic.ask(&led, "start").send().await.expect(200);
    clinic.refuses(&led, &all_but("complete")).await;
    let _ = clinic.ask(&led, "complete").send().await.expect(200);
    clinic.refuses(&led, &all_but("rate")).await;
    let _ = clinic.ask(&led, "rate").send().await.expect(201);
    clinic.refuses(&led, &STEPS).await;

    clinic.go_to(moment("2024-01-22T10:30:00Z")).await;
    clinic.refuses(&missed, &["pay", "move", "quote", "cancel", "rate", "complete"]).await;
    let _ = clinic.ask(&missed, "no-show").send().await.expect(200);
    clinic.refuses(&missed, &STEPS).await;
}

#[rstest]
#[tokio::test]
async fn a_visit_begins_15_minutes_early_at_most_and_is_not_missed_before_its_time(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut clinic = Clinic::open(engine).await;
    let (led, missed) = (clinic.paid(MONDAY).await, clinic.paid("2024-01-22T10:30:00Z").await);
    let too_early = |answer: Answer, not_before: &str| {
        let answer = answer.expect(409);
        assert_eq!(answer.code(), "ILLEGAL_STATE");
        assert_eq!(answer.json["error"]["details"], json!({ "not_before": not_before }));
    };
    clinic.go_to(moment("2024-01-22T09:44:59.999999Z")).await;
    too_early(clinic.ask(&led, "start").send().await, "2024-01-22T09:45:00Z");
    too_early(clinic.ask(&led, "no-show").send().await, MONDAY);
    clinic.go_to(moment("2024-01-22T09:45:00Z")).await;
    let started = clinic.ask(&led, "start").send().await.expect(200).json;
    assert_eq!((&started["status"], &started["id"]), (&json!("in_progress"), &json!(led)));
    assert_eq!(
        (&started["started_at"], &started["ended_at"]),
        (&json!("2024-01-22T09:45:00Z"), &Value::Null)
    );

    clinic.go_to(moment("2024-01-22T10:20:00Z")).await;
    let completed = clinic.ask(&led, "complete").send().await.expect(200).json;
    assert_eq!(completed["status"], "completed");
    assert_eq!(
        (&completed["started_at"], &completed["ended_at"]),
        (&started["started_at"], &json!("2024-01-22T10:20:00Z"))
    );
    assert_eq!(clinic.led(&led).await, completed);
    assert_eq!(clinic.seen(&led).await["status"], "completed");

    clinic.go_to(moment("2024-01-22T10:29:59.999999Z")).await;
    too_early(clinic.ask(&missed, "no-show").send().await, "2024-01-22T10:30:00Z");
    clinic.go_to(moment("2024-01-22T10:30:00Z")).await;
    let no_show = clinic.ask(&missed, "no-show").send().await.expect(200).json;
    assert_eq!((&no_show["status"], &no_show["started_at"]), (&json!("no_show"), &Value::Null));
    // nothing comes back to who doesn't come
    assert_eq!(clinic.seen(&missed).await["payment"]["payment_status"], "paid");
    assert_eq!(money(&clinic.app, &missed).await, ["payment 600000"]);
}

#[rstest]
#[tokio::test]
async fn what_is_somebody_elses_is_not_there(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let clinic = Clinic::open(engine).await;
    let (stranger, colleague) = (clinic.app.rich_patient().await, clinic.app.bookable_doctor().await);
    let visit = clinic.paid(MONDAY).await;
    let before = (clinic.seen(&visit).await, clinic.led(&visit).await);
    for id in [visit.as_str(), UNKNOWN, "x", "%20"] {
        let mut calls: Vec<Call> =
            STEPS.iter().map(|name| step(&clinic.app, (&colleague, &stranger), id, name)).collect();
        calls.push(clinic.app.get(&format!("{VISITS}{id}/")).by(&stranger));
        calls.push(clinic.app.get(&format!("{VISITS}{id}/visit.ics")).by(&stranger));
        calls.push(clinic.app.get(&format!("{LED}{id}/")).by(&colleague));
        for call in calls {
            let answer = call.send().await;
            assert_eq!((answer.status, answer.code()), (404, "NOT_FOUND"), "{id}: {}", answer.json);
        }
    }
    for (list, user) in [(VISITS, &stranger), (LED, &colleague)] {
        assert_eq!(clinic.app.get(list).by(user).send().await.expect(200).json["results"], json!([]));
    }
    // each side has a way of its own
    for (path, user) in [(VISITS, &clinic.doctor), (LED, &clinic.patient)] {
        let answer = clinic.app.get(&format!("{path}{visit}/")).by(user).send().await;
        assert_eq!(answer.expect(403).code(), "FORBIDDEN");
    }
    assert_eq!((clinic.seen(&visit).await, clinic.led(&visit).await), before);
}
