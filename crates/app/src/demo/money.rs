//! What the demo clinic's visits have moved in the ledger, in the order in which it happened. Patients paid at the
//! development gateway.

use std::cmp::Ordering;

use db::Conn;
use domain::{Rials, Timestamp, ids::new_v7, visit::Status};
use store::visits::Visit;

use crate::{
    App, Fault,
    visits::payments::{Due, Earned, Source},
};

/// Where it came from.
const GATEWAY: &str = "sandbox";

/// What happened to a visit's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Paid,
    Refunded,
    Earned,
    Missed,
}

/// One movement.
#[derive(Clone, Debug)]
pub(super) struct Movement {
    at: Timestamp,
    what: What,
    visit: Visit,
}

/// All movements of these visits, the oldest first.
pub(super) fn movements<'v>(visits: impl Iterator<Item = &'v Visit>) -> Vec<Movement> {
    let mut all: Vec<Movement> = visits.flat_map(of_visit).collect();
    all.sort_by(|a, b| match a.at.cmp(&b.at) {
        Ordering::Equal => (a.what, a.visit.id.0).cmp(&(b.what, b.visit.id.0)),
        order => order,
    });
    all
}

fn of_visit(visit: &Visit) -> impl Iterator<Item = Movement> {
    let ended = match visit.status {
        Status::Completed => visit.ended_at.map(|at| (at, What::Earned)),
        Status::NoShow => visit.ended_at.map(|at| (at, What::Missed)),
        Status::Cancelled => visit.cancelled_at.map(|at| (at, What::Refunded)),
        _ => None,
    };
    // nothing was paid, nothing is moved
    let paid = visit.paid_at.map(|at| (at, What::Paid));
    let ended = ended.filter(|_| paid.is_some());
    paid.into_iter().chain(ended).map(|(at, what)| Movement { at, what, visit: visit.clone() })
}

/// Posts them.
pub(super) async fn post(tx: &Conn, app: &App, movements: &[Movement]) -> Result<(), Fault> {
    for Movement { at, what, visit } in movements {
        let due = |amount| Due { visit: visit.id, patient: visit.patient, amount, at: *at };
        match what {
            What::Paid => {
                let source = Source { gateway: GATEWAY.to_owned(), charge: new_v7(*at, &*app.rng) };
                app.payments.settle_online(tx, &due(visit.paid), &source).await?;
            }
            What::Refunded => {
                let fee = visit.paid.less(visit.refunded);
                if visit.paid > Rials::ZERO {
                    app.payments.refund(tx, &due(visit.refunded), fee).await?;
                }
            }
            What::Earned => {
                let earned = Earned {
                    visit: visit.id,
                    doctor: visit.doctor,
                    price: visit.price,
                    insurer: visit.insurer.clone(),
                    commission_percent: app.billing.commission_percent,
                    at: *at,
                };
                app.payments.earned(tx, &earned).await?;
            }
            What::Missed => app.payments.missed(tx, &due(visit.paid)).await?,
        }
    }
    Ok(())
}
