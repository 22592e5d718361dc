//! `PUT admin/cities/`: adds a city, or says whether it can be chosen. For admins.

use app::{
    By,
    reference::{self, City},
};
use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{is_active, name};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Admin, Body, Caller, Fields, Origin, ValidJson, text},
};

/// A city as it shall be; its province and its name are what it is known by.
#[derive(ToSchema)]
pub(crate) struct SaveCityBody {
    #[schema(example = "فارس", min_length = 1, max_length = 100)]
    province: String,
    #[schema(example = "شیراز", min_length = 1, max_length = 100)]
    city: String,
    /// Whether it can be chosen; true unless it says otherwise.
    #[schema(value_type = Option<bool>, example = true)]
    is_active: bool,
}

impl Body for SaveCityBody {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let province = fields.required("province", text(name));
        let city = fields.required("city", text(name));
        let is_active = is_active(fields);
        Some(Self { province: province?, city: city?, is_active: is_active? })
    }
}

/// A city as it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct SavedCity {
    #[schema(example = "فارس")]
    province: String,
    #[schema(example = "شیراز")]
    city: String,
    #[schema(example = true)]
    is_active: bool,
}

#[utoipa::path(
    put,
    path = "/api/v1/admin/cities/",
    tag = "admin",
    operation_id = "save_city",
    summary = "Add a city, or say whether it can be chosen",
    request_body = SaveCityBody,
    responses((status = 200, description = "The city as it is now", body = SavedCity)),
    security(("bearer" = [])),
)]
pub(crate) async fn save_city(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    ValidJson { value, .. }: ValidJson<SaveCityBody>,
) -> ApiResult<Json<SavedCity>> {
    let city =
        City { province: value.province.clone(), city: value.city.clone(), is_active: value.is_active };
    reference::save_city(&api.app, &By::caller(&caller, &origin), city).await?;
    Ok(Json(SavedCity { province: value.province, city: value.city, is_active: value.is_active }))
}
