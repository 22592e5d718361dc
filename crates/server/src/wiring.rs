//! Puts a node together.

use std::{fs, sync::Arc};

use api::Api;
use app::{
    App, Fallback, Fault, Revocations,
    billing::{self, SandboxOrders, WalletPayments},
    doctors::DoctorIndex,
    idempotency::InFlight,
    senders::Senders,
    tokens,
};
use db::{Db, Location};
use domain::{Clock, Rng, SignedDuration, clock::WallClock, otp};
use metrics_exporter_prometheus::PrometheusHandle;
use providers::{
    Gateway, Gateways, Inbox, Kavenegar, OtpSender, TextSender, Whatsapp,
    gateways::{Bitpay, Idpay, Sandbox, SandboxState, Zarinpal},
};
use state::{Memory, Redis, State};
use store::{Keyring, MIGRATIONS};
use tokio::{sync::watch, task::JoinHandle};

use crate::settings::{Sender, Settings};

/// What tests put in the place of the machine's own.
pub struct Parts {
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
}

impl Default for Parts {
    fn default() -> Self {
        Self { clock: Arc::new(WallClock), rng: Arc::new(OsRng) }
    }
}

/// The operating system's randomness.
pub struct OsRng;

impl Rng for OsRng {
    #[expect(clippy::expect_used, reason = "without randomness there are no secrets, and nothing may go on")]
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).expect("the operating system's random numbers");
    }
}

/// Why a node can't be put together.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(pub String);

fn start_error(what: &str) -> impl Fn(&dyn std::fmt::Display) -> StartError {
    move |e| StartError(format!("{what}: {e}"))
}

/// Opens the database; its folder is made where it is missing.
pub fn open_database(settings: &Settings) -> Result<Db, StartError> {
    if let Location::Sqlite { path, .. } = &settings.database
        && let Some(folder) = path.parent()
    {
        fs::create_dir_all(folder).map_err(|e| StartError(format!("{}: {e}", folder.display())))?;
    }
    Db::open(&settings.database).map_err(|e| start_error("database")(&e))
}

/// The shared state: Redis where it is configured, memory otherwise.
pub fn open_state(settings: &Settings) -> Result<State, StartError> {
    Ok(match &settings.redis_url {
        None => State::Memory(Memory::default()),
        Some(url) => {
            let redis = Redis::open(url.expose(), settings.redis_patience);
            State::Redis(redis.map_err(|e| start_error("redis")(&e))?)
        }
    })
}

/// The use cases over an open database, brought to the newest schema.
pub async fn app(settings: &Settings, parts: Parts) -> Result<Arc<App>, StartError> {
    let db = open_database(settings)?;
    let migrated = db.migrate(MIGRATIONS).await.map_err(|e| start_error("database")(&e))?;
    if migrated.from != migrated.to {
        tracing::info!(from = migrated.from, to = migrated.to, "schema migrated");
    }
    let mut otp = otp::Policy::default();
    if settings.rate_limit.is_none() {
        otp.sends_per_address = None;
    }
    let token_settings = tokens::Settings {
        issuer: "helssa".into(),
        audience: "helssa-api".into(),
        access_life: SignedDuration::from_secs(3_600),
        refresh_life: SignedDuration::from_secs(604_800),
    };
    let gateways = gateways(settings, Arc::new(SandboxOrders::new(db.clone(), Arc::clone(&parts.clock))))?;
    Ok(Arc::new(App {
        db,
        state: open_state(settings)?,
        keys: Keyring::new(&settings.secrets, Arc::clone(&parts.rng)),
        payments: Arc::new(WalletPayments::new(Arc::clone(&parts.rng))),
        billing: billing(settings),
        gateways,
        tiers: billing::subscriptions::Tiers::default(),
        tokens: tokens::Tokens::new(token_settings, &settings.secrets.token_keys),
        revocations: Revocations::default(),
        senders: senders(settings)?,
        clock: parts.clock,
        rng: parts.rng,
        otp,
        in_flight: InFlight::default(),
        rate_fallback: Fallback::default(),
        doctors: DoctorIndex::default(),
    }))
}

fn billing(settings: &Settings) -> billing::Settings {
    let mut site_urls = vec![settings.public_site_url.clone()];
    site_urls.extend(settings.return_urls.iter().cloned());
    let (commission_percent, api_url) = (settings.commission_percent, settings.public_api_url.clone());
    billing::Settings { commission_percent, seller: settings.seller.clone(), site_urls, api_url }
}

