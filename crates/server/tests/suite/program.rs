//! What tests of the real program share: a database and a folder of its own, its commands, its server, and who uses that
//! over HTTP.

use std::{path::Path, process::Command};

use db::Location;
use serde_json::{Value, json};
use testkit::{
    Engine, database,
    process::{self, Process},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_helssa");

/// The program with all that it keeps; dropped, that is gone.
pub(crate) struct Installed {
    folder: tempfile::TempDir,
    pub(crate) location: Location,
    /// The same, as operators write it.
    database: String,
}

impl Installed {
    pub(crate) async fn new(engine: Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let location = database::location(engine, folder.path()).await;
        let database = match &location {
            Location::Sqlite { path, .. } => format!("sqlite://{}", path.display()),
            Location::Postgres(options) => options.url.clone(),
        };
        Self { folder, location, database }
    }

    /// Its server, each time at another port.
    pub(crate) fn serve(&self) -> Process {
        process::serve(Path::new(PROGRAM), self.folder.path(), &["--database", &self.database], &[])
    }

    /// Runs `helssa` with these arguments.
    pub(crate) fn run(&self, arguments: &[&str]) {
        let output = Command::new(PROGRAM)
            .args(arguments)
            .args(["--database", &self.database, "--data-dir", &self.folder.path().display().to_string()])
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    pub(crate) fn create_doctor(&self, phone: &str, council_number: &str) {
        let create =
            ["admin", "create-doctor", "--phone", phone, "--first-name", "مریم", "--last-name", "رضایی"];
        let details = ["--specialty", "cardiology", "--council-number", council_number, "--city", "تهران"];
        self.run(&[&create[..], &details[..]].concat());
    }
}

/// Who this number belongs to, and their access token.
pub(crate) async fn log_in(http: &reqwest::Client, url: &str, phone: &str) -> (String, String) {
    let post = |path: &str, body: Value| http.post(format!("{url}{path}")).json(&body).send();
    let asked = post("/api/v1/auth/login/otp/", json!({ "phone_number": phone })).await.unwrap();
    asked.error_for_status().unwrap();
    let inbox = format!("{url}/dev/inbox/messages/?phone_number={phone}");
    let inbox: Value = http.get(inbox).send().await.unwrap().json().await.unwrap();
    let guess = json!({ "phone_number": phone, "otp_code": inbox["results"][0]["code"] });
    let login: Value = post("/api/v1/auth/verify/otp/", guess).await.unwrap().json().await.unwrap();
    let text = |pointer: &str| login.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    (text("/user/id"), text("/access"))
}

/// Pays so many Rials into the wallet at the development gateway, as a browser would.
pub(crate) async fn charge(http: &reqwest::Client, url: &str, token: &str, rials: i64) {
    let charge = http.post(format!("{url}/api/v1/billing/wallet/charge/")).bearer_auth(token);
    let charge = charge.json(&json!({ "amount": rials })).send().await.unwrap().error_for_status().unwrap();
    let charge: Value = charge.json().await.unwrap();
    let page = charge["payment_url"].as_str().unwrap().trim_end_matches('/');
    // to the callback, and on to the page that says how it went
    http.post(format!("{page}/succeed/")).send().await.unwrap().error_for_status().unwrap();
}
