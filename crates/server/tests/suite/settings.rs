//! Settings: where they come from, which wins, and what is said about those that are wrong.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use db::Location;
use helssa_server::{
    settings::{Mode, Sender, Settings, Sources, generate},
    wiring::OsRng,
};
use rstest::rstest;
use tempfile::{TempDir, tempdir};

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

#[test]
fn nothing_set_is_development_on_this_machine_alone() {
    let folder = tempdir().unwrap();
    let settings = Settings::read(in_folder(&folder)).unwrap();
    assert_eq!(settings.mode, Mode::Development);
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8000");
    assert_eq!(settings.data_dir, folder.path());
    let Location::Sqlite { path, .. } = &settings.database else { panic!("not the embedded database") };
    assert_eq!(*path, folder.path().join("helssa.db"));
    assert!(settings.redis_url.is_none());
    assert_eq!(settings.public_api_url, "http://127.0.0.1:8000/api/v1");
    assert_eq!(settings.public_site_url, "http://127.0.0.1:8000");
    assert!(settings.trusted_proxies.is_empty() && settings.cors_origins.is_empty());
    let limits = settings.rate_limit.unwrap();
    assert_eq!((limits.anonymous, limits.authenticated), (100, 1_000));
    assert_eq!(settings.max_body, 1_048_576);
    assert_eq!(settings.timeout, Duration::from_secs(30));
    assert_eq!((settings.drain, settings.shutdown_grace), (Duration::ZERO, Duration::from_secs(30)));
    assert!(settings.metrics_token.is_none() && settings.otel_endpoint.is_none() && settings.tls.is_none());
    assert!(matches!(settings.sender, Sender::Inbox) && settings.whatsapp.is_none());
    let gateways = &settings.gateways;
    assert!(gateways.sandbox, "so that a newcomer can pay");
    assert!(gateways.zarinpal.is_none() && gateways.bitpay.is_none() && gateways.idpay.is_none());
    assert_eq!((settings.log.filter.as_str(), settings.log.json), ("info", false));
}

#[test]
fn flags_win_over_variables_and_those_over_the_file() {
    let folder = tempdir().unwrap();
    let path = file(
        &folder,
        r#"
            listen = "127.0.0.1:1001"

            [rate_limit]
            anonymous = 1
            authenticated = 1

            [limits]
            body_bytes = 1
        "#,
    );
    let sources = in_folder(&folder).file(&path);
    let variables =
        variables(sources, &[("HELSSA_RATE_LIMIT_ANONYMOUS", "2"), ("HELSSA_LIMITS_BODY_BYTES", "2")]);
    let settings = Settings::read(flags(variables, &[("limits.body_bytes", "3")])).unwrap();
    let limits = settings.rate_limit.unwrap();
    assert_eq!(settings.timeout, Duration::from_secs(30), "the default");
    assert_eq!((settings.listen.port(), limits.authenticated), (1001, 1), "the file");
    assert_eq!(limits.anonymous, 2, "the variable");
    assert_eq!(settings.max_body, 3, "the flag");
    assert_eq!(settings.public_api_url, "http://127.0.0.1:1001/api/v1", "made from what is set");
}

#[test]
fn lists_are_arrays_in_the_file_and_commas_elsewhere() {
    let folder = tempdir().unwrap();
    let path = file(
        &folder,
        r#"
            trusted_proxies = ["10.0.0.0/8", "192.0.2.1"]

            [cors]
            origins = ["https://app.helssa.ir", "https://admin.helssa.ir"]
        "#,
    );
    let settings = Settings::read(in_folder(&folder).file(&path)).unwrap();
    assert_eq!(settings.cors_origins, ["https://app.helssa.ir", "https://admin.helssa.ir"]);
    let proxies: Vec<_> = settings.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(proxies, ["10.0.0.0/8", "192.0.2.1/32"]);

    let commas = [("HELSSA_CORS_ORIGINS", "https://a.example/ , https://b.example,")];
    let settings = Settings::read(variables(in_folder(&folder).file(&path), &commas)).unwrap();
    assert_eq!(settings.cors_origins, ["https://a.example", "https://b.example"]);
    let none = [("HELSSA_CORS_ORIGINS", ""), ("HELSSA_TRUSTED_PROXIES", "")];
    let settings = Settings::read(variables(in_folder(&folder).file(&path), &none)).unwrap();
    assert!(settings.cors_origins.is_empty() && settings.trusted_proxies.is_empty());
}

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

