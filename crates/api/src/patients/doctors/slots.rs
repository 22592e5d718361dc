//! `GET patients/doctors/{id}/slots/`: when a doctor can be booked (D18). For whoever is logged in. 404 for a
//! doctor who is suspended or has set nothing yet.

use app::slots;
use axum::{Json, extract::State};
use domain::{Date, SignedDuration, Violation, days, ids::UserId, schedule::Slot, visit::VisitType};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api,
    errors::ApiResult,
    extract::{Anyone, Body, Caller, Fields, Id, ValidQuery, text},
    time::rfc3339,
};

/// From the first day to the last.
const MOST_DAYS: i64 = 60;
/// Days after the first that are listed unless it says otherwise.
const WEEK: SignedDuration = SignedDuration::from_hours(6 * 24);

pub(crate) struct SlotsQuery {
    from: Date,
    to: Date,
    kind: Option<VisitType>,
}

impl Body for SlotsQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let from = fields.optional("from", text(days::parse));
        let to = fields.optional("to", text(days::parse));
        let kind = fields.optional("visit_type", text(VisitType::parse));
        let from = from?.unwrap_or_else(|| days::tehran_today(fields.now()));
        let to = to?.unwrap_or_else(|| from.saturating_add(WEEK));
        if to < from {
            fields.violated("to", Violation::Order);
        } else if to.duration_since(from).as_hours() > MOST_DAYS * 24 {
            fields.violated("to", Violation::TooManyDays(MOST_DAYS));
        }
        Some(Self { from, to, kind: kind? })
    }
}

/// Free slots, in order.
#[derive(Serialize, ToSchema)]
pub(crate) struct FreeSlots {
    results: Vec<FreeSlot>,
}

/// A time that can be booked.
#[derive(Serialize, ToSchema)]
pub(crate) struct FreeSlot {
    #[schema(example = "2024-01-25T15:00:00Z", format = "date-time")]
    start: String,
    #[schema(example = "2024-01-25T15:20:00Z", format = "date-time")]
    end: String,
}

fn body(slot: Slot) -> FreeSlot {
    FreeSlot { start: rfc3339(slot.start), end: rfc3339(slot.end) }
}

#[utoipa::path(
    get,
    path = "/api/v1/patients/doctors/{id}/slots/",
    tag = "patients",
    operation_id = "list_slots",
    summary = "List a doctor's free slots",
    description = "From half an hour to 60 days ahead. None where the doctor does not take that visit type.",
    params(
        ("id" = uuid::Uuid, Path, description = "The doctor's id"),
        ("from" = Option<String>, Query, description = "The first day in Tehran: Jalali YYYY-MM-DD, a year from 1700 on is Gregorian; today unless it says otherwise", example = "2026-01-01"),
        ("to" = Option<String>, Query, description = "The last day, at most 60 days later; 6 days later unless it says otherwise", example = "2026-01-07"),
        ("visit_type" = Option<String>, Query, description = "Only slots for this type", pattern = "^(online|in_person)$", example = "online"),
    ),
    responses((status = 200, description = "The free slots, in order", body = FreeSlots)),
    security(("bearer" = [])),
)]
pub(crate) async fn list_slots(
    State(api): State<Api>,
    Caller { .. }: Caller<Anyone>,
    Id(id): Id,
    ValidQuery(query): ValidQuery<SlotsQuery>,
) -> ApiResult<Json<FreeSlots>> {
    let slots = slots::free_slots(&api.app, UserId(id), query.from, query.to, query.kind).await?;
    Ok(Json(FreeSlots { results: slots.into_iter().map(body).collect() }))
}
