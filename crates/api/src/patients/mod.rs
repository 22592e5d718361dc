//! What patients do with their own data.

mod profile;
mod profile_body;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(
        profile::read_profile,
        profile::replace_profile,
        profile::change_profile
    ))
}
