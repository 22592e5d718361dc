//! `kill -9` while patients pay and buy and doctors ask for their money: what was acknowledged is there, nothing is half
//! done, and what was cut off, asked for again with its key, happens once.

mod client;

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::SeqCst},
};

use db::{Db, Location, record, sql};
use reqwest::redirect::Policy;
use rstest::rstest;
use testkit::Engine;
use tokio::task::JoinSet;
use uuid::Uuid;

use self::client::Client;
use crate::program::{Installed, charge, log_in};

const PATIENTS: usize = 6;
const DOCTORS: usize = 2;
/// Acknowledged steps after which the server is killed, each time.
const KILLED_AFTER: [u32; 4] = [23, 52, 34, 71];
/// What a doctor has from the beginning, more than is asked for. Rials.
const FUNDS: i64 = 500_000_000;

record! {
    /// What the database says of somebody, all of it of one moment.
    #[derive(Debug)]
    struct Books {
        // charges that are completed, and their Rials
        charges: i64,
        charged: i64,
        // purchases that are paid, their Rials, and the months that they have brought
        purchases: i64,
        spent: i64,
        months: i64,
        // payouts, and the Rials of those that wait
        payouts: i64,
        asked: i64,
        // what the ledger holds
        wallet: i64,
        hold: i64,
    }
}

async fn books(db: &Db, user: Uuid) -> Books {
    let found = db
        .one(
            sql!(
                "SELECT (SELECT count(*) FROM charges WHERE user_id = ?1 AND status = 'completed'),
                        (SELECT CAST(coalesce(sum(amount), 0) AS BIGINT) FROM charges
                         WHERE user_id = ?1 AND status = 'completed'),
                        (SELECT count(*) FROM subscription_purchases WHERE user_id = ?1 AND status = 'paid'),
                        (SELECT CAST(coalesce(sum(total), 0) AS BIGINT) FROM subscription_purchases
                         WHERE user_id = ?1 AND status = 'paid'),
                        (SELECT CAST(coalesce(sum(months), 0) AS BIGINT) FROM subscriptions WHERE user_id = ?1),
                        (SELECT count(*) FROM payouts WHERE doctor_id = ?1),
                        (SELECT CAST(coalesce(sum(amount), 0) AS BIGINT) FROM payouts
                         WHERE doctor_id = ?1 AND status = 'requested'),
                        (SELECT CAST(coalesce(sum(balance), 0) AS BIGINT) FROM ledger_accounts
                         WHERE kind = 'wallet' AND owner = ?2),
                        (SELECT CAST(coalesce(sum(balance), 0) AS BIGINT) FROM ledger_accounts
                         WHERE kind = 'hold' AND owner = ?2)"
            ),
            &[&user, &user.to_string()],
        )
        .await;
    found.unwrap().unwrap()
}

/// All that was acknowledged is in the database, nothing that nobody asked for is, and nothing is half done.
async fn assert_kept(location: &Location, clients: &[Client]) {
    let db = Db::open(location).unwrap();
    for client in clients {
        for (sql, all) in [
            (sql!("SELECT status FROM charges WHERE id = ?1"), &client.charges),
            (sql!("SELECT status FROM subscription_purchases WHERE id = ?1"), &client.purchases),
            (sql!("SELECT status FROM payouts WHERE id = ?1"), &client.payouts),
        ] {
            for told in all {
                let found: Option<(String,)> = db.one(sql, &[&told.id]).await.unwrap();
                let Some((status,)) = found else { panic!("{told:?} is lost") };
                assert!(status == told.status || status == told.next, "{told:?} is {status}");
            }
        }
        let books = books(&db, client.user).await;
        assert_eq!(books.wallet + books.hold, books.charged - books.spent, "{books:?}");
        assert_eq!((books.months, books.hold), (books.purchases, books.asked), "{books:?}");
        let most = books.charges.max(books.purchases).max(books.payouts);
        assert!(most <= client.keys(), "more than {} keys: {books:?}", client.keys());
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_charges_purchases_and_payouts_survive_kill_9(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let installed = Installed::new(engine).await;
    let doctors: Vec<String> = (0..DOCTORS).map(|n| format!("0935111{n:04}")).collect();
    for (n, phone) in doctors.iter().enumerate() {
        installed.create_doctor(phone, &format!("1234{n}"));
    }
    let browser = reqwest::Client::new();
    let http = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    let server = installed.serve();
    let mut clients = vec![];
    for phone in (0..PATIENTS).map(|n| format!("0935444{n:04}")).chain(doctors.iter().cloned()) {
        let (user, token) = log_in(&browser, &server.url, &phone).await;
        let is_doctor = doctors.contains(&phone);
        if is_doctor {
            charge(&browser, &server.url, &token, FUNDS).await;
        }
        clients.push(Client::new(http.clone(), (user.parse().unwrap(), token), is_doctor));
    }
    drop(server);

    for killed_after in KILLED_AFTER {
        let mut server = installed.serve();
        let acknowledged = Arc::new(AtomicU32::new(0));
        let mut running = JoinSet::new();
        for client in clients {
            running.spawn(client.work(server.url.clone(), Arc::clone(&acknowledged)));
        }
        while acknowledged.load(SeqCst) < killed_after {
            assert!(running.try_join_next().is_none(), "a client gave up: {}", server.log());
            tokio::task::yield_now().await;
        }
        server.kill();
        clients = running.join_all().await;
        assert_kept(&installed.location, &clients).await;
        installed.run(&["verify", "ledger"]);
    }

    // every key once more: what was cut off comes to its end, and nothing else moves
    let server = installed.serve();
    let acknowledged = AtomicU32::new(0);
    for client in &mut clients {
        for n in 0..=client.at {
            client.turn(n, &server.url, &acknowledged).await.unwrap();
        }
        assert_eq!(client.wallet(&server.url).await, client.due());
    }
    drop(server);
    assert_kept(&installed.location, &clients).await;
    let db = Db::open(&installed.location).unwrap();
    for client in &clients {
        let books = books(&db, client.user).await;
        let keys = client.keys();
        let expected = if client.is_doctor { (1, 0, keys) } else { (keys, keys, 0) };
        assert_eq!((books.charges, books.purchases, books.payouts), expected, "{books:?}");
    }
    drop(db);
    for what in ["ledger", "audit"] {
        installed.run(&["verify", what]);
    }
}
