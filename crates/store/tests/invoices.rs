//! Invoices: numbered without gaps, whoever issues them and however many at once.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use std::sync::Arc;

use common::{by_hand, clinic, enrol, keys, later, now, user};
use db::{Db, sql};
use domain::{
    Rials, Role,
    ids::UserId,
    invoice::{Kind, Line, Number, Seller, Sums},
};
use helssa_store::{
    Error,
    invoices::{self, Content, Filter, Invoice, Issued},
    visits,
};
use rstest::rstest;
use testkit::{Engine, database, database::unique};
use tokio::task::JoinSet;
use uuid::Uuid;

const YEAR: i64 = 1402;

fn number(year: i64, number: i64) -> Number {
    Number { year, number }
}

fn content(of: UserId, cause: &str) -> Content {
    let lines = vec![Line::one("ویزیت آنلاین", 800_000), Line::one("بستانکاری", -100_000)];
    let sums = Sums::of(&lines, Rials::ZERO, Rials::new(300_000).unwrap()).unwrap();
    Content {
        id: unique(),
        user: of,
        kind: Kind::Visit,
        reference: unique(),
        cause: cause.to_owned(),
        issued_at: later(5),
        seller: Seller { name: "هلسا".into(), address: "تهران".into(), economic_code: "411".into() },
        buyer: "علی محمدی".into(),
        lines,
        sums,
        method: "wallet".into(),
        payment_reference: Some("018d2f6a".into()),
        corrects: None,
    }
}

async fn issue(db: &Db, year: i64, content: &Content) -> Result<Issued, Error> {
    db.write(content.clone(), move |tx, content| {
        Box::pin(async move { invoices::issue(tx, year, content).await })
    })
    .await
}

async fn by_id(db: &Db, id: Uuid) -> Option<Invoice> {
    db.read((), move |c, ()| Box::pin(invoices::by_id(c, id))).await.unwrap()
}

async fn page(db: &Db, filter: Filter, limit: i64, offset: i64) -> (i64, Vec<Number>) {
    let (count, found) =
        db.read((), move |c, ()| Box::pin(invoices::page(c, filter, limit, offset))).await.unwrap();
    (count, found.into_iter().map(|invoice| invoice.number).collect())
}

#[rstest]
#[tokio::test]
async fn an_invoice_reads_as_it_was_issued_and_its_cause_is_billed_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let buyer = enrol(&db, &keys(), 1, Role::Patient).await;
    let first = content(buyer, "visit:1");
    assert_eq!(issue(&db, YEAR, &first).await.unwrap(), Issued::Done(number(YEAR, 1)));
    let invoice = by_id(&db, first.id).await.unwrap();
    assert_eq!((invoice.number, invoice.corrected), (number(YEAR, 1), None));
    assert!(invoice.content == first);
    let cause = db.read((), |c, ()| Box::pin(invoices::of_cause(c, "visit:1"))).await.unwrap();
    assert_eq!(cause, Some(first.id));
    // the same in the next year too
    for year in [YEAR, YEAR + 1] {
        let again = issue(&db, year, &content(buyer, "visit:1")).await.unwrap();
        assert_eq!(again, Issued::Before(first.id));
    }
    assert_eq!(page(&db, Filter::default(), 10, 0).await, (1, vec![number(YEAR, 1)]));
    assert!(by_id(&db, unique()).await.is_none());
}

#[rstest]
#[tokio::test]
async fn a_credit_note_names_what_it_corrects(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let (buyer, other) =
        (enrol(&db, &keys(), 1, Role::Patient).await, enrol(&db, &keys(), 2, Role::Patient).await);
    let invoice = content(buyer, "visit:1");
    issue(&db, YEAR, &invoice).await.unwrap();
    let note = |of, cause: &str, corrects| Content {
        kind: Kind::CreditNote,
        corrects: Some(corrects),
        ..content(of, cause)
    };
    let good = note(buyer, "visit:1:refund", invoice.id);
    assert_eq!(issue(&db, YEAR, &good).await.unwrap(), Issued::Done(number(YEAR, 2)));
    let read = by_id(&db, good.id).await.unwrap();
    assert_eq!((read.corrected, read.content.corrects), (Some(number(YEAR, 1)), Some(invoice.id)));
    for bad in [
        note(other, "a", invoice.id),
        note(buyer, "b", good.id),
        note(buyer, "c", unique()),
        Content { kind: Kind::Visit, ..note(buyer, "d", invoice.id) },
    ] {
        assert!(issue(&db, YEAR, &bad).await.is_err(), "{}", bad.cause);
    }
    assert_eq!(issue(&db, YEAR, &content(buyer, "e")).await.unwrap(), Issued::Done(number(YEAR, 3)));
}

