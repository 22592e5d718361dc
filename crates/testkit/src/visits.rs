//! Visits in tests, each brought there through the API like everybody else's.

use domain::{Clock, SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{Answer, TestApp, User};

/// What an online visit costs in [`practice`].
pub const FEE: i64 = 600_000;

/// The reference's own settings of a doctor, working every day but Friday.
pub fn practice() -> Value {
    json!({
        "consultation_settings": {
            "online_consultation_enabled": true,
            "online_consultation_fee": FEE,
            "in_person_consultation_fee": 800_000,
            "consultation_duration": 20,
            "buffer_time": 10
        },
        "availability": {
            "working_days": ["saturday", "sunday", "monday", "tuesday", "wednesday", "thursday"],
            "working_hours": { "start": "09:00", "end": "17:00" },
            "break_times": [{ "start": "12:00", "end": "13:00" }]
        },
        "notification_preferences": {
            "appointment_reminders": true, "new_appointments": true,
            "cancellations": true, "payment_notifications": true
        },
        "accepted_insurances": ["تامین اجتماعی", "ایران", "آسیا"]
    })
}

impl TestApp {
    /// A doctor with these settings.
    pub async fn bookable_doctor(&self) -> User {
        let doctor = self.doctor().await;
        let _ = self.put("/api/v1/doctors/settings/").by(&doctor).json(&practice()).send().await.expect(200);
        doctor
    }

    /// Free times of a doctor over the next days, the earliest first.
    pub async fn free(&self, doctor: &User) -> Vec<String> {
        let reader = self.patient().await;
        let today = domain::days::tehran_today(self.clock.now());
        let to = today.saturating_add(domain::days::span_of_days(6));
        let path = format!("/api/v1/patients/doctors/{}/slots/?from={today}&to={to}", doctor.id);
        let answer = self.get(&path).by(&reader).send().await.expect(200);
        let slots = answer.json["results"].as_array().unwrap();
        slots.iter().map(|slot| slot["start"].as_str().unwrap().to_owned()).collect()
    }

    /// Asks for a visit at this time.
    pub async fn book(&self, doctor: &User, patient: &User, at: &str) -> Answer {
        let body = json!({
            "doctor_id": doctor.id, "scheduled_at": at, "visit_type": "online", "chief_complaint": "سردرد",
        });
        self.post("/api/v1/patients/encounters/book/").by(patient).json(&body).send().await
    }

    /// A pending visit at the doctor's next free time that is at least a day away.
    pub async fn booked(&self, doctor: &User, patient: &User) -> String {
        let tomorrow = self.clock.now() + SignedDuration::from_hours(25);
        let free = self.free(doctor).await;
        let later = |at: &&String| at.parse::<Timestamp>().unwrap() > tomorrow;
        let at = free.iter().find(later).expect("a free time");
        self.book(doctor, patient, at).await.expect(201).text("/id")
    }

    /// A visit that is paid, with money that the patient gets for it.
    pub async fn confirmed(&self, doctor: &User, patient: &User) -> String {
        let id = self.booked(doctor, patient).await;
        self.give(patient, FEE).await;
        let pay = format!("/api/v1/patients/encounters/{id}/pay/");
        let body = json!({ "payment_method": "wallet" });
        let _ = self.post(&pay).by(patient).json(&body).send().await.expect(200);
        id
    }

    /// A visit that is going on; the clock stands at its start.
    pub async fn started(&self, doctor: &User, patient: &User) -> String {
        let id = self.confirmed(doctor, patient).await;
        self.lead(doctor, &id, "start").await;
        id
    }

    /// A visit that is over.
    pub async fn completed(&self, doctor: &User, patient: &User) -> String {
        let id = self.started(doctor, patient).await;
        self.lead(doctor, &id, "complete").await;
        id
    }

    /// Moves the clock to the visit's start, if that lies ahead, and does this.
    async fn lead(&self, doctor: &User, id: &str, verb: &str) {
        // an access token lives an hour; the doctor logs in again, which needs a minute between two codes
        self.clock.advance(SignedDuration::from_secs(61));
        let doctor = &self.log_in(&doctor.phone).await;
        let visit = format!("/api/v1/doctors/encounters/{id}/");
        let answer = self.get(&visit).by(doctor).send().await.expect(200);
        let start: Timestamp = answer.text("/scheduled_at").parse().unwrap();
        let left = start.duration_since(self.clock.now());
        if left > SignedDuration::ZERO {
            self.clock.advance(left);
        }
        self.clock.advance(SignedDuration::from_secs(61));
        let doctor = self.log_in(&doctor.phone).await;
        let _ = self.post(&format!("{visit}{verb}/")).by(&doctor).send().await.expect(200);
    }
}
