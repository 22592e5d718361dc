//! A day of the clinic, from the doctor's first hour in the register to the patient's last word: the README's
//! story with a clock that moves.

use domain::{Clock, SignedDuration, Timestamp};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, TestApp, User, users::new_phone};

use crate::{
    doctors::DOCTORS,
    notifications::{NOTIFICATIONS, texts},
    search::encoded,
    visits::{BOOK, LED, SITE, VISITS, moment, pay_at_page},
};

/// The people of the story, and when they have logged in.
struct Day {
    app: TestApp,
    doctor: User,
    patient: User,
    since: Timestamp,
    /// What the patient has booked.
    visit: String,
    starts: Timestamp,
}

/// An admin adds a doctor, who sets what is offered and when.
async fn a_doctor_begins(app: &TestApp) -> User {
    let (admin, phone) = (app.admin().await, new_phone());
    let entry = json!({
        "phone_number": phone, "first_name": "نازنین", "last_name": "پارسا", "medical_council_number": "70001",
        "specialty": "cardiology", "city": "تهران", "gender": "female", "experience_years": 12,
    });
    let added = app.post(DOCTORS).by(&admin).json(&entry).send().await.expect(201);
    let doctor = app.log_in(&phone).await;
    assert_eq!(doctor.id, added.text("/id"));
    let settings = json!({
        "consultation_settings": {
            "online_consultation_enabled": true, "online_consultation_fee": 600_000,
            "consultation_duration": 20, "buffer_time": 10,
        },
        "availability": {
            "working_days": ["saturday", "sunday", "monday", "tuesday", "wednesday", "thursday"],
            "working_hours": { "start": "09:00", "end": "17:00" },
            "break_times": [{ "start": "12:00", "end": "13:00" }],
        },
        "accepted_insurances": ["تامین اجتماعی"],
    });
    let _ = app.put("/api/v1/doctors/settings/").by(&doctor).json(&settings).send().await.expect(200);
    doctor
}

/// A patient completes the profile, finds the doctor and sees when there is time.
async fn a_patient_finds_the_doctor(app: &TestApp, patient: &User, doctor: &User) -> String {
    let profile = json!({
        "first_name": "علی", "last_name": "محمدی", "national_id": "0012345679", "date_of_birth": "1370-01-01",
        "gender": "male", "medical_info": { "allergies": ["پنی‌سیلین"] },
    });
    let path = "/api/v1/patients/profile/";
    let saved = app.patch(path).by(patient).json(&profile).send().await.expect(200);
    assert_eq!(saved.json["is_profile_complete"], true);
    let search = format!("/api/v1/patients/doctors/search/?q={}", encoded("قلب تهران"));
    let found = app.get(&search).by(patient).send().await.expect(200);
    assert_eq!((found.text("/results/0/id"), &found.json["count"]), (doctor.id.clone(), &json!(1)));
    assert_eq!(found.text("/results/0/name"), "دکتر نازنین پارسا");
    // two days from now, after the break
    let slots = format!("/api/v1/patients/doctors/{}/slots/?from=1402-11-02&to=1402-11-02", doctor.id);
    let slots = app.get(&slots).by(patient).send().await.expect(200);
    slots.text("/results/6/start")
}

impl Day {
    async fn begin(engine: Engine) -> Self {
        let app = TestApp::start(engine).await;
        let (doctor, patient) = (a_doctor_begins(&app).await, app.rich_patient().await);
        let at = a_patient_finds_the_doctor(&app, &patient, &doctor).await;
        let (since, starts) = (app.clock.now(), moment(&at));
        let mut day = Self { app, doctor, patient, since, visit: String::new(), starts };
        day.visit = day.is_booked(&at).await;
        day
    }

