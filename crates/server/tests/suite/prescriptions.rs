//! Prescriptions (D26): the doctor writes, signs and cancels them; the patient sees what was signed.

use domain::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Answer, Call, Engine, TestApp, User};

const OWN: &str = "/api/v1/patients/prescriptions/";
const PROFILE: &str = "/api/v1/patients/profile/";
/// Of nothing.
const UNKNOWN: &str = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b";

fn of_visit(visit: &str) -> String {
    format!("/api/v1/doctors/encounters/{visit}/prescriptions/")
}

fn one(id: &str) -> String {
    format!("/api/v1/doctors/prescriptions/{id}/")
}

fn item(name: &str) -> Value {
    json!({ "drug_name": name, "dosage": "یک عدد", "frequency": "هر 8 ساعت", "duration": "7 روز" })
}

fn coded(code: &str, name: &str) -> Value {
    let mut item = item(name);
    item["drug_code"] = json!(code);
    item
}

fn draft(items: &[Value]) -> Value {
    json!({ "items": items, "notes": "مایعات فراوان" })
}

/// A doctor and a patient whose visit has begun.
struct Clinic {
    app: TestApp,
    doctor: User,
    patient: User,
    visit: String,
}

impl Clinic {
    async fn open(engine: Engine) -> Self {
        let app = TestApp::start(engine).await;
        let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
        let visit = app.started(&doctor, &patient).await;
        let mut clinic = Self { app, doctor, patient, visit };
        clinic.log_in_anew().await;
        clinic
    }

    /// Time may have passed for longer than a token lives.
    async fn log_in_anew(&mut self) {
        self.app.clock.advance(SignedDuration::from_secs(61));
        self.doctor = self.app.log_in(&self.doctor.phone).await;
        self.patient = self.app.log_in(&self.patient.phone).await;
    }

    fn create(&self, body: &Value) -> Call {
        self.app.post(&of_visit(&self.visit)).by(&self.doctor).json(body)
    }

    /// Writes one; its id.
    async fn written(&self, body: &Value) -> String {
        self.create(body).send().await.expect(201).text("/id")
    }

    async fn by_doctor(&self, id: &str) -> Answer {
        self.app.get(&one(id)).by(&self.doctor).send().await
    }

    async fn by_patient(&self, id: &str) -> Answer {
        self.app.get(&format!("{OWN}{id}/")).by(&self.patient).send().await
    }

    async fn list(&self) -> Value {
        self.app.get(OWN).by(&self.patient).send().await.expect(200).json
    }

    async fn sign(&self, id: &str) -> Answer {
        self.app.post(&format!("{}sign/", one(id))).by(&self.doctor).send().await
    }

    async fn cancel(&self, id: &str) -> Answer {
        let reason = json!({ "reason": "اشتباه در مقدار دارو" });
        self.app.post(&format!("{}cancel/", one(id))).by(&self.doctor).json(&reason).send().await
    }

    async fn replace(&self, id: &str, body: &Value) -> Answer {
        self.app.put(&one(id)).by(&self.doctor).json(body).send().await
    }

    async fn says(&self, medical_info: &Value) {
        let profile = json!({ "first_name": "علی", "last_name": "محمدی", "medical_info": medical_info });
        let _ = self.app.patch(PROFILE).by(&self.patient).json(&profile).send().await.expect(200);
    }
}

/// Type, place and counterpart of each warning.
fn warnings(prescription: &Value) -> Vec<(String, u64, String)> {
    let warnings = prescription["warnings"].as_array().unwrap();
    let text = |warning: &Value, field: &str| warning[field].as_str().unwrap().to_owned();
    warnings
        .iter()
        .map(|warning| (text(warning, "type"), warning["item"].as_u64().unwrap(), text(warning, "with")))
        .collect()
}

fn told(kind: &str, item: u64, with: &str) -> (String, u64, String) {
    (kind.to_owned(), item, with.to_owned())
}

