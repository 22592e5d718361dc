//! Who has which of a few values: specialties, cities, insurers.

use std::collections::HashMap;

use roaring::RoaringBitmap;

/// The doctors of each value. A value that nobody has any more keeps its number.
#[derive(Default)]
pub(super) struct Postings {
    numbers: HashMap<String, u32>,
    doctors: Vec<RoaringBitmap>,
}

impl Postings {
    /// Adds a doctor; the value's number, to take them out again.
    pub(super) fn add(&mut self, value: String, doctor: u32) -> u32 {
        let next = u32::try_from(self.doctors.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(value).or_insert(next);
        if number == next {
            self.doctors.push(RoaringBitmap::new());
        }
        self.doctors[number as usize].insert(doctor);
        number
    }

    pub(super) fn remove(&mut self, number: u32, doctor: u32) {
        self.doctors[number as usize].remove(doctor);
    }

    /// None when nobody has it.
    pub(super) fn get(&self, value: &str) -> Option<&RoaringBitmap> {
        let number = *self.numbers.get(value)?;
        self.doctors.get(number as usize).filter(|doctors| !doctors.is_empty())
    }
}
