//! Ratings and the sums that doctors are known by, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use std::sync::Arc;

use common::{
    clinic::{enrol_both, enrol_doctor, insert as book, paid, visit_id},
    contains, files, keys, later, ring, rows, user,
};
use db::{Db, sql};
use domain::{
    Timestamp,
    ids::{UserId, VisitId},
};
use helssa_store::{
    Error, Keyring, Result,
    ratings::{self, Rating},
};
use rstest::rstest;
use testkit::{Engine, database};
use tokio::task::JoinSet;

/// Doctor 1, patient 2 and so many visits of theirs.
async fn clinic(db: &Db, keys: &Arc<Keyring>, visits: u32) -> UserId {
    let (doctor, patient) = enrol_both(db, keys).await;
    for n in 1..=visits {
        let visit = paid(n, doctor, patient, 30 * i64::from(n));
        assert_eq!(book(db, keys, &visit).await, Ok(()));
    }
    doctor
}

fn rating(visit: u32, score: i64, comment: &str, created_at: Timestamp) -> Rating {
    Rating {
        visit: visit_id(visit),
        doctor: user(1),
        patient: user(2),
        score,
        comment: comment.into(),
        created_at,
    }
}

async fn insert(db: &Db, keys: &Arc<Keyring>, rating: Rating) -> Result<bool> {
    db.write((Arc::clone(keys), rating), |tx, (keys, rating)| {
        Box::pin(async move { ratings::insert(tx, keys, rating).await })
    })
    .await
}

/// The count and one page.
async fn of_doctor(
    db: &Db,
    keys: &Arc<Keyring>,
    doctor: UserId,
    limit: i64,
    offset: i64,
) -> Result<(i64, Vec<Rating>)> {
    db.read(Arc::clone(keys), move |c, keys| {
        Box::pin(async move { ratings::of_doctor(c, keys, doctor, limit, offset).await })
    })
    .await
}

/// The count, and which visits one page is about.
async fn page(db: &Db, keys: &Arc<Keyring>, doctor: UserId, limit: i64, offset: i64) -> (i64, Vec<VisitId>) {
    let (count, found) = of_doctor(db, keys, doctor, limit, offset).await.unwrap();
    (count, found.into_iter().map(|rating| rating.visit).collect())
}

/// Sum and count of a doctor's scores, the version that searches go by, and when it changed.
async fn sums(db: &Db, doctor: UserId) -> (i64, i64, i64, i64) {
    let found = db
        .one(
            sql!("SELECT rating_sum, rating_count, version, changed_at FROM doctors WHERE user_id = ?1"),
            &[&doctor.0],
        )
        .await;
    found.unwrap().unwrap()
}

#[rstest]
#[tokio::test]
async fn a_rating_comes_back_as_it_was_written(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let doctor = clinic(&db, &keys, 2).await;
    assert!(insert(&db, &keys, rating(1, 5, "بسیار خوش‌اخلاق", later(10))).await.unwrap());
    assert!(insert(&db, &keys, rating(2, 1, "", later(20))).await.unwrap());
    let (count, found) = of_doctor(&db, &keys, doctor, 10, 0).await.unwrap();
    let [second, first] = &found[..] else { panic!("{found:?}") };
    assert_eq!(count, 2);
    assert_eq!((first.visit, first.doctor, first.patient), (visit_id(1), doctor, user(2)));
    assert_eq!((first.score, first.comment.as_str()), (5, "بسیار خوش‌اخلاق"));
    assert_eq!(first.created_at, later(10));
    assert_eq!((second.visit, second.score, second.comment.as_str()), (visit_id(2), 1, ""));
    assert_eq!(format!("{first:?}"), "Rating(***)");
}

#[rstest]
#[tokio::test]
async fn a_visit_is_rated_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let doctor = clinic(&db, &keys, 2).await;
    let (_, _, version, _) = sums(&db, doctor).await;
    assert!(insert(&db, &keys, rating(1, 4, "", later(10))).await.unwrap());
    assert!(!insert(&db, &keys, rating(1, 1, "", later(20))).await.unwrap());
    assert_eq!(sums(&db, doctor).await, (4, 1, version + 1, later(10).as_microsecond()));
    assert!(insert(&db, &keys, rating(2, 3, "", later(30))).await.unwrap());
    assert_eq!(sums(&db, doctor).await, (7, 2, version + 2, later(30).as_microsecond()));
}

