//! Somebody wants no more renewals: the subscription runs to its end. One that is past its end, and only waits for its
//! renewal, is over; also where nobody has tried to renew it in its days of grace.

use std::sync::Arc;

use domain::{
    ids::UserId,
    subscription::{Event, Plan, ends_at, live_until},
};
use serde_json::Value;
use store::{
    audit,
    subscriptions::{self, Subscription},
};

use super::{
    SubscriptionError,
    change::{happen, plan_of},
};
use crate::{
    App, By,
    idempotency::{Answered, Once, Render, remember, replay},
};

/// Stops the renewals of a user's subscription; without effect where there were none.
pub async fn cancel(
    app: &Arc<App>,
    user: UserId,
    by: &By,
    once: Option<Once>,
    render: Render<(Subscription, Plan)>,
) -> Result<Answered<Value>, SubscriptionError> {
    let now = app.clock.now();
    let _running = app.in_flight.enter(once.as_ref())?;
    let input = (Arc::clone(app), user, by.clone(), once, render, now);
    let answered = app
        .db
        .write(input, |tx, (app, user, by, once, render, now)| {
            Box::pin(async move {
                if let Some(before) = replay(tx, app, once.as_ref()).await? {
                    return Ok(before);
                }
                subscriptions::lock(tx, *user).await?;
                let has = subscriptions::current(tx, *user).await?;
                let has = has.filter(|has| has.is_live(*now) || has.auto_renew);
                let has = has.ok_or(SubscriptionError::NotFound)?;
                let plan = plan_of(tx, &has).await?;
                let event = if has.is_live(*now) { Event::StopRenewing } else { Event::End };
                let stopped = Subscription {
                    auto_renew: false,
                    live_until: live_until(has.end, false),
                    due_at: Some(ends_at(has.end)),
                    ..has
                };
                let stopped = happen(tx, stopped, event, *now).await?;
                let detail = stopped.id.to_string();
                let answered = remember(tx, app, once.as_ref(), render((stopped, plan))).await?;
                let event = by.event("subscription.cancel", Some(*user), detail);
                audit::append(tx, &app.keys, &event, *now).await?;
                Ok::<_, SubscriptionError>(answered)
            })
        })
        .await?;
    app.tiers.forget(user);
    Ok(answered)
}
