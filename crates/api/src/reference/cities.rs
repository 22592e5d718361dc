//! `GET cities/`: the cities of one province, or of all. For everybody.

use app::reference;
use axum::extract::State;
use domain::text::line;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Cacheable, ReferenceList, cacheable};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Body, Fields, ValidQuery, text},
};

pub(crate) struct CitiesQuery {
    province: Option<String>,
}

impl Body for CitiesQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { province: fields.optional("province", text(|text| line(text, 100)))? })
    }
}

/// A city in its province.
#[derive(Serialize, ToSchema)]
pub(crate) struct CityEntry {
    #[schema(example = "فارس")]
    province: String,
    #[schema(example = "شیراز")]
    city: String,
}

#[utoipa::path(
    get,
    path = "/api/v1/cities/",
    tag = "reference",
    operation_id = "list_cities",
    summary = "List the cities",
    params(("province" = Option<String>, Query, description = "Only those of this province", max_length = 100)),
    responses((status = 200, description = "All that can be chosen, in alphabetical order; none of a province that is not known", body = ReferenceList<CityEntry>)),
)]
pub(crate) async fn list_cities(
    State(api): State<Api>,
    ValidQuery(query): ValidQuery<CitiesQuery>,
) -> ApiResult<Cacheable<CityEntry>> {
    let found = reference::cities(&api.app, query.province).await?;
    let entry = |city: reference::City| CityEntry { province: city.province, city: city.city };
    Ok(cacheable(found.into_iter().map(entry).collect()))
}
