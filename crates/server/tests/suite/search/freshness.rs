//! What was saved a moment ago is found on every node, and the next free time is free.

use domain::{Clock, SignedDuration};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, TestApp, User, visits::practice};

use super::{Register, SETTINGS, ask, found, rate};
use crate::{doctors::DOCTORS, settings_of_doctors::patch, visits::anew};

/// Whether a doctor is found, asked of both nodes.
async fn on_both(here: &Register, there: &TestApp, pairs: &[(&str, &str)]) -> Vec<String> {
    let ours = here.found(pairs).await;
    assert_eq!(found(there, &here.patient, pairs).await, ours, "{pairs:?} on the other node");
    ours
}

#[rstest]
#[tokio::test]
async fn a_doctor_saved_a_moment_ago_is_found_on_every_node(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut here = Register::open(engine).await;
    let there = here.app.second_node().await;
    // both have read what there is before anything happens
    assert!(on_both(&here, &there, &[]).await.is_empty());

    let (id, phone) = here.add(("مریم", "رضایی"), &json!({})).await;
    assert_eq!(on_both(&here, &there, &[("q", "مریم رضایی")]).await, [&*id]);
    assert!(on_both(&here, &there, &[("online_available", "true")]).await.is_empty());
    assert!(on_both(&here, &there, &[("insurance_accepted", "ایران")]).await.is_empty());

    let doctor = here.app.log_in(&phone).await;
    let _ = here.app.put(SETTINGS).by(&doctor).json(&practice()).send().await.expect(200);
    assert_eq!(on_both(&here, &there, &[("online_available", "true")]).await, [&*id]);
    assert_eq!(on_both(&here, &there, &[("insurance_accepted", "ایران")]).await, [&*id]);
    let dearer = json!({ "consultation_settings": { "online_consultation_fee": 900_000 } });
    let _ = patch(&there, &doctor, &dearer).await.expect(200);
    for node in [&here.app, &there] {
        let page = ask(node, &here.patient, &[("q", "رضایی")]).await.expect(200);
        assert_eq!(page.json["results"][0]["online_consultation_fee"], 900_000);
    }

    let renamed = json!({ "last_name": "کریمی", "city": "شیراز", "specialty": "neurology" });
    here.change(&id, &renamed).await;
    assert!(on_both(&here, &there, &[("q", "رضایی")]).await.is_empty());
    assert!(on_both(&here, &there, &[("specialty", "cardiology")]).await.is_empty());
    assert_eq!(on_both(&here, &there, &[("q", "کریمی شیراز اعصاب")]).await, [&*id]);
    rate(&there, &id, 5, 1).await;
    assert_eq!(on_both(&here, &there, &[("min_rating", "5")]).await, [&*id]);

    let title = json!({ "title": "متخصص نورولوژی", "title_en": "Neurology" });
    let path = "/api/v1/admin/specialties/neurology/";
    let _ = there.put(path).by(&here.admin).json(&title).send().await.expect(200);
    assert_eq!(on_both(&here, &there, &[("q", "نورولوژی")]).await, [&*id]);
    assert!(on_both(&here, &there, &[("q", "اعصاب")]).await.is_empty());

    let reason = json!({ "reason": "شکایت بیمار" });
    let suspend = format!("{DOCTORS}{id}/suspend/");
    let _ = there.post(&suspend).by(&here.admin).json(&reason).send().await.expect(200);
    assert!(on_both(&here, &there, &[]).await.is_empty());
    let one = format!("/api/v1/patients/doctors/{id}/");
    for node in [&here.app, &there] {
        let _ = node.get(&one).by(&here.patient).send().await.expect(404);
    }
    // what becomes of a doctor who can't be found is known when they can be again
    here.change(&id, &json!({ "first_name": "نرگس" })).await;
    assert!(on_both(&here, &there, &[("q", "نرگس")]).await.is_empty());
    let reinstate = format!("{DOCTORS}{id}/reinstate/");
    let _ = here.app.post(&reinstate).by(&here.admin).send().await.expect(200);
    assert_eq!(on_both(&here, &there, &[("q", "نرگس کریمی")]).await, [&*id]);
    // a node that begins now knows as much
    let third = here.app.second_node().await;
    assert_eq!(found(&third, &here.patient, &[("q", "نرگس")]).await, [&*id]);
}

