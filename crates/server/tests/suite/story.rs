//! The newcomer's session of the README, run literally: its commands are read from the page itself. What it does with
//! money is in `browser`.

use std::{fs, path::Path, process::Command};

use testkit::{process, services};

/// What the README has between `<!-- story: begin -->` and `<!-- story: end -->`.
pub(crate) fn part_of_readme() -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let (_, rest) = readme.split_once("<!-- story: begin -->").unwrap();
    let (part, _) = rest.split_once("<!-- story: end -->").unwrap();
    part.to_owned()
}

/// The commands of a part of the README.
pub(crate) fn commands(part: &str) -> String {
    let blocks = part.split("```").skip(1).step_by(2);
    blocks.filter_map(|block| block.strip_prefix("sh\n")).collect::<Vec<_>>().join("\n")
}

/// All but the section on money, which needs a browser: see `browser`.
fn without_money() -> String {
    let part = part_of_readme();
    let (before, rest) = part.split_once("<!-- money: begin -->").unwrap();
    let (_, after) = rest.split_once("<!-- money: end -->").unwrap();
    format!("{before}{after}")
}

/// As `make run` does: the demo clinic first, then the server.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> process::Process {
    let program = Path::new(env!("CARGO_BIN_EXE_helssa"));
    let demo = Command::new(program)
        .args(["demo", "--data-dir", &folder.display().to_string()])
        .args(arguments)
        .output()
        .unwrap();
    assert!(demo.status.success(), "{}", String::from_utf8_lossy(&demo.stderr));
    process::serve(program, folder, arguments, &[])
}

fn run_story(arguments: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let server = run(folder.path(), arguments);
    // the page's address is the default one; this server has another
    let script = commands(&without_money()).replace("http://127.0.0.1:8000", &server.url);
    assert!(script.contains("/auth/login/otp/") && script.contains("/auth/logout/"), "{script}");
    assert!(script.contains("/encounters/book/"), "{script}");
    let output = Command::new("bash").args(["-eu", "-o", "pipefail", "-c", &script]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    // what the page says that one sees
    for seen in [
        "0912***4567",
        "\"is_new_user\":true",
        "\"is_profile_complete\":true",
        "\"working_days\":[\"saturday\"",
        "\"medical_council_number\":\"70001\"",
        "\"booking_reference\":\"HLS-",
        "\"status\":\"pending\"",
        "\"payable_amount\":240000",
        "\"payment_status\":\"pending\"",
        "\"access_expires_in\":3600",
    ] {
        assert!(told.contains(seen), "{seen} is not in\n{told}");
    }
    assert!(told.trim_end().ends_with("401"), "{told}");
}

#[test]
fn a_newcomer_logs_in_books_a_visit_and_logs_out() {
    run_story(&[]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_program_does_it_over_postgres_and_redis() {
    let folder = tempfile::tempdir().unwrap();
    let db::Location::Postgres(options) =
        testkit::database::location(testkit::Engine::Postgres, folder.path()).await
    else {
        panic!("not PostgreSQL")
    };
    run_story(&["--database", &options.url, "--redis", &services::redis_url()]);
}
