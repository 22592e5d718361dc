//! The table of all settings, and how each is read. The reference page is made from it.

use std::{collections::BTreeSet, path::PathBuf, str::FromStr, time::Duration};

use domain::Secret;
use ipnet::IpNet;

use super::{Mode, Sources};

/// One setting.
pub(super) struct Spec {
    /// In the file, with dots for tables; the variable is `HELSSA_` and the name in capitals with `_`.
    pub(super) name: &'static str,
    /// Where there is one.
    pub(super) default: Option<&'static str>,
    pub(super) about: &'static str,
}

macro_rules! specs {
    ($($name:literal $default:expr, $about:literal;)+) => {
        /// Every setting, in the order of the reference page.
        pub(super) const SPECS: &[Spec] = &[$(Spec { name: $name, default: $default, about: $about }),+];
    };
}

specs! {
    "mode" Some("development"), "`development` or `production`. Production refuses generated secrets, the development inbox, gateways without money and public URLs without HTTPS.";
    "listen" Some("127.0.0.1:8000"), "Address and port to listen on.";
    "data_dir" Some("data"), "Folder of the SQLite database, files, and in development the generated secrets.";
    "database.url" None, "`sqlite://path` or `postgres://user:password@host/name`. Default: `helssa.db` in `data_dir`.";
    "database.connections" Some("16"), "PostgreSQL connections at most.";
    "database.ca_file" None, "Certificate authority (PEM) of the PostgreSQL server, instead of the system's.";
    "database.statement_timeout_seconds" Some("5"), "A PostgreSQL statement that takes longer is ended. 1 to 15.";
    "redis.url" None, "`redis://…` or `rediss://…`, shared by all nodes. Without it, one-time codes and limits are kept in memory: right for a single node only.";
    "public.api_url" None, "Prefix of links to the API inside answers, such as `https://api.helssa.ir/v1`. Default: from `listen`.";
    "public.site_url" None, "Where patients find the site. Default: from `listen`.";
    "trusted_proxies" Some(""), "Networks whose `X-Forwarded-For` is believed, such as `10.0.0.0/8, 127.0.0.1/32`.";
    "cors.origins" Some(""), "Origins that browsers may call from, such as `https://app.helssa.ir`.";
    "rate_limit.enabled" Some("true"), "`false` lifts the request limits and the OTP budgets per address (never those per phone and per code). For tests.";
    "rate_limit.anonymous" Some("100"), "Requests an hour from one client address.";
    "rate_limit.authenticated" Some("1000"), "Requests an hour of one user.";
    "rate_limit.premium" Some("10000"), "Requests an hour of one user with a premium plan.";
    "limits.body_bytes" Some("1048576"), "Larger JSON bodies are refused with 413.";
    "limits.timeout_seconds" Some("30"), "Requests that take longer are answered with 503.";
    "shutdown.drain_seconds" Some("0"), "After a SIGTERM `/health/` answers 503 for so long before the server stops listening, so that load balancers go elsewhere.";
    "shutdown.grace_seconds" Some("30"), "How long requests in flight may take after a SIGTERM.";
    "worker.enabled" Some("true"), "`false`: `helssa serve` runs no jobs (reminders, SMS, expiry, clean-up); `helssa worker` must run somewhere.";
    "metrics.token" None, "Bearer token for `/metrics`. Without it only this machine may read them.";
    "secrets.token_keys" None, "Keys that sign tokens, newest first, each `name:base64 of 32 bytes`. Make them with `helssa keys generate`.";
    "secrets.data_keys" None, "Keys that seal columns, newest first. Add a new one in front, run `helssa keys rotate`, and remove the old one two days later.";
    "secrets.index_key" None, "Key of blind indexes, code hashes and the audit chain. It can't be changed later.";
    "sender.kind" Some("inbox"), "Who carries SMS and calls: `inbox` (development) or `kavenegar`.";
    "kavenegar.base_url" Some("https://api.kavenegar.com"), "Kavenegar's API.";
    "kavenegar.api_key" None, "From Kavenegar's panel.";
    "kavenegar.template" Some("helssa-otp"), "Name of the verification template; its first token is the code.";
    "kavenegar.sender" None, "Number of the account that reminders and other texts come from. Default: the account's own default.";
    "whatsapp.phone_number_id" None, "Of the sending business number. Without it there is no WhatsApp channel.";
    "whatsapp.access_token" None, "Of the WhatsApp Business Cloud API.";
    "whatsapp.base_url" Some("https://graph.facebook.com/v23.0"), "The Cloud API.";
    "whatsapp.template" Some("helssa_otp"), "Approved authentication template with a copy-code button.";
    "whatsapp.language" Some("fa"), "Language of that template.";
    "billing.commission_percent" Some("10"), "The platform's part of what doctors earn, in percent. 0 to 100.";
    "billing.seller.name" Some("هلسا"), "Who sells, on invoices.";
    "billing.seller.address" None, "The seller's address, on invoices.";
    "billing.seller.economic_code" None, "The seller's economic code, on invoices.";
    "billing.return_urls" Some(""), "Where payers may be sent back to besides `public.site_url`: URLs that `return_url` may begin with.";
    "gateways.zarinpal.merchant_id" None, "The 36 characters that ZarinPal knows the merchant by. Without it there is no such gateway.";
    "gateways.zarinpal.base_url" Some("https://payment.zarinpal.com"), "ZarinPal's API and pages; `https://sandbox.zarinpal.com` moves no money.";
    "gateways.bitpay.api_key" None, "From BitPay.ir's panel. Without it there is no such gateway.";
    "gateways.bitpay.base_url" Some("https://bitpay.ir/payment"), "BitPay.ir's API and pages; `https://bitpay.ir/payment-test` moves no money.";
    "gateways.idpay.api_key" None, "From IDPay's panel. Without it there is no such gateway.";
    "gateways.idpay.base_url" Some("https://api.idpay.ir/v1.1"), "IDPay's API.";
    "gateways.idpay.sandbox" Some("false"), "`true`: IDPay only plays, and moves no money.";
    "gateways.sandbox.enabled" None, "The development gateway, a page where payments succeed or fail by a button. Default: `true` in development, `false` in production.";
    "log.filter" Some("info"), "What is logged, as of tracing's `EnvFilter`, such as `info,helssa_app=debug`.";
    "log.format" None, "`text` or `json`. Default: `json` in production, `text` in development.";
    "otel.endpoint" None, "OpenTelemetry collector (OTLP over HTTP), such as `http://127.0.0.1:4318`. Needs a build with the feature `otel`.";
    "tls.cert_file" None, "Certificate chain (PEM), where no proxy in front has one.";
    "tls.key_file" None, "Its private key (PEM).";
}

