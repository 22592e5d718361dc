//! Reads a user's money; the reading goes on record.

use std::sync::Arc;

use domain::ids::UserId;
use store::audit;

use super::UserError;
use crate::{
    App, By,
    billing::wallet::{self, Wallet},
};

/// The wallet of one user, as they see it themselves.
pub async fn wallet_of_user(app: &Arc<App>, by: &By, id: UserId) -> Result<Wallet, UserError> {
    let found = wallet::read(app, id).await?;
    // nothing is shown before the look is on record
    app.db
        .write((Arc::clone(app), by.clone(), id, app.clock.now()), |tx, (app, by, id, now)| {
            Box::pin(async move {
                if store::accounts::by_id(tx, &app.keys, *id).await?.is_none() {
                    return Err(UserError::NotFound);
                }
                audit::append(tx, &app.keys, &by.event("wallet.view", Some(*id), ""), *now).await?;
                Ok(())
            })
        })
        .await?;
    Ok(found)
}