    /// The patient books, with insurance, and pays at the page; the doctor sees it.
    async fn is_booked(&self, at: &str) -> String {
        let body = json!({
            "doctor_id": self.doctor.id, "scheduled_at": at, "visit_type": "online",
            "chief_complaint": "درد قفسه سینه",
            "insurance_info": { "use_insurance": true, "provider": "تامین اجتماعی", "number": "1234567890" },
        });
        let booked = self.app.post(BOOK).by(&self.patient).json(&body).send().await.expect(201);
        assert_eq!(booked.text("/status"), "pending");
        assert_eq!(booked.json["payment"]["payable_amount"], 240_000);
        // the time is held: nobody else gets it
        let other = self.app.rich_patient().await;
        let late = self.app.post(BOOK).by(&other).json(&body).send().await.expect(409);
        assert_eq!(late.code(), "APPOINTMENT_CONFLICT");

        let page = booked.text("/payment/payment_url").strip_prefix(SITE).unwrap().to_owned();
        assert!(
            String::from_utf8_lossy(&self.app.get(&page).send().await.expect(200).bytes).contains("۲۴۰٬۰۰۰")
        );
        let back = pay_at_page(&self.app, &page).await;
        let _ = self.app.get(&back).send().await.expect(303);
        let listed = self.app.get(LED).by(&self.doctor).send().await.expect(200);
        assert_eq!(listed.text("/results/0/id"), booked.text("/id"));
        assert_eq!(listed.text("/results/0/status"), "confirmed");
        assert_eq!(listed.text("/results/0/patient/name"), "علی محمدی");
        booked.text("/id")
    }

    /// Lets time pass until so long before the visit; what is due is done.
    async fn until(&mut self, before: SignedDuration) {
        let now = self.app.clock.now();
        let at = self.starts - before;
        self.app.clock.advance(at.duration_since(now));
        if at.duration_since(self.since) > SignedDuration::from_mins(50) {
            self.doctor = self.app.log_in(&self.doctor.phone).await;
            self.patient = self.app.log_in(&self.patient.phone).await;
            self.since = at;
        }
        app::jobs::run_due(&self.app.app).await.unwrap();
    }

    /// What a user was told last, in the app and as a text.
    async fn told(&self, user: &User) -> (String, &'static str) {
        let page = self.app.get(NOTIFICATIONS).by(user).send().await.expect(200);
        (page.text("/results/0/type"), texts(&self.app, user)[0].kind)
    }

    async fn lead(&self, verb: &str) -> Value {
        let path = format!("{LED}{}/{verb}/", self.visit);
        self.app.post(&path).by(&self.doctor).send().await.expect(200).json
    }

    async fn seen(&self) -> Value {
        let path = format!("{VISITS}{}/", self.visit);
        self.app.get(&path).by(&self.patient).send().await.expect(200).json
    }

    /// The doctor writes what is to be taken, is warned, and signs it.
    async fn is_prescribed(&self) {
        let item = |name: &str, code: Option<&str>| {
            json!({
                "drug_name": name, "drug_code": code, "dosage": "یک عدد", "frequency": "هر 12 ساعت",
                "duration": "30 روز",
            })
        };
        let body = json!({ "items": [item("آموکسی‌سیلین", Some("amoxicillin")), item("Losartan", None)] });
        let path = format!("{LED}{}/prescriptions/", self.visit);
        let draft = self.app.post(&path).by(&self.doctor).json(&body).send().await.expect(201);
        assert_eq!(draft.text("/warnings/0/type"), "allergy");
        assert_eq!(self.seen().await["prescription"], Value::Null, "a draft is the doctor's alone");
        let one = format!("/api/v1/doctors/prescriptions/{}/", draft.text("/id"));
        let better = json!({ "items": [item("Losartan", None)], "sign": true });
        let signed = self.app.put(&one).by(&self.doctor).json(&better).send().await.expect(200);
        assert_eq!(signed.text("/status"), "signed");
        let summary = json!({ "id": draft.json["id"], "medications_count": 1 });
        assert_eq!(self.seen().await["prescription"], summary);
        let own = format!("/api/v1/patients/prescriptions/{}/", draft.text("/id"));
        let own = self.app.get(&own).by(&self.patient).send().await.expect(200);
        assert_eq!(own.text("/items/0/drug_name"), "Losartan");
    }

