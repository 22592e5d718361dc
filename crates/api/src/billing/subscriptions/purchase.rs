//! `POST billing/subscriptions/purchase/`: buys a plan, or more of it, or a dearer one (D34). For patients. Honours
//! `Idempotency-Key`.

use std::sync::Arc;

use app::{
    By,
    billing::{
        Asked,
        charges::ChargeError,
        subscriptions::{self, Bought, Buy, Checkout, CheckoutError, SubscriptionError},
    },
    visits::Method,
};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{
    Violation,
    subscription::{self, MOST_MONTHS},
    text as rules,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{SubscriptionBody, pending_body};
use crate::{
    Api,
    errors::{ApiError, ApiResult, Code},
    extract::{
        Body, Caller, Fields, Idempotency, MoneyJson, Origin, Patient, answer, boolean, integer, text,
    },
};

const METHODS: &[&str] = &["wallet", "online"];

/// What to buy, and how to pay.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the wire")]
pub(crate) struct PurchaseBody {
    #[schema(example = "premium", pattern = "^[a-z0-9_-]{2,40}$")]
    plan_id: String,
    /// Calendar months.
    #[schema(example = 3, minimum = 1, maximum = 36)]
    duration_months: i64,
    /// `wallet`: at once. `online`: at the page that is answered in `payment.payment_url`.
    #[schema(value_type = String, example = "wallet", pattern = "^(wallet|online)$")]
    payment_method: Method,
    #[schema(value_type = Option<String>, example = "WINTER2024", max_length = 40)]
    discount_code: (),
    /// Whether the wallet pays another month at the end; true unless it says otherwise.
    #[schema(value_type = Option<bool>, example = true)]
    auto_renew: (),
    /// Where to pay online.
    #[schema(value_type = Option<String>, example = "sandbox")]
    gateway: (),
    /// Where the browser goes after paying online.
    #[schema(value_type = Option<String>, example = "https://helssa.ir/subscription")]
    return_url: (),
}

pub(crate) struct Purchase {
    plan: String,
    months: i64,
    method: Method,
    code: Option<String>,
    auto_renew: bool,
    gateway: Option<String>,
    return_url: Option<String>,
}

impl Body for Purchase {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let plan = |t: &str| subscription::plan_id(t).map_err(|_| Violation::NotListed);
        let plan = fields.required("plan_id", text(plan));
        let months = fields.required("duration_months", integer(1, MOST_MONTHS));
        let method = fields.required(
            "payment_method",
            text(|name| match name {
                "wallet" => Ok(Method::Wallet),
                "online" => Ok(Method::Online),
                _ => Err(Violation::Choice(METHODS)),
            }),
        );
        // an empty one is a field that was left empty
        let code = |t: &str| {
            if t.trim().is_empty() { Ok(None) } else { subscription::code(t).map(Some) }
        };
        let code = fields.optional("discount_code", text(code));
        let auto_renew = fields.optional("auto_renew", boolean);
        let gateway = fields.optional("gateway", text(|t| rules::line(t, 40)));
        let return_url = fields.optional("return_url", text(|t| rules::line(t, 2_000)));
        Some(Self {
            plan: plan?,
            months: months?,
            method: method?,
            code: code?.flatten(),
            auto_renew: auto_renew?.unwrap_or(true),
            gateway: gateway?,
            return_url: return_url?,
        })
    }
}

/// What was bought, and its price.
#[derive(Serialize, ToSchema)]
pub(crate) struct BoughtBody {
    subscription: SubscriptionBody,
    payment: PaymentBody,
}

/// `amount − discount_applied − credit_applied = total_paid`, in Rials.
#[derive(Serialize, ToSchema)]
pub(crate) struct PaymentBody {
    /// All months, less the plan's own discount.
    #[schema(example = 717_600)]
    amount: i64,
    /// What the code took.
    #[schema(example = 179_400)]
    discount_applied: i64,
    /// What the days were worth that were left of a cheaper plan.
    #[schema(example = 0)]
    credit_applied: i64,
    /// What of that was more than the price, and went to the wallet.
    #[schema(example = 0)]
    returned_to_wallet: i64,
    /// What was paid, or is to be paid online.
    #[schema(example = 538_200)]
    total_paid: i64,
    #[schema(example = "IRR")]
    currency: &'static str,
    /// `wallet` or `online`.
    #[schema(example = "wallet")]
    payment_method: &'static str,
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b")]
    transaction_id: Uuid,
    /// `completed`, or `pending`: pay at `payment_url`.
    #[schema(example = "completed")]
    status: &'static str,
    /// Where to pay, if that is still to be done.
    #[schema(example = json!(null))]
    payment_url: Option<String>,
}

