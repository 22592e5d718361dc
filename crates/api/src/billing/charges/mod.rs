//! Money that comes in through a gateway.

mod callback;
mod charge;
mod read;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) use callback::form;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(charge::charge_wallet))
        .routes(routes!(read::read_charge))
        .routes(routes!(callback::gateway_callback, callback::gateway_callback_form))
}
