//! What patients do: their own data, doctors to find, visits.

pub(crate) mod doctors;
pub(crate) mod encounters;
mod prescriptions;
mod profile;
mod profile_body;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(profile::read_profile, profile::replace_profile, profile::change_profile))
        .routes(routes!(doctors::search::search_doctors))
        .routes(routes!(doctors::read::read_public_doctor))
        .routes(routes!(doctors::slots::list_slots))
        .routes(routes!(encounters::rating::list_ratings))
        .routes(routes!(encounters::list::list_encounters))
        .routes(routes!(encounters::book::book_encounter))
        .routes(routes!(encounters::read::read_encounter))
        .routes(routes!(encounters::calendar::read_encounter_calendar))
        .routes(routes!(encounters::pay::pay_encounter))
        .routes(routes!(encounters::quote::quote_cancellation))
        .routes(routes!(encounters::cancel::cancel_encounter))
        .routes(routes!(encounters::reschedule::reschedule_encounter))
        .routes(routes!(encounters::rating::rate_encounter))
        .routes(routes!(prescriptions::list_prescriptions))
        .routes(routes!(prescriptions::read_own_prescription))
}
