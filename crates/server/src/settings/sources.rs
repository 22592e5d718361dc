//! Where settings come from.

use std::{collections::BTreeMap, path::Path};

use super::table::SPECS;

/// Values by name, with the place each was found in; later sources have overwritten earlier ones.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    values: BTreeMap<String, (String, String)>,
    pub(super) mistakes: Vec<String>,
}

impl Sources {
    /// A TOML file. One that isn't there is a mistake: whoever names a file means it.
    #[must_use]
    pub fn file(mut self, path: &Path) -> Self {
        let place = path.display().to_string();
        let parse = |text: String| {
            text.parse::<toml::Table>().map_err(|e| {
                // not the line itself: it may hold a secret
                let before = e.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
                format!("line {}: {}", before.lines().count().max(1), e.message())
            })
        };
        let read = std::fs::read_to_string(path).map_err(|e| e.to_string());
        match read.and_then(parse) {
            Ok(table) => self.flatten("", &table, &place),
            Err(e) => self.mistakes.push(format!("{place}: {e}")),
        }
        self
    }

    /// `HELSSA_…` variables. A variable that names no setting is a mistake: it was meant to be one.
    #[must_use]
    pub fn environment(mut self, variables: impl Iterator<Item = (String, String)>) -> Self {
        for (variable, value) in variables.filter(|(name, _)| name.starts_with("HELSSA_")) {
            // which file to read is not in the file
            if variable == "HELSSA_CONFIG" {
                continue;
            }
            match SPECS.iter().find(|spec| variable_of(spec.name) == variable) {
                Some(spec) => self.put(spec.name, value, variable),
                None => self.mistakes.push(format!("{variable}: there is no such setting")),
            }
        }
        self
    }

    /// A flag of the command line.
    #[must_use]
    pub fn flag(mut self, name: &str, value: Option<String>) -> Self {
        if let Some(value) = value {
            self.put(name, value, "command line".to_owned());
        }
        self
    }

    pub(super) fn find(&self, name: &str) -> Option<(String, String)> {
        self.values.get(name).cloned()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, (_, place))| (name.as_str(), place.as_str()))
    }

    fn put(&mut self, name: &str, value: String, place: String) {
        self.values.insert(name.to_owned(), (value, place));
    }

    fn flatten(&mut self, prefix: &str, table: &toml::Table, place: &str) {
        for (key, value) in table {
            let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
            match value {
                toml::Value::Table(inner) => self.flatten(&name, inner, place),
                toml::Value::Array(items) => {
                    let items: Vec<_> = items.iter().map(plain).collect();
                    self.put(&name, items.join(","), place.to_owned());
                }
                value => self.put(&name, plain(value), place.to_owned()),
            }
        }
    }
}

fn plain(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `database.url` is `HELSSA_DATABASE_URL`.
pub(super) fn variable_of(name: &str) -> String {
    format!("HELSSA_{}", name.to_uppercase().replace('.', "_"))
}
