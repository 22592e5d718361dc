//! Users of every role. Staff may look them up; admins may block them, and read their wallets and the audit log
//! about them.

pub(crate) mod audit;
pub(crate) mod block;
pub(crate) mod find;
pub(crate) mod read;
pub(crate) mod wallet;

use app::admin::Account;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::time::rfc3339;

/// A user as staff see them: nothing about their health.
#[derive(Serialize, ToSchema)]
pub(crate) struct User {
    #[schema(example = "550e8400-e29b-41d4-a716-446655440000")]
    id: Uuid,
    #[schema(example = "+989121234567")]
    phone_number: String,
    #[schema(example = "علی")]
    first_name: String,
    #[schema(example = "محمدی")]
    last_name: String,
    #[schema(value_type = super::RoleName, example = "patient")]
    role: &'static str,
    /// The phone number may not log in.
    is_blocked: bool,
    #[schema(example = "2024-01-15T10:30:00Z", format = "date-time")]
    created_at: String,
}

fn body(account: Account) -> User {
    User {
        id: account.id.0,
        phone_number: account.phone.e164(),
        first_name: account.first_name,
        last_name: account.last_name,
        role: account.role.as_str(),
        is_blocked: account.is_blocked,
        created_at: rfc3339(account.created_at),
    }
}
