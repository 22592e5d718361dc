//! The people of the clinic, each made from a number: the same in every run and in every database.

use app::App;
use domain::{Phone, Rials, profile::Gender, search::Entry};
use store::reference::{City, Insurer, Specialty};
use uuid::{Builder, Uuid};

use crate::draw::{Draw, mix};

/// Where the ids of each kind begin, in milliseconds of their v7: neighbours lie beside each other.
pub const DOCTORS: u64 = 1_600_000_000_000;
pub const PATIENTS: u64 = 1_610_000_000_000;
pub const VISITS: u64 = 1_620_000_000_000;
/// Not random, so that a million rows are soon written.
pub const PAY_TOKENS: u64 = 1_630_000_000_000;
pub const PRESCRIPTIONS: u64 = 1_640_000_000_000;
pub const NOTICES: u64 = 1_650_000_000_000;

#[rustfmt::skip]
pub const WOMEN: [&str; 24] = [
    "مریم", "سارا", "فاطمه", "زهرا", "نرگس", "لیلا", "الهام", "شیرین", "پریسا", "مینا", "نازنین", "آزاده", "مهسا",
    "سمیرا", "ندا", "شبنم", "پروین", "نسرین", "فرزانه", "هانیه", "سپیده", "راضیه", "طاهره", "معصومه",
];
#[rustfmt::skip]
pub const MEN: [&str; 24] = [
    "علی", "محمد", "رضا", "حسین", "امیر", "سعید", "مهدی", "کاوه", "آرش", "پویا", "بهرام", "احمد", "حمید", "مجید",
    "ناصر", "داوود", "فرهاد", "شهرام", "بابک", "کیوان", "سیاوش", "ابراهیم", "محسن", "مصطفی",
];
#[rustfmt::skip]
pub const FAMILIES: [&str; 48] = [
    "محمدی", "احمدی", "رضایی", "حسینی", "کریمی", "موسوی", "جعفری", "صادقی", "قاسمی", "رحیمی", "کاظمی", "اکبری",
    "شریفی", "یزدانی", "باقری", "مرادی", "فرهادی", "سلیمانی", "عباسی", "نوری", "هاشمی", "ابراهیمی", "حیدری", "ملکی",
    "رستمی", "طاهری", "نجفی", "امینی", "زارعی", "خسروی", "بهرامی", "میرزایی", "شجاعی", "توکلی", "غلامی", "اسدی",
    "پناهی", "درویشی", "صالحی", "منصوری", "کمالی", "جوادی", "فلاحی", "ایزدی", "تهرانی", "اصفهانی", "شیرازی",
    "تبریزی",
];
/// Some families have one of these behind their name.
const ENDINGS: [&str; 5] = ["پور", "نژاد", "فر", "\u{200C}زاده", "\u{200C}نیا"];
/// Where every fourth doctor is.
const CAPITAL: &str = "تهران";
/// Where every fourth doctor is, in any of them.
const LARGE: [&str; 5] = ["مشهد", "اصفهان", "شیراز", "تبریز", "کرج"];

/// What the schema ships.
pub struct Lists {
    specialties: Vec<Specialty>,
    cities: Vec<City>,
    insurers: Vec<Insurer>,
}

/// A doctor who can be found and booked.
pub struct Doctor<'l> {
    pub id: Uuid,
    pub first_name: &'static str,
    pub last_name: String,
    pub gender: Gender,
    pub specialty: &'l Specialty,
    pub city: &'l City,
    pub council_number: String,
    pub experience_years: i64,
    pub rating_sum: i64,
    pub rating_count: i64,
    pub online: bool,
    pub in_person: bool,
    /// Rials, of every visit.
    pub fee: i64,
    pub insurers: Vec<String>,
}

impl Lists {
    pub async fn read(app: &App) -> Self {
        let read = app.db.read((), |c, ()| {
            Box::pin(async move {
                let specialties = store::reference::specialties(c).await?;
                let cities = store::reference::cities(c, None).await?;
                let insurers = store::reference::insurers(c).await?;
                Ok::<_, store::Error>((specialties, cities, insurers))
            })
        });
        let (specialties, cities, insurers) = read.await.unwrap();
        Self { specialties, cities, insurers }
    }

