//! Work that happens later: it is done once, again when it fails, and never forgotten.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use app::billing::holds::{self, Hold, HoldStatus, Place};
use db::{Db, Location, sql};
use domain::{
    Rials, SignedDuration, Timestamp,
    ids::{JobId, UserId, new_v7},
};
use rstest::rstest;
use serde_json::{Value, json};
use store::jobs::NewJob;
use testkit::{Engine, TestApp, User, database, process};

use crate::notifications::{tell, texts};

const JOBS: &str = "/api/v1/admin/jobs/";
const LEASE: SignedDuration = SignedDuration::from_secs(60);

async fn run(app: &TestApp) -> u64 {
    app::jobs::run_due(&app.app).await.unwrap()
}

async fn list(app: &TestApp, by: &User, query: &str) -> Value {
    app.get(&format!("{JOBS}{query}")).by(by).send().await.expect(200).json
}

#[rstest]
#[tokio::test]
async fn a_job_that_fails_waits_longer_each_time_and_dies_at_the_eighth(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let patient = app.patient().await;
    let _ = tell(&app, &patient, "a", true).await;
    app.inbox.fail_texts(true);
    for pause in [10, 30, 120, 600, 3_600, 3_600, 3_600] {
        assert_eq!(run(&app).await, 1);
        app.clock.advance(SignedDuration::from_secs(pause - 1));
        assert_eq!(run(&app).await, 0, "it waits {pause} seconds");
        app.clock.advance(SignedDuration::from_secs(1));
    }
    assert_eq!(run(&app).await, 1);
    app.clock.advance(SignedDuration::from_hours(100));
    assert_eq!(run(&app).await, 0, "dead");

    // what has failed for good is seen, without what it was about
    let (admin, staff) = (app.admin().await, app.staff().await);
    let page = list(&app, &staff, "?status=dead").await;
    let id = page["results"][0]["id"].as_str().unwrap().to_owned();
    let job = json!({
        "id": id,
        "kind": "notifications.send_sms",
        "status": "dead",
        "run_at": page["results"][0]["run_at"],
        "attempts": 8,
        "last_error": "temporary: failing on purpose",
        "created_at": "2024-01-20T10:00:00Z",
    });
    assert_eq!((&page["count"], &page["results"][0]), (&json!(1), &job));
    assert_eq!(list(&app, &staff, "?status=queued").await["count"], 0);
    assert_eq!(list(&app, &staff, "").await["count"], 1);
    let wrong = app.get(&format!("{JOBS}?status=done")).by(&staff).send().await.expect(422);
    assert!(wrong.json["error"]["details"]["field_errors"]["status"].is_array());

    // and revived, once
    let retry = format!("{JOBS}{id}/retry/");
    let _ = app.post(&retry).by(&staff).send().await.expect(403);
    let revived = app.post(&retry).by(&admin).send().await.expect(200).json;
    assert_eq!((&revived["status"], &revived["attempts"]), (&json!("queued"), &json!(0)));
    assert_eq!(app.post(&retry).by(&admin).send().await.expect(409).code(), "CONFLICT");
    assert_eq!(app.audited("job.retry").await, 1);
    app.inbox.fail_texts(false);
    assert_eq!(run(&app).await, 1);
    assert_eq!(texts(&app, &patient).len(), 1);
    assert_eq!(app.post(&retry).by(&admin).send().await.expect(404).code(), "NOT_FOUND", "done and gone");
}

/// Takes what is due as a worker does, and does nothing about it.
async fn take_and_die(app: &TestApp) -> usize {
    let now = app.app.clock.now();
    let lease = new_v7(now, &*app.app.rng);
    let taken = app.app.db.write((), move |tx, ()| Box::pin(store::jobs::claim(tx, now, LEASE, 10, lease)));
    taken.await.unwrap().len()
}

