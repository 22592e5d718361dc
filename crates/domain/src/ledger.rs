//! Double entry (D32): postings of several entries that sum to zero, on accounts found by kind and owner.

mod account;
mod earning;
mod entry;
mod posting;

pub use account::{Account, AccountKind};
pub use earning::Earning;
pub use entry::{Direction, Entry, without_zeros};
pub use posting::{Posting, PostingKind, Unbalanced};

#[cfg(test)]
mod tests;
