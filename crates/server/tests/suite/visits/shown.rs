//! One visit as its two sides see it, when it shows where to meet, and as an entry of a calendar.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Engine;

use super::{BOOK, Clinic, MONDAY, SITE, VISITS, listed, moment};
use crate::doctors::DOCTORS;

#[rstest]
#[tokio::test]
async fn a_visit_is_shown_to_both_sides_with_what_is_theirs(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let clinic = Clinic::open(engine).await;
    let profile = json!({
        "first_name": "علی", "last_name": "محمدی", "date_of_birth": "1370-01-01", "gender": "male",
    });
    let path = "/api/v1/patients/profile/";
    let _ = clinic.app.patch(path).by(&clinic.patient).json(&profile).send().await.expect(200);
    let body = json!({
        "doctor_id": clinic.doctor.id, "scheduled_at": "2024-01-22T13:30:00+03:30", "visit_type": "in_person",
        "chief_complaint": "درد قفسه سینه", "description": "از دو روز پیش\nدرد خفیفی دارم",
        "insurance_info": { "use_insurance": true, "provider": "تأمین‌اجتماعی", "number": "1234567890" },
    });
    let booked = clinic.app.post(BOOK).by(&clinic.patient).json(&body).send().await.expect(201).json;
    let visit = booked["id"].as_str().unwrap();

    let seen = clinic.seen(visit).await;
    for (field, value) in [
        ("scheduled_at", json!(MONDAY)),
        ("ends_at", json!("2024-01-22T10:20:00Z")),
        ("duration_minutes", json!(20)),
        ("visit_type", json!("in_person")),
        ("status", json!("pending")),
        ("chief_complaint", body["chief_complaint"].clone()),
        ("description", body["description"].clone()),
        ("booking_reference", json!("HLS-2024-0122-1000")),
        ("total_cost", json!(800_000)),
        ("insurance_share", json!(480_000)),
        ("patient_share", json!(320_000)),
        ("prescription", Value::Null),
        ("soap_report", Value::Null),
        ("rating", Value::Null),
        ("meeting_link", Value::Null),
        ("cancelled_by", Value::Null),
        ("created_at", json!("2024-01-20T10:00:00Z")),
        ("payment", booked["payment"].clone()),
        ("cancellation_policy", booked["cancellation_policy"].clone()),
        ("doctor", booked["doctor"].clone()),
    ] {
        assert_eq!(seen[field], value, "{field}");
    }
    assert_eq!(seen["doctor"]["name"], "دکتر سارا احمدی");
    assert_eq!(seen["doctor"]["specialty"], "پزشک عمومی");
    assert_eq!(seen["payment"]["pay_until"], "2024-01-20T10:15:00Z");
    let item = &listed(&clinic, "").await["results"][0];
    for (field, value) in item.as_object().unwrap() {
        assert_eq!(&seen[field], value, "{field} of the list");
    }

    let _ = clinic.ask(visit, "pay").send().await.expect(200);
    let seen = clinic.seen(visit).await;
    let led = clinic.led(visit).await;
    assert_eq!((&led["patient"]["name"], &led["patient"]["age"]), (&json!("علی محمدی"), &json!(32)));
    assert_eq!(led["patient"]["gender"], "male");
    assert!(led["patient"]["medical_record_number"].as_str().unwrap().starts_with("MRN"));
    for field in ["scheduled_at", "ends_at", "status", "chief_complaint", "description", "total_cost"] {
        assert_eq!(led[field], seen[field], "{field} of the doctor");
    }
    assert_eq!(led["is_overbooked"], false);
    assert!(!led.to_string().contains("/pay/"), "the page where it is paid is secret to the patient");
}

