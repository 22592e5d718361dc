//! `POST doctors/prescriptions/{id}/cancel/`: cancels a draft or a signed prescription. For the doctor who
//! wrote it.

use app::{By, prescriptions};
use axum::{Json, extract::State};
use domain::{ids::PrescriptionId, text::required_line};
use utoipa::ToSchema;

use super::{PrescriptionWithWarnings, with_warnings};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Body, Caller, Doctor, Fields, Id, MessageLanguage, Origin, ValidJson, text},
};

/// Why. The patient of a signed prescription reads it.
#[derive(ToSchema)]
pub(crate) struct CancelPrescriptionBody {
    #[schema(example = "اشتباه در مقدار دارو", min_length = 1, max_length = 300)]
    reason: String,
}

impl Body for CancelPrescriptionBody {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { reason: fields.required("reason", text(|text| required_line(text, 300)))? })
    }
}

#[utoipa::path(
    post,
    path = "/api/v1/doctors/prescriptions/{id}/cancel/",
    tag = "doctors",
    operation_id = "cancel_prescription",
    summary = "Cancel a prescription",
    description = "The patient goes on seeing a signed one, as cancelled. The visit may get another. 409 when it is cancelled already.",
    params(("id" = uuid::Uuid, Path, description = "The prescription's id")),
    request_body = CancelPrescriptionBody,
    responses((status = 200, description = "The cancelled prescription", body = PrescriptionWithWarnings)),
    security(("bearer" = [])),
)]
pub(crate) async fn cancel_prescription(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Doctor>,
    Origin(origin): Origin,
    Id(id): Id,
    language: MessageLanguage,
    ValidJson { value, .. }: ValidJson<CancelPrescriptionBody>,
) -> ApiResult<Json<PrescriptionWithWarnings>> {
    let by = By::caller(&caller, &origin);
    let view = prescriptions::cancel(&api.app, &caller, &by, PrescriptionId(id), value.reason).await?;
    Ok(Json(with_warnings(view, &language)))
}
