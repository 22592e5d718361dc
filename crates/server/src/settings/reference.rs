//! The reference page, made from the table of settings.

use std::fmt::Write as _;

use super::{sources::variable_of, table::SPECS};

const HEAD: &str = "# Settings

Made by `helssa settings`; don't edit. A setting is read from the TOML file named by `--config` or
`HELSSA_CONFIG`, then from its environment variable, then from `--set name=value` (or a flag of its own);
the later wins. Lists are separated by commas in variables and flags. All mistakes are named at once, and
the server doesn't start with any.

| in the file | variable | default | |
| --- | --- | --- | --- |
";

/// `docs/SETTINGS.md`.
pub fn markdown() -> String {
    let mut page = HEAD.to_owned();
    for spec in SPECS {
        let default = match spec.default {
            None => String::new(),
            Some("") => "empty".to_owned(),
            Some(default) => format!("`{default}`"),
        };
        let _ =
            writeln!(page, "| `{}` | `{}` | {default} | {} |", spec.name, variable_of(spec.name), spec.about);
    }
    page
}
