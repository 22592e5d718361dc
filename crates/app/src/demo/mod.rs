//! The demo clinic: a lively place, the same whenever it is made at the same moment.
//!
//! People, practices and the diary come from a fixed seed and the day it is made on; ids and secrets are
//! random as everywhere. It is planned in memory, then written through the store. No text goes out and no
//! reminder is ordered: the numbers may be somebody's.

mod diary;
mod dice;
mod doctors;
mod lists;
mod medicine;
mod money;
mod names;
mod notices;
mod patients;
mod people;
mod places;
mod practices;
mod prescriptions;
mod rows;
mod story;
mod times;
mod visits;
mod words;

use std::sync::Arc;

use domain::{Phone, Role, SignedDuration, ids::UserId, profile::Profile};

use crate::{App, By, Fault, admin};
use lists::Lists;
use patients::Patient;
use people::People;

/// Phone numbers to log in with.
pub const ADMIN: &str = "+989120000001";
pub const FIRST_DOCTOR: &str = "+989121000001";
pub const FIRST_PATIENT: &str = "+989122000001";

/// Rows that are written together.
const BATCH: usize = 100;
/// The people joined so long ago, before any of their visits.
const JOINED: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What was made.
pub struct Clinic {
    pub doctors: usize,
    pub patients: usize,
    pub visits: usize,
}

/// Fills an empty database; none when it is not empty.
pub async fn fill(app: &Arc<App>) -> Result<Option<Clinic>, Fault> {
    let has_users = app
        .db
        .read((), |c, ()| Box::pin(async move { store::accounts::any(c).await.map_err(Fault::from) }))
        .await?;
    if has_users {
        return Ok(None);
    }
    let now = app.clock.now();
    let lists = Lists::read(app).await?;
    let people = People::new(app, &lists, now)?;
    let appointments = diary::appointments(&people, now);
    let visits = visits::planned(app, &lists, &people, &appointments, now);

    admin::appoint(app, &By::command_line(), phone(ADMIN)?, Role::Admin).await.map_err(internal)?;
    for batch in people.doctors.chunks(BATCH) {
        let input = (Arc::clone(app), batch.to_vec(), now);
        let written =
            app.db.write(input, |tx, (app, batch, now)| Box::pin(rows::doctors(tx, app, batch, *now)));
        written.await?;
    }
    for batch in people.patients.chunks(BATCH) {
        let input = (Arc::clone(app), batch.to_vec(), now);
        let written =
            app.db.write(input, |tx, (app, batch, now)| Box::pin(rows::patients(tx, app, batch, *now)));
        written.await?;
    }
    for batch in visits.chunks(BATCH) {
        let input = (Arc::clone(app), batch.to_vec());
        let written = app.db.write(input, |tx, (app, batch)| Box::pin(rows::visits(tx, app, batch)));
        written.await?;
    }
    let movements = money::movements(visits.iter().map(|planned| &planned.visit));
    for batch in movements.chunks(BATCH) {
        let input = (Arc::clone(app), batch.to_vec());
        app.db.write(input, |tx, (app, batch)| Box::pin(money::post(tx, app, batch))).await?;
    }
    crate::billing::subscriptions::demo::fill(app, &By::command_line()).await?;
    let doctors: Vec<UserId> = people.doctors.iter().map(|doctor| doctor.id).collect();
    // the moment at which searches can see it, not the one of the plan
    let input = (Arc::clone(app), doctors, visits.len(), app.clock.now());
    let settled = app.db.write(input, |tx, (app, doctors, visits, now)| {
        Box::pin(rows::settle(tx, app, doctors, *visits, *now))
    });
    settled.await?;
    Ok(Some(Clinic { doctors: people.doctors.len(), patients: people.patients.len(), visits: visits.len() }))
}

/// A patient with a profile, as after their first login.
pub async fn add_patient(app: &Arc<App>, phone: Phone, profile: Profile) -> Result<UserId, Fault> {
    let now = app.clock.now();
    let id = UserId::new(now, &*app.rng);
    let patient = Patient { id, phone, profile, joined_at: now };
    app.db
        .write((Arc::clone(app), patient, now), |tx, (app, patient, now)| {
            Box::pin(rows::patients(tx, app, std::slice::from_ref(patient), *now))
        })
        .await?;
    Ok(id)
}

fn phone(text: &str) -> Result<Phone, Fault> {
    Phone::parse(text).map_err(internal)
}

fn internal(e: impl std::fmt::Debug) -> Fault {
    Fault::Internal(format!("{e:?}"))
}
