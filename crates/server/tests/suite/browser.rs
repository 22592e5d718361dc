//! The newcomer's money (issue 4's own story), run literally from the README, with a real browser where the README says
//! «open it in a browser»; and the page where a visit is paid, as a phone shows it.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use testkit::process::Process;

use crate::story::{commands, part_of_readme, run};

/// What marks a step by hand: `echo "$PAGE"   # open it in a browser, and press «…», then «…»`.
const BY_HAND: &str = "# open it in a browser";

/// The script that presses buttons. Whoever runs the tests without what it needs is told so.
fn browser() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web-tests");
    let chromium = env::var_os("CHROMIUM").map_or_else(|| "/usr/bin/chromium".into(), PathBuf::from);
    let node = Command::new("node").arg("--version").output();
    for (is_there, what) in [
        (chromium.exists(), "chromium"),
        (node.is_ok_and(|node| node.status.success()), "node"),
        (folder.join("node_modules/playwright-core").exists(), "playwright-core in web-tests/node_modules"),
    ] {
        assert!(
            is_there,
            "this test drives a real browser, and {what} is missing: run scripts/install-test-tools"
        );
    }
    folder.join("press.js")
}

/// What a newcomer does by hand is done by the browser; everything else stays as it is written.
fn with_a_browser(commands: &str) -> String {
    let line = |line: &str| {
        let Some((command, told)) = line.split_once(BY_HAND) else { return line.to_owned() };
        let page = command.trim().strip_prefix("echo ").unwrap();
        let buttons = told.split('«').skip(1).map(|rest| rest.split_once('»').unwrap().0);
        let buttons: Vec<String> = buttons.map(|button| format!("'{button}'")).collect();
        assert!(!buttons.is_empty(), "{line}");
        format!("node \"$PRESS\" {page} {}", buttons.join(" "))
    };
    commands.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Runs a script beside the server, in whose folder `helssa` works; what it printed.
fn bash(server: &Process, folder: &Path, script: &str) -> String {
    let programs = Path::new(env!("CARGO_BIN_EXE_helssa")).parent().unwrap();
    let path = env::join_paths(
        [programs.to_owned()].into_iter().chain(env::split_paths(&env::var_os("PATH").unwrap_or_default())),
    )
    .unwrap();
    let output = Command::new("bash")
        .args(["-eu", "-o", "pipefail", "-c", &script.replace("http://127.0.0.1:8000", &server.url)])
        .env("PATH", path)
        .env("HELSSA_DATA_DIR", folder)
        .env("PRESS", browser())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{wrong}\n{}", server.log());
    told
}

/// All of these, in this order.
#[track_caller]
fn expect_in_order(told: &str, seen: &[&str]) {
    let mut rest = told;
    for seen in seen {
        let Some((_, after)) = rest.split_once(seen) else {
            panic!("{seen} is not, or not there, in\n{told}")
        };
        rest = after;
    }
}

#[test]
fn a_newcomer_charges_pays_subscribes_cancels_and_the_books_agree() {
    let _needed = browser();
    let folder = tempfile::tempdir().unwrap();
    let server = run(folder.path(), &[]);
    let script = with_a_browser(&commands(&part_of_readme()));
    assert!(script.contains("node \"$PRESS\" \"$PAGE\" 'پرداخت موفق'"), "{script}");
    let told = bash(&server, folder.path(), &script);
    expect_in_order(
        &told,
        &[
            "\"payable_amount\":240000",
            // the charge, in the browser
            "/pay/result/?transaction_id=",
            "پرداخت موفق بود",
            "کیف پول شما شارژ شد.",
            "۱٬۰۰۰٬۰۰۰ ریال",
            "\"available_balance\":1000000",
            // the visit
            "\"payment_status\":\"paid\"",
            "\"status\":\"confirmed\"",
            "\"name\":\"علی محمدی\"",
            // the subscription
            "\"percentage\":20",
            "\"amount\":717600",
            "\"discount_applied\":179400",
            "\"total_paid\":538200",
            "\"status\":\"active\"",
            // the quote, and what was quoted
            "\"refund_amount\":240000,\"fee_amount\":0",
            "\"fee_amount\":0",
            "\"refund_amount\":240000",
            "\"status\":\"cancelled\"",
            "\"available_balance\":461800",
            "every balance proven, every posting zero",
            "401",
        ],
    );
}

/// A visit that is booked and has a page to be paid at; everything up to there is the README's.
fn up_to_the_booking() -> String {
    let part = part_of_readme();
    let (before, _) = part.split_once("<!-- money: begin -->").unwrap();
    let page = "PAGE=$(echo \"$VISIT\" | json '[\"payment\"][\"payment_url\"]')";
    format!("{}\n{page}\n", commands(before))
}

#[test]
fn a_visit_is_paid_at_its_page_on_a_phone_after_a_payment_that_failed() {
    let _needed = browser();
    let folder = tempfile::tempdir().unwrap();
    let server = run(folder.path(), &[]);
    let script = format!(
        "{}\
echo \"$PAGE\"   {BY_HAND}, and press «پرداخت با درگاه آزمایشی», then «پرداخت ناموفق»
echo \"$PAGE\"   {BY_HAND}, and press «پرداخت با درگاه آزمایشی», then «پرداخت با دو بار بازگشت»
curl -s $API/patients/encounters/$ID/ -H \"Authorization: Bearer $ACCESS\"
helssa verify ledger
",
        up_to_the_booking()
    );
    let told = bash(&server, folder.path(), &with_a_browser(&script));
    expect_in_order(
        &told,
        &[
            "&status=failed",
            "پرداخت انجام نشد.",
            "مهلت پرداخت: ",
            "دکتر نازنین پارسا",
            "۲۴۰٬۰۰۰ ریال",
            "پرداخت با درگاه آزمایشی",
            "&status=completed",
            "پرداخت انجام شد و ویزیت شما قطعی است.",
            "سهم شما",
            "\"status\":\"confirmed\"",
            "every balance proven, every posting zero",
        ],
    );
    let (_, pages) = told.split_once("&status=failed").unwrap();
    assert!(!pages.contains("محمدی"), "the page names no patient\n{pages}");
}
