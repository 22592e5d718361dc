//! Who is there: patients with nothing, doctors who are always there, an admin.

use std::sync::Arc;

use app::{By, Fault, admin};
use domain::{
    Clock as _, Phone, Role,
    ids::UserId,
    practice::Practice,
    profile::Gender,
    schedule::{Schedule, TimeOfDay, Weekday},
};
use serde_json::Value;

use super::{World, step::Way};
use crate::simulation::{acts, requests::rials};

/// People who do something at a time.
pub(super) const PATIENTS: usize = 16;
/// What doctors take, in Rials: round, odd and large.
const FEES: [i64; 5] = [50_000, 120_001, 333_333, 600_000, 2_000_000];

/// Works around the clock, in slots of 20 minutes.
fn practice(fee: i64) -> Practice {
    let time = |minutes| TimeOfDay::from_minutes(minutes).unwrap();
    Practice {
        online_enabled: true,
        in_person_enabled: true,
        online_fee: rials(fee),
        in_person_fee: rials(fee + 10_000),
        schedule: Schedule {
            duration: 20,
            buffer: 0,
            days: Weekday::ALL.to_vec(),
            start: time(0),
            end: time(24 * 60),
            ..Schedule::default()
        },
        insurers: vec!["تامین اجتماعی".into(), "ایران".into()],
        ..Practice::default()
    }
}

impl World {
    pub(super) async fn people(&mut self) {
        self.admin = self.somebody(Role::Admin).await;
        for fee in FEES {
            let doctor = self.doctor(fee).await;
            self.doctors.push(doctor);
        }
        while self.patients.len() < PATIENTS {
            let phone = Phone::parse(&format!("+98935{:07}", self.count_up())).unwrap();
            let outcome = acts::people::new_patient(Arc::clone(&self.nodes[0]), phone).await;
            for learned in outcome.learned {
                let _right = self.learn(learned, Way::Alone);
            }
        }
    }

    /// Who works here.
    async fn somebody(&mut self, role: Role) -> UserId {
        let phone = Phone::parse(&format!("+98937{:07}", self.count_up())).unwrap();
        let (app, now) = (&self.nodes[0], self.clock.now());
        let user = UserId::new(now, &*app.rng);
        let added = app
            .db
            .write((Arc::clone(app), user, role, phone, now), |tx, (app, user, role, phone, now)| {
                Box::pin(async move {
                    store::accounts::insert(tx, &app.keys, *user, *role, phone, *now)
                        .await
                        .map_err(Fault::from)
                })
            })
            .await;
        assert!(added.unwrap(), "an account was there already");
        user
    }

    async fn doctor(&mut self, fee: i64) -> UserId {
        let number = self.count_up();
        let entry = admin::Entry {
            first_name: "سارا".into(),
            last_name: "احمدی".into(),
            council_number: number.to_string(),
            specialty: "general".into(),
            province: "تهران".into(),
            city: "تهران".into(),
            gender: Some(Gender::Female),
            languages: vec!["فارسی".into()],
            experience_years: 8,
        };
        let input = admin::CreateDoctor {
            phone: Phone::parse(&format!("+98936{number:07}")).unwrap(),
            entry,
            by: By::command_line(),
            once: None,
            render: |doctor| Value::String(doctor.id.to_string()),
        };
        let app = &self.nodes[0];
        let made = admin::create_doctor(app, input).await.unwrap();
        let doctor = UserId(made.answer.as_str().unwrap().parse().unwrap());
        app.db
            .write((doctor, practice(fee), app.clock.now()), |tx, (doctor, practice, now)| {
                Box::pin(async move { store::practices::save(tx, *doctor, practice, *now).await })
            })
            .await
            .unwrap();
        doctor
    }
}
