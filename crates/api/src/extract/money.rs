//! Bodies of requests that move money: what they say of the money, or of its way, is written down where it is refused.

use app::{
    By,
    billing::{self, Asked},
};
use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};
use domain::{Violation, ids::UserId};

use super::{
    Body,
    body::{Wrong, received, understood},
};
use crate::{
    Api,
    errors::{ApiError, ApiResult},
};

/// Where the money and its way are named. An amount or a currency that is no field of the request is somebody's wish for
/// another than what is asked for.
pub(super) const WATCHED: [&str; 5] = ["amount", "currency", "gateway", "return_url", "iban"];

/// A body that was read; whether it is accepted its handler asks, who knows what it is about.
pub(crate) struct MoneyJson<T> {
    understood: Result<T, Wrong>,
    bytes: Bytes,
}

impl<T: Body> FromRequest<Api> for MoneyJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        let bytes = received(request, api).await?;
        Ok(Self { understood: understood(&bytes, api)?, bytes })
    }
}

impl<T> MoneyJson<T> {
    /// The body, checked, and its bytes as they came. Refused for the sake of one of [`WATCHED`], it is audited.
    pub(crate) async fn accepted(
        self,
        api: &Api,
        by: &By,
        user: UserId,
        asked: Asked,
    ) -> ApiResult<(T, Bytes)> {
        let wrong = match self.understood {
            Ok(value) => return Ok((value, self.bytes)),
            Err(wrong) => wrong,
        };
        let fields = watched(&wrong);
        if !fields.is_empty() {
            billing::refuse(&api.app, by, user, asked, &fields).await?;
        }
        Err(ApiError::fields(wrong))
    }
}

/// Those of [`WATCHED`] that something was wrong with; what was forgotten is nobody's attempt.
fn watched(wrong: &[(String, Violation)]) -> Vec<&'static str> {
    let is_wrong = |name: &str| {
        wrong.iter().any(|(field, violation)| field == name && *violation != Violation::Required)
    };
    WATCHED.into_iter().filter(|name| is_wrong(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_down_are_names_of_ours() {
        let wrong = [
            ("iban", Violation::Iban),
            ("currency", Violation::Unknown),
            ("amount", Violation::Range(1, 2)),
            ("IR580540105180021273113007", Violation::Unknown),
            ("gateway", Violation::Required),
            ("reason", Violation::Type),
        ];
        let wrong = wrong.map(|(name, violation)| (name.to_owned(), violation));
        assert_eq!(watched(&wrong), ["amount", "currency", "iban"]);
    }
}
