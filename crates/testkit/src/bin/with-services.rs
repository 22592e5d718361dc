//! `with-services COMMAND…`: runs a command with a PostgreSQL and a Redis of its own.
#![expect(clippy::print_stderr, reason = "a command line")]

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(program) = arguments.next() else {
        eprintln!("usage: with-services COMMAND…");
        return ExitCode::FAILURE;
    };
    let started = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| e.to_string())
        .and_then(|runtime| runtime.block_on(helssa_testkit::services::Services::start()));
    let services = match started {
        Ok(services) => services,
        Err(e) => {
            eprintln!("with-services: {e}");
            return ExitCode::FAILURE;
        }
    };
    let status = Command::new(program).args(arguments).envs(services.environment()).status();
    drop(services);
    match status {
        Ok(status) => ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)),
        Err(e) => {
            eprintln!("with-services: {e}");
            ExitCode::FAILURE
        }
    }
}
