//! Money, measured: reading a wallet, paying visits, and a wallet with 1,000,000 entries (`bench/README.md`).
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark ends at the first surprise, and its report is its output"
)]

#[path = "../../shared/database.rs"]
mod database;
#[path = "../../shared/inserts.rs"]
mod inserts;
#[path = "../../shared/machine.rs"]
mod machine;
#[path = "../../shared/median.rs"]
mod median;
#[path = "../clinic/node.rs"]
mod node;
#[path = "../../shared/patient.rs"]
mod patient;
mod payments;
mod people;
mod reads;
mod report;
mod wallets;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::{Parser, ValueEnum};

use crate::{database::Database, node::Node};

// the server's own
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Fills wallets and measures reading them and paying from them.
#[derive(Clone, Parser)]
struct Args {
    /// Entries of the long wallet
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1_000..=100_000_000))]
    entries: u32,
    /// Payments in all rounds together, each of another patient
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1_000..=500_000))]
    payments: u32,
    /// On which database
    #[arg(long, value_enum, default_value_t = Which::Both)]
    engine: Which,
    /// Rounds; the report has their medians
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Single requests of each kind in a round; fifty times as many where they are counted per second
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(100..=100_000))]
    requests: u32,
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

/// How often things are done.
#[derive(Clone, Copy)]
struct Times {
    rounds: u32,
    requests: u32,
}

#[tokio::main]
async fn main() {
    let args = Args::parse();
    let dir = match &args.dir {
        Some(dir) => tempfile::tempdir_in(dir),
        None => tempfile::tempdir(),
    }
    .unwrap();
    println!("# Money\n\n{}", machine::facts(dir.path()));
    println!("- {} rounds, medians of the rounds", args.rounds);
    if args.engine != Which::Postgres {
        on("SQLite", &args, &dir.path().join("sqlite"), None).await;
    }
    match args.postgres.as_deref().filter(|url| !url.is_empty()) {
        _ if args.engine == Which::Sqlite => {}
        Some(server) => on_postgres(&args, dir.path(), server).await,
        None => println!("\nPostgreSQL: not measured (`--postgres URL` or TEST_POSTGRES_URL)"),
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
    let times = Times { rounds: args.rounds, requests: args.requests };

    let started = Instant::now();
    let readers = people::readers(&node.app).await;
    wallets::fill(&node.app, &readers, args.entries).await;
    let visits = people::visits(&node.app, args.payments / args.rounds * args.rounds).await;
    if let Some(url) = url {
        database::connect(url).await.batch_execute("VACUUM ANALYZE").await.unwrap();
    }
    println!(
        "\n## {name}\n\n{} wallets, one with {} entries, and {} visits to pay written in {:.0} s",
        readers.len() + visits.len(),
        args.entries,
        visits.len(),
        started.elapsed().as_secs_f64(),
    );
    // what was written goes from the write-ahead log to its place
    tokio::time::sleep(Duration::from_secs(3)).await;

    let tokens = people::log_in(&node, &readers).await;
    report::shares(name, &reads::shares(&node, &tokens, times).await);
    report::lengths(name, args.entries, &reads::lengths(&node, &tokens, args.entries, times).await);
    let alone = folder.join("alone.db");
    // one commit each is SQLite's comparison
    let alone = url.is_none().then_some(alone.as_path());
    let paid = payments::measure(&node, &visits, args.rounds, alone).await;
    report::payments(name, url.is_none(), &paid);
    let ledger = app::billing::verify(&node.app).await.unwrap();
    assert!(ledger.faults.is_empty(), "{:?}", ledger.faults);
    println!("- {} entries in {} accounts add up", ledger.entries, ledger.accounts);
    node.close();
}
