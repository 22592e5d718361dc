//! `PUT admin/plans/{id}/`: adds a plan, or changes it. For admins.

use app::{By, billing::subscriptions};
use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
};
use domain::{
    Rials, Violation, days,
    subscription::{Limits, Plan, PlanDiscount, UNLIMITED, plan_id},
    text::required_line,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api,
    billing::subscriptions::plans::{self, PlanBody},
    errors::{ApiError, ApiResult, Code},
    extract::{Admin, Body, Caller, Fields, Origin, ValidJson, boolean, integer, list, text},
};

const MOST_FEATURES: usize = 20;
const MOST_UNITS: i64 = 1_000_000_000;

/// A plan as it shall be.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the wire")]
pub(crate) struct SavePlanBody {
    #[schema(example = "پلن طلایی", min_length = 1, max_length = 100)]
    name: String,
    /// Rials a month; 0 for `free` alone.
    #[schema(example = 299_000, minimum = 0)]
    price: i64,
    #[schema(example = json!(["ویزیت آنلاین نامحدود"]), max_items = 20)]
    features: Vec<String>,
    /// −1: unlimited.
    #[schema(value_type = Object, example = json!({"monthly_consultations": -1, "storage_mb": 1024, "ai_queries": -1}))]
    limitations: (),
    /// From `valid_from` (at once, where it is missing) through `valid_until`.
    #[schema(value_type = Option<Object>, example = json!({"percentage": 20, "valid_from": "2024-01-20", "valid_until": "2024-02-01"}))]
    discount: (),
    /// Whether its subscribers have the premium rate limit; false unless it says otherwise.
    #[schema(value_type = Option<bool>, example = true)]
    is_premium: (),
    /// Whether it can be bought; true unless it says otherwise.
    #[schema(value_type = Option<bool>, example = true)]
    is_active: (),
}

/// A plan without its id.
pub(crate) struct SavePlan(Plan);

impl Body for SavePlan {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.required("name", text(|t| required_line(t, 100)));
        let price = fields.required("price", integer(0, Rials::MOST));
        let features = fields.required("features", list(MOST_FEATURES, |t| required_line(t, 100)));
        let limits = fields.object("limitations", limits).flatten();
        let discount = fields.object("discount", discount).flatten();
        let is_premium = fields.optional("is_premium", boolean);
        let is_active = fields.optional("is_active", boolean);
        Some(Self(Plan {
            id: String::new(),
            name: name?,
            price: Rials::new(price?)?,
            features: features?,
            limits: limits?,
            discount: discount?,
            is_premium: is_premium?.unwrap_or(false),
            is_active: is_active?.unwrap_or(true),
        }))
    }
}

fn limits(fields: &mut Fields<'_>) -> Option<Limits> {
    let mut limit = |name| fields.required(name, integer(UNLIMITED, MOST_UNITS));
    let (monthly_consultations, storage_mb, ai_queries) =
        (limit("monthly_consultations"), limit("storage_mb"), limit("ai_queries"));
    Some(Limits {
        monthly_consultations: monthly_consultations?,
        storage_mb: storage_mb?,
        ai_queries: ai_queries?,
    })
}

/// How much and until when, perhaps from when; or none of them. The outer option is none when one is wrong.
#[expect(clippy::option_option, reason = "wrong, not set, set")]
fn discount(fields: &mut Fields<'_>) -> Option<Option<PlanDiscount>> {
    let percentage = fields.optional("percentage", integer(1, 100));
    let from = fields.optional("valid_from", text(days::parse));
    let until = fields.optional("valid_until", text(days::parse));
    let (percentage, from, until) = (percentage?, from?, until?);
    if percentage.is_none() && from.is_none() && until.is_none() {
        return Some(None);
    }
    if percentage.is_none() {
        fields.violated("percentage", Violation::Required);
    }
    if until.is_none() {
        fields.violated("valid_until", Violation::Required);
    }
    if from.zip(until).is_some_and(|(first, last)| last < first) {
        fields.violated("valid_until", Violation::Order);
    }
    Some(Some(PlanDiscount { percent: u8::try_from(percentage?).ok()?, from, until: until? }))
}

/// A plan as it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct SavedPlan {
    #[serde(flatten)]
    plan: PlanBody,
    #[schema(example = true)]
    is_premium: bool,
    #[schema(example = true)]
    is_active: bool,
}

#[utoipa::path(
    put,
    path = "/api/v1/admin/plans/{id}/",
    tag = "admin",
    operation_id = "save_plan",
    summary = "Add or change a plan",
    description = "What was bought keeps its price and its days; renewals have the new price, and limits are those of the \
plan as it is. One that is not active can't be bought or renewed. `free` is what everybody without a subscription has.",
    params(("id" = String, Path, description = "Small Latin letters, digits, `-`, `_`", min_length = 2, max_length = 40, pattern = "^[a-z0-9_-]+$", example = "premium")),
    request_body = SavePlanBody,
    responses((status = 200, description = "The plan as it is now", body = SavedPlan)),
    security(("bearer" = [])),
)]
pub(crate) async fn save_plan(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    id: Result<Path<String>, PathRejection>,
    ValidJson { value: SavePlan(plan), .. }: ValidJson<SavePlan>,
) -> ApiResult<Json<SavedPlan>> {
    let Path(id) = id.map_err(|_| Code::NotFound)?;
    let id = plan_id(&id).map_err(|wrong| ApiError::fields(vec![("id".into(), wrong)]))?;
    let plan = Plan { id, ..plan };
    let (is_premium, is_active) = (plan.is_premium, plan.is_active);
    subscriptions::save_plan(&api.app, &By::caller(&caller, &origin), plan.clone()).await?;
    Ok(Json(SavedPlan { plan: plans::body(plan), is_premium, is_active }))
}
