//! Users, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use std::sync::Arc;

use common::{
    contains, enrol, enrol_patient, files, keys, later, national_id, now, phone, profile, raw, user,
};
use db::{Db, sql};
use domain::{Phone, Role, ids::UserId};
use helssa_store::{
    Error, Keyring, Result,
    accounts::{self, Account, Filter},
    blocks,
};
use rstest::rstest;
use testkit::{Engine, database};
use tokio::task::JoinSet;

async fn by_id(db: &Db, keys: &Arc<Keyring>, id: UserId) -> Result<Option<Account>> {
    db.read((Arc::clone(keys), id), |c, (keys, id)| Box::pin(accounts::by_id(c, keys, *id))).await
}

async fn by_phone(db: &Db, keys: &Arc<Keyring>, phone: Phone) -> Result<Option<Account>> {
    db.read((Arc::clone(keys), phone), |c, (keys, phone)| Box::pin(accounts::by_phone(c, keys, phone))).await
}

/// The count, and the ids of one page.
async fn page(db: &Db, keys: &Arc<Keyring>, filter: Filter, limit: i64, offset: i64) -> (i64, Vec<UserId>) {
    let (count, found) = db
        .read((Arc::clone(keys), filter), move |c, (keys, filter)| {
            Box::pin(accounts::page(c, keys, filter, limit, offset))
        })
        .await
        .unwrap();
    (count, found.into_iter().map(|account| account.id).collect())
}

async fn add(db: &Db, keys: &Arc<Keyring>, id: UserId, phone: Phone) -> bool {
    db.write(Arc::clone(keys), move |tx, keys| {
        Box::pin(async move { accounts::insert(tx, keys, id, Role::Patient, &phone, now()).await })
    })
    .await
    .unwrap()
}

#[rstest]
#[tokio::test]
async fn a_new_user_is_found_by_id_and_by_number(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    assert!(!db.read((), |c, ()| Box::pin(accounts::any(c))).await.unwrap());
    assert!(add(&db, &keys, user(1), phone(1)).await);
    assert!(db.read((), |c, ()| Box::pin(accounts::any(c))).await.unwrap());

    for found in [by_id(&db, &keys, user(1)).await, by_phone(&db, &keys, phone(1)).await] {
        let account = found.unwrap().unwrap();
        assert_eq!((account.id, account.role, account.phone), (user(1), Role::Patient, phone(1)));
        assert_eq!([account.first_name, account.last_name, account.email], ["", "", ""]);
        assert_eq!(account.created_at, now());
        assert!(!account.is_blocked);
    }
    assert!(by_id(&db, &keys, user(2)).await.unwrap().is_none());
    assert!(by_phone(&db, &keys, phone(2)).await.unwrap().is_none());
}

#[rstest]
#[tokio::test]
async fn a_number_has_one_user(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    assert!(add(&db, &keys, user(1), phone(1)).await);
    assert!(!add(&db, &keys, user(2), phone(1)).await);
    assert_eq!(by_phone(&db, &keys, phone(1)).await.unwrap().unwrap().id, user(1));
    assert!(by_id(&db, &keys, user(2)).await.unwrap().is_none());
}

#[rstest]
#[tokio::test]
async fn of_twenty_first_logins_with_one_number_one_makes_the_user(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let mut logins = JoinSet::new();
    for n in 1..=20 {
        let (db, keys) = (db.clone(), Arc::clone(&keys));
        logins.spawn(async move { add(&db, &keys, user(n), phone(1)).await });
    }
    let made = logins.join_all().await.into_iter().filter(|made| *made).count();
    assert_eq!(made, 1);
    assert_eq!(common::rows(&db, "users").await, 1);
}

#[rstest]
#[tokio::test]
async fn an_appointed_user_has_the_new_role_and_name(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (id, other) = (enrol(&db, &keys, 1, Role::Patient).await, enrol(&db, &keys, 2, Role::Patient).await);
    for role in Role::ALL {
        db.write((), move |tx, ()| {
            Box::pin(async move { accounts::appoint(tx, id, role, "مریم", "رضایی", later(60)).await })
        })
        .await
        .unwrap();
        let account = by_id(&db, &keys, id).await.unwrap().unwrap();
        assert_eq!(
            (account.role, account.first_name, account.last_name),
            (role, "مریم".into(), "رضایی".into())
        );
        assert_eq!((account.phone, account.created_at), (phone(1), now()));
    }
    assert_eq!(by_id(&db, &keys, other).await.unwrap().unwrap().role, Role::Patient);
}

