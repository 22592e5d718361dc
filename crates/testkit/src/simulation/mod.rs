//! A simulation of money: users, browsers, gateways, workers and clocks do what they do, in an order and with mishaps that
//! one number decides, over two nodes of the real program and a real database. After each step the books are looked
//! at, at the end everything is paid, credited or given back. See `docs/SIMULATION.md`.
//!
//! | file | what it is |
//! | --- | --- |
//! | `world` | nodes, people, what they know; the step; the end |
//! | `operations` | what can happen, and to whom |
//! | `requests`, `acts` | how it is done: under a client's key, and without |
//! | `outcome` | how it ended, and what is learned from that |
//! | `gateway`, `truth` | gateways with mishaps; what they have really taken |
//! | `chance`, `drive` | dice; use cases polled by hand: interleaved, cut off |
//! | `check` | what must hold |
//! | `report` | what is told: progress, the result, where it has failed |

mod acts;
mod chance;
mod check;
mod drive;
mod gateway;
mod operations;
mod outcome;
mod report;
mod requests;
#[cfg(test)]
mod tests;
mod truth;
mod world;

use std::{path::PathBuf, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::runtime::Builder;

pub use gateway::FAULTS;
pub use operations::Kind;
pub use report::{Failure, Report};

use self::{
    report::{Log, Watch},
    world::World,
};
use crate::Engine;

/// What is simulated.
#[derive(Clone, Debug)]
pub struct Options {
    pub seed: u64,
    /// At least so many.
    pub operations: u64,
    /// PostgreSQL is the server of `TEST_POSTGRES_URL`; operations at once race there.
    pub engine: Engine,
    /// Operations between two proofs of the whole ledger.
    pub check_every: u64,
    /// Where the database of SQLite lies; none: in memory, where the machine has `/dev/shm`.
    pub folder: Option<PathBuf>,
    /// On SQLite too, operations at once race; the trace is another one each time.
    pub racing: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            operations: 10_000,
            engine: Engine::Sqlite,
            check_every: 50_000,
            folder: None,
            racing: false,
        }
    }
}

/// Progress is told so often.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// Runs a simulation to its end, in a runtime of its own. `tell` gets a line now and then.
pub fn run(options: &Options, tell: fn(&str)) -> Result<Report, Box<Failure>> {
    // one thread, whose own tasks come before what other threads have woken: their order is the same each time
    let runtime = Builder::new_current_thread().enable_all().global_queue_interval(u32::MAX).build().unwrap();
    let log = Arc::new(Mutex::new(Log::default()));
    let work = simulate(options.clone(), Arc::clone(&log), tell);
    let ended = runtime.block_on(async move { tokio::spawn(tokio::task::unconstrained(work)).await });
    let wrong = match ended {
        Ok(Ok(report)) => return Ok(report),
        Ok(Err(wrong)) => wrong,
        Err(panic) => vec![format!("the simulation panicked: {panic}")],
    };
    let log = log.lock();
    let (step, operation, last) = (log.step, log.operation, log.lines());
    Err(Box::new(Failure { seed: options.seed, step, operation, wrong, last }))
}

async fn simulate(options: Options, log: Arc<Mutex<Log>>, tell: fn(&str)) -> Result<Report, Vec<String>> {
    let mut world = World::open(&options, log).await;
    let (mut proven, mut told) = (0, Watch::start());
    while world.operations() < options.operations {
        world.step().await?;
        if world.operations() - proven >= options.check_every {
            proven = world.operations();
            world.check_whole().await?;
            let report = world.report();
            tell(&format!("{} · the whole ledger is proven", report.line()));
            tell(&report.table());
            told = Watch::start();
        } else if told.millis() >= TELL_EVERY.as_millis() {
            tell(&world.report().line());
            told = Watch::start();
        }
    }
    world.finish().await?;
    Ok(world.report())
}
