//! The ledger of the whole program: many payments at once, blocked money, `helssa verify ledger`.

use std::{
    io,
    process::Command,
    sync::{Arc, Mutex},
};

use app::billing::holds::{self, Hold, HoldError, Place};
use domain::{
    Clock, Rials, SignedDuration, Timestamp,
    ids::UserId,
    ledger::{Account, PostingKind},
};
use rstest::rstest;
use serde_json::json;
use testkit::{Engine, TestApp, User, visits::FEE};
use tracing_subscriber::layer::SubscriberExt as _;

/// What is logged.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn id(user: &User) -> UserId {
    UserId(user.id.parse().unwrap())
}

fn rials(amount: i64) -> Rials {
    Rials::new(amount).unwrap()
}

async fn place(
    app: &TestApp,
    user: &User,
    (amount, key): (i64, &'static str),
    expires_at: Option<Timestamp>,
) -> Result<Hold, HoldError> {
    let input = (Arc::clone(&app.app), id(user), rials(amount), app.clock.now());
    app.app
        .db
        .write(input, move |tx, (app, user, amount, now)| {
            Box::pin(async move {
                let place = Place {
                    user: *user,
                    amount: *amount,
                    purpose: "test",
                    reference: None,
                    unique_key: key,
                    expires_at,
                    description: "مبلغ مسدودشده",
                };
                holds::place(tx, app, &place, *now).await
            })
        })
        .await
}

async fn post(app: &TestApp, hold: &Hold, amount: i64) -> Result<Hold, HoldError> {
    let (hold, input) = (hold.id, (Arc::clone(&app.app), app.clock.now()));
    app.app
        .db
        .write(input, move |tx, (app, now)| {
            Box::pin(async move {
                let what = (Account::payouts(), rials(amount));
                holds::post(tx, app, hold, what, (PostingKind::Payout, "تسویه"), *now).await
            })
        })
        .await
}

async fn void(app: &TestApp, hold: &Hold) -> Result<Hold, HoldError> {
    let (hold, input) = (hold.id, (Arc::clone(&app.app), app.clock.now()));
    app.app
        .db
        .write(input, move |tx, (app, now)| {
            Box::pin(async move { holds::void(tx, app, hold, "آزادسازی مبلغ", *now).await })
        })
        .await
}

/// What can be spent, and what is blocked.
async fn money(app: &TestApp, user: &User) -> (i64, i64) {
    (app.spendable(user).await, app.holds(&Account::hold(id(user))).await)
}

#[rstest]
#[tokio::test]
async fn blocked_money_is_posted_in_part_voided_or_expires(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let user = app.doctor().await;
    app.give(&user, 1_000).await;
    let first = place(&app, &user, (600, "first"), None).await.unwrap();
    assert_eq!(money(&app, &user).await, (400, 600));
    let again = place(&app, &user, (600, "first"), None).await.unwrap();
    assert_eq!((again.id, money(&app, &user).await), (first.id, (400, 600)));
    let refused = place(&app, &user, (401, "much"), None).await;
    assert!(matches!(refused, Err(HoldError::Insufficient)), "{refused:?}");
    assert!(matches!(place(&app, &user, (0, "nothing"), None).await, Err(HoldError::Amount)));

    let wallet = app.get("/api/v1/billing/wallet/").by(&user).send().await.expect(200).json;
    let shown = (&wallet["balance"], &wallet["blocked_amount"], &wallet["available_balance"]);
    assert_eq!(shown, (&json!(1_000), &json!(600), &json!(400)));

    assert!(matches!(post(&app, &first, 601).await, Err(HoldError::Amount)));
    post(&app, &first, 250).await.unwrap();
    assert_eq!((money(&app, &user).await, app.holds(&Account::payouts()).await), ((750, 0), 250));
    assert!(matches!(post(&app, &first, 250).await, Err(HoldError::Ended)));
    assert!(matches!(void(&app, &first).await, Err(HoldError::Ended)));

    let second = place(&app, &user, (750, "second"), None).await.unwrap();
    void(&app, &second).await.unwrap();
    assert_eq!(money(&app, &user).await, (750, 0));
    let unknown = Hold { id: id(&user).0, ..second };
    assert!(matches!(void(&app, &unknown).await, Err(HoldError::NotFound)));

    let end = app.clock.now() + SignedDuration::from_mins(30);
    let third = place(&app, &user, (700, "third"), Some(end)).await.unwrap();
    let _fourth = place(&app, &user, (50, "fourth"), None).await.unwrap();
    app.clock.advance(SignedDuration::from_mins(29));
    assert_eq!(holds::expire_due(&app.app).await.unwrap(), 0);
    app.clock.advance(SignedDuration::from_mins(1));
    assert!(matches!(post(&app, &third, 700).await, Err(HoldError::Ended)), "its time is over");
    assert_eq!(holds::expire_due(&app.app).await.unwrap(), 1);
    assert_eq!(money(&app, &user).await, (700, 50));
    assert_eq!(holds::expire_due(&app.app).await.unwrap(), 0);
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visit_that_is_paid_many_times_at_once_is_paid_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.patient().await);
    let visit = app.booked(&doctor, &patient).await;
    app.give(&patient, 10 * FEE).await;
    let pay = format!("/api/v1/patients/encounters/{visit}/pay/");
    let body = json!({ "payment_method": "wallet" });
    let call = || app.post(&pay).by(&patient).json(&body).send();
    let (a, b, c, d, e) = tokio::join!(call(), call(), call(), call(), call());
    let mut statuses: Vec<u16> = [a, b, c, d, e].iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409]);
    assert_eq!((app.spendable(&patient).await, app.holds(&Account::escrow()).await), (9 * FEE, FEE));
    app.expect_a_sound_ledger().await;
}