#[rstest]
#[tokio::test]
async fn credit_notes_take_off_no_more_than_was_billed(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let buyer = enrol(&db, &keys(), 1, Role::Patient).await;
    // 400,000
    let invoice = content(buyer, "visit:1");
    issue(&db, YEAR, &invoice).await.unwrap();
    let note = |cause: &str, amount: i64| {
        let lines = vec![Line::one("بازگشت", amount)];
        let sums = Sums::of(&lines, Rials::ZERO, Rials::ZERO).unwrap();
        let (kind, corrects) = (Kind::CreditNote, Some(invoice.id));
        Content { kind, corrects, lines, sums, ..content(buyer, cause) }
    };
    let credited = || async {
        let id = invoice.id;
        db.read((), move |c, ()| Box::pin(invoices::credited(c, id))).await.unwrap().get()
    };
    assert_eq!(credited().await, 0);
    assert!(issue(&db, YEAR, &note("a", 400_001)).await.is_err());
    assert_eq!(issue(&db, YEAR, &note("b", 300_000)).await.unwrap(), Issued::Done(number(YEAR, 2)));
    assert_eq!(credited().await, 300_000);
    assert!(issue(&db, YEAR, &note("c", 100_001)).await.is_err());
    assert_eq!(issue(&db, YEAR, &note("d", 100_000)).await.unwrap(), Issued::Done(number(YEAR, 3)));
    assert_eq!(credited().await, 400_000);
}

#[rstest]
#[tokio::test]
async fn lists_are_newest_first_and_of_one_user_or_year(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    for n in 1..=2 {
        enrol(&db, &keys(), n, Role::Patient).await;
    }
    for (year, of) in [(YEAR, 1), (YEAR, 2), (YEAR, 1), (YEAR + 1, 1), (YEAR + 1, 2)] {
        issue(&db, year, &content(user(of), &unique().to_string())).await.unwrap();
    }
    let all: Vec<Number> =
        [(1, 2), (1, 1), (0, 3), (0, 2), (0, 1)].map(|(year, n)| number(YEAR + year, n)).into();
    assert_eq!(page(&db, Filter::default(), 10, 0).await, (5, all.clone()));
    assert_eq!(page(&db, Filter::default(), 2, 2).await, (5, all[2..4].to_vec()));
    let of = |user, year| Filter { user, year };
    assert_eq!(page(&db, of(None, Some(YEAR)), 10, 0).await, (3, all[2..].to_vec()));
    let mine = vec![number(YEAR + 1, 1), number(YEAR, 3), number(YEAR, 1)];
    assert_eq!(page(&db, of(Some(user(1)), None), 10, 0).await, (3, mine));
    let theirs = vec![number(YEAR + 1, 2)];
    assert_eq!(page(&db, of(Some(user(2)), Some(YEAR + 1)), 10, 0).await, (1, theirs));
    assert_eq!(page(&db, of(Some(user(3)), None), 10, 0).await, (0, vec![]));
}

