//! What admins do; staff may look people up.

mod charges;
mod doctors;
mod encounters;
mod invoices;
mod jobs;
mod payouts;
mod reference;
mod subscriptions;
mod users;

use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(charges::list::list_charges))
        .routes(routes!(charges::read::view_charge))
        .routes(routes!(charges::refund::refund_charge))
        .routes(routes!(charges::end::end_refund))
        .routes(routes!(doctors::list::list_doctors, doctors::create::create_doctor))
        .routes(routes!(doctors::read::read_doctor, doctors::change::change_doctor))
        .routes(routes!(doctors::suspend::suspend_doctor))
        .routes(routes!(doctors::suspend::reinstate_doctor))
        .routes(routes!(encounters::overbook::overbook_encounter))
        .routes(routes!(encounters::cancel::withdraw_encounter))
        .routes(routes!(invoices::list::list_all_invoices))
        .routes(routes!(invoices::pdf::read_any_invoice_pdf))
        .routes(routes!(jobs::list::list_jobs))
        .routes(routes!(jobs::retry::retry_job))
        .routes(routes!(payouts::list::list_all_payouts))
        .routes(routes!(payouts::decide::approve_payout))
        .routes(routes!(payouts::decide::reject_payout))
        .routes(routes!(payouts::outcome::mark_payout_paid))
        .routes(routes!(payouts::outcome::mark_payout_returned))
        .routes(routes!(payouts::batches::create_payout_batch, payouts::batches::list_payout_batches))
        .routes(routes!(payouts::file::read_payout_file))
        .routes(routes!(reference::specialty::save_specialty))
        .routes(routes!(reference::city::save_city))
        .routes(routes!(reference::insurer::save_insurer))
        .routes(routes!(subscriptions::plan::save_plan))
        .routes(routes!(
            subscriptions::codes::list_discount_codes,
            subscriptions::codes::create_discount_code
        ))
        .routes(routes!(subscriptions::end_code::end_discount_code))
        .routes(routes!(users::find::find_users))
        .routes(routes!(users::read::read_user))
        .routes(routes!(users::audit::read_user_audit))
        .routes(routes!(users::wallet::read_user_wallet))
        .routes(routes!(users::block::block_user))
        .routes(routes!(users::block::unblock_user))
}

/// What somebody is to the platform.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes the wire; the value itself is the domain's")]
pub(crate) enum RoleName {
    Patient,
    Doctor,
    Staff,
    Admin,
}

/// Why.
#[derive(ToSchema)]
pub(crate) struct ReasonBody {
    /// For the audit log; nothing about anybody's health.
    #[schema(example = "گزارش سوءاستفاده", min_length = 1, max_length = 300)]
    pub(crate) reason: String,
}

impl crate::extract::Body for ReasonBody {
    fn read(fields: &mut crate::extract::Fields<'_>) -> Option<Self> {
        let rule = crate::extract::text(|text| domain::text::required_line(text, 300));
        Some(Self { reason: fields.required("reason", rule)? })
    }
}
