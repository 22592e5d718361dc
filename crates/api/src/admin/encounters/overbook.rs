//! `POST admin/encounters/`: puts a visit where patients can't: off the doctor's grid, at short notice, or on top of
//! another of the doctor's. For admins; the reason is audited. Honours `Idempotency-Key`.

use std::sync::Arc;

use app::{
    By,
    visits::{self, Overbook},
};
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{Timestamp, Violation, ids::UserId, text as rules, visit::VisitType};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    Api,
    errors::ApiResult,
    extract::{Admin, Body, Caller, Fields, Idempotency, Origin, ValidJson, answer, text},
    patients::encounters::{Booking, book::moment, booking},
};

#[derive(ToSchema)]
pub(crate) struct OverbookBody {
    patient_id: Uuid,
    doctor_id: Uuid,
    /// A multiple of five minutes, in the next 60 days.
    #[schema(value_type = String, example = "2024-01-25T15:05:00Z", format = "date-time")]
    scheduled_at: Timestamp,
    #[schema(value_type = String, example = "online", pattern = "^(online|in_person)$")]
    visit_type: VisitType,
    #[schema(example = "درد قفسه سینه", min_length = 1, max_length = 300)]
    chief_complaint: String,
    /// Why; for the audit log, so without anything medical.
    #[schema(example = "بیمار اورژانسی", min_length = 1, max_length = 300)]
    reason: String,
}

impl Body for OverbookBody {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let id = |t: &str| t.parse::<Uuid>().map_err(|_| Violation::Id);
        let patient_id = fields.required("patient_id", text(id));
        let doctor_id = fields.required("doctor_id", text(id));
        let scheduled_at = fields.required("scheduled_at", text(moment));
        let visit_type = fields.required("visit_type", text(VisitType::parse));
        let complaint = fields.required("chief_complaint", text(|t| rules::required_line(t, 300)));
        let reason = fields.required("reason", text(|t| rules::required_line(t, 300)));
        Some(Self {
            patient_id: patient_id?,
            doctor_id: doctor_id?,
            scheduled_at: scheduled_at?,
            visit_type: visit_type?,
            chief_complaint: complaint?,
            reason: reason?,
        })
    }
}

#[utoipa::path(
    post,
    path = "/api/v1/admin/encounters/",
    tag = "admin",
    operation_id = "overbook_encounter",
    summary = "Overbook a visit",
    description = "At most three visits may lie on top of one of the doctor's; the patient can have one at a time. It is \
pending until the patient has paid, at the latest when it starts.",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same key and body are answered as the first time, with Idempotent-Replay: true", max_length = 255)),
    request_body = OverbookBody,
    responses((status = 201, description = "The new visit", body = Booking)),
    security(("bearer" = [])),
)]
pub(crate) async fn overbook_encounter(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    idempotency: Idempotency,
    ValidJson { value, bytes }: ValidJson<OverbookBody>,
) -> ApiResult<Response> {
    let now = api.app.clock.now();
    let rendering = api.clone();
    let input = Overbook {
        patient: UserId(value.patient_id),
        doctor: UserId(value.doctor_id),
        starts_at: value.scheduled_at,
        kind: value.visit_type,
        chief_complaint: value.chief_complaint,
        reason: value.reason,
        by: By::caller(&caller, &origin),
        once: idempotency.once(&caller, "overbook_encounter", &bytes),
        render: Arc::new(move |booked| serde_json::json!(booking(&rendering, booked, now))),
    };
    let answered = visits::overbook(&api.app, input).await?;
    Ok(answer(answered, |booking| (StatusCode::CREATED, Json(booking)).into_response()))
}
