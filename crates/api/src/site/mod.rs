//! Around the API: health, metrics, the API's own document and its reader, the development inbox.

mod avatar;
mod dev_pay;
mod docs;
mod health;
mod home;
mod html;
mod inbox;
mod metrics;
mod pay;
mod result;

use axum::{
    Router,
    routing::{get, post},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn documented_routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(health::health)).routes(routes!(health::live))
}

/// Pages and files, which the document of the API leaves out.
pub(crate) fn routes(api: &Api) -> Router<Api> {
    let mut router = Router::new()
        .route("/", get(home::home))
        .route("/metrics", get(metrics::metrics))
        .route("/api/schema/", get(docs::schema))
        .route("/api/docs/", get(docs::page))
        .route("/api/docs/scalar.js", get(docs::script))
        .route("/avatars/{file}", get(avatar::avatar))
        .route("/pay/result/", get(result::page))
        .route("/pay/{token}/", get(pay::page).post(pay::press));
    if api.app.gateways.get("sandbox").is_some() {
        router = router
            .route("/dev/pay/{authority}/", get(dev_pay::page))
            .route("/dev/pay/{authority}/{verb}/", post(dev_pay::press));
    }
    if api.app.senders.inbox.is_none() {
        return router;
    }
    router
        .route("/dev/inbox/", get(inbox::page))
        .route("/dev/inbox/inbox.js", get(inbox::script))
        .route("/dev/inbox/messages/", get(inbox::messages))
}
