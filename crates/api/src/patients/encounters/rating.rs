//! `POST patients/encounters/{id}/rating/`: rates a completed visit, once (D26). For its patient alone.
//! `GET patients/doctors/{id}/ratings/`: what patients said about a doctor.

use app::{
    By,
    admin::Page,
    visits::{self, Rating},
};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, Uri},
};
use domain::{
    ids::{UserId, VisitId},
    text as rules,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    Api,
    errors::ApiResult,
    extract::{Anyone, Body, Caller, Fields, Id, Origin, Patient, ValidJson, ValidQuery, integer, text},
    pagination::{self, PageBody},
    time::rfc3339,
};

#[derive(ToSchema)]
pub(crate) struct RatingBody {
    /// 1 to 5.
    #[schema(example = 5, minimum = 1, maximum = 5)]
    score: i64,
    #[schema(value_type = Option<String>, example = "بسیار باحوصله بودند", max_length = 1000)]
    comment: String,
}

impl Body for RatingBody {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let score = fields.required("score", integer(1, 5));
        let comment = fields.optional("comment", text(|t| rules::block(t, 1_000)));
        Some(Self { score: score?, comment: comment?.unwrap_or_default() })
    }
}

/// A patient's own rating.
#[derive(Serialize, ToSchema)]
pub(crate) struct RatedBody {
    encounter_id: Uuid,
    doctor_id: Uuid,
    #[schema(example = 5)]
    score: i64,
    #[schema(example = "بسیار باحوصله بودند")]
    comment: String,
    #[schema(example = "2024-01-26T10:30:00Z", format = "date-time")]
    created_at: String,
}

#[utoipa::path(
    post,
    path = "/api/v1/patients/encounters/{id}/rating/",
    tag = "patients",
    operation_id = "rate_encounter",
    summary = "Rate a completed visit",
    description = "Once. 409 when it isn't completed, or was rated already.",
    params(("id" = uuid::Uuid, Path, description = "The visit's id")),
    request_body = RatingBody,
    responses((status = 201, description = "The rating", body = RatedBody)),
    security(("bearer" = [])),
)]
pub(crate) async fn rate_encounter(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Patient>,
    Origin(origin): Origin,
    Id(id): Id,
    ValidJson { value, .. }: ValidJson<RatingBody>,
) -> ApiResult<(StatusCode, Json<RatedBody>)> {
    let by = By::caller(&caller, &origin);
    let rating = visits::rate(&api.app, &caller, &by, VisitId(id), value.score, value.comment).await?;
    let body = RatedBody {
        encounter_id: rating.visit.0,
        doctor_id: rating.doctor.0,
        score: rating.score,
        created_at: rfc3339(rating.created_at),
        comment: rating.comment,
    };
    Ok((StatusCode::CREATED, Json(body)))
}

/// What somebody said; who it was is not told.
#[derive(Serialize, ToSchema)]
pub(crate) struct PublicRating {
    #[schema(example = 5)]
    score: i64,
    #[schema(example = "بسیار باحوصله بودند")]
    comment: String,
    #[schema(example = "2024-01-26T10:30:00Z", format = "date-time")]
    created_at: String,
}

pub(crate) struct RatingsQuery(Page);

impl Body for RatingsQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        pagination::read(fields).map(Self)
    }
}

#[utoipa::path(
    get,
    path = "/api/v1/patients/doctors/{id}/ratings/",
    tag = "patients",
    operation_id = "list_ratings",
    summary = "What patients said about a doctor",
    params(
        ("id" = uuid::Uuid, Path, description = "The doctor's id"),
        ("page" = Option<i64>, Query, description = "From 1", minimum = 1),
        ("page_size" = Option<i64>, Query, description = "1 to 100", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "One page, the newest first", body = PageBody<PublicRating>)),
    security(("bearer" = [])),
)]
pub(crate) async fn list_ratings(
    State(api): State<Api>,
    Caller { .. }: Caller<Anyone>,
    Id(id): Id,
    uri: Uri,
    ValidQuery(RatingsQuery(page)): ValidQuery<RatingsQuery>,
) -> ApiResult<Json<PageBody<PublicRating>>> {
    let found = visits::ratings_of_doctor(&api.app, UserId(id), page).await?;
    let item = |rating: Rating| PublicRating {
        score: rating.score,
        created_at: rfc3339(rating.created_at),
        comment: rating.comment,
    };
    Ok(Json(pagination::body(&api, &uri, page, found, item)))
}
