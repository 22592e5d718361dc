//! `GET admin/charges/`: payments through gateways, page by page. For admins; audited.

use app::{
    By,
    admin::Page,
    billing::{
        charges::{ChargeStatus, GATEWAYS},
        refunds::{self, ChargeFilter, RefundStatus},
    },
};
use axum::{Json, extract::State, http::Uri};
use domain::{Violation, ids::UserId};
use uuid::Uuid;

use super::{ChargeRecord, body};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Admin, Body, Caller, Fields, Origin, ValidQuery, text},
    pagination::{self, PageBody},
};

pub(crate) struct ChargesQuery {
    filter: ChargeFilter,
    page: Page,
}

fn gateway(name: &str) -> Result<String, Violation> {
    if GATEWAYS.contains(&name) { Ok(name.to_owned()) } else { Err(Violation::Choice(GATEWAYS)) }
}

impl Body for ChargesQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let known = |name: &str| ChargeStatus::parse(name).ok_or(Violation::Choice(&ChargeStatus::NAMES));
        let status = fields.optional("status", text(known));
        let gateway = fields.optional("gateway", text(gateway));
        let user = fields.optional("user", text(|t| t.parse::<Uuid>().map_err(|_| Violation::Id)));
        let known = |name: &str| RefundStatus::parse(name).ok_or(Violation::Choice(&RefundStatus::NAMES));
        let refund = fields.optional("refund", text(known));
        let page = pagination::read(fields);
        let (gateway, user) = (gateway?, user?.map(UserId));
        let filter = ChargeFilter { status: status?, gateway, user, refund: refund? };
        Some(Self { filter, page: page? })
    }
}

#[utoipa::path(
    get,
    path = "/api/v1/admin/charges/",
    tag = "admin",
    operation_id = "list_charges",
    summary = "List payments through gateways",
    description = "All filters that are given must match. Every look is written to the audit log.",
    params(
        ("status" = Option<String>, Query, description = "Only these", pattern = "^(pending|completed|failed|expired)$"),
        ("gateway" = Option<String>, Query, description = "Only this gateway's", pattern = "^(zarinpal|bitpay|idpay|sandbox)$"),
        ("user" = Option<Uuid>, Query, description = "Only this user's"),
        ("refund" = Option<String>, Query, description = "Only those with a refund in this state", pattern = "^(refunding|refunded|in_wallet)$"),
        ("page" = Option<i64>, Query, description = "From 1", minimum = 1),
        ("page_size" = Option<i64>, Query, description = "1 to 100", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "One page, the newest first", body = PageBody<ChargeRecord>)),
    security(("bearer" = [])),
)]
pub(crate) async fn list_charges(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    uri: Uri,
    ValidQuery(query): ValidQuery<ChargesQuery>,
) -> ApiResult<Json<PageBody<ChargeRecord>>> {
    let by = By::caller(&caller, &origin);
    let found = refunds::list(&api.app, &by, query.filter, query.page).await?;
    Ok(Json(pagination::body(&api, &uri, query.page, found, body)))
}
