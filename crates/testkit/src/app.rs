//! An app of a test's own.

use std::sync::Arc;

use axum::http::Method;
use domain::{Role, Secret};
use providers::Inbox;
use server::{
    settings::{Settings, Sources},
    wiring::{self, Parts},
};
use tempfile::TempDir;
use tokio::sync::watch;

use crate::{Call, Engine, MovableClock, clock::SeededRng, database, services};

/// The whole program over a database of its own, its clock standing still.
pub struct TestApp {
    pub app: Arc<app::App>,
    pub clock: Arc<MovableClock>,
    pub inbox: Arc<Inbox>,
    pub settings: Settings,
    pub engine: Engine,
    frame: api::Frame,
    drain: watch::Sender<bool>,
    rng: Arc<SeededRng>,
    folder: Arc<TempDir>,
}

impl TestApp {
    /// On this database, limits lifted, state in memory.
    pub async fn start(engine: Engine) -> Self {
        Self::with(engine, |_| {}).await
    }

    /// The same over Redis.
    pub async fn with_redis(engine: Engine) -> Self {
        Self::with(engine, |settings| settings.redis_url = Some(Secret::new(services::redis_url()))).await
    }

    /// With other settings.
    pub async fn with(engine: Engine, change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().display().to_string();
        let sources = Sources::default()
            .flag("data_dir", Some(data_dir))
            .flag("rate_limit.enabled", Some("false".into()));
        let mut settings = Settings::read(sources).unwrap();
        settings.database = database::location(engine, folder.path()).await;
        // a busy machine is no failure: what is to fail by time says so itself
        settings.redis_patience = database::PATIENCE;
        settings.timeout = 2 * database::PATIENCE;
        change(&mut settings);
        let seed = u64::from_le_bytes(database::unique().as_bytes()[..8].try_into().unwrap());
        let rng = Arc::new(SeededRng::new(seed));
        Self::node(settings, engine, Arc::new(MovableClock::default()), rng, Arc::new(folder)).await
    }

    /// Another node over the same database, Redis and clock; its memory is its own.
    pub async fn second_node(&self) -> Self {
        self.node_with(self.settings.clone()).await
    }

    /// The same with other settings.
    pub async fn node_with(&self, settings: Settings) -> Self {
        let (clock, rng) = (Arc::clone(&self.clock), Arc::clone(&self.rng));
        Self::node(settings, self.engine, clock, rng, Arc::clone(&self.folder)).await
    }

    /// Makes whatever needs randomness panic, or mends it.
    pub fn break_randomness(&self, broken: bool) {
        self.rng.break_it(broken);
    }

    async fn node(
        settings: Settings,
        engine: Engine,
        clock: Arc<MovableClock>,
        rng: Arc<SeededRng>,
        folder: Arc<TempDir>,
    ) -> Self {
        let parts = Parts { clock: clock.clone(), rng: rng.clone() };
        let app = wiring::app(&settings, parts).await.unwrap();
        let (drain, draining) = watch::channel(false);
        let metrics = server::telemetry::metrics();
        let frame = api::service(wiring::api(&settings, Arc::clone(&app), metrics, draining));
        let inbox = app.senders.inbox.clone().unwrap_or_default();
        Self { app, clock, inbox, settings, engine, frame, drain, rng, folder }
    }

    /// Starts what a node does besides answering.
    pub fn start_background(&self) {
        let _ = wiring::background(&self.app, None);
    }

    /// Says that the node is stopping.
    pub fn drain(&self) {
        self.drain.send_replace(true);
    }

    pub fn frame(&self) -> api::Frame {
        self.frame.clone()
    }

    pub fn call(&self, method: Method, path: &str) -> Call {
        Call::new(self.frame.clone(), method, path)
    }

    pub fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> Call {
        self.call(Method::POST, path)
    }

    pub fn put(&self, path: &str) -> Call {
        self.call(Method::PUT, path)
    }

    pub fn patch(&self, path: &str) -> Call {
        self.call(Method::PATCH, path)
    }

    pub fn delete(&self, path: &str) -> Call {
        self.call(Method::DELETE, path)
    }

    /// How many entries the audit log has with this action.
    pub async fn audited(&self, action: &'static str) -> i64 {
        self.app
            .db
            .read(action, |c, action| Box::pin(async move { store::audit::count(c, action).await }))
            .await
            .unwrap()
    }

    /// All roles, for tests that go through them.
    pub const ROLES: [Role; 4] = Role::ALL;
}
