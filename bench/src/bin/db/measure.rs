//! One measured run.

use std::{
    fs,
    hint::black_box,
    time::{Duration, Instant},
};

use tokio::task::{JoinSet, yield_now};
use uuid::Uuid;

use crate::{
    draw::Draw,
    workload::{Booking, Case, DOCTORS, Peer, ROWS, Work, key},
};

/// A reader that never waits lets the other tasks have their turn after so many operations.
const TURN: u32 = 16;

/// What one run cost.
#[derive(Clone, Copy)]
pub struct Sample {
    /// CPU of this process, all its threads: microseconds per operation.
    pub cpu: f64,
    /// Operations per second of wall time.
    pub rate: f64,
}

/// `seed` decides which rows are asked for; `series` is another one for each run on a database, so that
/// new events have new keys.
pub async fn run(peer: &impl Peer, work: Work, seed: u64, series: u64) -> Sample {
    let each = (work.ops / work.tasks).max(1);
    let mut tasks = JoinSet::new();
    let (cpu, started) = (cpu_time(), Instant::now());
    for task in 0..work.tasks {
        tasks.spawn(work_off(peer.clone(), work.case, each, task, seed, series));
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    let (wall, cpu) = (started.elapsed(), cpu_time().saturating_sub(cpu));
    let done = f64::from(each * work.tasks);
    Sample { cpu: cpu.as_secs_f64() * 1e6 / done, rate: done / wall.as_secs_f64() }
}

async fn work_off<P: Peer>(peer: P, case: Case, each: u32, task: u32, seed: u64, series: u64) {
    let mut draw = Draw::new((seed << 32) | u64::from(task));
    for n in 1..=each {
        match case {
            Case::Point => {
                black_box(peer.point(key(draw.below(ROWS))).await);
            }
            Case::Page => {
                black_box(peer.page(draw.below(DOCTORS).cast_signed()).await);
            }
            Case::Book => {
                let event = key_of_event(series, task, n);
                let price = draw.below(1_000_000).cast_signed();
                peer.book(Booking { visit: key(draw.below(ROWS)), event, price }).await;
            }
        }
        if n.is_multiple_of(TURN) {
            yield_now().await;
        }
    }
}

fn key_of_event(series: u64, task: u32, n: u32) -> Uuid {
    Uuid::from_u64_pair(series, (u64::from(task) << 32) | u64::from(n))
}

/// CPU time of this process so far: the scheduler's nanoseconds of every thread, or, where the kernel
/// doesn't keep them, ticks of 10 ms.
fn cpu_time() -> Duration {
    let threads = fs::read_dir("/proc/self/task").unwrap();
    let nanos: u64 = threads
        .filter_map(|thread| {
            let text = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<u64>().ok()
        })
        .sum();
    if nanos > 0 { Duration::from_nanos(nanos) } else { ticks() }
}

fn ticks() -> Duration {
    let text = fs::read_to_string("/proc/self/stat").unwrap();
    // after the program's name, which may hold blanks: user and system time are the 12th and 13th field
    let fields: Vec<_> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let field = |field: usize| fields[field].parse::<u64>().unwrap();
    Duration::from_millis((field(11) + field(12)) * 10)
}
