//! Pages of a payer's charges, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use common::{enrol, keys, later};
use db::Db;
use domain::{Rials, Role, ids::UserId};
use helssa_store::charges::{self, Charge, ChargeFilter, ChargeStatus, Purpose};
use rstest::rstest;
use testkit::{Engine, database};
use uuid::Uuid;

/// Seconds from a charge's beginning to its end.
const LIFE: i64 = 1_800;

fn id(n: i64) -> Uuid {
    Uuid::from_u128(n.unsigned_abs().into())
}

/// One that begins at the nth second.
async fn add(db: &Db, user: UserId, n: i64) {
    let charge = Charge {
        id: id(n),
        user,
        purpose: Purpose::Wallet,
        amount: Rials::new(5_000).unwrap(),
        gateway: "sandbox".into(),
        return_url: "https://helssa.ir/".into(),
        status: ChargeStatus::Pending,
        credited_authority: None,
        gateway_reference: None,
        created_at: later(n),
        expires_at: later(n + LIFE),
        checked_at: None,
        check_at: None,
        verified_at: None,
    };
    let added = db.write(charge, |tx, charge| Box::pin(async move { charges::insert(tx, charge).await }));
    added.await.unwrap();
}

async fn note(db: &Db, n: i64, status: ChargeStatus) {
    let noted = db.write((), move |tx, ()| Box::pin(charges::note(tx, id(n), status, None, later(60))));
    assert!(noted.await.unwrap());
}

/// What a user finds at this second: how many there are, and those of the page.
async fn found(
    db: &Db,
    user: UserId,
    status: Option<ChargeStatus>,
    at: i64,
    (limit, offset): (i64, i64),
) -> (i64, Vec<Charge>) {
    db.read((), move |c, ()| Box::pin(charges::of_user(c, user, status, later(at), limit, offset)))
        .await
        .unwrap()
}

fn ids(charges: &[Charge]) -> Vec<Uuid> {
    charges.iter().map(|charge| charge.id).collect()
}

#[rstest]
#[tokio::test]
async fn payers_see_their_own_the_newest_first(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let (one, two) =
        (enrol(&db, &keys(), 1, Role::Patient).await, enrol(&db, &keys(), 2, Role::Doctor).await);
    for (user, n) in [(one, 1), (two, 2), (one, 3), (one, 4)] {
        add(&db, user, n).await;
    }
    let pending = Some(ChargeStatus::Pending);
    for (user, status, page, all, expected) in [
        (one, None, (2, 0), 3, vec![4, 3]),
        (one, None, (2, 2), 3, vec![1]),
        (one, None, (2, 4), 3, vec![]),
        (one, pending, (1, 1), 3, vec![3]),
        (two, None, (9, 0), 1, vec![2]),
        (two, Some(ChargeStatus::Failed), (9, 0), 0, vec![]),
    ] {
        let (count, charges) = found(&db, user, status, 10, page).await;
        let expected: Vec<Uuid> = expected.iter().map(|n| id(*n)).collect();
        assert_eq!((count, ids(&charges)), (all, expected), "{user:?} {status:?} {page:?}");
    }
}

#[rstest]
#[tokio::test]
async fn what_has_ended_is_among_the_expired_written_down_or_not(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    use ChargeStatus::{Completed, Expired, Failed, Pending};

    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Patient).await;
    for n in 1..=5 {
        add(&db, user, n).await;
    }
    let completed = db.write((), |tx, ()| Box::pin(charges::complete(tx, id(1), "S1", None, later(60))));
    assert!(completed.await.unwrap());
    note(&db, 2, Failed).await;
    note(&db, 3, Expired).await;
    let fourth_ends = 4 + LIFE;
    let cases: [(ChargeStatus, i64, &[i64]); 10] = [
        (Pending, fourth_ends - 1, &[5, 4]),
        (Pending, fourth_ends, &[5]),
        (Pending, fourth_ends + 1, &[]),
        (Expired, fourth_ends - 1, &[3]),
        (Expired, fourth_ends, &[4, 3]),
        (Expired, fourth_ends + 1, &[5, 4, 3]),
        (Failed, fourth_ends - 1, &[2]),
        (Failed, fourth_ends + 1, &[2]),
        (Completed, fourth_ends - 1, &[1]),
        (Completed, fourth_ends + 1, &[1]),
    ];
    for (status, at, expected) in cases {
        let (count, charges) = found(&db, user, Some(status), at, (9, 0)).await;
        let expected: Vec<Uuid> = expected.iter().map(|n| id(*n)).collect();
        assert_eq!(count, i64::try_from(expected.len()).unwrap(), "{status:?} at {at}");
        assert_eq!(ids(&charges), expected, "{status:?} at {at}");
        assert!(charges.iter().all(|charge| charge.status_at(later(at)) == status), "{status:?} at {at}");
    }
    // admins see what is written down, and ask for that
    let filter = ChargeFilter { status: Some(Pending), user: Some(user), ..ChargeFilter::default() };
    let (count, charges) = db
        .read(filter, |c, filter| Box::pin(async move { charges::page(c, filter, 9, 0).await }))
        .await
        .unwrap();
    assert_eq!((count, ids(&charges)), (2, vec![id(5), id(4)]));
}