    /// The patient says how it was, and everybody who looks for the doctor sees it.
    async fn is_rated(&self) {
        let path = format!("{VISITS}{}/rating/", self.visit);
        let body = json!({ "score": 5, "comment": "بسیار باحوصله بودند" });
        let _ = self.app.post(&path).by(&self.patient).json(&body).send().await.expect(201);
        let search = "/api/v1/patients/doctors/search/?min_rating=5&sort_by=rating";
        let found = self.app.get(search).by(&self.patient).send().await.expect(200);
        assert_eq!(found.json["results"][0]["rating"], json!({ "average": 5.0, "count": 1 }));
        let ratings = format!("/api/v1/patients/doctors/{}/ratings/", self.doctor.id);
        let said = self.app.get(&ratings).by(&self.patient).send().await.expect(200);
        assert_eq!(said.text("/results/0/comment"), "بسیار باحوصله بودند");
    }
}

#[rstest]
#[tokio::test]
async fn a_visit_is_found_booked_held_and_rated(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let mut day = Day::begin(engine).await;
    app::jobs::run_due(&day.app.app).await.unwrap();
    assert_eq!(day.told(&day.patient).await, ("appointment_confirmed".to_owned(), "appointment_confirmed"));
    assert_eq!(texts(&day.app, &day.doctor)[0].kind, "new_appointment");

    for (left, reminders) in [(SignedDuration::from_hours(24), 1), (SignedDuration::from_mins(30), 2)] {
        day.until(left).await;
        for user in [&day.patient, &day.doctor] {
            let told = day.told(user).await;
            assert_eq!(told, ("appointment_reminder".to_owned(), "appointment_reminder"));
            let texts = texts(&day.app, user);
            assert_eq!(texts.iter().filter(|text| text.kind == "appointment_reminder").count(), reminders);
        }
    }
    assert_eq!(day.seen().await["meeting_link"], Value::Null);
    day.until(SignedDuration::from_mins(10)).await;
    assert_eq!(day.seen().await["meeting_link"], json!(format!("{SITE}/meet/{}", day.visit)));

    assert_eq!(day.lead("start").await["status"], "in_progress");
    day.until(SignedDuration::from_mins(-15)).await;
    day.is_prescribed().await;
    assert_eq!(day.lead("complete").await["status"], "completed");
    day.is_rated().await;
    app::jobs::run_due(&day.app.app).await.unwrap();
    assert_eq!(day.told(&day.patient).await, ("prescription_signed".to_owned(), "prescription_signed"));

    let seen = day.seen().await;
    assert_eq!((&seen["status"], &seen["rating"]), (&json!("completed"), &json!(5)));
    let dashboard = day.app.get("/api/v1/doctors/dashboard/").by(&day.doctor).send().await.expect(200).json;
    let today = json!({
        "total_appointments": 1, "completed": 1, "pending": 0, "cancelled": 0, "no_show": 0, "revenue": 600_000,
    });
    assert_eq!(dashboard["today_stats"], today);
    let week = json!({ "total_appointments": 1, "average_rating": 5.0, "total_revenue": 600_000 });
    assert_eq!(dashboard["week_stats"], week);
    assert_eq!(dashboard["upcoming_appointments"], json!([]));
    assert_eq!(dashboard["notifications"][0]["type"], "rating_received");

    let report = app::maintenance::verify_audit(&day.app.app).await.unwrap();
    assert!(report.faults.is_empty(), "{:?}", report.faults);
    for action in
        ["visit.book", "visit.pay", "visit.start", "visit.complete", "visit.rate", "prescription.create"]
    {
        assert_eq!(day.app.audited(action).await, 1, "{action}");
    }
}
