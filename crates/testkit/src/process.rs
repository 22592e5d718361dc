//! The real program as a process of its own: started, asked over HTTP, killed.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::services::free_port;

/// A running `helssa serve`; dropping it kills it.
pub struct Process {
    child: Child,
    pub url: String,
    /// What it printed and logged.
    pub log: PathBuf,
}

/// Ports that are tried.
const PORTS: usize = 5;

/// `helssa serve` in a data folder, with more arguments and variables; returns when it answers.
pub fn serve(program: &Path, data_dir: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Process {
    // one that was free a moment ago may be somebody else's when it is bound
    (0..PORTS)
        .find_map(|_| serve_at(free_port(), program, data_dir, (arguments, variables)))
        .expect("a port that stays free")
}

/// None where the port is taken.
fn serve_at(
    port: u16,
    program: &Path,
    data_dir: &Path,
    (arguments, variables): (&[&str], &[(&str, &str)]),
) -> Option<Process> {
    let log = data_dir.join(format!("serve-{port}.log"));
    let file = std::fs::File::create(&log).unwrap();
    let child = Command::new(program)
        .arg("serve")
        .args(["--listen", &format!("127.0.0.1:{port}"), "--data-dir", &data_dir.display().to_string()])
        .args(arguments)
        .env("HELSSA_RATE_LIMIT_ENABLED", "false")
        .envs(variables.iter().copied())
        .stdout(file.try_clone().unwrap())
        .stderr(file)
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut process = Process { child, url: format!("http://127.0.0.1:{port}"), log };
    let (listens, taken) =
        (format!("listens on {}", process.url), format!("can't listen on 127.0.0.1:{port}"));
    let started = Instant::now();
    loop {
        let has_ended = process.child.try_wait().unwrap().is_some();
        let log = process.log();
        if has_ended && log.contains(&taken) {
            return None;
        }
        assert!(!has_ended && started.elapsed() < Duration::from_mins(1), "{log}");
        // its own word: at the port somebody else may answer
        if log.contains(&listens) {
            return Some(process);
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

impl Process {
    pub fn log(&self) -> String {
        let file = std::fs::File::open(&self.log).unwrap();
        BufReader::new(file).lines().map_while(Result::ok).collect::<Vec<_>>().join("\n")
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, as an operator would; its exit status.
    pub fn terminate(&mut self) -> std::process::ExitStatus {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
