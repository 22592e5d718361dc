//! `POST auth/refresh/`: a new access token. Whatever `Authorization` comes along is ignored (D15).

use app::accounts;
use axum::{Json, extract::State};
use domain::{Secret, Violation};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api,
    errors::ApiResult,
    extract::{Body, Fields, ValidJson, text},
};

/// A refresh token.
#[derive(ToSchema)]
pub(crate) struct RefreshBody {
    #[schema(value_type = String, example = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9...", max_length = 4096)]
    pub(super) refresh: Secret<String>,
}

impl Body for RefreshBody {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let token = |text: &str| {
            if text.len() > 4096 { Err(Violation::TooLong(4096)) } else { Ok(Secret::new(text.to_owned())) }
        };
        Some(Self { refresh: fields.required("refresh", text(token))? })
    }
}

/// A new access token; the refresh token stays the same.
#[derive(Serialize, ToSchema)]
pub(crate) struct Refreshed {
    #[schema(example = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9...")]
    access: String,
    /// Seconds.
    #[schema(example = 3600)]
    access_expires_in: i64,
}

#[utoipa::path(
    post,
    path = "/api/v1/auth/refresh/",
    tag = "auth",
    operation_id = "refresh_token",
    summary = "Get a new access token",
    request_body = RefreshBody,
    responses((status = 200, description = "A new access token", body = Refreshed)),
)]
pub(crate) async fn refresh_token(
    State(api): State<Api>,
    ValidJson { value: body, .. }: ValidJson<RefreshBody>,
) -> ApiResult<Json<Refreshed>> {
    let refreshed = accounts::refresh(&api.app, &body.refresh).await?;
    Ok(Json(Refreshed {
        access: refreshed.access.into_exposed(),
        access_expires_in: refreshed.access_expires_in,
    }))
}