#[rstest]
#[tokio::test]
async fn a_draft_is_the_doctors_alone_and_a_signed_one_is_the_patients_too(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let clinic = Clinic::open(engine).await;
    clinic.says(&json!({})).await;
    let items = [coded("metformin", "متفورمین 500"), item("ویتامین D")];
    let made = clinic.create(&draft(&items)).send().await.expect(201).json;
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!((&made["status"], &made["medications_count"]), (&json!("draft"), &json!(2)));
    assert_eq!(made["encounter"]["id"], json!(clinic.visit));
    assert_eq!(made["doctor"]["id"], json!(clinic.doctor.id));
    assert!(made["doctor"]["name"].as_str().unwrap().starts_with("دکتر "));
    assert_eq!(made["patient"], json!({ "id": clinic.patient.id, "name": "علی محمدی" }));
    assert_eq!((&made["notes"], &made["warnings"]), (&json!("مایعات فراوان"), &json!([])));
    assert_eq!((&made["signed_at"], &made["cancelled_at"]), (&Value::Null, &Value::Null));
    assert_eq!(made["items"][0]["drug_code"], "metformin");
    assert_eq!(made["items"][1]["drug_code"], Value::Null);
    assert_eq!(made["items"][1]["instructions"], "");
    assert_eq!(clinic.by_doctor(&id).await.expect(200).json, made);

    assert_eq!(clinic.by_patient(&id).await.expect(404).code(), "NOT_FOUND");
    assert_eq!(clinic.list().await["count"], 0);

    let signed = clinic.sign(&id).await.expect(200).json;
    assert_eq!(signed["status"], "signed");
    assert!(signed["signed_at"].is_string());
    let mut seen = clinic.by_patient(&id).await.expect(200).json;
    assert_eq!(clinic.list().await["results"], json!([seen]));
    assert!(seen.get("warnings").is_none());
    seen["warnings"] = json!([]);
    assert_eq!(seen, signed);

    let notices = clinic.app.get("/api/v1/notifications/").by(&clinic.patient).send().await.expect(200).json;
    let notices = notices["results"].as_array().unwrap();
    let of_this = notices.iter().filter(|notice| notice["type"] == "prescription_signed");
    assert_eq!(of_this.count(), 1);
}

#[rstest]
#[tokio::test]
async fn a_draft_can_be_written_anew_and_a_signed_one_stays(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let clinic = Clinic::open(engine).await;
    let id = clinic.written(&json!({ "items": [] })).await;
    assert_eq!(clinic.sign(&id).await.expect(409).code(), "ILLEGAL_STATE", "nothing is prescribed");
    let other = json!({ "items": [item("Losartan"), item("Metformin")] });
    let replaced = clinic.replace(&id, &other).await.expect(200).json;
    assert_eq!((&replaced["medications_count"], &replaced["notes"]), (&json!(2), &json!("")));
    assert_eq!(replaced["items"][0]["drug_name"], "Losartan");

    let signed = json!({ "items": [item("Losartan")], "sign": true });
    assert_eq!(clinic.replace(&id, &signed).await.expect(200).text("/status"), "signed");
    let before = clinic.by_patient(&id).await.expect(200).json;
    assert_eq!(before["medications_count"], 1);
    for answer in [clinic.replace(&id, &other).await, clinic.sign(&id).await] {
        assert_eq!(answer.expect(409).code(), "ILLEGAL_STATE");
    }
    assert_eq!(clinic.by_patient(&id).await.expect(200).json, before);
    let app = &clinic.app;
    assert_eq!((app.audited("prescription.create").await, app.audited("prescription.update").await), (1, 2));
    assert_eq!(app.audited("prescription.sign").await, 1);
    let _ = clinic.by_doctor(&id).await.expect(200);
    assert_eq!(app.audited("prescription.view").await, 1, "patients' looks at their own are not recorded");
}

#[rstest]
#[tokio::test]
async fn a_visit_has_one_until_it_is_cancelled(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let clinic = Clinic::open(engine).await;
    let first = clinic.written(&draft(&[item("Losartan")])).await;
    let again = draft(&[item("Metformin")]);
    assert_eq!(clinic.create(&again).send().await.expect(409).code(), "CONFLICT");
    let cancelled = clinic.cancel(&first).await.expect(200).json;
    assert_eq!((&cancelled["status"], &cancelled["signed_at"]), (&json!("cancelled"), &Value::Null));
    assert_eq!(cancelled["cancellation_reason"], "اشتباه در مقدار دارو");
    assert_eq!(clinic.cancel(&first).await.expect(409).code(), "ILLEGAL_STATE");
    let _ = clinic.by_patient(&first).await.expect(404);

    let second = clinic.written(&json!({ "items": [item("Metformin")], "sign": true })).await;
    assert_eq!(clinic.create(&again).send().await.expect(409).code(), "CONFLICT");
    let _ = clinic.cancel(&second).await.expect(200);
    let seen = clinic.by_patient(&second).await.expect(200).json;
    assert_eq!((&seen["status"], &seen["medications_count"]), (&json!("cancelled"), &json!(1)));
    assert!(seen["signed_at"].is_string() && seen["cancelled_at"].is_string());
    let list = clinic.list().await;
    assert_eq!((&list["count"], &list["results"][0]["id"]), (&json!(1), &json!(second)));
    let _ = clinic.written(&again).await;
    assert_eq!(clinic.app.audited("prescription.cancel").await, 2);
}

