//! `POST billing/payouts/`: a doctor asks for money. For doctors. Honours `Idempotency-Key`.

use std::sync::Arc;

use app::{
    By,
    billing::{
        Asked,
        payouts::{self, Ask, LEAST, MOST},
    },
};
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{Rials, iban::Sheba, text as rules};
use utoipa::ToSchema;

use super::{PayoutItem, item};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Body, Caller, Doctor, Fields, Idempotency, MoneyJson, Origin, answer, integer, text},
};

/// How much, and where to.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the wire")]
pub(crate) struct RequestPayoutBody {
    /// Whole Rials; not more than the wallet holds.
    #[schema(example = 1_080_000, minimum = 1_000_000, maximum = 10_000_000_000_i64)]
    amount: i64,
    /// شماره شبا: `IR` and 24 digits, with or without `IR` and spaces.
    #[schema(example = "IR580540105180021273113007")]
    iban: String,
    /// The account's owner, as the bank knows them.
    #[schema(example = "مریم رضایی", min_length = 1, max_length = 100)]
    account_holder: String,
}

pub(crate) struct RequestPayout {
    amount: Rials,
    iban: Sheba,
    account_holder: String,
}

impl Body for RequestPayout {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let amount = fields.required("amount", integer(LEAST, MOST));
        let iban = fields.required("iban", text(Sheba::parse));
        let account_holder = fields.required("account_holder", text(|t| rules::required_line(t, 100)));
        Some(Self { amount: Rials::new(amount?)?, iban: iban?, account_holder: account_holder? })
    }
}

#[utoipa::path(
    post,
    path = "/api/v1/billing/payouts/",
    tag = "billing",
    operation_id = "request_payout",
    summary = "Ask for a payout",
    description = "The amount is blocked in the wallet until an admin decides. 409 INSUFFICIENT_BALANCE when the wallet \
holds less.",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same key and body are answered as the first time, with Idempotent-Replay: true", max_length = 255)),
    request_body = RequestPayoutBody,
    responses((status = 201, description = "The payout", body = PayoutItem)),
    security(("bearer" = [])),
)]
pub(crate) async fn request_payout(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Doctor>,
    Origin(origin): Origin,
    idempotency: Idempotency,
    sent: MoneyJson<RequestPayout>,
) -> ApiResult<Response> {
    let by = By::caller(&caller, &origin);
    let (value, bytes) = sent.accepted(&api, &by, caller.user, Asked::Payout).await?;
    let input = Ask {
        doctor: caller.user,
        amount: value.amount,
        iban: value.iban,
        account_holder: value.account_holder,
        by,
        once: idempotency.once(&caller, "request_payout", &bytes),
        render: Arc::new(|payout| serde_json::json!(item(payout))),
    };
    let answered = payouts::request(&api.app, input).await?;
    Ok(answer(answered, |payout| (StatusCode::CREATED, Json(payout)).into_response()))
}
