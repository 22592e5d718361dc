//! Settings: one TOML file, `HELSSA_…` environment variables, flags; the later wins. All are read and
//! checked at start, and every mistake is named at once.

mod gateways;
mod production;
mod reference;
mod secrets;
mod sources;
mod table;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use app::RateLimits;
use db::{Location, PostgresOptions};
use domain::Secret;
use ipnet::IpNet;
use providers::{KavenegarSettings, WhatsappSettings};
use store::keyring::Secrets;

pub use gateways::Gateways;
pub use reference::markdown;
pub use secrets::generate;
pub use sources::Sources;

/// So long a request waits for a connection to the database.
const CONNECTION_PATIENCE: Duration = Duration::from_secs(5);

/// Everything that operators set.
#[derive(Clone, Debug)]
pub struct Settings {
    pub mode: Mode,
    pub listen: SocketAddr,
    pub data_dir: PathBuf,
    pub database: Location,
    pub redis_url: Option<Secret<String>>,
    pub redis_patience: Duration,
    pub public_api_url: String,
    pub public_site_url: String,
    pub trusted_proxies: Vec<IpNet>,
    pub cors_origins: Vec<String>,
    /// None: lifted, and with them the OTP budgets per address.
    pub rate_limit: Option<RateLimits>,
    pub max_body: usize,
    pub timeout: Duration,
    pub drain: Duration,
    pub shutdown_grace: Duration,
    /// Whether a server works off jobs too.
    pub worker: bool,
    pub metrics_token: Option<Secret<String>>,
    pub secrets: Secrets,
    pub sender: Sender,
    /// The number that texts come from, where the sender has several.
    pub sms_line: Option<String>,
    pub whatsapp: Option<WhatsappSettings>,
    /// The platform's part of what doctors earn.
    pub commission_percent: u8,
    /// Whose name stands on invoices.
    pub seller: domain::invoice::Seller,
    /// Where payers may be sent back to besides the public site.
    pub return_urls: Vec<String>,
    pub gateways: Gateways,
    pub log: Log,
    pub otel_endpoint: Option<String>,
    pub tls: Option<Tls>,
}

/// How careful the server is about its own settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Secrets are made, messages stay in the inbox.
    Development,
    /// Refuses all that is meant for development.
    Production,
}

/// Who carries SMS and calls.
#[derive(Clone, Debug)]
pub enum Sender {
    /// The development inbox.
    Inbox,
    Kavenegar(KavenegarSettings),
}

/// What is logged, and how.
#[derive(Clone, Debug)]
pub struct Log {
    /// As of tracing's `EnvFilter`.
    pub filter: String,
    pub json: bool,
}

/// A certificate, where no proxy in front has one.
#[derive(Clone, Debug)]
pub struct Tls {
    pub cert_file: PathBuf,
    pub key_file: PathBuf,
}

/// Every mistake in the settings, one sentence each.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Mistakes(pub Vec<String>);

impl Settings {
    /// Reads all settings, or says all that is wrong with them.
    pub fn read(sources: Sources) -> Result<Self, Mistakes> {
        let mut reader = table::Reader::new(sources);
        let settings = Self::assemble(&mut reader);
        let mistakes = reader.into_mistakes();
        match settings {
            Some(settings) if mistakes.is_empty() => Ok(settings),
            _ => Err(Mistakes(mistakes)),
        }
    }

