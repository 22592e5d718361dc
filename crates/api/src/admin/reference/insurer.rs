//! `PUT admin/insurers/`: adds an insurer, or changes what it covers. For admins.

use app::{
    By,
    reference::{self, Insurer},
};
use axum::{Json, extract::State};
use domain::{Violation, violation::Parsed};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{is_active, name};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Admin, Body, Caller, Fields, Origin, ValidJson, integer, text},
};

/// What an insurer covers where nothing else is set (D20).
const DEFAULT_COVERAGE: u8 = 60;

/// An insurer as it shall be; its name is what it is known by.
#[derive(ToSchema)]
pub(crate) struct SaveInsurerBody {
    #[schema(example = "تامین اجتماعی", min_length = 1, max_length = 100)]
    name: String,
    /// Percent of a doctor's fee; 60 unless it says otherwise.
    #[schema(value_type = Option<u8>, example = 60, minimum = 0, maximum = 100)]
    coverage_percent: u8,
    /// Whether it can be chosen; true unless it says otherwise.
    #[schema(value_type = Option<bool>, example = true)]
    is_active: bool,
}

impl Body for SaveInsurerBody {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.required("name", text(name));
        let coverage = fields.optional("coverage_percent", percent);
        let is_active = is_active(fields);
        Some(Self {
            name: name?,
            coverage_percent: coverage?.unwrap_or(DEFAULT_COVERAGE),
            is_active: is_active?,
        })
    }
}

fn percent(value: &Value) -> Parsed<u8> {
    u8::try_from(integer(0, 100)(value)?).map_err(|_| Violation::Range(0, 100))
}

/// An insurer as it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct SavedInsurer {
    #[schema(example = "تامین اجتماعی")]
    name: String,
    /// Percent of a doctor's fee.
    #[schema(example = 60, minimum = 0, maximum = 100)]
    coverage_percent: u8,
    #[schema(example = true)]
    is_active: bool,
}

#[utoipa::path(
    put,
    path = "/api/v1/admin/insurers/",
    tag = "admin",
    operation_id = "save_insurer",
    summary = "Add or change an insurer",
    description = "Visits that are booked already keep the shares that they were booked with.",
    request_body = SaveInsurerBody,
    responses((status = 200, description = "The insurer as it is now", body = SavedInsurer)),
    security(("bearer" = [])),
)]
pub(crate) async fn save_insurer(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    ValidJson { value, .. }: ValidJson<SaveInsurerBody>,
) -> ApiResult<Json<SavedInsurer>> {
    let SaveInsurerBody { name, coverage_percent, is_active } = value;
    let insurer = Insurer { name: name.clone(), coverage_percent, is_active };
    reference::save_insurer(&api.app, &By::caller(&caller, &origin), insurer).await?;
    Ok(Json(SavedInsurer { name, coverage_percent, is_active }))
}
