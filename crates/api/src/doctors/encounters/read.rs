//! `GET doctors/encounters/{id}/`: one visit of the doctor who asks. For doctors alone.

use app::visits;
use axum::{Json, extract::State};
use domain::ids::VisitId;

use super::body::{DoctorEncounter, encounter};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Caller, Doctor, Id},
};

#[utoipa::path(
    get,
    path = "/api/v1/doctors/encounters/{id}/",
    tag = "doctors",
    operation_id = "read_doctor_encounter",
    summary = "Read one of the doctor's visits",
    params(("id" = uuid::Uuid, Path, description = "The visit's id")),
    responses((status = 200, description = "The visit", body = DoctorEncounter)),
    security(("bearer" = [])),
)]
pub(crate) async fn read_doctor_encounter(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Doctor>,
    Id(id): Id,
) -> ApiResult<Json<DoctorEncounter>> {
    let found = visits::doctors_visit(&api.app, &caller, VisitId(id)).await?;
    Ok(Json(encounter(&api, found, api.app.clock.now())))
}
