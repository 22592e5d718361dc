//! Extractors: a handler's arguments are its contract.

mod body;
mod caller;
mod fields;
mod id;
mod idempotency;
mod language;
mod money;
mod origin;
mod query;

pub(crate) use body::{Body, MaybeJson, ValidJson};
pub(crate) use caller::{Admin, Anyone, Caller, Doctor, Patient, StaffOrAdmin};
pub(crate) use fields::{Fields, boolean, digits, integer, list, number, text};
pub(crate) use id::Id;
pub(crate) use idempotency::{Idempotency, answer};
pub(crate) use language::MessageLanguage;
pub(crate) use money::MoneyJson;
pub(crate) use origin::Origin;
pub(crate) use query::ValidQuery;
