//! The list of codes. Codes are stable; texts may get better.

use axum::http::StatusCode;

/// The language of messages (D3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Persian,
    English,
}

impl Language {
    /// `fa` unless `en` is preferred: the first of the two that the header names wins.
    pub fn of(accept_language: Option<&str>) -> Self {
        let first = accept_language.unwrap_or_default().split(',').find_map(|range| {
            match range.split([';', '-']).next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
                "fa" => Some(Self::Persian),
                "en" => Some(Self::English),
                _ => None,
            }
        });
        first.unwrap_or(Self::Persian)
    }

    pub const fn tag(self) -> &'static str {
        match self {
            Self::Persian => "fa",
            Self::English => "en",
        }
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident $name:literal $status:literal fa $fa:literal en $en:literal;)+) => {
        /// Every code that this API answers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $($(#[doc = $doc])+ $variant,)+ }

        impl Code {
            /// In the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            pub const fn status(self) -> StatusCode {
                let code = match self { $(Self::$variant => $status),+ };
                match StatusCode::from_u16(code) {
                    Ok(status) => status,
                    Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
                }
            }

            pub const fn message(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$variant, Language::Persian) => $fa, (Self::$variant, Language::English) => $en,)+
                }
            }

            /// When it happens and what to do; for the documentation.
            pub const fn explanation(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+)),+ }
            }
        }
    };
}

