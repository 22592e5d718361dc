//! `/health/`: whether this node can work, dependency by dependency; `/health/live`: whether it runs.

use std::{future::Future, time::Duration};

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Api, errors::HasOwnBody};

/// A dependency that answers later than this is down.
const PATIENCE: Duration = Duration::from_secs(2);

/// How a node is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`, `down` (a dependency is) or `draining` (the node is stopping).
    #[schema(example = "ok")]
    status: &'static str,
    #[schema(example = "0.1.0")]
    version: &'static str,
    dependencies: Dependencies,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Dependencies {
    database: Dependency,
    shared_state: Dependency,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Dependency {
    /// `ok` or `down`.
    #[schema(example = "ok")]
    status: &'static str,
    /// What it is: `sqlite`, `postgres`, `memory`, `redis`.
    #[schema(example = "sqlite")]
    kind: &'static str,
}

/// It runs.
#[derive(Serialize, ToSchema)]
pub(crate) struct Live {
    #[schema(example = "ok")]
    status: &'static str,
}

#[utoipa::path(
    get,
    path = "/health/",
    tag = "site",
    operation_id = "health",
    summary = "How this node is",
    responses(
        (status = 200, description = "It can work", body = Health),
        (status = 503, description = "A dependency is down, or the node is stopping", body = Health),
    ),
)]
pub(crate) async fn health(State(api): State<Api>) -> Response {
    let app = &api.app;
    let (database, shared_state) = tokio::join!(answers(app.ping_database()), answers(app.ping_state()));
    let (database_kind, state_kind) = app.kinds();
    let status = match (database && shared_state, *api.draining.borrow()) {
        (_, true) => "draining",
        (true, _) => "ok",
        (false, _) => "down",
    };
    let word = |up| if up { "ok" } else { "down" };
    let body = Json(Health {
        status,
        version: env!("CARGO_PKG_VERSION"),
        dependencies: Dependencies {
            database: Dependency { status: word(database), kind: database_kind },
            shared_state: Dependency { status: word(shared_state), kind: state_kind },
        },
    });
    if status == "ok" {
        return body.into_response();
    }
    let mut response = (StatusCode::SERVICE_UNAVAILABLE, body).into_response();
    response.extensions_mut().insert(HasOwnBody);
    response
}

async fn answers<E>(ping: impl Future<Output = Result<(), E>>) -> bool {
    matches!(tokio::time::timeout(PATIENCE, ping).await, Ok(Ok(())))
}

#[utoipa::path(
    get,
    path = "/health/live/",
    tag = "site",
    operation_id = "live",
    summary = "Whether this node runs",
    responses((status = 200, description = "It runs", body = Live)),
)]
pub(crate) async fn live() -> Json<Live> {
    Json(Live { status: "ok" })
}
