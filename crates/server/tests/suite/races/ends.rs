//! A visit is cancelled or begins, never both, and is rated once.

use db::sql;
use domain::SignedDuration;
use rstest::rstest;
use serde_json::json;
use testkit::Engine;

use super::{assert_one_was_in_time, assert_whole, at_once, changing, nodes, posting};
use crate::booking::{pay, read};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_visit_is_cancelled_or_begins(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let soon = "2024-01-20T10:30:00Z";
    let nodes = nodes(engine).await;
    let app = &nodes[0];
    let mut confirmed = vec![];
    for _ in 0..6 {
        let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
        let id = app.book(&doctor, &patient, soon).await.expect(201).text("/id");
        let _ = pay(app, &patient, &id).await.expect(200);
        confirmed.push((doctor, patient, id));
    }
    app.clock.advance(SignedDuration::from_mins(20));
    for (doctor, patient, id) in &confirmed {
        let mut requests = vec![];
        for node in nodes.iter().cycle().take(6) {
            let start = format!("/api/v1/doctors/encounters/{id}/start/");
            requests.push(posting(node, doctor, &start, &json!({})));
            requests.push(changing(node, patient, id, "cancel", &json!({})));
        }
        let won = assert_one_was_in_time(&at_once(requests).await);
        let status = won.text("/status");
        assert!(["in_progress", "cancelled"].contains(&status.as_str()), "{status}");
        assert_eq!(read(app, patient, id).await["status"], json!(status));
    }
    let ended = app.audited("visit.cancel").await + app.audited("visit.start").await;
    assert_eq!(ended, 6);
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_visit_is_rated_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let nodes = nodes(engine).await;
    let app = &nodes[0];
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    let id = app.completed(&doctor, &patient).await;
    app.clock.advance(SignedDuration::from_secs(61));
    let patient = app.log_in(&patient.phone).await;
    let body = json!({ "score": 4, "comment": "بسیار باحوصله بودند" });
    let requests = nodes.iter().cycle().take(20).map(|node| changing(node, &patient, &id, "rating", &body));
    let won = assert_one_was_in_time(&at_once(requests.collect()).await);
    assert_eq!(won.status, 201);
    let ratings = format!("/api/v1/patients/doctors/{}/ratings/", doctor.id);
    assert_eq!(app.get(&ratings).by(&patient).send().await.expect(200).json["count"], 1);
    let sums = sql!("SELECT rating_sum, rating_count FROM doctors WHERE rating_count > 0");
    let sums: Vec<(i64, i64)> = app.app.db.all(sums, &[]).await.unwrap();
    assert_eq!((sums, app.audited("visit.rate").await), (vec![(4, 1)], 1));
    assert_whole(&app.app.db).await;
}
