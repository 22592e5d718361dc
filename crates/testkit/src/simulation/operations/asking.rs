//! What clients ask for: under a key of their own, and again under the same key.

use domain::{Clock as _, SignedDuration};

use super::{Kind, Plan};
use crate::simulation::{
    requests::{Request, Sent, send},
    world::World,
};

/// That it was asked for before.
#[derive(Clone, Copy, Debug)]
pub(in crate::simulation) struct Again {
    /// It was answered then.
    pub(in crate::simulation) was_answered: bool,
    /// With another body.
    pub(in crate::simulation) other_body: bool,
}

impl World {
    /// A request, under a key of its own most of the time.
    pub(super) fn ask(&mut self, kind: Kind, about: String, request: Request) -> Plan {
        let key = self.dice.chance(70).then(|| self.new_key());
        if let Some(key) = &key {
            self.save(key, &request);
        }
        let sent = Sent { request, key, other_body: false };
        self.on_a_node(kind, about, |app| send(app, sent))
    }

    /// A client sends what it has sent before; or something else under the same key.
    pub(super) fn again(&mut self) -> Option<Plan> {
        let now = self.clock.now();
        // answers are kept for a day at least
        self.saved.retain(|saved| now < saved.at + SignedDuration::from_hours(24));
        let at = self.some_index(self.saved.len())?;
        let saved = self.saved[at].clone();
        let other_body = self.dice.chance(30);
        let again =
            Again { was_answered: saved.answer.is_some(), other_body: other_body != saved.other_body };
        let about = format!("{again:?} {} {:?}", saved.key, saved.request);
        let sent = Sent { request: saved.request, key: Some(saved.key), other_body };
        let plan = self.on_a_node(Kind::Again, about, |app| send(app, sent));
        Some(Plan { again: Some(again), ..plan })
    }
}