#[rstest]
#[tokio::test]
async fn what_is_somebody_elses_is_not_there(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let clinic = Clinic::open(engine).await;
    let body = draft(&[item("Losartan")]);
    let other = clinic.app.doctor().await;
    let id = clinic.written(&body).await;
    let reason = json!({ "reason": "x" });
    for id in [id.as_str(), UNKNOWN] {
        for call in [
            clinic.app.get(&one(id)),
            clinic.app.put(&one(id)).json(&body),
            clinic.app.post(&format!("{}sign/", one(id))),
            clinic.app.post(&format!("{}cancel/", one(id))).json(&reason),
        ] {
            assert_eq!(call.by(&other).send().await.expect(404).code(), "NOT_FOUND");
        }
    }
    for visit in [clinic.visit.as_str(), UNKNOWN] {
        let refused = clinic.app.post(&of_visit(visit)).by(&other).json(&body).send().await;
        assert_eq!(refused.expect(404).code(), "NOT_FOUND");
    }
    let _ = clinic.sign(&id).await.expect(200);
    let stranger = clinic.app.rich_patient().await;
    let refused = clinic.app.get(&format!("{OWN}{id}/")).by(&stranger).send().await;
    assert_eq!(refused.expect(404).code(), "NOT_FOUND");
    let empty = clinic.app.get(OWN).by(&stranger).send().await.expect(200);
    assert_eq!(empty.json["count"], 0);
    assert_eq!(clinic.app.audited("prescription.view").await, 0);
}

#[rstest]
#[tokio::test]
async fn nothing_is_prescribed_before_a_visit_and_something_may_be_after_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    let body = draft(&[item("Losartan")]);
    let visit = app.confirmed(&doctor, &patient).await;
    let early = app.post(&of_visit(&visit)).by(&doctor).json(&body).send().await;
    assert_eq!(early.expect(409).code(), "ILLEGAL_STATE");

    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    let visit = app.completed(&doctor, &patient).await;
    app.clock.advance(SignedDuration::from_secs(61));
    let doctor = app.log_in(&doctor.phone).await;
    let _ = app.post(&of_visit(&visit)).by(&doctor).json(&body).send().await.expect(201);
}

#[rstest]
#[tokio::test]
async fn allergies_and_medications_of_the_profile_are_warned_of(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let clinic = Clinic::open(engine).await;
    clinic.says(&json!({ "allergies": ["پنی\u{200C}سیلین"], "current_medications": ["متفورمین ۵۰۰"] })).await;
    let items = [coded("amoxicillin", "آموکسی\u{200C}سیلین"), item("Metformin"), item("Losartan")];
    let made = clinic.create(&draft(&items)).send().await.expect(201).json;
    let expected = [told("allergy", 0, "پنی\u{200C}سیلین"), told("current_medication", 1, "متفورمین ۵۰۰")];
    assert_eq!(warnings(&made), expected);
    assert_eq!(made["warnings"][0]["drug"], "آموکسی\u{200C}سیلین");
    assert!(made["warnings"][0]["message"].as_str().unwrap().contains("حساسیت"));

    let id = made["id"].as_str().unwrap();
    let english = clinic.app.get(&one(id)).by(&clinic.doctor).header("accept-language", "en").send().await;
    assert!(english.expect(200).text("/warnings/0/message").contains("allergic"));
    // they inform and don't block
    assert_eq!(warnings(&clinic.sign(id).await.expect(200).json), expected);
}

