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
    4 "0004_practice",
    5 "0005_visits",
    6 "0006_jobs",
    7 "0007_prescriptions",
    8 "0008_reference_data",
    9 "0009_ledger",
    10 "0010_charges",
    11 "0011_subscriptions",
    12 "0012_payouts",
    13 "0013_invoices",
    14 "0014_refunds",
    15 "0015_charges_stay",
    16 "0016_quota_period",
    17 "0017_posting_size",
    18 "0018_gateway_fees",
    19 "0019_callbacks_of_payers",
    20 "0020_ended_codes",
    21 "0021_strangers_refused",
    22 "0022_discounts_and_refunds",
};
