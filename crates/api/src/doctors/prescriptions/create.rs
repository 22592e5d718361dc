//! `POST doctors/encounters/{id}/prescriptions/`: writes a prescription for a visit of the caller's that has
//! begun. For doctors. Honours `Idempotency-Key`.

use std::sync::Arc;

use app::{
    By,
    prescriptions::{self, WritePrescription},
};
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::ids::VisitId;

use super::{PrescriptionWithWarnings, body::PrescriptionBody, with_warnings};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Caller, Doctor, Id, Idempotency, MessageLanguage, Origin, ValidJson, answer},
};

#[utoipa::path(
    post,
    path = "/api/v1/doctors/encounters/{id}/prescriptions/",
    tag = "doctors",
    operation_id = "create_prescription",
    summary = "Write a prescription for a visit",
    description = "The visit is in progress or completed, and has no prescription that is not cancelled; otherwise 409.",
    params(
        ("id" = uuid::Uuid, Path, description = "The visit's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same key and body are answered as the first time, with Idempotent-Replay: true", max_length = 255),
    ),
    request_body = PrescriptionBody,
    responses((status = 201, description = "The new prescription", body = PrescriptionWithWarnings)),
    security(("bearer" = [])),
)]
pub(crate) async fn create_prescription(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Doctor>,
    Origin(origin): Origin,
    Id(id): Id,
    language: MessageLanguage,
    idempotency: Idempotency,
    ValidJson { value, bytes }: ValidJson<PrescriptionBody>,
) -> ApiResult<Response> {
    // the same words for another visit are another request
    let request = [&id.as_bytes()[..], &bytes[..]].concat();
    let input = WritePrescription {
        visit: VisitId(id),
        doctor: caller.user,
        items: value.items,
        notes: value.notes,
        sign: value.sign,
        by: By::caller(&caller, &origin),
        once: idempotency.once(&caller, "create_prescription", &request),
        render: Arc::new(move |view| serde_json::json!(with_warnings(view, &language))),
    };
    let answered = prescriptions::write(&api.app, input).await?;
    Ok(answer(answered, |prescription| (StatusCode::CREATED, Json(prescription)).into_response()))
}
