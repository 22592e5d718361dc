//! `GET patients/doctors/{id}/`: one doctor, as a search shows them and more. For whoever is logged in. 404
//! for a doctor who is suspended.

use app::doctors;
use axum::{Json, extract::State};
use domain::{ids::UserId, profile::Gender};
use serde::Serialize;
use utoipa::ToSchema;

use super::{FoundDoctor, body};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Anyone, Caller, Id},
};

/// A doctor as patients read about them.
#[derive(Serialize, ToSchema)]
pub(crate) struct PublicDoctor {
    #[serde(flatten)]
    found: FoundDoctor,
    /// What the doctor says about themself.
    #[schema(example = "متخصص قلب و عروق با پانزده سال سابقه")]
    about: String,
    /// Minutes.
    #[schema(example = 20)]
    consultation_duration: i64,
    /// `male`, `female` or empty.
    #[schema(example = "female")]
    gender: &'static str,
}

#[utoipa::path(
    get,
    path = "/api/v1/patients/doctors/{id}/",
    tag = "patients",
    operation_id = "read_public_doctor",
    summary = "Read about a doctor",
    params(("id" = uuid::Uuid, Path, description = "The doctor's id")),
    responses((status = 200, description = "The doctor", body = PublicDoctor)),
    security(("bearer" = [])),
)]
pub(crate) async fn read_public_doctor(
    State(api): State<Api>,
    Caller { .. }: Caller<Anyone>,
    Id(id): Id,
) -> ApiResult<Json<PublicDoctor>> {
    let mut listed = doctors::public_doctor(&api.app, UserId(id)).await?;
    let practice = &mut listed.card.practice;
    let about = std::mem::take(&mut practice.about);
    let consultation_duration = practice.schedule.duration;
    let gender = listed.card.gender.map_or("", Gender::as_str);
    Ok(Json(PublicDoctor { found: body(&api, listed), about, consultation_duration, gender }))
}
