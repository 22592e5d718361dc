//! `POST billing/subscriptions/cancel/`: no more renewals; the subscription runs to its end. For whoever is logged in: who
//! bought it as a patient may have become something else. Honours `Idempotency-Key`.

use std::sync::Arc;

use app::{
    By,
    billing::subscriptions::{self, Subscription},
};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use domain::subscription::Plan;
use serde::Serialize;
use utoipa::ToSchema;

use super::SubscriptionBody;
use crate::{
    Api,
    errors::ApiResult,
    extract::{Anyone, Caller, Idempotency, Origin, answer},
};

/// A subscription that is not renewed.
#[derive(Serialize, ToSchema)]
pub(crate) struct CancelledSubscription {
    subscription: SubscriptionBody,
}

#[utoipa::path(
    post,
    path = "/api/v1/billing/subscriptions/cancel/",
    tag = "billing",
    operation_id = "cancel_subscription",
    summary = "Stop renewing the subscription",
    description = "For whoever has one, whatever role they have by now. It can be used until its end. One that is past its \
end and waits for its renewal is over at once. 404 without a subscription.",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same key is answered as the first time, with Idempotent-Replay: true", max_length = 255)),
    responses((status = 200, description = "The subscription as it is now", body = CancelledSubscription)),
    security(("bearer" = [])),
)]
pub(crate) async fn cancel_subscription(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Anyone>,
    Origin(origin): Origin,
    idempotency: Idempotency,
) -> ApiResult<Response> {
    let by = By::caller(&caller, &origin);
    let once = idempotency.once(&caller, "cancel_subscription", b"");
    let render = Arc::new(|(held, plan): (Subscription, Plan)| {
        serde_json::json!(CancelledSubscription { subscription: super::body(&held, &plan) })
    });
    let answered = subscriptions::cancel(&api.app, caller.user, &by, once, render).await?;
    Ok(answer(answered, |body| Json(body).into_response()))
}
