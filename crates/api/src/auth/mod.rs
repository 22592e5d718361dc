//! Logging in with a phone number (D11–D15).

mod login_otp;
mod logout;
mod refresh;
mod sessions;
mod verify_otp;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(login_otp::request_otp))
        .routes(routes!(verify_otp::verify_otp))
        .routes(routes!(refresh::refresh_token))
        .routes(routes!(logout::log_out))
        .routes(routes!(sessions::list_sessions))
        .routes(routes!(sessions::end_session))
}
