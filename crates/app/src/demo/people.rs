//! Who is in the clinic, and who goes to whom.

use domain::{Timestamp, days, profile::Gender};

use super::{
    dice::Dice,
    doctors::{Doctor, doctors},
    lists::{Lists, OF_WOMEN},
    patients::{Patient, patients},
};
use crate::{App, Fault};

/// Doctors and patients by their places in these lists.
pub(super) struct People {
    pub(super) doctors: Vec<Doctor>,
    pub(super) patients: Vec<Patient>,
    // the first patient is in none of these: their visits are written in a script
    children: Vec<usize>,
    adults: Vec<usize>,
    women: Vec<usize>,
}

impl People {
    pub(super) fn new(app: &App, lists: &Lists, now: Timestamp) -> Result<Self, Fault> {
        let (doctors, patients) = (doctors(app, lists, now)?, patients(app, now)?);
        let today = days::tehran_today(now);
        let (mut children, mut adults, mut women) = (vec![], vec![], vec![]);
        for (place, patient) in patients.iter().enumerate().skip(1) {
            if patient.is_child(today) {
                children.push(place);
                continue;
            }
            adults.push(place);
            if patient.profile.gender == Some(Gender::Female) {
                women.push(place);
            }
        }
        Ok(Self { doctors, patients, children, adults, women })
    }

    /// Somebody whom this doctor treats.
    pub(super) fn patient_of(&self, doctor: usize, dice: &Dice) -> usize {
        let specialty = self.doctors[doctor].entry.specialty.as_str();
        let is_of_children = ["pediatric", "neonatology", "child_"].iter().any(|s| specialty.starts_with(*s));
        let group = if is_of_children {
            &self.children
        } else if OF_WOMEN.contains(&specialty) {
            &self.women
        } else {
            &self.adults
        };
        dice.one(group)
    }
}
