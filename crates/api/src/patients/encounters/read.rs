//! `GET patients/encounters/{id}/`: one of the caller's own visits. For patients alone.

use app::visits;
use axum::{Json, extract::State};
use domain::ids::VisitId;

use super::body::{EncounterDetail, detail};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Caller, Id, Patient},
};

#[utoipa::path(
    get,
    path = "/api/v1/patients/encounters/{id}/",
    tag = "patients",
    operation_id = "read_encounter",
    summary = "Read one of the caller's visits",
    params(("id" = uuid::Uuid, Path, description = "The visit's id")),
    responses((status = 200, description = "The visit", body = EncounterDetail)),
    security(("bearer" = [])),
)]
pub(crate) async fn read_encounter(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Patient>,
    Id(id): Id,
) -> ApiResult<Json<EncounterDetail>> {
    let found = visits::patients_visit(&api.app, &caller, VisitId(id)).await?;
    Ok(Json(detail(&api, found, api.app.clock.now())))
}
