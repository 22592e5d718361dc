//! What a user has, and what of it they have used.

use domain::{ids::UserId, subscription::Plan};
use store::subscriptions::Subscription;

use super::super::quotas::{Usage, allowance, usage};
use crate::{App, Fault};

/// See [`current`].
#[derive(Debug)]
pub struct Current {
    pub held: Option<(Subscription, Plan)>,
    pub usage: Vec<Usage>,
}

/// The subscription whose plan the user can use now, if there is one, and what they have used of every quota.
pub async fn current(app: &App, user: UserId) -> Result<Current, Fault> {
    app.db
        .read((user, app.clock.now()), |c, (user, now)| {
            Box::pin(async move {
                let allowance = allowance(c, *user, *now).await?;
                let usage = usage(c, *user, &allowance, *now).await?;
                Ok::<_, Fault>(Current { held: allowance.held, usage })
            })
        })
        .await
}
