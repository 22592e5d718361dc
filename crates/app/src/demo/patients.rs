//! The clinic's patients: twelve that everybody knows, and others of all ages.

use domain::{
    Date, NationalId, Phone, SignedDuration, Timestamp, days,
    ids::UserId,
    profile::{Address, BLOOD_TYPES, EmergencyContact, Gender, Insurance, MedicalInfo, Profile},
};

use super::{
    JOINED,
    dice::Dice,
    internal,
    names::{self, Name},
    phone,
    places::{self, Place},
};
use crate::{App, Fault};

const COUNT: u32 = 200;
const KIND: u64 = 2;

/// First name, last name, gender, birth date (Jalali), city, chronic disease.
const KNOWN: [(&str, &str, Gender, &str, &str, &str); 12] = [
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

/// A disease, and what is taken against it.
const DISEASES: &[(&str, &str)] = &[
    ("دیابت نوع 2", "متفورمین"),
    ("فشار خون بالا", "لوزارتان"),
    ("آسم", "سالبوتامول"),
    ("کم‌کاری تیروئید", "لووتیروکسین"),
    ("میگرن", "پروپرانولول"),
];
const ALLERGIES: &[&str] = &["پنی‌سیلین", "سولفا", "آسپرین", "بادام زمینی", "گرده گیاهان"];
const INSURERS: &[(&str, i64)] = &[
    ("تامین اجتماعی", 46),
    ("بیمه سلامت", 24),
    ("نیروهای مسلح", 9),
    ("ایران", 5),
    ("آسیا", 4),
    ("دانا", 3),
    ("", 9),
];

/// A patient to be written down.
#[derive(Clone)]
pub(super) struct Patient {
    pub(super) id: UserId,
    pub(super) phone: Phone,
    pub(super) profile: Profile,
    pub(super) joined_at: Timestamp,
}

impl Patient {
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.profile.first_name, self.profile.last_name)
    }

    /// Younger than 16.
    pub(super) fn is_child(&self, today: Date) -> bool {
        self.profile.date_of_birth.is_some_and(|born| days::age(born, today) < 16)
    }
}

/// Who somebody is.
struct Person {
    name: Name,
    gender: Gender,
    born: Date,
    place: Place,
    /// None: empty.
    disease: &'static str,
}

/// All of them, the known ones first.
pub(super) fn patients(app: &App, now: Timestamp) -> Result<Vec<Patient>, Fault> {
    let mut patients = vec![];
    for n in 1..=COUNT {
        let dice = Dice::new(KIND, n.into());
        let person = person(n as usize - 1, &dice, days::tehran_today(now))?;
        let joined_at = now - JOINED + SignedDuration::from_mins(n.into());
        patients.push(Patient {
            id: UserId::new(joined_at, &*app.rng),
            phone: phone(&format!("+98912200{n:04}"))?,
            profile: profile(n, &person, days::tehran_today(now), &dice)?,
            joined_at,
        });
    }
    Ok(patients)
}

fn person(nth: usize, dice: &Dice, today: Date) -> Result<Person, Fault> {
    if let Some((first_name, last_name, gender, born, city, disease)) = KNOWN.get(nth).copied() {
        let (name, place) = ((first_name, last_name), places::of_city(city));
        return Ok(Person { name, gender, born: days::parse(born).map_err(internal)?, place, disease });
    }
    let gender = if dice.chance(54) { Gender::Female } else { Gender::Male };
    let (youngest, oldest) = dice.weighted(&[((0, 14), 20), ((16, 35), 32), ((36, 60), 33), ((61, 88), 15)]);
    let age = dice.between(youngest, oldest);
    let born = today.saturating_sub(days::span_of_days(age * 365 + dice.between(5, 300)));
    let is_ill = dice.chance(if age < 16 { 0 } else { age.min(60) });
    let disease = if is_ill { dice.one(DISEASES).0 } else { "" };
    Ok(Person { name: names::name(dice, gender), gender, born, place: places::place(dice), disease })
}

fn profile(n: u32, person: &Person, today: Date, dice: &Dice) -> Result<Profile, Fault> {
    let (first_name, last_name) = person.name;
    let (province, city) = person.place;
    Ok(Profile {
        first_name: first_name.into(),
        last_name: last_name.into(),
        national_id: Some(national_id(n)?),
        date_of_birth: Some(person.born),
        gender: Some(person.gender),
        email: format!("patient{n}@example.com"),
        address: Address {
            province: province.into(),
            city: city.into(),
            postal_code: format!("1{n:09}"),
            address: places::street(dice),
        },
        emergency_contact: EmergencyContact {
            name: format!("خانواده {last_name}"),
            relationship: dice.one(&["برادر", "خواهر", "همسر", "پدر", "مادر"]).into(),
            phone_number: format!("+98912300{n:04}"),
        },
        medical_info: medical_info(n, person, days::age(person.born, today), dice),
        insurance: insurance(n, today, dice),
    })
}

fn medical_info(n: u32, person: &Person, age: i64, dice: &Dice) -> MedicalInfo {
    let (height, weight) = match (age, person.gender) {
        (..16, _) => (55 + age * 7, 4 + age * 3),
        (_, Gender::Female) => (152, 50),
        (_, Gender::Male) => (164, 62),
    };
    let measure = |least: i64, more: i64| i32::try_from(least + dice.between(0, more)).ok().map(f64::from);
    let is_first = n == 1;
    let medication = DISEASES.iter().find(|(disease, _)| *disease == person.disease).map(|(_, drug)| *drug);
    let allergy = if is_first { Some(ALLERGIES[0]) } else { dice.chance(18).then(|| dice.one(ALLERGIES)) };
    MedicalInfo {
        blood_type: if is_first { "A+" } else { dice.one(&BLOOD_TYPES) }.into(),
        height: measure(height, if age < 16 { 6 } else { 24 }),
        weight: measure(weight, if age < 16 { 4 } else { 38 }),
        allergies: allergy.into_iter().map(String::from).collect(),
        chronic_diseases: if person.disease.is_empty() { vec![] } else { vec![person.disease.into()] },
        current_medications: medication.into_iter().map(String::from).collect(),
    }
}

fn insurance(n: u32, today: Date, dice: &Dice) -> Insurance {
    let provider = if n as usize <= KNOWN.len() { INSURERS[0].0 } else { dice.weighted(INSURERS) };
    if provider.is_empty() {
        return Insurance::default();
    }
    let expiry_date = today.saturating_add(days::span_of_days(dice.between(40, 700)));
    Insurance { provider: provider.into(), number: format!("1{n:09}"), expiry_date: Some(expiry_date) }
}

/// The one number that begins like this and has a right check digit.
fn national_id(n: u32) -> Result<NationalId, Fault> {
    (0..10)
        .find_map(|check| NationalId::parse(&format!("{:09}{check}", 1_234_567 + n - 1)).ok())
        .ok_or_else(|| Fault::Internal("no check digit".into()))
}
