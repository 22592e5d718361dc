//! Everybody's invoices. For admins; each look is audited.

pub(crate) mod list;
pub(crate) mod pdf;
