//! Money: wallet, charges, subscriptions, payouts, invoices.

mod charges;
pub(crate) mod invoices;
pub(crate) mod payouts;
pub(crate) mod subscriptions;
pub(crate) mod wallet;

use utoipa_axum::router::OpenApiRouter;

use crate::Api;

pub(crate) use charges::form;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .merge(wallet::routes())
        .merge(charges::routes())
        .merge(subscriptions::routes())
        .merge(payouts::routes())
        .merge(invoices::routes())
}
