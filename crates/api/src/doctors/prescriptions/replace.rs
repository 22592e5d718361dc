//! `PUT doctors/prescriptions/{id}/`: writes a draft anew. For the doctor who wrote it.

use app::{
    By,
    prescriptions::{self, Replacement},
};
use axum::{Json, extract::State};
use domain::ids::PrescriptionId;

use super::{PrescriptionWithWarnings, body::PrescriptionBody, with_warnings};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Caller, Doctor, Id, MessageLanguage, Origin, ValidJson},
};

#[utoipa::path(
    put,
    path = "/api/v1/doctors/prescriptions/{id}/",
    tag = "doctors",
    operation_id = "replace_prescription",
    summary = "Write a draft anew",
    description = "409 when it is no draft any more.",
    params(("id" = uuid::Uuid, Path, description = "The prescription's id")),
    request_body = PrescriptionBody,
    responses((status = 200, description = "The prescription as it is now", body = PrescriptionWithWarnings)),
    security(("bearer" = [])),
)]
pub(crate) async fn replace_prescription(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Doctor>,
    Origin(origin): Origin,
    Id(id): Id,
    language: MessageLanguage,
    ValidJson { value, .. }: ValidJson<PrescriptionBody>,
) -> ApiResult<Json<PrescriptionWithWarnings>> {
    let by = By::caller(&caller, &origin);
    let to = Replacement { items: value.items, notes: value.notes, sign: value.sign };
    let view = prescriptions::replace(&api.app, &caller, &by, PrescriptionId(id), to).await?;
    Ok(Json(with_warnings(view, &language)))
}
