//! `POST patients/encounters/{id}/reschedule/`: another free time of the same doctor; price and policy stay. For its
//! patient alone. Honours `Idempotency-Key`.

use std::sync::Arc;

use app::{
    By,
    visits::{self, Reschedule},
};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{Timestamp, ids::VisitId};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    body::{Payment, minutes, payment},
    book::moment,
};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Body, Caller, Fields, Id, Idempotency, Origin, Patient, ValidJson, answer, text},
    time::rfc3339,
};

#[derive(ToSchema)]
pub(crate) struct RescheduleBody {
    /// The start of another of the doctor's free slots.
    #[schema(value_type = String, example = "2024-01-26T10:30:00Z", format = "date-time")]
    scheduled_at: Timestamp,
}

impl Body for RescheduleBody {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { scheduled_at: fields.required("scheduled_at", text(moment))? })
    }
}

/// A visit at its new time.
#[derive(Serialize, ToSchema)]
pub(crate) struct MovedBody {
    id: Uuid,
    #[schema(example = "HLS-2024-0125-1500")]
    booking_reference: String,
    #[schema(example = "2024-01-26T10:30:00Z", format = "date-time")]
    scheduled_at: String,
    /// Minutes.
    #[schema(example = 20)]
    estimated_duration: i64,
    #[schema(example = "online")]
    visit_type: &'static str,
    #[schema(example = "confirmed")]
    status: &'static str,
    payment: Payment,
}

#[utoipa::path(
    post,
    path = "/api/v1/patients/encounters/{id}/reschedule/",
    tag = "patients",
    operation_id = "reschedule_encounter",
    summary = "Move a visit",
    description = "Before its start, while it is pending or confirmed. The booking reference stays. The free time for a \
cancellation moves along, unless it had ended. Refusals are those of booking.",
    params(
        ("id" = uuid::Uuid, Path, description = "The visit's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same key and body are answered as the first time, with Idempotent-Replay: true", max_length = 255),
    ),
    request_body = RescheduleBody,
    responses((status = 200, description = "The visit at its new time", body = MovedBody)),
    security(("bearer" = [])),
)]
pub(crate) async fn reschedule_encounter(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Patient>,
    Origin(origin): Origin,
    Id(id): Id,
    idempotency: Idempotency,
    ValidJson { value, bytes }: ValidJson<RescheduleBody>,
) -> ApiResult<Response> {
    let now = api.app.clock.now();
    let rendering = api.clone();
    let render = Arc::new(move |visit: visits::Stored| {
        serde_json::json!(MovedBody {
            id: visit.id.0,
            scheduled_at: rfc3339(visit.starts_at),
            estimated_duration: minutes(&visit),
            visit_type: visit.kind.as_str(),
            status: visit.status_at(now).as_str(),
            payment: payment(&rendering, &visit, now),
            booking_reference: visit.reference.clone(),
        })
    });
    let input = Reschedule {
        patient: caller,
        visit: VisitId(id),
        starts_at: value.scheduled_at,
        by: By::caller(&caller, &origin),
        once: idempotency.once_for(&caller, "reschedule_encounter", id, &bytes),
        render,
    };
    let answered = visits::reschedule(&api.app, input).await?;
    Ok(answer(answered, |body| Json(body).into_response()))
}
