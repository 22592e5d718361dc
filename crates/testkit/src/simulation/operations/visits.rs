//! Visits: booked, paid, cancelled, led.

use domain::{Clock as _, SignedDuration};

use super::{Kind, Plan};
use crate::simulation::{
    acts::visits,
    outcome::Stage,
    requests::Request,
    world::{Visit, World},
};

impl World {
    pub(super) fn book(&mut self) -> Option<Plan> {
        let patient = self.some_patient()?;
        let doctor = self.dice.one(&self.doctors);
        let starts_at = self.some_time();
        let insurer = self.dice.chance(30).then(|| self.dice.one(&["تامین اجتماعی", "ایران"]));
        let is_online = self.dice.chance(70);
        let request = Request::Book { patient, doctor, starts_at, is_online, insurer };
        let about = format!("{request:?}");
        Some(self.ask(Kind::Book, about, request))
    }

    pub(super) fn pay_visit(&mut self) -> Option<Plan> {
        let Visit { id, patient, share, .. } = self.some_visit(Stage::Booked)?;
        let request = Request::PayVisit { patient, visit: id, share };
        Some(self.ask(Kind::PayVisit, format!("{id} of {patient} for {share}"), request))
    }

    pub(super) fn pay_online(&mut self) -> Option<Plan> {
        let visit = self.some_visit(Stage::Booked)?;
        let gateway = self.some_gateway();
        let who = (visit.token, visit.patient);
        let about = visit.id.to_string();
        Some(self.on_a_node(Kind::PayOnline, about, |app| Box::pin(visits::pay_online(app, who, gateway))))
    }

    pub(super) fn cancel_visit(&mut self) -> Option<Plan> {
        let stage = self.dice.one(&[Stage::Booked, Stage::Paid, Stage::Paid]);
        let Visit { id, patient, .. } = self.some_visit(stage)?;
        let request = Request::CancelVisit { patient, visit: id };
        Some(self.ask(Kind::CancelVisit, id.to_string(), request))
    }

    pub(super) fn withdraw(&mut self, kind: Kind) -> Option<Plan> {
        let visit = self.some_visit(Stage::Paid)?;
        let (who, by_admin) = ((visit.doctor, visit.patient), kind == Kind::AdminCancels);
        let about = visit.id.to_string();
        Some(self.on_a_node(kind, about, |app| Box::pin(visits::withdraw(app, who, visit.id, by_admin))))
    }

    pub(super) fn lead(&mut self, kind: Kind) -> Option<Plan> {
        // what was paid online is booked as far as is known here
        let stage = match kind {
            Kind::Complete => Stage::Begun,
            _ => self.dice.one(&[Stage::Paid, Stage::Paid, Stage::Booked]),
        };
        let now = self.clock.now();
        let is_near = |visit: &&Visit| {
            visit.stage == stage && visit.starts_at.duration_since(now).abs() <= SignedDuration::from_mins(40)
        };
        let near = self.visits.iter().find(is_near).copied();
        let Visit { id, doctor, patient, .. } = match near {
            Some(near) if self.focus.is_none() && self.dice.chance(80) => near,
            _ => self.some_visit(stage)?,
        };
        Some(self.on_a_node(kind, id.to_string(), |app| match kind {
            Kind::Begin => Box::pin(visits::begin(app, doctor, id)),
            Kind::Complete => Box::pin(visits::complete(app, doctor, id)),
            _ => Box::pin(visits::miss(app, (doctor, patient), id)),
        }))
    }
}
