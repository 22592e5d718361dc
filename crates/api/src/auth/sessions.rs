//! `GET auth/sessions/` and `DELETE auth/sessions/{id}/`: the caller's own logins.

use app::accounts;
use axum::{Json, extract::State, http::StatusCode};
use domain::ids::SessionId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    Api,
    errors::ApiResult,
    extract::{Anyone, Caller, Id, Origin},
    time::rfc3339,
};

/// The caller's live logins, newest first (the newest 100).
#[derive(Serialize, ToSchema)]
pub(crate) struct Sessions {
    results: Vec<Session>,
}

/// One login on one device.
#[derive(Serialize, ToSchema)]
pub(crate) struct Session {
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b")]
    id: Uuid,
    #[schema(example = "2024-01-20T10:30:00Z", format = "date-time")]
    created_at: String,
    /// When its refresh token was last used.
    #[schema(example = "2024-01-20T10:30:00Z", format = "date-time")]
    last_used_at: String,
    #[schema(example = "2024-01-27T10:30:00Z", format = "date-time")]
    expires_at: String,
    #[schema(example = "HELSSA-Android/1.0.0")]
    user_agent: String,
    #[schema(example = "203.0.113.9")]
    ip_address: String,
    /// The login that this request was made with.
    is_current: bool,
}

#[utoipa::path(
    get,
    path = "/api/v1/auth/sessions/",
    tag = "auth",
    operation_id = "list_sessions",
    summary = "List the caller's logins",
    responses((status = 200, description = "Live logins, newest first", body = Sessions)),
    security(("bearer" = [])),
)]
pub(crate) async fn list_sessions(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Anyone>,
) -> ApiResult<Json<Sessions>> {
    let sessions = accounts::sessions(&api.app, &caller).await?;
    let results = sessions
        .into_iter()
        .map(|session| Session {
            id: session.id.0,
            created_at: rfc3339(session.created_at),
            last_used_at: rfc3339(session.last_used_at),
            expires_at: rfc3339(session.expires_at),
            user_agent: session.user_agent,
            ip_address: session.address,
            is_current: session.id == caller.session,
        })
        .collect();
    Ok(Json(Sessions { results }))
}

#[utoipa::path(
    delete,
    path = "/api/v1/auth/sessions/{id}/",
    tag = "auth",
    operation_id = "end_session",
    summary = "End one of the caller's logins",
    params(("id" = Uuid, Path, description = "Of one of the caller's live logins")),
    responses((status = 204, description = "Ended, on every node within a second")),
    security(("bearer" = [])),
)]
pub(crate) async fn end_session(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Anyone>,
    Origin(origin): Origin,
    Id(id): Id,
) -> ApiResult<StatusCode> {
    accounts::end_session(&api.app, &caller, SessionId(id), &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}
