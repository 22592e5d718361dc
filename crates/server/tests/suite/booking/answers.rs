//! What a booking is answered with: the reference's sample, a reference of its own, the moment in UTC.

use std::collections::BTreeSet;

use domain::SignedDuration;
use rstest::rstest;
use serde_json::json;
use testkit::{Engine, TestApp};

use super::{AT, ask, read};
use crate::{races::assert_whole, settings_of_doctors::patch};

#[rstest]
#[tokio::test]
async fn the_sample_is_answered_as_in_the_reference(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    let evenings = json!({
        "consultation_settings": { "online_consultation_fee": 800_000 },
        "availability": { "working_hours": { "start": "09:00", "end": "19:00" } },
    });
    let _ = patch(&app, &doctor, &evenings).await.expect(200);
    let sample = json!({
        "doctor_id": doctor.id,
        "scheduled_at": "2024-01-25T15:00:00Z",
        "visit_type": "online",
        "chief_complaint": "درد قفسه سینه",
        "description": "از دو روز پیش درد خفیفی در قفسه سینه دارم",
        "insurance_info": { "use_insurance": true, "provider": "تامین اجتماعی", "number": "1234567890" },
    });
    let booked = ask(&app, &patient, &sample).await.expect(201);
    let (id, url) = (booked.text("/id"), booked.text("/payment/payment_url"));
    let site = app.settings.public_site_url.trim_end_matches('/');
    let token = url.strip_prefix(&format!("{site}/pay/")).unwrap();
    assert!(token.len() == 36 && token != id, "{url} is nobody's to guess");
    let seen = json!({
        "id": doctor.id,
        "name": "دکتر سارا احمدی",
        "specialty": "پزشک عمومی",
        "profile_image": format!("{site}/avatars/{}.svg", doctor.id),
    });
    let payment = json!({
        "total_amount": 800_000,
        "insurance_discount": 480_000,
        "payable_amount": 320_000,
        "payment_status": "pending",
        "payment_url": url,
        "pay_until": "2024-01-20T10:15:00Z",
    });
    let policy = json!({
        "free_cancellation_before": "2024-01-24T15:00:00Z",
        "cancellation_fee_percentage": 50,
    });
    assert_eq!(
        booked.json,
        json!({
            "id": id,
            "booking_reference": "HLS-2024-0125-1500",
            "doctor": seen,
            "scheduled_at": "2024-01-25T15:00:00Z",
            "estimated_duration": 20,
            "visit_type": "online",
            "meeting_link": null,
            "status": "pending",
            "payment": payment,
            "cancellation_policy": policy,
        })
    );
    let kept = read(&app, &patient, &id).await;
    assert_eq!((&kept["payment"], &kept["cancellation_policy"], &kept["doctor"]), (&payment, &policy, &seen));
    for field in ["scheduled_at", "chief_complaint", "description", "visit_type"] {
        assert_eq!(kept[field], sample[field], "{field}");
    }
    assert_eq!((&kept["status"], &kept["ends_at"]), (&json!("pending"), &json!("2024-01-25T15:20:00Z")));
    assert_eq!(app.audited("visit.book").await, 1);
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test]
async fn a_reference_is_made_of_the_time_and_longer_when_that_is_taken(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (one, other) = (app.bookable_doctor().await, app.bookable_doctor().await);
    let mut references = BTreeSet::new();
    for (doctor, at) in [(&one, AT), (&other, AT), (&one, "2024-01-21T07:30:00Z")] {
        let patient = app.rich_patient().await;
        let booked = app.book(doctor, &patient, at).await.expect(201);
        references.insert(booked.text("/booking_reference"));
    }
    // an ended hold keeps its reference
    app.clock.advance(SignedDuration::from_mins(15));
    let again = app.book(&one, &app.rich_patient().await, AT).await.expect(201);
    references.insert(again.text("/booking_reference"));
    assert_eq!(references.len(), 4);
    assert!(references.remove("HLS-2024-0121-0700") && references.remove("HLS-2024-0121-0730"));
    for reference in references {
        let more = reference.strip_prefix("HLS-2024-0121-0700-").unwrap();
        let is_readable = more.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        assert!(more.len() == 4 && is_readable, "{reference}");
    }
}

#[rstest]
#[tokio::test]
async fn a_moment_may_be_written_with_any_offset(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    for (written, meant) in [
        ("2024-01-21T09:00:00+03:30", "2024-01-21T05:30:00Z"),
        ("2024-01-21T01:00:00-05:00", "2024-01-21T06:00:00Z"),
        ("2024-01-21T06:30:00.000000+00:00", "2024-01-21T06:30:00Z"),
    ] {
        let booked = app.book(&doctor, &patient, written).await.expect(201);
        assert_eq!(booked.text("/scheduled_at"), meant);
    }
}