#[rstest]
#[tokio::test]
async fn the_meeting_is_shown_from_15_minutes_before_it_until_an_hour_after(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut clinic = Clinic::open(engine).await;
    let (online, left) = (clinic.paid(MONDAY).await, clinic.paid("2024-01-22T11:00:00Z").await);
    let body = json!({
        "doctor_id": clinic.doctor.id, "scheduled_at": "2024-01-22T10:30:00Z", "visit_type": "in_person",
        "chief_complaint": "سردرد",
    });
    let in_person =
        clinic.app.post(BOOK).by(&clinic.patient).json(&body).send().await.expect(201).text("/id");
    let _ = clinic.ask(&in_person, "pay").send().await.expect(200);
    let links = async |clinic: &Clinic, visit: &str| {
        let links = (
            clinic.seen(visit).await["meeting_link"].clone(),
            clinic.led(visit).await["meeting_link"].clone(),
        );
        assert_eq!(links.0, links.1, "both see the same");
        links.0
    };
    let link = |visit: &str| json!(format!("{SITE}/meet/{visit}"));

    assert_eq!(links(&clinic, &online).await, Value::Null);
    clinic.go_to(moment("2024-01-22T09:44:59.999999Z")).await;
    assert_eq!(links(&clinic, &online).await, Value::Null);
    clinic.go_to(moment("2024-01-22T09:45:00Z")).await;
    assert_eq!(links(&clinic, &online).await, link(&online));
    let _ = clinic.ask(&online, "start").send().await.expect(200);
    assert_eq!(links(&clinic, &online).await, link(&online));
    clinic.go_to(moment("2024-01-22T10:20:00Z")).await;
    assert_eq!(links(&clinic, &in_person).await, Value::Null, "there is nothing to join");
    let _ = clinic.ask(&online, "complete").send().await.expect(200);
    assert_eq!(links(&clinic, &online).await, Value::Null);

    // nobody has come: until an hour after it would have ended
    clinic.go_to(moment("2024-01-22T12:20:00Z")).await;
    assert_eq!(links(&clinic, &left).await, link(&left));
    clinic.go_to(moment("2024-01-22T12:20:00.000001Z")).await;
    assert_eq!(links(&clinic, &left).await, Value::Null);
}

/// The calendar's text, checked for its form.
async fn calendar(clinic: &Clinic, visit: &str) -> String {
    let path = format!("{VISITS}{visit}/visit.ics");
    let answer = clinic.app.get(&path).by(&clinic.patient).send().await.expect(200);
    assert_eq!(answer.header("content-type"), Some("text/calendar; charset=utf-8"));
    let text = String::from_utf8(answer.bytes.to_vec()).unwrap();
    assert!(text.starts_with("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n") && text.ends_with("END:VCALENDAR\r\n"));
    for line in text.split("\r\n") {
        assert!(line.len() <= 75, "{} octets: {line}", line.len());
        assert!(!line.contains(['\r', '\n']), "{line:?}");
    }
    text.replace("\r\n ", "")
}

#[rstest]
#[tokio::test]
async fn a_visit_can_be_put_into_a_calendar(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let clinic = Clinic::open(engine).await;
    let admin = clinic.app.admin().await;
    // what has a meaning in calendars, and is longer than a line
    let name = json!({ "first_name": "سارا,نرگس;مریم\\زهرا", "last_name": "احمدی‌نژاد تهرانی ".repeat(4) });
    let doctor = format!("{DOCTORS}{}/", clinic.doctor.id);
    let _ = clinic.app.patch(&doctor).by(&admin).json(&name).send().await.expect(200);
    let visit = clinic.held(MONDAY).await;
    let text = calendar(&clinic, &visit).await;
    for line in [
        format!("UID:{visit}@helssa"),
        "DTSTAMP:20240120T100000Z".into(),
        "DTSTART:20240122T100000Z".into(),
        "DTEND:20240122T102000Z".into(),
        "STATUS:TENTATIVE".into(),
        format!("LOCATION:{SITE}/meet/{visit}"),
        "DESCRIPTION:کد پیگیری: HLS-2024-0122-1000".into(),
        "TRIGGER:-PT30M".into(),
    ] {
        assert_eq!(text.split("\r\n").filter(|found| **found == line).count(), 1, "{line}\n{text}");
    }
    assert!(text.contains("SUMMARY:ویزیت دکتر سارا\\,نرگس\\;مریم\\\\زهرا احمدی‌نژاد تهرانی"), "{text}");
    assert!(!text.contains("سردرد"), "a calendar is seen by others");
    let _ = clinic.ask(&visit, "pay").send().await.expect(200);
    assert!(calendar(&clinic, &visit).await.contains("STATUS:CONFIRMED\r\n"));
    let _ = clinic.ask(&visit, "cancel").send().await.expect(200);
    assert!(calendar(&clinic, &visit).await.contains("STATUS:CANCELLED\r\n"));
}
