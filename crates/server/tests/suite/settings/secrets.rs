//! Secrets are made once for development, never replaced, and a wrong one is told without its value.

use std::{fs, os::unix::fs::PermissionsExt as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use helssa_server::settings::{Settings, Sources};
use tempfile::tempdir;

use super::{assert_about, flags, in_folder, mistakes};

#[test]
fn development_secrets_are_made_once_and_are_their_owners_alone() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("deep").join("data");
    let read = || Settings::read(Sources::default().flag("data_dir", Some(data.display().to_string())));
    let keys = |settings: &Settings| {
        let secrets = &settings.secrets;
        let keys = secrets.token_keys.iter().chain(&secrets.data_keys).chain([&secrets.index_key]);
        keys.map(|key| (key.kid.clone(), *key.secret.expose())).collect::<Vec<_>>()
    };
    let first = keys(&read().unwrap());
    assert_eq!(keys(&read().unwrap()), first);
    assert_eq!(first.len(), 3);
    assert!(first.iter().all(|(kid, _)| kid.starts_with("generated-")), "so that production knows them");
    let mut secrets: Vec<_> = first.iter().map(|(_, secret)| secret).collect();
    secrets.sort_unstable();
    secrets.dedup();
    assert_eq!(secrets.len(), 3, "no two are the same");

    let made: Vec<_> = fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(made, ["secrets.toml"], "nothing is left beside it");
    let permissions = fs::metadata(data.join("secrets.toml")).unwrap().permissions();
    assert_eq!(permissions.mode() & 0o777, 0o600);

    // another folder, other secrets
    let other = Settings::read(in_folder(&folder)).unwrap();
    assert!(keys(&other).iter().all(|key| !first.contains(key)));
}

#[test]
fn damaged_development_secrets_are_told_and_not_replaced() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("secrets.toml");
    let damaged = "[secrets]\ntoken_keys = [\"a:hunter2\"]\n";
    fs::write(&path, damaged).unwrap();
    let mistakes = mistakes(in_folder(&folder));
    assert_eq!(mistakes.len(), 1, "{mistakes:#?}");
    assert!(mistakes[0].contains("secrets.") && !mistakes[0].contains("hunter2"), "{}", mistakes[0]);
    assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
}

#[test]
fn a_wrong_key_is_told_without_its_value() {
    let folder = tempdir().unwrap();
    let (short, long, right) =
        (STANDARD.encode([7_u8; 31]), STANDARD.encode([7_u8; 33]), STANDARD.encode([7_u8; 32]));
    for (value, told) in [
        (format!("main:{short}"), "key main does not have 32 bytes"),
        (format!("main:{long}"), "key main does not have 32 bytes"),
        ("main:*hunter2*".to_owned(), "key main is not base64"),
        ("main:".to_owned(), "key main does not have 32 bytes"),
        (right.clone(), "is not of the form name:base64"),
        (format!(":{right}"), "a key's name has"),
        (format!("a key:{right}"), "a key's name has"),
        (format!("{}:{right}", "x".repeat(33)), "a key's name has"),
    ] {
        for name in ["secrets.index_key", "secrets.token_keys", "secrets.data_keys"] {
            let mistakes = mistakes(flags(in_folder(&folder), &[(name, value.as_str())]));
            assert_about(&mistakes, &[name]);
            assert!(mistakes[0].contains(told), "{mistakes:?}");
            for secret in ["hunter2", &short, &long, &right] {
                assert!(!mistakes[0].contains(secret), "{mistakes:?}");
            }
        }
    }
}

#[test]
fn every_wrong_key_is_named_at_once() {
    let folder = tempdir().unwrap();
    let wrong = [("secrets.token_keys", "a:*"), ("secrets.data_keys", "b:*"), ("secrets.index_key", "c:*")];
    let mistakes = mistakes(flags(in_folder(&folder), &wrong));
    assert_about(&mistakes, &wrong.map(|(name, _)| name));
}

#[test]
fn some_secrets_without_the_others_are_a_mistake() {
    let folder = tempdir().unwrap();
    let key = format!("main:{}", STANDARD.encode([7_u8; 32]));
    for names in [
        &["secrets.token_keys"][..],
        &["secrets.data_keys", "secrets.index_key"],
        &["secrets.token_keys", "secrets.data_keys"],
    ] {
        let set: Vec<_> = names.iter().map(|name| (*name, key.as_str())).collect();
        assert_about(&mistakes(flags(in_folder(&folder), &set)), &["secrets"]);
    }
}
