//! Doctors are found by what people type (D17): in every spelling, by all filters together, a moment after they
//! were saved, on every node.

mod crooked;
mod filters;
mod freshness;
mod words;

use db::{At, sql};
use domain::{Clock, ids::UserId};
use serde_json::{Value, json};
use testkit::{Answer, Engine, TestApp, User, users::new_phone};

use crate::doctors::{DOCTORS, ids};

const SEARCH: &str = "/api/v1/patients/doctors/search/";
const SETTINGS: &str = "/api/v1/doctors/settings/";

/// As it stands in a query string.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |all, byte| format!("{all}%{byte:02X}"))
}

/// A query string of these names and values.
fn query(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    format!("?{}", pairs.join("&"))
}

async fn ask(app: &TestApp, by: &User, pairs: &[(&str, &str)]) -> Answer {
    app.get(&format!("{SEARCH}{}", query(pairs))).by(by).send().await
}

/// The ids of those found, in order.
async fn found(app: &TestApp, by: &User, pairs: &[(&str, &str)]) -> Vec<String> {
    let page = ask(app, by, pairs).await.expect(200).json;
    let ids = ids(&page);
    assert_eq!(page["count"], json!(ids.len()), "{pairs:?}");
    ids
}

/// Doctors as an admin adds them, and a patient who looks for them.
struct Register {
    app: TestApp,
    admin: User,
    patient: User,
    added: u32,
}

impl Register {
    async fn open(engine: Engine) -> Self {
        let app = TestApp::start(engine).await;
        let (admin, patient) = (app.admin().await, app.rich_patient().await);
        Self { app, admin, patient, added: 0 }
    }

    /// Adds a cardiologist in Tehran, but for these fields; id and phone number.
    async fn add(&mut self, name: (&str, &str), fields: &Value) -> (String, String) {
        self.added += 1;
        let phone = new_phone();
        let mut body = json!({
            "phone_number": phone, "first_name": name.0, "last_name": name.1, "specialty": "cardiology",
            "medical_council_number": (7_000_000 + self.added).to_string(), "city": "تهران",
        });
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let made = self.app.post(DOCTORS).by(&self.admin).json(&body).send().await.expect(201);
        (made.text("/id"), phone)
    }

    /// The same, with settings; the id.
    async fn practising(&mut self, name: (&str, &str), fields: &Value, settings: &Value) -> String {
        let (id, phone) = self.add(name, fields).await;
        let doctor = self.app.log_in(&phone).await;
        let _ = self.app.put(SETTINGS).by(&doctor).json(settings).send().await.expect(200);
        id
    }

    async fn change(&self, id: &str, change: &Value) {
        let _ =
            self.app.patch(&format!("{DOCTORS}{id}/")).by(&self.admin).json(change).send().await.expect(200);
    }

    async fn found(&self, pairs: &[(&str, &str)]) -> Vec<String> {
        found(&self.app, &self.patient, pairs).await
    }

    async fn text(&self, q: &str) -> Vec<String> {
        self.found(&[("q", q)]).await
    }
}

/// Writes ratings down as if so many patients had given them.
async fn rate(app: &TestApp, doctor: &str, sum: i64, count: i64) {
    let input = (UserId(doctor.parse().unwrap()).0, sum, count, app.clock.now());
    let written = app.app.db.write(input, |tx, (doctor, sum, count, now)| {
        Box::pin(async move {
            let statement = sql!(
                "UPDATE doctors SET rating_sum = ?2, rating_count = ?3, version = version + 1, changed_at = ?4
                 WHERE user_id = ?1"
            );
            tx.exec(statement, &[doctor, sum, count, &At(*now)]).await
        })
    });
    assert_eq!(written.await.unwrap(), 1);
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort_unstable();
    ids
}
