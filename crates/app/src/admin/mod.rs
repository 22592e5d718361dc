//! What admins (and, to look people up, staff) do.

mod appoint;
mod audit;
mod block;
mod create_doctor;
mod doctors;
mod users;
mod wallet;

pub use appoint::{AppointError, appoint};
pub use audit::audit_of_user;
pub use block::{BlockError, block_phone, block_user, unblock_phone, unblock_user};
pub use create_doctor::{CreateDoctor, CreateDoctorError, create_doctor};
pub use doctors::{DoctorChange, DoctorError, doctor, doctors, set_doctor_status, update_doctor};
pub use store::{
    accounts::{Account, Filter},
    audit::Recorded,
    doctors::{Doctor, Entry},
};
pub use users::{UserError, user, users};
pub use wallet::wallet_of_user;

/// Which part of a list.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// From 1.
    pub number: i64,
    /// 1 to 100.
    pub size: i64,
}

impl Page {
    pub(crate) const fn offset(self) -> i64 {
        (self.number - 1).saturating_mul(self.size)
    }
}

/// One page and the whole's size.
#[derive(Debug)]
pub struct Paged<T> {
    pub count: i64,
    pub items: Vec<T>,
}
