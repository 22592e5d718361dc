//! `GET billing/subscriptions/plans/`: what can be bought. For whoever is logged in.

use app::billing::subscriptions;
use axum::{Json, extract::State};
use domain::subscription::Plan;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api,
    errors::ApiResult,
    extract::{Anyone, Caller},
};

/// What the reference says a month of a plan lasts; what is bought lasts calendar months.
const DURATION_DAYS: i64 = 30;

/// All plans that can be bought, the cheapest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlansBody {
    plans: Vec<PlanBody>,
}

/// A plan.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlanBody {
    #[schema(example = "premium")]
    id: String,
    #[schema(example = "پلن طلایی")]
    name: String,
    /// Rials a month, before any discount.
    #[schema(example = 299_000)]
    price: i64,
    #[schema(example = 30)]
    duration_days: i64,
    #[schema(example = json!(["ویزیت آنلاین نامحدود", "اولویت در رزرو"]))]
    features: Vec<String>,
    limitations: LimitsBody,
    /// The plan's own discount, while it is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    discount: Option<DiscountBody>,
}

/// What a plan allows; −1: unlimited.
#[derive(Serialize, ToSchema)]
pub(crate) struct LimitsBody {
    /// Online visits a month that the plan includes.
    #[schema(example = -1)]
    pub(crate) monthly_consultations: i64,
    #[schema(example = 1_024)]
    pub(crate) storage_mb: i64,
    /// Questions to the AI a month.
    #[schema(example = -1)]
    pub(crate) ai_queries: i64,
}

/// A plan's own discount.
#[derive(Serialize, ToSchema)]
pub(crate) struct DiscountBody {
    #[schema(example = 20, minimum = 1, maximum = 100)]
    pub(crate) percentage: u8,
    /// The first day, Gregorian; left out where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2024-01-20", format = "date")]
    pub(crate) valid_from: Option<String>,
    /// The last day, Gregorian.
    #[schema(example = "2024-02-01", format = "date")]
    pub(crate) valid_until: String,
}

pub(crate) fn body(plan: Plan) -> PlanBody {
    PlanBody {
        id: plan.id,
        name: plan.name,
        price: plan.price.get(),
        duration_days: DURATION_DAYS,
        features: plan.features,
        limitations: LimitsBody {
            monthly_consultations: plan.limits.monthly_consultations,
            storage_mb: plan.limits.storage_mb,
            ai_queries: plan.limits.ai_queries,
        },
        discount: plan.discount.map(|discount| DiscountBody {
            percentage: discount.percent,
            valid_from: discount.from.map(|from| from.to_string()),
            valid_until: discount.until.to_string(),
        }),
    }
}

#[utoipa::path(
    get,
    path = "/api/v1/billing/subscriptions/plans/",
    tag = "billing",
    operation_id = "list_plans",
    summary = "List the plans",
    description = "Whoever has none of them has the limits of the free plan, which is not for sale and not in this list.",
    responses((status = 200, description = "What can be bought", body = PlansBody)),
    security(("bearer" = [])),
)]
pub(crate) async fn list_plans(
    State(api): State<Api>,
    Caller { .. }: Caller<Anyone>,
) -> ApiResult<Json<PlansBody>> {
    let plans = subscriptions::plans_for_sale(&api.app).await?;
    Ok(Json(PlansBody { plans: plans.into_iter().map(body).collect() }))
}
