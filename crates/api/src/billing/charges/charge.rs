//! `POST billing/wallet/charge/`: answers where to pay (D33). For everybody who is logged in. Honours
//! `Idempotency-Key`.

use std::sync::Arc;

use app::{
    By,
    billing::{
        Asked,
        charges::{self, GATEWAYS, LEAST, MOST, Purpose, Start, Started},
    },
};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{Rials, Violation, text as rules};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    Api,
    errors::ApiResult,
    extract::{Anyone, Body, Caller, Fields, Idempotency, MoneyJson, Origin, answer, integer, text},
    time::rfc3339,
};

const METHODS: &[&str] = &["online"];

/// How much, and where to pay it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the wire")]
pub(crate) struct ChargeBody {
    /// Whole Rials.
    #[schema(example = 1_000_000, minimum = 1_000, maximum = 500_000_000)]
    amount: i64,
    /// Only `online`.
    #[schema(value_type = Option<String>, example = "online", pattern = "^online$")]
    payment_method: (),
    /// One that is set up. In development the sandbox unless it says otherwise, else the first of them.
    #[schema(value_type = Option<String>, example = "zarinpal", pattern = "^(zarinpal|bitpay|idpay|sandbox)$")]
    gateway: (),
    /// Where the browser goes afterwards, with `transaction_id` and `status`; within the public site, or what the
    /// operators allow.
    #[schema(value_type = Option<String>, example = "https://app.helssa.ir/wallet/callback", max_length = 2_000)]
    return_url: (),
}

pub(crate) struct Charge {
    amount: Rials,
    gateway: Option<String>,
    return_url: Option<String>,
}

fn gateway(name: &str) -> Result<String, Violation> {
    if GATEWAYS.contains(&name) { Ok(name.to_owned()) } else { Err(Violation::Choice(GATEWAYS)) }
}

fn method(name: &str) -> Result<(), Violation> {
    if METHODS.contains(&name) { Ok(()) } else { Err(Violation::Choice(METHODS)) }
}

impl Body for Charge {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let amount = fields.required("amount", integer(LEAST, MOST));
        let method = fields.optional("payment_method", text(method));
        let gateway = fields.optional("gateway", text(gateway));
        let return_url = fields.optional("return_url", text(|t| rules::line(t, 2_000)));
        method?;
        Some(Self { amount: Rials::new(amount?)?, gateway: gateway?, return_url: return_url? })
    }
}

/// A payment that waits for its payer.
#[derive(Serialize, ToSchema)]
pub(crate) struct StartedBody {
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b")]
    transaction_id: Uuid,
    /// Where to pay.
    #[schema(example = "https://payment.zarinpal.com/pg/StartPay/A00000000000000000000000000217885159")]
    payment_url: String,
    #[schema(example = 1_000_000)]
    amount: i64,
    /// Pay before then.
    #[schema(example = "2024-01-20T10:30:00Z", format = "date-time")]
    expires_at: String,
}

fn body(started: Started) -> StartedBody {
    StartedBody {
        transaction_id: started.id,
        payment_url: started.pay_url,
        amount: started.amount.get(),
        expires_at: rfc3339(started.expires_at),
    }
}

#[utoipa::path(
    post,
    path = "/api/v1/billing/wallet/charge/",
    tag = "billing",
    operation_id = "charge_wallet",
    summary = "Charge the wallet",
    description = "Answers the address of the gateway's page. From there the browser comes back to this server, which asks \
the gateway, credits the wallet once, and sends the browser to `return_url`. 503 when the gateway doesn't answer: nothing \
was paid, try again.",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same key and body are answered as the first time, with Idempotent-Replay: true", max_length = 255)),
    request_body = ChargeBody,
    responses((status = 200, description = "Where to pay, and until when", body = StartedBody)),
    security(("bearer" = [])),
)]
pub(crate) async fn charge_wallet(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Anyone>,
    Origin(origin): Origin,
    idempotency: Idempotency,
    sent: MoneyJson<Charge>,
) -> ApiResult<Response> {
    let by = By::caller(&caller, &origin);
    let (value, bytes) = sent.accepted(&api, &by, caller.user, Asked::Charge).await?;
    let input = Start {
        user: caller.user,
        purpose: Purpose::Wallet,
        amount: value.amount,
        description: "شارژ کیف پول هلسا",
        gateway: value.gateway,
        return_url: value.return_url,
        by,
        once: idempotency.once(&caller, "charge_wallet", &bytes),
        render: Arc::new(|started| serde_json::json!(body(started))),
    };
    let answered = charges::start(&api.app, input).await?;
    Ok(answer(answered, |body| Json(body).into_response()))
}
