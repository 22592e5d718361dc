//! `GET patients/encounters/{id}/cancellation-quote/`: what a cancellation now would give back (D21). For its patient
//! alone.

use app::visits;
use axum::{Json, extract::State};
use domain::ids::VisitId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api,
    errors::ApiResult,
    extract::{Caller, Id, Patient},
    time::rfc3339,
};

/// Exactly what a cancellation at this moment would do.
#[derive(Serialize, ToSchema)]
pub(crate) struct QuoteBody {
    /// Rials that go to the wallet.
    #[schema(example = 320_000)]
    refund_amount: i64,
    /// Rials that are kept.
    #[schema(example = 0)]
    fee_amount: i64,
    /// Until then nothing is kept; UTC.
    #[schema(example = "2024-01-24T15:00:00Z", format = "date-time")]
    free_until: String,
    #[schema(example = "IRR")]
    currency: &'static str,
}

#[utoipa::path(
    get,
    path = "/api/v1/patients/encounters/{id}/cancellation-quote/",
    tag = "patients",
    operation_id = "quote_cancellation",
    summary = "What would a cancellation give back now?",
    description = "409 when the visit can't be cancelled any more.",
    params(("id" = uuid::Uuid, Path, description = "The visit's id")),
    responses((status = 200, description = "The quote", body = QuoteBody)),
    security(("bearer" = [])),
)]
pub(crate) async fn quote_cancellation(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Patient>,
    Id(id): Id,
) -> ApiResult<Json<QuoteBody>> {
    let quote = visits::quote(&api.app, &caller, VisitId(id)).await?;
    Ok(Json(QuoteBody {
        refund_amount: quote.refund.refund.get(),
        fee_amount: quote.refund.fee.get(),
        free_until: rfc3339(quote.free_until),
        currency: "IRR",
    }))
}
