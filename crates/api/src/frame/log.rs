//! One wide line per request, and its metrics. Never phone numbers, tokens, codes, bodies, query strings.

use std::{cell::RefCell, collections::HashMap, time::Duration};

use app::{Caller, usage::Usage};
use axum::http::Method;
use metrics::{Counter, Histogram, counter, histogram};

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
    let millis = |time: Duration| (time.as_secs_f64() * 1e6).round() / 1e3;
    tracing::info!(
        target: "request",
        request_id = line.request_id,
        method = line.method.as_str(),
        route = line.route,
        status = line.status,
        code = line.code,
        caller = line.caller.map(|Who(caller)| caller.role.as_str()),
        caller_id = line.caller.map(|Who(caller)| tracing::field::display(caller.user)),
        ms = millis(line.time),
        db_ms = millis(line.used.time()),
        statements = line.used.statements(),
    );
    METERS.with_borrow_mut(|meters| meters.count(line));
}

thread_local! {
    /// Finding a meter by its labels costs more than the meter.
    static METERS: RefCell<Meters> = RefCell::default();
}

#[derive(Default)]
struct Meters {
    statements: Option<Counter>,
    routes: HashMap<String, RouteMeters>,
}

struct RouteMeters {
    requests: HashMap<(&'static str, u16), Counter>,
    duration: Histogram,
    database: Histogram,
}

impl Meters {
    fn count(&mut self, line: &Line<'_>) {
        let statements = self.statements.get_or_insert_with(|| counter!("db_statements_total"));
        statements.increment(line.used.statements().into());
        if !self.routes.contains_key(line.route) {
            self.routes.insert(line.route.to_owned(), RouteMeters::of(line.route));
        }
        if let Some(route) = self.routes.get_mut(line.route) {
            route.count(line);
        }
    }
}

impl RouteMeters {
    fn of(route: &str) -> Self {
        Self {
            requests: HashMap::new(),
            duration: histogram!("http_request_duration_seconds", "route" => route.to_owned()),
            database: histogram!("http_request_db_seconds", "route" => route.to_owned()),
        }
    }

    fn count(&mut self, line: &Line<'_>) {
        let (method, status) = (known(line.method), line.status);
        let requests = self.requests.entry((method, status)).or_insert_with(|| {
            let (route, status) = (line.route.to_owned(), status.to_string());
            counter!("http_requests_total", "method" => method, "route" => route, "status" => status)
        });
        requests.increment(1);
        self.duration.record(line.time.as_secs_f64());
        self.database.record(line.used.time().as_secs_f64());
    }
}

/// A client may make methods up; a metric's label may not be.
fn known(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}
