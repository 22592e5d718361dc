//! What users were told, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use std::sync::Arc;

use common::{contains, enrol, files, keys, later, now, rows, user};
use db::{Db, sql};
use domain::{
    Role, Timestamp,
    ids::{NotificationId, UserId, VisitId},
};
use helssa_store::{
    Keyring,
    notifications::{self, NewNotification, Notification},
};
use rstest::rstest;
use testkit::{Engine, database};
use tokio::task::JoinSet;
use uuid::Uuid;

const MESSAGE: &str = "ویزیت بعدی شما 30 دقیقه دیگر شروع می‌شود";

fn id(n: u128) -> NotificationId {
    NotificationId(Uuid::from_u128(n))
}

/// Tells a user something, so many seconds after now.
async fn tell(db: &Db, keys: &Arc<Keyring>, n: u128, user: UserId, key: &str, seconds: i64) -> bool {
    db.write((Arc::clone(keys), key.to_owned()), move |tx, (keys, key)| {
        Box::pin(async move {
            let new = NewNotification {
                user,
                kind: "appointment_reminder",
                message: MESSAGE,
                visit: Some(VisitId(Uuid::from_u128(77))),
                unique_key: key,
            };
            notifications::insert(tx, keys, id(n), &new, later(seconds)).await
        })
    })
    .await
    .unwrap()
}

async fn by_id(db: &Db, keys: &Arc<Keyring>, n: u128) -> Option<Notification> {
    db.read(Arc::clone(keys), move |c, keys| {
        Box::pin(async move { notifications::by_id(c, keys, id(n)).await })
    })
    .await
    .unwrap()
}

/// The count, how many are unread, and the ids of one page.
async fn page(
    db: &Db,
    keys: &Arc<Keyring>,
    user: UserId,
    unread_only: bool,
    limit: i64,
    offset: i64,
) -> (i64, i64, Vec<NotificationId>) {
    let page = db
        .read(Arc::clone(keys), move |c, keys| {
            Box::pin(async move { notifications::page(c, keys, user, unread_only, limit, offset).await })
        })
        .await
        .unwrap();
    (page.count, page.unread, page.items.into_iter().map(|item| item.id).collect())
}

async fn mark_read(db: &Db, user: UserId, n: u128, at: Timestamp) -> Option<bool> {
    db.write((), move |tx, ()| Box::pin(notifications::mark_read(tx, user, id(n), at))).await.unwrap()
}

async fn mark_all_read(db: &Db, user: UserId) -> u64 {
    db.write((), move |tx, ()| Box::pin(notifications::mark_all_read(tx, user, later(99)))).await.unwrap()
}

async fn unread_count(db: &Db, user: UserId) -> i64 {
    db.read((), move |c, ()| Box::pin(notifications::unread_count(c, user))).await.unwrap()
}

#[rstest]
#[tokio::test]
async fn a_notification_comes_back_as_it_was_written(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let owner = enrol(&db, &keys, 1, Role::Patient).await;
    assert!(tell(&db, &keys, 1, owner, "visit 77 in 30", 5).await);
    let found = by_id(&db, &keys, 1).await.unwrap();
    assert_eq!((found.id, found.user, found.kind.as_str()), (id(1), owner, "appointment_reminder"));
    assert_eq!((found.message.as_str(), found.visit), (MESSAGE, Some(VisitId(Uuid::from_u128(77)))));
    assert_eq!((found.created_at, found.read_at), (later(5), None));
    assert!(by_id(&db, &keys, 2).await.is_none());
    assert_eq!(format!("{found:?}"), "Notification(***)");
}

#[rstest]
#[tokio::test]
async fn what_happened_once_is_told_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let owner = enrol(&db, &keys, 1, Role::Patient).await;
    let mut tellers = JoinSet::new();
    for n in 1..=20 {
        let (db, keys) = (db.clone(), Arc::clone(&keys));
        tellers.spawn(async move { tell(&db, &keys, n, owner, "visit 77 in 30", 0).await });
    }
    assert_eq!(tellers.join_all().await.into_iter().filter(|told| *told).count(), 1);
    assert_eq!(rows(&db, "notifications").await, 1);
    assert!(tell(&db, &keys, 99, owner, "visit 77 in 1440", 0).await, "another thing");
}