#[rstest]
#[tokio::test]
async fn a_blocked_number_shows_wherever_its_user_does(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let id = enrol(&db, &keys, 1, Role::Patient).await;
    enrol(&db, &keys, 2, Role::Patient).await;
    db.write(Arc::clone(&keys), |tx, keys| {
        Box::pin(async move { blocks::block(tx, keys, &phone(1), "spam", now()).await })
    })
    .await
    .unwrap();
    assert!(by_id(&db, &keys, id).await.unwrap().unwrap().is_blocked);
    assert!(by_phone(&db, &keys, phone(1)).await.unwrap().unwrap().is_blocked);
    assert!(!by_phone(&db, &keys, phone(2)).await.unwrap().unwrap().is_blocked);
    let (_, all) = db
        .read(Arc::clone(&keys), |c, keys| {
            Box::pin(async move { accounts::page(c, keys, &Filter::default(), 10, 0).await })
        })
        .await
        .unwrap();
    assert_eq!(all.iter().map(|user| user.is_blocked).collect::<Vec<_>>(), [true, false]);
}

#[rstest]
#[tokio::test]
async fn pages_follow_each_other_and_the_count_is_of_all(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    // not in the order of their ids
    for n in [3, 1, 5, 2, 4] {
        enrol(&db, &keys, n, Role::Patient).await;
    }
    let all = Filter::default;
    assert_eq!(page(&db, &keys, all(), 2, 0).await, (5, vec![user(1), user(2)]));
    assert_eq!(page(&db, &keys, all(), 2, 2).await, (5, vec![user(3), user(4)]));
    assert_eq!(page(&db, &keys, all(), 2, 4).await, (5, vec![user(5)]));
    assert_eq!(page(&db, &keys, all(), 2, 6).await, (5, vec![]));
}

#[rstest]
#[tokio::test]
async fn lists_are_narrowed_by_role_number_and_national_id(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    for (n, role) in [(1, Role::Admin), (2, Role::Staff), (3, Role::Doctor), (4, Role::Doctor)] {
        enrol(&db, &keys, n, role).await;
    }
    // two of one family under one national id: nothing forbids it
    for (n, owner) in [(5, 5), (6, 5), (7, 7)] {
        let mut profile = profile(n);
        profile.national_id = Some(national_id(owner));
        enrol_patient(&db, &keys, n, &profile).await;
    }
    let by = |role: Option<Role>, number: Option<u32>, owner: Option<u32>| Filter {
        role,
        phone: number.map(phone),
        national_id: owner.map(national_id),
    };
    let patient = Some(Role::Patient);
    for (filter, expected) in [
        (by(None, None, None), vec![1, 2, 3, 4, 5, 6, 7]),
        (by(Some(Role::Admin), None, None), vec![1]),
        (by(Some(Role::Doctor), None, None), vec![3, 4]),
        (by(patient, None, None), vec![5, 6, 7]),
        (by(None, Some(3), None), vec![3]),
        (by(None, Some(99), None), vec![]),
        (by(patient, Some(3), None), vec![]),
        (by(Some(Role::Doctor), Some(3), None), vec![3]),
        (by(None, None, Some(5)), vec![5, 6]),
        (by(None, None, Some(6)), vec![]),
        (by(patient, None, Some(7)), vec![7]),
        (by(Some(Role::Admin), None, Some(7)), vec![]),
        (by(None, Some(6), Some(5)), vec![6]),
        (by(None, Some(7), Some(5)), vec![]),
        (by(patient, Some(6), Some(5)), vec![6]),
        (by(Some(Role::Staff), Some(6), Some(5)), vec![]),
    ] {
        let what = format!("{filter:?}");
        let count = i64::try_from(expected.len()).unwrap();
        let expected: Vec<UserId> = expected.into_iter().map(user).collect();
        let after_the_first: Vec<UserId> = expected.iter().skip(1).copied().collect();
        assert_eq!(page(&db, &keys, filter.clone(), 10, 0).await, (count, expected), "{what}");
        assert_eq!(
            page(&db, &keys, filter, 10, 1).await,
            (count, after_the_first),
            "{what}, from the second on"
        );
    }
}

#[rstest]
#[tokio::test]
async fn no_number_is_kept_in_plain(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, folder) = database::open(engine).await;
    let keys = keys();
    enrol(&db, &keys, 7_654_321, Role::Patient).await;
    let mut kept = raw(&db).await;
    kept.extend(files(folder.path()));
    assert!(!kept.is_empty());
    assert!(!contains(&kept, "9127654321"));
}

#[rstest]
#[tokio::test]
async fn a_number_that_was_copied_to_another_row_does_not_open(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (one, other) = (enrol(&db, &keys, 1, Role::Patient).await, enrol(&db, &keys, 2, Role::Patient).await);
    db.write((one, other), |tx, (one, other)| {
        Box::pin(async move {
            tx.exec(
                sql!("UPDATE users SET phone = (SELECT u.phone FROM users u WHERE u.id = ?2) WHERE id = ?1"),
                &[&one.0, &other.0],
            )
            .await
        })
    })
    .await
    .unwrap();
    let opened = by_id(&db, &keys, one).await;
    assert!(matches!(opened, Err(Error::Stored { table: "users", column: "phone", .. })), "{opened:?}");
    assert!(by_id(&db, &keys, other).await.unwrap().is_some());
}
