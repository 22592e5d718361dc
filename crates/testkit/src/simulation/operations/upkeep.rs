//! What happens without being asked for: workers work, time passes, somebody new comes.

use std::sync::Arc;

use domain::{Clock as _, Phone, SignedDuration};

use super::{Kind, Plan};
use crate::simulation::{
    acts::{people, workers},
    outcome::{Outcome, Stage},
    world::World,
};

impl World {
    pub(super) fn upkeep(&mut self, kind: Kind) -> Plan {
        self.on_a_node(kind, String::new(), |app| match kind {
            Kind::Sweep => Box::pin(workers::sweep(app)),
            Kind::Renew => Box::pin(workers::renew(app)),
            Kind::GiveUp => Box::pin(workers::give_up(app)),
            Kind::ExpireHolds => Box::pin(workers::expire_holds(app)),
            Kind::ExpireVisits => Box::pin(workers::expire_visits(app)),
            Kind::Jobs => Box::pin(workers::jobs(app)),
            Kind::Cron => Box::pin(workers::cron(app)),
            Kind::VerifyALittle => Box::pin(workers::verify_a_little(app)),
            Kind::FinishRefunds => Box::pin(workers::finish_refunds(app)),
            _ => Box::pin(workers::forget(app)),
        })
    }

    /// A moment, or as long as a worker may have been away.
    pub(super) fn move_clock(&mut self, kind: Kind) -> Plan {
        let seconds = match (kind, self.dice.between(1, 100)) {
            (Kind::Tick, 1..=50) => self.dice.between(1, 60),
            (Kind::Tick, _) => self.dice.between(60, 600),
            (Kind::Leap, 1..=50) => self.until_a_visit().map_or(2_400, |seconds| {
                // its doctor is there
                self.deck.extend([Kind::Complete, Kind::Begin]);
                seconds
            }),
            (_, 1..=40) => self.dice.between(35, 85) * 60,
            (_, 41..=75) => self.dice.between(1, 6) * 3_600,
            (_, 76..=95) => self.dice.between(6, 30) * 3_600,
            (_, 96..=99) => self.dice.between(2, 9) * 86_400,
            _ => 40 * 86_400,
        };
        let (clock, by) = (Arc::clone(&self.clock), SignedDuration::from_secs(seconds));
        self.on_a_node(kind, format!("{seconds} s"), |_| {
            Box::pin(async move {
                clock.advance(by);
                Outcome::refused("done")
            })
        })
    }

    /// Seconds until the first of the visits that lie ahead and that somebody has paid for begins.
    fn until_a_visit(&self) -> Option<i64> {
        let now = self.clock.now();
        let paid = self.visits.iter().filter(|visit| visit.stage == Stage::Paid && visit.starts_at > now);
        paid.map(|visit| visit.starts_at.duration_since(now).as_secs() + 1).min()
    }

    pub(super) fn new_patient(&mut self) -> Plan {
        let phone = Phone::parse(&format!("+98935{:07}", self.count_up())).unwrap();
        self.on_a_node(Kind::NewPatient, String::new(), |app| Box::pin(people::new_patient(app, phone)))
    }
}
