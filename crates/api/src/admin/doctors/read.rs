//! `GET admin/doctors/{id}/`: one doctor. For staff and admins.

use app::admin;
use axum::{Json, extract::State};
use domain::ids::UserId;

use super::{Doctor, body};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Caller, Id, StaffOrAdmin},
};

#[utoipa::path(
    get,
    path = "/api/v1/admin/doctors/{id}/",
    tag = "admin",
    operation_id = "read_doctor",
    summary = "Read a doctor's entry",
    params(("id" = uuid::Uuid, Path, description = "The doctor's id")),
    responses((status = 200, description = "The doctor", body = Doctor)),
    security(("bearer" = [])),
)]
pub(crate) async fn read_doctor(
    State(api): State<Api>,
    Caller { .. }: Caller<StaffOrAdmin>,
    Id(id): Id,
) -> ApiResult<Json<Doctor>> {
    Ok(Json(body(admin::doctor(&api.app, UserId(id)).await?)))
}
