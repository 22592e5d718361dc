//! `GET admin/payouts/batches/{id}/file/`: what the bank is sent, with whole IBANs. For admins; audited.

use std::fmt::Write as _;

use app::{
    By,
    billing::payouts::{self, BankFile},
};
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};

use crate::{
    Api,
    csv::quoted,
    errors::ApiResult,
    extract::{Admin, Caller, Id, Origin},
};

/// With a byte order mark, or spreadsheets don't read Persian.
const HEAD: &str = "\u{FEFF}iban,account_holder,amount,description,reference\r\n";

fn text(file: &BankFile) -> String {
    let mut text = HEAD.to_owned();
    for order in &file.orders {
        let _ = write!(
            text,
            "{},{},{},{},{}\r\n",
            order.iban.expose(),
            quoted(&order.account_holder),
            order.amount,
            quoted(&format!("تسویه حساب هلسا، دسته {}", file.batch.number)),
            order.payout,
        );
    }
    text
}

#[utoipa::path(
    get,
    path = "/api/v1/admin/payouts/batches/{id}/file/",
    tag = "admin",
    operation_id = "read_payout_file",
    summary = "Download a batch for the bank",
    description = "UTF-8 with a byte order mark, one payout a line: `iban`, `account_holder`, `amount` (Rials), \
`description`, `reference` (the payout's id). It is the same whatever has become of its payouts since. Every look is \
written to the audit log.",
    params(("id" = uuid::Uuid, Path, description = "The batch's id")),
    responses((status = 200, description = "One line a payout", body = String, content_type = "text/csv")),
    security(("bearer" = [])),
)]
pub(crate) async fn read_payout_file(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    Id(id): Id,
) -> ApiResult<Response> {
    let file = payouts::file(&api.app, &By::caller(&caller, &origin), id).await?;
    let name = format!("attachment; filename=\"helssa-payouts-{}.csv\"", file.batch.number);
    let headers =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, text(&file)).into_response())
}
