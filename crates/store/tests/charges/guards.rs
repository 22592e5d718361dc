//! Going around the application, no charge is wrong, and what was paid for stays.

use db::sql;
use domain::{Rials, Role};
use helssa_store::charges::{self, AuthorityStatus, Charge, Purpose};
use rstest::rstest;
use testkit::{Engine, database};

use crate::{
    add, authority, charge,
    common::{by_hand, enrol, keys},
    complete, id, insert, mark,
};

#[rstest]
#[tokio::test]
async fn the_schema_refuses_what_no_program_may_write(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Patient).await;
    for amount in [0, 999, 500_000_001] {
        let bad = Charge { amount: Rials::new(amount).unwrap(), ..charge(user, 1, Purpose::Wallet) };
        let inserted = db.write(bad, |tx, bad| Box::pin(async move { charges::insert(tx, bad).await })).await;
        assert!(inserted.is_err(), "{amount}");
    }
    insert(&db, &charge(user, 1, Purpose::Subscription(id(5)))).await;
    assert!(by_hand(&db, sql!("UPDATE charges SET status = 'completed'")).await.is_err());
    assert!(by_hand(&db, sql!("UPDATE charges SET purpose = 'wallet'")).await.is_err());
}

#[rstest]
#[tokio::test]
async fn what_was_paid_for_can_not_be_patched(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Patient).await;
    insert(&db, &charge(user, 1, Purpose::Wallet)).await;
    assert!(add(&db, &authority(1, "S1")).await && mark(&db, "S1", AuthorityStatus::Paid).await.unwrap());
    assert!(complete(&db, 1).await);
    for patch in [
        sql!("UPDATE charges SET amount = amount + 1"),
        sql!("UPDATE charges SET expires_at = expires_at + 1"),
        sql!("UPDATE charges SET gateway = 'idpay'"),
        sql!("UPDATE charges SET gateway_reference = NULL"),
        sql!(
            "UPDATE charges SET status = 'pending', credited_authority = NULL, gateway_reference = NULL,
                    verified_at = NULL"
        ),
        sql!("DELETE FROM charges"),
        sql!("UPDATE charge_authorities SET status = 'requested'"),
        sql!("UPDATE charge_authorities SET authority = 'S2'"),
        sql!("DELETE FROM charge_authorities"),
        sql!(sqlite: "DELETE FROM charges", postgres: "TRUNCATE charges CASCADE"),
        sql!(sqlite: "DELETE FROM charge_authorities", postgres: "TRUNCATE charge_authorities CASCADE"),
    ] {
        assert!(by_hand(&db, patch).await.is_err(), "{}", patch.sqlite);
    }
    // when to look again is all that moves
    assert_eq!(by_hand(&db, sql!("UPDATE charges SET check_at = 1, checked_at = 1")).await.unwrap(), 1);
}
