//! Replays every entry of the reference's samples that is implemented, and compares shape and types all the
//! way down. The samples are a copy of the reference's own, extracted.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use axum::http::Method;
use domain::Secret;
use helssa_server::settings::Settings;
use providers::gateways::ZarinpalSettings;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{
    Answer, Call, Engine, TestApp, User,
    fakes::zarinpal::{self, Zarinpal},
    shape,
    users::new_phone,
    visits::practice,
};

use crate::{
    subscriptions::reference,
    visits::{LED, anew},
};

/// What is not implemented yet. Each line goes when its endpoint comes; at the end none is left.
const NOT_YET: &[(&str, &str)] = &[
    ("POST", "/api/v1/patients/medical-files/upload/"),
    ("POST", "/api/v1/doctors/patient-access/grant/"),
    ("POST", "/api/v1/doctors/patients/{patient_id}/notes/"),
    ("POST", "/api/v1/ai/chat/sessions/"),
    ("POST", "/api/v1/ai/chat/sessions/{session_id}/messages/"),
    ("POST", "/api/v1/ai/vision/analyze/"),
    ("POST", "/api/v1/ai/soap/generate/"),
    ("GET", "/api/v1/ai/soap/tasks/{task_id}"),
];

/// Where an answer differs from its sample until another endpoint comes: path and difference. Each line goes
/// with its reason; at the end none is left.
const KNOWN: &[(&str, &str)] = &[
    // no visit has a report before there are reports
    ("/api/v1/patients/encounters/", "$.results[0].soap_report is null, documented as object"),
];

struct Sample {
    method: String,
    path: String,
    request: Value,
    responses: Vec<(u16, Value)>,
}

fn samples() -> Vec<Sample> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples.json");
    let all: Vec<Value> = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let sample = |value: Value| {
        let documented = value["responses"].as_object().unwrap().iter();
        let mut responses: Vec<_> =
            documented.map(|(status, body)| (status.parse().unwrap(), body.clone())).collect();
        // where no answer is documented, what was sent comes back
        if responses.is_empty() {
            responses.push((200, value["request"].clone()));
        }
        Sample {
            method: value["method"].as_str().unwrap().into(),
            path: value["path"].as_str().unwrap().into(),
            request: value["request"].clone(),
            responses,
        }
    };
    all.into_iter().map(sample).collect()
}

#[rstest]
#[tokio::test]
async fn implemented_samples_have_the_documented_shape(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let zarinpal = Zarinpal::start().await.unwrap();
    let mut replayed = BTreeSet::new();
    for sample in samples() {
        let key = (sample.method.as_str(), sample.path.as_str());
        if NOT_YET.contains(&key) {
            continue;
        }
        for (status, body) in &sample.responses {
            let app = TestApp::with(engine, |settings| at_zarinpal(settings, &zarinpal)).await;
            let answer = replay(&app, &sample, *status).await;
            assert_eq!(answer.status, *status, "{key:?}: {}", answer.json);
            if *status == 204 {
                assert!(answer.bytes.is_empty(), "HTTP forbids a body with 204");
                continue;
            }
            let differences = shape::differences(body, &answer.json);
            let known: Vec<_> =
                KNOWN.iter().filter(|(path, _)| *path == key.1).map(|known| known.1).collect();
            assert_eq!(differences, known, "{key:?} {status}: {}", answer.json);
        }
        replayed.insert((sample.method.clone(), sample.path.clone()));
    }
    assert_eq!(replayed.len() + NOT_YET.len(), samples().len(), "an entry is neither replayed nor listed");
}

/// As the reference's own server: with ZarinPal, and an app that browsers go back to.
fn at_zarinpal(settings: &mut Settings, zarinpal: &Zarinpal) {
    settings.return_urls = vec!["https://app.helssa.ir".to_owned()];
    settings.gateways.zarinpal = Some(ZarinpalSettings {
        base_url: zarinpal.base_url(),
        merchant_id: Secret::new(zarinpal::MERCHANT.to_owned()),
        accept_sandbox: false,
        timeout: Duration::from_mins(1),
    });
}

#[test]
fn the_list_of_what_is_missing_names_samples_only() {
    let samples = samples();
    for (method, path) in NOT_YET {
        assert!(samples.iter().any(|s| s.method == *method && s.path == *path), "{method} {path}");
    }
}

