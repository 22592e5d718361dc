//! `GET patients/doctors/search/`: finds doctors by all that is asked for together (D17). For whoever is
//! logged in. Text may be spelt as people spell: ي or ی, with or without ZWNJ, begun, or with a slip.
//! Unknown specialties, cities and insurers find nobody.

use app::{admin::Page, doctors};
use axum::{Json, extract::State, http::Uri};
use domain::{
    Violation,
    profile::Gender,
    search::{Query, Sort},
    text::{latin_digits, line},
    violation::Parsed,
};
use utoipa::ToSchema;

use super::{FoundDoctor, body};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Anyone, Body, Caller, Fields, ValidQuery, text},
    pagination::{self, PageBody},
};

/// Characters of a text or a name.
const LONGEST: usize = 100;
const YES_OR_NO: &[&str] = &["true", "false"];

pub(crate) struct SearchQuery {
    query: Query,
    page: Page,
}

impl Body for SearchQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let q = fields.optional("q", text(short));
        let specialty = fields.optional("specialty", text(short));
        let city = fields.optional("city", text(short));
        let gender = fields.optional("gender", text(Gender::parse));
        let online = fields.optional("online_available", text(yes_or_no));
        let insurer = fields.optional("insurance_accepted", text(short));
        let min_rating = fields.optional("min_rating", text(rating));
        let sort = fields.optional("sort_by", text(Sort::parse));
        let page = pagination::read(fields);
        let query = Query {
            text: q?.unwrap_or_default(),
            specialty: specialty?,
            city: city?,
            gender: gender?,
            online: online?,
            insurer: insurer?,
            min_rating: min_rating?,
            sort: sort?,
            offset: 0,
            limit: 0,
        };
        Some(Self { query, page: page? })
    }
}

fn short(text: &str) -> Parsed<String> {
    line(text, LONGEST)
}

fn yes_or_no(text: &str) -> Parsed<bool> {
    text.parse().map_err(|_| Violation::Choice(YES_OR_NO))
}

/// 1 to 5, decimals allowed.
fn rating(text: &str) -> Parsed<f64> {
    let number: Option<f64> = latin_digits(text.trim()).parse().ok();
    number.filter(|number| (1.0..=5.0).contains(number)).ok_or(Violation::Range(1, 5))
}

/// What doctors can be sorted by.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes the wire; the value itself is the domain's")]
pub(crate) enum SortName {
    Rating,
    Experience,
    Price,
}

#[utoipa::path(
    get,
    path = "/api/v1/patients/doctors/search/",
    tag = "patients",
    operation_id = "search_doctors",
    summary = "Search doctors",
    description = "All that is asked for must be true of a doctor. Without `sort_by`, whoever fits the text best comes first, then the better rated.",
    params(
        ("q" = Option<String>, Query, description = "Words of a name, a specialty or a city, or a medical council number; beginnings and small slips are understood", max_length = 100, example = "دکتر رضایی قلب"),
        ("specialty" = Option<String>, Query, description = "A specialty's code", max_length = 100, example = "cardiology"),
        ("city" = Option<String>, Query, description = "A city's name; a province's, where no doctor's city has that name", max_length = 100, example = "تهران"),
        ("gender" = Option<String>, Query, description = "Only these", pattern = "^(male|female)$", example = "female"),
        ("online_available" = Option<bool>, Query, description = "Who offers online visits, or who doesn't", example = true),
        ("insurance_accepted" = Option<String>, Query, description = "An insurer's name", max_length = 100, example = "تامین اجتماعی"),
        ("min_rating" = Option<f64>, Query, description = "1 to 5; doctors without a rating are left out", minimum = 1, maximum = 5, example = 4.5),
        ("sort_by" = Option<SortName>, Query, description = "Best rated, most experienced or cheapest first"),
        ("page" = Option<i64>, Query, description = "From 1", minimum = 1),
        ("page_size" = Option<i64>, Query, description = "1 to 100", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "One page of the doctors found", body = PageBody<FoundDoctor>)),
    security(("bearer" = [])),
)]
pub(crate) async fn search_doctors(
    State(api): State<Api>,
    Caller { .. }: Caller<Anyone>,
    uri: Uri,
    ValidQuery(search): ValidQuery<SearchQuery>,
) -> ApiResult<Json<PageBody<FoundDoctor>>> {
    let found = doctors::search(&api.app, search.query, search.page).await?;
    Ok(Json(pagination::body(&api, &uri, search.page, found, |listed| body(&api, listed))))
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;
    use serde_json::{Map, json};

    use super::*;

    /// What is read, or the names of the fields that are wrong.
    fn read(pairs: &[(&str, &str)]) -> Result<Query, Vec<String>> {
        let values: Map<_, _> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let mut fields = Fields::of(&values, Timestamp::UNIX_EPOCH);
        let search = SearchQuery::read(&mut fields);
        let wrong = fields.wrong();
        match search {
            Some(search) if wrong.is_empty() => Ok(search.query),
            _ => Err(wrong.into_iter().map(|(name, _)| name).collect()),
        }
    }

    #[test]
    fn all_that_can_be_asked_for() {
        assert_eq!(read(&[]).unwrap(), Query::default());
        let query = read(&[
            ("q", " دکتر رضایی "),
            ("specialty", "cardiology"),
            ("city", "تهران"),
            ("gender", "female"),
            ("online_available", "false"),
            ("insurance_accepted", "ایران"),
            ("min_rating", "۴.۵"),
            ("sort_by", "price"),
            ("page", "2"),
        ]);
        let expected = Query {
            text: "دکتر رضایی".into(),
            specialty: Some("cardiology".into()),
            city: Some("تهران".into()),
            gender: Some(Gender::Female),
            online: Some(false),
            insurer: Some("ایران".into()),
            min_rating: Some(4.5),
            sort: Some(Sort::Price),
            offset: 0,
            limit: 0,
        };
        assert_eq!(query.unwrap(), expected);
    }

    #[test]
    fn what_is_wrong_is_told_at_once() {
        let long = "ا".repeat(101);
        let wrong = [
            ("q", &*long),
            ("gender", "x"),
            ("online_available", "yes"),
            ("min_rating", "5.1"),
            ("sort_by", "name"),
            ("page_size", "101"),
        ];
        assert_eq!(read(&wrong).unwrap_err(), wrong.map(|(name, _)| name));
        for bad in ["0", "0.99", "NaN", "inf", "-1", "four"] {
            assert_eq!(read(&[("min_rating", bad)]).unwrap_err(), ["min_rating"], "{bad}");
        }
    }
}
