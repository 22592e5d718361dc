//! The queue and the cron, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use common::{later, now, rows};
use db::Db;
use domain::{SignedDuration, Timestamp, ids::JobId};
use helssa_store::{
    Error,
    jobs::{self, Counts, Job, NewJob, Status},
};
use rstest::rstest;
use serde_json::json;
use testkit::{Engine, database};
use tokio::task::JoinSet;
use uuid::Uuid;

const MINUTE: SignedDuration = SignedDuration::from_secs(60);

fn id(n: u128) -> JobId {
    JobId(Uuid::from_u128(n))
}

fn lease(n: u128) -> Uuid {
    Uuid::from_u128(1_000 + n)
}

async fn enqueue_with(db: &Db, n: u128, run_at: Timestamp, key: Option<&'static str>) -> bool {
    db.write((), move |tx, ()| {
        Box::pin(async move {
            let job =
                NewJob { kind: "test", payload: json!({ "n": n.to_string() }), run_at, unique_key: key };
            jobs::enqueue(tx, id(n), &job, now()).await
        })
    })
    .await
    .unwrap()
}

async fn enqueue(db: &Db, n: u128, run_at: Timestamp) {
    assert!(enqueue_with(db, n, run_at, None).await);
}

async fn claim_all(db: &Db, at: Timestamp, limit: i64, lease: Uuid) -> Vec<Job> {
    db.write((), move |tx, ()| Box::pin(jobs::claim(tx, at, MINUTE, limit, lease))).await.unwrap()
}

async fn claim(db: &Db, at: Timestamp, limit: i64, lease: Uuid) -> Vec<JobId> {
    claim_all(db, at, limit, lease).await.into_iter().map(|job| job.id).collect()
}

async fn done(db: &Db, id: JobId, lease: Uuid) -> bool {
    db.write((), move |tx, ()| Box::pin(jobs::done(tx, id, lease))).await.unwrap()
}

async fn retry(db: &Db, id: JobId, lease: Uuid, at: Timestamp) -> bool {
    db.write((), move |tx, ()| Box::pin(jobs::retry(tx, id, lease, at, "busy"))).await.unwrap()
}

async fn bury(db: &Db, id: JobId, lease: Uuid) -> bool {
    db.write((), move |tx, ()| Box::pin(jobs::bury(tx, id, lease, "refused"))).await.unwrap()
}

async fn revive(db: &Db, id: JobId, at: Timestamp) -> bool {
    db.write((), move |tx, ()| Box::pin(jobs::revive(tx, id, at))).await.unwrap()
}

async fn forget(db: &Db, key: &'static str) {
    db.write((), move |tx, ()| Box::pin(jobs::forget(tx, key))).await.unwrap();
}

async fn by_id(db: &Db, id: JobId) -> Option<jobs::Listed> {
    db.read((), move |c, ()| Box::pin(jobs::by_id(c, id))).await.unwrap()
}

async fn page(db: &Db, status: Option<Status>, limit: i64, offset: i64) -> (i64, Vec<JobId>) {
    let (count, found) =
        db.read((), move |c, ()| Box::pin(jobs::page(c, status, limit, offset))).await.unwrap();
    (count, found.into_iter().map(|job| job.id).collect())
}

async fn counts(db: &Db) -> Counts {
    db.read((), |c, ()| Box::pin(jobs::counts(c))).await.unwrap()
}

async fn tick(db: &Db, name: &'static str, at: Timestamp, next: Timestamp) -> bool {
    db.write((), move |tx, ()| Box::pin(jobs::tick(tx, name, at, next))).await.unwrap()
}

async fn is_due(db: &Db, name: &'static str, at: Timestamp) -> bool {
    db.read((), move |c, ()| Box::pin(jobs::is_due(c, name, at, at + MINUTE))).await.unwrap()
}

