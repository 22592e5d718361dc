//! The doctor's day and week in numbers (D25): weeks begin on Saturday, days at midnight in Tehran. The clock
//! stands at 13:30 of Saturday 2024-01-20 in Tehran.

use domain::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, TestApp, User};

use crate::{
    notifications::NOTIFICATIONS,
    visits::{BOOK, Clinic, MONDAY, VISITS, always_open, moment},
};

const DASHBOARD: &str = "/api/v1/doctors/dashboard/";

async fn dashboard(app: &TestApp, doctor: &User) -> Value {
    app.get(DASHBOARD).by(doctor).send().await.expect(200).json
}

/// A clinic whose doctor works round the clock and whose patient has a name.
async fn open(engine: Engine) -> Clinic {
    let clinic = Clinic::open(engine).await;
    always_open(&clinic.app, &clinic.doctor).await;
    let profile = json!({
        "first_name": "علی", "last_name": "محمدی", "date_of_birth": "1370-01-01", "gender": "male",
    });
    let path = "/api/v1/patients/profile/";
    let _ = clinic.app.patch(path).by(&clinic.patient).json(&profile).send().await.expect(200);
    clinic
}

/// A paid visit in person.
async fn in_person(clinic: &Clinic, at: &str) -> String {
    let body = json!({
        "doctor_id": clinic.doctor.id, "scheduled_at": at, "visit_type": "in_person", "chief_complaint": "سرفه",
    });
    let visit = clinic.app.post(BOOK).by(&clinic.patient).json(&body).send().await.expect(201).text("/id");
    let _ = clinic.ask(&visit, "pay").send().await.expect(200);
    visit
}

/// Moves the clock to the visit's start, and leads it to its end.
async fn lead(clinic: &mut Clinic, at: &str, visit: &str, steps: &[&str]) {
    clinic.go_to(moment(at)).await;
    for step in steps {
        let _ = clinic.ask(visit, step).send().await.expect(200);
    }
}

async fn rate(clinic: &Clinic, visit: &str, score: i64) {
    let body = json!({ "score": score });
    let path = format!("{VISITS}{visit}/rating/");
    let _ = clinic.app.post(&path).by(&clinic.patient).json(&body).send().await.expect(201);
}

fn upcoming(dashboard: &Value) -> Vec<&str> {
    let visits = dashboard["upcoming_appointments"].as_array().unwrap();
    visits.iter().map(|visit| visit["id"].as_str().unwrap()).collect()
}

#[rstest]
#[tokio::test]
async fn before_anything_happens_all_is_zero(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let doctor = app.doctor().await;
    let expected = json!({
        "today_stats": {
            "total_appointments": 0, "completed": 0, "pending": 0, "cancelled": 0, "no_show": 0, "revenue": 0,
        },
        "week_stats": { "total_appointments": 0, "average_rating": 0.0, "total_revenue": 0 },
        "upcoming_appointments": [],
        "notifications": [],
    });
    assert_eq!(dashboard(&app, &doctor).await, expected);
}

/// Visits in every state around Monday, and when it is 11:40 of Monday in Tehran.
struct Week {
    clinic: Clinic,
    /// Those that are paid for and not over, in their order.
    next: Vec<String>,
}

impl Week {
    async fn until_monday(engine: Engine) -> Self {
        let mut clinic = open(engine).await;
        let saturday = clinic.paid("2024-01-20T11:00:00Z").await;
        // 23:30 of Sunday, midnight of Monday
        let sunday = clinic.paid("2024-01-21T20:00:00Z").await;
        let midnight = clinic.paid("2024-01-21T20:30:00Z").await;
        let morning = in_person(&clinic, "2024-01-22T06:00:00Z").await;
        let missed = clinic.paid("2024-01-22T06:30:00Z").await;
        let left = clinic.paid("2024-01-22T07:00:00Z").await;
        let closed = clinic.paid("2024-01-22T07:30:00Z").await;
        let _unpaid = clinic.held("2024-01-22T11:00:00Z").await;
        let mut next = vec![];
        // going on, later, 23:30 of Monday, midnight of Tuesday, 23:30 of Friday, midnight of the next Saturday
        for at in [
            "2024-01-22T08:00:00Z",
            MONDAY,
            "2024-01-22T20:00:00Z",
            "2024-01-22T20:30:00Z",
            "2024-01-26T20:00:00Z",
            "2024-01-26T20:30:00Z",
        ] {
            next.push(clinic.paid(at).await);
        }
        lead(&mut clinic, "2024-01-20T11:00:00Z", &saturday, &["start", "complete"]).await;
        lead(&mut clinic, "2024-01-21T20:00:00Z", &sunday, &["start", "complete"]).await;
        rate(&clinic, &sunday, 4).await;
        lead(&mut clinic, "2024-01-21T20:30:00Z", &midnight, &["start", "complete"]).await;
        rate(&clinic, &midnight, 5).await;
        let _ = clinic.ask(&left, "cancel").send().await.expect(200);
        let _ = clinic.ask(&closed, "cancel by the doctor").send().await.expect(200);
        lead(&mut clinic, "2024-01-22T06:00:00Z", &morning, &["start", "complete"]).await;
        lead(&mut clinic, "2024-01-22T06:30:00Z", &missed, &["no-show"]).await;
        let going_on = next[0].clone();
        lead(&mut clinic, "2024-01-22T08:00:00Z", &going_on, &["start"]).await;
        let _held = clinic.held("2024-01-22T10:30:00Z").await;
        clinic.pass(SignedDuration::from_mins(10)).await;
        Self { clinic, next }
    }
}