    fn city(&self, name: &str) -> &City {
        self.cities.iter().find(|city| city.city == name).unwrap()
    }

    /// The doctor with this number.
    pub fn doctor(&self, n: u32) -> Doctor<'_> {
        let mut draw = Draw::new(DOCTORS ^ u64::from(n));
        let (gender, first_name, last_name) = name(&mut draw);
        let specialty = if draw.below(100) < 20 {
            self.specialties.iter().find(|specialty| specialty.code == "general").unwrap()
        } else {
            pick(&mut draw, &self.specialties)
        };
        let city = match draw.below(100) {
            0..25 => self.city(CAPITAL),
            25..50 => self.city(pick::<&str>(&mut draw, &LARGE)),
            _ => pick(&mut draw, &self.cities),
        };
        let rating_count = if draw.below(100) < 20 { 0 } else { number(&mut draw, 1, 300) };
        let online = draw.below(100) < 65;
        let first = index(&mut draw, self.insurers.len());
        let insurers = self.insurers.iter().cycle().skip(first).take(index(&mut draw, 5));
        Doctor {
            id: id(DOCTORS, n),
            first_name,
            last_name,
            gender,
            specialty,
            city,
            council_number: (100_000 + n).to_string(),
            experience_years: number(&mut draw, 1, 40),
            rating_sum: rating_count * number(&mut draw, 30, 50) / 10,
            rating_count,
            online,
            in_person: !online || draw.below(100) < 85,
            fee: 500_000 + number(&mut draw, 0, 30) * 50_000,
            insurers: insurers.map(|insurer| insurer.name.clone()).collect(),
        }
    }
}

impl Doctor<'_> {
    /// As the search knows them.
    pub fn entry(self) -> Entry {
        let fee = Rials::new(self.fee);
        Entry {
            id: self.id,
            version: 1,
            name: format!("{} {}", self.first_name, self.last_name),
            specialty: self.specialty.code.clone(),
            specialty_titles: vec![self.specialty.title.clone(), self.specialty.title_en.clone()],
            province: self.city.province.clone(),
            city: self.city.city.clone(),
            gender: Some(self.gender),
            online: self.online,
            in_person: self.in_person,
            insurers: self.insurers,
            rating_sum: self.rating_sum,
            rating_count: self.rating_count,
            experience_years: self.experience_years,
            online_fee: fee.filter(|_| self.online),
            in_person_fee: fee.filter(|_| self.in_person),
            council_number: self.council_number,
        }
    }
}

/// Gender, first and last name.
pub fn name(draw: &mut Draw) -> (Gender, &'static str, String) {
    let (gender, first) = if draw.below(100) < 45 {
        (Gender::Female, *pick(draw, &WOMEN))
    } else {
        (Gender::Male, *pick(draw, &MEN))
    };
    let ending = if draw.below(100) < 30 { *pick(draw, &ENDINGS) } else { "" };
    (gender, first, format!("{}{ending}", pick(draw, &FAMILIES)))
}

pub fn phone(first: u64, n: u32) -> Phone {
    let operator = if first == DOCTORS { "912" } else { "935" };
    Phone::parse(&format!("+98{operator}{n:07}")).unwrap()
}

pub fn id(first: u64, n: u32) -> Uuid {
    let millis = first + u64::from(n);
    let mut random = [0; 10];
    random[..8].copy_from_slice(&mix(millis).to_be_bytes());
    Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

pub fn pick<'a, T>(draw: &mut Draw, all: &'a [T]) -> &'a T {
    &all[index(draw, all.len())]
}

/// Below that.
pub fn index(draw: &mut Draw, len: usize) -> usize {
    usize::try_from(draw.below(len as u64)).unwrap()
}

/// From the first to the last, both included.
pub fn number(draw: &mut Draw, first: i64, last: i64) -> i64 {
    first + draw.below((last - first).cast_unsigned() + 1).cast_signed()
}
