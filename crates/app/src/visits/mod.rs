//! Visits: booked, paid, moved, cancelled by patients; led by doctors; overbooked by admins.

mod alternatives;
mod book;
mod cancel;
mod dashboard;
mod expire;
mod forgotten;
mod lead;
mod list;
mod notices;
mod offer;
mod overbook;
mod pay;
pub mod payments;
mod rate;
mod remind;
mod reschedule;
mod withdraw;

use domain::{Timestamp, ids::VisitId};
use store::visits::Visit;

use crate::{Caller, Fault, fault::faults, idempotency::OnceError};

pub use book::{Book, BookError, Booked, InsuranceInfo, book, meeting_is_open};
pub use cancel::{Cancelled, Quote, cancel_by_patient, quote};
pub use dashboard::{Dashboard, dashboard};
pub use expire::expire_due;
pub use forgotten::end_forgotten;
pub use lead::{Led, cancel_by_doctor, complete, miss, start};
pub use list::{doctors_visit, doctors_visits, patients_visit, patients_visits};
pub use overbook::{Overbook, overbook};
pub use pay::{Method, Paid, Settled, pay, payable, settle};
pub use rate::{RateError, Rating, rate, ratings_of_doctor};
pub use remind::remind;
pub use reschedule::{Reschedule, reschedule};
pub use store::visits::{ForDoctor, ForPatient, ListFilter, Stats, Visit as Stored};
pub use withdraw::{cancel_by_admin, withdraw_visits_of};

/// Why a visit can't be changed.
#[derive(Debug, thiserror::Error)]
pub enum VisitError {
    /// No such visit of the caller's.
    #[error("no such visit")]
    NotFound,
    /// The visit's state doesn't allow it: read it again.
    #[error("not in this state")]
    IllegalState,
    /// Not before then.
    #[error("too early")]
    TooEarly { not_before: Timestamp },
    /// The wallet holds less than that.
    #[error("insufficient balance")]
    InsufficientBalance,
    /// Nobody takes payments here.
    #[error("no payments")]
    NoPayments,
    #[error(transparent)]
    Once(#[from] OnceError),
    #[error(transparent)]
    Fault(Fault),
}
faults!(VisitError);

impl VisitError {
    /// Of a visit that is known to be in the right state: whatever else goes wrong is a defect.
    fn into_fault(self) -> Fault {
        match self {
            Self::Fault(fault) => fault,
            other => Fault::Internal(other.to_string()),
        }
    }
}

/// The caller's visit as a patient, held until the end of the transaction.
async fn of_patient(
    tx: &db::Conn,
    app: &crate::App,
    id: VisitId,
    caller: &Caller,
) -> Result<Visit, VisitError> {
    let visit = store::visits::lock(tx, &app.keys, id).await?;
    visit.filter(|visit| visit.patient == caller.user).ok_or(VisitError::NotFound)
}

/// The caller's visit as its doctor, held until the end of the transaction.
async fn of_doctor(
    tx: &db::Conn,
    app: &crate::App,
    id: VisitId,
    caller: &Caller,
) -> Result<Visit, VisitError> {
    let visit = store::visits::lock(tx, &app.keys, id).await?;
    visit.filter(|visit| visit.doctor == caller.user).ok_or(VisitError::NotFound)
}
