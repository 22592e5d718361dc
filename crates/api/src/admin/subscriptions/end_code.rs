//! `POST admin/discount-codes/{code}/end/`: nobody redeems the code any more. For admins.

use app::{By, billing::discounts};
use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
};
use domain::subscription;

use super::{DiscountCode, body};
use crate::{
    Api,
    admin::ReasonBody,
    errors::{ApiResult, Code},
    extract::{Admin, Caller, Origin, ValidJson},
};

#[utoipa::path(
    post,
    path = "/api/v1/admin/discount-codes/{code}/end/",
    tag = "admin",
    operation_id = "end_discount_code",
    summary = "End a discount code",
    description = "At once and for ever: who buys with it from then on gets 409 DISCOUNT_INVALID with the reason `ended`. \
What was bought or ordered with it before keeps its price, and its name stays taken. 409 when it has ended already.",
    params(("code" = String, Path, description = "Latin letters, digits, `-`, `_`; capitals and small letters are the same", min_length = 3, max_length = 40, pattern = "^[A-Za-z0-9_-]+$", example = "WINTER2024")),
    request_body = ReasonBody,
    responses((status = 200, description = "The code as it is now", body = DiscountCode)),
    security(("bearer" = [])),
)]
pub(crate) async fn end_discount_code(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    code: Result<Path<String>, PathRejection>,
    ValidJson { value, .. }: ValidJson<ReasonBody>,
) -> ApiResult<Json<DiscountCode>> {
    let Path(code) = code.map_err(|_| Code::NotFound)?;
    // what no code can be names nothing
    let code = subscription::code(&code).map_err(|_| Code::NotFound)?;
    let ended = discounts::end(&api.app, &By::caller(&caller, &origin), code, value.reason).await?;
    Ok(Json(body(ended)))
}