/// Somebody who owns the database helps themselves.
async fn break_the_books(app: &TestApp) {
    app.app
        .db
        .write((), |tx, ()| {
            Box::pin(async move {
                tx.script(
                    "DROP TRIGGER ledger_accounts_follow;
                     UPDATE ledger_accounts SET balance = balance + 1000 WHERE kind = 'commission'",
                    "ALTER TABLE ledger_accounts DISABLE TRIGGER USER;
                     UPDATE ledger_accounts SET balance = balance + 1000 WHERE kind = 'commission'",
                )
                .await
            })
        })
        .await
        .unwrap();
}

#[rstest]
#[tokio::test]
async fn an_operator_proves_the_ledger_and_learns_of_a_break(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.patient().await);
    let _ = app.completed(&doctor, &patient).await;
    let verify = || {
        let database = match &app.settings.database {
            db::Location::Sqlite { path, .. } => format!("sqlite://{}", path.display()),
            db::Location::Postgres(options) => options.url.clone(),
        };
        let output = Command::new(env!("CARGO_BIN_EXE_helssa"))
            .args(["verify", "ledger", "--database", &database])
            .args(["--data-dir", &app.settings.data_dir.display().to_string()])
            .env_clear()
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    };
    let (succeeded, said) = verify();
    assert!(succeeded && said.contains("every balance proven, every posting zero"), "{said}");
    assert!(said.contains("5 accounts, 3 postings"), "{said}");
    assert_eq!(app::billing::verify_a_little(&app.app).await.unwrap(), 0);

    break_the_books(&app).await;
    let (succeeded, said) = verify();
    assert!(
        !succeeded && said.contains("commission of platform: it holds 61000, its entries say 60000"),
        "{said}"
    );
    assert!(said.contains("all accounts together hold 1000 instead of nothing"), "{said}");
}

#[rstest]
#[tokio::test]
async fn a_worker_that_looks_at_a_little_finds_a_break_and_wakes_somebody(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.patient().await);
    let _ = app.completed(&doctor, &patient).await;
    let kept = Kept::default();
    let writer = kept.clone();
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .with_target(false)
        .without_time();
    // of this thread, which is the whole test's
    let _logged = tracing::subscriber::set_default(tracing_subscriber::registry().with(lines));
    let said = || {
        let log = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        let broken = log.lines().filter(|line| line.contains("the ledger is broken"));
        broken.map(str::to_owned).collect::<Vec<_>>()
    };
    for _ in 0..10 {
        assert_eq!(app::billing::verify_a_little(&app.app).await.unwrap(), 0);
    }
    assert!(said().is_empty(), "{:?}", said());

    break_the_books(&app).await;
    // a look begins at a random id; three of four lie before this account
    let mut found = 0;
    for _ in 0..50 {
        if found == 0 {
            found = app::billing::verify_a_little(&app.app).await.unwrap();
        }
    }
    assert_eq!(found, 1);
    let said = said();
    let [line] = &said[..] else { panic!("{said:?}") };
    assert!(line.starts_with("ERROR the ledger is broken"), "{line}");
    assert!(line.contains("commission of platform: it holds 61000, its entries say 60000"), "{line}");
}
