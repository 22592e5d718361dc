//! The simulated world: two nodes over one database, gateways, people and what they know, and the step that moves it.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use app::{App, By, Fault, admin};
use db::{Db, Location, sql};
use domain::{
    Clock as _, Phone, Role, SignedDuration, Timestamp,
    ids::{UserId, VisitId},
    ledger::Account,
    payout::Status,
    practice::Practice,
    profile::Gender,
    schedule::{Schedule, TimeOfDay, Weekday},
};
use parking_lot::Mutex;
use providers::Gateways;
use serde_json::Value;
use server::{
    settings::{Settings, Sources},
    wiring::{self, Parts},
};
use tempfile::TempDir;
use uuid::Uuid;

use super::{
    Options, acts,
    chance::{Dice, fold},
    check::{Back, Checker, Seen, check_authority, check_ends, check_given_back, check_rest},
    drive::{self, Cut, Ended, Work},
    gateway::{Bank, GATEWAYS, Key, params},
    operations::{Again, Kind, Plan, THEMES, deck},
    outcome::{Expect, Learned, Outcome, Stage},
    report::{Log, Report, Watch},
    requests::{Request, Sent, rials, send},
};
use crate::{Engine, MovableClock, clock::SeededRng, database, services};

/// People who do something at a time.
const PATIENTS: usize = 16;
/// What doctors take, in Rials: round, odd and large.
const FEES: [i64; 5] = [50_000, 120_001, 333_333, 600_000, 2_000_000];
/// Things of a kind that are remembered, to do something to them later.
const REMEMBERED: usize = 80;
/// Steps between two looks for what can be forgotten.
const TIDY_EVERY: u64 = 500;
/// Minutes between the rounds in which everything comes to rest: within a charge's life, after it, and so far later that
/// whatever is still asked about has been asked about.
const ROUNDS: [i64; 16] =
    [0, 1, 1, 5, 11, 11, 31, 61, 120, 360, 1_440, 4_320, 14_400, 43_200, 86_400, 172_800];

/// A charge, and one of its payments.
#[derive(Clone, Copy, Debug)]
pub(super) struct Charge {
    pub(super) id: Uuid,
    pub(super) user: UserId,
    pub(super) key: Key,
    pub(super) at: Timestamp,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Visit {
    pub(super) id: VisitId,
    pub(super) patient: UserId,
    pub(super) doctor: UserId,
    pub(super) token: Uuid,
    pub(super) share: i64,
    pub(super) stage: Stage,
    pub(super) starts_at: Timestamp,
}

/// A doctor's payout, as far as the simulation knows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payout {
    pub(super) id: Uuid,
    pub(super) doctor: UserId,
    pub(super) status: Status,
}

/// What a client has asked for under a key, and heard.
#[derive(Clone, Debug)]
pub(super) struct Saved {
    pub(super) key: String,
    pub(super) request: Request,
    pub(super) at: Timestamp,
    pub(super) answer: Option<Value>,
    /// The answer is that to the other body.
    pub(super) other_body: bool,
}

/// An operation without its work.
struct Meta {
    kind: Kind,
    node: usize,
    about: String,
    again: Option<Again>,
}

/// How the operations of a step stood to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Alone,
    /// In an order that the seed has decided.
    Interleaved,
    /// In whatever order it came.
    Raced,
}

pub(super) struct World {
    seed: u64,
    engine: Engine,
    /// Whether operations at once may race.
    races: bool,
    pub(super) clock: Arc<MovableClock>,
    pub(super) dice: Dice,
    pub(super) nodes: Vec<Arc<App>>,
    pub(super) bank: Arc<Bank>,
    pub(super) checker: Checker,
    pub(super) patients: Vec<UserId>,
    pub(super) doctors: Vec<UserId>,
    pub(super) admin: UserId,
    /// Pages of gateways that are open in somebody's browser.
    pub(super) pages: Vec<Key>,
    /// Browsers on their way back, and what they claim.
    pub(super) returning: Vec<(Key, bool)>,
    pub(super) charges: Vec<Charge>,
    pub(super) visits: Vec<Visit>,
    pub(super) purchases: Vec<(Uuid, UserId)>,
    pub(super) codes: Vec<String>,
    pub(super) holds: Vec<(Uuid, UserId, i64)>,
    pub(super) payouts: Vec<Payout>,
    pub(super) saved: Vec<Saved>,
    /// Where several things happen to one at once: which one.
    pub(super) focus: Option<u64>,
    deck: Vec<Kind>,
    counter: u64,
    counts: BTreeMap<(&'static str, &'static str), u64>,
    steps: u64,
    operations: u64,
    trace: u64,
    raced: bool,
    /// On PostgreSQL: so many steps in which what was cut off may still come to its end.
    unsettled: u32,
    settings: Settings,
    log: Arc<Mutex<Log>>,
    watch: Watch,
    _folder: TempDir,
}

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
async fn node(settings: &Settings, clock: &Arc<MovableClock>, seed: u64, bank: &Arc<Bank>) -> Arc<App> {
    let parts = Parts { clock: clock.clone(), rng: Arc::new(SeededRng::new(seed)) };
    let app = Arc::into_inner(wiring::app(settings, parts).await.unwrap()).unwrap();
    Arc::new(App { gateways: Gateways::new(bank.gateways()), ..app })
}

