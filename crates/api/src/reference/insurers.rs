//! `GET insurers/`: who insures, and what share of a doctor's fee they pay (D20). For everybody.

use app::reference;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Cacheable, ReferenceList, cacheable};
use crate::{Api, errors::ApiResult};

/// An insurer.
#[derive(Serialize, ToSchema)]
pub(crate) struct InsurerEntry {
    #[schema(example = "تامین اجتماعی")]
    name: String,
    /// Percent of the fee that this insurer pays, where the doctor accepts it.
    #[schema(example = 60, minimum = 0, maximum = 100)]
    coverage_percent: u8,
}

#[utoipa::path(
    get,
    path = "/api/v1/insurers/",
    tag = "reference",
    operation_id = "list_insurers",
    summary = "List the insurers",
    responses((status = 200, description = "All that can be chosen, in alphabetical order", body = ReferenceList<InsurerEntry>)),
)]
pub(crate) async fn list_insurers(State(api): State<Api>) -> ApiResult<Cacheable<InsurerEntry>> {
    let found = reference::insurers(&api.app).await?;
    let entry = |insurer: reference::Insurer| InsurerEntry {
        name: insurer.name,
        coverage_percent: insurer.coverage_percent,
    };
    Ok(cacheable(found.into_iter().map(entry).collect()))
}
