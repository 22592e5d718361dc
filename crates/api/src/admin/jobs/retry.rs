//! `POST admin/jobs/{id}/retry/`: queues a dead job again. For admins; audited.

use app::{By, jobs};
use axum::{Json, extract::State};
use domain::ids::JobId;

use super::{JobItem, body};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Admin, Caller, Id, Origin},
};

#[utoipa::path(
    post,
    path = "/api/v1/admin/jobs/{id}/retry/",
    tag = "admin",
    operation_id = "retry_job",
    summary = "Queue a dead job again",
    description = "It runs at once, with all its attempts. 409 when it is not dead.",
    params(("id" = uuid::Uuid, Path, description = "The job's id")),
    responses((status = 200, description = "The job as it is now", body = JobItem)),
    security(("bearer" = [])),
)]
pub(crate) async fn retry_job(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    Id(id): Id,
) -> ApiResult<Json<JobItem>> {
    let by = By::caller(&caller, &origin);
    Ok(Json(body(jobs::retry(&api.app, &by, JobId(id)).await?)))
}
