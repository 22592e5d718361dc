//! Visits as lists: what is asked for, page by page, in either order.

use domain::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::Engine;

use super::{Clinic, LED, MONDAY, TUESDAY, UNKNOWN, VISITS, always_open, listed};
use crate::{doctors::ids, frame::assert_enveloped, search::encoded};

#[rstest]
#[tokio::test]
async fn visits_are_listed_by_all_that_is_asked_for_the_latest_first(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut clinic = Clinic::open(engine).await;
    let night = clinic.app.bookable_doctor().await;
    always_open(&clinic.app, &night).await;
    let expired = clinic.held("2024-01-25T06:00:00Z").await;
    clinic.pass(SignedDuration::from_mins(16)).await;
    let first = clinic.paid("2024-01-21T10:00:00Z").await;
    let cancelled = clinic.paid(MONDAY).await;
    let _ = clinic.ask(&cancelled, "cancel").send().await.expect(200);
    let held = clinic.held(TUESDAY).await;
    // half an hour before midnight of Tuesday in Tehran, and midnight
    let mut nightly = vec![];
    for at in ["2024-01-23T20:00:00Z", "2024-01-23T20:30:00Z"] {
        let visit = clinic.app.book(&night, &clinic.patient, at).await.expect(201).text("/id");
        let _ = clinic.ask(&visit, "pay").send().await.expect(200);
        nightly.push(visit);
    }
    let (late, later) = (&nightly[0], &nightly[1]);
    let all = [&expired, later, late, &held, &cancelled, &first];

    let persian_day = encoded("۱۴۰۲/۱۱/۳");
    for (query, expected) in [
        (String::new(), all.to_vec()),
        ("?status=&from_date=&to_date=&doctor_id=&page=".into(), all.to_vec()),
        ("?status=pending".into(), vec![&held]),
        ("?status=confirmed".into(), vec![later, late, &first]),
        ("?status=cancelled".into(), vec![&expired, &cancelled]),
        ("?status=in_progress".into(), vec![]),
        ("?status=completed".into(), vec![]),
        ("?status=no_show".into(), vec![]),
        ("?from_date=2024-01-23".into(), vec![&expired, later, late, &held]),
        ("?to_date=2024-01-23".into(), vec![late, &held, &cancelled, &first]),
        ("?from_date=2024-01-23&to_date=2024-01-23".into(), vec![late, &held]),
        ("?from_date=1402-11-03&to_date=1402-11-03".into(), vec![late, &held]),
        (format!("?from_date={persian_day}&to_date={persian_day}"), vec![late, &held]),
        ("?from_date=1402/11/4".into(), vec![&expired, later]),
        (format!("?doctor_id={}", night.id), vec![later, late]),
        (format!("?doctor_id={}", clinic.doctor.id), vec![&expired, &held, &cancelled, &first]),
        (format!("?doctor_id={UNKNOWN}"), vec![]),
        (format!("?doctor_id={}&status=confirmed&to_date=2024-01-23", night.id), vec![late]),
    ] {
        let page = listed(&clinic, &query).await;
        let expected: Vec<String> = expected.into_iter().cloned().collect();
        assert_eq!(page["count"], json!(expected.len()), "{query}");
        assert_eq!(ids(&page), expected, "{query}");
    }
    // a hold that has ended is one, also when somebody has written that down
    assert_eq!(app::visits::expire_due(&clinic.app.app).await.unwrap(), 1);
    let page = listed(&clinic, "?status=cancelled").await;
    assert_eq!(ids(&page), [expired, cancelled]);
}

#[rstest]
#[tokio::test]
async fn a_list_of_visits_has_pages_and_refuses_what_it_does_not_know(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let clinic = Clinic::open(engine).await;
    let mut all = vec![];
    for time in ["10:00", "10:30", "11:00", "11:30", "12:00"] {
        all.insert(0, clinic.paid(&format!("2024-01-22T{time}:00Z")).await);
    }
    let base = "http://127.0.0.1:8000/api/v1/patients/encounters/";
    let page = listed(&clinic, "?status=confirmed&page_size=2&page=2").await;
    assert_eq!((&page["count"], ids(&page)), (&json!(5), all[2..4].to_vec()));
    assert_eq!(page["next"], json!(format!("{base}?status=confirmed&page_size=2&page=3")));
    assert_eq!(page["previous"], json!(format!("{base}?status=confirmed&page_size=2&page=1")));
    for (query, expected) in [
        ("?page_size=2&page=3", &all[4..]),
        ("?page_size=100", &all[..]),
        ("?page=2", &all[5..]),
        ("?page=1000000000", &all[5..]),
    ] {
        let page = listed(&clinic, query).await;
        assert_eq!((&page["count"], ids(&page)), (&json!(5), expected.to_vec()), "{query}");
        assert_eq!(page["next"], Value::Null, "{query}");
    }
    for (query, field) in [
        ("?status=done", "status"),
        ("?status=Pending", "status"),
        ("?from_date=soon", "from_date"),
        ("?from_date=2024-02-30", "from_date"),
        ("?to_date=1402-12-30", "to_date"),
        ("?from_date=2024-01-22&to_date=2024-01-21", "to_date"),
        ("?from_date=1402-11-02&to_date=2024-01-21", "to_date"),
        ("?doctor_id=x", "doctor_id"),
        ("?page=0", "page"),
        ("?page=-1", "page"),
        ("?page=two", "page"),
        ("?page_size=0", "page_size"),
        ("?page_size=101", "page_size"),
        ("?page_size=1000000000", "page_size"),
        ("?page_size=99999999999999999999", "page_size"),
    ] {
        let answer = clinic.app.get(&format!("{VISITS}{query}")).by(&clinic.patient).send().await;
        let answer = answer.expect(422);
        assert_enveloped(&answer, query);
        let told = &answer.json["error"]["details"]["field_errors"];
        assert!(told[field][0].is_string(), "{query}: {told}");
        assert_eq!(told.as_object().map(serde_json::Map::len), Some(1), "{query}: {told}");
    }
}

#[rstest]
#[tokio::test]
async fn a_doctors_list_can_be_a_calendar(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let clinic = Clinic::open(engine).await;
    let other = clinic.app.rich_patient().await;
    let first = clinic.paid("2024-01-21T10:00:00Z").await;
    let second = clinic.app.book(&clinic.doctor, &other, MONDAY).await.expect(201).text("/id");
    let third = clinic.paid(TUESDAY).await;
    let list = async |query: &str| {
        clinic.app.get(&format!("{LED}{query}")).by(&clinic.doctor).send().await.expect(200).json
    };
    assert_eq!(ids(&list("").await), [&*third, &*second, &*first]);
    assert_eq!(ids(&list("?order=desc").await), [&*third, &*second, &*first]);
    assert_eq!(ids(&list("?order=asc").await), [&*first, &*second, &*third]);
    assert_eq!(ids(&list("?order=asc&status=confirmed").await), [&*first, &*third]);
    let week = list("?order=asc&from_date=2024-01-22&to_date=1402-11-03&page_size=1").await;
    assert_eq!((&week["count"], ids(&week)), (&json!(2), vec![second]));
    assert_eq!(week["results"][0]["patient"]["id"], json!(other.id));
    let wrong = clinic.app.get(&format!("{LED}?order=up")).by(&clinic.doctor).send().await.expect(422);
    assert!(wrong.json["error"]["details"]["field_errors"]["order"].is_array());
}
