//! What can be chosen from. For everybody, logged in or not; what admins have switched off is left out.

mod cities;
mod insurers;
mod specialties;

use axum::{
    Json,
    http::{HeaderName, header::CACHE_CONTROL},
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(specialties::list_specialties))
        .routes(routes!(cities::list_cities))
        .routes(routes!(insurers::list_insurers))
}

/// A whole list.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReferenceList<T> {
    results: Vec<T>,
}

/// The list, and that it may be kept for an hour: it changes a few times a year.
type Cacheable<T> = ([(HeaderName, &'static str); 1], Json<ReferenceList<T>>);

fn cacheable<T>(results: Vec<T>) -> Cacheable<T> {
    ([(CACHE_CONTROL, "public, max-age=3600")], Json(ReferenceList { results }))
}
