//! PostgreSQL and Redis for the tests, started in a temporary folder by `with-services` and ended with it.

use std::{
    env, fs,
    io::{self, Read as _},
    net::TcpListener,
    os::unix::{fs::chown, net::UnixStream, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use db::Db;
use store::MIGRATIONS;

use crate::database;

const POSTGRES: &str = "TEST_POSTGRES_URL";
const REDIS: &str = "TEST_REDIS_URL";
const TEMPLATE: &str = "TEST_SQLITE_TEMPLATE";
const PATIENCE: Duration = Duration::from_secs(30);
/// Ports that are tried.
const PORTS: usize = 5;

fn from_environment(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| {
        panic!(
            "{name} is not set: run tests with `make test`, or `scripts/with-services cargo nextest run …`"
        )
    })
}

/// `postgres://…` without a database's name.
pub fn postgres_url() -> String {
    from_environment(POSTGRES)
}

pub fn redis_url() -> String {
    from_environment(REDIS)
}

/// A migrated, empty SQLite file.
pub fn sqlite_template() -> PathBuf {
    from_environment(TEMPLATE).into()
}

/// The running services; dropping them ends them.
pub struct Services {
    folder: tempfile::TempDir,
    postgres: Child,
    redis: Child,
    postgres_url: String,
    redis_url: String,
}

impl Services {
    /// Starts both, and makes the migrated templates.
    pub async fn start() -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("helssa-test-").tempdir().map_err(|e| e.to_string())?;
        let (redis, redis_url) = start_redis(folder.path())?;
        let (postgres, postgres_url) = start_postgres(folder.path())?;
        let services = Self { folder, postgres, redis, postgres_url, redis_url };
        services.make_templates().await.map_err(|e| e.to_string())?;
        Ok(services)
    }

    async fn make_templates(&self) -> db::Result<()> {
        let admin = Db::open(&database::postgres(&format!("{}/postgres", self.postgres_url)))?;
        admin
            .read((), |c, ()| Box::pin(async move { c.script("", "CREATE DATABASE helssa_template").await }))
            .await?;
        let template = Db::open(&database::postgres(&format!("{}/helssa_template", self.postgres_url)))?;
        template.migrate(MIGRATIONS).await?;
        let path = self.template();
        let lite = Db::open(&db::Location::Sqlite { path: path.clone(), readers: 1 })?;
        lite.migrate(MIGRATIONS).await?;
        // one file without a log beside it, so that a copy is whole
        lite.backup(&path.with_extension("template")).await
    }

    fn template(&self) -> PathBuf {
        self.folder.path().join("migrated.db")
    }

    /// What tests read to find the services.
    pub fn environment(&self) -> [(&'static str, String); 3] {
        let template = self.template().with_extension("template").display().to_string();
        [(POSTGRES, self.postgres_url.clone()), (REDIS, self.redis_url.clone()), (TEMPLATE, template)]
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        for child in [&mut self.redis, &mut self.postgres] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn start_redis(folder: &Path) -> Result<(Child, String), String> {
    let socket = folder.join("redis.sock");
    let start = |port: u16| {
        Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .arg("--unixsocket")
            .arg(&socket)
            .current_dir(folder)
            .stdout(Stdio::null())
            .spawn()
    };
    let (child, port) = at_some_port("redis-server", start, |_| UnixStream::connect(&socket).is_ok())?;
    Ok((child, format!("redis://127.0.0.1:{port}")))
}

fn start_postgres(folder: &Path) -> Result<(Child, String), String> {
    let bin = postgres_bin().ok_or("PostgreSQL's programs were not found under /usr/lib/postgresql")?;
    let data = folder.join("postgres");
    fs::create_dir(&data).map_err(|e| e.to_string())?;
    let owner = unprivileged_user()?;
    if let Some((uid, gid)) = owner {
        // initdb wants to own its folder, and to be let through the one above
        chown(&data, Some(uid), Some(gid)).map_err(|e| e.to_string())?;
        chown(folder, Some(uid), Some(gid)).map_err(|e| e.to_string())?;
    }
    let command = |name: &str| {
        let mut command = Command::new(bin.join(name));
        command.current_dir(&data);
        if let Some((uid, gid)) = owner {
            command.uid(uid).gid(gid);
        }
        command
    };
    let mut initdb = command("initdb");
    initdb.arg("-D").arg(&data).args([
        "-U",
        "helssa",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
    ]);
    run(&mut initdb)?;
    let start = |port: u16| {
        command("postgres")
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(&data)
            .args(["-h", "127.0.0.1", "-p", &port.to_string()])
            .args(["-c", "max_connections=400"])
            .args(durability())
            .args(["-c", "shared_buffers=64MB", "-c", "log_min_messages=fatal"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
    };
    let answers = |port: u16| {
        let mut ready = command("pg_isready");
        ready.args(["-q", "-p", &port.to_string(), "-h"]).arg(&data);
        ready.status().is_ok_and(|status| status.success())
    };
    let (child, port) = at_some_port("postgres", start, answers)?;
    Ok((child, format!("postgres://helssa@127.0.0.1:{port}")))
}

/// Starts a service, and waits until it answers. A port that was free a moment ago may be somebody else's when it is
/// bound: then the service ends, and is started at another. So it is asked at a socket in its own folder, which both
/// services open after the port: at the port somebody else may answer.
fn at_some_port(
    name: &str,
    start: impl Fn(u16) -> io::Result<Child>,
    answers: impl Fn(u16) -> bool,
) -> Result<(Child, u16), String> {
    for _ in 0..PORTS {
        let port = free_port();
        let mut child = start(port).map_err(|e| format!("{name}: {e}"))?;
        let started = Instant::now();
        while child.try_wait().map_err(|e| format!("{name}: {e}"))?.is_none() {
            if answers(port) {
                return Ok((child, port));
            }
            if started.elapsed() > PATIENCE {
                return Err(format!("{name} doesn't answer"));
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }
    Err(format!("{name} ends before it answers"))
}

/// A test's server may lose everything with the machine, not with a client that is killed. Benchmarks set
/// `TEST_DURABLE` to measure what operators get.
fn durability() -> &'static [&'static str] {
    if env::var_os("TEST_DURABLE").is_some() {
        &[]
    } else {
        &["-c", "fsync=off", "-c", "full_page_writes=off"]
    }
}

/// The newest version that Debian has installed.
fn postgres_bin() -> Option<PathBuf> {
    let mut versions: Vec<_> =
        fs::read_dir("/usr/lib/postgresql").ok()?.flatten().map(|e| e.path()).collect();
    versions.sort();
    versions.into_iter().rev().map(|path| path.join("bin")).find(|bin| bin.join("initdb").exists())
}

/// PostgreSQL refuses to run as root: then whom it runs as.
fn unprivileged_user() -> Result<Option<(u32, u32)>, String> {
    let status = fs::read_to_string("/proc/self/status").map_err(|e| e.to_string())?;
    let is_root =
        status.lines().any(|line| line.starts_with("Uid:") && line.split_whitespace().nth(2) == Some("0"));
    if !is_root {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").map_err(|e| e.to_string())?;
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| {
            let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
            let mut fields = line.split(':').skip(2);
            Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
        })
        .map(Some)
        .ok_or_else(|| "neither the user postgres nor nobody exists to run PostgreSQL as".into())
}

fn run(command: &mut Command) -> Result<(), String> {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("{}: {e}", command.get_program().display()))?;
    let mut told = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        let _ = stderr.read_to_string(&mut told);
    }
    match child.wait() {
        Ok(status) if status.success() => Ok(()),
        _ => Err(format!("{}: {told}", command.get_program().display())),
    }
}
