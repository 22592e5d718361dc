//! `helssa`: see `helssa --help`.

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    helssa_server::commands::run(helssa_server::commands::Cli::parse())
}