/// Brings the app to the state that the sample presumes, and makes its request.
async fn replay(app: &TestApp, sample: &Sample, status: u16) -> Answer {
    let method: Method = sample.method.parse().unwrap();
    // one visit a page: the sample has a page after it
    let page_size = if sample.path == "/api/v1/patients/encounters/" { "?page_size=1" } else { "" };
    let call = app.call(method, &format!("{}{page_size}", sample.path));
    let phone = sample.request["phone_number"].as_str().map_or_else(new_phone, str::to_owned);
    match (sample.path.as_str(), status) {
        ("/api/v1/auth/login/otp/", 200) => call.json(&sample.request).send().await,
        ("/api/v1/auth/login/otp/", 429) => {
            let _ = app.post(&sample.path).json(&sample.request).send().await.expect(200);
            call.json(&sample.request).send().await
        }
        ("/api/v1/auth/verify/otp/", _) => {
            let asked = json!({ "phone_number": phone });
            let _ = app.post("/api/v1/auth/login/otp/").json(&asked).send().await.expect(200);
            let mut request = sample.request.clone();
            request["otp_code"] = app.code(&phone).into();
            call.json(&request).send().await
        }
        ("/api/v1/auth/refresh/", _) => {
            let user = app.patient().await;
            call.json(&json!({ "refresh": user.refresh })).send().await
        }
        ("/api/v1/auth/logout/", _) => {
            let user = app.patient().await;
            call.by(&user).json(&json!({ "refresh": user.refresh })).send().await
        }
        ("/api/v1/patients/profile/", _) => {
            let user = app.patient().await;
            complete(app, &user, sample).await;
            call.by(&user).send().await
        }
        ("/api/v1/patients/encounters/", _) => two_visits(app, call).await,
        ("/api/v1/patients/doctors/search/", _) => {
            let _ = app.bookable_doctor().await;
            call.by(&app.patient().await).send().await
        }
        ("/api/v1/patients/encounters/book/", _) => booking(app, call, sample).await,
        ("/api/v1/doctors/dashboard/", _) => {
            let (doctor, patient) = (app.bookable_doctor().await, app.patient().await);
            let _ = app.confirmed(&doctor, &patient).await;
            call.by(&doctor).send().await
        }
        ("/api/v1/doctors/settings/", _) => call.by(&app.doctor().await).json(&sample.request).send().await,
        ("/api/v1/billing/wallet/", _) => call.by(&app.rich_patient().await).send().await,
        ("/api/v1/billing/wallet/charge/", _) => charging(app, call, sample).await,
        ("/api/v1/billing/subscriptions/plans/", _) => {
            let _ = reference(app, &json!({})).await;
            call.by(&app.patient().await).send().await
        }
        ("/api/v1/billing/subscriptions/purchase/", _) => purchasing(app, call, sample).await,
        (path, status) => panic!("{path} {status}: no replay; write one, or list it as missing"),
    }
}

/// The sample's own charge: of a million Rials at ZarinPal, for half an hour.
async fn charging(app: &TestApp, call: Call, sample: &Sample) -> Answer {
    let answer = call.by(&app.patient().await).json(&sample.request).send().await;
    assert_eq!(answer.json["amount"], sample.responses[0].1["amount"]);
    assert!(answer.text("/payment_url").contains("/pg/StartPay/"), "{}", answer.json);
    answer
}

/// The sample's own purchase, to the Rial: 299,000 × 3 − 20 % = 717,600, of which the code takes 25 %.
async fn purchasing(app: &TestApp, call: Call, sample: &Sample) -> Answer {
    let _ = reference(app, &json!({})).await;
    let answer = call.by(&app.rich_patient().await).json(&sample.request).send().await;
    let documented = &sample.responses[0].1;
    for field in ["amount", "discount_applied", "total_paid", "payment_method"] {
        assert_eq!(answer.json["payment"][field], documented["payment"][field], "{field}: {}", answer.json);
    }
    for field in ["plan", "start_date", "end_date", "status", "auto_renew"] {
        assert_eq!(
            answer.json["subscription"][field], documented["subscription"][field],
            "{field}: {}",
            answer.json
        );
    }
    answer
}

/// The sample's own profile, but for its id and number, which are the caller's, and its national id, whose
/// check digit is wrong.
async fn complete(app: &TestApp, user: &User, sample: &Sample) {
    let mut profile = sample.responses[0].1.clone();
    profile.as_object_mut().unwrap().remove("id");
    profile.as_object_mut().unwrap().remove("phone_number");
    profile["national_id"] = "0012345679".into();
    let saved = app.put("/api/v1/patients/profile/").by(user).json(&profile).send().await.expect(200);
    for (name, sent) in profile.as_object().unwrap() {
        assert_eq!(&saved.json[name], sent, "{name} comes back as it was sent");
    }
}

/// The list of somebody whose last visit is completed and has a signed prescription.
async fn two_visits(app: &TestApp, call: Call) -> Answer {
    let (doctor, patient) = (app.bookable_doctor().await, app.patient().await);
    let free = app.free(&doctor).await;
    let _ = app.book(&doctor, &patient, &free[0]).await.expect(201);
    let visit = app.started(&doctor, &patient).await;
    let doctor = anew(app, &doctor).await;
    let _ = app.post(&format!("{LED}{visit}/complete/")).by(&doctor).send().await.expect(200);
    let drug = |name: &str| json!({ "drug_name": name, "dosage": "یک عدد", "frequency": "هر 8 ساعت", "duration": "7 روز" });
    let body = json!({ "items": [drug("Losartan"), drug("Metformin"), drug("Aspirin")], "sign": true });
    let prescriptions = format!("{LED}{visit}/prescriptions/");
    let _ = app.post(&prescriptions).by(&doctor).json(&body).send().await.expect(201);
    let patient = anew(app, &patient).await;
    call.by(&patient).send().await
}

/// The sample's own booking, of a doctor who works until the evening and costs what the sample says. What is
/// answered follows from D18 to D21, to the Rial and the minute.
async fn booking(app: &TestApp, call: Call, sample: &Sample) -> Answer {
    let (doctor, patient) = (app.doctor().await, app.patient().await);
    let mut settings = practice();
    settings["consultation_settings"]["online_consultation_fee"] = json!(800_000);
    settings["availability"]["working_hours"]["end"] = json!("20:00");
    let _ = app.put("/api/v1/doctors/settings/").by(&doctor).json(&settings).send().await.expect(200);
    let mut request = sample.request.clone();
    request["doctor_id"] = json!(doctor.id);
    let answer = call.by(&patient).json(&request).send().await;
    let documented = &sample.responses[0].1;
    for field in [
        "booking_reference",
        "scheduled_at",
        "estimated_duration",
        "visit_type",
        "meeting_link",
        "status",
        "cancellation_policy",
    ] {
        assert_eq!(answer.json[field], documented[field], "{field}: {}", answer.json);
    }
    for field in ["total_amount", "insurance_discount", "payable_amount", "payment_status"] {
        assert_eq!(answer.json["payment"][field], documented["payment"][field], "{field}");
    }
    answer
}
