//! The language of messages in successful answers (errors are put into words by the frame).

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{header::ACCEPT_LANGUAGE, request::Parts},
};

use crate::{Api, errors::Language};

pub(crate) struct MessageLanguage(Language);

impl MessageLanguage {
    pub(crate) const fn pick(&self, persian: &'static str, english: &'static str) -> &'static str {
        match self.0 {
            Language::Persian => persian,
            Language::English => english,
        }
    }
}

impl FromRequestParts<Api> for MessageLanguage {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Infallible> {
        let header = parts.headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Ok(Self(Language::of(header)))
    }
}