/// In the order in which payers are offered them.
fn gateways(settings: &Settings, orders: Arc<dyn SandboxState>) -> Result<Gateways, StartError> {
    let set = &settings.gateways;
    let mut gateways: Vec<Arc<dyn Gateway>> = Vec::new();
    if let Some(zarinpal) = &set.zarinpal {
        gateways.push(Arc::new(Zarinpal::new(zarinpal.clone()).map_err(StartError)?));
    }
    if let Some(bitpay) = &set.bitpay {
        gateways.push(Arc::new(Bitpay::new(bitpay.clone()).map_err(StartError)?));
    }
    if let Some(idpay) = &set.idpay {
        gateways.push(Arc::new(Idpay::new(idpay.clone()).map_err(StartError)?));
    }
    if set.sandbox {
        gateways.push(Arc::new(Sandbox::new(orders, settings.public_site_url.clone())));
    }
    Ok(Gateways::new(gateways))
}

fn senders(settings: &Settings) -> Result<Senders, StartError> {
    let inbox = Arc::new(Inbox::default());
    let (phone, text, is_inbox): (Arc<dyn OtpSender>, Arc<dyn TextSender>, bool) = match &settings.sender {
        Sender::Inbox => (inbox.clone(), inbox.clone(), true),
        Sender::Kavenegar(kavenegar) => {
            let kavenegar = Kavenegar::new(kavenegar.clone()).map_err(StartError)?;
            let kavenegar = Arc::new(kavenegar.with_line(settings.sms_line.clone()));
            (kavenegar.clone(), kavenegar, false)
        }
    };
    let whatsapp: Option<Arc<dyn OtpSender>> = match &settings.whatsapp {
        Some(whatsapp) => Some(Arc::new(Whatsapp::new(whatsapp.clone()).map_err(StartError)?)),
        None if is_inbox => Some(inbox.clone()),
        None => None,
    };
    Ok(Senders { phone, whatsapp, text, inbox: is_inbox.then_some(inbox) })
}

/// The API over the use cases.
pub fn api(
    settings: &Settings,
    app: Arc<App>,
    metrics: Option<PrometheusHandle>,
    draining: watch::Receiver<bool>,
) -> Api {
    let api_settings = api::Settings {
        public_api_url: settings.public_api_url.clone(),
        public_site_url: settings.public_site_url.clone(),
        trusted_proxies: settings.trusted_proxies.clone(),
        cors_origins: settings.cors_origins.clone(),
        rate_limit: settings.rate_limit,
        max_body: settings.max_body,
        timeout: settings.timeout,
        metrics_token: settings.metrics_token.clone(),
        https: settings.public_api_url.starts_with("https://"),
    };
    Api::new(app, api_settings, metrics, draining)
}

/// What every node that answers does besides: learns of ended logins. Ends with the runtime.
pub fn background(app: &Arc<App>, metrics: Option<PrometheusHandle>) -> Vec<JoinHandle<()>> {
    let revocations = {
        let app = Arc::clone(app);
        repeat(app::REVOCATIONS_EVERY, move || {
            let app = Arc::clone(&app);
            async move { app.revocations.refresh(&app.db, app.clock.now()).await.map_err(Fault::from) }
        })
    };
    let upkeep = repeat(std::time::Duration::from_secs(5), move || {
        if let Some(metrics) = &metrics {
            metrics.run_upkeep();
        }
        std::future::ready(Ok(()))
    });
    // so that the first search doesn't wait for the index
    let index = {
        let app = Arc::clone(app);
        tokio::spawn(async move {
            if let Err(e) = app::doctors::warm(&app).await {
                tracing::warn!(error = %e, "the doctors' index is not filled yet; the first search does it");
            }
        })
    };
    vec![revocations, upkeep, index]
}

/// Works off the queue, and runs what happens again and again, until it is told to stop; then it finishes
/// the jobs at hand. Any number of nodes may have one.
pub fn worker(app: &Arc<App>, stop: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(app::jobs::work(Arc::clone(app), stop))
}

/// Background work that takes longer waits for something that is gone.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

fn repeat<F>(every: std::time::Duration, mut work: impl FnMut() -> F + Send + 'static) -> JoinHandle<()>
where
    F: Future<Output = Result<(), Fault>> + Send,
{
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match tokio::time::timeout(PATIENCE, work()).await {
                Ok(Ok(())) => {}
                Ok(Err(e)) => tracing::warn!(error = %e, "background work failed; it is tried again"),
                Err(_) => tracing::warn!("background work took too long; it is tried again"),
            }
        }
    })
}
