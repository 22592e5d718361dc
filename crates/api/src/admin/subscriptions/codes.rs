//! `POST admin/discount-codes/`: adds a discount code. `GET admin/discount-codes/`: all of them, page by page. For
//! admins.

use app::{
    By,
    admin::Page,
    billing::discounts::{self, Code},
};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, Uri},
};
use domain::{
    Rials, Violation, days,
    subscription::{self, Worth},
};
use utoipa::ToSchema;

use super::{DiscountCode, body};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Admin, Body, Caller, Fields, Origin, ValidJson, ValidQuery, integer, text},
    pagination::{self, PageBody},
};

/// A new code: either `percentage` or `amount`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the wire")]
pub(crate) struct CreateCodeBody {
    /// Latin letters, digits, `-`, `_`; capitals and small letters are the same.
    #[schema(example = "WINTER2024", min_length = 3, max_length = 40)]
    code: String,
    #[schema(value_type = Option<u8>, example = 25, minimum = 1, maximum = 100)]
    percentage: (),
    /// Rials.
    #[schema(value_type = Option<i64>, example = json!(null), minimum = 1)]
    amount: (),
    /// The first day.
    #[schema(value_type = Option<String>, example = "2024-01-01", format = "date")]
    valid_from: (),
    /// The last day.
    #[schema(value_type = Option<String>, example = "2024-03-19", format = "date")]
    valid_until: (),
    #[schema(value_type = Option<i64>, example = 1, minimum = 1)]
    per_user_cap: (),
    #[schema(value_type = Option<i64>, example = 1_000, minimum = 1)]
    total_cap: (),
    /// For this plan alone.
    #[schema(value_type = Option<String>, example = "premium")]
    plan_id: (),
}

const MOST_REDEMPTIONS: i64 = 1_000_000_000;

pub(crate) struct CreateCode(Code);

impl Body for CreateCode {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let code = fields.required("code", text(subscription::code));
        let worth = worth(fields);
        let valid_from = fields.optional("valid_from", text(days::parse));
        let valid_until = fields.optional("valid_until", text(days::parse));
        let per_user_cap = fields.optional("per_user_cap", integer(1, MOST_REDEMPTIONS));
        let total_cap = fields.optional("total_cap", integer(1, MOST_REDEMPTIONS));
        let plan = fields.optional("plan_id", text(subscription::plan_id));
        let (valid_from, valid_until) = (valid_from?, valid_until?);
        if valid_from.zip(valid_until).is_some_and(|(first, last)| last < first) {
            fields.violated("valid_until", Violation::Order);
        }
        Some(Self(Code {
            code: code?,
            worth: worth?,
            valid_from,
            valid_until,
            per_user_cap: per_user_cap?,
            total_cap: total_cap?,
            plan: plan?,
            redeemed: 0,
            created_at: fields.now(),
            ended_at: None,
        }))
    }
}

/// One of the two.
fn worth(fields: &mut Fields<'_>) -> Option<Worth> {
    let percentage = fields.optional("percentage", integer(1, 100));
    let amount = fields.optional("amount", integer(1, Rials::MOST));
    match (percentage?, amount?) {
        (Some(percent), None) => Some(Worth::Percent(u8::try_from(percent).ok()?)),
        (None, Some(amount)) => Some(Worth::Amount(Rials::new(amount)?)),
        (None, None) => {
            fields.violated("percentage", Violation::Required);
            None
        }
        (Some(_), Some(_)) => {
            fields.violated("amount", Violation::Overlap);
            None
        }
    }
}

#[utoipa::path(
    post,
    path = "/api/v1/admin/discount-codes/",
    tag = "admin",
    operation_id = "create_discount_code",
    summary = "Add a discount code",
    description = "409 when there is one of that name.",
    request_body = CreateCodeBody,
    responses((status = 201, description = "The new code", body = DiscountCode)),
    security(("bearer" = [])),
)]
pub(crate) async fn create_discount_code(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    ValidJson { value: CreateCode(code), .. }: ValidJson<CreateCode>,
) -> ApiResult<(StatusCode, Json<DiscountCode>)> {
    let code = discounts::create(&api.app, &By::caller(&caller, &origin), code).await?;
    Ok((StatusCode::CREATED, Json(body(code))))
}

pub(crate) struct CodesQuery(Page);

impl Body for CodesQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self(pagination::read(fields)?))
    }
}

#[utoipa::path(
    get,
    path = "/api/v1/admin/discount-codes/",
    tag = "admin",
    operation_id = "list_discount_codes",
    summary = "List discount codes",
    params(
        ("page" = Option<i64>, Query, description = "From 1", minimum = 1),
        ("page_size" = Option<i64>, Query, description = "1 to 100", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "One page, the newest first", body = PageBody<DiscountCode>)),
    security(("bearer" = [])),
)]
pub(crate) async fn list_discount_codes(
    State(api): State<Api>,
    Caller { .. }: Caller<Admin>,
    uri: Uri,
    ValidQuery(CodesQuery(page)): ValidQuery<CodesQuery>,
) -> ApiResult<Json<PageBody<DiscountCode>>> {
    let found = discounts::list(&api.app, page).await?;
    Ok(Json(pagination::body(&api, &uri, page, found, body)))
}
