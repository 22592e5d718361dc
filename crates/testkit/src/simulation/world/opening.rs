//! A new database, two nodes of the program over it, and people.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use app::App;
use db::{Db, Location};
use domain::ids::UserId;
use parking_lot::Mutex;
use providers::Gateways;
use server::{
    settings::{Settings, Sources},
    wiring::{self, Parts},
};
use tempfile::TempDir;
use uuid::Uuid;

use super::World;
use crate::{
    Engine, MovableClock,
    clock::SeededRng,
    database, services,
    simulation::{
        Options,
        chance::Dice,
        check::Checker,
        gateway::Bank,
        report::{Log, Watch},
    },
};

/// In memory where the machine has it: the simulation proves no disk.
fn folder(options: &Options) -> TempDir {
    let memory = Path::new("/dev/shm");
    let wanted = options.folder.as_deref().or_else(|| memory.is_dir().then_some(memory));
    let builder = || {
        let mut builder = tempfile::Builder::new();
        builder.prefix("helssa-simulation-");
        builder
    };
    match wanted {
        Some(path) => builder().tempdir_in(path).unwrap(),
        None => builder().tempdir().unwrap(),
    }
}

/// A database without a schema.
async fn location(engine: Engine, folder: &Path) -> Location {
    match engine {
        Engine::Sqlite => Location::Sqlite { path: folder.join("helssa.db"), readers: 4 },
        Engine::Postgres => {
            let base = services::postgres_url();
            let name = format!("simulation_{}", database::unique().simple());
            let admin = Db::open(&database::postgres(&format!("{base}/postgres"))).unwrap();
            let create = format!("CREATE DATABASE {name}");
            admin
                .read(create, |c, create| Box::pin(async move { c.script("", create).await }))
                .await
                .unwrap();
            database::postgres(&format!("{base}/{name}"))
        }
    }
}

/// A node of the program, its gateways the simulated ones.
pub(super) async fn node(
    settings: &Settings,
    clock: &Arc<MovableClock>,
    seed: u64,
    bank: &Arc<Bank>,
) -> Arc<App> {
    let parts = Parts { clock: clock.clone(), rng: Arc::new(SeededRng::new(seed)) };
    let app = Arc::into_inner(wiring::app(settings, parts).await.unwrap()).unwrap();
    Arc::new(App { gateways: Gateways::new(bank.gateways()), ..app })
}

impl World {
    /// Two nodes over a new database, a few doctors and patients.
    pub(in crate::simulation) async fn open(options: &Options, log: Arc<Mutex<Log>>) -> Self {
        let folder = folder(options);
        let sources = Sources::default()
            .flag("data_dir", Some(folder.path().display().to_string()))
            .flag("rate_limit.enabled", Some("false".into()));
        let mut settings = Settings::read(sources).unwrap();
        settings.database = location(options.engine, folder.path()).await;
        let clock = Arc::new(MovableClock::default());
        let bank = Bank::new(options.seed, Arc::clone(&clock));
        let mut nodes = vec![];
        for number in 0..2 {
            nodes.push(node(&settings, &clock, Dice::of(&[options.seed, number]).throw(), &bank).await);
        }
        bank.know(&nodes);
        let mut world = Self {
            seed: options.seed,
            engine: options.engine,
            races: options.racing || options.engine == Engine::Postgres,
            clock,
            dice: Dice::new(options.seed),
            nodes,
            bank,
            checker: Checker::new(options.engine),
            patients: vec![],
            doctors: vec![],
            admin: UserId(Uuid::nil()),
            pages: vec![],
            returning: vec![],
            charges: vec![],
            visits: vec![],
            purchases: vec![],
            codes: vec![],
            holds: vec![],
            payouts: vec![],
            saved: vec![],
            focus: None,
            deck: vec![],
            counter: 0,
            counts: BTreeMap::new(),
            steps: 0,
            operations: 0,
            trace: options.seed,
            raced: false,
            unsettled: 0,
            settings,
            log,
            watch: Watch::start(),
            _folder: folder,
        };
        world.people().await;
        world
    }
}