codes! {
    /// The request can't be read: broken JSON, a broken header, a wrong `Idempotency-Key`. Fix the client.
    MalformedRequest "MALFORMED_REQUEST" 400
        fa "درخواست قابل خواندن نیست" en "The request can't be read";
    /// No such API version; `details.supported_versions` lists those there are.
    UnsupportedVersion "UNSUPPORTED_VERSION" 400
        fa "این نسخه از API پشتیبانی نمی‌شود" en "This API version is not supported";
    /// No code is open for this phone: it expired, was used, or its tries are used up. Ask for another.
    OtpExpired "OTP_EXPIRED" 400
        fa "کد تایید منقضی شده است" en "The code has expired";
    /// The code is wrong; `details.tries_left` more guesses are evaluated.
    OtpInvalid "OTP_INVALID" 400
        fa "کد تایید نامعتبر است" en "The code is not valid";
    /// No access token was sent. Log in.
    NotAuthenticated "NOT_AUTHENTICATED" 401
        fa "برای این کار باید وارد شوید" en "Log in first";
    /// The token is broken, expired, of the wrong kind, or its login has ended. Refresh, or log in again.
    TokenInvalid "TOKEN_INVALID" 401
        fa "نشست شما معتبر نیست؛ دوباره وارد شوید" en "Your login is not valid any more; log in again";
    /// The caller's role may not do this.
    Forbidden "FORBIDDEN" 403
        fa "شما اجازه این کار را ندارید" en "You may not do this";
    /// An admin blocked this number, or too many wrong guesses locked it for `details.retry_after` seconds.
    PhoneBlocked "PHONE_BLOCKED" 403
        fa "شماره تلفن مسدود شده است" en "This phone number is blocked";
    /// The doctor is suspended. Talk to the clinic's admin.
    AccountSuspended "ACCOUNT_SUSPENDED" 403
        fa "حساب شما تعلیق شده است؛ با مدیر تماس بگیرید" en "Your account is suspended; contact the admin";
    /// The plan's limit is used up: `details.quota`, `details.limit`, `details.resets_on`. Wait, free some, or buy another plan.
    QuotaExceeded "QUOTA_EXCEEDED" 403
        fa "سهمیه طرح شما تمام شده است" en "Your plan's quota is used up";
    /// The subscription that allowed this has ended. Buy it again.
    SubscriptionExpired "SUBSCRIPTION_EXPIRED" 403
        fa "اشتراک شما به پایان رسیده است" en "Your subscription has expired";
    /// No such thing, or none that the caller may know of.
    NotFound "NOT_FOUND" 404
        fa "مورد درخواستی یافت نشد" en "Not found";
    /// The path exists; the method doesn't. `Allow` lists those that do.
    MethodNotAllowed "METHOD_NOT_ALLOWED" 405
        fa "این متد برای این مسیر مجاز نیست" en "This method is not allowed here";
    /// The change does not fit what is there now. Read it again.
    Conflict "CONFLICT" 409
        fa "این تغییر با وضعیت فعلی سازگار نیست" en "This change does not fit the current state";
    /// The visit's (or prescription's) state doesn't allow this; `details.not_before`, if there, says when it will.
    /// Read it again.
    IllegalState "ILLEGAL_STATE" 409
        fa "این کار در وضعیت فعلی ممکن نیست" en "This is not possible in the current state";
    /// The doctor or the patient has another visit at that time. `details.alternatives` names up to three free times.
    AppointmentConflict "APPOINTMENT_CONFLICT" 409
        fa "این زمان قبلاً رزرو شده است" en "This time is already booked";
    /// The doctor doesn't offer that time or type of visit. `details.alternatives` names up to three free times.
    DoctorUnavailable "DOCTOR_UNAVAILABLE" 409
        fa "پزشک در این زمان در دسترس نیست" en "The doctor is not available at this time";
    /// The caller holds too many times without having paid. Pay or cancel some, or wait `Retry-After` seconds.
    TooManyHolds "TOO_MANY_HOLDS" 409
        fa "رزروهای پرداخت‌نشده شما زیاد است؛ چندتا را بپردازید یا لغو کنید"
        en "You hold too many times without having paid; pay or cancel some";
    /// The wallet holds too little. Charge it, or pay online.
    InsufficientBalance "INSUFFICIENT_BALANCE" 409
        fa "موجودی کیف پول کافی نیست" en "The wallet's balance is not sufficient";
    /// The discount code can't be used; `details.reason` is `unknown`, `ended`, `not_yet`, `expired`,
    /// `other_plan`, `used_up` or `used_before`.
    DiscountInvalid "DISCOUNT_INVALID" 409
        fa "این کد تخفیف قابل استفاده نیست" en "This discount code can't be used";
    /// The phone number belongs to a doctor, a member of staff or an admin already.
    PhoneInUse "PHONE_IN_USE" 409
        fa "این شماره تلفن پیش‌تر ثبت شده است" en "This phone number is in use";
    /// Another doctor has this medical council number.
    CouncilNumberInUse "COUNCIL_NUMBER_IN_USE" 409
        fa "این شماره نظام پزشکی پیش‌تر ثبت شده است" en "This medical council number is in use";
    /// The first request with this `Idempotency-Key` is still running. Ask again after `Retry-After` seconds.
    StillRunning "REQUEST_IN_PROGRESS" 409
        fa "درخواست نخست با این کلید هنوز در حال انجام است" en "The first request with this key is still running";
    /// The body (or file) is larger than `details.max_bytes`.
    FileTooLarge "FILE_TOO_LARGE" 413
        fa "حجم فایل بیش از حد مجاز" en "The body is too large";
    /// The body's type is not one that this endpoint takes; JSON wants `Content-Type: application/json`.
    UnsupportedFormat "UNSUPPORTED_FORMAT" 415
        fa "فرمت فایل پشتیبانی نمی‌شود" en "This format is not supported";
    /// `details.field_errors` tells what is wrong with which field.
    ValidationError "VALIDATION_ERROR" 422
        fa "اطلاعات ارسالی معتبر نیست" en "The data sent is not valid";
    /// The `Idempotency-Key` was used with another body. Use a new key.
    KeyReused "IDEMPOTENCY_KEY_REUSED" 422
        fa "این کلید برای درخواست دیگری استفاده شده است" en "This key was used for another request";
    /// Too many requests. Wait `Retry-After` seconds.
    RateLimited "RATE_LIMITED" 429
        fa "تعداد درخواست‌ها بیش از حد مجاز است" en "Too many requests";
    /// Too many headers, or too large ones. Fix the client.
    HeadersTooLarge "HEADERS_TOO_LARGE" 431
        fa "سرآیندهای درخواست بیش از حد بزرگ‌اند" en "The request's headers are too large";
    /// A defect on our side; `request_id` helps us find it. Trying again may not help.
    InternalError "INTERNAL_ERROR" 500
        fa "خطای داخلی سرور" en "Internal server error";
    /// No code was sent, and none of the number's budget was spent. Try again, or use another channel.
    OtpNotDelivered "OTP_NOT_DELIVERED" 503
        fa "ارسال کد ممکن نشد؛ دوباره تلاش کنید یا روش دیگری برگزینید"
        en "The code could not be sent; try again or use another channel";
    /// This server is not set up to take payments. Talk to the clinic.
    NoPayments "PAYMENTS_UNAVAILABLE" 503
        fa "پرداخت در حال حاضر ممکن نیست" en "Payments are not possible now";
    /// The gateway gave no address to pay at; nothing was paid. Try again, or another gateway.
    GatewayUnavailable "GATEWAY_UNAVAILABLE" 503
        fa "درگاه پرداخت پاسخ نمی‌دهد؛ دوباره تلاش کنید یا درگاه دیگری برگزینید"
        en "The payment gateway does not answer; try again or choose another";
    /// A dependency is down, or the request took too long. Try again after `Retry-After` seconds.
    ServiceUnavailable "SERVICE_UNAVAILABLE" 503
        fa "سرویس موقتاً در دسترس نیست" en "The service is temporarily unavailable";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_texts_are_there() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
        for code in Code::ALL {
            assert!(code.status().as_u16() >= 400);
            assert!(
                !code.message(Language::English).is_empty() && !code.message(Language::Persian).is_empty()
            );
        }
    }

    #[test]
    fn persian_unless_english_is_named_first() {
        for (header, language) in [
            (None, Language::Persian),
            (Some("en"), Language::English),
            (Some("en-US,fa;q=0.5"), Language::English),
            (Some("fa-IR, en"), Language::Persian),
            (Some("de, EN"), Language::English),
            (Some("de"), Language::Persian),
            (Some(";;,"), Language::Persian),
        ] {
            assert_eq!(Language::of(header), language, "{header:?}");
        }
    }
}
