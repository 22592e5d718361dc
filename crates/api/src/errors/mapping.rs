//! Each use case's error as a code: the one place where that is decided.

use app::{
    AuthenticationError, Fault,
    accounts::{EndSessionError, LogOutError, RefreshError, RequestOtpError, VerifyOtpError},
    admin::{BlockError, CreateDoctorError, DoctorError, UserError},
    doctors::{PublicDoctorError, SettingsError},
    idempotency::OnceError,
    jobs::RetryJobError,
    notifications::ReadNoticeError,
    patients::ProfileError,
    prescriptions::PrescriptionError,
    slots::SlotsError,
    visits::{BookError, RateError, VisitError},
};
use domain::{Timestamp, Violation};
use serde_json::json;

use super::{ApiError, Code};

/// Seconds after which a dependency may be back.
pub(super) const DEPENDENCY_BACK: i64 = 5;

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unavailable(cause) => {
                tracing::warn!(%cause, "a dependency is unavailable");
                Self::new(Code::ServiceUnavailable).retry_after(Some(DEPENDENCY_BACK))
            }
            Fault::Internal(cause) => {
                tracing::error!(%cause, "internal error");
                Self::new(Code::InternalError)
            }
        }
    }
}

impl From<AuthenticationError> for ApiError {
    fn from(e: AuthenticationError) -> Self {
        match e {
            AuthenticationError::TokenInvalid => Code::TokenInvalid.into(),
            AuthenticationError::Fault(fault) => fault.into(),
        }
    }
}

fn blocked(retry_after: Option<i64>) -> ApiError {
    let details = retry_after.map_or_else(|| json!({}), |seconds| json!({ "retry_after": seconds }));
    ApiError::new(Code::PhoneBlocked).with(details).retry_after(retry_after)
}

impl From<RequestOtpError> for ApiError {
    fn from(e: RequestOtpError) -> Self {
        match e {
            RequestOtpError::TooMany { retry_after } => {
                Self::new(Code::RateLimited).retry_after(Some(retry_after))
            }
            RequestOtpError::PhoneBlocked { retry_after } => blocked(retry_after),
            RequestOtpError::NotDelivered => Code::OtpNotDelivered.into(),
            RequestOtpError::Fault(fault) => fault.into(),
        }
    }
}

impl From<VerifyOtpError> for ApiError {
    fn from(e: VerifyOtpError) -> Self {
        match e {
            VerifyOtpError::OtpExpired => Code::OtpExpired.into(),
            VerifyOtpError::OtpInvalid { tries_left } => {
                Self::new(Code::OtpInvalid).with(json!({ "tries_left": tries_left }))
            }
            VerifyOtpError::PhoneBlocked { retry_after } => blocked(retry_after),
            VerifyOtpError::AccountSuspended => Code::AccountSuspended.into(),
            VerifyOtpError::Fault(fault) => fault.into(),
        }
    }
}

impl From<RefreshError> for ApiError {
    fn from(e: RefreshError) -> Self {
        match e {
            RefreshError::TokenInvalid => Code::TokenInvalid.into(),
            RefreshError::Fault(fault) => fault.into(),
        }
    }
}

impl From<LogOutError> for ApiError {
    fn from(e: LogOutError) -> Self {
        match e {
            LogOutError::TokenInvalid => Code::TokenInvalid.into(),
            LogOutError::Fault(fault) => fault.into(),
        }
    }
}

impl From<EndSessionError> for ApiError {
    fn from(e: EndSessionError) -> Self {
        match e {
            EndSessionError::NotFound => Code::NotFound.into(),
            EndSessionError::Fault(fault) => fault.into(),
        }
    }
}

impl From<ProfileError> for ApiError {
    fn from(e: ProfileError) -> Self {
        match e {
            ProfileError::NotFound => Code::NotFound.into(),
            ProfileError::Fault(fault) => fault.into(),
        }
    }
}

impl From<OnceError> for ApiError {
    fn from(e: OnceError) -> Self {
        match e {
            OnceError::Mismatch => Code::KeyReused.into(),
            OnceError::StillRunning => Self::new(Code::StillRunning).retry_after(Some(1)),
            OnceError::Fault(fault) => fault.into(),
        }
    }
}

impl From<CreateDoctorError> for ApiError {
    fn from(e: CreateDoctorError) -> Self {
        match e {
            CreateDoctorError::PhoneInUse => Code::PhoneInUse.into(),
            CreateDoctorError::CouncilNumberInUse => Code::CouncilNumberInUse.into(),
            CreateDoctorError::Once(e) => e.into(),
            CreateDoctorError::Fault(fault) => fault.into(),
        }
    }
}

impl From<DoctorError> for ApiError {
    fn from(e: DoctorError) -> Self {
        match e {
            DoctorError::NotFound => Code::NotFound.into(),
            DoctorError::CouncilNumberInUse => Code::CouncilNumberInUse.into(),
            DoctorError::Conflict => Code::Conflict.into(),
            DoctorError::Fault(fault) => fault.into(),
        }
    }
}

