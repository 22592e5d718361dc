//! `GET doctors/encounters/`: the visits of the doctor who asks, as a list or a calendar. For doctors alone.

use app::{
    admin::Page,
    visits::{self, ListFilter},
};
use axum::{Json, extract::State, http::Uri};
use domain::Violation;

use super::body::{DoctorEncounter, encounter};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Body, Caller, Doctor, Fields, ValidQuery, text},
    pagination::{self, PageBody},
    patients::encounters::list::span,
};

pub(crate) struct EncountersQuery {
    filter: ListFilter,
    page: Page,
}

const ORDERS: &[&str] = &["asc", "desc"];

impl Body for EncountersQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let order = fields.optional(
            "order",
            text(|name| match name {
                "asc" => Ok(true),
                "desc" => Ok(false),
                _ => Err(Violation::Choice(ORDERS)),
            }),
        );
        let (filter, page) = (span(fields), pagination::read(fields));
        Some(Self { filter: ListFilter { ascending: order?.unwrap_or(false), ..filter? }, page: page? })
    }
}

#[utoipa::path(
    get,
    path = "/api/v1/doctors/encounters/",
    tag = "doctors",
    operation_id = "list_doctor_encounters",
    summary = "List the doctor's visits",
    description = "The latest first, or as a calendar with `order=asc` and two days. Days are those of Tehran.",
    params(
        ("status" = Option<String>, Query, description = "pending, confirmed, in_progress, completed, cancelled or no_show"),
        ("from_date" = Option<String>, Query, description = "Starts on this day or later", example = "2024-01-20"),
        ("to_date" = Option<String>, Query, description = "Starts on this day or earlier", example = "2024-01-26"),
        ("order" = Option<String>, Query, description = "asc or desc"),
        ("page" = Option<i64>, Query, description = "From 1", minimum = 1),
        ("page_size" = Option<i64>, Query, description = "1 to 100", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "One page", body = PageBody<DoctorEncounter>)),
    security(("bearer" = [])),
)]
pub(crate) async fn list_doctor_encounters(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Doctor>,
    uri: Uri,
    ValidQuery(query): ValidQuery<EncountersQuery>,
) -> ApiResult<Json<PageBody<DoctorEncounter>>> {
    let now = api.app.clock.now();
    let found = visits::doctors_visits(&api.app, &caller, query.filter, query.page).await?;
    Ok(Json(pagination::body(&api, &uri, query.page, found, |visit| encounter(&api, visit, now))))
}
