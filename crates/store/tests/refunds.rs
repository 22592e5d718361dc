//! Records of charges that are given back, and charges as admins look for them, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use common::{by_hand, enrol, keys, later, now, rows};
use db::{Db, sql};
use domain::{Rials, Role, ids::UserId};
use helssa_store::{
    charges::{self, Authority, AuthorityStatus, Charge, ChargeFilter, ChargeStatus, Purpose, Receipt},
    holds::{self, Hold, HoldStatus},
    refunds::{self, Refund, RefundStatus, Way},
};
use rstest::rstest;
use testkit::{Engine, database};
use tokio::task::JoinSet;
use uuid::Uuid;

const AMOUNT: i64 = 5_000;

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn rials(amount: i64) -> Rials {
    Rials::new(amount).unwrap()
}

fn charge(user: UserId, n: u128, gateway: &str) -> Charge {
    Charge {
        id: id(n),
        user,
        purpose: Purpose::Wallet,
        amount: rials(AMOUNT),
        gateway: gateway.into(),
        return_url: "https://helssa.ir/".into(),
        status: ChargeStatus::Pending,
        credited_authority: None,
        gateway_reference: None,
        created_at: now(),
        expires_at: later(1_800),
        checked_at: None,
        check_at: None,
        verified_at: None,
    }
}

/// A charge with an authority of this name, credited or not.
async fn add(db: &Db, charge: Charge, name: &'static str, paid: bool) {
    db.write(charge, move |tx, charge| {
        Box::pin(async move {
            charges::insert(tx, charge).await?;
            let authority = Authority {
                gateway: charge.gateway.clone(),
                authority: name.into(),
                charge: charge.id,
                status: AuthorityStatus::Requested,
                pay_url: format!("https://helssa.ir/dev/pay/{name}"),
                created_at: charge.created_at,
            };
            assert!(charges::add_authority(tx, &authority).await?);
            if paid {
                charges::mark(tx, &charge.gateway, name, AuthorityStatus::Paid).await?;
                charges::complete(tx, charge.id, name, Some("201"), later(90)).await?;
            }
            Ok::<_, helssa_store::Error>(())
        })
    })
    .await
    .unwrap();
}

fn refund(n: u128, charge: u128, amount: i64) -> Refund {
    Refund {
        id: id(n),
        charge: id(charge),
        gateway: "sandbox".into(),
        authority: "S1".into(),
        amount: rials(amount),
        way: Way::Reverse,
        status: RefundStatus::Refunding,
        hold: Some(id(n)),
        attempts: 0,
        answer: None,
        asked_at: Some(later(100)),
        check_at: Some(later(220)),
        created_at: later(100),
        ended_at: None,
    }
}

/// With its hold, where it has one.
async fn insert(db: &Db, user: UserId, refund: &Refund) -> Result<(), helssa_store::Error> {
    db.write(refund.clone(), move |tx, refund| {
        Box::pin(async move {
            if let Some(hold) = refund.hold {
                let hold = Hold {
                    id: hold,
                    user,
                    amount: refund.amount,
                    status: HoldStatus::Open,
                    posted: Rials::ZERO,
                    expires_at: None,
                    unique_key: format!("refund:{}", refund.id),
                    purpose: "charge_refund".into(),
                    reference: Some(refund.charge),
                    created_at: refund.created_at,
                    ended_at: None,
                };
                assert!(holds::insert(tx, &hold).await?);
            }
            refunds::insert(tx, refund).await
        })
    })
    .await
}

async fn by_id(db: &Db, n: u128) -> Option<Refund> {
    db.read((), move |c, ()| Box::pin(refunds::by_id(c, id(n)))).await.unwrap()
}

async fn end(db: &Db, n: u128, status: RefundStatus) -> bool {
    db.write((), move |tx, ()| Box::pin(refunds::end(tx, id(n), status, Some("100"), later(300))))
        .await
        .unwrap()
}

