//! `GET doctors/drugs/`: drugs by the beginning or a part of their names, for whoever writes a prescription.
//! For doctors alone.

use app::drugs;
use axum::{Json, extract::State};
use domain::text::required_line;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api,
    errors::ApiResult,
    extract::{Body, Caller, Doctor, Fields, ValidQuery, text},
};

/// Results in one answer.
const LIMIT: usize = 20;

pub(crate) struct DrugsQuery {
    q: String,
}

impl Body for DrugsQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { q: fields.required("q", text(|text| required_line(text, 60)))? })
    }
}

/// What fits, best first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Drugs {
    results: Vec<DrugEntry>,
}

/// A generic drug.
#[derive(Serialize, ToSchema)]
pub(crate) struct DrugEntry {
    #[schema(example = "amoxicillin")]
    code: String,
    #[schema(example = "آموکسی‌سیلین")]
    name_fa: String,
    #[schema(example = "Amoxicillin")]
    name_en: String,
    /// What warnings about duplicates and allergies go by.
    #[schema(example = "penicillin")]
    class: String,
}

#[utoipa::path(
    get,
    path = "/api/v1/doctors/drugs/",
    tag = "doctors",
    operation_id = "search_drugs",
    summary = "Find drugs by their names",
    params(("q" = String, Query, description = "A beginning or a part of a Persian or English generic name", min_length = 1, max_length = 60)),
    responses((status = 200, description = "At most 20 drugs", body = Drugs)),
    security(("bearer" = [])),
)]
pub(crate) async fn search_drugs(
    State(api): State<Api>,
    Caller { .. }: Caller<Doctor>,
    ValidQuery(query): ValidQuery<DrugsQuery>,
) -> ApiResult<Json<Drugs>> {
    let found = drugs::drugs(&api.app, &query.q, LIMIT).await?;
    let entry = |drug: drugs::Drug| DrugEntry {
        code: drug.code,
        name_fa: drug.name_fa,
        name_en: drug.name_en,
        class: drug.drug_class,
    };
    Ok(Json(Drugs { results: found.into_iter().map(entry).collect() }))
}
