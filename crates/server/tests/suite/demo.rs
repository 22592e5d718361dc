//! The demo clinic: lively, true to the rules that everybody else's visits obey, and the same each time. The
//! clock stands at 13:30 of Saturday 2024-01-20 in Tehran.

use std::collections::HashMap;

use app::{
    admin::Page,
    demo::{self, Clinic},
    doctors,
};
use db::{At, Sql, sql};
use domain::{Clock, days, ids::UserId, schedule::Slot, search::Query, visit::Status};
use rstest::rstest;
use testkit::{Engine, TestApp};

use crate::notifications::NOTIFICATIONS;

async fn filled(engine: Engine) -> (TestApp, Clinic) {
    let app = TestApp::start(engine).await;
    let clinic = demo::fill(&app.app).await.unwrap().unwrap();
    (app, clinic)
}

async fn number(app: &TestApp, sql: Sql) -> i64 {
    let found: Option<(i64,)> = app.app.db.one(sql, &[]).await.unwrap();
    found.unwrap().0
}

#[rstest]
#[tokio::test]
async fn hundreds_of_doctors_see_patients_in_every_state(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (app, clinic) = filled(engine).await;
    assert!(clinic.doctors >= 300 && clinic.patients >= 200, "{} {}", clinic.doctors, clinic.patients);
    assert!((2_000..3_500).contains(&clinic.visits), "{}", clinic.visits);
    let rows = number(&app, sql!("SELECT count(*) FROM visits")).await;
    assert_eq!(rows, i64::try_from(clinic.visits).unwrap());
    for status in Status::ALL {
        let found: Option<(i64,)> = app
            .app
            .db
            .one(sql!("SELECT count(*) FROM visits WHERE status = ?1"), &[&status.as_str()])
            .await
            .unwrap();
        assert!(found.unwrap().0 > 0, "no visit is {}", status.as_str());
    }
    for (least, what, sql) in [
        (60, "specialties", sql!("SELECT count(DISTINCT specialty) FROM doctors")),
        (20, "cities", sql!("SELECT count(DISTINCT city) FROM doctors")),
        (700, "ratings", sql!("SELECT count(*) FROM ratings")),
        (300, "prescriptions", sql!("SELECT count(*) FROM prescriptions WHERE status = 'signed'")),
        (100, "unread notifications", sql!("SELECT count(*) FROM notifications WHERE read_at IS NULL")),
        (
            20,
            "fees for late cancellations",
            sql!("SELECT count(*) FROM visits WHERE cancelled_by = 'patient' AND refunded < paid"),
        ),
        (
            400,
            "doctors and patients on record",
            sql!("SELECT count(*) FROM audit_log WHERE action IN ('doctor.create', 'user.create')"),
        ),
    ] {
        let found = number(&app, sql).await;
        assert!(found >= least, "{found} {what}");
    }
    assert_eq!(number(&app, sql!("SELECT count(*) FROM jobs")).await, 0, "nobody gets a text");
    assert!(demo::fill(&app.app).await.unwrap().is_none(), "once is enough");
}

