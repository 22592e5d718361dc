//! What visits need of billing: money that moves in the visit's own transaction. Either both happen, or neither.

use db::Conn;
use domain::{
    Rials, Timestamp,
    ids::{UserId, VisitId},
    visit::Price,
};
use uuid::Uuid;

use crate::Fault;

/// What is to be paid or given back.
#[derive(Clone, Copy, Debug)]
pub struct Due {
    pub visit: VisitId,
    pub patient: UserId,
    pub amount: Rials,
    pub at: Timestamp,
}

/// Money that a gateway has taken.
#[derive(Clone, Debug)]
pub struct Source {
    pub gateway: String,
    /// The charge that it belongs to: it is credited once.
    pub charge: Uuid,
}

/// A visit that took place, and what it brings.
#[derive(Clone, Debug)]
pub struct Earned {
    pub visit: VisitId,
    pub doctor: UserId,
    pub price: Price,
    /// Who owes the insurance's share.
    pub insurer: Option<String>,
    /// The platform's part.
    pub commission_percent: u8,
    pub at: Timestamp,
}

/// Why money was not taken.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// The wallet holds less.
    #[error("insufficient balance")]
    InsufficientBalance,
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Moves money in the transaction of what it is for. Nothing is moved where there is nothing to move.
pub trait Payments: Send + Sync {
    /// From the patient's wallet, to be kept until the visit has ended.
    fn take<'c>(&'c self, tx: &'c Conn, due: &'c Due) -> db::Answer<'c, (), TakeError>;

    /// From a gateway, through the patient's wallet, to be kept until the visit has ended.
    fn settle_online<'c>(
        &'c self,
        tx: &'c Conn,
        due: &'c Due,
        source: &'c Source,
    ) -> db::Answer<'c, (), Fault>;

    /// From a gateway into the patient's wallet: it came too late for the visit.
    fn late<'c>(&'c self, tx: &'c Conn, due: &'c Due, source: &'c Source) -> db::Answer<'c, (), Fault>;

    /// A visit was cancelled: the amount goes back into the patient's wallet, the fee is the platform's. Together they
    /// are what was paid.
    fn refund<'c>(&'c self, tx: &'c Conn, due: &'c Due, fee: Rials) -> db::Answer<'c, (), Fault>;

    /// A visit took place: the price, without the platform's part, goes into the doctor's wallet.
    fn earned<'c>(&'c self, tx: &'c Conn, earned: &'c Earned) -> db::Answer<'c, (), Fault>;

    /// The patient didn't come: what was paid is kept.
    fn missed<'c>(&'c self, tx: &'c Conn, due: &'c Due) -> db::Answer<'c, (), Fault>;
}
