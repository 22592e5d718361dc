//! `POST patients/encounters/book/`: holds a doctor's free time for 15 minutes (D18–D20). For patients alone. Honours
//! `Idempotency-Key`.

use std::sync::Arc;

use app::{
    By,
    visits::{self, Book, InsuranceInfo},
};
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{Timestamp, Violation, ids::UserId, text as rules, violation::Parsed, visit::VisitType};
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::{Booking, booking};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Body, Caller, Fields, Idempotency, Origin, Patient, ValidJson, answer, boolean, text},
};

/// A wish for a visit.
#[derive(ToSchema)]
pub(crate) struct BookBody {
    doctor_id: Uuid,
    /// The start of one of the doctor's free slots, RFC 3339.
    #[schema(value_type = String, example = "2024-01-25T15:00:00Z", format = "date-time")]
    scheduled_at: Timestamp,
    #[schema(value_type = String, example = "online", pattern = "^(online|in_person)$")]
    visit_type: VisitType,
    #[schema(example = "درد قفسه سینه", min_length = 1, max_length = 300)]
    chief_complaint: String,
    #[schema(value_type = Option<String>, example = "از دو روز پیش درد خفیفی در قفسه سینه دارم", max_length = 4000)]
    description: String,
    #[schema(value_type = Option<InsuranceBody>)]
    insurance_info: Option<InsuranceInfo>,
}

/// Whether and how an insurer pays a part.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the wire")]
pub(crate) struct InsuranceBody {
    #[schema(example = true)]
    use_insurance: bool,
    /// One that the doctor accepts.
    #[schema(example = "تامین اجتماعی")]
    provider: Option<String>,
    #[schema(example = "1234567890")]
    number: Option<String>,
}

/// RFC 3339, with any offset.
pub(crate) fn moment(text: &str) -> Parsed<Timestamp> {
    text.trim().parse().map_err(|_| Violation::Moment)
}

impl Body for BookBody {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let doctor_id = fields.required("doctor_id", text(|t| t.parse::<Uuid>().map_err(|_| Violation::Id)));
        let scheduled_at = fields.required("scheduled_at", text(moment));
        let visit_type = fields.required("visit_type", text(VisitType::parse));
        let complaint = fields.required("chief_complaint", text(|t| rules::required_line(t, 300)));
        let description = fields.optional("description", text(|t| rules::block(t, 4_000)));
        let insurance = fields.object("insurance_info", insurance).flatten();
        Some(Self {
            doctor_id: doctor_id?,
            scheduled_at: scheduled_at?,
            visit_type: visit_type?,
            chief_complaint: complaint?,
            description: description?.unwrap_or_default(),
            insurance_info: insurance?,
        })
    }
}

#[expect(clippy::option_option, reason = "wrong, none, there")]
fn insurance(fields: &mut Fields<'_>) -> Option<Option<InsuranceInfo>> {
    let wanted = fields.optional("use_insurance", boolean);
    let provider = fields.optional("provider", text(|t| rules::line(t, 100)));
    let number = fields.optional("number", text(|t| rules::line(t, 40)));
    let (wanted, provider, number) = (wanted?.unwrap_or(false), provider?, number?);
    if !wanted {
        return Some(None);
    }
    let Some(provider) = provider.filter(|name| !name.is_empty()) else {
        fields.violated("provider", Violation::Required);
        return None;
    };
    Some(Some(InsuranceInfo { provider, number: number.unwrap_or_default() }))
}

#[utoipa::path(
    post,
    path = "/api/v1/patients/encounters/book/",
    tag = "patients",
    operation_id = "book_encounter",
    summary = "Book a visit",
    description = "The visit is pending and holds its time for 15 minutes; paying confirms it. One that costs the patient \
nothing is confirmed at once. 409 APPOINTMENT_CONFLICT: the doctor or the caller has another visit then; 409 \
DOCTOR_UNAVAILABLE: the doctor doesn't offer that. Both name up to three free times in `details.alternatives`.",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same key and body are answered as the first time, with Idempotent-Replay: true", max_length = 255)),
    request_body = BookBody,
    responses((status = 201, description = "The new visit", body = Booking)),
    security(("bearer" = [])),
)]
pub(crate) async fn book_encounter(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Patient>,
    Origin(origin): Origin,
    idempotency: Idempotency,
    ValidJson { value, bytes }: ValidJson<BookBody>,
) -> ApiResult<Response> {
    let now = api.app.clock.now();
    let rendering = api.clone();
    let input = Book {
        patient: caller,
        doctor: UserId(value.doctor_id),
        starts_at: value.scheduled_at,
        kind: value.visit_type,
        chief_complaint: value.chief_complaint,
        description: value.description,
        insurance: value.insurance_info,
        by: By::caller(&caller, &origin),
        once: idempotency.once(&caller, "book_encounter", &bytes),
        render: Arc::new(move |booked| serde_json::json!(booking(&rendering, booked, now))),
    };
    let answered = visits::book(&api.app, input).await?;
    Ok(answer(answered, |booking| (StatusCode::CREATED, Json(booking)).into_response()))
}
