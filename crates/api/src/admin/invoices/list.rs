//! `GET admin/invoices/`: all invoices, by Jalali year and by user. For admins; audited.

use app::{
    By,
    admin::Page,
    billing::invoices::{self, Filter, Invoice},
};
use axum::{Json, extract::State, http::Uri};
use domain::{Violation, ids::UserId};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    Api,
    billing::invoices::{InvoiceBody, body},
    errors::ApiResult,
    extract::{Admin, Body, Caller, Fields, Origin, ValidQuery, digits, text},
    pagination::{self, PageBody},
};

pub(crate) struct AllInvoicesQuery {
    filter: Filter,
    page: Page,
}

impl Body for AllInvoicesQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let year = fields.optional("year", digits(1300, 1699));
        let id = |text: &str| text.parse().map(UserId).map_err(|_| Violation::Id);
        let user = fields.optional("user", text(id));
        let page = pagination::read(fields);
        Some(Self { filter: Filter { user: user?, year: year? }, page: page? })
    }
}

/// An invoice, and whose it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserInvoice {
    #[schema(example = "550e8400-e29b-41d4-a716-446655440000")]
    user_id: Uuid,
    /// The name as it was then; may be empty.
    #[schema(example = "علی محمدی")]
    buyer: String,
    #[serde(flatten)]
    invoice: InvoiceBody,
}

fn item(api: &Api, mut invoice: Invoice) -> UserInvoice {
    let buyer = std::mem::take(&mut invoice.content.buyer);
    UserInvoice { user_id: invoice.content.user.0, buyer, invoice: body(api, "admin/invoices", invoice) }
}

#[utoipa::path(
    get,
    path = "/api/v1/admin/invoices/",
    tag = "admin",
    operation_id = "list_all_invoices",
    summary = "List everybody's invoices",
    description = "The newest numbers first. Every look is written to the audit log.",
    params(
        ("year" = Option<i64>, Query, description = "Of this Jalali year", minimum = 1300, maximum = 1699),
        ("user" = Option<Uuid>, Query, description = "Of this user"),
        ("page" = Option<i64>, Query, description = "From 1", minimum = 1),
        ("page_size" = Option<i64>, Query, description = "1 to 100", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "One page", body = PageBody<UserInvoice>)),
    security(("bearer" = [])),
)]
pub(crate) async fn list_all_invoices(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    uri: Uri,
    ValidQuery(query): ValidQuery<AllInvoicesQuery>,
) -> ApiResult<Json<PageBody<UserInvoice>>> {
    let by = By::caller(&caller, &origin);
    let found = invoices::find(&api.app, &by, query.filter, query.page).await?;
    Ok(Json(pagination::body(&api, &uri, query.page, found, |invoice| item(&api, invoice))))
}
