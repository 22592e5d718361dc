//! `POST patients/encounters/{id}/pay/`: pays a pending visit. For its patient alone. Honours `Idempotency-Key`.

use std::sync::Arc;

use app::{
    By, Caller as Who,
    billing::{
        Asked,
        charges::{self, GATEWAYS, PayVisit, Started},
    },
    idempotency::{Once, Render},
    visits::{self, Method, Stored},
};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{Violation, ids::VisitId, text as rules};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::{Payment, payment, payment_url};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Body, Caller, Fields, Id, Idempotency, MoneyJson, Origin, Patient, answer, text},
};

const METHODS: &[&str] = &["wallet", "online"];

/// How to pay.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the wire")]
pub(crate) struct PayBody {
    /// `wallet`: at once. `online`: at the page that is answered in `payment_url`.
    #[schema(value_type = String, example = "wallet", pattern = "^(wallet|online)$")]
    payment_method: Method,
    /// With `online`: `payment_url` is this gateway's own page, not the visit's, where one chooses.
    #[schema(value_type = Option<String>, example = "sandbox", pattern = "^(zarinpal|bitpay|idpay|sandbox)$")]
    gateway: (),
    /// With `online`: where the browser goes afterwards instead of the visit's page, with `transaction_id` and `status`;
    /// within the public site, or what the operators allow. `payment_url` is a gateway's then, too.
    #[schema(value_type = Option<String>, example = "https://helssa.ir/visits", max_length = 2_000)]
    return_url: (),
}

pub(crate) struct Pay {
    method: Method,
    gateway: Option<String>,
    return_url: Option<String>,
}

fn gateway(name: &str) -> Result<String, Violation> {
    if GATEWAYS.contains(&name) { Ok(name.to_owned()) } else { Err(Violation::Choice(GATEWAYS)) }
}

impl Body for Pay {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let method = fields.required(
            "payment_method",
            text(|name| match name {
                "wallet" => Ok(Method::Wallet),
                "online" => Ok(Method::Online),
                _ => Err(Violation::Choice(METHODS)),
            }),
        );
        let gateway = fields.optional("gateway", text(gateway));
        let return_url = fields.optional("return_url", text(|t| rules::line(t, 2_000)));
        Some(Self { method: method?, gateway: gateway?, return_url: return_url? })
    }
}

/// What paying came to.
#[derive(Serialize, ToSchema)]
pub(crate) struct PaidBody {
    /// The visit's.
    #[schema(example = "confirmed")]
    status: &'static str,
    payment: Payment,
    /// Where to pay, if that is still to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://helssa.ir/pay/7f3e4d2a-1b0c-4f5e-8d9a-6b7c8d9e0f1a")]
    payment_url: Option<String>,
}

#[utoipa::path(
    post,
    path = "/api/v1/patients/encounters/{id}/pay/",
    tag = "patients",
    operation_id = "pay_encounter",
    summary = "Pay a pending visit",
    description = "From the wallet the visit is confirmed at once. 409 when it isn't pending any more, or the wallet holds \
too little (INSUFFICIENT_BALANCE). 503 when the gateway doesn't answer: nothing was paid, try again.",
    params(
        ("id" = uuid::Uuid, Path, description = "The visit's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same key and body are answered as the first time, with Idempotent-Replay: true", max_length = 255),
    ),
    request_body = PayBody,
    responses((status = 200, description = "The visit's state and payment", body = PaidBody)),
    security(("bearer" = [])),
)]
pub(crate) async fn pay_encounter(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Patient>,
    Origin(origin): Origin,
    Id(id): Id,
    idempotency: Idempotency,
    sent: MoneyJson<Pay>,
) -> ApiResult<Response> {
    let now = api.app.clock.now();
    let by = By::caller(&caller, &origin);
    let (value, bytes) = sent.accepted(&api, &by, caller.user, Asked::Charge).await?;
    let once = idempotency.once_for(&caller, "pay_encounter", id, &bytes);
    let method = value.method;
    if method == Method::Online && (value.gateway.is_some() || value.return_url.is_some()) {
        return at_gateway(&api, &caller, by, VisitId(id), value, once).await;
    }
    let rendering = api.clone();
    let render = Arc::new(move |paid: visits::Paid| {
        serde_json::json!(PaidBody {
            status: paid.visit.status_at(now).as_str(),
            payment: payment(&rendering, &paid.visit, now),
            payment_url: paid.at_page.then(|| payment_url(&rendering, &paid.visit)),
        })
    });
    let answered = visits::pay(&api.app, &caller, &by, VisitId(id), method, once, render).await?;
    Ok(answer(answered, |body| Json(body).into_response()))
}

/// Past the visit's page, at once to where it leads.
async fn at_gateway(
    api: &Api,
    caller: &Who,
    by: By,
    visit: VisitId,
    value: Pay,
    once: Option<Once>,
) -> ApiResult<Response> {
    let (rendering, now) = (api.clone(), api.app.clock.now());
    let render: Render<(Stored, Started)> = Arc::new(move |(visit, started)| {
        serde_json::json!(PaidBody {
            status: visit.status_at(now).as_str(),
            payment: payment(&rendering, &visit, now),
            payment_url: Some(started.pay_url),
        })
    });
    let Pay { gateway, return_url, .. } = value;
    let wanted = PayVisit { patient: caller.user, visit, gateway, return_url, by, once, render };
    let answered = charges::start_own_visit(&api.app, wanted).await?;
    Ok(answer(answered, |body| Json(body).into_response()))
}
