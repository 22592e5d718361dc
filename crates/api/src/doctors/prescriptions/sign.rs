//! `POST doctors/prescriptions/{id}/sign/`: signs a draft; the patient sees it from then on. For the doctor
//! who wrote it.

use app::{By, prescriptions};
use axum::{Json, extract::State};
use domain::ids::PrescriptionId;

use super::{PrescriptionWithWarnings, with_warnings};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Caller, Doctor, Id, MessageLanguage, Origin},
};

#[utoipa::path(
    post,
    path = "/api/v1/doctors/prescriptions/{id}/sign/",
    tag = "doctors",
    operation_id = "sign_prescription",
    summary = "Sign a draft",
    description = "409 when it is no draft any more, or has no items.",
    params(("id" = uuid::Uuid, Path, description = "The prescription's id")),
    responses((status = 200, description = "The signed prescription", body = PrescriptionWithWarnings)),
    security(("bearer" = [])),
)]
pub(crate) async fn sign_prescription(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Doctor>,
    Origin(origin): Origin,
    Id(id): Id,
    language: MessageLanguage,
) -> ApiResult<Json<PrescriptionWithWarnings>> {
    let by = By::caller(&caller, &origin);
    let view = prescriptions::sign(&api.app, &caller, &by, PrescriptionId(id)).await?;
    Ok(Json(with_warnings(view, &language)))
}
