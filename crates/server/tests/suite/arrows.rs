//! Arrows point one way: server → api → app → store, providers, state → db → domain.

use std::{collections::BTreeMap, fs, path::Path};

/// Each room and the rooms that it may know. A new room gets a line here, or this test fails.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("db", &["domain"]),
    ("store", &["db", "domain"]),
    ("state", &["domain"]),
    ("providers", &["domain"]),
    ("pdf", &["domain"]),
    ("app", &["db", "domain", "pdf", "providers", "state", "store"]),
    ("api", &["app", "domain"]),
    ("server", &["api", "app", "db", "domain", "providers", "state", "store"]),
    ("testkit", &["api", "app", "db", "domain", "providers", "server", "state", "store"]),
];

#[test]
fn no_room_uses_what_lies_above_it() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let allowed: BTreeMap<_, _> = MAY_USE.iter().copied().collect();
    let mut seen = 0;
    for room in fs::read_dir(crates).unwrap() {
        let room = room.unwrap();
        let name = room.file_name().into_string().unwrap();
        let text = fs::read_to_string(room.path().join("Cargo.toml")).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        let may_use = allowed.get(name.as_str()).unwrap_or_else(|| panic!("{name} has no line in MAY_USE"));
        for used in manifest["dependencies"].as_table().unwrap().keys() {
            let is_room = allowed.contains_key(used.as_str());
            assert!(!is_room || may_use.contains(&used.as_str()), "{name} must not use {used}");
        }
        seen += 1;
    }
    assert_eq!(seen, MAY_USE.len(), "a room has gone");
}

#[test]
fn rules_touch_neither_network_nor_database_nor_runtime() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain/Cargo.toml");
    let manifest: toml::Table = fs::read_to_string(path).unwrap().parse().unwrap();
    for banned in ["tokio", "axum", "rusqlite", "tokio-postgres", "reqwest", "redis"] {
        assert!(!manifest["dependencies"].as_table().unwrap().contains_key(banned), "{banned}");
    }
}
