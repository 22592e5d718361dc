//! `GET billing/wallet/`: what the caller has, and the last ten transactions.

use app::billing::wallet::{self, Wallet};
use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{TransactionItem, item};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Anyone, Caller},
    time::rfc3339,
};

/// A user's money, in whole Rials.
#[derive(Serialize, ToSchema)]
pub(crate) struct WalletBody {
    #[schema(example = "018d2f6a-3c5e-8b1a-9f00-1c2d3e4f5a6b")]
    wallet_id: Uuid,
    /// All of it, what is blocked included.
    #[schema(example = 2_500_000)]
    balance: i64,
    #[schema(example = "IRR")]
    currency: &'static str,
    /// What is blocked, such as by a payout that was asked for.
    #[schema(example = 0)]
    blocked_amount: i64,
    /// What can be spent now.
    #[schema(example = 2_500_000)]
    available_balance: i64,
    #[schema(example = "2024-01-20T10:00:00Z", format = "date-time")]
    last_updated: String,
    /// The last ten, newest first.
    recent_transactions: Vec<TransactionItem>,
}

pub(crate) fn body(wallet: Wallet) -> WalletBody {
    WalletBody {
        wallet_id: wallet.id,
        balance: wallet.balance(),
        currency: "IRR",
        blocked_amount: wallet.blocked,
        available_balance: wallet.available,
        last_updated: rfc3339(wallet.updated_at),
        recent_transactions: wallet.recent.into_iter().map(item).collect(),
    }
}

#[utoipa::path(
    get,
    path = "/api/v1/billing/wallet/",
    tag = "billing",
    operation_id = "read_wallet",
    summary = "Read the caller's wallet",
    responses((status = 200, description = "The caller's money", body = WalletBody)),
    security(("bearer" = [])),
)]
pub(crate) async fn read_wallet(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Anyone>,
) -> ApiResult<Json<WalletBody>> {
    Ok(Json(body(wallet::read(&api.app, caller.user).await?)))
}
