//! `GET billing/wallet/transactions.csv`: the caller's whole statement for a spreadsheet, newest first.
//!
//! Read and sent in pieces, each when the client has taken the one before: a long one takes no more memory than a short
//! one, and holds no connection to the database while its reader is slow. It ends, because it only goes down: what is
//! posted meanwhile is not in it. The limit of a request's time is for the first piece alone.

use std::{fmt::Write as _, future::ready, sync::Arc};

use app::{
    App, Fault,
    billing::wallet::{self, Filter, Transaction},
};
use axum::{
    body::Body as ResponseBody,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use domain::{days, ids::UserId, ledger::Direction};
use futures_util::{StreamExt, stream};

use crate::{
    Api,
    csv::quoted,
    errors::ApiResult,
    extract::{Anyone, Body, Caller, Fields, ValidQuery},
    time::rfc3339,
};

/// Lines read at a time.
const BATCH: i64 = 500;
/// With a byte order mark, or spreadsheets don't read Persian.
const HEAD: &str =
    "\u{FEFF}date_jalali,created_at,type,amount,balance_after,currency,description,reference,id\r\n";

pub(crate) struct CsvQuery(Filter);

impl Body for CsvQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self(super::filter(fields)?))
    }
}

/// How far an export has come.
struct Walk {
    app: Arc<App>,
    user: UserId,
    filter: Filter,
    below: i64,
}

impl Walk {
    /// The next lines; none when it has ended.
    async fn next(&mut self) -> Result<Option<String>, Fault> {
        let found = wallet::walk(&self.app, self.user, self.filter, self.below, BATCH).await?;
        let Some(last) = found.last() else { return Ok(None) };
        self.below = last.seq;
        let mut text = String::new();
        for transaction in &found {
            line(&mut text, transaction);
        }
        Ok(Some(text))
    }
}

fn line(to: &mut String, transaction: &Transaction) {
    let day = days::jalali(days::tehran_today(transaction.created_at));
    let reference = transaction.reference.map(|id| id.to_string()).unwrap_or_default();
    let _ = write!(
        to,
        "{day},{},{},{},{},IRR,{},{reference},{}\r\n",
        rfc3339(transaction.created_at),
        Direction::of(transaction.amount).as_str(),
        transaction.amount.saturating_abs(),
        transaction.balance,
        quoted(&transaction.description),
        transaction.id,
    );
}

#[utoipa::path(
    get,
    path = "/api/v1/billing/wallet/transactions.csv",
    tag = "billing",
    operation_id = "export_wallet_transactions",
    summary = "Export the wallet's transactions",
    description = "UTF-8 with a byte order mark, the newest first, every line that matches.",
    params(
        ("type" = Option<String>, Query, description = "credit or debit"),
        ("from_date" = Option<String>, Query, description = "On this day or later", example = "2024-01-01"),
        ("to_date" = Option<String>, Query, description = "On this day or earlier", example = "2024-12-31"),
    ),
    responses((status = 200, description = "One line a transaction", body = String, content_type = "text/csv")),
    security(("bearer" = [])),
)]
pub(crate) async fn export_wallet_transactions(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Anyone>,
    ValidQuery(CsvQuery(filter)): ValidQuery<CsvQuery>,
) -> ApiResult<Response> {
    let app = Arc::clone(&api.app);
    let mut walk = Walk { app, user: caller.user, filter, below: i64::MAX };
    // the first piece before the answer begins: until then a failure can still be told
    let mut head = HEAD.to_owned();
    head.push_str(&walk.next().await?.unwrap_or_default());
    let rest = stream::try_unfold(walk, |mut walk| async move {
        let piece = walk.next().await?;
        Ok::<_, Fault>(piece.map(|text| (text, walk)))
    });
    let pieces = stream::once(ready(Ok(head))).chain(rest);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"helssa-wallet.csv\""),
    ];
    Ok((headers, ResponseBody::from_stream(pieces)).into_response())
}
