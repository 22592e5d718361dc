//! Where the numbers come from.

use std::{fs, path::Path, thread::available_parallelism};

pub fn cores() -> usize {
    available_parallelism().map_or(2, std::num::NonZero::get)
}

/// Lines for the head of the report.
pub fn facts(dir: &Path) -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown processor", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let filesystem = filesystem(dir);
    let warning = if filesystem == "tmpfs" {
        " - IN MEMORY: durable writes cost nothing here, give `--dir` on a disk"
    } else {
        ""
    };
    format!(
        "- machine: {} cores, {model}, Linux {}\n- SQLite {}, files in {} ({filesystem}{warning})",
        cores(),
        kernel.trim(),
        rusqlite::version(),
        dir.display(),
    )
}

/// The kind of the file system that holds `dir`: that of the longest mount point above it.
fn filesystem(dir: &Path) -> String {
    let dir = fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let mut found = (0, "unknown file system");
    for line in mounts.lines() {
        let mut fields = line.split(' ').skip(1);
        if let (Some(point), Some(kind)) = (fields.next(), fields.next())
            && dir.starts_with(point)
            && point.len() >= found.0
        {
            found = (point.len(), kind);
        }
    }
    found.1.to_owned()
}
