//! At the end: nothing is left open, unbilled or beyond its time.

use std::sync::Arc;

use app::{App, Fault};
use db::Sql;
use domain::Timestamp;

use super::both;
use crate::simulation::gateway::{Bank, GATEWAYS, authority};

const OPEN_REFUNDS: Sql =
    both("SELECT gateway, authority FROM charge_refunds WHERE status = 'refunding' ORDER BY created_at, id");
// what was paid, or went back, and was never billed: jobs do that, so it holds only at the end
const UNBILLED: [(&str, Sql); 3] = [
    (
        "paid visits",
        both(
            "SELECT count(*) FROM visits
             WHERE paid > 0 AND id NOT IN (SELECT reference FROM invoices WHERE kind = 'visit')",
        ),
    ),
    (
        "visits that were given back",
        both(
            "SELECT count(*) FROM visits
             WHERE refunded > 0 AND id NOT IN (SELECT reference FROM invoices WHERE kind = 'credit_note')",
        ),
    ),
    (
        "purchases",
        both(
            "SELECT count(*) FROM subscription_purchases
             WHERE status = 'paid' AND (total > 0 OR returned > 0)
               AND id NOT IN (SELECT reference FROM invoices WHERE kind IN ('subscription', 'credit_note'))",
        ),
    ),
];

/// At the end: open refunds whose payment no gateway knows any more, and what was never billed.
pub(in crate::simulation) async fn check_rest(app: &Arc<App>, bank: &Bank) -> Vec<String> {
    let mut wrong = vec![];
    let open: Vec<(String, String)> = app.db.all(OPEN_REFUNDS, &[]).await.unwrap();
    for (gateway, name) in open {
        let is_known = bank.with(|truth| {
            truth.orders().any(|(key, _)| GATEWAYS[key.0] == gateway && authority(key.1) == name)
        });
        if !is_known {
            wrong.push(format!("{gateway} {name}: a refund of a payment that is forgotten"));
        }
    }
    for (what, sum) in UNBILLED {
        let found: Option<(i64,)> = app.db.one(sum, &[]).await.unwrap();
        if found != Some((0,)) {
            wrong.push(format!("{what} without an invoice: {found:?}"));
        }
    }
    wrong
}

/// Open holds whose time was over at this moment.
pub(in crate::simulation) async fn check_ends(app: &Arc<App>, at: Timestamp) -> Option<String> {
    let due = app
        .db
        .read(at, |c, at| Box::pin(async move { store::holds::due(c, *at, 10).await.map_err(Fault::from) }))
        .await
        .unwrap();
    (!due.is_empty()).then(|| format!("holds outlive their end: {due:?}"))
}
