//! `POST auth/verify/otp/`: exchanges a code for tokens; the first time, makes the user (D12, D14, D15).

use app::accounts::{self, VerifyOtp};
use axum::{Json, extract::State};
use domain::{Phone, Secret, otp};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    Api,
    errors::ApiResult,
    extract::{Body, Fields, Origin, ValidJson, text},
    time::rfc3339,
};

/// A guess.
#[derive(ToSchema)]
pub(crate) struct VerifyOtpBody {
    #[schema(value_type = String, example = "+989121234567", max_length = 64)]
    phone_number: Phone,
    /// Six digits, in Latin, Persian or Arabic.
    #[schema(value_type = String, example = "123456", max_length = 64)]
    otp_code: Secret<String>,
}

impl Body for VerifyOtpBody {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let phone_number = fields.required("phone_number", text(Phone::parse));
        let otp_code = fields.required("otp_code", text(otp::parse));
        Some(Self { phone_number: phone_number?, otp_code: otp_code? })
    }
}

/// A new login.
#[derive(Serialize, ToSchema)]
pub(crate) struct LoggedIn {
    /// For the `Authorization: Bearer` header.
    #[schema(example = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9...")]
    access: String,
    /// For `auth/refresh/` and `auth/logout/` alone.
    #[schema(example = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9...")]
    refresh: String,
    /// Seconds.
    #[schema(example = 3600)]
    access_expires_in: i64,
    /// Seconds.
    #[schema(example = 604_800)]
    refresh_expires_in: i64,
    user: User,
    is_new_user: bool,
}

/// Who logged in. Unset texts are empty.
#[derive(Serialize, ToSchema)]
pub(crate) struct User {
    #[schema(example = "550e8400-e29b-41d4-a716-446655440000")]
    id: Uuid,
    #[schema(example = "+989121234567")]
    phone_number: String,
    #[schema(example = "علی")]
    first_name: String,
    #[schema(example = "محمدی")]
    last_name: String,
    #[schema(example = "ali@example.com")]
    email: String,
    #[schema(value_type = crate::admin::RoleName, example = "patient")]
    role: &'static str,
    /// First and last name, national id, birth date and gender are set.
    is_profile_complete: bool,
    #[schema(example = "2024-01-15T10:30:00Z", format = "date-time")]
    created_at: String,
}

#[utoipa::path(
    post,
    path = "/api/v1/auth/verify/otp/",
    tag = "auth",
    operation_id = "verify_otp",
    summary = "Exchange a code for tokens",
    request_body = VerifyOtpBody,
    responses((status = 200, description = "Logged in", body = LoggedIn)),
)]
pub(crate) async fn verify_otp(
    State(api): State<Api>,
    Origin(origin): Origin,
    ValidJson { value: body, .. }: ValidJson<VerifyOtpBody>,
) -> ApiResult<Json<LoggedIn>> {
    let request = VerifyOtp { phone: body.phone_number, code: body.otp_code, origin };
    let login = accounts::verify_otp(&api.app, request).await?;
    let tokens = api.app.tokens.settings();
    let account = login.account;
    Ok(Json(LoggedIn {
        access: login.access.into_exposed(),
        refresh: login.refresh.into_exposed(),
        access_expires_in: tokens.access_life.as_secs(),
        refresh_expires_in: tokens.refresh_life.as_secs(),
        user: User {
            id: account.id.0,
            phone_number: account.phone.e164(),
            first_name: account.first_name,
            last_name: account.last_name,
            email: account.email,
            role: account.role.as_str(),
            is_profile_complete: login.is_profile_complete,
            created_at: rfc3339(account.created_at),
        },
        is_new_user: login.is_new_user,
    }))
}
