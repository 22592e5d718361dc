//! The page where a visit is paid without a login, and pages that are not there or too late.

use domain::SignedDuration;
use rstest::rstest;
use serde_json::json;
use testkit::Engine;

use super::{Clinic, MONDAY, SITE, UNKNOWN, VISITS, money, pay_at_page};
use crate::{doctors::DOCTORS, frame::assert_enveloped};

/// A page as a browser without a login gets it.
async fn page(clinic: &Clinic, path: &str) -> String {
    let answer = clinic.app.get(path).send().await.expect(200);
    assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));
    assert!(answer.header("content-security-policy").is_some_and(|text| text.contains("form-action 'self'")));
    String::from_utf8(answer.bytes.to_vec()).unwrap()
}

#[rstest]
#[tokio::test]
async fn a_visit_is_paid_at_its_page(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let clinic = Clinic::open(engine).await;
    let admin = clinic.app.admin().await;
    let name = json!({ "last_name": "<b>احمدی</b>" });
    let doctor = format!("{DOCTORS}{}/", clinic.doctor.id);
    let _ = clinic.app.patch(&doctor).by(&admin).json(&name).send().await.expect(200);
    let booked = clinic.asked(MONDAY).await.expect(201);
    let visit = booked.text("/id");
    let url = booked.text("/payment/payment_url");
    let path = url.strip_prefix(SITE).unwrap().to_owned();

    let online = json!({ "payment_method": "online" });
    let pay = format!("{VISITS}{visit}/pay/");
    let answer = clinic.app.post(&pay).by(&clinic.patient).json(&online).send().await.expect(200);
    assert_eq!((answer.text("/status"), answer.text("/payment_url")), ("pending".to_owned(), url.clone()));

    let shown = page(&clinic, &path).await;
    for text in [
        "دکتر سارا &lt;b&gt;احمدی&lt;/b&gt;",
        "دوشنبه ۲ بهمن ۱۴۰۲ ساعت ۱۳:۳۰",
        "HLS-2024-0122-1000",
        "۶۰۰٬۰۰۰ ریال",
        "مهلت پرداخت: شنبه ۳۰ دی ۱۴۰۲ ساعت ۱۳:۴۵",
        "<form method=\"post\">",
    ] {
        assert!(shown.contains(text), "{text} is not in\n{shown}");
    }
    assert!(!shown.contains("سردرد") && !shown.contains(&clinic.patient.id));

    // to the development gateway, whose browser comes back, and once more
    let back = pay_at_page(&clinic.app, &path).await;
    for _ in 0..2 {
        let came = clinic.app.get(&back).send().await.expect(303);
        let expected = format!("{url}/?transaction_id=");
        assert!(
            came.header("location").is_some_and(|to| to.starts_with(&expected)),
            "{:?}",
            came.header("location")
        );
        assert_eq!(clinic.seen(&visit).await["status"], "confirmed");
        assert_eq!(money(&clinic.app, &visit).await, ["payment 600000"]);
    }
    let shown = page(&clinic, &path).await;
    assert!(shown.contains("پرداخت انجام شد") && !shown.contains("<form"), "{shown}");
    assert_eq!(clinic.seen(&visit).await["payment"]["payment_status"], "paid");
    assert_eq!(clinic.app.audited("visit.pay").await, 1);
}

#[rstest]
#[tokio::test]
async fn a_page_that_is_not_there_or_too_late_takes_no_money(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut clinic = Clinic::open(engine).await;
    for token in [UNKNOWN, "x", "%00", "..%2f..%2fetc%2fpasswd"] {
        for call in [
            clinic.app.get(&format!("/pay/{token}/")),
            clinic.app.get(&format!("/pay/{token}")),
            clinic.app.post(&format!("/pay/{token}/")),
        ] {
            let answer = call.send().await.expect(404);
            assert_enveloped(&answer, token);
        }
    }
    let booked = clinic.asked(MONDAY).await.expect(201);
    let (visit, url) = (booked.text("/id"), booked.text("/payment/payment_url"));
    let path = url.strip_prefix(SITE).unwrap();
    // a visit's id is not the key to its page
    let _ = clinic.app.get(&format!("/pay/{visit}/")).send().await.expect(404);

    clinic.pass(SignedDuration::from_mins(15)).await;
    let shown = page(&clinic, path).await;
    assert!(shown.contains("پایان یافته") && !shown.contains("<form"), "{shown}");
    let _ = clinic.app.post(path).send().await.expect(303);
    let seen = clinic.seen(&visit).await;
    assert_eq!((&seen["status"], &seen["cancelled_by"]), (&json!("cancelled"), &json!("expired")));
    assert_eq!(seen["payment"]["payment_status"], "cancelled");
    assert!(money(&clinic.app, &visit).await.is_empty());
    let refused = clinic.ask(&visit, "pay").send().await.expect(409);
    assert_eq!(refused.code(), "ILLEGAL_STATE");
}