#[rstest]
#[tokio::test]
async fn a_score_is_one_to_five_and_of_a_visit(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let doctor = clinic(&db, &keys, 1).await;
    let before = sums(&db, doctor).await;
    for refused in [rating(1, 0, "", later(1)), rating(1, 6, "", later(1)), rating(2, 5, "", later(1))] {
        let refused = insert(&db, &keys, refused).await;
        assert!(matches!(refused, Err(Error::Db(db::Error::Constraint(_)))), "{refused:?}");
    }
    assert_eq!((rows(&db, "ratings").await, sums(&db, doctor).await), (0, before));
}

#[rstest]
#[tokio::test]
async fn sums_are_exact_when_fifty_rate_at_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let doctor = clinic(&db, &keys, 50).await;
    let (_, _, version, _) = sums(&db, doctor).await;
    let mut all = JoinSet::new();
    for n in 1..=50 {
        let (db, keys) = (db.clone(), Arc::clone(&keys));
        let rating = rating(n, i64::from(n % 5) + 1, "", later(10));
        all.spawn(async move { insert(&db, &keys, rating).await });
    }
    for rated in all.join_all().await {
        assert!(rated.unwrap());
    }
    assert_eq!(sums(&db, doctor).await, (150, 50, version + 50, later(10).as_microsecond()));
    let kept: Option<(i64, i64)> =
        db.one(sql!("SELECT CAST(sum(score) AS BIGINT), count(*) FROM ratings"), &[]).await.unwrap();
    assert_eq!(kept, Some((150, 50)));
}

#[rstest]
#[tokio::test]
async fn of_fifty_ratings_of_one_visit_one_counts(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let doctor = clinic(&db, &keys, 1).await;
    let (_, _, version, _) = sums(&db, doctor).await;
    let mut all = JoinSet::new();
    for _ in 0..50 {
        let (db, keys) = (db.clone(), Arc::clone(&keys));
        all.spawn(async move { insert(&db, &keys, rating(1, 3, "", later(10))).await.unwrap() });
    }
    assert_eq!(all.join_all().await.into_iter().filter(|rated| *rated).count(), 1);
    assert_eq!(sums(&db, doctor).await, (3, 1, version + 1, later(10).as_microsecond()));
}

#[rstest]
#[tokio::test]
async fn pages_are_newest_first_and_of_one_doctor(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let doctor = clinic(&db, &keys, 4).await;
    let other = enrol_doctor(&db, &keys, 3).await;
    assert_eq!(book(&db, &keys, &paid(5, other, user(2), 300)).await, Ok(()));
    for (n, seconds) in [(1, 30), (2, 10), (3, 20), (4, 20)] {
        assert!(insert(&db, &keys, rating(n, 5, "", later(seconds))).await.unwrap());
    }
    assert!(insert(&db, &keys, Rating { doctor: other, ..rating(5, 2, "", later(40)) }).await.unwrap());
    let visits = |numbers: &[u32]| numbers.iter().map(|n| visit_id(*n)).collect::<Vec<_>>();
    assert_eq!(page(&db, &keys, doctor, 3, 0).await, (4, visits(&[1, 4, 3])));
    assert_eq!(page(&db, &keys, doctor, 3, 3).await, (4, visits(&[2])));
    assert_eq!(page(&db, &keys, doctor, 3, 6).await, (4, visits(&[])));
    assert_eq!(page(&db, &keys, other, 3, 0).await, (1, visits(&[5])));
    assert_eq!(page(&db, &keys, user(9), 3, 0).await, (0, visits(&[])));
    let (sum, count, ..) = sums(&db, other).await;
    assert_eq!((sum, count), (2, 1));
}

#[rstest]
#[tokio::test]
async fn comments_are_sealed(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, folder) = database::open(engine).await;
    let keys = keys();
    let doctor = clinic(&db, &keys, 1).await;
    assert!(insert(&db, &keys, rating(1, 2, "Zzcomment", later(10))).await.unwrap());
    let kept: Option<(Vec<u8>,)> = db.one(sql!("SELECT comment FROM ratings"), &[]).await.unwrap();
    assert!(!contains(&kept.unwrap().0, "Zzcomment"));
    assert!(!contains(&files(folder.path()), "Zzcomment"));
    let other = of_doctor(&db, &ring(&["k2"]), doctor, 10, 0).await;
    assert!(matches!(other, Err(Error::Stored { table: "ratings", column: "comment", .. })), "{other:?}");
}
