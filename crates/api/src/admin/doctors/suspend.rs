//! `POST admin/doctors/{id}/suspend/` and `…/reinstate/`. For admins.

use app::{By, admin};
use axum::{Json, extract::State};
use domain::{doctor::Status, ids::UserId};

use super::{Doctor, body};
use crate::{
    Api,
    admin::ReasonBody,
    errors::ApiResult,
    extract::{Admin, Caller, Id, Origin, ValidJson},
};

#[utoipa::path(
    post,
    path = "/api/v1/admin/doctors/{id}/suspend/",
    tag = "admin",
    operation_id = "suspend_doctor",
    summary = "Suspend a doctor",
    description = "Their logins end, and they can't log in. 409 when they are suspended already.",
    params(("id" = uuid::Uuid, Path, description = "The doctor's id")),
    request_body = ReasonBody,
    responses((status = 200, description = "The doctor as they are now", body = Doctor)),
    security(("bearer" = [])),
)]
pub(crate) async fn suspend_doctor(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    Id(id): Id,
    ValidJson { value, .. }: ValidJson<ReasonBody>,
) -> ApiResult<Json<Doctor>> {
    let by = By::caller(&caller, &origin);
    let doctor = admin::set_doctor_status(&api.app, &by, UserId(id), Status::Suspended, value.reason).await?;
    Ok(Json(body(doctor)))
}

#[utoipa::path(
    post,
    path = "/api/v1/admin/doctors/{id}/reinstate/",
    tag = "admin",
    operation_id = "reinstate_doctor",
    summary = "Reinstate a suspended doctor",
    description = "409 when they are not suspended.",
    params(("id" = uuid::Uuid, Path, description = "The doctor's id")),
    responses((status = 200, description = "The doctor as they are now", body = Doctor)),
    security(("bearer" = [])),
)]
pub(crate) async fn reinstate_doctor(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    Id(id): Id,
) -> ApiResult<Json<Doctor>> {
    let by = By::caller(&caller, &origin);
    let doctor = admin::set_doctor_status(&api.app, &by, UserId(id), Status::Active, String::new()).await?;
    Ok(Json(body(doctor)))
}
