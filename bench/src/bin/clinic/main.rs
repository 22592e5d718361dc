//! A clinic's day, measured: search, slots, lists and bookings among 100,000 doctors and 1,000,000 visits
//! (`bench/README.md`).
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark ends at the first surprise, and its report is its output"
)]

mod agenda;
mod bookings;
mod cases;
mod clinic;
#[path = "../../shared/database.rs"]
mod database;
#[path = "../../shared/draw.rs"]
mod draw;
mod fill;
mod index;
#[path = "../../shared/inserts.rs"]
mod inserts;
#[path = "../../shared/machine.rs"]
mod machine;
mod measure;
#[path = "../../shared/median.rs"]
mod median;
mod node;
mod people;
mod report;
mod rows;
mod searches;
mod visit_rows;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use clap::{Parser, ValueEnum};

use crate::{
    clinic::{Clinic, Size},
    database::Database,
    measure::Times,
    node::Node,
    people::Lists,
};

// the server's own
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Fills a clinic and measures its searches, lists and bookings.
#[derive(Clone, Parser)]
struct Args {
    /// How many doctors
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1_000..=1_000_000))]
    doctors: u32,
    /// How many visits, over a year past and two months to come
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
    visits: u32,
    /// How many patients
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(1_000..=1_000_000))]
    patients: u32,
    /// On which database
    #[arg(long, value_enum, default_value_t = Which::Both)]
    engine: Which,
    /// Rounds; the report has their medians
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Requests of each kind in a round
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(100..=100_000))]
    requests: u32,
    /// Bookings in all rounds together; at most one for each patient and each doctor who is not busy
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1_000..))]
    bookings: u32,
    /// Doctors in an index in memory, which is measured beside one of `doctors`
    #[arg(long, value_parser = clap::value_parser!(u32).range(1_000..=5_000_000))]
    search_doctors: Option<u32>,
    /// `PostgreSQL` server on which a database may be made and dropped; without it, `SQLite` alone
    #[arg(long, value_name = "URL", env = "TEST_POSTGRES_URL", hide_env_values = true)]
    postgres: Option<String>,
    /// Folder for the data, on the disk that is to be measured
    #[arg(long)]
    dir: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    Sqlite,
    Postgres,
    Both,
}

#[tokio::main]
async fn main() {
    let args = Args::parse();
    let dir = match &args.dir {
        Some(dir) => tempfile::tempdir_in(dir),
        None => tempfile::tempdir(),
    }
    .unwrap();
    println!("# The clinic\n\n{}", machine::facts(dir.path()));
    println!("- {} rounds of {} requests each, medians of the rounds", args.rounds, args.requests);
    if args.engine != Which::Postgres {
        on("SQLite", &args, dir.path(), None).await;
    }
    match args.postgres.as_deref().filter(|url| !url.is_empty()) {
        _ if args.engine == Which::Sqlite => {}
        Some(server) => on_postgres(&args, dir.path(), server).await,
        None => println!("\nPostgreSQL: not measured (`--postgres URL` or TEST_POSTGRES_URL)"),
    }
    if let Some(many) = args.search_doctors {
        // the lists that the schema ships are what the doctors are made from
        let folder = dir.path().join("lists");
        let node = Node::open(&folder, None).await;
        let sizes = (args.doctors, many);
        report::index(sizes, &index::compare(&Lists::read(&node.app).await, sizes, args.times()));
        node.close();
    }
}

async fn on_postgres(args: &Args, dir: &Path, server: &str) {
    let database = Database::create(server).await;
    println!("- {}", database.facts().await);
    let (args, folder, url) = (args.clone(), dir.join("postgres"), database.url.clone());
    // a task of its own, so that the database is dropped whatever becomes of it
    let measured = tokio::spawn(async move { on("PostgreSQL", &args, &folder, Some(&url)).await }).await;
    database.remove().await;
    measured.unwrap();
}

/// Fills a new database and measures everything on it.
async fn on(name: &str, args: &Args, folder: &Path, url: Option<&str>) {
    let node = Node::open(folder, url.map(str::to_owned)).await;
    let size = Size { doctors: args.doctors, patients: args.patients, visits: args.visits };
    let lists = Lists::read(&node.app).await;
    let clinic = Arc::new(Clinic::new(lists, size, node.app.clock.now()));

    let started = Instant::now();
    let agenda = fill::fill(&node.app, &clinic).await;
    if let Some(url) = url {
        database::connect(url).await.batch_execute("VACUUM ANALYZE").await.unwrap();
    }
    let filled = started.elapsed();
    // what was written goes from the write-ahead log to its place
    tokio::time::sleep(Duration::from_secs(3)).await;
    // a node that starts now: the one that filled the database had read its doctors when there were none
    node.close();
    let node = Node::open(folder, url.map(str::to_owned)).await;
    let started = Instant::now();
    app::doctors::warm(&node.app).await.unwrap();
    println!(
        "\n## {name}\n\n{} doctors, {} patients and {} visits written in {:.0} s; the index of doctors read in {:.1} s",
        size.doctors,
        size.patients,
        agenda.written(),
        filled.as_secs_f64(),
        started.elapsed().as_secs_f64(),
    );

    let cases = cases::all(&node, &clinic).await;
    report::reads(name, &measure::reads(&node, &clinic, &cases, args.times()).await);
    let bookings = args.bookings.min(size.patients).min(clinic.quiet());
    let alone = folder.join("alone.db");
    // one commit each is SQLite's comparison
    let alone = url.is_none().then_some(alone.as_path());
    let booked = bookings::measure(&node, &agenda, bookings, args.rounds, alone).await;
    report::bookings(name, url.is_none(), &booked);
    node.close();
}

impl Args {
    const fn times(&self) -> Times {
        Times { rounds: self.rounds, requests: self.requests }
    }
}
