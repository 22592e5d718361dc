//! The schema's steps, embedded.

use db::Migration;

macro_rules! steps {
    ($($version:literal $name:literal),+ $(,)?) => {
        &[$(Migration {
            version: $version,
            name: $name,
            sql: include_str!(concat!("../migrations/", $name, ".sql")),
        }),+]
    };
}

/// Every step so far; a new one is a new line and a new file.
pub const MIGRATIONS: &[Migration] = steps! {
    1 "0001_accounts",
    2 "0002_audit",
    3 "0003_idempotency",
};
