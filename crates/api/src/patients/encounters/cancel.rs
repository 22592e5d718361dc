//! `POST patients/encounters/{id}/cancel/`: cancels a visit; what comes back is in the wallet at once (D21). For its
//! patient alone. Honours `Idempotency-Key`.

use std::sync::Arc;

use app::{
    By,
    visits::{self, Cancelled},
};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{Timestamp, ids::VisitId, text as rules};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::{Payment, payment};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Body, Caller, Fields, Id, Idempotency, MaybeJson, Origin, Patient, answer, text},
    time::rfc3339,
};

/// Why, for the other side to know.
#[derive(Default, ToSchema)]
pub(crate) struct CancelBody {
    #[schema(value_type = Option<String>, example = "سفر پیش آمد", max_length = 500)]
    pub(crate) reason: String,
}

impl Body for CancelBody {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let reason = fields.optional("reason", text(|t| rules::block(t, 500)));
        Some(Self { reason: reason?.unwrap_or_default() })
    }
}

/// A cancelled visit.
#[derive(Serialize, ToSchema)]
pub(crate) struct CancelledBody {
    id: Uuid,
    #[schema(example = "HLS-2024-0125-1500")]
    booking_reference: String,
    #[schema(example = "2024-01-25T15:00:00Z", format = "date-time")]
    scheduled_at: String,
    #[schema(example = "cancelled")]
    status: &'static str,
    /// Rials that went to the wallet.
    #[schema(example = 320_000)]
    refund_amount: i64,
    /// Rials that were kept.
    #[schema(example = 0)]
    fee_amount: i64,
    #[schema(example = "IRR")]
    currency: &'static str,
    payment: Payment,
}

pub(crate) fn body(api: &Api, cancelled: Cancelled, now: Timestamp) -> CancelledBody {
    let visit = cancelled.visit;
    CancelledBody {
        id: visit.id.0,
        scheduled_at: rfc3339(visit.starts_at),
        status: visit.status_at(now).as_str(),
        refund_amount: cancelled.refund.refund.get(),
        fee_amount: cancelled.refund.fee.get(),
        currency: "IRR",
        payment: payment(api, &visit, now),
        booking_reference: visit.reference,
    }
}

#[utoipa::path(
    post,
    path = "/api/v1/patients/encounters/{id}/cancel/",
    tag = "patients",
    operation_id = "cancel_encounter",
    summary = "Cancel a visit",
    description = "Before its start, while it is pending or confirmed; otherwise 409. Free until 24 hours before the start, \
then half of what was paid is kept; the quote tells it beforehand.",
    params(
        ("id" = uuid::Uuid, Path, description = "The visit's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same key and body are answered as the first time, with Idempotent-Replay: true", max_length = 255),
    ),
    request_body = CancelBody,
    responses((status = 200, description = "The visit and its money", body = CancelledBody)),
    security(("bearer" = [])),
)]
pub(crate) async fn cancel_encounter(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Patient>,
    Origin(origin): Origin,
    Id(id): Id,
    idempotency: Idempotency,
    MaybeJson { value, bytes }: MaybeJson<CancelBody>,
) -> ApiResult<Response> {
    let now = api.app.clock.now();
    let by = By::caller(&caller, &origin);
    let once = idempotency.once_for(&caller, "cancel_encounter", id, &bytes);
    let rendering = api.clone();
    let render = Arc::new(move |cancelled| serde_json::json!(body(&rendering, cancelled, now)));
    let answered =
        visits::cancel_by_patient(&api.app, &caller, &by, VisitId(id), value.reason, once, render).await?;
    Ok(answer(answered, |body| Json(body).into_response()))
}