#[rstest]
#[tokio::test]
async fn a_refund_is_open_until_it_ends_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Patient).await;
    add(&db, charge(user, 1, "sandbox"), "S1", true).await;
    let first = refund(1, 1, AMOUNT);
    insert(&db, user, &first).await.unwrap();
    assert_eq!((by_id(&db, 1).await, by_id(&db, 9).await), (Some(first.clone()), None));
    assert!(first.is_given());

    let due = |at| db.read((), move |c, ()| Box::pin(refunds::due(c, later(at), 9)));
    assert!(due(219).await.unwrap().is_empty());
    assert_eq!(due(220).await.unwrap(), [id(1)]);
    let put_off =
        db.write((), |tx, ()| Box::pin(refunds::put_off(tx, id(1), later(400), later(230)))).await.unwrap();
    assert!(put_off && due(399).await.unwrap().is_empty());
    let noted = db.write((), |tx, ()| Box::pin(refunds::note(tx, id(1), "lost", later(500)))).await.unwrap();
    assert!(noted);
    let locked = db.write((), |tx, ()| Box::pin(refunds::lock(tx, id(1)))).await.unwrap().unwrap();
    assert_eq!((locked.attempts, locked.answer.as_deref()), (1, Some("lost")));
    assert_eq!((locked.asked_at, locked.check_at), (Some(later(230)), Some(later(500))));

    let mut ends = JoinSet::new();
    for n in 0..10 {
        let db = db.clone();
        let status = if n % 2 == 0 { RefundStatus::Refunded } else { RefundStatus::InWallet };
        ends.spawn(async move { end(&db, 1, status).await });
    }
    assert_eq!(ends.join_all().await.into_iter().filter(|ended| *ended).count(), 1);
    let ended = by_id(&db, 1).await.unwrap();
    assert_eq!((ended.check_at, ended.ended_at), (None, Some(later(300))));
    assert!(!db.write((), |tx, ()| Box::pin(refunds::note(tx, id(1), "late", later(900)))).await.unwrap());
    let again = db.write((), |tx, ()| Box::pin(refunds::put_off(tx, id(1), later(900), later(300))));
    assert!(!again.await.unwrap());
    assert!(due(9_999).await.unwrap().is_empty());
}

#[rstest]
#[tokio::test]
async fn no_more_is_given_back_than_was_paid(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Patient).await;
    add(&db, charge(user, 1, "sandbox"), "S1", true).await;
    add(&db, charge(user, 2, "sandbox"), "S2", false).await;
    assert!(insert(&db, user, &refund(1, 1, AMOUNT + 1)).await.is_err());
    let unpaid = Refund { authority: "S2".into(), ..refund(1, 2, 100) };
    assert!(insert(&db, user, &unpaid).await.is_err(), "nobody paid it");
    assert!(insert(&db, user, &refund(1, 2, 100)).await.is_err(), "another charge's");

    insert(&db, user, &refund(1, 1, 2_000)).await.unwrap();
    assert!(insert(&db, user, &refund(2, 1, 1_000)).await.is_err(), "one at a time");
    assert!(end(&db, 1, RefundStatus::Refunded).await);
    assert!(insert(&db, user, &refund(2, 1, 3_001)).await.is_err());
    let kept = Refund {
        way: Way::Wallet,
        status: RefundStatus::InWallet,
        hold: None,
        asked_at: None,
        check_at: None,
        ended_at: Some(later(100)),
        ..refund(3, 1, AMOUNT)
    };
    insert(&db, user, &kept).await.unwrap();
    assert!(!kept.is_given());
    insert(&db, user, &refund(4, 1, 3_000)).await.unwrap();
    assert!(end(&db, 4, RefundStatus::InWallet).await);
    insert(&db, user, &refund(5, 1, 3_000)).await.unwrap();

    let of = |charges: &'static [u128]| {
        db.read((), move |c, ()| {
            Box::pin(async move {
                let ids: Vec<Uuid> = charges.iter().map(|n| id(*n)).collect();
                refunds::of_charges(c, &ids).await
            })
        })
    };
    assert_eq!(of(&[1, 2]).await.unwrap().len(), 4);
    assert!(of(&[2]).await.unwrap().is_empty() && of(&[]).await.unwrap().is_empty());
    let one = db.read((), |c, ()| Box::pin(refunds::of_charge(c, id(1)))).await.unwrap();
    assert_eq!(one.iter().map(|refund| refund.id).collect::<Vec<_>>(), [id(1), id(3), id(4), id(5)]);
    assert_eq!(one[1], kept);
}