/// A production configuration with nothing to object to.
fn production(folder: &TempDir) -> PathBuf {
    let rest = r#"
        mode = "production"
        trusted_proxies = ["10.0.0.0/8"]

        [public]
        api_url = "https://api.helssa.ir/v1"
        site_url = "https://helssa.ir"

        [database]
        url = "postgres://helssa:hunter2@db/helssa"

        [redis]
        url = "rediss://:hunter3@redis:6379"

        [sender]
        kind = "kavenegar"

        [kavenegar]
        api_key = "hunter4"
    "#;
    file(folder, &format!("{rest}\n{}", generate("", &OsRng)))
}

#[test]
fn a_complete_production_configuration_is_accepted() {
    let folder = tempdir().unwrap();
    let settings = Settings::read(in_folder(&folder).file(&production(&folder))).unwrap();
    assert_eq!(settings.mode, Mode::Production);
    assert_eq!(settings.public_api_url, "https://api.helssa.ir/v1");
    assert!(settings.log.json, "as machines read it");
    let Sender::Kavenegar(kavenegar) = &settings.sender else { panic!("another sender") };
    assert_eq!(kavenegar.api_key.expose(), "hunter4");
    assert_eq!(settings.redis_url.unwrap().expose(), "rediss://:hunter3@redis:6379");
    assert!(!folder.path().join("secrets.toml").exists(), "it has secrets of its own");
    assert!(!settings.gateways.sandbox, "without being told");
}

#[rstest]
#[case("sender.kind", "inbox", "sender.kind")]
#[case("public.api_url", "http://api.helssa.ir/v1", "public.api_url")]
#[case("public.site_url", "http://helssa.ir", "public.site_url")]
#[case("rate_limit.enabled", "false", "rate_limit.enabled")]
#[case("gateways.sandbox.enabled", "true", "gateways.sandbox.enabled")]
#[case("secrets.token_keys", "", "secrets")]
fn production_refuses_each_by_itself(#[case] name: &str, #[case] value: &str, #[case] named: &str) {
    let folder = tempdir().unwrap();
    let sources = in_folder(&folder).file(&production(&folder));
    assert_about(&mistakes(flags(sources, &[(name, value)])), &[named]);
}

#[test]
fn a_gateway_is_there_where_its_key_is_set() {
    let folder = tempdir().unwrap();
    let keys = [
        ("gateways.zarinpal.merchant_id", "hunter5"),
        ("gateways.bitpay.api_key", "hunter6"),
        ("gateways.idpay.api_key", "hunter7"),
        ("gateways.sandbox.enabled", "false"),
    ];
    let settings = Settings::read(flags(in_folder(&folder), &keys)).unwrap();
    assert!(!format!("{settings:?}").contains("hunter"));
    let gateways = settings.gateways;
    let (zarinpal, bitpay) = (gateways.zarinpal.unwrap(), gateways.bitpay.unwrap());
    let idpay = gateways.idpay.unwrap();
    assert_eq!(zarinpal.base_url, "https://payment.zarinpal.com");
    assert_eq!(zarinpal.merchant_id.expose(), "hunter5");
    assert!(zarinpal.accept_sandbox, "in development");
    assert_eq!(
        (bitpay.base_url.as_str(), bitpay.api_key.expose().as_str()),
        ("https://bitpay.ir/payment", "hunter6")
    );
    assert_eq!((idpay.base_url.as_str(), idpay.sandbox), ("https://api.idpay.ir/v1.1", false));
    assert!(!gateways.sandbox);

    let sources = flags(in_folder(&folder).file(&production(&folder)), &keys);
    let zarinpal = Settings::read(sources).unwrap().gateways.zarinpal.unwrap();
    assert!(!zarinpal.accept_sandbox, "in production");
}

