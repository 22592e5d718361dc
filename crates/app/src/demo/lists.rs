//! What the database came with and the clinic is made from.

use domain::profile::Gender;
use store::{
    drugs::{self, Drug},
    reference::{self, Insurer, Specialty},
};

use super::dice::Dice;
use crate::{App, Fault};

/// How many doctors there are of the larger fields for each one of a small field.
const LARGE: &[(&str, i64)] = &[
    ("general", 40),
    ("internal_medicine", 14),
    ("pediatrics", 14),
    ("gynecology", 14),
    ("cardiology", 13),
    ("dermatology", 12),
    ("dentistry", 12),
    ("orthopedics", 10),
    ("neurology", 9),
    ("ophthalmology", 9),
    ("psychiatry", 9),
    ("ent", 8),
    ("urology", 7),
    ("endocrinology", 7),
    ("gastroenterology", 7),
    ("general_surgery", 6),
    ("infectious_diseases", 4),
    ("nutrition", 4),
    ("physiotherapy", 4),
    ("midwifery", 3),
];

/// Fields whose doctors are mostly women, and whose patients always are.
pub(super) const OF_WOMEN: &[&str] = &["gynecology", "infertility", "perinatology", "midwifery"];

/// All in an order that does not depend on the database's collation.
pub(super) struct Lists {
    specialties: Vec<Specialty>,
    pub(super) insurers: Vec<Insurer>,
    drugs: Vec<Drug>,
}

impl Lists {
    pub(super) async fn read(app: &App) -> Result<Self, Fault> {
        let (mut specialties, mut insurers, drugs) = app
            .db
            .read((), |c, ()| {
                Box::pin(async move {
                    let specialties = reference::specialties(c).await?;
                    let insurers = reference::insurers(c).await?;
                    Ok::<_, Fault>((specialties, insurers, drugs::all(c).await?))
                })
            })
            .await?;
        specialties.retain(|specialty| specialty.is_active);
        specialties.sort_by(|a, b| a.code.cmp(&b.code));
        insurers.retain(|insurer| insurer.is_active);
        insurers.sort_by(|a, b| a.name.cmp(&b.name));
        if specialties.is_empty() || insurers.is_empty() {
            return Err(Fault::Internal("there is no specialty or no insurer to choose from".into()));
        }
        Ok(Self { specialties, insurers, drugs })
    }

    /// The code of the nth doctor's field, from 0: each once, then the larger the likelier.
    pub(super) fn specialty(&self, nth: usize, dice: &Dice) -> &str {
        if let Some(specialty) = self.specialties.get(nth) {
            return &specialty.code;
        }
        let weight =
            |code: &str| LARGE.iter().find(|(large, _)| *large == code).map_or(1, |(_, weight)| *weight);
        let weights: Vec<(&str, i64)> =
            self.specialties.iter().map(|s| (s.code.as_str(), weight(&s.code))).collect();
        dice.weighted(&weights)
    }

    /// As it is shown; the code where the list has no title.
    pub(super) fn title<'a>(&'a self, code: &'a str) -> &'a str {
        self.specialties.iter().find(|specialty| specialty.code == code).map_or(code, |s| s.title.as_str())
    }

    /// What an insurer pays, in percent.
    pub(super) fn coverage(&self, insurer: &str) -> u8 {
        self.insurers.iter().find(|known| known.name == insurer).map_or(0, |known| known.coverage_percent)
    }

    /// In Persian.
    pub(super) fn drug(&self, code: &str) -> Option<&str> {
        self.drugs.iter().find(|drug| drug.code == code).map(|drug| drug.name_fa.as_str())
    }
}

/// Of a doctor of this field.
pub(super) fn gender(specialty: &str, dice: &Dice) -> Gender {
    let women = if OF_WOMEN.contains(&specialty) { 92 } else { 42 };
    if dice.chance(women) { Gender::Female } else { Gender::Male }
}
