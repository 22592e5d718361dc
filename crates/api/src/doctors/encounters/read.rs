//! `GET doctors/encounters/{id}/`: one visit of the doctor who asks. For doctors alone; audited.

use app::{By, visits};
use axum::{Json, extract::State};
use domain::ids::VisitId;

use super::body::{DoctorEncounter, encounter};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Caller, Doctor, Id, Origin},
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
    Origin(origin): Origin,
    Id(id): Id,
) -> ApiResult<Json<DoctorEncounter>> {
    let found = visits::doctors_visit(&api.app, &caller, &By::caller(&caller, &origin), VisitId(id)).await?;
    Ok(Json(encounter(&api, found, api.app.clock.now())))
}
