//! Settings: where they come from, which wins, and what is said about those that are wrong.

mod production;
mod secrets;
mod sources;
mod wrong;

use std::{fs, path::PathBuf};

use helssa_server::settings::{Settings, Sources};
use tempfile::TempDir;

/// Nothing but a data folder of the test's own.
fn in_folder(folder: &TempDir) -> Sources {
    Sources::default().flag("data_dir", Some(folder.path().display().to_string()))
}

fn flags(sources: Sources, pairs: &[(&str, &str)]) -> Sources {
    pairs.iter().fold(sources, |sources, (name, value)| sources.flag(name, Some((*value).to_owned())))
}

fn variables(sources: Sources, pairs: &[(&str, &str)]) -> Sources {
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    sources.environment(pairs.into_iter())
}

fn file(folder: &TempDir, text: &str) -> PathBuf {
    let path = folder.path().join("helssa.toml");
    fs::write(&path, text).unwrap();
    path
}

fn mistakes(sources: Sources) -> Vec<String> {
    Settings::read(sources).unwrap_err().0
}

/// One mistake about each of these, and none besides.
#[track_caller]
fn assert_about(mistakes: &[String], names: &[&str]) {
    for name in names {
        let about = mistakes.iter().filter(|mistake| mistake.starts_with(*name)).count();
        assert_eq!(about, 1, "{name}: {mistakes:#?}");
    }
    assert_eq!(mistakes.len(), names.len(), "{mistakes:#?}");
}
