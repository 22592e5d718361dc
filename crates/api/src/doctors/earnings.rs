//! `GET doctors/earnings/`: what visits brought the doctor who asks (D35), newest first. For doctors alone.

use app::{
    admin::Page,
    billing::earnings::{self, Earning, Span, Totals},
};
use axum::{Json, extract::State, http::Uri};
use domain::{Violation, days};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    Api,
    errors::ApiResult,
    extract::{Body, Caller, Doctor, Fields, ValidQuery, text},
    pagination::{self, PageBody},
    time::rfc3339,
};

pub(crate) struct EarningsQuery {
    span: Span,
    page: Page,
}

impl Body for EarningsQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let from = fields.optional("from", text(days::parse));
        let to = fields.optional("to", text(days::parse));
        let page = pagination::read(fields);
        let (from, to) = (from?, to?);
        if from.zip(to).is_some_and(|(from, to)| to < from) {
            fields.violated("to", Violation::Order);
            return None;
        }
        let span = Span {
            from: from.map(days::tehran_midnight),
            to: to.map(|day| days::tehran_midnight(day.saturating_add(days::span_of_days(1)))),
        };
        Some(Self { span, page: page? })
    }
}

/// What one visit brought. Whole Rials.
#[derive(Serialize, ToSchema)]
pub(crate) struct EarningItem {
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b")]
    visit_id: Uuid,
    #[schema(example = "HLS-2024-0125-1830")]
    booking_reference: String,
    /// When the visit was to begin.
    #[schema(example = "2024-01-25T15:00:00Z", format = "date-time")]
    scheduled_at: String,
    /// The whole price: the patient's share and the insurance's.
    #[schema(example = 600_000)]
    total_amount: i64,
    /// The platform's part.
    #[schema(example = 60_000)]
    commission: i64,
    /// What went into the wallet.
    #[schema(example = 540_000)]
    net_amount: i64,
    #[schema(example = "2024-01-25T15:20:00Z", format = "date-time")]
    posted_at: String,
}

/// All of the days that are asked for, not only this page. Whole Rials.
#[derive(Serialize, ToSchema)]
pub(crate) struct EarningTotals {
    #[schema(example = 2)]
    visits: i64,
    #[schema(example = 1_200_000)]
    total_amount: i64,
    #[schema(example = 120_000)]
    commission: i64,
    #[schema(example = 1_080_000)]
    net_amount: i64,
    #[schema(example = "IRR")]
    currency: &'static str,
}

/// One page of earnings.
#[derive(Serialize, ToSchema)]
pub(crate) struct EarningsPage {
    /// All that match, not only this page's.
    #[schema(example = 2)]
    count: i64,
    /// The next page, if there is one.
    #[schema(example = "https://api.helssa.ir/v1/doctors/earnings/?page=2")]
    next: Option<String>,
    /// The page before, if there is one.
    previous: Option<String>,
    results: Vec<EarningItem>,
    totals: EarningTotals,
}

fn item(earning: Earning) -> EarningItem {
    EarningItem {
        visit_id: earning.visit.0,
        booking_reference: earning.reference,
        scheduled_at: rfc3339(earning.starts_at),
        total_amount: earning.price.get(),
        commission: earning.commission.get(),
        net_amount: earning.net.get(),
        posted_at: rfc3339(earning.posted_at),
    }
}

fn sums(totals: &Totals) -> EarningTotals {
    EarningTotals {
        visits: totals.visits,
        total_amount: totals.price.get(),
        commission: totals.commission.get(),
        net_amount: totals.net.get(),
        currency: "IRR",
    }
}

#[utoipa::path(
    get,
    path = "/api/v1/doctors/earnings/",
    tag = "doctors",
    operation_id = "list_earnings",
    summary = "List what the doctor's visits brought",
    description = "Completed visits, the latest first, by the day on which they were completed. Days are those of Tehran, \
Gregorian (2024-01-01) or Jalali (1402-10-11). What cost nothing is not in it.",
    params(
        ("from" = Option<String>, Query, description = "On this day or later", example = "2024-01-01"),
        ("to" = Option<String>, Query, description = "On this day or earlier", example = "2024-12-31"),
        ("page" = Option<i64>, Query, description = "From 1", minimum = 1),
        ("page_size" = Option<i64>, Query, description = "1 to 100", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "One page, and the totals of all these days", body = EarningsPage)),
    security(("bearer" = [])),
)]
pub(crate) async fn list_earnings(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Doctor>,
    uri: Uri,
    ValidQuery(query): ValidQuery<EarningsQuery>,
) -> ApiResult<Json<EarningsPage>> {
    let found = earnings::statement(&api.app, caller.user, query.span, query.page).await?;
    let totals = sums(&found.totals);
    let PageBody { count, next, previous, results } =
        pagination::body(&api, &uri, query.page, found.page, item);
    Ok(Json(EarningsPage { count, next, previous, results, totals }))
}
