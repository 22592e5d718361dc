//! Plans: paid online, not renewed, and the codes that make them cheaper.

use std::sync::Arc;

use app::{
    App, By,
    billing::{
        discounts::{self, Code},
        subscriptions::{self, Checkout, CheckoutError},
    },
};
use domain::{
    ids::UserId,
    subscription::{Plan, Worth},
};
use serde_json::json;
use uuid::Uuid;

use crate::simulation::{
    outcome::{Learned, Outcome},
    requests::by,
};

/// The page of a purchase that waits for its money.
pub(in crate::simulation) async fn checkout(
    app: Arc<App>,
    (purchase, user): (Uuid, UserId),
    gateway: Option<&'static str>,
) -> Outcome {
    let wanted = Checkout { user, purchase, gateway: gateway.map(str::to_owned), return_url: None };
    match subscriptions::checkout(&app, &wanted, by(user)).await {
        Ok(url) => Outcome::refused("done").with(Learned::Page { url, user }),
        Err(CheckoutError::Purchase(e)) => e.into(),
        Err(CheckoutError::Charge(e)) => e.into(),
    }
}

pub(in crate::simulation) async fn stop_renewing(app: Arc<App>, user: UserId) -> Outcome {
    let render = Arc::new(|(held, _): (subscriptions::Subscription, Plan)| json!(held.id.to_string()));
    match subscriptions::cancel(&app, user, &by(user), None, render).await {
        Ok(_) => Outcome::refused("done"),
        Err(e) => e.into(),
    }
}

/// A code that few can use.
pub(in crate::simulation) async fn new_code(app: Arc<App>, name: String, worth: Worth, cap: i64) -> Outcome {
    let code = Code {
        code: name.clone(),
        worth,
        valid_from: None,
        valid_until: None,
        per_user_cap: Some(1),
        total_cap: Some(cap),
        plan: None,
        redeemed: 0,
        created_at: app.clock.now(),
        ended_at: None,
    };
    match discounts::create(&app, &By::command_line(), code).await {
        Ok(_) => Outcome::refused("done").with(Learned::Code(name)),
        Err(discounts::CreateCodeError::Fault(fault)) => fault.into(),
        Err(e) => Outcome::wrong(e.to_string()),
    }
}
