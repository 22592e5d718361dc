//! Subscriptions (D34): plans, buying, what one has, and no more renewals.

pub(crate) mod cancel;
pub(crate) mod current;
pub(crate) mod plans;
pub(crate) mod purchase;

use app::billing::subscriptions::{Purchase, Subscription};
use domain::subscription::Plan;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(plans::list_plans))
        .routes(routes!(current::read_subscription))
        .routes(routes!(purchase::purchase_subscription))
        .routes(routes!(cancel::cancel_subscription))
}

/// A plan's id and name.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlanName {
    #[schema(example = "premium")]
    id: String,
    #[schema(example = "پلن طلایی")]
    name: String,
}

/// What somebody has subscribed to.
#[derive(Serialize, ToSchema)]
pub(crate) struct SubscriptionBody {
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b")]
    id: Uuid,
    plan: PlanName,
    /// Gregorian, as all days of subscriptions.
    #[schema(example = "2024-01-20", format = "date")]
    start_date: String,
    /// It lasts up to the midnight, in Tehran, that begins this day.
    #[schema(example = "2024-04-20", format = "date")]
    end_date: String,
    /// `pending` (waits for an online payment), `active`, `past_due` (its renewal failed and is tried again), `expired`.
    #[schema(example = "active")]
    status: &'static str,
    /// Whether the wallet pays another month at its end.
    #[schema(example = true)]
    auto_renew: bool,
}

fn plan_name(plan: &Plan) -> PlanName {
    PlanName { id: plan.id.clone(), name: plan.name.clone() }
}

fn body(subscription: &Subscription, plan: &Plan) -> SubscriptionBody {
    SubscriptionBody {
        id: subscription.id,
        plan: plan_name(plan),
        start_date: subscription.start.to_string(),
        end_date: subscription.end.to_string(),
        status: subscription.status.as_str(),
        auto_renew: subscription.auto_renew,
    }
}

/// One that waits for its money: the days that it will pay for.
fn pending_body(purchase: &Purchase, plan: &Plan) -> SubscriptionBody {
    SubscriptionBody {
        id: purchase.subscription,
        plan: plan_name(plan),
        start_date: purchase.start.to_string(),
        end_date: purchase.end.to_string(),
        status: "pending",
        auto_renew: purchase.auto_renew,
    }
}
