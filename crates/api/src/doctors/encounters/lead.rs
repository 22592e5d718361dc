//! `POST doctors/encounters/{id}/{start,complete,no-show}/`: the doctor leads a visit (D26). For its doctor alone. All
//! honour `Idempotency-Key`.

use std::sync::Arc;

use app::{
    By,
    idempotency::Render,
    visits::{self, Led},
};
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
    extract::{Caller, Doctor, Id, Idempotency, Origin, answer},
};

/// The visit in the words that are answered and remembered.
fn rendered(api: &Api) -> Render<Led> {
    let (api, now) = (api.clone(), api.app.clock.now());
    Arc::new(move |led| serde_json::json!(encounter(&api, led, now)))
}

#[utoipa::path(
    post,
    path = "/api/v1/doctors/encounters/{id}/start/",
    tag = "doctors",
    operation_id = "start_encounter",
    summary = "Start a confirmed visit",
    description = "From 15 minutes before its time on; before that 409 with `details.not_before`.",
    params(
        ("id" = uuid::Uuid, Path, description = "The visit's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same key is answered as the first time, with Idempotent-Replay: true", max_length = 255),
    ),
    responses((status = 200, description = "The visit, in progress", body = DoctorEncounter)),
    security(("bearer" = [])),
)]
pub(crate) async fn start_encounter(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Doctor>,
    Origin(origin): Origin,
    Id(id): Id,
    idempotency: Idempotency,
) -> ApiResult<Response> {
    let by = By::caller(&caller, &origin);
    let once = idempotency.once_for(&caller, "start_encounter", id, b"");
    let led = visits::start(&api.app, &caller, &by, VisitId(id), once, rendered(&api)).await?;
    Ok(answer(led, |visit| Json(visit).into_response()))
}

#[utoipa::path(
    post,
    path = "/api/v1/doctors/encounters/{id}/complete/",
    tag = "doctors",
    operation_id = "complete_encounter",
    summary = "Complete a visit that is in progress",
    params(
        ("id" = uuid::Uuid, Path, description = "The visit's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same key is answered as the first time, with Idempotent-Replay: true", max_length = 255),
    ),
    responses((status = 200, description = "The visit, completed", body = DoctorEncounter)),
    security(("bearer" = [])),
)]
pub(crate) async fn complete_encounter(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Doctor>,
    Origin(origin): Origin,
    Id(id): Id,
    idempotency: Idempotency,
) -> ApiResult<Response> {
    let by = By::caller(&caller, &origin);
    let once = idempotency.once_for(&caller, "complete_encounter", id, b"");
    let led = visits::complete(&api.app, &caller, &by, VisitId(id), once, rendered(&api)).await?;
    Ok(answer(led, |visit| Json(visit).into_response()))
}

#[utoipa::path(
    post,
    path = "/api/v1/doctors/encounters/{id}/no-show/",
    tag = "doctors",
    operation_id = "miss_encounter",
    summary = "The patient of a confirmed visit did not come",
    description = "Not before its time; before that 409 with `details.not_before`.",
    params(
        ("id" = uuid::Uuid, Path, description = "The visit's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same key is answered as the first time, with Idempotent-Replay: true", max_length = 255),
    ),
    responses((status = 200, description = "The visit", body = DoctorEncounter)),
    security(("bearer" = [])),
)]
pub(crate) async fn miss_encounter(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Doctor>,
    Origin(origin): Origin,
    Id(id): Id,
    idempotency: Idempotency,
) -> ApiResult<Response> {
    let by = By::caller(&caller, &origin);
    let once = idempotency.once_for(&caller, "miss_encounter", id, b"");
    let led = visits::miss(&api.app, &caller, &by, VisitId(id), once, rendered(&api)).await?;
    Ok(answer(led, |visit| Json(visit).into_response()))
}
