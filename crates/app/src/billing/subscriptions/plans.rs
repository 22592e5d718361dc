//! What can be bought; admins change it.

use std::sync::Arc;

use domain::{
    Rials,
    subscription::{FREE, Plan},
};
use store::{audit, plans};

use crate::{App, By, Fault, fault::faults};

/// The plans that can be bought, the cheapest first; a discount that is over, or is yet to begin, is left out. A
/// small table, read each time, so that an admin's change is seen at once on every node.
pub async fn plans_for_sale(app: &App) -> Result<Vec<Plan>, Fault> {
    let today = domain::days::tehran_today(app.clock.now());
    let all =
        app.db.read((), |c, ()| Box::pin(async move { plans::all(c).await.map_err(Fault::from) })).await?;
    let shown = |plan: Plan| Plan { discount: plan.discount_on(today), ..plan };
    Ok(all.into_iter().filter(Plan::is_for_sale).map(shown).collect())
}

#[derive(Debug, thiserror::Error)]
pub enum SavePlanError {
    /// The free plan costs nothing and is always there; every other one has a price.
    #[error("not a price of this plan")]
    Price,
    #[error(transparent)]
    Fault(Fault),
}
faults!(SavePlanError);

/// Adds a plan or changes it. What was bought stays as it was bought; limits are those of the plan as it is.
pub async fn save_plan(app: &Arc<App>, by: &By, plan: Plan) -> Result<(), SavePlanError> {
    let is_free = plan.id == FREE;
    if is_free != (plan.price == Rials::ZERO) || (is_free && (!plan.is_active || plan.discount.is_some())) {
        return Err(SavePlanError::Price);
    }
    let input = (Arc::clone(app), by.clone(), plan, app.clock.now());
    app.db
        .write(input, |tx, (app, by, plan, now)| {
            Box::pin(async move {
                plans::save(tx, plan, *now).await?;
                let event = by.event("plan.update", None, plan.id.as_str());
                Ok(audit::append(tx, &app.keys, &event, *now).await?)
            })
        })
        .await
}
