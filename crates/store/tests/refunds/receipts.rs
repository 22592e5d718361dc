//! What a gateway tells of a payment besides that it was made: the card and the fee, written with the crediting or
//! never.

use db::sql;
use domain::Role;
use helssa_store::charges::{self, AuthorityStatus, Receipt};
use rstest::rstest;
use testkit::{Engine, database};

use crate::{
    add, charge,
    common::{by_hand, enrol, keys},
    id, rials,
};

#[rstest]
#[tokio::test]
async fn a_receipt_is_written_with_the_crediting_or_never(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Patient).await;
    for (n, name) in [(1, "S1"), (2, "S2"), (3, "S3")] {
        add(&db, charge(user, n, "sandbox"), name, false).await;
    }
    assert!(by_hand(&db, sql!("UPDATE charge_authorities SET card = '5022'")).await.is_err(), "not credited");
    assert!(by_hand(&db, sql!("UPDATE charge_authorities SET fee = 1")).await.is_err(), "not credited");
    let credit = async |name: &'static str, status: AuthorityStatus, receipt: &Receipt| {
        db.write(receipt.clone(), move |tx, receipt| {
            Box::pin(async move { charges::mark_credited(tx, "sandbox", name, status, receipt).await })
        })
        .await
        .unwrap()
    };
    let told = Receipt { card: Some("502229******5995".into()), fee: Some(rials(25)) };
    let long = Receipt { card: Some("*".repeat(33)), fee: Some(rials(0)) };
    assert!(credit("S1", AuthorityStatus::Paid, &told).await);
    assert!(!credit("S1", AuthorityStatus::Extra, &long).await, "credited is credited");
    assert!(credit("S2", AuthorityStatus::Extra, &long).await);
    assert!(credit("S3", AuthorityStatus::Paid, &Receipt::default()).await);
    for patch in
        [sql!("UPDATE charge_authorities SET card = NULL"), sql!("UPDATE charge_authorities SET fee = 0")]
    {
        assert!(by_hand(&db, patch).await.is_err(), "{}", patch.sqlite);
    }
    let seen = db
        .read((), |c, ()| Box::pin(async move { charges::authorities_seen(c, &[id(1), id(2), id(3)]).await }))
        .await
        .unwrap();
    let seen: Vec<_> =
        seen.into_iter().map(|(one, receipt)| (one.status, receipt.card, receipt.fee)).collect();
    let (paid, extra) = (AuthorityStatus::Paid, AuthorityStatus::Extra);
    let cut = Some("*".repeat(32));
    assert_eq!(seen, [(paid, told.card.clone(), told.fee), (extra, cut, long.fee), (paid, None, None)]);
    assert_eq!(format!("{told:?}"), "Receipt(***)");
}
