//! `/dev/inbox/`: the messages that the development sender kept. Only where it is the sender.

use axum::{
    Json,
    extract::State,
    http::header,
    response::{Html, IntoResponse, Response},
};
use domain::Phone;
use serde::Serialize;

use crate::{
    Api,
    errors::{ApiResult, Code},
    extract::{Body, Fields, ValidQuery, text},
    time::rfc3339,
};

const PAGE: &str = include_str!("inbox.html");
const SCRIPT: &str = include_str!("inbox.js");
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; \
frame-ancestors 'none'; base-uri 'none'";

pub(crate) async fn page() -> Response {
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(PAGE)).into_response()
}

pub(crate) async fn script() -> Response {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT).into_response()
}

pub(crate) struct MessagesQuery {
    phone_number: Option<Phone>,
}

impl Body for MessagesQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { phone_number: fields.optional("phone_number", text(Phone::parse))? })
    }
}

#[derive(Serialize)]
pub(crate) struct Messages {
    results: Vec<Message>,
}

#[derive(Serialize)]
pub(crate) struct Message {
    phone_number: String,
    channel: &'static str,
    kind: &'static str,
    text: String,
    code: Option<String>,
    created_at: String,
}

pub(crate) async fn messages(
    State(api): State<Api>,
    ValidQuery(query): ValidQuery<MessagesQuery>,
) -> ApiResult<Json<Messages>> {
    let inbox = api.app.senders.inbox.as_ref().ok_or(Code::NotFound)?;
    let results = inbox
        .messages(query.phone_number.as_ref())
        .into_iter()
        .map(|message| Message {
            phone_number: message.phone.e164(),
            channel: message.channel,
            kind: message.kind,
            text: message.text,
            code: message.code,
            created_at: rfc3339(message.created_at),
        })
        .collect();
    Ok(Json(Messages { results }))
}
