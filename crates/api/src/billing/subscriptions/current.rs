//! `GET billing/subscriptions/current/`: what the caller has, and what of it they have used. For whoever is logged in.

use app::billing::{
    quotas::{Quota, Usage},
    subscriptions,
};
use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::SubscriptionBody;
use crate::{
    Api,
    errors::ApiResult,
    extract::{Anyone, Caller},
    time::rfc3339,
};

/// What the caller has.
#[derive(Serialize, ToSchema)]
pub(crate) struct CurrentBody {
    /// Null: none, and so the limits of the free plan.
    subscription: Option<SubscriptionBody>,
    usage: UsageBody,
}

/// What the caller has used.
#[derive(Serialize, ToSchema)]
pub(crate) struct UsageBody {
    /// Online visits; shown, not enforced: each is paid on its own.
    monthly_consultations: QuotaBody,
    /// Megabytes; one that was begun counts.
    storage_mb: QuotaBody,
    /// Questions to the AI.
    ai_queries: QuotaBody,
}

/// One quota.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct QuotaBody {
    #[schema(example = 12)]
    used: i64,
    /// −1: unlimited.
    #[schema(example = 50)]
    limit: i64,
    /// When the count starts anew, UTC; null: never.
    #[schema(example = "2024-02-19T20:30:00Z", format = "date-time")]
    resets_at: Option<String>,
}

fn quota(usage: &[Usage], quota: Quota) -> QuotaBody {
    let found = usage.iter().find(|usage| usage.quota == quota);
    found.map_or_else(QuotaBody::default, |usage| QuotaBody {
        used: usage.used,
        limit: usage.limit,
        resets_at: usage.resets_at.map(rfc3339),
    })
}

#[utoipa::path(
    get,
    path = "/api/v1/billing/subscriptions/current/",
    tag = "billing",
    operation_id = "read_subscription",
    summary = "Read the caller's subscription and usage",
    responses((status = 200, description = "The subscription, and every quota", body = CurrentBody)),
    security(("bearer" = [])),
)]
pub(crate) async fn read_subscription(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Anyone>,
) -> ApiResult<Json<CurrentBody>> {
    let current = subscriptions::current(&api.app, caller.user).await?;
    let usage = &current.usage;
    Ok(Json(CurrentBody {
        subscription: current.held.as_ref().map(|(held, plan)| super::body(held, plan)),
        usage: UsageBody {
            monthly_consultations: quota(usage, Quota::MonthlyConsultations),
            storage_mb: quota(usage, Quota::StorageMb),
            ai_queries: quota(usage, Quota::AiQueries),
        },
    }))
}