#[rstest]
#[tokio::test]
async fn duplicates_are_warned_of(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let clinic = Clinic::open(engine).await;
    let items = [
        coded("amoxicillin", "آموکسی\u{200C}سیلین"),
        item("Amoxicillin 500 mg"),
        coded("ibuprofen", "Ibuprofen"),
        item("ناپروکسن"),
    ];
    let made = clinic.create(&draft(&items)).send().await.expect(201).json;
    let expected = [told("duplicate", 1, "آموکسی\u{200C}سیلین"), told("duplicate_class", 3, "Ibuprofen")];
    assert_eq!(warnings(&made), expected);
}

#[rstest]
#[tokio::test]
async fn a_month_after_the_visit_the_profile_is_not_looked_at_any_more(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut clinic = Clinic::open(engine).await;
    clinic.says(&json!({ "allergies": ["penicillin"] })).await;
    let items = [item("Amoxicillin"), item("آموکسی\u{200C}سیلین ۵۰۰")];
    let id = clinic.written(&draft(&items)).await;
    let soon = clinic.by_doctor(&id).await.expect(200).json;
    assert_eq!(warnings(&soon).len(), 3);
    clinic.app.clock.advance(SignedDuration::from_hours(31 * 24));
    clinic.log_in_anew().await;
    let late = clinic.by_doctor(&id).await.expect(200).json;
    assert_eq!(warnings(&late), [told("duplicate", 1, "Amoxicillin")]);
}

#[rstest]
#[tokio::test]
async fn a_wrong_body_is_refused_whole(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let clinic = Clinic::open(engine).await;
    let with = |field: &str, value: Value| {
        let mut item = item("Losartan");
        item[field] = value;
        json!({ "items": [item] })
    };
    for (bad, field) in [
        (json!({}), "items"),
        (json!({ "items": null }), "items"),
        (json!({ "items": "Losartan" }), "items"),
        (json!({ "items": ["Losartan"] }), "items"),
        (json!({ "items": vec![item("Losartan"); 51] }), "items"),
        (json!({ "items": [], "sign": true }), "items"),
        (json!({ "items": [], "sign": "yes" }), "sign"),
        (json!({ "items": [], "notes": 5 }), "notes"),
        (json!({ "items": [], "notes": "x".repeat(2001) }), "notes"),
        (json!({ "items": [], "status": "signed" }), "status"),
        (with("drug_name", json!(" ")), "items"),
        (with("drug_name", json!("x".repeat(201))), "items"),
        (with("dosage", Value::Null), "items"),
        (with("frequency", json!("a\nb")), "items"),
        (with("duration", json!(7)), "items"),
        (with("instructions", json!("x".repeat(1001))), "items"),
        (with("price", json!(1)), "items"),
        (with("drug_code", json!("no-such-drug")), "items"),
    ] {
        let answer = clinic.create(&bad).send().await.expect(422);
        assert_eq!(answer.code(), "VALIDATION_ERROR", "{bad}");
        let told = answer.json["error"]["details"]["field_errors"].as_object().unwrap();
        assert!(told.keys().any(|name| name.starts_with(field)), "{bad}: {told:?}");
    }
    let id = clinic.written(&draft(&[])).await;
    for bad in [json!({}), json!({ "reason": "" }), json!({ "reason": "x".repeat(301) })] {
        let answer =
            clinic.app.post(&format!("{}cancel/", one(&id))).by(&clinic.doctor).json(&bad).send().await;
        assert_eq!(answer.expect(422).code(), "VALIDATION_ERROR", "{bad}");
    }
    let unchanged = clinic.by_doctor(&id).await.expect(200).json;
    assert_eq!((&unchanged["status"], &unchanged["items"]), (&json!("draft"), &json!([])));
}

#[rstest]
#[tokio::test]
async fn the_same_request_again_writes_nothing_more(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let clinic = Clinic::open(engine).await;
    let body = draft(&[item("Losartan")]);
    let first = clinic.create(&body).header("idempotency-key", "key").send().await.expect(201);
    let again = clinic.create(&body).header("idempotency-key", "key").send().await.expect(201);
    assert_eq!(again.json, first.json);
    assert_eq!(again.header("idempotent-replay"), Some("true"));
    // the same words about another visit are another request
    let elsewhere = clinic.app.post(&of_visit(UNKNOWN)).by(&clinic.doctor).json(&body);
    let elsewhere = elsewhere.header("idempotency-key", "key").send().await.expect(422);
    assert_eq!(elsewhere.code(), "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(clinic.app.audited("prescription.create").await, 1);
}
