//! `POST admin/encounters/{id}/cancel/`: takes a visit back, also one whose doctor never came; the patient gets
//! everything back (D21). For admins. Honours `Idempotency-Key`.

use std::sync::Arc;

use app::{By, visits};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use domain::ids::VisitId;

use crate::{
    Api,
    admin::ReasonBody,
    errors::ApiResult,
    extract::{Admin, Caller, Id, Idempotency, Origin, ValidJson, answer},
    patients::encounters::cancel::{CancelledBody, body},
};

#[utoipa::path(
    post,
    path = "/api/v1/admin/encounters/{id}/cancel/",
    tag = "admin",
    operation_id = "withdraw_encounter",
    summary = "Cancel a visit for the clinic",
    description = "Pending, confirmed or in progress, also after its time. The patient gets all of it back and is told; \
the reason is sealed with the visit. A confirmed visit that nobody has begun is cancelled like this by itself, 24 hours \
after its end.",
    params(
        ("id" = uuid::Uuid, Path, description = "The visit's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same key and body are answered as the first time, with Idempotent-Replay: true", max_length = 255),
    ),
    request_body = ReasonBody,
    responses((status = 200, description = "The visit and its money", body = CancelledBody)),
    security(("bearer" = [])),
)]
pub(crate) async fn withdraw_encounter(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    Id(id): Id,
    idempotency: Idempotency,
    ValidJson { value, bytes }: ValidJson<ReasonBody>,
) -> ApiResult<Response> {
    let now = api.app.clock.now();
    let by = By::caller(&caller, &origin);
    let once = idempotency.once_for(&caller, "withdraw_encounter", id, &bytes);
    let rendering = api.clone();
    let render = Arc::new(move |cancelled| serde_json::json!(body(&rendering, cancelled, now)));
    let answered = visits::cancel_by_admin(&api.app, &by, VisitId(id), value.reason, once, render).await?;
    Ok(answer(answered, |body| Json(body).into_response()))
}
