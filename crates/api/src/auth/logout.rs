//! `POST auth/logout/`: ends the login of a refresh token of the caller's (D15).

use app::accounts;
use axum::{extract::State, http::StatusCode};

use super::refresh::RefreshBody;
use crate::{
    Api,
    errors::ApiResult,
    extract::{Anyone, Caller, Origin, ValidJson},
};

#[utoipa::path(
    post,
    path = "/api/v1/auth/logout/",
    tag = "auth",
    operation_id = "log_out",
    summary = "End this login",
    description = "Both tokens stop working on every node within a second. The answer has no body: HTTP forbids one with 204.",
    request_body = RefreshBody,
    responses((status = 204, description = "Logged out")),
    security(("bearer" = [])),
)]
pub(crate) async fn log_out(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Anyone>,
    Origin(origin): Origin,
    ValidJson { value: body, .. }: ValidJson<RefreshBody>,
) -> ApiResult<StatusCode> {
    accounts::log_out(&api.app, &caller, &body.refresh, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}
