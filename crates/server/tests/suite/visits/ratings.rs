//! A completed visit is rated once, from 1 to 5, and the doctor's average is exact.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Engine;

use super::{Clinic, MONDAY, VISITS, anew, moment, step};

#[rstest]
#[tokio::test]
async fn a_completed_visit_is_rated_once_and_the_average_is_exact(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut clinic = Clinic::open(engine).await;
    let profile = format!("/api/v1/patients/doctors/{}/", clinic.doctor.id);
    let mut visits = vec![(clinic.patient.clone(), MONDAY, clinic.paid(MONDAY).await)];
    for at in ["2024-01-22T10:30:00Z", "2024-01-22T11:00:00Z"] {
        let patient = clinic.app.rich_patient().await;
        let visit = clinic.app.book(&clinic.doctor, &patient, at).await.expect(201).text("/id");
        let _ = step(&clinic.app, (&clinic.doctor, &patient), &visit, "pay").send().await.expect(200);
        visits.push((patient, at, visit));
    }
    let unrated = clinic.app.get(&profile).by(&clinic.patient).send().await.expect(200).json;
    assert_eq!(unrated["rating"], json!({ "average": 0.0, "count": 0 }));

    let scores = [(5, 5.0, 1), (4, 4.5, 2), (4, 4.3, 3)];
    for ((patient, at, visit), (score, average, count)) in visits.iter().zip(scores) {
        clinic.go_to(moment(at)).await;
        for led in ["start", "complete"] {
            let _ = clinic.ask(visit, led).send().await.expect(200);
        }
        let patient = anew(&clinic.app, patient).await;
        let rate = format!("{VISITS}{visit}/rating/");
        let body = json!({ "score": score, "comment": format!("نظر {count}\nخوب بود") });
        let rated = clinic.app.post(&rate).by(&patient).json(&body).send().await.expect(201).json;
        assert_eq!((&rated["encounter_id"], &rated["doctor_id"]), (&json!(visit), &json!(clinic.doctor.id)));
        assert_eq!((&rated["score"], &rated["comment"]), (&body["score"], &body["comment"]));
        let again = clinic.app.post(&rate).by(&patient).json(&json!({ "score": 1 })).send().await;
        assert_eq!(again.expect(409).code(), "ILLEGAL_STATE", "once");
        let shown = clinic.app.get(&profile).by(&patient).send().await.expect(200).json;
        assert_eq!(shown["rating"], json!({ "average": average, "count": count }));
        let own = clinic.app.get(&format!("{VISITS}{visit}/")).by(&patient).send().await.expect(200);
        assert_eq!(own.json["rating"], json!(score));
    }

    let reader = clinic.app.rich_patient().await;
    let said = clinic.app.get(&format!("{profile}ratings/")).by(&reader).send().await.expect(200).json;
    let said = said["results"].as_array().unwrap();
    let scores: Vec<_> = said.iter().map(|rating| rating["score"].as_i64().unwrap()).collect();
    assert_eq!(scores, [4, 4, 5], "the newest first");
    assert_eq!(said[2]["comment"], "نظر 1\nخوب بود");
    for rating in said {
        let mut names: Vec<_> = rating.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["comment", "created_at", "score"], "who said it is not told");
    }
}

#[rstest]
#[tokio::test]
async fn a_score_is_a_whole_number_from_1_to_5(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let mut clinic = Clinic::open(engine).await;
    let visit = clinic.paid(MONDAY).await;
    clinic.go_to(moment(MONDAY)).await;
    for led in ["start", "complete"] {
        let _ = clinic.ask(&visit, led).send().await.expect(200);
    }
    let rate = |body: &Value| {
        clinic.app.post(&format!("{VISITS}{visit}/rating/")).by(&clinic.patient).json(body).send()
    };
    for (body, field) in [
        (json!({}), "score"),
        (json!({ "score": null }), "score"),
        (json!({ "score": 0 }), "score"),
        (json!({ "score": 6 }), "score"),
        (json!({ "score": -5 }), "score"),
        (json!({ "score": 4.5 }), "score"),
        (json!({ "score": "5" }), "score"),
        (json!({ "score": true }), "score"),
        (json!({ "score": 5, "comment": 5 }), "comment"),
        (json!({ "score": 5, "comment": "x".repeat(1_001) }), "comment"),
        (json!({ "score": 5, "comment": "a\u{0}b" }), "comment"),
        (json!({ "score": 5, "doctor_id": clinic.doctor.id }), "doctor_id"),
    ] {
        let answer = rate(&body).await.expect(422);
        let told = &answer.json["error"]["details"]["field_errors"];
        assert!(told[field][0].is_string(), "{body}: {told}");
    }
    let profile = format!("/api/v1/patients/doctors/{}/", clinic.doctor.id);
    let shown = clinic.app.get(&profile).by(&clinic.patient).send().await.expect(200).json;
    assert_eq!(shown["rating"]["count"], 0);
    let _ = rate(&json!({ "score": 1 })).await.expect(201);
    let shown = clinic.app.get(&profile).by(&clinic.patient).send().await.expect(200).json;
    assert_eq!(shown["rating"], json!({ "average": 1.0, "count": 1 }));
}