#[rstest]
#[tokio::test]
async fn nobody_gets_around_a_refund(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Patient).await;
    add(&db, charge(user, 1, "sandbox"), "S1", true).await;
    insert(&db, user, &refund(1, 1, 2_000)).await.unwrap();
    assert!(end(&db, 1, RefundStatus::Refunded).await);
    insert(&db, user, &refund(2, 1, 2_000)).await.unwrap();
    for statement in [
        sql!("UPDATE charge_refunds SET amount = 5000 WHERE status = 'refunding'"),
        sql!("UPDATE charge_refunds SET status = 'refunded' WHERE status = 'refunding'"),
        sql!("UPDATE charge_refunds SET way = 'wallet' WHERE status = 'refunding'"),
        sql!(
            "UPDATE charge_refunds SET status = 'refunding', check_at = 1, ended_at = NULL WHERE status = 'refunded'"
        ),
        sql!("UPDATE charge_refunds SET answer = 'x' WHERE status = 'refunded'"),
        sql!("DELETE FROM charge_refunds"),
    ] {
        assert!(by_hand(&db, statement).await.is_err(), "{}", statement.sqlite);
    }
    assert_eq!(rows(&db, "charge_refunds").await, 2);
}

#[rstest]
#[tokio::test]
async fn admins_find_charges_the_newest_first(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let (one, two) =
        (enrol(&db, &keys(), 1, Role::Patient).await, enrol(&db, &keys(), 2, Role::Patient).await);
    let made = |user, n: u128, gateway| Charge {
        created_at: later(i64::try_from(n).unwrap()),
        ..charge(user, n, gateway)
    };
    add(&db, made(one, 1, "sandbox"), "S1", true).await;
    add(&db, made(two, 2, "sandbox"), "S2", false).await;
    add(&db, made(one, 3, "zarinpal"), "A3", true).await;
    add(&db, made(two, 4, "zarinpal"), "A4", true).await;
    add(&db, made(one, 5, "zarinpal"), "A5", false).await;

    let completed = Some(ChargeStatus::Completed);
    let zarinpal = Some("zarinpal".to_owned());
    let cases: [(ChargeFilter, &[u128]); 8] = [
        (ChargeFilter::default(), &[5, 4, 3, 2, 1]),
        (ChargeFilter { user: Some(one), ..ChargeFilter::default() }, &[5, 3, 1]),
        (ChargeFilter { status: completed, ..ChargeFilter::default() }, &[4, 3, 1]),
        (ChargeFilter { gateway: zarinpal.clone(), ..ChargeFilter::default() }, &[5, 4, 3]),
        (ChargeFilter { status: completed, gateway: zarinpal.clone(), user: None, refund: None }, &[4, 3]),
        (ChargeFilter { status: completed, gateway: None, user: Some(one), refund: None }, &[3, 1]),
        (ChargeFilter { status: completed, gateway: zarinpal, user: Some(one), refund: None }, &[3]),
        (ChargeFilter { status: Some(ChargeStatus::Failed), ..ChargeFilter::default() }, &[]),
    ];
    for (filter, expected) in cases {
        let shown = format!("{filter:?}");
        let (count, found) = db
            .read(filter, |c, filter| Box::pin(async move { charges::page(c, filter, 9, 0).await }))
            .await
            .unwrap();
        let expected: Vec<Uuid> = expected.iter().map(|n| id(*n)).collect();
        assert_eq!(count, i64::try_from(expected.len()).unwrap(), "{shown}");
        assert_eq!(found.iter().map(|charge| charge.id).collect::<Vec<_>>(), expected, "{shown}");
    }
    let second = ChargeFilter::default();
    let (count, found) = db
        .read(second, |c, filter| Box::pin(async move { charges::page(c, filter, 2, 2).await }))
        .await
        .unwrap();
    assert_eq!((count, found[0].id, found.len()), (5, id(3), 2));

    let of = |charges: &'static [u128]| {
        db.read((), move |c, ()| {
            Box::pin(async move {
                let ids: Vec<Uuid> = charges.iter().map(|n| id(*n)).collect();
                charges::authorities_of_many(c, &ids).await
            })
        })
    };
    let names: Vec<String> = of(&[1, 5]).await.unwrap().into_iter().map(|found| found.authority).collect();
    assert_eq!(names, ["S1", "A5"]);
    assert!(of(&[]).await.unwrap().is_empty());
    for status in ChargeStatus::NAMES {
        assert_eq!(ChargeStatus::parse(status).map(ChargeStatus::as_str), Some(status));
    }
    assert_eq!(ChargeStatus::parse("paid"), None);
}

