//! The errors of billing as codes.

use app::billing::{
    charges::ChargeError,
    discounts::{CreateCodeError, EndCodeError},
    invoices::InvoiceError,
    payouts::PayoutError,
    quotas::QuotaError,
    refunds::{EndRefundError, RefundError},
    subscriptions::{CheckoutError, SavePlanError, SubscriptionError},
};
use domain::Violation;
use serde_json::json;

use super::{ApiError, Code, mapping::DEPENDENCY_BACK};

impl From<ChargeError> for ApiError {
    fn from(e: ChargeError) -> Self {
        match e {
            ChargeError::NotFound => Code::NotFound.into(),
            ChargeError::IllegalState => Code::IllegalState.into(),
            ChargeError::ReturnUrl => Self::fields(vec![("return_url".into(), Violation::NotListed)]),
            ChargeError::UnknownGateway => Self::fields(vec![("gateway".into(), Violation::NotListed)]),
            ChargeError::NoPayments => Code::NoPayments.into(),
            ChargeError::GatewayUnavailable => {
                Self::new(Code::GatewayUnavailable).retry_after(Some(DEPENDENCY_BACK))
            }
            ChargeError::Once(e) => e.into(),
            ChargeError::Fault(fault) => fault.into(),
        }
    }
}

impl From<RefundError> for ApiError {
    fn from(e: RefundError) -> Self {
        match e {
            RefundError::NotFound => Code::NotFound.into(),
            RefundError::UnknownAuthority => Self::fields(vec![("authority".into(), Violation::NotListed)]),
            RefundError::IllegalState => Code::IllegalState.into(),
            RefundError::TooMuch { left } => {
                Self::new(Code::IllegalState).with(json!({ "refundable_amount": left.get() }))
            }
            RefundError::InsufficientBalance => Code::InsufficientBalance.into(),
            RefundError::Once(e) => e.into(),
            RefundError::Fault(fault) => fault.into(),
        }
    }
}

impl From<EndRefundError> for ApiError {
    fn from(e: EndRefundError) -> Self {
        match e {
            EndRefundError::NotFound => Code::NotFound.into(),
            EndRefundError::IllegalState => Code::IllegalState.into(),
            EndRefundError::TooEarly { attempts, check_at } => Self::new(Code::IllegalState).with(json!({
                "attempts": attempts,
                "next_check_at": check_at.map(crate::time::rfc3339),
            })),
            EndRefundError::Once(e) => e.into(),
            EndRefundError::Fault(fault) => fault.into(),
        }
    }
}

impl From<SubscriptionError> for ApiError {
    fn from(e: SubscriptionError) -> Self {
        match e {
            SubscriptionError::UnknownPlan => Self::fields(vec![("plan_id".into(), Violation::NotListed)]),
            SubscriptionError::NotFound => Code::NotFound.into(),
            SubscriptionError::Cheaper { not_before } => {
                Self::new(Code::IllegalState).with(json!({ "not_before": crate::time::rfc3339(not_before) }))
            }
            SubscriptionError::IllegalState => Code::IllegalState.into(),
            SubscriptionError::Discount(reason) => {
                Self::new(Code::DiscountInvalid).with(json!({ "reason": reason.as_str() }))
            }
            SubscriptionError::TooManyOrders => {
                Self::new(Code::Conflict).retry_after(Some(domain::subscription::PENDING.as_secs()))
            }
            SubscriptionError::NoPayments => Code::NoPayments.into(),
            SubscriptionError::InsufficientBalance => Code::InsufficientBalance.into(),
            SubscriptionError::Once(e) => e.into(),
            SubscriptionError::Fault(fault) => fault.into(),
        }
    }
}

impl From<CheckoutError> for ApiError {
    fn from(e: CheckoutError) -> Self {
        match e {
            CheckoutError::Purchase(e) => e.into(),
            CheckoutError::Charge(e) => e.into(),
        }
    }
}

impl From<SavePlanError> for ApiError {
    fn from(e: SavePlanError) -> Self {
        match e {
            SavePlanError::Price => Self::fields(vec![("price".into(), Violation::Range(0, 1_000_000_000))]),
            SavePlanError::Fault(fault) => fault.into(),
        }
    }
}

impl From<CreateCodeError> for ApiError {
    fn from(e: CreateCodeError) -> Self {
        match e {
            CreateCodeError::Taken => Code::Conflict.into(),
            CreateCodeError::UnknownPlan => Self::fields(vec![("plan_id".into(), Violation::NotListed)]),
            CreateCodeError::Fault(fault) => fault.into(),
        }
    }
}

impl From<EndCodeError> for ApiError {
    fn from(e: EndCodeError) -> Self {
        match e {
            EndCodeError::NotFound => Code::NotFound.into(),
            EndCodeError::Conflict => Code::Conflict.into(),
            EndCodeError::Fault(fault) => fault.into(),
        }
    }
}

impl From<QuotaError> for ApiError {
    fn from(e: QuotaError) -> Self {
        match e {
            QuotaError::Exceeded { quota, limit, resets_on } => Self::new(Code::QuotaExceeded).with(json!({
                "quota": quota.as_str(),
                "limit": limit,
                "resets_on": resets_on.map(|day| day.to_string()),
            })),
            QuotaError::SubscriptionExpired => Code::SubscriptionExpired.into(),
            QuotaError::Fault(fault) => fault.into(),
        }
    }
}

impl From<PayoutError> for ApiError {
    fn from(e: PayoutError) -> Self {
        match e {
            PayoutError::NotFound => Code::NotFound.into(),
            PayoutError::IllegalState => Code::IllegalState.into(),
            PayoutError::InsufficientBalance => Code::InsufficientBalance.into(),
            PayoutError::NothingApproved => Code::Conflict.into(),
            PayoutError::Once(e) => e.into(),
            PayoutError::Fault(fault) => fault.into(),
        }
    }
}

impl From<InvoiceError> for ApiError {
    fn from(e: InvoiceError) -> Self {
        match e {
            InvoiceError::NotFound => Code::NotFound.into(),
            InvoiceError::Fault(fault) => fault.into(),
        }
    }
}