#[rstest]
#[case("gateways.zarinpal.merchant_id", "gateways.zarinpal.base_url", "https://sandbox.zarinpal.com")]
#[case("gateways.bitpay.api_key", "gateways.bitpay.base_url", "https://bitpay.ir/payment-test")]
#[case("gateways.idpay.api_key", "gateways.idpay.sandbox", "true")]
fn production_refuses_gateways_without_money(#[case] key: &str, #[case] name: &str, #[case] value: &str) {
    let folder = tempdir().unwrap();
    let wrong = [(key, "hunter5"), (name, value)];
    Settings::read(flags(in_folder(&folder), &wrong)).unwrap();
    let mistakes = mistakes(flags(in_folder(&folder).file(&production(&folder)), &wrong));
    assert_about(&mistakes, &[name]);
    assert!(!mistakes[0].contains("hunter"), "{mistakes:?}");
}

#[test]
fn production_names_all_that_it_refuses() {
    let folder = tempdir().unwrap();
    let secrets = generate("generated-", &OsRng);
    let path = file(&folder, &secrets);
    let sources =
        flags(in_folder(&folder).file(&path), &[("mode", "production"), ("rate_limit.enabled", "false")]);
    let mistakes = mistakes(sources);
    let names = ["secrets", "sender.kind", "public.api_url", "public.site_url", "rate_limit.enabled"];
    assert_about(&mistakes, &names);
    let values: Vec<_> = secrets.split([':', '"']).filter(|part| part.len() == 44).collect();
    assert_eq!(values.len(), 3);
    for value in values {
        assert!(!mistakes.concat().contains(value), "{mistakes:#?}");
    }
}

#[test]
fn what_production_refuses_is_named_beside_other_mistakes() {
    let folder = tempdir().unwrap();
    let wrong = [("listen", "nowhere"), ("sender.kind", "inbox"), ("rate_limit.enabled", "false")];
    let mistakes = mistakes(flags(in_folder(&folder).file(&production(&folder)), &wrong));
    assert_about(&mistakes, &wrong.map(|(name, _)| name));
}

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

#[test]
fn a_database_is_named_by_its_url() {
    let folder = tempdir().unwrap();
    let read = |url: &str| Settings::read(flags(in_folder(&folder), &[("database.url", url)]));
    for (url, expected) in [
        ("sqlite:///var/lib/helssa/helssa.db", PathBuf::from("/var/lib/helssa/helssa.db")),
        ("sqlite://other.db", PathBuf::from("other.db")),
        ("", folder.path().join("helssa.db")),
    ] {
        let Location::Sqlite { path, .. } = read(url).unwrap().database else { panic!("{url}") };
        assert_eq!(path, expected, "{url}");
    }
    for url in ["postgres://helssa:hunter2@db:5432/helssa", "postgresql://db/helssa?sslmode=require"] {
        let Location::Postgres(options) = read(url).unwrap().database else { panic!("{url}") };
        assert_eq!((options.url.as_str(), options.connections), (url, 16));
        assert_eq!(options.statement_timeout, Duration::from_secs(5));
        assert_eq!(options.ca_file.as_deref(), None::<&Path>);
    }
    for url in ["mysql://root:hunter2@db", "sqlite://", "helssa.db", "sqlite:helssa.db", "postgres:/hunter2"]
    {
        let mistakes = read(url).unwrap_err().0;
        assert_about(&mistakes, &["database.url"]);
        assert!(!mistakes[0].contains("hunter2"), "{mistakes:?}");
    }
}
