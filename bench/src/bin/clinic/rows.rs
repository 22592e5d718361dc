//! What is written, and the rows of people. The columns are those of the schema (`crates/store/migrations`),
//! sealed where the program seals them.

use app::{App, notifications::NoticeKind};
use db::{At, Conn, sql};
use domain::{
    Role, Timestamp,
    ids::{NotificationId, UserId},
    practice::Preferences,
};
use store::{Result, keyring::Field, notifications::NewNotification};

use crate::{
    agenda::Visit,
    clinic::Clinic,
    draw::Draw,
    people::{self, DOCTORS, NOTICES, PATIENTS, id},
    visit_rows::visit,
};

const PHONE: Field = Field { table: "users", column: "phone" };

const ABOUT: &str = "دانش‌آموخته دانشگاه علوم پزشکی، با سال‌ها تجربه در بیمارستان و مطب";
/// Notices of a busy doctor.
const TOLD: u32 = 10;

/// What is written.
pub enum Row {
    Patient(u32),
    Doctor(u32),
    /// What a doctor was told.
    Notices(u32),
    Visit(Visit),
}

pub async fn add(tx: &Conn, app: &App, clinic: &Clinic, row: &Row) -> Result<()> {
    match row {
        Row::Patient(n) => patient(tx, app, *n, clinic.now).await,
        Row::Doctor(n) => doctor(tx, app, clinic, *n).await,
        Row::Notices(doctor) => notices(tx, app, *doctor, clinic.now).await,
        Row::Visit(v) => visit(tx, app, v, clinic.now).await,
    }
}

async fn user(tx: &Conn, app: &App, (kind, n): (u64, u32), name: (&str, &str), now: Timestamp) -> Result<()> {
    let (id, phone) = (id(kind, n), people::phone(kind, n));
    let role = if kind == DOCTORS { Role::Doctor } else { Role::Patient };
    tx.exec(
        sql!(
            "INSERT INTO users (id, role, phone, phone_index, first_name, last_name, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)"
        ),
        &[
            &id,
            &role.as_str(),
            &app.keys.seal_text(PHONE, id, &phone.e164())?,
            &app.keys.phone_index(&phone),
            &name.0,
            &name.1,
            &At(now),
        ],
    )
    .await?;
    Ok(())
}

async fn patient(tx: &Conn, app: &App, n: u32, now: Timestamp) -> Result<()> {
    let (gender, first_name, last_name) = people::name(&mut Draw::new(PATIENTS ^ u64::from(n)));
    let born = format!("{}-{:02}-{:02}", 1940 + n % 70, 1 + n % 12, 1 + n % 28);
    user(tx, app, (PATIENTS, n), (first_name, &last_name), now).await?;
    tx.exec(
        sql!("INSERT INTO patients (user_id, date_of_birth, gender) VALUES (?1, ?2, ?3)"),
        &[&id(PATIENTS, n), &born, &gender.as_str()],
    )
    .await?;
    Ok(())
}

/// `changed_at` 0: changed before any node began.
async fn doctor(tx: &Conn, app: &App, clinic: &Clinic, n: u32) -> Result<()> {
    let doctor = clinic.lists.doctor(n);
    user(tx, app, (DOCTORS, n), (doctor.first_name, &doctor.last_name), clinic.now).await?;
    tx.exec(
        sql!(
            "INSERT INTO doctors (user_id, council_number, specialty, province, city, gender, languages,
                                  experience_years, status, created_at, updated_at, rating_sum, rating_count,
                                  changed_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, '[\"فارسی\"]', ?7, 'active', ?8, ?8, ?9, ?10, 0)"
        ),
        &[
            &doctor.id,
            &doctor.council_number,
            &doctor.specialty.code,
            &doctor.city.province,
            &doctor.city.city,
            &doctor.gender.as_str(),
            &doctor.experience_years,
            &At(clinic.now),
            &doctor.rating_sum,
            &doctor.rating_count,
        ],
    )
    .await?;
    tx.exec(
        sql!(
            "INSERT INTO practices (doctor_id, online_enabled, in_person_enabled, online_fee, in_person_fee, schedule,
                                    preferences, insurers, address, about, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
        ),
        &[
            &doctor.id,
            &doctor.online,
            &doctor.in_person,
            &doctor.fee,
            &clinic.week(n).json,
            &serde_json::to_string(&Preferences::default()).unwrap(),
            &serde_json::to_string(&doctor.insurers).unwrap(),
            &format!("{}، خیابان ولیعصر، پلاک {n}", doctor.city.city),
            &ABOUT,
            &At(clinic.now),
        ],
    )
    .await?;
    Ok(())
}

async fn notices(tx: &Conn, app: &App, doctor: u32, now: Timestamp) -> Result<()> {
    for n in 0..TOLD {
        let notice = doctor * TOLD + n;
        let key = format!("bench:{notice}");
        let new = NewNotification {
            user: UserId(id(DOCTORS, doctor)),
            kind: NoticeKind::NewAppointment.as_str(),
            message: "ویزیت تازه: علی محمدی، شنبه 5 مهر 1404 ساعت 16:30",
            visit: None,
            unique_key: &key,
        };
        let id = NotificationId(id(NOTICES, notice));
        store::notifications::insert(tx, &app.keys, id, &new, now).await?;
    }
    Ok(())
}
