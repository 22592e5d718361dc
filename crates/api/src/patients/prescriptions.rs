//! `GET patients/prescriptions/` and `…/{id}/`: what was signed for the caller, cancelled since or not (D26).
//! For patients alone.

use app::{admin::Page, prescriptions};
use axum::{Json, extract::State, http::Uri};
use domain::ids::PrescriptionId;

use crate::{
    Api,
    doctors::prescriptions::{Prescription, prescription_body},
    errors::ApiResult,
    extract::{Body, Caller, Fields, Id, Patient, ValidQuery},
    pagination::{self, PageBody},
};

pub(crate) struct PrescriptionsQuery {
    page: Page,
}

impl Body for PrescriptionsQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { page: pagination::read(fields)? })
    }
}

#[utoipa::path(
    get,
    path = "/api/v1/patients/prescriptions/",
    tag = "patients",
    operation_id = "list_prescriptions",
    summary = "List the caller's own prescriptions",
    params(
        ("page" = Option<i64>, Query, description = "From 1", minimum = 1),
        ("page_size" = Option<i64>, Query, description = "1 to 100", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "One page, newest first", body = PageBody<Prescription>)),
    security(("bearer" = [])),
)]
pub(crate) async fn list_prescriptions(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Patient>,
    uri: Uri,
    ValidQuery(query): ValidQuery<PrescriptionsQuery>,
) -> ApiResult<Json<PageBody<Prescription>>> {
    let found = prescriptions::list_of_patient(&api.app, &caller, query.page).await?;
    Ok(Json(pagination::body(&api, &uri, query.page, found, prescription_body)))
}

#[utoipa::path(
    get,
    path = "/api/v1/patients/prescriptions/{id}/",
    tag = "patients",
    operation_id = "read_own_prescription",
    summary = "Read a prescription of the caller's own",
    params(("id" = uuid::Uuid, Path, description = "The prescription's id")),
    responses((status = 200, description = "The prescription", body = Prescription)),
    security(("bearer" = [])),
)]
pub(crate) async fn read_own_prescription(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Patient>,
    Id(id): Id,
) -> ApiResult<Json<Prescription>> {
    let found = prescriptions::read_by_patient(&api.app, &caller, PrescriptionId(id)).await?;
    Ok(Json(prescription_body(found)))
}
