//! What is set where nothing is, which source wins, and how lists and databases are written.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use db::Location;
use helssa_server::settings::{Mode, Sender, Settings};
use tempfile::tempdir;

use super::{assert_about, file, flags, in_folder, variables};

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