/// Works around the clock, in slots of 20 minutes.
fn practice(fee: i64) -> Practice {
    let time = |minutes| TimeOfDay::from_minutes(minutes).unwrap();
    Practice {
        online_enabled: true,
        in_person_enabled: true,
        online_fee: rials(fee),
        in_person_fee: rials(fee + 10_000),
        schedule: Schedule {
            duration: 20,
            buffer: 0,
            days: Weekday::ALL.to_vec(),
            start: time(0),
            end: time(24 * 60),
            ..Schedule::default()
        },
        insurers: vec!["تامین اجتماعی".into(), "ایران".into()],
        ..Practice::default()
    }
}

impl World {
    /// Two nodes over a new database, a few doctors and patients.
    pub(super) async fn open(options: &Options, log: Arc<Mutex<Log>>) -> Self {
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

    async fn people(&mut self) {
        self.admin = self.somebody(Role::Admin).await;
        for fee in FEES {
            let doctor = self.doctor(fee).await;
            self.doctors.push(doctor);
        }
        while self.patients.len() < PATIENTS {
            let phone = Phone::parse(&format!("+98935{:07}", self.count_up())).unwrap();
            let outcome = acts::new_patient(Arc::clone(&self.nodes[0]), phone).await;
            for learned in outcome.learned {
                let _right = self.learn(learned, Way::Alone);
            }
        }
    }

    /// Who works here.
    async fn somebody(&mut self, role: Role) -> UserId {
        let phone = Phone::parse(&format!("+98937{:07}", self.count_up())).unwrap();
        let (app, now) = (&self.nodes[0], self.clock.now());
        let user = UserId::new(now, &*app.rng);
        let added = app
            .db
            .write((Arc::clone(app), user, role, phone, now), |tx, (app, user, role, phone, now)| {
                Box::pin(async move {
                    store::accounts::insert(tx, &app.keys, *user, *role, phone, *now)
                        .await
                        .map_err(Fault::from)
                })
            })
            .await;
        assert!(added.unwrap(), "an account was there already");
        user
    }

    async fn doctor(&mut self, fee: i64) -> UserId {
        let number = self.count_up();
        let entry = admin::Entry {
            first_name: "سارا".into(),
            last_name: "احمدی".into(),
            council_number: number.to_string(),
            specialty: "general".into(),
            province: "تهران".into(),
            city: "تهران".into(),
            gender: Some(Gender::Female),
            languages: vec!["فارسی".into()],
            experience_years: 8,
        };
        let input = admin::CreateDoctor {
            phone: Phone::parse(&format!("+98936{number:07}")).unwrap(),
            entry,
            by: By::command_line(),
            once: None,
            render: |doctor| Value::String(doctor.id.to_string()),
        };
        let app = &self.nodes[0];
        let made = admin::create_doctor(app, input).await.unwrap();
        let doctor = UserId(made.answer.as_str().unwrap().parse().unwrap());
        app.db
            .write((doctor, practice(fee), app.clock.now()), |tx, (doctor, practice, now)| {
                Box::pin(async move { store::practices::save(tx, *doctor, practice, *now).await })
            })
            .await
            .unwrap();
        doctor
    }

    pub(super) const fn operations(&self) -> u64 {
        self.operations
    }

    pub(super) fn count_up(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    pub(super) fn new_key(&mut self) -> String {
        format!("key-{}", self.count_up())
    }

    /// Remembers what was asked for under a key.
    pub(super) fn save(&mut self, key: &str, request: &Request) {
        let (key, request, at) = (key.to_owned(), request.clone(), self.clock.now());
        let saved = Saved { key, request, at, answer: None, other_body: false };
        keep(&mut self.saved, saved);
    }

    /// Does one thing, or several at once, and looks at what has come of it.
    pub(super) async fn step(&mut self) -> Result<(), Vec<String>> {
        self.steps += 1;
        self.bank.begin_step();
        if self.steps.is_multiple_of(TIDY_EVERY) {
            self.tidy().await?;
        }
        match self.dice.below(100) {
            0..70 => self.one(false).await,
            70..85 => self.one(true).await,
            _ => self.several().await,
        }
    }

    /// At some place; what starts tasks of its own, at their first.
    fn some_cut(&mut self, kind: Kind) -> Cut {
        match self.dice.between(1, 8) {
            still @ 1..=2 => Cut::Still(u32::try_from(still).unwrap()),
            still @ 3..=4 if kind.is_social() => Cut::Still(u32::try_from(still).unwrap()),
            _ => Cut::Unheard,
        }
    }

    async fn one(&mut self, is_cut: bool) -> Result<(), Vec<String>> {
        self.focus = None;
        let (meta, work) = self.some_plan(|_| true);
        let cut = (is_cut && meta.kind.may_be_cut()).then(|| self.some_cut(meta.kind));
        let ended = drive::alone(&self.bank.baton, work, cut).await;
        if matches!(ended, Ended::Cut) {
            self.bank.count("cut off");
            self.settle_down(meta.node).await;
        }
        self.after(vec![(meta, ended)], Way::Alone).await
    }

    /// Two to eight at once, over both nodes, most of the time about the same thing.
    async fn several(&mut self) -> Result<(), Vec<String>> {
        let size = 2 + self.dice.below(7);
        let plans = match self.dice.below(10) {
            0..2 => self.twins(size),
            2..4 => {
                self.focus = None;
                (0..size).map(|_| self.some_plan(Kind::is_social)).collect()
            }
            _ => {
                self.focus = Some(self.dice.throw());
                self.themed(size)
            }
        };
        self.focus = None;
        if plans.is_empty() {
            return self.one(false).await;
        }
        let (mut metas, mut works) = (vec![], vec![]);
        for (meta, work) in plans {
            let is_cut = meta.kind.may_be_cut() && self.dice.chance(10);
            let cut = is_cut.then(|| self.some_cut(meta.kind));
            metas.push(meta);
            works.push((work, cut));
        }
        let way = if self.races { Way::Raced } else { Way::Interleaved };
        let ended = if self.races {
            self.raced = true;
            drive::racing(works).await
        } else {
            drive::interleaved(&self.bank.baton, works, &mut self.dice).await
        };
        if ended.iter().any(|ended| matches!(ended, Ended::Cut)) {
            self.bank.count("cut off among others");
            let node = self.dice.below(self.nodes.len());
            self.settle_down(node).await;
        }
        self.after(metas.into_iter().zip(ended).collect(), way).await
    }

    /// The same request, under the same key, several times.
    fn twins(&mut self, size: usize) -> Vec<(Meta, Work)> {
        self.focus = None;
        let kind = self.dice.one(&[
            Kind::Charge,
            Kind::PayVisit,
            Kind::Buy,
            Kind::Book,
            Kind::CancelVisit,
            Kind::AskPayout,
            Kind::ApprovePayout,
            Kind::ExportPayouts,
            Kind::PayoutReturned,
            Kind::Refund,
            Kind::Refund,
        ]);
        let before = self.counter;
        let planned = self.plan(kind);
        // a key of its own was made last, if it has one
        if planned.is_none() || self.counter == before {
            return vec![];
        }
        let Some(Saved { key, request, .. }) = self.saved.last().cloned() else { return vec![] };
        let mut all = vec![];
        for number in 0..size {
            let node = number % self.nodes.len();
            let sent = Sent { request: request.clone(), key: Some(key.clone()), other_body: false };
            let meta = Meta { kind, node, about: format!("twin under {key}: {request:?}"), again: None };
            all.push((meta, send(Arc::clone(&self.nodes[node]), sent)));
        }
        all
    }

    fn themed(&mut self, size: usize) -> Vec<(Meta, Work)> {
        let theme = self.dice.one(THEMES);
        let mut all = vec![];
        for _ in 0..size {
            let kind = self.dice.one(theme);
            all.extend(self.plan(kind).map(apart));
        }
        all
    }

    /// The next of the deck that can be done now; what can't be waits below the others.
    fn some_plan(&mut self, fits: impl Fn(Kind) -> bool) -> (Meta, Work) {
        let mut waiting = vec![];
        let plan = loop {
            let Some(kind) = self.deck.pop() else {
                self.deck = deck();
                self.dice.shuffle(&mut self.deck);
                continue;
            };
            // there is always somebody to give money to
            match self.plan_if(fits(kind), kind) {
                Some(plan) => break plan,
                None => waiting.push(kind),
            }
        };
        waiting.truncate(REMEMBERED);
        self.deck.splice(0..0, waiting);
        apart(plan)
    }

    fn plan_if(&mut self, it_fits: bool, kind: Kind) -> Option<Plan> {
        if it_fits { self.plan(kind) } else { None }
    }

    /// Whatever a node had handed over when it was cut off comes to its end; then it goes on, or begins anew with an
    /// empty memory.
    async fn settle_down(&mut self, number: usize) {
        if self.engine == Engine::Postgres {
            until_nothing_runs(&self.nodes[0].db).await;
            self.unsettled = 10;
        }
        for node in &self.nodes {
            // one queue: what was in it before is done before
            let waited: db::Result<()> =
                node.db.write((), |_, ()| Box::pin(std::future::ready(Ok::<_, db::Error>(())))).await;
            waited.unwrap();
        }
        if self.dice.chance(10) {
            self.bank.count("node restarted");
            let seed = self.dice.throw();
            self.nodes[number] = node(&self.settings, &self.clock, seed, &self.bank).await;
            self.bank.know(&self.nodes);
        }
    }

    /// Looks at what the step has posted, and learns from how it ended.
    async fn after(&mut self, done: Vec<(Meta, Ended)>, way: Way) -> Result<(), Vec<String>> {
        let seen = self.checker.look(&self.nodes[0], &self.bank).await;
        let mut wrong = self.bank.with(|truth| std::mem::take(&mut truth.wrong));
        wrong.extend(seen.wrong.iter().cloned());
        let is_sure = way == Way::Alone && self.unsettled == 0;
        self.unsettled = self.unsettled.saturating_sub(1);
        for (meta, ended) in done {
            self.operations += 1;
            match ended {
                Ended::Cut => self.note(&meta, "cut off", way),
                Ended::With(outcome) => {
                    self.note(&meta, outcome.label, way);
                    wrong.extend(self.judge(&meta, outcome, &seen, (is_sure, way)));
                }
            }
        }
        if way != Way::Raced {
            self.trace = fold(self.trace, &seen.digest.to_le_bytes());
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// What is wrong with how an operation ended.
    fn judge(
        &mut self,
        meta: &Meta,
        outcome: Outcome,
        seen: &Seen,
        (is_sure, way): (bool, Way),
    ) -> Vec<String> {
        let Outcome { label, expect, learned, wrong } = outcome;
        let name = meta.kind.name();
        let mut all: Vec<String> = wrong.into_iter().map(|text| format!("{name}: {text}")).collect();
        if is_sure && let Some(text) = unexpected(expect, seen) {
            all.push(format!("{name}, {label}: {text}"));
        }
        if let Some(again) = meta.again.filter(|again| again.was_answered) {
            let right = if again.other_body { "mismatch" } else { "replayed" };
            if ![right, "still running", "unavailable"].contains(&label) {
                all.push(format!("{name}: {label} instead of {right}"));
            }
        }
        for learned in learned {
            let way = if is_sure { way } else { Way::Raced };
            all.extend(self.learn(learned, way));
        }
        all
    }

    fn note(&mut self, meta: &Meta, label: &'static str, way: Way) {
        let Meta { kind, node, about, .. } = meta;
        *self.counts.entry((kind.name(), label)).or_default() += 1;
        if way != Way::Raced {
            let text = format!("{} {node} {label}", kind.name());
            self.trace = fold(self.trace, text.as_bytes());
        }
        let beside = match way {
            Way::Alone => "",
            Way::Interleaved | Way::Raced => " (at once)",
        };
        let (steps, now) = (self.steps, self.clock.now());
        let mut log = self.log.lock();
        (log.step, log.operation) = (steps, self.operations);
        let name = kind.name();
        log.note(format!("{steps:>8} {now} node {node}{beside} {name} [{about}]: {label}"));
    }

    /// Knows it from now on; what is wrong with it, if anything is.
    fn learn(&mut self, learned: Learned, way: Way) -> Option<String> {
        match learned {
            Learned::Answer { key, answer, other_body } => {
                return self.learn_answer(&key, answer, other_body);
            }
            Learned::Page { url, user } => self.learn_page(&url, user),
            Learned::Visit { id, patient, doctor, token, share, starts_at } => {
                if !self.visits.iter().any(|visit| visit.id == id) {
                    let stage = Stage::Booked;
                    let visit = Visit { id, patient, doctor, token, share, stage, starts_at };
                    keep(&mut self.visits, visit);
                }
            }
            Learned::VisitIs(id, Stage::Over) => self.visits.retain(|visit| visit.id != id),
            Learned::VisitIs(id, stage) => {
                if let Some(visit) = self.visits.iter_mut().find(|visit| visit.id == id)
                    && visit.stage != Stage::Begun
                {
                    visit.stage = stage;
                }
            }
            Learned::Purchase { id, user } => {
                if !self.purchases.contains(&(id, user)) {
                    keep(&mut self.purchases, (id, user));
                }
            }
            Learned::Code(code) => {
                if self.codes.len() == 8 {
                    self.codes.remove(0);
                }
                self.codes.push(code);
            }
            Learned::Hold { id, user, amount } => keep(&mut self.holds, (id, user, amount)),
            Learned::HoldEnded(id) => self.holds.retain(|hold| hold.0 != id),
            Learned::Payout { id, doctor } => {
                if !self.payouts.iter().any(|payout| payout.id == id) {
                    keep(&mut self.payouts, Payout { id, doctor, status: Status::Requested });
                }
            }
            Learned::PayoutIs(id, status) => {
                if let Some(payout) = self.payouts.iter_mut().find(|payout| payout.id == id) {
                    payout.status = status;
                }
            }
            Learned::PayoutsExported => {
                for payout in self.payouts.iter_mut().filter(|payout| payout.status == Status::Approved) {
                    payout.status = Status::Exported;
                }
            }
            Learned::Patient(user) if self.patients.len() < PATIENTS => self.patients.push(user),
            Learned::Patient(user) => {
                let at = self.dice.below(PATIENTS);
                self.patients[at] = user;
            }
            Learned::Back { key, claims_ok, copies } => {
                match copies {
                    0 => self.bank.count("callback lost"),
                    1 => {}
                    _ => self.bank.count("callback sent twice"),
                }
                for _ in 0..copies {
                    keep(&mut self.returning, (key, claims_ok));
                }
            }
            Learned::Wallet { user, available, blocked } if way == Way::Alone => {
                let by_entries = (
                    self.checker.balance(&Account::wallet(user)),
                    self.checker.balance(&Account::hold(user)),
                );
                if by_entries != (available, blocked) {
                    return Some(format!(
                        "{user} is told of {available} and {blocked}, and has {by_entries:?}"
                    ));
                }
            }
            Learned::Wallet { .. } => {}
        }
        None
    }

    fn learn_answer(&mut self, key: &str, answer: Value, other_body: bool) -> Option<String> {
        let saved = self.saved.iter_mut().find(|saved| saved.key == key)?;
        if saved.answer.as_ref().is_some_and(|before| *before != answer) {
            return Some(format!("{key}: answered with {answer} and with {:?}", saved.answer));
        }
        (saved.answer, saved.other_body) = (Some(answer), other_body);
        None
    }

    fn learn_page(&mut self, url: &str, user: UserId) {
        let now = self.clock.now();
        let Some((key, id)) = self.bank.with(|truth| truth.charge_at(url)) else { return };
        if !self.pages.contains(&key) {
            keep(&mut self.pages, key);
        }
        if !self.charges.iter().any(|charge| charge.key == key) {
            keep(&mut self.charges, Charge { id, user, key, at: now });
        }
    }

    /// Forgets payments that came to their end long ago, once more comparing what both sides say of them.
    async fn tidy(&mut self) -> Result<(), Vec<String>> {
        let now = self.clock.now();
        let old = self.bank.with(|truth| truth.old(now));
        let mut wrong = vec![];
        for (key, is_verified) in old {
            let back = check_given_back(&self.nodes[0], &self.bank, key).await;
            if matches!(back, Back::Open) {
                continue;
            }
            wrong.extend(back.wrong());
            wrong.extend(check_authority(&self.nodes[0], key, is_verified).await);
            self.bank.with(|truth| truth.forget(key));
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// The whole ledger, and what it is compared with.
    pub(super) async fn check_whole(&mut self) -> Result<(), Vec<String>> {
        if self.engine == Engine::Postgres {
            until_nothing_runs(&self.nodes[0].db).await;
        }
        let seen = self.checker.look(&self.nodes[0], &self.bank).await;
        let mut wrong = seen.wrong;
        wrong.extend(self.checker.whole(&self.nodes[0], &self.bank).await);
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// Nothing goes wrong any more, time passes, workers work; then everything must be where it belongs.
    pub(super) async fn finish(&mut self) -> Result<(), Vec<String>> {
        self.bank.calm();
        let mut wrong = vec![];
        for (key, claims_ok) in std::mem::take(&mut self.returning) {
            let app = Arc::clone(&self.nodes[0]);
            let back = acts::callback(app, GATEWAYS[key.0], params(key, claims_ok, 0)).await;
            wrong.extend(back.wrong);
        }
        for minutes in ROUNDS {
            self.clock.advance(SignedDuration::from_mins(minutes));
            self.bank.begin_step();
            for number in 0..self.nodes.len() {
                wrong.extend(self.round(number).await);
            }
            wrong.extend(acts::insist(&self.nodes[0], &self.bank).await);
            wrong.extend(self.checker.look(&self.nodes[0], &self.bank).await.wrong);
            wrong.extend(self.bank.with(|truth| std::mem::take(&mut truth.wrong)));
        }
        let now = self.clock.now();
        wrong.extend(check_ends(&self.nodes[0], now).await);
        wrong.extend(self.bank.with(|truth| truth.unsettled(now)));
        let known: Vec<(Key, bool)> =
            self.bank.with(|truth| truth.orders().map(|(key, order)| (*key, order.is_verified)).collect());
        for (key, is_verified) in known {
            wrong.extend(check_authority(&self.nodes[0], key, is_verified).await);
            wrong.extend(check_given_back(&self.nodes[0], &self.bank, key).await.at_the_end(&self.bank, key));
        }
        wrong.extend(check_rest(&self.nodes[0], &self.bank).await);
        wrong.extend(self.check_whole().await.err().unwrap_or_default());
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// What workers do, once on this node.
    async fn round(&self, number: usize) -> Vec<String> {
        let app = || Arc::clone(&self.nodes[number]);
        let all: [Work; 8] = [
            Box::pin(acts::sweep(app())),
            Box::pin(acts::finish_refunds(app())),
            Box::pin(acts::expire_holds(app())),
            Box::pin(acts::expire_visits(app())),
            Box::pin(acts::renew(app())),
            Box::pin(acts::give_up(app())),
            Box::pin(acts::jobs(app())),
            Box::pin(acts::cron(app())),
        ];
        let mut wrong = vec![];
        for work in all {
            if let Ended::With(outcome) = drive::alone(&self.bank.baton, work, None).await {
                wrong.extend(outcome.wrong);
            }
        }
        wrong
    }

    pub(super) fn report(&self) -> Report {
        let (faults, credited, returned) =
            self.bank.with(|truth| (truth.faults.clone(), truth.credited(), truth.returned));
        let given_back = self.bank.with(|truth| truth.given_back());
        Report {
            seed: self.seed,
            operations: self.operations,
            steps: self.steps,
            counts: self.counts.clone(),
            faults,
            postings: self.checker.postings,
            entries: self.checker.entries,
            credited,
            given_back,
            returned,
            trace: self.trace,
            raced: self.raced,
            clock: self.clock.now(),
            millis: self.watch.millis(),
        }
    }
}

/// Waits until no session of this `PostgreSQL` database is at work or within a transaction.
async fn until_nothing_runs(db: &Db) {
    let busy = sql!(
        sqlite: "SELECT 0",
        postgres: "SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"
    );
    while db.one::<(i64,)>(busy, &[]).await.unwrap() != Some((0,)) {
        tokio::task::yield_now().await;
    }
}

fn apart(plan: Plan) -> (Meta, Work) {
    let Plan { kind, node, about, work, again } = plan;
    (Meta { kind, node, about, again }, work)
}

/// The newest of a kind.
fn keep<T>(all: &mut Vec<T>, one: T) {
    if all.len() == REMEMBERED {
        all.remove(0);
    }
    all.push(one);
}

/// What a step that nothing else happened beside has posted, and should not have.
fn unexpected(expect: Expect, seen: &Seen) -> Option<String> {
    match expect {
        Expect::Any => None,
        Expect::Nothing => (seen.postings > 0).then(|| format!("{} postings", seen.postings)),
        Expect::Wallet(user, rials) => {
            let moved = seen.wallets.get(&user.to_string()).copied().unwrap_or_default();
            (moved != rials).then(|| format!("{moved} Rials in the wallet of {user} instead of {rials}"))
        }
    }
}
