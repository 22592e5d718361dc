//! `GET patients/encounters/`: the caller's own visits, the latest first. For patients alone.

use app::{
    admin::Page,
    visits::{self, ListFilter},
};
use axum::{Json, extract::State, http::Uri};
use domain::{Violation, days, ids::UserId, visit::Status};
use uuid::Uuid;

use super::body::{Encounter, encounter};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Body, Caller, Fields, Patient, ValidQuery, text},
    pagination::{self, PageBody},
};

pub(crate) struct EncountersQuery {
    filter: ListFilter,
    page: Page,
}

impl Body for EncountersQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let doctor = fields.optional("doctor_id", text(|t| t.parse::<Uuid>().map_err(|_| Violation::Id)));
        let (filter, page) = (span(fields), pagination::read(fields));
        Some(Self { filter: ListFilter { doctor: doctor?.map(UserId), ..filter? }, page: page? })
    }
}

/// `status`, `from_date` and `to_date`; days are Tehran's, both included, Gregorian or Jalali.
pub(crate) fn span(fields: &mut Fields<'_>) -> Option<ListFilter> {
    let status = fields.optional("status", text(Status::parse));
    let from = fields.optional("from_date", text(days::parse));
    let to = fields.optional("to_date", text(days::parse));
    let (from, to) = (from?, to?);
    if let (Some(from), Some(to)) = (from, to)
        && to < from
    {
        fields.violated("to_date", Violation::Order);
        return None;
    }
    Some(ListFilter {
        status: status?,
        from: from.map(days::tehran_midnight),
        to: to.map(|day| days::tehran_midnight(day.saturating_add(days::span_of_days(1)))),
        ..ListFilter::default()
    })
}

#[utoipa::path(
    get,
    path = "/api/v1/patients/encounters/",
    tag = "patients",
    operation_id = "list_encounters",
    summary = "List the caller's visits",
    description = "The latest first. Days are those of Tehran, Gregorian (2024-01-01) or Jalali (1402-10-11).",
    params(
        ("status" = Option<String>, Query, description = "pending, confirmed, in_progress, completed, cancelled or no_show"),
        ("from_date" = Option<String>, Query, description = "Starts on this day or later", example = "2024-01-01"),
        ("to_date" = Option<String>, Query, description = "Starts on this day or earlier", example = "2024-12-31"),
        ("doctor_id" = Option<Uuid>, Query, description = "Only visits to this doctor"),
        ("page" = Option<i64>, Query, description = "From 1", minimum = 1),
        ("page_size" = Option<i64>, Query, description = "1 to 100", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "One page", body = PageBody<Encounter>)),
    security(("bearer" = [])),
)]
pub(crate) async fn list_encounters(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Patient>,
    uri: Uri,
    ValidQuery(query): ValidQuery<EncountersQuery>,
) -> ApiResult<Json<PageBody<Encounter>>> {
    let now = api.app.clock.now();
    let found = visits::patients_visits(&api.app, &caller, query.filter, query.page).await?;
    Ok(Json(pagination::body(&api, &uri, query.page, found, |visit| encounter(&api, visit, now))))
}
