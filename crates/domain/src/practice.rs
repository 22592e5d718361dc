//! What a doctor offers: ways to meet, fees, working time, insurers.

use serde::{Deserialize, Serialize};

use crate::{Rials, schedule::Schedule, visit::VisitType};

/// A doctor's own settings. By default nothing is offered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Practice {
    pub online_enabled: bool,
    pub in_person_enabled: bool,
    pub online_fee: Rials,
    pub in_person_fee: Rials,
    pub schedule: Schedule,
    pub preferences: Preferences,
    /// As they are spelled in the list of insurers.
    pub insurers: Vec<String>,
    /// Where patients come to, with line breaks.
    pub address: String,
    /// What the doctor says about themself, with line breaks.
    pub about: String,
}

impl Practice {
    /// Whether visits of this kind can be booked.
    #[must_use]
    pub const fn takes(&self, kind: VisitType) -> bool {
        match kind {
            VisitType::Online => self.online_enabled,
            VisitType::InPerson => self.in_person_enabled,
        }
    }

    /// What a visit of this kind costs.
    #[must_use]
    pub const fn fee(&self, kind: VisitType) -> Rials {
        match kind {
            VisitType::Online => self.online_fee,
            VisitType::InPerson => self.in_person_fee,
        }
    }

    /// Whether anything can ever be booked: some kind of visit, on some day of the week.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        (self.online_enabled || self.in_person_enabled) && !self.schedule.days.is_empty()
    }
}

/// What a doctor wants to be told; all of it by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "the reference's own four switches")]
pub struct Preferences {
    pub appointment_reminders: bool,
    pub new_appointments: bool,
    pub cancellations: bool,
    pub payment_notifications: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            appointment_reminders: true,
            new_appointments: true,
            cancellations: true,
            payment_notifications: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_offered_by_default() {
        let practice = Practice::default();
        assert!(!practice.takes(VisitType::Online) && !practice.takes(VisitType::InPerson));
        assert!(!practice.is_open());
        assert_eq!(practice.fee(VisitType::Online), Rials::ZERO);
        assert!(practice.preferences.cancellations);
        assert_eq!((practice.schedule.duration, practice.schedule.buffer), (20, 10));
    }

    #[test]
    fn each_kind_has_a_switch_and_a_fee_of_its_own() {
        let fee = Rials::new(800_000).unwrap();
        let practice = Practice { in_person_enabled: true, in_person_fee: fee, ..Practice::default() };
        assert!(practice.takes(VisitType::InPerson) && !practice.takes(VisitType::Online));
        assert_eq!((practice.fee(VisitType::InPerson), practice.fee(VisitType::Online)), (fee, Rials::ZERO));
        assert!(!practice.is_open(), "on no day");
    }
}
