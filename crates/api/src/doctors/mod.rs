//! What doctors do: their practice, their visits, prescriptions, the day at a glance.

pub(crate) mod dashboard;
pub(crate) mod drugs;
pub(crate) mod earnings;
pub(crate) mod encounters;
pub(crate) mod prescriptions;
pub(crate) mod settings;
mod settings_body;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(settings::read_settings, settings::replace_settings, settings::change_settings))
        .routes(routes!(dashboard::read_dashboard))
        .routes(routes!(encounters::list::list_doctor_encounters))
        .routes(routes!(encounters::read::read_doctor_encounter))
        .routes(routes!(encounters::lead::start_encounter))
        .routes(routes!(encounters::lead::complete_encounter))
        .routes(routes!(encounters::lead::miss_encounter))
        .routes(routes!(encounters::cancel::cancel_doctor_encounter))
        .routes(routes!(prescriptions::create::create_prescription))
        .routes(routes!(prescriptions::read::read_prescription, prescriptions::replace::replace_prescription))
        .routes(routes!(prescriptions::sign::sign_prescription))
        .routes(routes!(prescriptions::cancel::cancel_prescription))
        .routes(routes!(earnings::list_earnings))
        .routes(routes!(drugs::search_drugs))
}
