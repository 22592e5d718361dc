//! `POST auth/login/otp/`: sends a one-time code. For everybody; budgets per phone and address (D12).

use app::accounts::{self, RequestOtp};
use axum::{Json, extract::State};
use domain::{Phone, otp::Channel};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api,
    errors::{ApiResult, FlatTooMany},
    extract::{Body, Fields, Origin, ValidJson, text},
};

/// A request for a code.
#[derive(ToSchema)]
pub(crate) struct RequestOtpBody {
    /// `+98912…`, `0098912…`, `98912…`, `0912…` or `912…`, in Latin, Persian or Arabic digits.
    #[schema(value_type = String, example = "+989121234567", max_length = 64)]
    phone_number: Phone,
    /// How the code is sent; `sms` unless it says otherwise.
    #[schema(value_type = Option<ChannelName>, example = "sms")]
    channel: Channel,
}

/// How a code reaches its owner.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes the wire; the value itself is the domain's")]
pub(crate) enum ChannelName {
    Sms,
    Whatsapp,
    Call,
}

impl Body for RequestOtpBody {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let phone_number = fields.required("phone_number", text(Phone::parse));
        let channel = fields.optional("channel", text(Channel::parse));
        Some(Self { phone_number: phone_number?, channel: channel?.unwrap_or(Channel::Sms) })
    }
}

/// The code is on its way.
#[derive(Serialize, ToSchema)]
pub(crate) struct OtpSent {
    #[schema(example = "کد تایید ارسال شد")]
    message: &'static str,
    /// Seconds that the code lives.
    #[schema(example = 120)]
    expires_in: i64,
    /// Seconds until another can be had.
    #[schema(example = 60)]
    resend_available_in: i64,
    #[schema(example = "0912***4567")]
    masked_phone: String,
}

#[utoipa::path(
    post,
    path = "/api/v1/auth/login/otp/",
    tag = "auth",
    operation_id = "request_otp",
    summary = "Ask for a one-time code",
    request_body = RequestOtpBody,
    responses(
        (status = 200, description = "The code is on its way", body = OtpSent),
        (status = 429, description = "Too soon after the last code, or too many codes", body = FlatTooMany),
    ),
)]
pub(crate) async fn request_otp(
    State(api): State<Api>,
    Origin(origin): Origin,
    language: crate::extract::MessageLanguage,
    ValidJson { value: body, .. }: ValidJson<RequestOtpBody>,
) -> ApiResult<Json<OtpSent>> {
    let request = RequestOtp { phone: body.phone_number, channel: body.channel, origin };
    let sent = accounts::request_otp(&api.app, request).await?;
    Ok(Json(OtpSent {
        message: language.pick("کد تایید ارسال شد", "The code was sent"),
        expires_in: sent.expires_in,
        resend_available_in: sent.resend_available_in,
        masked_phone: sent.masked_phone,
    }))
}
