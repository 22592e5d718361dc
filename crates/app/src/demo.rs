//! The demo clinic: always the same people, made through the same use cases as everybody else.

use std::sync::Arc;

use domain::{
    NationalId, Phone, Role, days,
    ids::UserId,
    profile::{Address, EmergencyContact, Gender, Insurance, MedicalInfo, Profile},
};
use store::{audit, doctors::Entry};

use crate::{
    App, By, Fault,
    admin::{self, CreateDoctor},
};

/// Phone numbers to log in with.
pub const ADMIN: &str = "+989120000001";
pub const FIRST_DOCTOR: &str = "+989121000001";
pub const FIRST_PATIENT: &str = "+989122000001";

/// What was made.
pub struct Clinic {
    pub doctors: usize,
    pub patients: usize,
}

/// First name, last name, gender, specialty, city, years.
const DOCTORS: [(&str, &str, Gender, &str, &str, i64); 8] = [
    ("مریم", "رضایی", Gender::Female, "cardiology", "تهران", 15),
    ("سارا", "احمدی", Gender::Female, "general", "تهران", 8),
    ("رضا", "کریمی", Gender::Male, "dermatology", "اصفهان", 12),
    ("نرگس", "حسینی", Gender::Female, "pediatrics", "شیراز", 20),
    ("امیر", "موسوی", Gender::Male, "neurology", "مشهد", 18),
    ("لیلا", "صادقی", Gender::Female, "gynecology", "تبریز", 10),
    ("حسین", "جعفری", Gender::Male, "orthopedics", "تهران", 22),
    ("زهرا", "قاسمی", Gender::Female, "psychiatry", "کرج", 6),
];

/// First name, last name, gender, birth date (Jalali), city, chronic disease.
const PATIENTS: [(&str, &str, Gender, &str, &str, &str); 12] = [
    ("علی", "محمدی", Gender::Male, "1370-01-01", "تهران", "دیابت نوع 2"),
    ("فاطمه", "نوری", Gender::Female, "1365-05-14", "تهران", ""),
    ("محمد", "رحیمی", Gender::Male, "1350-11-02", "اصفهان", "فشار خون بالا"),
    ("الهام", "کاظمی", Gender::Female, "1378-08-20", "شیراز", ""),
    ("سعید", "اکبری", Gender::Male, "1342-03-09", "مشهد", "آسم"),
    ("مینا", "شریفی", Gender::Female, "1390-07-25", "تبریز", ""),
    ("پویا", "یزدانی", Gender::Male, "1383-12-30", "تهران", ""),
    ("شیرین", "باقری", Gender::Female, "1360-02-11", "کرج", "کم‌کاری تیروئید"),
    ("کاوه", "مرادی", Gender::Male, "1358-09-17", "رشت", ""),
    ("نازنین", "فرهادی", Gender::Female, "1375-04-05", "یزد", "میگرن"),
    ("آرش", "سلیمانی", Gender::Male, "1368-10-28", "اهواز", ""),
    ("پریسا", "عباسی", Gender::Female, "1372-06-19", "قم", ""),
];

/// Fills an empty database; none when it is not empty.
pub async fn fill(app: &Arc<App>) -> Result<Option<Clinic>, Fault> {
    let has_users = app
        .db
        .read((), |c, ()| Box::pin(async move { store::accounts::any(c).await.map_err(Fault::from) }))
        .await?;
    if has_users {
        return Ok(None);
    }
    let by = By::command_line();
    admin::appoint(app, &by, phone(ADMIN)?, Role::Admin).await.map_err(internal)?;
    for (n, (first_name, last_name, gender, specialty, city, years)) in (1..).zip(DOCTORS) {
        let entry = Entry {
            first_name: first_name.into(),
            last_name: last_name.into(),
            council_number: format!("{}", 12_345 + n),
            specialty: specialty.into(),
            province: city.into(),
            city: city.into(),
            gender: Some(gender),
            languages: vec!["فارسی".into()],
            experience_years: years,
        };
        let phone = phone(&format!("+98912100{n:04}"))?;
        let input =
            CreateDoctor { phone, entry, by: by.clone(), once: None, render: |_| serde_json::Value::Null };
        admin::create_doctor(app, input).await.map_err(internal)?;
    }
    for (n, person) in (1..).zip(PATIENTS) {
        add_patient(app, phone(&format!("+98912200{n:04}"))?, profile(n, person)?).await?;
    }
    Ok(Some(Clinic { doctors: DOCTORS.len(), patients: PATIENTS.len() }))
}

/// A patient with a profile, as after their first login.
pub async fn add_patient(app: &Arc<App>, phone: Phone, profile: Profile) -> Result<UserId, Fault> {
    let now = app.clock.now();
    app.db
        .write((Arc::clone(app), phone, profile, now), |tx, (app, phone, profile, now)| {
            Box::pin(async move {
                let id = UserId::new(*now, &*app.rng);
                if !store::accounts::insert(tx, &app.keys, id, Role::Patient, phone, *now).await? {
                    return Err(Fault::Internal("the number has a user".into()));
                }
                store::patients::insert_empty(tx, id).await?;
                store::patients::save(tx, &app.keys, id, profile, *now).await?;
                let by = By::command_line();
                audit::append(tx, &app.keys, &by.event("user.create", Some(id), "demo"), *now).await?;
                Ok(id)
            })
        })
        .await
}

fn profile(n: u32, person: (&str, &str, Gender, &str, &str, &str)) -> Result<Profile, Fault> {
    let (first_name, last_name, gender, born, city, disease) = person;
    Ok(Profile {
        first_name: first_name.into(),
        last_name: last_name.into(),
        national_id: Some(national_id(n)?),
        date_of_birth: Some(days::parse(born).map_err(internal)?),
        gender: Some(gender),
        email: format!("patient{n}@example.com"),
        address: Address {
            province: city.into(),
            city: city.into(),
            postal_code: format!("1{n:09}"),
            address: format!("خیابان ولیعصر، پلاک {n}"),
        },
        emergency_contact: EmergencyContact {
            name: format!("خانواده {last_name}"),
            relationship: "برادر".into(),
            phone_number: format!("+98912300{n:04}"),
        },
        medical_info: MedicalInfo {
            blood_type: "A+".into(),
            height: Some(f64::from(155 + n % 30)),
            weight: Some(f64::from(55 + n % 40)),
            allergies: if n % 3 == 1 { vec!["پنی‌سیلین".into()] } else { vec![] },
            chronic_diseases: if disease.is_empty() { vec![] } else { vec![disease.into()] },
            current_medications: if n == 1 { vec!["متفورمین".into()] } else { vec![] },
        },
        insurance: Insurance {
            provider: "تامین اجتماعی".into(),
            number: format!("1{n:09}"),
            expiry_date: Some(days::parse("1406-12-29").map_err(internal)?),
        },
    })
}

/// The one number that begins like this and has a right check digit.
fn national_id(n: u32) -> Result<NationalId, Fault> {
    (0..10)
        .find_map(|check| NationalId::parse(&format!("{:09}{check}", 1_234_567 + n - 1)).ok())
        .ok_or_else(|| Fault::Internal("no check digit".into()))
}

fn phone(text: &str) -> Result<Phone, Fault> {
    Phone::parse(text).map_err(internal)
}

fn internal(e: impl std::fmt::Debug) -> Fault {
    Fault::Internal(format!("{e:?}"))
}