/// Reads settings one by one and collects what is wrong.
pub(super) struct Reader {
    sources: Sources,
    mistakes: Vec<String>,
}

impl Reader {
    pub(super) fn new(sources: Sources) -> Self {
        let mut mistakes = sources.mistakes.clone();
        let known: BTreeSet<_> = SPECS.iter().map(|spec| spec.name).collect();
        for (name, place) in sources.names() {
            if !known.contains(name) {
                mistakes.push(format!("{name} ({place}): there is no such setting"));
            }
        }
        Self { sources, mistakes }
    }

    pub(super) fn into_mistakes(self) -> Vec<String> {
        self.mistakes
    }

    /// A setting with a default.
    pub(super) fn get<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let default = SPECS.iter().find(|spec| spec.name == name).and_then(|spec| spec.default);
        let (value, place) = match (self.sources.find(name), default) {
            (Some(found), _) => found,
            (None, Some(default)) => (default.to_owned(), "default".to_owned()),
            (None, None) => return self.wrong(format!("{name}: not set")),
        };
        match read(value.trim()) {
            Ok(value) => Some(value),
            Err(e) => self.wrong(format!("{name} ({place}): {e}")),
        }
    }

    /// A setting that may be missing or empty. The outer option is none when it is wrong.
    #[expect(clippy::option_option, reason = "wrong, not set, set")]
    pub(super) fn optional<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<Option<T>> {
        match self.sources.find(name) {
            Some((value, place)) if !value.trim().is_empty() => match read(value.trim()) {
                Ok(value) => Some(Some(value)),
                Err(e) => self.wrong(format!("{name} ({place}): {e}")),
            },
            _ => Some(None),
        }
    }

    /// A setting that another one makes necessary.
    pub(super) fn needed<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
        because: &str,
    ) -> Option<T> {
        match self.optional(name, read)? {
            Some(value) => Some(value),
            None => self.wrong(format!("{name}: needed, because {because}")),
        }
    }

    pub(super) fn wrong<T>(&mut self, mistake: String) -> Option<T> {
        self.mistakes.push(mistake);
        None
    }
}