/// What must not be, and how many there are.
const WRONG: &[(&str, Sql)] = &[
    (
        "visits of a doctor overlap",
        sql!(
            "SELECT count(*) FROM visits a JOIN visits b ON b.doctor_id = a.doctor_id AND b.id > a.id
             WHERE b.starts_at < a.ends_at AND a.starts_at < b.ends_at"
        ),
    ),
    (
        "visits of a patient overlap",
        sql!(
            "SELECT count(*) FROM visits a JOIN visits b ON b.patient_id = a.patient_id AND b.id > a.id
             WHERE b.starts_at < a.ends_at AND a.starts_at < b.ends_at"
        ),
    ),
    (
        "sums of ratings are not those of the ratings",
        sql!(
            "SELECT count(*) FROM doctors d
             WHERE d.rating_sum <> (SELECT CAST(coalesce(sum(r.score), 0) AS BIGINT) FROM ratings r
                                    WHERE r.doctor_id = d.user_id)
                OR d.rating_count <> (SELECT count(*) FROM ratings r WHERE r.doctor_id = d.user_id)"
        ),
    ),
    (
        "what was paid or given back is not what is noted",
        sql!(
            "SELECT count(*) FROM visits v
             WHERE v.paid <> (SELECT CAST(coalesce(sum(p.amount), 0) AS BIGINT) FROM visit_payments p
                              WHERE p.visit_id = v.id AND p.kind = 'payment')
                OR v.refunded <> (SELECT CAST(coalesce(sum(p.amount), 0) AS BIGINT) FROM visit_payments p
                                  WHERE p.visit_id = v.id AND p.kind = 'refund')"
        ),
    ),
    (
        "things happened in another order",
        sql!(
            "SELECT count(*) FROM visits
             WHERE created_at >= starts_at OR paid_at < created_at OR cancelled_at > starts_at
                OR cancelled_at < paid_at OR ended_at <= started_at OR started_at < paid_at"
        ),
    ),
    (
        "ratings of visits that were not completed",
        sql!(
            "SELECT count(*) FROM ratings r JOIN visits v ON v.id = r.visit_id
             WHERE v.status <> 'completed' OR r.created_at <= v.ended_at"
        ),
    ),
    (
        "doctors of no known city",
        sql!(
            "SELECT count(*) FROM doctors d LEFT JOIN cities c ON c.province = d.province AND c.city = d.city
             WHERE c.city IS NULL"
        ),
    ),
    (
        "doctors of no known specialty",
        sql!(
            "SELECT count(*) FROM doctors d LEFT JOIN specialties s ON s.code = d.specialty
             WHERE s.code IS NULL"
        ),
    ),
    (
        "visits at unknown insurers",
        sql!(
            "SELECT count(*) FROM visits v LEFT JOIN insurers i ON i.name = v.insurer
             WHERE v.insurer IS NOT NULL AND i.name IS NULL"
        ),
    ),
];

#[rstest]
#[tokio::test]
async fn the_books_and_the_calendars_of_the_clinic_agree(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (app, _) = filled(engine).await;
    for (wrong, sql) in WRONG {
        assert_eq!(number(&app, *sql).await, 0, "{wrong}");
    }
    let later: Option<(i64,)> = app
        .app
        .db
        .one(
            sql!(
                "SELECT count(*) FROM visits
                 WHERE created_at > ?1 OR paid_at > ?1 OR started_at > ?1 OR ended_at > ?1 OR cancelled_at > ?1
                    OR (status = 'pending' AND hold_until <= ?1)"
            ),
            &[&At(app.clock.now())],
        )
        .await
        .unwrap();
    assert_eq!(later.unwrap().0, 0, "nothing lies in the future but visits");
    // the slots are those that the doctors offer
    let visits: Vec<(_, At, At)> =
        app.app.db.all(sql!("SELECT doctor_id, starts_at, ends_at FROM visits"), &[]).await.unwrap();
    let doctors: Vec<UserId> = visits.iter().map(|(doctor, ..)| UserId(*doctor)).collect();
    let practices = app
        .app
        .db
        .read(doctors, |c, doctors| Box::pin(async move { store::practices::of_many(c, doctors).await }))
        .await
        .unwrap();
    let practices: HashMap<UserId, _> = practices.into_iter().collect();
    for (doctor, At(start), At(end)) in visits {
        let practice = &practices[&UserId(doctor)];
        assert_eq!(practice.schedule.at(start, &days::tehran()), Some(Slot { start, end }));
        assert!(practice.schedule.wrong().is_empty());
    }
}

