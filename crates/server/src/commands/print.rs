//! `helssa openapi`, `settings`, `codes`: the documents that are made from the program itself.
#![expect(clippy::unnecessary_wraps, reason = "commands answer alike")]

use std::fmt::Write as _;

use api::errors::{Code, Language};

use super::say;
use crate::settings;

/// `docs/openapi.json`; its server is the default address.
pub(super) fn openapi() -> Result<(), String> {
    let text = api::document("http://127.0.0.1:8000").to_pretty_json().map_err(|e| e.to_string())?;
    say(&text);
    Ok(())
}

/// `docs/SETTINGS.md`.
pub(super) fn settings() -> Result<(), String> {
    say(settings::markdown().trim_end());
    Ok(())
}

/// `docs/ERRORS.md`.
pub(super) fn codes() -> Result<(), String> {
    let mut page =
        "# Error codes\n\nMade by `helssa codes`; don't edit. The envelope is described in `API.md`.\n\n\
                    | code | status | when, and what to do | fa | en |\n| --- | --- | --- | --- | --- |"
            .to_owned();
    for code in Code::ALL {
        let _ = write!(
            page,
            "\n| `{}` | {} | {} | {} | {} |",
            code.as_str(),
            code.status().as_u16(),
            code.explanation().trim(),
            code.message(Language::Persian),
            code.message(Language::English),
        );
    }
    say(&page);
    Ok(())
}