#[rstest]
#[tokio::test]
async fn the_numbers_are_those_of_the_visits(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Week { clinic, next } = Week::until_monday(engine).await;
    let shown = dashboard(&clinic.app, &clinic.doctor).await;
    // completed: midnight and morning; missed; cancelled by either; going on; held; 13:30 and 23:30
    let today = json!({
        "total_appointments": 9, "completed": 2, "pending": 4, "cancelled": 2, "no_show": 1,
        "revenue": 1_400_000,
    });
    assert_eq!(shown["today_stats"], today);
    // and Saturday, Sunday, Tuesday's midnight and Friday
    let week = json!({ "total_appointments": 13, "average_rating": 4.5, "total_revenue": 2_600_000 });
    assert_eq!(shown["week_stats"], week);
    // what nobody paid in time was never an appointment, also when somebody has written that down
    assert_eq!(app::visits::expire_due(&clinic.app.app).await.unwrap(), 1);
    assert_eq!(dashboard(&clinic.app, &clinic.doctor).await, shown);

    assert_eq!(upcoming(&shown), next[..5]);
    let first = &shown["upcoming_appointments"][0];
    let patient = &first["patient"];
    assert_eq!((&patient["id"], &patient["name"]), (&json!(clinic.patient.id), &json!("علی محمدی")));
    assert_eq!((&patient["age"], &patient["gender"]), (&json!(32), &json!("male")));
    assert_eq!(
        (&first["scheduled_at"], &first["status"]),
        (&json!("2024-01-22T08:00:00Z"), &json!("in_progress"))
    );
    assert_eq!((&first["visit_type"], &first["chief_complaint"]), (&json!("online"), &json!("سردرد")));
    assert_eq!(shown["upcoming_appointments"][1]["status"], "confirmed");

    // the five newest of what the doctor was told
    let told = clinic.app.get(NOTIFICATIONS).by(&clinic.doctor).send().await.expect(200).json;
    assert!(told["count"].as_i64().unwrap() > 5);
    assert_eq!(shown["notifications"].as_array().map(Vec::len), Some(5));
    for (n, notification) in shown["notifications"].as_array().unwrap().iter().enumerate() {
        for (field, value) in notification.as_object().unwrap() {
            assert_eq!(value, &told["results"][n][field], "{field} of {n}");
        }
        assert_eq!(notification["is_read"], false);
    }
    let id = shown["notifications"][0]["id"].as_str().unwrap();
    let read = format!("{NOTIFICATIONS}{id}/read/");
    let _ = clinic.app.post(&read).by(&clinic.doctor).send().await.expect(200);
    let shown = dashboard(&clinic.app, &clinic.doctor).await;
    assert_eq!(
        (&shown["notifications"][0]["id"], &shown["notifications"][0]["is_read"]),
        (&json!(id), &json!(true))
    );

    // none of it is anybody else's
    let colleague = clinic.app.bookable_doctor().await;
    let other = dashboard(&clinic.app, &colleague).await;
    assert_eq!(
        (&other["today_stats"]["total_appointments"], &other["notifications"]),
        (&json!(0), &json!([]))
    );
}