#[rstest]
#[tokio::test]
async fn the_first_doctor_is_found_and_has_a_full_day(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (app, _) = filled(engine).await;
    let query = Query { text: "قلب تهران".into(), ..Query::default() };
    let found = doctors::search(&app.app, query, Page { number: 1, size: 10 }).await.unwrap();
    let first = &found.items[0];
    let name = (first.card.first_name.as_str(), first.card.last_name.as_str());
    assert_eq!(name, ("مریم", "رضایی"));
    assert!(found.count >= 2 && first.next_available.is_some(), "{}", found.count);

    let doctor = app.log_in(demo::FIRST_DOCTOR).await;
    let day = app.get("/api/v1/doctors/dashboard/").by(&doctor).send().await.expect(200).json;
    assert!(day["today_stats"]["total_appointments"].as_i64().unwrap() >= 5, "{day}");
    assert!(day["today_stats"]["completed"].as_i64().unwrap() >= 2, "{day}");
    assert!(day["week_stats"]["total_revenue"].as_i64().unwrap() > 0, "{day}");
    assert_eq!(day["upcoming_appointments"].as_array().unwrap().len(), 5);
    assert_eq!(day["upcoming_appointments"][0]["status"], "in_progress");
    assert_eq!(day["notifications"].as_array().unwrap().len(), 5);
    every_state(&app, &doctor, "/api/v1/doctors/encounters/").await;

    let patient = app.log_in(demo::FIRST_PATIENT).await;
    every_state(&app, &patient, "/api/v1/patients/encounters/").await;
    for user in [&doctor, &patient] {
        let told = app.get(NOTIFICATIONS).by(user).send().await.expect(200).json;
        assert!(told["unread_count"].as_i64().unwrap() > 0, "{told}");
    }
    let prescriptions = app.get("/api/v1/patients/prescriptions/").by(&patient).send().await.expect(200).json;
    assert!(prescriptions["count"].as_i64().unwrap() > 0, "{prescriptions}");
}

/// At least 15 visits in all, and one in each state.
async fn every_state(app: &TestApp, user: &testkit::User, path: &str) {
    let all = app.get(path).by(user).send().await.expect(200).json;
    assert!(all["count"].as_i64().unwrap() >= 15, "{}", all["count"]);
    for status in Status::NAMES {
        let found = app.get(&format!("{path}?status={status}")).by(user).send().await.expect(200).json;
        assert!(found["count"].as_i64().unwrap() > 0, "{path} has none that is {status}");
    }
}

/// What must be the same: people, their practices and their visits, in an order of ours.
async fn told(app: &TestApp) -> Vec<String> {
    let people: Vec<(String, String, String, String)> = app
        .app
        .db
        .all(
            sql!(
                "SELECT u.first_name, u.last_name, d.council_number, p.schedule
                 FROM users u JOIN doctors d ON d.user_id = u.id JOIN practices p ON p.doctor_id = u.id"
            ),
            &[],
        )
        .await
        .unwrap();
    let patients: Vec<(String, String, String)> = app
        .app
        .db
        .all(
            sql!(
                "SELECT u.first_name, u.last_name, p.date_of_birth
                 FROM users u JOIN patients p ON p.user_id = u.id WHERE u.role = 'patient'"
            ),
            &[],
        )
        .await
        .unwrap();
    let visits: Vec<(String, String, i64, Option<i64>)> = app
        .app
        .db
        .all(
            sql!(
                "SELECT v.reference, v.status, v.patient_share, r.score
                 FROM visits v LEFT JOIN ratings r ON r.visit_id = v.id"
            ),
            &[],
        )
        .await
        .unwrap();
    let people = people.into_iter().map(|row| format!("{row:?}"));
    let patients = patients.into_iter().map(|row| format!("{row:?}"));
    let mut told: Vec<String> =
        people.chain(patients).chain(visits.into_iter().map(|row| format!("{row:?}"))).collect();
    told.sort();
    told
}

#[rstest]
#[tokio::test]
async fn the_same_moment_makes_the_same_clinic(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let ((one, _), (other, _)) = (filled(Engine::Sqlite).await, filled(engine).await);
    let (one, other) = (told(&one).await, told(&other).await);
    assert_eq!(one.len(), other.len());
    for (one, other) in one.iter().zip(&other) {
        assert_eq!(one, other);
    }
}