#[rstest]
#[tokio::test]
async fn a_job_whose_worker_died_is_taken_again_after_its_lease(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let patient = app.patient().await;
    let _ = tell(&app, &patient, "a", true).await;
    assert_eq!(take_and_die(&app).await, 1);
    assert_eq!(run(&app).await, 0, "held");
    app.clock.advance(SignedDuration::from_secs(59));
    assert_eq!(run(&app).await, 0, "still held");
    app.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(run(&app).await, 1);
    assert_eq!(texts(&app, &patient).len(), 1);
}

#[rstest]
#[tokio::test]
async fn a_job_that_kills_its_workers_dies_itself(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let patient = app.patient().await;
    let _ = tell(&app, &patient, "a", true).await;
    for _ in 0..8 {
        assert_eq!(take_and_die(&app).await, 1);
        app.clock.advance(LEASE);
    }
    assert_eq!(run(&app).await, 1);
    let dead = list(&app, &app.admin().await, "?status=dead").await;
    assert_eq!(dead["results"][0]["last_error"], "its workers ended before it did");
    assert!(texts(&app, &patient).is_empty());
}

#[rstest]
#[tokio::test]
async fn what_this_program_does_not_know_waits_and_what_it_cannot_read_is_dead(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let now = app.app.clock.now();
    for (n, kind, payload) in
        [(0, "visits.from_the_future", json!({})), (1, "visits.remind", json!({ "visit": 7 }))]
    {
        let id = JobId::new(now, &*app.app.rng);
        let run_at = now + SignedDuration::from_micros(n);
        enqueue(&app.app.db, id, kind, payload, run_at).await;
    }
    assert_eq!(run(&app).await, 1, "the other one is not due yet");
    app.clock.advance(SignedDuration::from_micros(1));
    assert_eq!(run(&app).await, 1);
    let admin = app.admin().await;
    assert_eq!(list(&app, &admin, "?status=queued").await["results"][0]["kind"], "visits.from_the_future");
    let dead = list(&app, &admin, "?status=dead").await;
    assert_eq!(dead["results"][0]["last_error"], "the payload can't be read");
}