#[rstest]
#[tokio::test]
async fn admins_find_charges_by_where_their_refunds_are(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let (one, two) =
        (enrol(&db, &keys(), 1, Role::Patient).await, enrol(&db, &keys(), 2, Role::Patient).await);
    add(&db, charge(one, 1, "sandbox"), "S1", true).await;
    add(&db, charge(two, 2, "sandbox"), "S2", true).await;
    add(&db, charge(one, 3, "zarinpal"), "A3", true).await;
    add(&db, charge(two, 4, "zarinpal"), "A4", true).await;
    let open = async |user, n, charge, (gateway, authority): (&str, &str)| {
        let (gateway, authority) = (gateway.to_owned(), authority.to_owned());
        insert(&db, user, &Refund { gateway, authority, ..refund(n, charge, 1_000) }).await.unwrap();
    };
    // the first has two that were given back, and one that is open
    for n in [1, 2] {
        open(one, n, 1, ("sandbox", "S1")).await;
        assert!(end(&db, n, RefundStatus::Refunded).await);
    }
    open(one, 3, 1, ("sandbox", "S1")).await;
    open(two, 4, 2, ("sandbox", "S2")).await;
    assert!(end(&db, 4, RefundStatus::InWallet).await);
    open(one, 5, 3, ("zarinpal", "A3")).await;

    let of = |refund| ChargeFilter { refund: Some(refund), ..ChargeFilter::default() };
    let (refunding, refunded) = (of(RefundStatus::Refunding), of(RefundStatus::Refunded));
    let (completed, failed) = (Some(ChargeStatus::Completed), Some(ChargeStatus::Failed));
    let (sandbox, zarinpal) = (Some("sandbox".to_owned()), Some("zarinpal".to_owned()));
    let cases = [
        (refunding.clone(), (9, 0), 2, vec![3, 1]),
        (refunding.clone(), (1, 1), 2, vec![1]),
        (refunded.clone(), (9, 0), 1, vec![1]),
        (of(RefundStatus::InWallet), (9, 0), 1, vec![2]),
        (ChargeFilter { gateway: zarinpal, ..refunding.clone() }, (9, 0), 1, vec![3]),
        (ChargeFilter { status: completed, ..refunding.clone() }, (9, 0), 2, vec![3, 1]),
        (ChargeFilter { status: failed, ..refunding.clone() }, (9, 0), 0, vec![]),
        (ChargeFilter { user: Some(one), ..refunding.clone() }, (1, 0), 2, vec![3]),
        (ChargeFilter { user: Some(two), ..refunding.clone() }, (9, 0), 0, vec![]),
        (ChargeFilter { user: Some(one), gateway: sandbox, ..refunding }, (9, 0), 1, vec![1]),
        (ChargeFilter { user: Some(one), status: failed, ..refunded }, (9, 0), 0, vec![]),
    ];
    for (filter, (limit, offset), all, expected) in cases {
        let shown = format!("{filter:?}");
        let (count, found) = db
            .read(filter, move |c, filter| {
                Box::pin(async move { charges::page(c, filter, limit, offset).await })
            })
            .await
            .unwrap();
        let expected: Vec<Uuid> = expected.into_iter().map(id).collect();
        let found: Vec<Uuid> = found.iter().map(|charge| charge.id).collect();
        assert_eq!((count, found), (all, expected), "{shown}");
    }
    for status in RefundStatus::NAMES {
        assert_eq!(RefundStatus::parse(status).map(RefundStatus::as_str), Some(status));
    }
    assert_eq!(RefundStatus::parse("open"), None);
}

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
