//! Keeps a phone number from logging in, and ends its logins; lets it in again.

use std::sync::Arc;

use domain::{Phone, Role, ids::UserId};
use store::audit;

use crate::{App, By, Fault, fault::faults};

#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    /// No such user.
    #[error("no such user")]
    NotFound,
    /// Blocked (or not blocked) already, or an admin who must not be locked out from here.
    #[error("nothing to change")]
    Conflict,
    #[error(transparent)]
    Fault(Fault),
}
faults!(BlockError);

/// Blocks a user's number. Admins can be blocked at the command line only, so that one stolen admin
/// token can't lock the others out.
pub async fn block_user(app: &Arc<App>, by: &By, user: UserId, reason: &str) -> Result<(), BlockError> {
    let account = account(app, user).await?;
    if account.role == Role::Admin {
        return Err(BlockError::Conflict);
    }
    block_phone(app, by, account.phone, reason).await
}

/// Unblocks a user's number.
pub async fn unblock_user(app: &Arc<App>, by: &By, user: UserId) -> Result<(), BlockError> {
    let account = account(app, user).await?;
    unblock_phone(app, by, account.phone).await
}

/// Blocks a number, whether somebody has it or not.
pub async fn block_phone(app: &Arc<App>, by: &By, phone: Phone, reason: &str) -> Result<(), BlockError> {
    let now = app.clock.now();
    let input = (Arc::clone(app), by.clone(), phone, reason.to_owned(), now);
    let ended = app
        .db
        .write(input, |tx, (app, by, phone, reason, now)| {
            Box::pin(async move {
                store::blocks::lock(tx, &app.keys, phone).await?;
                if !store::blocks::block(tx, &app.keys, phone, reason, *now).await? {
                    return Err(BlockError::Conflict);
                }
                let user = store::accounts::by_phone(tx, &app.keys, phone).await?.map(|account| account.id);
                let ended = match user {
                    Some(user) => store::sessions::revoke_all(tx, user, *now).await?,
                    None => vec![],
                };
                audit::append(tx, &app.keys, &by.event("user.block", user, reason.as_str()), *now).await?;
                Ok(ended)
            })
        })
        .await?;
    app.revocations.note(ended, now);
    Ok(())
}

/// Lets a number log in again.
pub async fn unblock_phone(app: &Arc<App>, by: &By, phone: Phone) -> Result<(), BlockError> {
    let input = (Arc::clone(app), by.clone(), phone, app.clock.now());
    app.db
        .write(input, |tx, (app, by, phone, now)| {
            Box::pin(async move {
                if !store::blocks::unblock(tx, &app.keys, phone).await? {
                    return Err(BlockError::Conflict);
                }
                let user = store::accounts::by_phone(tx, &app.keys, phone).await?.map(|account| account.id);
                Ok(audit::append(tx, &app.keys, &by.event("user.unblock", user, ""), *now).await?)
            })
        })
        .await
}

async fn account(app: &Arc<App>, user: UserId) -> Result<store::accounts::Account, BlockError> {
    app.db
        .read((app, user), |c, (app, user)| {
            Box::pin(
                async move { store::accounts::by_id(c, &app.keys, *user).await?.ok_or(BlockError::NotFound) },
            )
        })
        .await
}
