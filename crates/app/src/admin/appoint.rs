//! Makes a phone number's owner an admin or a member of staff (command line only).

use std::sync::Arc;

use domain::{Phone, Role, ids::UserId};
use store::audit;

use crate::{App, By, Fault, fault::faults};

#[derive(Debug, thiserror::Error)]
pub enum AppointError {
    /// A doctor keeps that role; use another number.
    #[error("this number belongs to a doctor")]
    IsDoctor,
    #[error(transparent)]
    Fault(Fault),
}
faults!(AppointError);

/// The user with that role; an existing patient is promoted, and their logins end so that new tokens
/// carry the new role.
pub async fn appoint(app: &Arc<App>, by: &By, phone: Phone, role: Role) -> Result<UserId, AppointError> {
    let now = app.clock.now();
    let input = (Arc::clone(app), by.clone(), phone, role, now);
    let (id, ended) = app
        .db
        .write(input, |tx, (app, by, phone, role, now)| {
            Box::pin(async move {
                store::blocks::lock(tx, &app.keys, phone).await?;
                let new = UserId::new(*now, &*app.rng);
                store::accounts::insert(tx, &app.keys, new, *role, phone, *now).await?;
                let account = store::accounts::by_phone(tx, &app.keys, phone)
                    .await?
                    .ok_or_else(|| Fault::Internal("a user vanished".into()))?;
                if account.role == Role::Doctor {
                    return Err(AppointError::IsDoctor);
                }
                let (first, last) = (&account.first_name, &account.last_name);
                store::accounts::appoint(tx, account.id, *role, first, last, *now).await?;
                let ended = store::sessions::revoke_all(tx, account.id, *now).await?;
                let event = by.event("user.appoint", Some(account.id), role.as_str());
                audit::append(tx, &app.keys, &event, *now).await?;
                Ok((account.id, ended))
            })
        })
        .await?;
    app.revocations.note(ended, now);
    Ok(id)
}
