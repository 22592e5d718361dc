//! `POST doctors/encounters/{id}/{start,complete,no-show}/`: the doctor leads a visit (D26). For its doctor alone.

use app::{
    By,
    visits::{self, VisitError},
};
use axum::{Json, extract::State};
use domain::ids::VisitId;

use super::body::{DoctorEncounter, encounter};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Caller, Doctor, Id, Origin},
};

fn answer(api: &Api, led: Result<visits::ForDoctor, VisitError>) -> ApiResult<Json<DoctorEncounter>> {
    Ok(Json(encounter(api, led?, api.app.clock.now())))
}

#[utoipa::path(
    post,
    path = "/api/v1/doctors/encounters/{id}/start/",
    tag = "doctors",
    operation_id = "start_encounter",
    summary = "Start a confirmed visit",
    description = "From 15 minutes before its time on; before that 409 with `details.not_before`.",
    params(("id" = uuid::Uuid, Path, description = "The visit's id")),
    responses((status = 200, description = "The visit, in progress", body = DoctorEncounter)),
    security(("bearer" = [])),
)]
pub(crate) async fn start_encounter(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Doctor>,
    Origin(origin): Origin,
    Id(id): Id,
) -> ApiResult<Json<DoctorEncounter>> {
    let by = By::caller(&caller, &origin);
    answer(&api, visits::start(&api.app, &caller, &by, VisitId(id)).await)
}

#[utoipa::path(
    post,
    path = "/api/v1/doctors/encounters/{id}/complete/",
    tag = "doctors",
    operation_id = "complete_encounter",
    summary = "Complete a visit that is in progress",
    params(("id" = uuid::Uuid, Path, description = "The visit's id")),
    responses((status = 200, description = "The visit, completed", body = DoctorEncounter)),
    security(("bearer" = [])),
)]
pub(crate) async fn complete_encounter(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Doctor>,
    Origin(origin): Origin,
    Id(id): Id,
) -> ApiResult<Json<DoctorEncounter>> {
    let by = By::caller(&caller, &origin);
    answer(&api, visits::complete(&api.app, &caller, &by, VisitId(id)).await)
}

#[utoipa::path(
    post,
    path = "/api/v1/doctors/encounters/{id}/no-show/",
    tag = "doctors",
    operation_id = "miss_encounter",
    summary = "The patient of a confirmed visit did not come",
    description = "Not before its time; before that 409 with `details.not_before`.",
    params(("id" = uuid::Uuid, Path, description = "The visit's id")),
    responses((status = 200, description = "The visit", body = DoctorEncounter)),
    security(("bearer" = [])),
)]
pub(crate) async fn miss_encounter(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Doctor>,
    Origin(origin): Origin,
    Id(id): Id,
) -> ApiResult<Json<DoctorEncounter>> {
    let by = By::caller(&caller, &origin);
    answer(&api, visits::miss(&api.app, &caller, &by, VisitId(id)).await)
}