fn body(bought: &Bought) -> BoughtBody {
    let purchase = &bought.purchase;
    let subscription = bought.subscription.as_ref();
    BoughtBody {
        subscription: subscription.map_or_else(
            || pending_body(purchase, &bought.plan),
            |subscription| super::body(subscription, &bought.plan),
        ),
        payment: PaymentBody {
            amount: purchase.amount.get(),
            discount_applied: purchase.discount.get(),
            credit_applied: purchase.credit.get(),
            returned_to_wallet: purchase.returned.get(),
            total_paid: purchase.total.get(),
            currency: "IRR",
            payment_method: if purchase.from_wallet { "wallet" } else { "online" },
            transaction_id: purchase.id,
            status: if subscription.is_some() { "completed" } else { "pending" },
            payment_url: None,
        },
    }
}

#[utoipa::path(
    post,
    path = "/api/v1/billing/subscriptions/purchase/",
    tag = "billing",
    operation_id = "purchase_subscription",
    summary = "Buy a plan",
    description = "The plan that the caller has is extended; a dearer one takes its place at once, and what was paid for \
the days that are left is credited. 409: DISCOUNT_INVALID (`details.reason`), INSUFFICIENT_BALANCE, CONFLICT while three \
online purchases wait for their money (pay one, or wait `Retry-After` seconds), or ILLEGAL_STATE for a plan that is not \
dearer, which can be bought from `details.not_before` on. Repeated with its key, an online purchase is answered with the \
page that is open.",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same key and body are answered as the first time, with Idempotent-Replay: true", max_length = 255)),
    request_body = PurchaseBody,
    responses((status = 200, description = "The subscription and its payment", body = BoughtBody)),
    security(("bearer" = [])),
)]
pub(crate) async fn purchase_subscription(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Patient>,
    Origin(origin): Origin,
    idempotency: Idempotency,
    sent: MoneyJson<Purchase>,
) -> ApiResult<Response> {
    let by = By::caller(&caller, &origin);
    let (value, bytes) = sent.accepted(&api, &by, caller.user, Asked::Subscription).await?;
    let (gateway, return_url) = (value.gateway, value.return_url);
    let once = idempotency.once(&caller, "purchase_subscription", &bytes);
    if value.method == Method::Online {
        // before anything is bought or redeemed
        let way = (gateway.as_deref(), return_url.as_deref());
        subscriptions::can_check_out(&api.app, &by, caller.user, once.as_ref(), way).await?;
    }
    let input = Buy {
        user: caller.user,
        plan: value.plan,
        months: value.months,
        method: value.method,
        code: value.code,
        auto_renew: value.auto_renew,
        by: by.clone(),
        once,
        render: Arc::new(|bought: Bought| serde_json::json!(body(&bought))),
    };
    let mut answered = subscriptions::purchase(&api.app, input).await?;
    if let Some(purchase) = waiting(&answered.answer) {
        let wanted = Checkout { user: caller.user, purchase, gateway, return_url };
        match subscriptions::checkout(&api.app, &wanted, by).await {
            Ok(url) => put_url(&mut answered.answer, url)?,
            // paid or given up since it was first answered, or its way is closed
            Err(
                CheckoutError::Purchase(SubscriptionError::IllegalState)
                | CheckoutError::Charge(ChargeError::ReturnUrl | ChargeError::UnknownGateway),
            ) if answered.replayed => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(answer(answered, |body| Json(body).into_response()))
}

/// The purchase that is still to be paid.
fn waiting(answer: &Value) -> Option<Uuid> {
    let payment = answer.get("payment")?;
    let is_pending = payment.get("status")?.as_str()? == "pending";
    payment.get("transaction_id")?.as_str()?.parse().ok().filter(|_| is_pending)
}

fn put_url(answer: &mut Value, url: String) -> Result<(), ApiError> {
    let place = answer.pointer_mut("/payment/payment_url").ok_or(Code::InternalError)?;
    *place = url.into();
    Ok(())
}
