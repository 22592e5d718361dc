//! Doctors as patients find them.

pub(crate) mod read;
pub(crate) mod search;
pub(crate) mod slots;

use app::doctors::Listed;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Api, time::rfc3339};

/// A doctor as a search shows them.
#[derive(Serialize, ToSchema)]
pub(crate) struct FoundDoctor {
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b")]
    id: Uuid,
    #[schema(example = "دکتر مریم رضایی")]
    name: String,
    specialty: FoundSpecialty,
    /// شماره نظام پزشکی
    #[schema(example = "12345")]
    medical_council_number: String,
    #[schema(example = 15)]
    experience_years: i64,
    rating: FoundRating,
    /// Of a visit in person, Rials; 0 where nothing is set.
    #[schema(example = 800_000)]
    consultation_fee: i64,
    /// Of an online visit, Rials; 0 where nothing is set.
    #[schema(example = 600_000)]
    online_consultation_fee: i64,
    #[schema(example = "https://helssa.ir/avatars/018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b.svg")]
    profile_image: String,
    location: FoundLocation,
    availability: FoundAvailability,
    #[schema(example = json!(["فارسی", "انگلیسی"]))]
    languages: Vec<String>,
    #[schema(example = json!(["تامین اجتماعی", "ایران"]))]
    accepted_insurances: Vec<String>,
}

/// What a doctor is a specialist in.
#[derive(Serialize, ToSchema)]
pub(crate) struct FoundSpecialty {
    /// The specialty's code.
    #[schema(example = "cardiology")]
    id: String,
    #[schema(example = "متخصص قلب و عروق")]
    title: String,
}

/// What patients said after their visits.
#[derive(Serialize, ToSchema)]
pub(crate) struct FoundRating {
    /// 1 to 5 with one decimal; 0 where there are none.
    #[schema(example = 4.8)]
    average: f64,
    #[schema(example = 234)]
    count: i64,
}

/// Where a doctor works.
#[derive(Serialize, ToSchema)]
pub(crate) struct FoundLocation {
    #[schema(example = "تهران")]
    province: String,
    #[schema(example = "تهران")]
    city: String,
    #[schema(example = "میدان ونک")]
    address: String,
}

/// How and when a doctor can be met.
#[derive(Serialize, ToSchema)]
pub(crate) struct FoundAvailability {
    #[schema(example = true)]
    online: bool,
    #[schema(example = true)]
    in_person: bool,
    /// When the first free slot begins; `null`: none is free within 60 days.
    #[schema(example = "2024-01-21T10:00:00Z", format = "date-time")]
    next_available: Option<String>,
}

fn body(api: &Api, listed: Listed) -> FoundDoctor {
    let Listed { card, next_available } = listed;
    let rating =
        FoundRating { average: average(card.rating_sum, card.rating_count), count: card.rating_count };
    let practice = card.practice;
    FoundDoctor {
        id: card.id.0,
        name: format!("دکتر {} {}", card.first_name, card.last_name),
        specialty: FoundSpecialty { id: card.specialty_code, title: card.specialty_title },
        medical_council_number: card.council_number,
        experience_years: card.experience_years,
        rating,
        consultation_fee: practice.in_person_fee.get(),
        online_consultation_fee: practice.online_fee.get(),
        profile_image: format!("{}/avatars/{}.svg", api.settings.public_site_url, card.id),
        location: FoundLocation { province: card.province, city: card.city, address: practice.address },
        availability: FoundAvailability {
            online: practice.online_enabled,
            in_person: practice.in_person_enabled,
            next_available: next_available.map(rfc3339),
        },
        languages: card.languages,
        accepted_insurances: practice.insurers,
    }
}

/// To the tenth, half a tenth up.
pub(crate) fn average(sum: i64, count: i64) -> f64 {
    tenths(sum, count).map_or(0.0, |tenths| f64::from(tenths) / 10.0)
}

fn tenths(sum: i64, count: i64) -> Option<i32> {
    let rounded = sum.checked_mul(20)?.checked_add(count)?.checked_div(count.checked_mul(2)?)?;
    i32::try_from(rounded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_average_has_one_decimal() {
        let averages =
            [(0, 0, None), (5, 1, Some(50)), (14, 3, Some(47)), (9, 2, Some(45)), (89, 20, Some(45))];
        for (sum, count, average) in averages {
            assert_eq!(tenths(sum, count), average, "{sum} of {count}");
        }
    }
}
