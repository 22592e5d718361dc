//! `simulate`: money, users, gateways and crashes, as long as one likes. See `docs/SIMULATION.md`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line")]

use std::process::ExitCode;

use helssa_testkit::{
    Engine,
    simulation::{self, Options},
};

const USAGE: &str = "usage: simulate [--seed N] [--operations N] [--engine sqlite|postgres] [--check-every N]
                [--folder PATH] [--racing]

  --seed         decides everything that happens (1)
  --operations   at least so many (10000)
  --engine       sqlite, or postgres at TEST_POSTGRES_URL (sqlite)
  --check-every  operations between two proofs of the whole ledger (50000)
  --folder       where the database of SQLite lies (/dev/shm, where there is one)
  --racing       on SQLite too, operations at once race; their order is another one each time";

fn main() -> ExitCode {
    let options = match read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(mistake) => {
            eprintln!("{mistake}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    println!("{options:?}");
    match simulation::run(&options, |line| println!("{line}")) {
        Ok(report) => {
            println!("{}{}", report.table(), report.line());
            let again = if report.raced { "not the same every time: operations have raced" } else { "" };
            println!("trace {:016x} {again}", report.trace);
            println!("every payment is credited or given back, and the ledger is proven");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn read(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options::default();
    while let Some(name) = arguments.next() {
        if name == "--racing" {
            options.racing = true;
            continue;
        }
        let value = arguments.next().ok_or_else(|| format!("{name}: a value is missing"))?;
        let number = || value.replace('_', "").parse::<u64>().map_err(|e| format!("{name}: {e}"));
        match name.as_str() {
            "--seed" => options.seed = number()?,
            "--operations" => options.operations = number()?,
            "--check-every" => options.check_every = number()?.max(1),
            "--folder" => options.folder = Some(value.into()),
            "--engine" => {
                options.engine = match value.as_str() {
                    "sqlite" => Engine::Sqlite,
                    "postgres" => Engine::Postgres,
                    _ => return Err(format!("{name}: sqlite or postgres")),
                }
            }
            _ => return Err(format!("{name}: there is no such flag")),
        }
    }
    Ok(options)
}