impl From<UserError> for ApiError {
    fn from(e: UserError) -> Self {
        match e {
            UserError::NotFound => Code::NotFound.into(),
            UserError::Fault(fault) => fault.into(),
        }
    }
}

impl From<BlockError> for ApiError {
    fn from(e: BlockError) -> Self {
        match e {
            BlockError::NotFound => Code::NotFound.into(),
            BlockError::Conflict => Code::Conflict.into(),
            BlockError::Fault(fault) => fault.into(),
        }
    }
}

fn with_alternatives(code: Code, alternatives: &[Timestamp]) -> ApiError {
    let alternatives: Vec<String> = alternatives.iter().copied().map(crate::time::rfc3339).collect();
    ApiError::new(code).with(json!({ "alternatives": alternatives }))
}

impl From<BookError> for ApiError {
    fn from(e: BookError) -> Self {
        match e {
            BookError::NotFound => Code::NotFound.into(),
            BookError::DoctorUnavailable { alternatives } => {
                with_alternatives(Code::DoctorUnavailable, &alternatives)
            }
            BookError::Conflict { alternatives } => {
                with_alternatives(Code::AppointmentConflict, &alternatives)
            }
            BookError::InsuranceNotAccepted => {
                let field = "insurance_info.provider".to_owned();
                Self::fields(vec![(field, Violation::InsuranceNotAccepted)])
            }
            BookError::TooManyHolds => {
                Self::new(Code::TooManyHolds).retry_after(Some(domain::visit::HOLD.as_secs()))
            }
            BookError::IllegalState => Code::IllegalState.into(),
            BookError::Once(e) => e.into(),
            BookError::Fault(fault) => fault.into(),
        }
    }
}

impl From<VisitError> for ApiError {
    fn from(e: VisitError) -> Self {
        match e {
            VisitError::NotFound => Code::NotFound.into(),
            VisitError::IllegalState => Code::IllegalState.into(),
            VisitError::TooEarly { not_before } => {
                Self::new(Code::IllegalState).with(json!({ "not_before": crate::time::rfc3339(not_before) }))
            }
            VisitError::InsufficientBalance => Code::InsufficientBalance.into(),
            VisitError::NoPayments => Code::NoPayments.into(),
            VisitError::Once(e) => e.into(),
            VisitError::Fault(fault) => fault.into(),
        }
    }
}

impl From<RateError> for ApiError {
    fn from(e: RateError) -> Self {
        match e {
            RateError::NotFound => Code::NotFound.into(),
            RateError::IllegalState => Code::IllegalState.into(),
            RateError::Fault(fault) => fault.into(),
        }
    }
}

impl From<PrescriptionError> for ApiError {
    fn from(e: PrescriptionError) -> Self {
        match e {
            PrescriptionError::NotFound => Code::NotFound.into(),
            PrescriptionError::IllegalState => Code::IllegalState.into(),
            PrescriptionError::AlreadyWritten => Code::Conflict.into(),
            PrescriptionError::UnknownDrug { item } => {
                Self::fields(vec![(format!("items.{item}.drug_code"), Violation::NotListed)])
            }
            PrescriptionError::Once(e) => e.into(),
            PrescriptionError::Fault(fault) => fault.into(),
        }
    }
}

impl From<RetryJobError> for ApiError {
    fn from(e: RetryJobError) -> Self {
        match e {
            RetryJobError::NotFound => Code::NotFound.into(),
            RetryJobError::Conflict => Code::Conflict.into(),
            RetryJobError::Fault(fault) => fault.into(),
        }
    }
}

impl From<ReadNoticeError> for ApiError {
    fn from(e: ReadNoticeError) -> Self {
        match e {
            ReadNoticeError::NotFound => Code::NotFound.into(),
            ReadNoticeError::Fault(fault) => fault.into(),
        }
    }
}

impl From<SettingsError> for ApiError {
    fn from(e: SettingsError) -> Self {
        match e {
            SettingsError::Invalid(fields) => Self::fields(fields),
            SettingsError::UnknownInsurer => {
                Self::fields(vec![("accepted_insurances".into(), Violation::NotListed)])
            }
            SettingsError::Fault(fault) => fault.into(),
        }
    }
}

impl From<PublicDoctorError> for ApiError {
    fn from(e: PublicDoctorError) -> Self {
        match e {
            PublicDoctorError::NotFound => Code::NotFound.into(),
            PublicDoctorError::Fault(fault) => fault.into(),
        }
    }
}

impl From<SlotsError> for ApiError {
    fn from(e: SlotsError) -> Self {
        match e {
            SlotsError::NotFound => Code::NotFound.into(),
            SlotsError::Fault(fault) => fault.into(),
        }
    }
}
