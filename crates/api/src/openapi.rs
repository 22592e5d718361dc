//! The OpenAPI document, made from the handlers' own types, and what all operations have in common.

use serde_json::json;
use utoipa::{
    OpenApi, PartialSchema,
    openapi::{
        self, Content, HeaderBuilder, Ref, RefOr, ResponseBuilder,
        path::Operation,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    Api, admin, auth, billing, doctors,
    errors::{Code, EnvelopeBody, ErrorBody, FlatTooMany},
    notifications, patients, reference, site,
};

const DESCRIPTION: &str = "The API of HELSSA, a telemedicine platform for Persian-speaking patients and doctors. \
Every path is also served under `/v1/…` and with or without its last slash. Errors have one envelope and \
stable codes; messages are Persian, or English with `Accept-Language: en`. Moments are RFC 3339 UTC, \
calendar days are Jalali `YYYY-MM-DD`, money is whole Rials.";

#[derive(OpenApi)]
#[openapi(
    info(title = "HELSSA API", license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")),
    components(schemas(EnvelopeBody, ErrorBody, FlatTooMany)),
    tags(
        (name = "auth", description = "Logging in with a phone number"),
        (name = "patients", description = "What patients do with their own data"),
        (name = "doctors", description = "What doctors do: practice, visits, prescriptions"),
        (name = "billing", description = "Money: wallet, charges, subscriptions, invoices, payouts"),
        (name = "notifications", description = "What users are told"),
        (name = "reference", description = "What can be chosen from"),
        (name = "admin", description = "What staff and admins do"),
        (name = "site", description = "Around the API"),
    ),
)]
struct Document;

/// Every documented route.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(auth::routes())
        .merge(patients::routes())
        .merge(doctors::routes())
        .merge(billing::routes())
        .merge(notifications::routes())
        .merge(reference::routes())
        .merge(admin::routes())
        .merge(site::documented_routes())
}

/// The whole document; `server`: where the API is, without a slash at its end.
pub fn document(server: &str) -> openapi::OpenApi {
    let mut document = routes().into_openapi();
    document.info.version = env!("CARGO_PKG_VERSION").into();
    document.info.description = Some(DESCRIPTION.to_owned());
    document.servers = Some(vec![openapi::Server::new(server)]);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    if let Some(components) = &mut document.components {
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    }
    for (path, item) in &mut document.paths.paths {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            complete(operation, path);
        }
    }
    document
}

/// Operations that change something without being sent anything.
const CHANGE_WITHOUT_BODY: [&str; 13] = [
    "unblock_user",
    "reinstate_doctor",
    "retry_job",
    "start_encounter",
    "complete_encounter",
    "miss_encounter",
    "quote_cancellation",
    "sign_prescription",
    "mark_notification_read",
    "cancel_payout",
    "approve_payout",
    "mark_payout_paid",
    "create_payout_batch",
];

/// Adds the errors that every operation of its kind can answer, each with an example of its code.
fn complete(operation: &mut Operation, path: &str) {
    let is_api = path.starts_with("/api/v1/");
    let is_private = operation.security.is_some();
    let has_body = operation.request_body.is_some();
    let parameters = || operation.parameters.iter().flatten();
    let has_query =
        parameters().any(|p| matches!(p, RefOr::T(p) if p.parameter_in == openapi::path::ParameterIn::Query));
    let has_key = parameters().any(|p| matches!(p, RefOr::T(p) if p.name == "Idempotency-Key"));
    let has_id = path.contains('{');
    let changes =
        has_body || CHANGE_WITHOUT_BODY.contains(&operation.operation_id.as_deref().unwrap_or_default());
    let mut add = |code: Code, when: bool| {
        let status = code.status().as_str().to_owned();
        if when && !operation.responses.responses.contains_key(&status) {
            operation.responses.responses.insert(status, RefOr::T(error(code)));
        }
    };
    let is_login = path.ends_with("/otp/");
    add(Code::OtpExpired, path.ends_with("/verify/otp/"));
    add(Code::MalformedRequest, is_api);
    add(Code::TokenInvalid, is_private || path.ends_with("/auth/refresh/"));
    add(Code::Forbidden, is_private);
    add(Code::PhoneBlocked, is_login);
    let names_others = path.ends_with("/book/") || path.ends_with("/admin/encounters/");
    // what is the caller's own, and may not be there
    let may_be_missing = path.ends_with("/profile/") || path.ends_with("/subscriptions/cancel/");
    add(Code::NotFound, has_id || names_others || may_be_missing);
    let has_states = ["/encounters/", "/prescriptions/", "/billing/"].iter().any(|part| path.contains(part));
    add(Code::Conflict, is_private && changes && path.contains("/admin/"));
    add(Code::IllegalState, is_private && changes && (has_states || path.contains("/payouts/")));
    add(Code::StillRunning, has_key);
    add(Code::FileTooLarge, has_body);
    add(Code::UnsupportedFormat, has_body);
    add(Code::ValidationError, has_body || has_query);
    add(Code::KeyReused, has_key);
    add(Code::RateLimited, is_api);
    add(Code::HeadersTooLarge, is_api);
    add(Code::InternalError, is_api);
    add(Code::ServiceUnavailable, is_api);
    if is_api {
        let statuses = operation.responses.responses.values_mut();
        for response in statuses {
            if let RefOr::T(response) = response {
                rate_headers(response);
            }
        }
    }
}

fn rate_headers(response: &mut openapi::Response) {
    for (name, description) in [
        ("X-Request-ID", "The request's id: the caller's own, if it was sane"),
        ("X-RateLimit-Limit", "Requests in this hour"),
        ("X-RateLimit-Remaining", "Of them left"),
        ("X-RateLimit-Reset", "When the hour ends, seconds since 1970 UTC"),
    ] {
        let schema = if name == "X-Request-ID" { String::schema() } else { i64::schema() };
        let header = HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build();
        response.headers.insert(name.to_owned(), RefOr::T(header));
    }
}

fn error(code: Code) -> openapi::Response {
    let example = json!({
        "error": {
            "code": code.as_str(),
            "message": code.message(crate::errors::Language::Persian),
            "details": {},
            "request_id": "req_3f9a1c0b7e52d8460a1b",
            "timestamp": "2024-01-20T10:30:00Z",
        }
    });
    let content = Content::builder()
        .schema(Some(RefOr::Ref(Ref::from_schema_name("EnvelopeBody"))))
        .example(Some(example))
        .build();
    ResponseBuilder::new().description(code.explanation().trim()).content("application/json", content).build()
}
