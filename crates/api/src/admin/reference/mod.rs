//! The lists that everybody chooses from, as admins keep them. For admins.

pub(crate) mod city;
pub(crate) mod insurer;
pub(crate) mod specialty;

use domain::{Violation, text::required_line, violation::Parsed};
use serde_json::Value;

use crate::extract::Fields;

fn name(text: &str) -> Parsed<String> {
    required_line(text, 100)
}

/// Whether it can be chosen; yes, unless it says otherwise.
fn is_active(fields: &mut Fields<'_>) -> Option<bool> {
    let boolean = |value: &Value| value.as_bool().ok_or(Violation::Type);
    Some(fields.optional("is_active", boolean)?.unwrap_or(true))
}
