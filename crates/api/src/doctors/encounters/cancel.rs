//! `POST doctors/encounters/{id}/cancel/`: a doctor's cancellation gives everything back (D21). For its doctor alone.
//! Honours `Idempotency-Key`.

use std::sync::Arc;

use app::{By, visits};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use domain::ids::VisitId;

use super::body::{DoctorEncounter, encounter};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Caller, Doctor, Id, Idempotency, MaybeJson, Origin, answer},
    patients::encounters::cancel::CancelBody,
};

#[utoipa::path(
    post,
    path = "/api/v1/doctors/encounters/{id}/cancel/",
    tag = "doctors",
    operation_id = "cancel_doctor_encounter",
    summary = "Cancel a visit",
    description = "While it is pending or confirmed. The patient gets all of it back, at once, and is told.",
    params(
        ("id" = uuid::Uuid, Path, description = "The visit's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same key and body are answered as the first time, with Idempotent-Replay: true", max_length = 255),
    ),
    request_body = CancelBody,
    responses((status = 200, description = "The visit", body = DoctorEncounter)),
    security(("bearer" = [])),
)]
pub(crate) async fn cancel_doctor_encounter(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Doctor>,
    Origin(origin): Origin,
    Id(id): Id,
    idempotency: Idempotency,
    MaybeJson { value, bytes }: MaybeJson<CancelBody>,
) -> ApiResult<Response> {
    let now = api.app.clock.now();
    let by = By::caller(&caller, &origin);
    let once = idempotency.once_for(&caller, "cancel_doctor_encounter", id, &bytes);
    let rendering = api.clone();
    let render = Arc::new(move |led| serde_json::json!(encounter(&rendering, led, now)));
    let answered =
        visits::cancel_by_doctor(&api.app, &caller, &by, VisitId(id), value.reason, once, render).await?;
    Ok(answer(answered, |body| Json(body).into_response()))
}