#[rstest]
#[tokio::test]
async fn pages_are_newest_first_and_each_user_sees_their_own(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let owner = enrol(&db, &keys, 1, Role::Patient).await;
    let other = enrol(&db, &keys, 2, Role::Doctor).await;
    for (n, user, seconds) in [(1, owner, 10), (2, owner, 30), (3, owner, 20), (4, owner, 20), (5, other, 0)]
    {
        assert!(tell(&db, &keys, n, user, &format!("key {n}"), seconds).await);
    }
    assert_eq!(page(&db, &keys, owner, false, 3, 0).await, (4, 4, vec![id(2), id(4), id(3)]));
    assert_eq!(page(&db, &keys, owner, false, 3, 3).await, (4, 4, vec![id(1)]));
    assert_eq!(page(&db, &keys, other, false, 3, 0).await, (1, 1, vec![id(5)]));
    assert_eq!(page(&db, &keys, user(9), false, 3, 0).await, (0, 0, vec![]));
    let newest = db
        .read(Arc::clone(&keys), move |c, keys| {
            Box::pin(async move { notifications::newest(c, keys, owner, 2).await })
        })
        .await
        .unwrap();
    assert_eq!(newest.iter().map(|item| item.id).collect::<Vec<_>>(), [id(2), id(4)]);

    assert_eq!(mark_read(&db, owner, 4, later(60)).await, Some(true));
    assert_eq!(page(&db, &keys, owner, true, 2, 0).await, (3, 3, vec![id(2), id(3)]));
    assert_eq!(page(&db, &keys, owner, true, 2, 2).await, (3, 3, vec![id(1)]));
    assert_eq!(page(&db, &keys, owner, false, 1, 0).await, (4, 3, vec![id(2)]));
}

#[rstest]
#[tokio::test]
async fn reading_is_noted_once_and_by_its_owner_alone(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let owner = enrol(&db, &keys, 1, Role::Patient).await;
    let other = enrol(&db, &keys, 2, Role::Patient).await;
    for n in 1..=3 {
        assert!(tell(&db, &keys, n, owner, &format!("key {n}"), 0).await);
    }
    assert!(tell(&db, &keys, 4, other, "key 4", 0).await);
    assert_eq!(mark_read(&db, other, 1, now()).await, None, "somebody else's");
    assert_eq!(mark_read(&db, owner, 9, now()).await, None, "nothing");
    assert_eq!(mark_read(&db, owner, 1, later(10)).await, Some(true));
    assert_eq!(mark_read(&db, owner, 1, later(20)).await, Some(false));
    assert_eq!(by_id(&db, &keys, 1).await.unwrap().read_at, Some(later(10)), "the first time");
    assert_eq!(unread_count(&db, owner).await, 2);

    assert_eq!(mark_all_read(&db, owner).await, 2);
    assert_eq!(mark_all_read(&db, owner).await, 0);
    assert_eq!((unread_count(&db, owner).await, unread_count(&db, other).await), (0, 1));
    assert_eq!(by_id(&db, &keys, 1).await.unwrap().read_at, Some(later(10)), "it stays");
}

#[rstest]
#[tokio::test]
async fn messages_are_sealed(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, folder) = database::open(engine).await;
    let keys = keys();
    let owner = enrol(&db, &keys, 1, Role::Patient).await;
    assert!(tell(&db, &keys, 1, owner, "key 1", 0).await);
    let kept: Option<(Vec<u8>,)> = db.one(sql!("SELECT message FROM notifications"), &[]).await.unwrap();
    assert!(!contains(&kept.unwrap().0, "دقیقه دیگر"));
    assert!(!contains(&files(folder.path()), "دقیقه دیگر"));
}
