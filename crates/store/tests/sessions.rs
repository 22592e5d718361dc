//! Logins, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use common::{enrol, keys, later, now, user};
use db::Db;
use domain::{
    Role, Timestamp,
    ids::{SessionId, UserId},
};
use helssa_store::{
    Error, accounts,
    sessions::{self, Session},
};
use rstest::rstest;
use testkit::{Engine, database};
use tokio::task::JoinSet;
use uuid::Uuid;

const DAY: i64 = 86_400;

fn id(n: u128) -> SessionId {
    SessionId(Uuid::from_u128(n))
}

/// A login from then on (seconds after now), for a day.
fn session(n: u128, from: i64) -> Session {
    Session {
        id: id(n),
        created_at: later(from),
        last_used_at: later(from),
        expires_at: later(from + DAY),
        user_agent: format!("Firefox {n}"),
        address: "192.0.2.7".into(),
    }
}

async fn log_in(db: &Db, user: UserId, session: Session) {
    db.write(session, move |tx, session| Box::pin(sessions::insert(tx, user, session))).await.unwrap();
}

async fn touch(db: &Db, id: SessionId, at: Timestamp) -> Option<(UserId, Role)> {
    let touched = db.write((), move |tx, ()| Box::pin(sessions::touch(tx, id, at))).await.unwrap();
    touched.map(|(user, role, _)| (user, role))
}

async fn live(db: &Db, user: UserId, at: Timestamp) -> Vec<SessionId> {
    let found = db.read((), move |c, ()| Box::pin(sessions::live(c, user, at))).await.unwrap();
    found.into_iter().map(|session| session.id).collect()
}

async fn revoke(db: &Db, user: UserId, id: SessionId, at: Timestamp) -> bool {
    db.write((), move |tx, ()| Box::pin(sessions::revoke(tx, user, id, at))).await.unwrap()
}

async fn revoke_all(db: &Db, user: UserId, at: Timestamp) -> Vec<SessionId> {
    let mut ended = db.write((), move |tx, ()| Box::pin(sessions::revoke_all(tx, user, at))).await.unwrap();
    ended.sort_unstable();
    ended
}

async fn revoked_since(db: &Db, since: Timestamp) -> Vec<(SessionId, Timestamp)> {
    let mut found = sessions::revoked_since(db, since).await.unwrap();
    found.sort_unstable();
    found
}

#[rstest]
#[tokio::test]
async fn a_login_is_listed_as_it_was_made(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let owner = enrol(&db, &keys(), 1, Role::Patient).await;
    log_in(&db, owner, session(1, 0)).await;
    assert_eq!(touch(&db, id(1), later(90)).await, Some((owner, Role::Patient)));
    let found = db.read((), move |c, ()| Box::pin(sessions::live(c, owner, later(90)))).await.unwrap();
    let [found] = &found[..] else { panic!("{found:?}") };
    assert_eq!((found.id, found.created_at), (id(1), now()));
    assert_eq!((found.last_used_at, found.expires_at), (later(90), later(DAY)));
    assert_eq!((found.user_agent.as_str(), found.address.as_str()), ("Firefox 1", "192.0.2.7"));
}

#[rstest]
#[tokio::test]
async fn a_login_needs_a_user(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let refused =
        db.write(session(1, 0), |tx, session| Box::pin(sessions::insert(tx, user(9), session))).await;
    assert!(matches!(refused, Err(Error::Db(db::Error::Constraint(_)))), "{refused:?}");
}

#[rstest]
#[tokio::test]
async fn only_a_live_login_can_be_used(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let owner = enrol(&db, &keys(), 1, Role::Patient).await;
    for n in [1, 2] {
        log_in(&db, owner, session(n, 0)).await;
    }
    let owners = Some((owner, Role::Patient));
    assert_eq!(touch(&db, id(3), now()).await, None, "unknown");
    assert_eq!(touch(&db, id(1), later(DAY - 1)).await, owners);
    assert_eq!(touch(&db, id(1), later(DAY)).await, None, "expired");
    assert!(revoke(&db, owner, id(2), later(60)).await);
    assert_eq!(touch(&db, id(2), later(60)).await, None, "revoked");
    assert_eq!(touch(&db, id(1), later(60)).await, owners, "the other one goes on");
}

#[rstest]
#[tokio::test]
async fn a_login_that_is_used_learns_its_users_new_role(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let owner = enrol(&db, &keys(), 1, Role::Patient).await;
    log_in(&db, owner, session(1, 0)).await;
    db.write((), move |tx, ()| {
        Box::pin(async move { accounts::appoint(tx, owner, Role::Staff, "", "", later(1)).await })
    })
    .await
    .unwrap();
    assert_eq!(touch(&db, id(1), later(2)).await, Some((owner, Role::Staff)));
}

