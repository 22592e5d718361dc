//! The command line.

mod admin;
mod backup;
mod demo;
mod doctor;
mod keys;
mod migrate;
mod print;
mod serve;
mod signals;
mod verify;
mod worker;

use std::{io::Write as _, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use app::App;
use clap::{Args, Parser, Subcommand};

use crate::{
    settings::{Mode, Settings, Sources},
    telemetry, wiring,
};

/// How long a thread for slow work waits for more: with it goes the memory that it has kept.
const SPARE_THREAD: Duration = Duration::from_secs(1);

/// The telemedicine backend.
#[derive(Parser)]
#[command(name = "helssa", version, about)]
pub struct Cli {
    #[command(flatten)]
    settings: Flags,
    #[command(subcommand)]
    command: Command,
}

/// Settings of the command line; they win over variables and the file.
#[derive(Args)]
struct Flags {
    /// TOML file with settings
    #[arg(long, global = true, env = "HELSSA_CONFIG")]
    config: Option<PathBuf>,
    /// `development` or `production`
    #[arg(long, global = true)]
    mode: Option<String>,
    /// Address and port to listen on
    #[arg(long, global = true)]
    listen: Option<String>,
    /// Folder of the database and files
    #[arg(long, global = true)]
    data_dir: Option<String>,
    /// `sqlite://path` or `postgres://…`
    #[arg(long, global = true, value_name = "URL")]
    database: Option<String>,
    /// `redis://…`
    #[arg(long, global = true, value_name = "URL")]
    redis: Option<String>,
    /// Any setting, such as `--set rate_limit.anonymous=50`
    #[arg(long, global = true, value_name = "NAME=VALUE")]
    set: Vec<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Start the server
    Serve,
    /// Work off jobs (reminders, SMS, expiry, clean-up) without serving
    Worker,
    /// Bring the database to the newest schema
    Migrate,
    /// Fill an empty database with the demo clinic
    Demo,
    /// Check settings, database, Redis, storage and clock, and say what to do
    Doctor,
    /// Copy the SQLite database to a new file while it is in use
    Backup {
        /// The new file
        #[arg(long)]
        to: PathBuf,
    },
    /// Prove that stored data is as it was written
    #[command(subcommand)]
    Verify(verify::Verify),
    /// Make and change who may do what
    #[command(subcommand)]
    Admin(admin::Admin),
    /// Make and rotate secrets
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Print the API's OpenAPI document
    Openapi,
    /// Print the reference of all settings
    Settings,
    /// Print the list of all error codes
    Codes,
}

/// Runs a command; its exit code is 0 when all is well.
pub fn run(cli: Cli) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_keep_alive(SPARE_THREAD)
        .build()
    {
        Ok(runtime) => runtime,
        Err(e) => return fail(&format!("no runtime: {e}")),
    };
    match runtime.block_on(dispatch(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => fail(&e),
    }
}

#[expect(clippy::print_stderr, reason = "the command line's own answer")]
fn fail(message: &str) -> ExitCode {
    for line in message.lines() {
        eprintln!("helssa: {line}");
    }
    ExitCode::FAILURE
}

/// The command line's own answer.
fn say(message: &str) {
    // whoever reads may have heard enough
    let _ = writeln!(std::io::stdout(), "{message}");
}

async fn dispatch(cli: Cli) -> Result<(), String> {
    let Cli { settings: flags, command } = cli;
    match command {
        Command::Openapi => print::openapi(),
        Command::Settings => print::settings(),
        Command::Codes => print::codes(),
        Command::Keys(keys::Keys::Generate) => keys::generate(),
        Command::Doctor => doctor::run(read(flags)).await,
        Command::Serve => serve::run(read(flags)?).await,
        Command::Worker => worker::run(read(flags)?).await,
        Command::Migrate => migrate::run(&quiet(flags)?).await,
        Command::Demo => {
            let settings = quiet(flags)?;
            if settings.mode == Mode::Production {
                return Err(
                    "the demo clinic has an admin whose number everybody knows: not in production".into()
                );
            }
            demo::run(&app(&settings).await?).await
        }
        Command::Backup { to } => backup::run(&quiet(flags)?, &to).await,
        Command::Verify(what) => verify::run(&open(flags).await?, &what).await,
        Command::Admin(what) => admin::run(&open(flags).await?, what).await,
        Command::Keys(keys::Keys::Rotate) => keys::rotate(&open(flags).await?).await,
    }
}

fn read(flags: Flags) -> Result<Settings, String> {
    let mut sources = Sources::default();
    if let Some(path) = &flags.config {
        sources = sources.file(path);
    }
    sources = sources
        .environment(std::env::vars())
        .flag("mode", flags.mode)
        .flag("listen", flags.listen)
        .flag("data_dir", flags.data_dir)
        .flag("database.url", flags.database)
        .flag("redis.url", flags.redis);
    for pair in flags.set {
        let (name, value) = pair.split_once('=').ok_or_else(|| format!("--set {pair}: not NAME=VALUE"))?;
        sources = sources.flag(name, Some(value.to_owned()));
    }
    Settings::read(sources).map_err(|e| e.to_string())
}

/// Settings for a command that answers with a sentence: it logs what goes wrong, and no more.
fn quiet(flags: Flags) -> Result<Settings, String> {
    let mut settings = read(flags)?;
    settings.log.filter = "warn".into();
    settings.otel_endpoint = None;
    telemetry::logs(&settings)?;
    Ok(settings)
}

async fn open(flags: Flags) -> Result<Arc<App>, String> {
    app(&quiet(flags)?).await
}

async fn app(settings: &Settings) -> Result<Arc<App>, String> {
    wiring::app(settings, wiring::Parts::default()).await.map_err(|e| e.to_string())
}
