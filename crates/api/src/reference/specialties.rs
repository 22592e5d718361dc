//! `GET specialties/`: the fields of medicine. For everybody.

use app::reference;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Cacheable, ReferenceList, cacheable};
use crate::{Api, errors::ApiResult};

/// A field of medicine.
#[derive(Serialize, ToSchema)]
pub(crate) struct SpecialtyEntry {
    /// Its code: what doctors have and searches take.
    #[schema(example = "cardiology")]
    id: String,
    #[schema(example = "متخصص قلب و عروق")]
    title: String,
    #[schema(example = "Cardiology")]
    title_en: String,
}

#[utoipa::path(
    get,
    path = "/api/v1/specialties/",
    tag = "reference",
    operation_id = "list_specialties",
    summary = "List the specialties",
    responses((status = 200, description = "All that can be chosen, in alphabetical order", body = ReferenceList<SpecialtyEntry>)),
)]
pub(crate) async fn list_specialties(State(api): State<Api>) -> ApiResult<Cacheable<SpecialtyEntry>> {
    let found = reference::specialties(&api.app).await?;
    let entry = |specialty: reference::Specialty| SpecialtyEntry {
        id: specialty.code,
        title: specialty.title,
        title_en: specialty.title_en,
    };
    Ok(cacheable(found.into_iter().map(entry).collect()))
}
