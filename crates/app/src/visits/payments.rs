//! Where billing will sit: who takes a patient's money and gives it back, inside the visit's own transaction.

use db::Conn;
use domain::{
    Rials, Timestamp,
    ids::{UserId, VisitId},
};

use crate::Fault;

/// What is to be paid or given back.
#[derive(Clone, Copy, Debug)]
pub struct Due {
    pub visit: VisitId,
    pub patient: UserId,
    pub amount: Rials,
    pub at: Timestamp,
}

/// Why money was not taken.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// The wallet holds less.
    #[error("insufficient balance")]
    InsufficientBalance,
    /// Payments are not set up.
    #[error("no payments")]
    NoPayments,
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Moves money in the transaction of what it is for: either both happen, or neither.
pub trait Payments: Send + Sync {
    /// From the patient's wallet.
    fn take<'c>(&'c self, tx: &'c Conn, due: &'c Due) -> db::Answer<'c, (), TakeError>;

    /// Into the patient's wallet: a refund, or a payment that came too late.
    fn give_back<'c>(&'c self, tx: &'c Conn, due: &'c Due) -> db::Answer<'c, (), Fault>;

    /// Whether a visit can be paid on its page without a gateway, by pressing a button. Never in production.
    fn is_play_money(&self) -> bool;
}

/// The double that development and tests pay with: every wallet holds enough, and nothing is moved. What was paid
/// is in `visit_payments` all the same.
pub struct PlayMoney;

impl Payments for PlayMoney {
    fn take<'c>(&'c self, _: &'c Conn, _: &'c Due) -> db::Answer<'c, (), TakeError> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn give_back<'c>(&'c self, _: &'c Conn, _: &'c Due) -> db::Answer<'c, (), Fault> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn is_play_money(&self) -> bool {
        true
    }
}

/// Production without billing: nothing can be paid, so nothing is ever to be given back.
pub struct NoPayments;

impl Payments for NoPayments {
    fn take<'c>(&'c self, _: &'c Conn, _: &'c Due) -> db::Answer<'c, (), TakeError> {
        Box::pin(std::future::ready(Err(TakeError::NoPayments)))
    }

    fn give_back<'c>(&'c self, _: &'c Conn, due: &'c Due) -> db::Answer<'c, (), Fault> {
        let owed = due.amount > Rials::ZERO;
        let fault = Fault::Internal("money is to be given back, and there are no payments".into());
        Box::pin(std::future::ready(if owed { Err(fault) } else { Ok(()) }))
    }

    fn is_play_money(&self) -> bool {
        false
    }
}