async fn enqueue(db: &Db, id: JobId, kind: &'static str, payload: Value, run_at: Timestamp) {
    db.write(payload, move |tx, payload| {
        Box::pin(async move {
            let job = NewJob { kind, payload: payload.clone(), run_at, unique_key: None };
            store::jobs::enqueue(tx, id, &job, run_at).await
        })
    })
    .await
    .unwrap();
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_work_off_one_queue_and_do_nothing_twice(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let here = TestApp::start(engine).await;
    let there = here.second_node().await;
    let patient = here.patient().await;
    for n in 0..40 {
        let _ = tell(&here, &patient, &format!("key {n}"), true).await;
    }
    let (by_here, by_there) = tokio::join!(run(&here), run(&there));
    assert_eq!(by_here + by_there, 40);
    assert_eq!(texts(&here, &patient).len() + texts(&there, &patient).len(), 40);
    assert_eq!(run(&here).await + run(&there).await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_run_each_entry_of_the_cron_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let here = TestApp::start(engine).await;
    let there = here.second_node().await;
    let both = async || {
        let (by_here, by_there) =
            tokio::join!(app::jobs::run_cron(&here.app), app::jobs::run_cron(&there.app));
        by_here.unwrap() + by_there.unwrap()
    };
    let all = both().await;
    assert!(all >= 2, "holds expire, and what is old is forgotten");
    assert_eq!(both().await, 0);
    here.clock.advance(SignedDuration::from_secs(59));
    assert_eq!(both().await, 0);
    here.clock.advance(SignedDuration::from_secs(1));
    let each_minute = both().await;
    assert!((2..all).contains(&each_minute), "holds expire each minute, what is old is forgotten each hour");
    here.clock.advance(SignedDuration::from_hours(10));
    assert_eq!(both().await, all, "once, however long nobody did");
}

/// A database with a job that any worker can do away with, and how the program finds it.
async fn with_a_job(engine: Engine, folder: &Path) -> (Db, String) {
    let location = database::location(engine, folder).await;
    let url = match &location {
        Location::Sqlite { path, .. } => format!("sqlite://{}", path.display()),
        Location::Postgres(options) => options.url.clone(),
    };
    let db = Db::open(&location).unwrap();
    let payload = json!({ "notification": database::unique() });
    enqueue(&db, JobId(database::unique()), "notifications.send_sms", payload, Timestamp::UNIX_EPOCH).await;
    (db, url)
}

/// Returns when it was tried.
async fn until_tried(db: &Db) {
    let started = Instant::now();
    loop {
        let tried: Option<(String,)> =
            db.one(sql!("SELECT kind FROM jobs WHERE last_error IS NOT NULL"), &[]).await.unwrap();
        if tried.is_some() {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "nobody does the job");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

#[rstest]
#[tokio::test]
async fn a_server_works_off_jobs_unless_it_is_told_not_to(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let folder = tempfile::tempdir().unwrap();
    let (db, url) = with_a_job(engine, folder.path()).await;
    let program = Path::new(env!("CARGO_BIN_EXE_helssa"));
    let arguments = ["--database", &url, "--set", "worker.enabled=false"];
    let mut idle = process::serve(program, folder.path(), &arguments, &[]);
    assert!(idle.terminate().success());
    let untried: Option<(i64,)> = db.one(sql!("SELECT attempts FROM jobs"), &[]).await.unwrap();
    assert_eq!(untried, Some((0,)));

    let mut server = process::serve(program, folder.path(), &arguments[..2], &[]);
    until_tried(&db).await;
    assert!(server.terminate().success());
}

#[rstest]
#[tokio::test]
async fn a_worker_alone_works_off_jobs_and_ends_when_it_is_asked(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let folder = tempfile::tempdir().unwrap();
    let (db, url) = with_a_job(engine, folder.path()).await;
    let mut worker = Command::new(env!("CARGO_BIN_EXE_helssa"))
        .args(["worker", "--database", &url, "--data-dir", &folder.path().display().to_string()])
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut greeting = String::new();
    BufReader::new(worker.stdout.take().unwrap()).read_line(&mut greeting).unwrap();
    assert!(greeting.contains("works off jobs"), "{greeting}");
    until_tried(&db).await;
    let pid = worker.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert!(worker.wait().unwrap().success());
}

#[rstest]
#[tokio::test]
async fn one_hold_without_its_money_keeps_nobody_elses(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (bad, good) = (app.patient().await, app.patient().await);
    app.give(&good, 1_000).await;
    let now = app.app.clock.now();
    let hold = |user: &User, seconds| Hold {
        id: database::unique(),
        user: UserId(user.id.parse().unwrap()),
        amount: Rials::new(1_000).unwrap(),
        status: HoldStatus::Open,
        posted: Rials::ZERO,
        expires_at: Some(now + SignedDuration::from_secs(seconds)),
        unique_key: user.id.clone(),
        purpose: "test".into(),
        reference: None,
        created_at: now,
        ended_at: None,
    };
    let (row, whole) = (hold(&bad, 1), hold(&good, 2));
    app.app
        .db
        .write((Arc::clone(&app.app), row, whole), move |tx, (app, row, whole)| {
            Box::pin(async move {
                store::holds::insert(tx, row).await?;
                let place = Place {
                    user: whole.user,
                    amount: whole.amount,
                    purpose: "test",
                    reference: None,
                    unique_key: &whole.unique_key,
                    expires_at: whole.expires_at,
                    description: "مبلغ مسدودشده",
                };
                holds::place(tx, app, &place, now).await
            })
        })
        .await
        .unwrap();
    app.clock.advance(SignedDuration::from_secs(2));
    for expired in [1, 0] {
        assert_eq!(holds::expire_due(&app.app).await.unwrap(), expired);
    }
    assert_eq!(app.spendable(&good).await, 1_000);
}