pub(super) fn parse<T: FromStr>(text: &str) -> Result<T, String>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|e: T::Err| format!("`{text}`: {e}"))
}

pub(super) fn positive(text: &str) -> Result<i64, String> {
    match text.parse() {
        Ok(number @ 1..=1_000_000_000) => Ok(number),
        _ => Err(format!("`{text}` is not a number from 1 to 1,000,000,000")),
    }
}

pub(super) fn percent(text: &str) -> Result<u8, String> {
    match text.parse() {
        Ok(percent @ 0..=100) => Ok(percent),
        _ => Err(format!("`{text}` is not a number from 0 to 100")),
    }
}

pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(seconds @ 1..=3600) => Ok(Duration::from_secs(seconds)),
        _ => Err(format!("`{text}` is not a number of seconds from 1 to 3600")),
    }
}

/// Revocations reach other nodes on the assumption that no transaction takes minutes.
pub(super) fn few_seconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(seconds @ 1..=15) => Ok(Duration::from_secs(seconds)),
        _ => Err(format!("`{text}` is not a number of seconds from 1 to 15")),
    }
}

/// The same, and none is a number too.
pub(super) fn seconds_or_none(text: &str) -> Result<Duration, String> {
    if text == "0" { Ok(Duration::ZERO) } else { seconds(text) }
}

pub(super) fn text(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("is empty".into()) } else { Ok(text.to_owned()) }
}

pub(super) fn secret(value: &str) -> Result<Secret<String>, String> {
    text(value).map(Secret::new)
}

pub(super) fn path(value: &str) -> Result<PathBuf, String> {
    text(value).map(PathBuf::from)
}

pub(super) fn existing_file(text: &str) -> Result<PathBuf, String> {
    let path = path(text)?;
    if path.is_file() { Ok(path) } else { Err(format!("`{text}` is not a file")) }
}

pub(super) fn mode(text: &str) -> Result<Mode, String> {
    match text {
        "development" => Ok(Mode::Development),
        "production" => Ok(Mode::Production),
        _ => Err(format!("`{text}` is neither development nor production")),
    }
}

/// Without a slash at its end.
pub(super) fn url(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split('/').next()).unwrap_or_default();
    if host.is_empty() || text.contains(char::is_whitespace) {
        return Err(format!("`{text}` is not an http:// or https:// URL"));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// Such URLs hold passwords: they are not repeated in the mistake.
pub(super) fn redis_url(text: &str) -> Result<Secret<String>, String> {
    if text.starts_with("redis://") || text.starts_with("rediss://") {
        Ok(Secret::new(text.to_owned()))
    } else {
        Err("does not begin with redis:// or rediss://".into())
    }
}

pub(super) enum DatabaseUrl {
    Sqlite(PathBuf),
    Postgres(String),
}

pub(super) fn database_url(text: &str) -> Result<DatabaseUrl, String> {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Ok(DatabaseUrl::Postgres(text.to_owned()));
    }
    match text.strip_prefix("sqlite://") {
        Some(file) if !file.is_empty() => Ok(DatabaseUrl::Sqlite(file.into())),
        _ => Err("does not begin with sqlite:// or postgres://".into()),
    }
}

/// `10.0.0.0/8`, or one address.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
        .map_err(|_| format!("`{text}` is not a network such as 10.0.0.0/8"))
}

/// Separated by commas.
pub(super) fn list<T>(read: fn(&str) -> Result<T, String>) -> impl FnOnce(&str) -> Result<Vec<T>, String> {
    move |text| text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(read).collect()
}

#[derive(PartialEq, Eq)]
pub(super) enum SenderKind {
    Inbox,
    Kavenegar,
}

pub(super) fn sender_kind(text: &str) -> Result<SenderKind, String> {
    match text {
        "inbox" => Ok(SenderKind::Inbox),
        "kavenegar" => Ok(SenderKind::Kavenegar),
        _ => Err(format!("`{text}` is neither inbox nor kavenegar")),
    }
}

/// Whether it is JSON.
pub(super) fn log_format(text: &str) -> Result<bool, String> {
    match text {
        "json" => Ok(true),
        "text" => Ok(false),
        _ => Err(format!("`{text}` is neither text nor json")),
    }
}
