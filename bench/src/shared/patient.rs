//! Patients with complete profiles, each made from a number.

use domain::{
    NationalId, Phone, days,
    profile::{Address, EmergencyContact, Gender, Insurance, MedicalInfo, Profile},
};

pub fn phone(n: u32) -> Phone {
    Phone::parse(&format!("+9893{n:08}")).unwrap()
}

/// Every field set, as in the demo clinic.
pub fn profile(n: u32) -> Profile {
    const NAMES: [(&str, &str, Gender, &str); 4] = [
        ("علی", "محمدی", Gender::Male, "تهران"),
        ("فاطمه", "نوری", Gender::Female, "اصفهان"),
        ("محمد", "رحیمی", Gender::Male, "شیراز"),
        ("الهام", "کاظمی", Gender::Female, "مشهد"),
    ];
    let (first_name, last_name, gender, city) = NAMES[n as usize % NAMES.len()];
    Profile {
        first_name: first_name.into(),
        last_name: last_name.into(),
        national_id: Some(national_id(n)),
        date_of_birth: Some(
            days::parse(&format!("13{:02}-{:02}-{:02}", 30 + n % 60, 1 + n % 12, 1 + n % 28)).unwrap(),
        ),
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
            phone_number: format!("+9891{n:08}"),
        },
        medical_info: MedicalInfo {
            blood_type: "A+".into(),
            height: Some(f64::from(155 + n % 30)),
            weight: Some(f64::from(55 + n % 40)),
            allergies: vec!["پنی‌سیلین".into()],
            chronic_diseases: vec!["دیابت نوع 2".into()],
            current_medications: vec!["متفورمین".into()],
        },
        insurance: Insurance {
            provider: "تامین اجتماعی".into(),
            number: format!("1{n:09}"),
            expiry_date: Some(days::parse("1406-12-29").unwrap()),
        },
    }
}

/// The one number that begins like this and has a right check digit.
fn national_id(n: u32) -> NationalId {
    (0..10).find_map(|check| NationalId::parse(&format!("{:09}{check}", 200_000_000 + n)).ok()).unwrap()
}
