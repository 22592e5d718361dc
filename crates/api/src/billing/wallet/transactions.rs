//! `GET billing/wallet/transactions/`: the caller's statement, newest first.

use app::{
    admin::Page,
    billing::wallet::{self, Filter},
};
use axum::{Json, extract::State, http::Uri};

use super::{TransactionItem, item};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Anyone, Body, Caller, Fields, ValidQuery},
    pagination::{self, PageBody},
};

pub(crate) struct TransactionsQuery {
    filter: Filter,
    page: Page,
}

impl Body for TransactionsQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (filter, page) = (super::filter(fields), pagination::read(fields));
        Some(Self { filter: filter?, page: page? })
    }
}

#[utoipa::path(
    get,
    path = "/api/v1/billing/wallet/transactions/",
    tag = "billing",
    operation_id = "list_wallet_transactions",
    summary = "List the wallet's transactions",
    description = "The newest first. Days are those of Tehran, Gregorian (2024-01-01) or Jalali (1402-10-11).",
    params(
        ("type" = Option<String>, Query, description = "credit or debit"),
        ("from_date" = Option<String>, Query, description = "On this day or later", example = "2024-01-01"),
        ("to_date" = Option<String>, Query, description = "On this day or earlier", example = "2024-12-31"),
        ("page" = Option<i64>, Query, description = "From 1", minimum = 1),
        ("page_size" = Option<i64>, Query, description = "1 to 100", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "One page", body = PageBody<TransactionItem>)),
    security(("bearer" = [])),
)]
pub(crate) async fn list_wallet_transactions(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Anyone>,
    uri: Uri,
    ValidQuery(query): ValidQuery<TransactionsQuery>,
) -> ApiResult<Json<PageBody<TransactionItem>>> {
    let found = wallet::transactions(&api.app, caller.user, query.filter, query.page).await?;
    Ok(Json(pagination::body(&api, &uri, query.page, found, item)))
}
