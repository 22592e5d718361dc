//! `GET patients/encounters/{id}/visit.ics`: a visit for the calendar of a phone (RFC 5545). For its patient alone.

use std::fmt::Write as _;

use app::visits;
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use domain::{
    Timestamp,
    ids::VisitId,
    visit::{Status, VisitType},
};

use crate::{
    Api,
    errors::ApiResult,
    extract::{Caller, Id, Patient},
};

#[utoipa::path(
    get,
    path = "/api/v1/patients/encounters/{id}/visit.ics",
    tag = "patients",
    operation_id = "read_encounter_calendar",
    summary = "A visit for the calendar",
    params(("id" = uuid::Uuid, Path, description = "The visit's id")),
    responses((status = 200, description = "One event, with an alarm 30 minutes before", body = String, content_type = "text/calendar")),
    security(("bearer" = [])),
)]
pub(crate) async fn read_encounter_calendar(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Patient>,
    Id(id): Id,
) -> ApiResult<Response> {
    let found = visits::patients_visit(&api.app, &caller, VisitId(id)).await?;
    let now = api.app.clock.now();
    let name = format!("دکتر {} {}", found.doctor_first_name, found.doctor_last_name);
    let text = calendar(&api, &found.visit, &name, now);
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"visit.ics\""),
    ];
    Ok((headers, text).into_response())
}

fn calendar(api: &Api, visit: &visits::Stored, doctor: &str, now: Timestamp) -> String {
    let status = match visit.status_at(now) {
        Status::Pending => "TENTATIVE",
        Status::Cancelled | Status::NoShow => "CANCELLED",
        _ => "CONFIRMED",
    };
    let place = match visit.kind {
        VisitType::Online => format!("{}/meet/{}", api.settings.public_site_url, visit.id),
        VisitType::InPerson => "مطب".to_owned(),
    };
    let mut text = String::new();
    for line in [
        "BEGIN:VCALENDAR".to_owned(),
        "VERSION:2.0".to_owned(),
        "PRODID:-//HELSSA//visits//FA".to_owned(),
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{}@helssa", visit.id),
        format!("DTSTAMP:{}", stamp(now)),
        format!("DTSTART:{}", stamp(visit.starts_at)),
        format!("DTEND:{}", stamp(visit.ends_at)),
        format!("STATUS:{status}"),
        format!("SUMMARY:{}", escaped(&format!("ویزیت {doctor}"))),
        format!("LOCATION:{}", escaped(&place)),
        format!("DESCRIPTION:{}", escaped(&format!("کد پیگیری: {}", visit.reference))),
        "BEGIN:VALARM".to_owned(),
        "ACTION:DISPLAY".to_owned(),
        "DESCRIPTION:یادآوری".to_owned(),
        "TRIGGER:-PT30M".to_owned(),
        "END:VALARM".to_owned(),
        "END:VEVENT".to_owned(),
        "END:VCALENDAR".to_owned(),
    ] {
        fold(&mut text, &line);
    }
    text
}

/// `20240125T150000Z`
fn stamp(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// RFC 5545, 3.3.11.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace('\n', "\\n")
}

/// Lines have at most 75 octets (RFC 5545, 3.1); a longer one goes on after a space.
fn fold(to: &mut String, line: &str) {
    const OCTETS: usize = 73;
    let mut length = 0;
    for c in line.chars() {
        if length + c.len_utf8() > OCTETS {
            to.push_str("\r\n ");
            length = 1;
        }
        length += c.len_utf8();
        let _ = write!(to, "{c}");
    }
    to.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_folded_between_characters() {
        let mut text = String::new();
        fold(&mut text, &format!("SUMMARY:{}", "ویزیت ".repeat(30)));
        assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
        assert_eq!(
            text.replace("\r\n ", "").trim_end_matches("\r\n"),
            format!("SUMMARY:{}", "ویزیت ".repeat(30))
        );
    }

    #[test]
    fn what_has_a_meaning_is_escaped() {
        assert_eq!(escaped("a,b;c\\d\ne"), "a\\,b\\;c\\\\d\\ne");
    }
}