/// Whoever is told to try again does.
async fn insist(db: &Db, content: Content) -> Number {
    loop {
        match issue(db, YEAR, &content).await {
            Ok(Issued::Done(number)) => return number,
            Err(Error::Db(e)) if e.is_temporary() => {}
            other => panic!("{other:?}"),
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_at_once_are_numbered_from_one_to_two_hundred(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let buyer = enrol(&db, &keys(), 1, Role::Patient).await;
    let mut all = JoinSet::new();
    for n in 0..200 {
        let db = db.clone();
        all.spawn(async move { insist(&db, content(buyer, &format!("visit:{n}"))).await });
    }
    let mut numbers = all.join_all().await;
    numbers.sort_unstable();
    let expected: Vec<Number> = (1..=200).map(|n| number(YEAR, n)).collect();
    assert_eq!(numbers, expected);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_bill_one_cause_one_does(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let buyer = enrol(&db, &keys(), 1, Role::Patient).await;
    let mut all = JoinSet::new();
    for _ in 0..20 {
        let db = db.clone();
        all.spawn(async move { issue(&db, YEAR, &content(buyer, "visit:1")).await.unwrap() });
    }
    let done = all.join_all().await;
    assert_eq!(done.iter().filter(|issued| matches!(issued, Issued::Done(_))).count(), 1);
    assert_eq!(page(&db, Filter::default(), 10, 0).await, (1, vec![number(YEAR, 1)]));
}

#[rstest]
#[tokio::test]
async fn what_is_taken_back_leaves_no_gap(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let buyer = enrol(&db, &keys(), 1, Role::Patient).await;
    for n in 0..3 {
        let issued = issue(&db, YEAR, &content(buyer, &format!("kept:{n}"))).await.unwrap();
        assert_eq!(issued, Issued::Done(number(YEAR, n + 1)));
        let taken_back: Result<(), Error> = db
            .write(content(buyer, "taken back"), |tx, content| {
                Box::pin(async move {
                    invoices::issue(tx, YEAR, content).await?;
                    Err(Error::Stored { table: "", column: "", cause: "on purpose".into() })
                })
            })
            .await;
        assert!(taken_back.is_err());
    }
    let numbers = (1..=3).rev().map(|n| number(YEAR, n)).collect();
    assert_eq!(page(&db, Filter::default(), 10, 0).await, (3, numbers));
}

#[rstest]
#[tokio::test]
async fn nobody_gets_around_the_numbers(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let buyer = enrol(&db, &keys(), 1, Role::Patient).await;
    for n in 0..2 {
        issue(&db, YEAR, &content(buyer, &format!("visit:{n}"))).await.unwrap();
    }
    for statement in [
        sql!("UPDATE invoices SET total = total + 1, subtotal = subtotal + 1"),
        sql!("UPDATE invoices SET number = 3 WHERE number = 2"),
        sql!("UPDATE invoices SET buyer = ''"),
        sql!("DELETE FROM invoices"),
        sql!("DELETE FROM invoices WHERE number = 2"),
        sql!("UPDATE invoice_years SET last_number = 3"),
        sql!("UPDATE invoice_years SET last_number = 1"),
        sql!("UPDATE invoice_years SET year = 1404"),
        sql!("DELETE FROM invoice_years"),
        sql!("INSERT INTO invoice_years (year, last_number) VALUES (1404, 7)"),
        // the number after the next, and one that is taken
        sql!(
            "INSERT INTO invoices (id, year, number, user_id, kind, reference, cause, issued_at, seller, buyer, lines,
                subtotal, discount, insurance_share, total, method)
             SELECT reference, year, 4, user_id, kind, id, 'by hand', 0, seller, buyer, lines, subtotal, discount,
                insurance_share, total, method
             FROM invoices WHERE number = 1"
        ),
        sql!(
            "INSERT INTO invoices (id, year, number, user_id, kind, reference, cause, issued_at, seller, buyer, lines,
                subtotal, discount, insurance_share, total, method)
             SELECT reference, year, 2, user_id, kind, id, 'by hand', 0, seller, buyer, lines, subtotal, discount,
                insurance_share, total, method
             FROM invoices WHERE number = 1"
        ),
        // the right number, and a wrong sum
        sql!(
            "INSERT INTO invoices (id, year, number, user_id, kind, reference, cause, issued_at, seller, buyer, lines,
                subtotal, discount, insurance_share, total, method)
             SELECT reference, year, 3, user_id, kind, id, 'by hand', 0, seller, buyer, lines, subtotal, discount,
                insurance_share, total + 1, method
             FROM invoices WHERE number = 1"
        ),
    ] {
        assert!(by_hand(&db, statement).await.is_err(), "{}", statement.sqlite);
    }
    if engine == Engine::Postgres {
        for statement in [sql!("TRUNCATE invoices"), sql!("TRUNCATE invoice_years CASCADE")] {
            assert!(by_hand(&db, statement).await.is_err(), "{}", statement.sqlite);
        }
    }
    assert_eq!(issue(&db, YEAR, &content(buyer, "next")).await.unwrap(), Issued::Done(number(YEAR, 3)));
}

#[rstest]
#[tokio::test]
async fn how_something_was_paid_is_found(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = clinic::enrol_both(&db, &keys).await;
    let visit = clinic::hold(1, doctor, patient, 0);
    let visit_id = visit.id;
    let input = (Arc::clone(&keys), visit);
    let method = db
        .write(input, move |tx, (keys, visit)| {
            Box::pin(async move {
                assert!(visits::insert(tx, keys, visit).await?.is_ok());
                let before = invoices::method_of_visit(tx, visit.id).await?;
                assert_eq!(before, None);
                let amount = visit.price.patient_share;
                visits::note_payment(tx, unique(), visit.id, "idpay", true, amount, now()).await?;
                visits::note_payment(tx, unique(), visit.id, "wallet", false, amount, now()).await?;
                invoices::method_of_visit(tx, visit.id).await
            })
        })
        .await
        .unwrap();
    assert_eq!(method.as_deref(), Some("wallet"));
    let online = db.read((), move |c, ()| Box::pin(invoices::online_payment(c, visit_id.0))).await.unwrap();
    assert_eq!(online, None, "through the suite's tests it is found");
}
