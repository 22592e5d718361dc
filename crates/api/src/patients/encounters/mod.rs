//! A patient's visits: book, pay, move, cancel, rate; list and read.

mod body;
pub(crate) mod book;
pub(crate) mod calendar;
pub(crate) mod cancel;
pub(crate) mod list;
pub(crate) mod pay;
pub(crate) mod quote;
pub(crate) mod rating;
pub(crate) mod read;
pub(crate) mod reschedule;

pub(crate) use body::{Booking, booking, meeting_link, minutes};
