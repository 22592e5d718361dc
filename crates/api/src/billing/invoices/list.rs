//! `GET billing/invoices/`: the caller's invoices, the newest first.

use app::{admin::Page, billing::invoices};
use axum::{Json, extract::State, http::Uri};

use super::{InvoiceBody, body};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Anyone, Body, Caller, Fields, ValidQuery},
    pagination::{self, PageBody},
};

pub(crate) struct InvoicesQuery(Page);

impl Body for InvoicesQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self(pagination::read(fields)?))
    }
}

#[utoipa::path(
    get,
    path = "/api/v1/billing/invoices/",
    tag = "billing",
    operation_id = "list_invoices",
    summary = "List the caller's invoices",
    description = "The newest first. An invoice is issued a moment after the payment.",
    params(
        ("page" = Option<i64>, Query, description = "From 1", minimum = 1),
        ("page_size" = Option<i64>, Query, description = "1 to 100", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "One page", body = PageBody<InvoiceBody>)),
    security(("bearer" = [])),
)]
pub(crate) async fn list_invoices(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Anyone>,
    uri: Uri,
    ValidQuery(InvoicesQuery(page)): ValidQuery<InvoicesQuery>,
) -> ApiResult<Json<PageBody<InvoiceBody>>> {
    let found = invoices::list(&api.app, caller.user, page).await?;
    Ok(Json(pagination::body(&api, &uri, page, found, |invoice| body(&api, "billing/invoices", invoice))))
}
