//! Every mistake is named at once, with where it comes from, and no secret with it.

use rstest::rstest;
use tempfile::tempdir;

use super::{assert_about, file, flags, in_folder, mistakes, variables};

#[test]
fn every_mistake_is_named_at_once_and_no_secret_with_it() {
    let folder = tempdir().unwrap();
    let wrong = [
        ("listen", "nowhere"),
        ("database.url", "mysql://root:hunter2@db/helssa"),
        ("redis.url", "http://:hunter3@redis"),
        ("limits.timeout_seconds", "0"),
        ("secrets.index_key", "main:hunter4 is no base64"),
    ];
    let mistakes = mistakes(flags(in_folder(&folder), &wrong));
    assert_about(&mistakes, &wrong.map(|(name, _)| name));
    for mistake in &mistakes {
        assert!(!mistake.contains("hunter"), "{mistake}");
        assert!(mistake.contains("command line"), "where it comes from: {mistake}");
    }
}

#[test]
fn a_mistake_says_where_it_comes_from() {
    let folder = tempdir().unwrap();
    let path = file(&folder, "listen = \"nowhere\"\n");
    let in_file = mistakes(in_folder(&folder).file(&path));
    assert!(in_file[0].contains(&path.display().to_string()), "{in_file:?}");
    let in_variable = mistakes(variables(in_folder(&folder), &[("HELSSA_LISTEN", "nowhere")]));
    assert!(in_variable[0].contains("HELSSA_LISTEN"), "{in_variable:?}");
}

#[test]
fn what_is_no_setting_is_a_mistake() {
    let folder = tempdir().unwrap();
    let path = file(&folder, "listne = \"127.0.0.1:1\"\n[database]\npasword = \"hunter2\"\n");
    let sources = in_folder(&folder).file(&path);
    let sources = variables(
        sources,
        &[
            ("HELSSA_LISTNE", "hunter3"),
            // neither ours, nor about the settings themselves
            ("PATH", "/bin"),
            ("HELSSA_CONFIG", "helssa.toml"),
        ],
    );
    let mistakes = mistakes(flags(sources, &[("redis.ulr", "hunter4")]));
    assert_about(&mistakes, &["listne", "database.pasword", "HELSSA_LISTNE", "redis.ulr"]);
    assert!(!mistakes.concat().contains("hunter"), "{mistakes:#?}");
}

#[test]
fn a_file_that_is_named_must_be_there_and_readable() {
    let folder = tempdir().unwrap();
    let missing = folder.path().join("missing.toml");
    assert_eq!(mistakes(in_folder(&folder).file(&missing)).len(), 1);
    let broken = file(&folder, "listen = \n");
    assert_eq!(mistakes(in_folder(&folder).file(&broken)).len(), 1);
}

#[test]
fn a_broken_file_is_told_without_the_line_that_broke_it() {
    let folder = tempdir().unwrap();
    let path = file(&folder, "[kavenegar]\napi_key = \"hunter2\nbase_url = \"https://x\"\n");
    let mistakes = mistakes(in_folder(&folder).file(&path));
    assert_eq!(mistakes.len(), 1, "{mistakes:#?}");
    assert!(mistakes[0].contains(&path.display().to_string()));
    assert!(!mistakes[0].contains("hunter2"), "{}", mistakes[0]);
}

#[rstest]
#[case("listen", "localhost")]
#[case("mode", "test")]
#[case("data_dir", "")]
#[case("database.connections", "0")]
#[case("database.connections", "many")]
#[case("database.statement_timeout_seconds", "3601")]
#[case("database.ca_file", "/no/such/file")]
#[case("public.api_url", "api.helssa.ir")]
#[case("public.api_url", "ftp://api.helssa.ir")]
#[case("public.site_url", "https://")]
#[case("trusted_proxies", "10.0.0.0/8,proxy")]
#[case("cors.origins", "*")]
#[case("rate_limit.enabled", "yes")]
#[case("rate_limit.anonymous", "-1")]
#[case("rate_limit.authenticated", "1e3")]
#[case("limits.body_bytes", "1MB")]
#[case("shutdown.grace_seconds", "-1")]
#[case("shutdown.grace_seconds", "0")]
#[case("shutdown.drain_seconds", "-1")]
#[case("sender.kind", "pigeon")]
#[case("gateways.zarinpal.base_url", "payment.zarinpal.com")]
#[case("gateways.idpay.sandbox", "yes")]
#[case("gateways.sandbox.enabled", "maybe")]
#[case("log.format", "xml")]
#[case("otel.endpoint", "collector:4318")]
#[case("tls.cert_file", "/no/such/file")]
fn a_wrong_value_is_named(#[case] name: &str, #[case] value: &str) {
    let folder = tempdir().unwrap();
    assert_about(&mistakes(flags(in_folder(&folder), &[(name, value)])), &[name]);
}

#[test]
fn what_one_setting_needs_of_another_is_named() {
    let folder = tempdir().unwrap();
    let certificate = file(&folder, "").display().to_string();
    for (set, missing) in [
        (("sender.kind", "kavenegar"), "kavenegar.api_key"),
        (("whatsapp.phone_number_id", "1"), "whatsapp.access_token"),
        (("tls.cert_file", certificate.as_str()), "tls.key_file"),
    ] {
        let mistakes = mistakes(flags(in_folder(&folder), &[set]));
        assert_about(&mistakes, &[missing]);
        assert!(mistakes[0].contains(set.0), "{mistakes:?}");
    }
}
