//! The data layer against its own drivers: same statements, same table, same process (`bench/README.md`).
//!
//! The bare side is written as a careful programmer would without the layer, and wherever there was a choice
//! it is the one that costs the least CPU (`sqlite.rs`, `postgres.rs`).
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark ends at the first surprise, and its report is its output"
)]

mod compare;
#[path = "../../shared/database.rs"]
mod database;
#[path = "../../shared/draw.rs"]
mod draw;
#[path = "../../shared/machine.rs"]
mod machine;
mod measure;
#[path = "../../shared/median.rs"]
mod median;
mod ours;
mod postgres;
mod report;
mod sqlite;
mod workload;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Parser;
use db::{Db, Location};
use tokio::runtime::Builder;

use crate::{
    compare::{Compared, compare},
    database::Database,
    ours::Ours,
};

// the server's own
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Compares the data layer with bare rusqlite and bare tokio-postgres.
#[derive(Parser)]
struct Args {
    /// Rounds; the report has their medians
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Transactions of 32 tasks in a round; the other operations are done in proportion
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(64..=1_000_000))]
    ops: u32,
    /// `PostgreSQL` server on which a database may be made and dropped; without it, `SQLite` alone
    #[arg(long, value_name = "URL", env = "TEST_POSTGRES_URL", hide_env_values = true)]
    postgres: Option<String>,
    /// Folder for the `SQLite` files, on the disk that is to be measured
    #[arg(long)]
    dir: Option<PathBuf>,
}

fn main() {
    let args = Args::parse();
    let runtime = Builder::new_multi_thread()
        .enable_all()
        // a thread that ends would take its CPU time out of the sum
        .thread_keep_alive(Duration::from_hours(10))
        .build()
        .unwrap();
    runtime.block_on(run(&args));
}

async fn run(args: &Args) {
    let dir = match &args.dir {
        Some(dir) => tempfile::tempdir_in(dir),
        None => tempfile::tempdir(),
    }
    .unwrap();
    println!("# The data layer against bare drivers\n");
    println!("{}", machine::facts(dir.path()));
    println!("- {} rounds, medians; ours and bare take turns within each round", args.rounds);
    println!("- bare rusqlite: {}", sqlite::HOW);
    let mut all = on_sqlite(args, dir.path()).await;
    match args.postgres.as_deref().filter(|url| !url.is_empty()) {
        Some(url) => {
            println!("- bare tokio-postgres: {}", postgres::HOW);
            all.extend(on_postgres(args, url).await);
        }
        None => println!("- PostgreSQL: not measured (`--postgres URL` or TEST_POSTGRES_URL)"),
    }
    report::print(&all);
}

async fn on_sqlite(args: &Args, dir: &Path) -> Vec<Compared> {
    let (ours, bare) = (dir.join("ours.db"), dir.join("bare.db"));
    sqlite::fill(&ours);
    fs::copy(&ours, &bare).unwrap();
    // as the server's settings do
    let readers = machine::cores() + 2;
    let ours = Ours(Db::open(&Location::Sqlite { path: ours, readers }).unwrap());
    let bare = sqlite::Bare::open(&bare, readers);
    compare(report::SQLITE, &ours, &bare, &workload::sqlite_plan(args.ops), args.rounds).await
}

async fn on_postgres(args: &Args, server: &str) -> Vec<Compared> {
    let database = Database::create(server).await;
    println!("- {}", database.facts().await);
    let (url, rounds, plan) = (database.url.clone(), args.rounds, workload::postgres_plan(args.ops));
    // a task of its own, so that the database is dropped whatever becomes of it
    let measured = tokio::spawn(async move {
        postgres::fill(&url).await;
        let ours = Ours(Db::open(&Location::Postgres(postgres::options(&url))).unwrap());
        let bare = postgres::Bare::open(&url);
        compare(report::POSTGRES, &ours, &bare, &plan, rounds).await
    });
    let measured = measured.await;
    database.remove().await;
    measured.unwrap()
}
