//! When a gateway is asked again, about which charges, and by whom.

use domain::Role;
use helssa_store::charges::{self, Charge, Purpose};
use rstest::rstest;
use testkit::{Engine, database};

use crate::{
    add, authority, by_id, charge,
    common::{enrol, keys, later},
    complete, id, insert,
};

#[rstest]
#[tokio::test]
async fn a_completed_charge_is_looked_at_while_another_authority_is_in_doubt(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Patient).await;
    insert(&db, &charge(user, 1, Purpose::Wallet)).await;
    let again = |at| db.write((), move |tx, ()| Box::pin(charges::check_again(tx, id(1), at)));
    again(Some(later(3_600))).await.unwrap();
    assert_ne!(by_id(&db, 1).await.unwrap().check_at, Some(later(3_600)), "it is not completed");
    assert!(complete(&db, 1).await);
    for at in [Some(later(120)), None] {
        again(at).await.unwrap();
        assert_eq!(by_id(&db, 1).await.unwrap().check_at, at);
    }
}

#[rstest]
#[tokio::test]
async fn those_that_wait_longest_are_due_first(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Patient).await;
    for (n, seconds) in [(1, Some(90)), (2, Some(60)), (3, None), (4, Some(91))] {
        insert(&db, &Charge { check_at: seconds.map(later), ..charge(user, n, Purpose::Wallet) }).await;
    }
    let due = |limit| db.read((), move |c, ()| Box::pin(charges::due(c, later(90), limit)));
    assert_eq!(due(9).await.unwrap(), [id(2), id(1)]);
    assert_eq!(due(1).await.unwrap(), [id(2)]);

    for n in [5, 6, 7] {
        let visit =
            Charge { created_at: later(n), ..charge(user, n.unsigned_abs().into(), Purpose::Visit(id(70))) };
        insert(&db, &visit).await;
    }
    assert!(complete(&db, 7).await);
    let newest = |n| db.read((), move |c, ()| Box::pin(charges::newest_for(c, id(n))));
    assert_eq!(newest(70).await.unwrap().map(|charge| charge.id), Some(id(7)));
    assert_eq!(newest(71).await.unwrap(), None);
    let open = async |n: u128, at: i64| {
        let open = db.read((), move |c, ()| Box::pin(charges::open_for(c, id(n), later(at), later(at - 60))));
        let found = open.await.unwrap();
        found.into_iter().map(|charge| charge.id).collect::<Vec<_>>()
    };
    assert_eq!(open(70, 64).await, [id(6), id(5)], "their gateway may still be asked");
    assert_eq!(open(70, 65).await, [id(6)]);
    assert!(open(70, 66).await.is_empty(), "nobody was sent to pay");
    for (n, name) in [(5, "A5"), (6, "A6")] {
        assert!(add(&db, &authority(n, name)).await);
    }
    assert_eq!(open(70, 1_799).await, [id(6), id(5)]);
    assert_eq!((open(70, 1_800).await, open(71, 10).await), (vec![], vec![]));
}

#[rstest]
#[tokio::test]
async fn of_many_who_want_to_ask_one_may(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Patient).await;
    insert(&db, &charge(user, 1, Purpose::Wallet)).await;
    let claim = async |before: i64, at: i64| {
        db.write((), move |tx, ()| Box::pin(charges::claim_check(tx, id(1), later(before), later(at))))
            .await
            .unwrap()
    };
    assert!(claim(5, 10).await, "nobody has asked");
    assert!(!claim(9, 14).await);
    assert!(claim(10, 15).await && !claim(10, 15).await);
    assert!(complete(&db, 1).await && !claim(100, 105).await);
}