#[rstest]
#[tokio::test]
async fn days_and_weeks_end_at_midnight_in_tehran(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut clinic = open(engine).await;
    // 23:30 of Monday; midnight of Tuesday; 23:30 of Friday; midnight of Saturday
    let monday = clinic.paid("2024-01-22T20:00:00Z").await;
    let _tuesday = clinic.paid("2024-01-22T20:30:00Z").await;
    let friday = clinic.paid("2024-01-26T20:00:00Z").await;
    let _saturday = clinic.paid("2024-01-26T20:30:00Z").await;
    for visit in [&monday, &friday] {
        let _ = clinic.ask(visit, "cancel").send().await.expect(200);
    }
    // when; visits of the day: cancelled, pending; of the week: all
    for (when, cancelled, pending, all) in [
        ("2024-01-21T20:29:59.999999Z", 0, 0, 3),
        ("2024-01-21T20:30:00Z", 1, 0, 3),
        ("2024-01-22T20:29:59.999999Z", 1, 0, 3),
        ("2024-01-22T20:30:00Z", 0, 1, 3),
        ("2024-01-26T20:29:59.999999Z", 1, 0, 3),
        ("2024-01-26T20:30:00Z", 0, 1, 1),
        ("2024-01-27T20:29:59.999999Z", 0, 1, 1),
        ("2024-01-27T20:30:00Z", 0, 0, 1),
    ] {
        clinic.go_to(moment(when)).await;
        let shown = dashboard(&clinic.app, &clinic.doctor).await;
        let today = &shown["today_stats"];
        assert_eq!((&today["cancelled"], &today["pending"]), (&json!(cancelled), &json!(pending)), "{when}");
        assert_eq!(today["total_appointments"], json!(cancelled + pending), "{when}");
        assert_eq!(shown["week_stats"]["total_appointments"], json!(all), "{when}");
    }
}

#[rstest]
#[tokio::test]
async fn revenue_is_the_fee_and_the_weeks_average_is_of_the_weeks_visits(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut clinic = open(engine).await;
    let body = json!({
        "doctor_id": clinic.doctor.id, "scheduled_at": "2024-01-26T10:00:00Z", "visit_type": "online",
        "chief_complaint": "سردرد", "insurance_info": { "use_insurance": true, "provider": "ایران" },
    });
    let insured = clinic.app.post(BOOK).by(&clinic.patient).json(&body).send().await.expect(201).text("/id");
    let _ = clinic.ask(&insured, "pay").send().await.expect(200);
    lead(&mut clinic, "2024-01-26T10:00:00Z", &insured, &["start", "complete"]).await;
    let shown = dashboard(&clinic.app, &clinic.doctor).await;
    assert_eq!(shown["today_stats"]["revenue"], 600_000, "whoever pays which share of it");

    // rated when it is Saturday: it counts for the doctor, and not for the week that has begun
    let next = clinic.paid("2024-01-27T10:00:00Z").await;
    clinic.go_to(moment("2024-01-26T20:31:00Z")).await;
    rate(&clinic, &insured, 5).await;
    let shown = dashboard(&clinic.app, &clinic.doctor).await;
    let week = json!({ "total_appointments": 1, "average_rating": 0.0, "total_revenue": 0 });
    assert_eq!(shown["week_stats"], week);
    lead(&mut clinic, "2024-01-27T10:00:00Z", &next, &["start", "complete"]).await;
    let shown = dashboard(&clinic.app, &clinic.doctor).await;
    let week = json!({ "total_appointments": 1, "average_rating": 0.0, "total_revenue": 600_000 });
    assert_eq!(shown["week_stats"], week);
    rate(&clinic, &next, 2).await;
    let shown = dashboard(&clinic.app, &clinic.doctor).await;
    assert_eq!(shown["week_stats"]["average_rating"], 2.0);
    let profile = format!("/api/v1/patients/doctors/{}/", clinic.doctor.id);
    let public = clinic.app.get(&profile).by(&clinic.patient).send().await.expect(200).json;
    assert_eq!(public["rating"], json!({ "average": 3.5, "count": 2 }));
}

#[rstest]
#[tokio::test]
async fn a_visit_that_takes_longer_is_still_going_on(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut clinic = open(engine).await;
    let (visit, next) = (clinic.paid(MONDAY).await, clinic.paid("2024-01-22T11:00:00Z").await);
    lead(&mut clinic, MONDAY, &visit, &["start"]).await;
    clinic.pass(SignedDuration::from_mins(25)).await;
    assert_eq!(upcoming(&dashboard(&clinic.app, &clinic.doctor).await), [&*visit, &*next]);
    let _ = clinic.ask(&visit, "complete").send().await.expect(200);
    assert_eq!(upcoming(&dashboard(&clinic.app, &clinic.doctor).await), [&*next]);
}

#[rstest]
#[tokio::test]
async fn visits_that_were_cancelled_do_not_hide_the_next_one(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let clinic = open(engine).await;
    for _ in 0..25 {
        let visit = clinic.held(MONDAY).await;
        let _ = clinic.ask(&visit, "cancel").send().await.expect(200);
    }
    let next = clinic.paid("2024-01-22T11:00:00Z").await;
    assert_eq!(upcoming(&dashboard(&clinic.app, &clinic.doctor).await), [&*next]);
}