#[rstest]
#[tokio::test]
async fn a_job_is_taken_at_its_time_as_it_was_written(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    enqueue(&db, 1, later(60)).await;
    assert!(claim_all(&db, later(59), 10, lease(1)).await.is_empty(), "too early");
    let taken = claim_all(&db, later(60), 10, lease(1)).await;
    let [job] = &taken[..] else { panic!("{taken:?}") };
    assert_eq!((job.id, job.kind.as_str(), job.attempts), (id(1), "test", 1));
    assert_eq!((job.payload.as_str(), job.run_at), (r#"{"n":"1"}"#, later(60)));
    assert!(done(&db, id(1), lease(1)).await);
    assert!(!done(&db, id(1), lease(1)).await, "gone");
    assert_eq!(rows(&db, "jobs").await, 0);
}

#[rstest]
#[tokio::test]
async fn the_longest_due_come_first_and_no_more_than_asked_for(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    for (n, seconds) in [(1, 30), (2, 10), (3, 20), (4, 10), (5, 90)] {
        enqueue(&db, n, later(seconds)).await;
    }
    assert_eq!(claim(&db, later(60), 3, lease(1)).await, [id(2), id(4), id(3)]);
    assert_eq!(claim(&db, later(60), 3, lease(2)).await, [id(1)]);
    assert!(claim(&db, later(60), 3, lease(3)).await.is_empty());
}

#[rstest]
#[tokio::test]
async fn two_jobs_with_one_key_are_one(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    assert!(enqueue_with(&db, 1, now(), Some("visit 7")).await);
    assert!(!enqueue_with(&db, 2, later(9), Some("visit 7")).await);
    assert!(enqueue_with(&db, 3, now(), Some("visit 8")).await);
    assert_eq!(page(&db, None, 10, 0).await, (2, vec![id(1), id(3)]));

    forget(&db, "visit 7").await;
    forget(&db, "visit 9").await;
    assert_eq!(page(&db, None, 10, 0).await, (1, vec![id(3)]));
    assert!(enqueue_with(&db, 4, now(), Some("visit 7")).await, "free again");

    // what is dead is an admin's business
    assert_eq!(claim(&db, now(), 10, lease(1)).await, [id(3), id(4)]);
    assert!(bury(&db, id(4), lease(1)).await);
    forget(&db, "visit 7").await;
    assert!(!enqueue_with(&db, 5, now(), Some("visit 7")).await);
}

#[rstest]
#[tokio::test]
async fn a_lease_that_is_over_gives_the_job_to_the_next(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    enqueue(&db, 1, now()).await;
    assert_eq!(claim(&db, now(), 10, lease(1)).await, [id(1)]);
    assert!(claim(&db, later(59), 10, lease(2)).await.is_empty(), "held");
    let taken = claim_all(&db, later(60), 10, lease(2)).await;
    assert_eq!(taken.iter().map(|job| (job.id, job.attempts)).collect::<Vec<_>>(), [(id(1), 2)]);
    // the first one comes back, too late
    assert!(!done(&db, id(1), lease(1)).await);
    assert!(!retry(&db, id(1), lease(1), later(70)).await);
    assert!(!bury(&db, id(1), lease(1)).await);
    assert!(done(&db, id(1), lease(2)).await);
}

#[rstest]
#[tokio::test]
async fn a_job_that_is_put_back_waits_for_its_time(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    enqueue(&db, 1, now()).await;
    assert_eq!(claim(&db, now(), 10, lease(1)).await, [id(1)]);
    assert!(retry(&db, id(1), lease(1), later(10)).await);
    assert!(!done(&db, id(1), lease(1)).await, "it isn't held any more");
    let job = by_id(&db, id(1)).await.unwrap();
    assert_eq!((job.status, job.attempts, job.run_at), (Status::Queued, 1, later(10)));
    assert_eq!((job.last_error.as_deref(), job.created_at), (Some("busy"), now()));
    assert!(claim(&db, later(9), 10, lease(2)).await.is_empty());
    assert_eq!(claim(&db, later(10), 10, lease(2)).await, [id(1)]);
    assert!(by_id(&db, id(2)).await.is_none());
}

#[rstest]
#[tokio::test]
async fn a_dead_job_stays_until_it_is_revived(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    enqueue(&db, 1, now()).await;
    assert!(!revive(&db, id(1), later(5)).await, "it lives");
    assert_eq!(claim(&db, now(), 10, lease(1)).await, [id(1)]);
    assert!(bury(&db, id(1), lease(1)).await);
    assert!(claim(&db, later(9_999), 10, lease(2)).await.is_empty());
    let job = by_id(&db, id(1)).await.unwrap();
    assert_eq!((job.status, job.last_error.as_deref()), (Status::Dead, Some("refused")));

    assert!(revive(&db, id(1), later(100)).await);
    assert!(!revive(&db, id(1), later(100)).await, "once");
    assert!(!revive(&db, id(2), later(100)).await, "nothing");
    let job = by_id(&db, id(1)).await.unwrap();
    assert_eq!((job.status, job.attempts, job.run_at), (Status::Queued, 0, later(100)));
    assert_eq!(claim(&db, later(100), 10, lease(3)).await, [id(1)]);
}

#[rstest]
#[tokio::test]
async fn pages_show_the_dead_first_or_one_status(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    for (n, seconds) in [(1, 0), (2, 10), (3, 20), (4, 30)] {
        enqueue(&db, n, later(seconds)).await;
    }
    assert_eq!(claim(&db, later(20), 10, lease(1)).await, [id(1), id(2), id(3)]);
    for n in [2, 3] {
        assert!(bury(&db, id(n), lease(1)).await);
    }
    assert_eq!(page(&db, None, 3, 0).await, (4, vec![id(2), id(3), id(1)]));
    assert_eq!(page(&db, None, 3, 3).await, (4, vec![id(4)]));
    assert_eq!(page(&db, Some(Status::Dead), 10, 0).await, (2, vec![id(2), id(3)]));
    assert_eq!(page(&db, Some(Status::Queued), 1, 1).await, (2, vec![id(4)]));
    assert_eq!(counts(&db).await, Counts { queued: 2, dead: 2 });
}

#[rstest]
#[tokio::test]
async fn what_is_rolled_back_was_never_queued(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let refused = db
        .write((), |tx, ()| {
            Box::pin(async move {
                let job = NewJob { kind: "test", payload: json!({}), run_at: now(), unique_key: None };
                jobs::enqueue(tx, id(1), &job, now()).await?;
                Err::<(), Error>(db::Error::Busy.into())
            })
        })
        .await;
    assert!(refused.is_err());
    assert_eq!(counts(&db).await, Counts::default());
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_claimers_take_each_job_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    for n in 1..=100 {
        enqueue(&db, n, now()).await;
    }
    let mut claimers = JoinSet::new();
    for claimer in 1..=20 {
        let db = db.clone();
        claimers.spawn(async move {
            let mut taken = vec![];
            loop {
                let batch = claim_all(&db, now(), 3, lease(claimer)).await;
                if batch.is_empty() {
                    return taken;
                }
                assert!(batch.len() <= 3);
                taken.extend(batch.into_iter().map(|job| (job.id, job.attempts)));
            }
        });
    }
    let mut taken: Vec<_> = claimers.join_all().await.into_iter().flatten().collect();
    taken.sort_unstable();
    assert_eq!(taken, (1..=100).map(|n| (id(n), 1)).collect::<Vec<_>>());
}

#[rstest]
#[tokio::test]
async fn a_run_is_taken_when_it_is_due(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    assert!(is_due(&db, "sweep", now()).await, "new");
    assert!(tick(&db, "sweep", now(), later(60)).await);
    assert!(!is_due(&db, "sweep", later(59)).await);
    assert!(!tick(&db, "sweep", later(59), later(119)).await);
    assert!(is_due(&db, "sweep", later(60)).await);
    assert!(tick(&db, "other", later(59), later(99)).await, "each has its own time");
    assert!(tick(&db, "sweep", later(60), later(120)).await);
    assert!(!tick(&db, "sweep", later(60), later(120)).await);
    // after a night in which nobody ran it, once
    assert!(tick(&db, "sweep", later(9_000), later(9_060)).await);
    assert!(!tick(&db, "sweep", later(9_000), later(9_060)).await);
}

#[rstest]
#[tokio::test]
async fn a_clock_that_was_ahead_holds_no_run_up(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    assert!(tick(&db, "sweep", later(86_400), later(86_460)).await);
    assert!(is_due(&db, "sweep", now()).await, "the clock is right again");
    assert!(tick(&db, "sweep", now(), later(60)).await);
    assert!(!is_due(&db, "sweep", later(1)).await, "once");
    assert!(!tick(&db, "sweep", later(1), later(61)).await);
    // a node whose clock is half a minute behind does not take it again
    assert!(tick(&db, "sweep", later(60), later(120)).await);
    assert!(!is_due(&db, "sweep", later(30)).await);
    assert!(!tick(&db, "sweep", later(30), later(90)).await);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_nodes_one_takes_a_run(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    // a new entry, and one that is there
    for at in [now(), later(60)] {
        let mut nodes = JoinSet::new();
        for _ in 0..20 {
            let db = db.clone();
            nodes.spawn(async move { tick(&db, "sweep", at, at + MINUTE).await });
        }
        assert_eq!(nodes.join_all().await.into_iter().filter(|taken| *taken).count(), 1, "{at}");
    }
}
