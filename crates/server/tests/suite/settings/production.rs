//! What production refuses, each by itself and all at once; and gateways, which it wants with real money.

use std::path::PathBuf;

use helssa_server::{
    settings::{Mode, Sender, Settings, generate},
    wiring::OsRng,
};
use rstest::rstest;
use tempfile::{TempDir, tempdir};

use super::{assert_about, file, flags, in_folder, mistakes};

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