    fn assemble(r: &mut table::Reader) -> Option<Self> {
        let mode = r.get("mode", table::mode);
        let listen: Option<SocketAddr> = r.get("listen", table::parse);
        let data_dir = r.get("data_dir", table::path);
        let database = database(r, data_dir.as_ref());
        let redis_url = r.optional("redis.url", table::redis_url);
        let own = listen.map_or_else(String::new, |listen| format!("http://{listen}"));
        let or_own = |set: Option<String>, path: &str| set.unwrap_or_else(|| format!("{own}{path}"));
        let public_api_url = r.optional("public.api_url", table::url).map(|set| or_own(set, "/api/v1"));
        let public_site_url = r.optional("public.site_url", table::url).map(|set| or_own(set, ""));
        let trusted_proxies = r.get("trusted_proxies", table::list(table::network));
        let cors_origins = r.get("cors.origins", table::list(table::url));
        let enabled = r.get("rate_limit.enabled", table::parse::<bool>);
        let anonymous = r.get("rate_limit.anonymous", table::positive);
        let authenticated = r.get("rate_limit.authenticated", table::positive);
        let premium = r.get("rate_limit.premium", table::positive);
        let max_body = r.get("limits.body_bytes", table::positive);
        let timeout = r.get("limits.timeout_seconds", table::seconds);
        let drain = r.get("shutdown.drain_seconds", table::seconds_or_none);
        let shutdown_grace = r.get("shutdown.grace_seconds", table::seconds);
        let worker = r.get("worker.enabled", table::parse::<bool>);
        let metrics_token = r.optional("metrics.token", table::secret);
        let sender = sender(r);
        let sms_line = r.optional("kavenegar.sender", table::text);
        let whatsapp = whatsapp(r);
        let commission_percent = r.get("billing.commission_percent", table::percent);
        let seller_name = r.get("billing.seller.name", table::text);
        let seller_address = r.optional("billing.seller.address", table::text);
        let seller_code = r.optional("billing.seller.economic_code", table::text);
        let return_urls = r.get("billing.return_urls", table::list(table::url));
        let gateways = gateways::read(r, mode);
        let filter = r.get("log.filter", table::text);
        let format = r.optional("log.format", table::log_format);
        let otel_endpoint = r.optional("otel.endpoint", table::url);
        let tls = tls(r);
        let secrets = secrets::read(r, mode, data_dir.as_ref());
        if mode == Some(Mode::Production) {
            production::refuse(
                r,
                &production::Parts {
                    secrets: secrets.as_ref(),
                    sender: sender.as_ref(),
                    urls: [
                        ("public.api_url", public_api_url.as_ref()),
                        ("public.site_url", public_site_url.as_ref()),
                    ],
                    rate_limit: enabled,
                    gateways: gateways.as_ref(),
                },
            );
        }
        let data_dir = data_dir?;
        Some(Self {
            mode: mode?,
            listen: listen?,
            data_dir,
            database: database?,
            redis_url: redis_url?,
            redis_patience: Duration::from_secs(2),
            public_api_url: public_api_url?,
            public_site_url: public_site_url?,
            trusted_proxies: trusted_proxies?,
            cors_origins: cors_origins?,
            rate_limit: enabled?.then_some(RateLimits {
                anonymous: anonymous?,
                authenticated: authenticated?,
                premium: premium?,
            }),
            max_body: usize::try_from(max_body?).ok()?,
            timeout: timeout?,
            drain: drain?,
            shutdown_grace: shutdown_grace?,
            worker: worker?,
            metrics_token: metrics_token?,
            secrets: secrets?,
            sender: sender?,
            sms_line: sms_line?,
            whatsapp: whatsapp?,
            commission_percent: commission_percent?,
            seller: domain::invoice::Seller {
                name: seller_name?,
                address: seller_address?.unwrap_or_default(),
                economic_code: seller_code?.unwrap_or_default(),
            },
            return_urls: return_urls?,
            gateways: gateways?,
            log: Log { filter: filter?, json: format?.unwrap_or(mode? == Mode::Production) },
            otel_endpoint: otel_endpoint?,
            tls: tls?,
        })
    }
}

fn database(r: &mut table::Reader, data_dir: Option<&PathBuf>) -> Option<Location> {
    let url = r.optional("database.url", table::database_url);
    let connections = r.get("database.connections", table::positive);
    let ca_file = r.optional("database.ca_file", table::existing_file);
    let statement_timeout = r.get("database.statement_timeout_seconds", table::few_seconds);
    let readers = std::thread::available_parallelism().map_or(4, |cores| cores.get() + 2);
    let sqlite = |path: PathBuf| Location::Sqlite { path, readers };
    Some(match url? {
        None => sqlite(data_dir?.join("helssa.db")),
        Some(table::DatabaseUrl::Sqlite(path)) => sqlite(path),
        Some(table::DatabaseUrl::Postgres(url)) => Location::Postgres(PostgresOptions {
            url,
            connections: usize::try_from(connections?).ok()?,
            ca_file: ca_file?,
            statement_timeout: statement_timeout?,
            patience: CONNECTION_PATIENCE,
        }),
    })
}

fn sender(r: &mut table::Reader) -> Option<Sender> {
    let kind = r.get("sender.kind", table::sender_kind);
    let base_url = r.get("kavenegar.base_url", table::url);
    let template = r.get("kavenegar.template", table::text);
    if kind? == table::SenderKind::Inbox {
        return Some(Sender::Inbox);
    }
    let api_key = r.needed("kavenegar.api_key", table::secret, "sender.kind is kavenegar");
    Some(Sender::Kavenegar(KavenegarSettings {
        base_url: base_url?,
        api_key: api_key?,
        template: template?,
        timeout: Duration::from_secs(8),
        pause: Duration::from_millis(300),
    }))
}

#[expect(clippy::option_option, reason = "wrong, not set, set")]
fn whatsapp(r: &mut table::Reader) -> Option<Option<WhatsappSettings>> {
    let id = r.optional("whatsapp.phone_number_id", table::text);
    let base_url = r.get("whatsapp.base_url", table::url);
    let template = r.get("whatsapp.template", table::text);
    let language = r.get("whatsapp.language", table::text);
    let Some(phone_number_id) = id? else { return Some(None) };
    let access_token = r.needed("whatsapp.access_token", table::secret, "whatsapp.phone_number_id is set");
    Some(Some(WhatsappSettings {
        base_url: base_url?,
        phone_number_id,
        access_token: access_token?,
        template: template?,
        language: language?,
        timeout: Duration::from_secs(8),
    }))
}

#[expect(clippy::option_option, reason = "wrong, not set, set")]
fn tls(r: &mut table::Reader) -> Option<Option<Tls>> {
    match r.optional("tls.cert_file", table::existing_file)? {
        None => Some(None),
        Some(cert_file) => {
            let key_file = r.needed("tls.key_file", table::existing_file, "tls.cert_file is set")?;
            Some(Some(Tls { cert_file, key_file }))
        }
    }
}
