//! People in tests. Each logs in like everybody else, from an address of their own.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use domain::{Phone, Role};
use serde_json::json;

use crate::{Answer, Call, TestApp};

/// Somebody who has logged in.
#[derive(Clone, Debug)]
pub struct User {
    pub id: String,
    pub phone: String,
    pub access: String,
    pub refresh: String,
    pub role: Role,
}

static NEXT: AtomicU32 = AtomicU32::new(1);

/// A number that nobody else in this test has.
pub fn new_phone() -> String {
    format!("+98935{:07}", NEXT.fetch_add(1, SeqCst))
}

/// An address that nobody else in this test has.
pub fn new_address() -> String {
    let [_, b, c, d] = NEXT.fetch_add(1, SeqCst).to_be_bytes();
    format!("10.{b}.{c}.{d}")
}

impl TestApp {
    /// A new patient.
    pub async fn patient(&self) -> User {
        self.log_in(&new_phone()).await
    }

    /// A new doctor.
    pub async fn doctor(&self) -> User {
        let phone = new_phone();
        self.add_doctor(&phone).await;
        self.log_in(&phone).await
    }

    /// A new member of staff.
    pub async fn staff(&self) -> User {
        self.appointed(Role::Staff).await
    }

    /// A new admin.
    pub async fn admin(&self) -> User {
        self.appointed(Role::Admin).await
    }

    /// A new user of this role.
    pub async fn user(&self, role: Role) -> User {
        match role {
            Role::Patient => self.patient().await,
            Role::Doctor => self.doctor().await,
            Role::Staff | Role::Admin => self.appointed(role).await,
        }
    }

    async fn appointed(&self, role: Role) -> User {
        let phone = new_phone();
        let by = app::By::command_line();
        app::admin::appoint(&self.app, &by, Phone::parse(&phone).unwrap(), role).await.unwrap();
        self.log_in(&phone).await
    }

    async fn add_doctor(&self, phone: &str) {
        let entry = app::admin::Entry {
            first_name: "سارا".into(),
            last_name: "احمدی".into(),
            council_number: NEXT.fetch_add(1, SeqCst).to_string(),
            specialty: "general".into(),
            province: "تهران".into(),
            city: "تهران".into(),
            gender: Some(domain::profile::Gender::Female),
            languages: vec!["فارسی".into()],
            experience_years: 8,
        };
        let input = app::admin::CreateDoctor {
            phone: Phone::parse(phone).unwrap(),
            entry,
            by: app::By::command_line(),
            once: None,
            render: |_| serde_json::Value::Null,
        };
        app::admin::create_doctor(&self.app, input).await.unwrap();
    }

    /// Asks for a code from a new address, reads it, and logs in.
    pub async fn log_in(&self, phone: &str) -> User {
        let address = new_address();
        let asked = json!({ "phone_number": phone });
        let _ = self.post("/api/v1/auth/login/otp/").from(&address).json(&asked).send().await.expect(200);
        let answer = self.verify(phone, &self.code(phone), &address).await.expect(200);
        User {
            id: answer.text("/user/id"),
            phone: phone.to_owned(),
            access: answer.text("/access"),
            refresh: answer.text("/refresh"),
            role: Role::parse(&answer.text("/user/role")).unwrap(),
        }
    }

    /// A guess.
    pub async fn verify(&self, phone: &str, code: &str, address: &str) -> Answer {
        let guess = json!({ "phone_number": phone, "otp_code": code });
        self.post("/api/v1/auth/verify/otp/").from(address).json(&guess).send().await
    }

    /// The newest code sent to this number.
    #[track_caller]
    pub fn code(&self, phone: &str) -> String {
        let phone = Phone::parse(phone).unwrap();
        let messages = self.inbox.messages(Some(&phone));
        messages.first().and_then(|message| message.code.clone()).expect("a code was sent")
    }
}

impl Call {
    /// As this user.
    #[must_use]
    pub fn by(self, user: &User) -> Self {
        self.bearer(&user.access)
    }
}
