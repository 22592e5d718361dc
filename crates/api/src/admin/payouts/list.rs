//! `GET admin/payouts/`: payouts in one status, oldest first. For admins.

use app::{
    admin::Page,
    billing::payouts::{self, Listed, Status},
};
use axum::{Json, extract::State, http::Uri};
use serde::Serialize;
use utoipa::ToSchema;

use super::{AdminPayout, body};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Admin, Body, Caller, Fields, ValidQuery, text},
    pagination::{self, PageBody},
};

pub(crate) struct AllPayoutsQuery {
    status: Status,
    page: Page,
}

impl Body for AllPayoutsQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let status = fields.optional("status", text(Status::parse));
        let page = pagination::read(fields);
        Some(Self { status: status?.unwrap_or(Status::Requested), page: page? })
    }
}

/// A payout of the list, and what to weigh before it is approved.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListedPayout {
    #[serde(flatten)]
    payout: AdminPayout,
    /// What insurers owe of the doctor's earnings of the last 30 days. Whole Rials.
    #[schema(example = 252_000)]
    insurer_funded_amount: i64,
}

fn listed(found: Listed) -> ListedPayout {
    ListedPayout { payout: body(found.payout), insurer_funded_amount: found.insured.get() }
}

#[utoipa::path(
    get,
    path = "/api/v1/admin/payouts/",
    tag = "admin",
    operation_id = "list_all_payouts",
    summary = "List payouts",
    description = "Doctors have their whole net price in the wallet when a visit has ended, also what an insurer owes of \
it. `insurer_funded_amount` is what insurers owe of the doctor's earnings of the last 30 days, whichever payout it goes \
out with: a payout that is approved before they have paid is paid with the platform's money.",
    params(
        ("status" = Option<String>, Query, description = "requested (unless it says otherwise), approved, exported, paid, rejected, cancelled or returned"),
        ("page" = Option<i64>, Query, description = "From 1", minimum = 1),
        ("page_size" = Option<i64>, Query, description = "1 to 100", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "One page, oldest first", body = PageBody<ListedPayout>)),
    security(("bearer" = [])),
)]
pub(crate) async fn list_all_payouts(
    State(api): State<Api>,
    Caller { .. }: Caller<Admin>,
    uri: Uri,
    ValidQuery(query): ValidQuery<AllPayoutsQuery>,
) -> ApiResult<Json<PageBody<ListedPayout>>> {
    let found = payouts::with_status(&api.app, query.status, query.page).await?;
    Ok(Json(pagination::body(&api, &uri, query.page, found, listed)))
}