/// The first free time that patients are told, by the list of slots.
async fn first_slot(app: &TestApp, patient: &User, doctor: &str) -> Value {
    let today = domain::days::tehran_today(app.clock.now());
    let last = today.saturating_add(domain::days::span_of_days(60));
    let path = format!("/api/v1/patients/doctors/{doctor}/slots/?from={today}&to={last}");
    let answer = app.get(&path).by(patient).send().await;
    if answer.status == 404 {
        return Value::Null;
    }
    answer.expect(200).json["results"].get(0).map_or(Value::Null, |slot| slot["start"].clone())
}

#[rstest]
#[tokio::test]
async fn the_next_free_time_is_the_first_of_the_slots(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut register = Register::open(engine).await;
    let (app, patient) = (&register.app, register.patient.clone());
    let (free, busy, away, closed) = (
        app.bookable_doctor().await,
        app.bookable_doctor().await,
        app.bookable_doctor().await,
        app.bookable_doctor().await,
    );
    for at in ["2024-01-20T10:30:00Z", "2024-01-20T11:00:00Z"] {
        let visit = app.book(&busy, &patient, at).await.expect(201).text("/id");
        let pay = format!("/api/v1/patients/encounters/{visit}/pay/");
        let wallet = json!({ "payment_method": "wallet" });
        let _ = app.post(&pay).by(&patient).json(&wallet).send().await.expect(200);
    }
    // held, for now
    let _ = app.book(&busy, &patient, "2024-01-20T11:30:00Z").await.expect(201);
    let leave = json!({ "leaves": [{ "from": "2024-01-20", "to": "2024-02-09" }] });
    let _ = patch(app, &away, &json!({ "availability": leave })).await.expect(200);
    let switch = json!({ "online_consultation_enabled": false, "in_person_consultation_enabled": false });
    let _ = patch(app, &closed, &json!({ "consultation_settings": switch })).await.expect(200);
    let untouched = register.add(("نو", "آمده"), &json!({})).await.0;

    let told = async |register: &Register, doctor: &str| {
        let page = ask(&register.app, &register.patient, &[]).await.expect(200).json;
        let results = page["results"].as_array().unwrap();
        assert_eq!(results.len(), 5);
        let found = results.iter().find(|found| found["id"] == doctor).unwrap();
        found["availability"]["next_available"].clone()
    };
    assert_eq!(told(&register, &free.id).await, "2024-01-20T10:30:00Z");
    assert_eq!(told(&register, &busy.id).await, "2024-01-20T12:00:00Z");
    assert_eq!(told(&register, &away.id).await, "2024-02-10T05:30:00Z");
    // now; when the hold has ended; in the evening; on Thursday evening, before a day off; three weeks later
    for pause in [0, 16, 7 * 60, 5 * 24 * 60, 16 * 24 * 60] {
        register.app.clock.advance(SignedDuration::from_mins(pause));
        register.patient = anew(&register.app, &register.patient).await;
        for doctor in [&free.id, &busy.id, &away.id, &closed.id, &untouched] {
            let first = first_slot(&register.app, &register.patient, doctor).await;
            assert_eq!(told(&register, doctor).await, first, "{doctor} after {pause} minutes");
            let one = format!("/api/v1/patients/doctors/{doctor}/");
            let alone = register.app.get(&one).by(&register.patient).send().await.expect(200).json;
            assert_eq!(alone["availability"]["next_available"], first, "{doctor} alone");
        }
    }
}
