//! Writes a new doctor into the register; the owner of the phone number can log in as that doctor.

use std::sync::Arc;

use domain::{Phone, Role, Timestamp, ids::UserId};
use serde_json::Value;
use store::{
    audit,
    doctors::{Doctor, Entry},
};

use crate::{
    App, By, Fault,
    fault::faults,
    idempotency::{Answered, Once, OnceError, remember, replay},
};

#[derive(Clone)]
pub struct CreateDoctor {
    pub phone: Phone,
    pub entry: Entry,
    pub by: By,
    pub once: Option<Once>,
    /// What is answered, and remembered as the answer.
    pub render: fn(Doctor) -> Value,
}

#[derive(Debug, thiserror::Error)]
pub enum CreateDoctorError {
    /// The number belongs to a doctor, a member of staff or an admin already.
    #[error("phone number in use")]
    PhoneInUse,
    /// Another doctor has this council number.
    #[error("council number in use")]
    CouncilNumberInUse,
    #[error(transparent)]
    Once(#[from] OnceError),
    #[error(transparent)]
    Fault(Fault),
}
faults!(CreateDoctorError);

/// The new doctor. A patient with this number becomes the doctor, and their logins end so that
/// new tokens carry the new role.
pub async fn create_doctor(
    app: &Arc<App>,
    input: CreateDoctor,
) -> Result<Answered<Value>, CreateDoctorError> {
    let now = app.clock.now();
    let _running = app.in_flight.enter(input.once.as_ref())?;
    let (answered, ended) = app
        .db
        .write((Arc::clone(app), input, now), |tx, (app, input, now)| Box::pin(create(tx, app, input, *now)))
        .await?;
    app.revocations.note(ended, now);
    Ok(answered)
}

async fn create(
    tx: &db::Conn,
    app: &App,
    input: &CreateDoctor,
    now: Timestamp,
) -> Result<(Answered<Value>, Vec<domain::ids::SessionId>), CreateDoctorError> {
    let once = input.once.as_ref();
    if let Some(before) = replay(tx, app, once).await? {
        return Ok((before, vec![]));
    }
    let entry = &input.entry;
    let new = UserId::new(now, &*app.rng);
    store::blocks::lock(tx, &app.keys, &input.phone).await?;
    let is_new = store::accounts::insert(tx, &app.keys, new, Role::Doctor, &input.phone, now).await?;
    let account = store::accounts::by_phone(tx, &app.keys, &input.phone)
        .await?
        .ok_or_else(|| Fault::Internal("a user vanished".into()))?;
    if !is_new && account.role != Role::Patient {
        return Err(CreateDoctorError::PhoneInUse);
    }
    if !store::doctors::insert(tx, account.id, entry, now).await? {
        return Err(CreateDoctorError::CouncilNumberInUse);
    }
    let (first, last) = (&entry.first_name, &entry.last_name);
    store::accounts::appoint(tx, account.id, Role::Doctor, first, last, now).await?;
    let ended = store::sessions::revoke_all(tx, account.id, now).await?;
    let doctor = store::doctors::by_id(tx, &app.keys, account.id)
        .await?
        .ok_or_else(|| Fault::Internal("a doctor vanished".into()))?;
    let answered = remember(tx, app, once, (input.render)(doctor)).await?;
    let event = input.by.event("doctor.create", Some(account.id), entry.council_number.as_str());
    audit::append(tx, &app.keys, &event, now).await?;
    Ok((answered, ended))
}
