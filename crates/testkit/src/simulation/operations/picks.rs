//! Whom and what it happens to.

use domain::{Clock as _, Timestamp, ids::UserId};

use crate::simulation::{
    gateway::GATEWAYS,
    outcome::Stage,
    world::{Charge, Visit, World},
};

impl World {
    /// One of so many: where several things happen to one at once, always the same.
    pub(super) fn some_index(&mut self, of: usize) -> Option<usize> {
        if of == 0 {
            return None;
        }
        let bound = u64::try_from(of).unwrap();
        Some(match self.focus {
            Some(focus) => usize::try_from(focus % bound).unwrap(),
            None => self.dice.below(of),
        })
    }

    pub(super) fn some_patient(&mut self) -> Option<UserId> {
        let at = self.some_index(self.patients.len())?;
        Some(self.patients[at])
    }

    /// Of the charges that fit, one of the newest.
    pub(super) fn some_charge(&mut self, fits: impl Fn(&Charge) -> bool) -> Option<Charge> {
        if self.focus.is_some() {
            let at = self.some_index(self.charges.len())?;
            return self.charges.get(at).copied();
        }
        let fitting: Vec<Charge> = self.charges.iter().filter(|charge| fits(charge)).copied().collect();
        let at = self.some_index(fitting.len())?;
        fitting.get(at).copied()
    }

    /// One of a stage; where several things happen to one at once, and now and then otherwise, of any stage.
    pub(super) fn some_visit(&mut self, stage: Stage) -> Option<Visit> {
        if self.focus.is_some() || self.dice.chance(10) {
            let at = self.some_index(self.visits.len())?;
            return self.visits.get(at).copied();
        }
        let mut fitting: Vec<Visit> =
            self.visits.iter().filter(|visit| visit.stage == stage).copied().collect();
        if stage == Stage::Booked {
            // older ones have given their time back
            let older = fitting.len().saturating_sub(6);
            fitting.drain(..older);
        }
        let at = self.some_index(fitting.len())?;
        fitting.get(at).copied()
    }

    pub(super) fn some_code(&mut self) -> Option<String> {
        let at = self.dice.below(self.codes.len());
        self.codes.get(at).cloned()
    }

    /// None: whichever the program takes.
    pub(super) fn some_gateway(&mut self) -> Option<&'static str> {
        self.dice.chance(90).then(|| self.dice.one(&GATEWAYS))
    }

    pub(super) fn some_amount(&mut self) -> i64 {
        self.dice.between(10_000, 3_000_000)
    }

    /// A doctor's time, soon or within weeks; now and then one that is none.
    pub(super) fn some_time(&mut self) -> Timestamp {
        /// Seconds of a slot.
        const SLOT: i64 = 20 * 60;
        /// Seconds that Tehran's midnight is before UTC's.
        const AHEAD: i64 = 3 * 3_600 + 1_800;
        let minutes = if self.dice.chance(60) {
            self.dice.between(31, 4 * 60)
        } else {
            self.dice.between(31, 50 * 24 * 60)
        };
        let wanted = self.clock.now().as_second() + minutes * 60 + AHEAD;
        let start = (wanted.div_euclid(SLOT) + 1) * SLOT - AHEAD;
        let off = if self.dice.chance(3) { 300 } else { 0 };
        Timestamp::from_second(start + off).unwrap()
    }
}
