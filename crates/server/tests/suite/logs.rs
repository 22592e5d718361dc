//! A canary: nothing that identifies or treats anybody is ever logged, and no secret.

use std::{fs, path::Path};

use serde_json::{Value, json};
use testkit::process;

#[tokio::test]
async fn logs_hold_neither_people_nor_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_helssa"));
    let mut server = process::serve(program, folder.path(), &["--set", "log.filter=trace"], &[]);
    let client = reqwest::Client::new();
    let post = |path: &str, body: Value| client.post(format!("{}{path}", server.url)).json(&body).send();
    let phone = "+989351112233";
    post("/api/v1/auth/login/otp/", json!({ "phone_number": phone })).await.unwrap();
    let inbox = format!("{}/dev/inbox/messages/?phone_number=989351112233", server.url);
    let inbox: Value = client.get(inbox).send().await.unwrap().json().await.unwrap();
    let code = inbox["results"][0]["code"].as_str().unwrap();
    let login = json!({ "phone_number": phone, "otp_code": code });
    let login: Value = post("/api/v1/auth/verify/otp/", login).await.unwrap().json().await.unwrap();
    let (access, refresh) = (login["access"].as_str().unwrap(), login["refresh"].as_str().unwrap());
    let profile = json!({
        "first_name": "کاناری", "national_id": "0012345679", "address": { "address": "نشانی‌قناری" },
        "medical_info": { "allergies": ["حساسیت‌قناری"] }, "email": "canary@example.com",
    });
    let url = format!("{}/api/v1/patients/profile/?secret=canaryquery", server.url);
    let saved = client.patch(&url).bearer_auth(access).json(&profile).send().await.unwrap();
    assert_eq!(saved.status(), 200);
    let wrong = json!({ "first_name": { "canaryjson": 1 }, "canaryfield": "canaryvalue" });
    client.patch(&url).bearer_auth(access).json(&wrong).send().await.unwrap();
    client.get(format!("{}/canarypath/", server.url)).send().await.unwrap();
    post("/api/v1/auth/refresh/", json!({ "refresh": refresh })).await.unwrap();

    // the end writes what still waits
    assert!(server.terminate().success());
    let log = fs::read_to_string(&server.log).unwrap();
    assert!(log.contains("/api/v1/patients/profile/"), "requests are logged");
    let secret_file = fs::read_to_string(folder.path().join("secrets.toml")).unwrap();
    let secrets = secret_file.split('"').filter_map(|part| part.split_once(':')).map(|(_, secret)| secret);
    let people = [
        "9351112233",
        "0012345679",
        "کاناری",
        "نشانی‌قناری",
        "حساسیت‌قناری",
        "canary@example.com",
        "canaryquery",
        "canaryjson",
        "canaryfield",
        "canaryvalue",
        "canarypath",
        access,
        refresh,
    ];
    for canary in people.into_iter().chain(secrets) {
        assert!(!log.contains(canary), "the log holds {canary}");
    }
    // the code might be part of some other number, but not of a line about it
    assert!(!log.contains(&format!("\"{code}\"")) && !log.contains(&format!("={code} ")));
}
