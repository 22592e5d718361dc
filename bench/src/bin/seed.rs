//! Fills a database with patients through the app's own use cases, and logs some of them in.
//!
//! Which database: the server's own `HELSSA_…` variables. Prints one access token a line; progress goes to
//! the standard error.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark ends at the first surprise, and the tokens are its output"
)]

#[path = "../shared/patient.rs"]
mod patient;

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

use app::{
    App, Origin,
    accounts::{RequestOtp, VerifyOtp, request_otp, verify_otp},
    demo::add_patient,
};
use clap::Parser;
use domain::{Secret, otp::Channel};
use server::{
    settings::{Settings, Sources},
    wiring,
};
use tokio::task::JoinSet;

use crate::patient::{phone, profile};

// the server's own
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Patients that are on their way at the same time: as many share one commit.
const TASKS: u32 = 64;

/// Fills a database with patients and prints access tokens of some.
#[derive(Parser)]
struct Args {
    /// How many patients
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    patients: u32,
    /// How many of them log in
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    tokens: u32,
}

#[tokio::main]
async fn main() {
    let args = Args::parse();
    let settings = Settings::read(Sources::default().environment(std::env::vars())).unwrap();
    let app = wiring::app(&settings, wiring::Parts::default()).await.unwrap();
    fill(&app, args.patients).await;
    let tokens = args.tokens.min(args.patients);
    for n in 0..tokens {
        // spread over the whole table
        println!("{}", log_in(&app, n * (args.patients / tokens)).await.expose());
    }
}

async fn fill(app: &Arc<App>, patients: u32) {
    let next = Arc::new(AtomicU32::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let (app, next) = (Arc::clone(app), Arc::clone(&next));
        tasks.spawn(async move {
            loop {
                let n = next.fetch_add(1, Relaxed);
                if n >= patients {
                    return;
                }
                add_patient(&app, phone(n), profile(n)).await.unwrap();
                if (n + 1).is_multiple_of(20_000) {
                    eprintln!("{} patients", n + 1);
                }
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
}

/// Logs a patient in as the API does; the code comes from the development inbox.
async fn log_in(app: &Arc<App>, n: u32) -> Secret<String> {
    let phone = phone(n);
    let origin = Origin {
        request_id: "bench".into(),
        // each from an address of their own, so that no budget is used up
        address: IpAddr::V4(Ipv4Addr::from(0x0A00_0000 + n)),
        user_agent: "bench".into(),
    };
    let request = RequestOtp { phone, channel: Channel::Sms, origin: origin.clone() };
    request_otp(app, request).await.unwrap();
    let messages = app.senders.inbox.as_ref().unwrap().messages(Some(&phone));
    let code = Secret::new(messages[0].code.clone().unwrap());
    verify_otp(app, VerifyOtp { phone, code, origin }).await.unwrap().access
}
