//! Replays every entry of the reference's samples that is implemented, and compares shape and types all the
//! way down. The samples are a copy of the reference's own, extracted.

use std::{collections::BTreeSet, fs, path::Path};

use axum::http::Method;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Answer, Engine, TestApp, User, shape, users::new_phone};

/// What is not implemented yet. Each line goes when its endpoint comes; at the end none is left.
const NOT_YET: &[(&str, &str)] = &[
    ("GET", "/api/v1/patients/encounters/"),
    ("GET", "/api/v1/patients/doctors/search/"),
    ("POST", "/api/v1/patients/encounters/book/"),
    ("POST", "/api/v1/patients/medical-files/upload/"),
    ("GET", "/api/v1/doctors/dashboard/"),
    ("POST", "/api/v1/doctors/patient-access/grant/"),
    ("POST", "/api/v1/doctors/patients/{patient_id}/notes/"),
    ("PUT", "/api/v1/doctors/settings/"),
    ("POST", "/api/v1/ai/chat/sessions/"),
    ("POST", "/api/v1/ai/chat/sessions/{session_id}/messages/"),
    ("POST", "/api/v1/ai/vision/analyze/"),
    ("POST", "/api/v1/ai/soap/generate/"),
    ("GET", "/api/v1/ai/soap/tasks/{task_id}"),
    ("GET", "/api/v1/billing/wallet/"),
    ("POST", "/api/v1/billing/wallet/charge/"),
    ("GET", "/api/v1/billing/subscriptions/plans/"),
    ("POST", "/api/v1/billing/subscriptions/purchase/"),
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
    let sample = |value: Value| Sample {
        method: value["method"].as_str().unwrap().into(),
        path: value["path"].as_str().unwrap().into(),
        request: value["request"].clone(),
        responses: value["responses"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(status, body)| (status.parse().unwrap(), body.clone()))
            .collect(),
    };
    all.into_iter().map(sample).collect()
}

#[rstest]
#[tokio::test]
async fn implemented_samples_have_the_documented_shape(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut replayed = BTreeSet::new();
    for sample in samples() {
        let key = (sample.method.as_str(), sample.path.as_str());
        if NOT_YET.contains(&key) {
            continue;
        }
        for (status, body) in &sample.responses {
            let app = TestApp::start(engine).await;
            let answer = replay(&app, &sample, *status).await;
            assert_eq!(answer.status, *status, "{key:?}: {}", answer.json);
            if *status == 204 {
                assert!(answer.bytes.is_empty(), "HTTP forbids a body with 204");
                continue;
            }
            let differences = shape::differences(body, &answer.json);
            assert!(differences.is_empty(), "{key:?} {status}: {differences:?}\n{}", answer.json);
        }
        replayed.insert((sample.method.clone(), sample.path.clone()));
    }
    assert_eq!(replayed.len() + NOT_YET.len(), samples().len(), "an entry is neither replayed nor listed");
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
    let call = app.call(method, &sample.path);
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
        (path, status) => panic!("{path} {status}: no replay; write one, or list it as missing"),
    }
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
