//! `GET doctors/prescriptions/{id}/`: a prescription that the caller wrote. For doctors.

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
    get,
    path = "/api/v1/doctors/prescriptions/{id}/",
    tag = "doctors",
    operation_id = "read_prescription",
    summary = "Read a prescription of the caller's own",
    description = "Warnings about the patient's allergies and medications end 30 days after the visit.",
    params(("id" = uuid::Uuid, Path, description = "The prescription's id")),
    responses((status = 200, description = "The prescription", body = PrescriptionWithWarnings)),
    security(("bearer" = [])),
)]
pub(crate) async fn read_prescription(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Doctor>,
    Origin(origin): Origin,
    Id(id): Id,
    language: MessageLanguage,
) -> ApiResult<Json<PrescriptionWithWarnings>> {
    let by = By::caller(&caller, &origin);
    let view = prescriptions::read_by_doctor(&api.app, &caller, &by, PrescriptionId(id)).await?;
    Ok(Json(with_warnings(view, &language)))
}
