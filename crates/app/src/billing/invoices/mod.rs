//! Invoices: one for each visit that was paid and each plan that was bought, a credit note for money that went back.
//! They are issued by a job that is queued with the money, in its transaction: no money without its invoice, and no
//! payment that waits for a number.

mod issue;
mod pdf;
mod read;

use db::Conn;
use domain::{Rials, Timestamp, ids::VisitId};
use serde::{Deserialize, Serialize};
use store::purchases::Purchase;
use uuid::Uuid;

use crate::{
    App, Fault,
    fault::faults,
    jobs::{self, Kind},
};

pub(crate) use issue::issue;
pub use pdf::pdf;
pub use read::{find, list, look, one};
pub use store::invoices::{Content, Filter, Invoice};

#[derive(Debug, thiserror::Error)]
pub enum InvoiceError {
    /// No such invoice, or somebody else's.
    #[error("no such invoice")]
    NotFound,
    #[error(transparent)]
    Fault(Fault),
}
faults!(InvoiceError);

/// What is billed. Names stay as they are: queued jobs outlive the program that queued them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A visit that was paid.
    Visit(VisitId),
    /// What went back of it.
    VisitRefund(VisitId),
    /// A plan that was bought, extended or renewed, or what an upgrade has left over.
    Purchase(Uuid),
}

impl Cause {
    /// What happened once is billed once.
    fn key(self) -> String {
        match self {
            Self::Visit(id) => format!("visit:{id}"),
            Self::VisitRefund(id) => format!("visit:{id}:refund"),
            Self::Purchase(id) => format!("subscription:{id}"),
        }
    }
}

/// The job: issues the invoice of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueInvoice {
    pub cause: Cause,
}

/// In the transaction that confirms a visit: its invoice will be issued, if anything was paid.
pub(crate) async fn for_visit(
    tx: &Conn,
    app: &App,
    visit: VisitId,
    paid: Rials,
    now: Timestamp,
) -> Result<(), Fault> {
    if paid > Rials::ZERO { later(tx, app, Cause::Visit(visit), now).await } else { Ok(()) }
}

/// In the transaction that cancels a visit: its credit note will be issued, if anything goes back.
pub(crate) async fn for_refund(
    tx: &Conn,
    app: &App,
    visit: VisitId,
    refund: Rials,
    now: Timestamp,
) -> Result<(), Fault> {
    if refund > Rials::ZERO { later(tx, app, Cause::VisitRefund(visit), now).await } else { Ok(()) }
}

/// In the transaction that pays a purchase: its invoice (or credit note) will be issued, if money was moved.
pub(crate) async fn for_purchase(
    tx: &Conn,
    app: &App,
    purchase: &Purchase,
    now: Timestamp,
) -> Result<(), Fault> {
    let moved = purchase.total > Rials::ZERO || purchase.returned > Rials::ZERO;
    if moved { later(tx, app, Cause::Purchase(purchase.id), now).await } else { Ok(()) }
}

async fn later(tx: &Conn, app: &App, cause: Cause, now: Timestamp) -> Result<(), Fault> {
    let key = format!("invoice:{}", cause.key());
    jobs::enqueue(tx, app, (Kind::IssueInvoice, &IssueInvoice { cause }), now, Some(&key), now).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_queued_today_is_read_by_every_later_program() {
        let id = Uuid::from_u128(1);
        for (cause, payload, key) in [
            (Cause::Visit(VisitId(id)), json!({ "cause": { "visit": id } }), format!("visit:{id}")),
            (
                Cause::VisitRefund(VisitId(id)),
                json!({ "cause": { "visit_refund": id } }),
                format!("visit:{id}:refund"),
            ),
            (Cause::Purchase(id), json!({ "cause": { "purchase": id } }), format!("subscription:{id}")),
        ] {
            assert_eq!(serde_json::to_value(IssueInvoice { cause }).unwrap(), payload);
            let read: IssueInvoice = serde_json::from_value(payload).unwrap();
            assert_eq!((read.cause, read.cause.key()), (cause, key));
        }
    }
}
