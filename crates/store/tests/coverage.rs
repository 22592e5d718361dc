//! Nothing of the store is forgotten: neither by its tests nor when keys are rotated.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use std::{fs, path::Path};

use common::source::rust_files;
use helssa_store::{MIGRATIONS, rotation};

/// Columns of bytes that no rotation seals again, and why.
const NOT_SEALED: &[(&str, &str, &str)] = &[
    ("users", "phone_index", "a blind index"),
    ("patients", "national_id_index", "a blind index"),
    ("phone_blocks", "phone_index", "a blind index"),
    ("audit_heads", "hash", "an HMAC"),
    ("audit_log", "hash", "an HMAC"),
    ("idempotency_keys", "body_hash", "a hash"),
    ("idempotency_keys", "answer", "sealed, but forgotten after 48 hours"),
];

#[test]
fn every_function_of_the_store_is_named_in_a_test() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tests: String = rust_files(&home.join("tests"))
        .into_iter()
        .filter(|path| !path.ends_with("coverage.rs"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let source = home.join("src");
    let mut functions = vec![];
    for path in rust_files(&source) {
        let modules = modules(path.strip_prefix(&source).unwrap());
        for line in fs::read_to_string(&path).unwrap().lines() {
            if let Some(rest) = line.strip_prefix("pub async fn ") {
                let name: String = rest.chars().take_while(|c| is_of_a_name(*c)).collect();
                functions.push(modules.clone().map(|module| format!("{module}::{name}")));
            }
        }
    }
    for module in ["accounts", "visits"] {
        assert!(functions.iter().any(|names| names[0].starts_with(module)), "{module} was not found");
    }
    assert!(functions.len() >= 100, "only {functions:?} were found");
    functions.retain(|names| !names.iter().any(|name| is_named(&tests, name)));
    assert!(functions.is_empty(), "no test names {functions:?}");
}

#[test]
fn every_sealed_column_is_sealed_again_by_a_rotation() {
    let in_schema = byte_columns();
    assert!(in_schema.len() >= 23, "only {in_schema:?} were found");
    let rotated = rotation::COLUMNS.iter().map(|column| (column.field.table, column.field.column));
    let known: Vec<(&str, &str)> =
        rotated.chain(NOT_SEALED.iter().map(|(table, column, _)| (*table, *column))).collect();
    for column in &in_schema {
        assert!(known.contains(column), "{column:?} is neither rotated nor excepted here");
    }
    for column in &known {
        assert!(in_schema.contains(column), "{column:?} is not in the schema");
        assert_eq!(known.iter().filter(|other| *other == column).count(), 1, "{column:?} is here twice");
    }
}

/// What the others call a file's functions by: the name of the folder that it is in, or its own.
fn modules(file: &Path) -> [String; 2] {
    let first = Path::new(file.components().next().unwrap().as_os_str());
    [first, file].map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Whether a text names the function, not only one whose name begins or ends like it.
fn is_named(text: &str, function: &str) -> bool {
    text.match_indices(function).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + function.len()..].chars().next();
        !before.is_some_and(is_of_a_name) && !after.is_some_and(is_of_a_name)
    })
}

/// Table and name of each column of bytes in the schema.
fn byte_columns() -> Vec<(&'static str, &'static str)> {
    let mut columns = vec![];
    let mut table = "";
    for line in MIGRATIONS.iter().flat_map(|step| step.sql.lines()) {
        let line = line.split("--").next().unwrap_or_default();
        let words: Vec<&str> =
            line.split(|c: char| !is_of_a_name(c)).filter(|word| !word.is_empty()).collect();
        match words[..] {
            ["CREATE", "TABLE", name, ..] => table = name,
            ["ALTER", "TABLE", name, "ADD", "COLUMN", column, "BYTEA", ..] => columns.push((name, column)),
            [column, "BYTEA", ..] => columns.push((table, column)),
            _ => {}
        }
    }
    columns
}
