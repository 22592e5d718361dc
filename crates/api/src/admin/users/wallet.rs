//! `GET admin/users/{id}/wallet/`: one user's money, as they see it themselves. For admins; audited.

use app::{By, admin};
use axum::{Json, extract::State};
use domain::ids::UserId;

use crate::{
    Api,
    billing::wallet::read::{WalletBody, body},
    errors::ApiResult,
    extract::{Admin, Caller, Id, Origin},
};

#[utoipa::path(
    get,
    path = "/api/v1/admin/users/{id}/wallet/",
    tag = "admin",
    operation_id = "read_user_wallet",
    summary = "Read a user's wallet",
    description = "Everybody has one. Every look is written to the audit log.",
    params(("id" = uuid::Uuid, Path, description = "The user's id")),
    responses((status = 200, description = "The user's money", body = WalletBody)),
    security(("bearer" = [])),
)]
pub(crate) async fn read_user_wallet(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    Id(id): Id,
) -> ApiResult<Json<WalletBody>> {
    let by = By::caller(&caller, &origin);
    Ok(Json(body(admin::wallet_of_user(&api.app, &by, UserId(id)).await?)))
}
