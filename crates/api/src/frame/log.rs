//! One wide line per request, and its metrics. Never phone numbers, tokens, codes, bodies, query strings.

use std::time::Duration;

use app::{Caller, usage::Usage};
use axum::http::Method;
use metrics::{counter, histogram};

/// Who asked, for the line.
#[derive(Clone, Copy)]
pub(super) struct Who(pub(super) Caller);

pub(super) struct Line<'a> {
    pub(super) request_id: &'a str,
    pub(super) method: &'a Method,
    /// The route's pattern, never the path itself.
    pub(super) route: &'a str,
    pub(super) status: u16,
    pub(super) code: Option<&'static str>,
    pub(super) caller: Option<Who>,
    pub(super) time: Duration,
    pub(super) used: &'a Usage,
}

pub(super) fn write(line: &Line<'_>) {
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    tracing::info!(
        target: "request",
        request_id = line.request_id,
        method = %line.method,
        route = line.route,
        status = line.status,
        code = line.code,
        caller = line.caller.map(|Who(caller)| caller.role.as_str()),
        caller_id = line.caller.map(|Who(caller)| tracing::field::display(caller.user)),
        ms = millis(line.time),
        db_ms = millis(line.used.time()),
        statements = line.used.statements(),
    );
    let method = match line.method.as_str() {
        known @ ("GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS") => known.to_owned(),
        _ => "other".to_owned(),
    };
    let route = line.route.to_owned();
    counter!("http_requests_total", "method" => method, "route" => route.clone(), "status" => line.status.to_string())
        .increment(1);
    histogram!("http_request_duration_seconds", "route" => route.clone()).record(line.time.as_secs_f64());
    histogram!("http_request_db_seconds", "route" => route).record(line.used.time().as_secs_f64());
    counter!("db_statements_total").increment(line.used.statements().into());
}
