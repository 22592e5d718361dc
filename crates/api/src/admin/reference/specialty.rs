//! `PUT admin/specialties/{code}/`: adds a specialty, or changes it. For admins.

use app::{
    By,
    reference::{self, Specialty},
};
use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
};
use domain::doctor;
use serde::Serialize;
use utoipa::ToSchema;

use super::{is_active, name};
use crate::{
    Api,
    errors::{ApiError, ApiResult, Code},
    extract::{Admin, Body, Caller, Fields, Origin, ValidJson, text},
};

/// A specialty as it shall be.
#[derive(ToSchema)]
pub(crate) struct SaveSpecialtyBody {
    #[schema(example = "متخصص قلب و عروق", min_length = 1, max_length = 100)]
    title: String,
    #[schema(example = "Cardiology", min_length = 1, max_length = 100)]
    title_en: String,
    /// Whether it can be chosen; true unless it says otherwise.
    #[schema(value_type = Option<bool>, example = true)]
    is_active: bool,
}

impl Body for SaveSpecialtyBody {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let title = fields.required("title", text(name));
        let title_en = fields.required("title_en", text(name));
        let is_active = is_active(fields);
        Some(Self { title: title?, title_en: title_en?, is_active: is_active? })
    }
}

/// A specialty as it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct SavedSpecialty {
    /// Its code.
    #[schema(example = "cardiology")]
    id: String,
    #[schema(example = "متخصص قلب و عروق")]
    title: String,
    #[schema(example = "Cardiology")]
    title_en: String,
    #[schema(example = true)]
    is_active: bool,
}

#[utoipa::path(
    put,
    path = "/api/v1/admin/specialties/{code}/",
    tag = "admin",
    operation_id = "save_specialty",
    summary = "Add or change a specialty",
    description = "Its doctors are shown with its new title from then on. One that is not active can't be chosen any more.",
    params(("code" = String, Path, description = "Small Latin letters, digits, `-`, `_`", min_length = 2, max_length = 60, pattern = "^[a-z0-9_-]+$", example = "cardiology")),
    request_body = SaveSpecialtyBody,
    responses((status = 200, description = "The specialty as it is now", body = SavedSpecialty)),
    security(("bearer" = [])),
)]
pub(crate) async fn save_specialty(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    code: Result<Path<String>, PathRejection>,
    ValidJson { value, .. }: ValidJson<SaveSpecialtyBody>,
) -> ApiResult<Json<SavedSpecialty>> {
    let Path(code) = code.map_err(|_| Code::NotFound)?;
    let code = doctor::specialty(&code).map_err(|wrong| ApiError::fields(vec![("code".into(), wrong)]))?;
    let saved = SavedSpecialty {
        id: code.clone(),
        title: value.title.clone(),
        title_en: value.title_en.clone(),
        is_active: value.is_active,
    };
    let specialty =
        Specialty { code, title: value.title, title_en: value.title_en, is_active: value.is_active };
    reference::save_specialty(&api.app, &By::caller(&caller, &origin), specialty).await?;
    Ok(Json(saved))
}