#[rstest]
#[tokio::test]
async fn the_list_shows_the_users_own_live_logins_newest_first(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let (owner, other) =
        (enrol(&db, &keys(), 1, Role::Patient).await, enrol(&db, &keys(), 2, Role::Patient).await);
    for (n, from) in [(1, 0), (2, 20), (3, 10), (4, 20)] {
        log_in(&db, owner, session(n, from)).await;
    }
    log_in(&db, other, session(5, 30)).await;
    assert_eq!(live(&db, owner, later(60)).await, [id(4), id(2), id(3), id(1)]);
    assert!(revoke(&db, owner, id(2), later(60)).await);
    assert_eq!(live(&db, owner, later(60)).await, [id(4), id(3), id(1)]);
    assert_eq!(live(&db, owner, later(DAY)).await, [id(4), id(3)], "the first has expired");
    assert_eq!(live(&db, other, later(60)).await, [id(5)]);
}

#[rstest]
#[tokio::test]
async fn a_login_is_ended_by_its_owner_and_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let (owner, other) =
        (enrol(&db, &keys(), 1, Role::Patient).await, enrol(&db, &keys(), 2, Role::Patient).await);
    log_in(&db, owner, session(1, 0)).await;
    log_in(&db, owner, session(2, 0)).await;
    assert!(!revoke(&db, other, id(1), later(60)).await, "somebody else's");
    assert_eq!(live(&db, owner, later(60)).await.len(), 2);
    assert!(revoke(&db, owner, id(1), later(60)).await);
    assert!(!revoke(&db, owner, id(1), later(61)).await, "a second time");
    assert!(!revoke(&db, owner, id(2), later(DAY)).await, "expired");
    assert!(!revoke(&db, owner, id(3), later(60)).await, "unknown");
    assert_eq!(revoked_since(&db, now()).await, [(id(1), later(60))], "and keeps its first moment");
}

#[rstest]
#[tokio::test]
async fn of_twenty_who_end_one_login_one_does(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let owner = enrol(&db, &keys(), 1, Role::Patient).await;
    log_in(&db, owner, session(1, 0)).await;
    let mut all = JoinSet::new();
    for second in 1..=20 {
        let db = db.clone();
        all.spawn(async move { revoke(&db, owner, id(1), later(second)).await });
    }
    assert_eq!(all.join_all().await.into_iter().filter(|ended| *ended).count(), 1);
}

#[rstest]
#[tokio::test]
async fn all_live_logins_of_a_user_end_together(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let (owner, other) =
        (enrol(&db, &keys(), 1, Role::Patient).await, enrol(&db, &keys(), 2, Role::Patient).await);
    for (n, from) in [(1, -DAY), (2, 0), (3, 10), (4, 20)] {
        log_in(&db, owner, session(n, from)).await;
    }
    log_in(&db, other, session(5, 0)).await;
    assert!(revoke(&db, owner, id(3), later(30)).await);
    assert_eq!(revoke_all(&db, owner, later(60)).await, [id(2), id(4)], "neither the expired nor the ended");
    assert!(revoke_all(&db, owner, later(61)).await.is_empty());
    assert!(live(&db, owner, later(61)).await.is_empty());
    assert_eq!(live(&db, other, later(61)).await, [id(5)]);
}

#[rstest]
#[tokio::test]
async fn ended_logins_are_told_from_a_moment_on(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let owner = enrol(&db, &keys(), 1, Role::Patient).await;
    for n in 1..=4 {
        log_in(&db, owner, session(n, 0)).await;
    }
    for (n, at) in [(1, 10), (2, 20), (3, 30)] {
        assert!(revoke(&db, owner, id(n), later(at)).await);
    }
    let (second, third) = ((id(2), later(20)), (id(3), later(30)));
    assert_eq!(revoked_since(&db, now()).await, [(id(1), later(10)), second, third]);
    assert_eq!(revoked_since(&db, later(20)).await, [second, third], "that moment included");
    assert_eq!(revoked_since(&db, later(21)).await, [third]);
    assert!(revoked_since(&db, later(31)).await.is_empty());
}

#[rstest]
#[tokio::test]
async fn logins_that_expired_long_ago_are_forgotten(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let owner = enrol(&db, &keys(), 1, Role::Patient).await;
    for (n, from) in [(1, 0), (2, 1), (3, 2)] {
        log_in(&db, owner, session(n, from)).await;
    }
    let forget = async || {
        let before = later(DAY + 1);
        db.write((), move |tx, ()| Box::pin(sessions::forget_before(tx, before))).await.unwrap()
    };
    assert_eq!(forget().await, 1);
    assert_eq!(forget().await, 0);
    assert_eq!(live(&db, owner, later(10)).await, [id(3), id(2)]);
}
