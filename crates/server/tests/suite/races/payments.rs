//! A visit is paid once, from wherever the money comes, or its hold ends and its time is somebody else's.

use std::sync::Arc;

use app::visits::{Settled, expire_due};
use domain::{SignedDuration, ids::VisitId};
use rstest::rstest;
use testkit::{Engine, TestApp};
use tokio::task::JoinSet;

use super::{assert_one_was_in_time, assert_whole, at_once, booking, live, nodes, patients, paying};
use crate::booking::{AT, read};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_payments_one_is_taken(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let nodes = nodes(engine).await;
    let app = &nodes[0];
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    let id = app.book(&doctor, &patient, AT).await.expect(201).text("/id");
    let requests = nodes.iter().cycle().take(20).map(|node| paying(node, &patient, &id));
    let won = assert_one_was_in_time(&at_once(requests.collect()).await);
    assert_eq!(won.text("/status"), "confirmed");
    assert_eq!(crate::holds::payments(app, &id).await.len(), 1);
    assert_eq!(app.audited("visit.pay").await, 1);
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_visit_is_paid_from_the_wallet_or_through_a_gateway(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let nodes = nodes(engine).await;
    let app = &nodes[0];
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    let free = app.free(&doctor).await;
    for at in &free[10..20] {
        let id = app.book(&doctor, &patient, at).await.expect(201).text("/id");
        let last = Arc::clone(&nodes[nodes.len() - 1].app);
        let visit = VisitId(id.parse().unwrap());
        let arriving = tokio::spawn(async move { TestApp::arrives(&last, visit, 600_000).await });
        let from_wallet = tokio::spawn(paying(app, &patient, &id).insist());
        let (arrived, answer) = (arriving.await.unwrap(), from_wallet.await.unwrap());
        let expected = match arrived {
            Settled::Confirmed => 409,
            Settled::IntoWallet => 200,
        };
        assert_eq!(answer.status, expected, "{arrived:?}, and {}", answer.json);
        let paid = crate::holds::payments(app, &id).await;
        assert_eq!(paid.iter().filter(|(kind, ..)| kind == "payment").count(), 1, "{paid:?}");
        assert_eq!(paid.iter().filter(|(kind, ..)| kind == "late").count(), usize::from(expected == 200));
        assert_eq!(read(app, &patient, &id).await["status"], "confirmed");
    }
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_hold_is_paid_or_ends_and_its_time_is_never_two_peoples(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    const TIMES: usize = 12;
    let nodes = nodes(engine).await;
    let app = &nodes[0];
    let (doctor, holders, rivals) =
        (app.bookable_doctor().await, patients(app, TIMES).await, patients(app, TIMES).await);
    let free = app.free(&doctor).await;
    let held = &free[10..10 + TIMES];
    let mut ids = vec![];
    for (holder, at) in holders.iter().zip(held) {
        ids.push(app.book(&doctor, holder, at).await.expect(201).text("/id"));
    }
    // the last second; amid the requests it passes, and the sweep begins
    app.clock.advance(SignedDuration::from_secs(15 * 60 - 1));
    let (mut payments, mut bookings, mut sweeps) = (JoinSet::new(), JoinSet::new(), JoinSet::new());
    for (n, (holder, rival)) in holders.iter().zip(&rivals).enumerate() {
        if n == TIMES / 2 {
            let app = Arc::clone(app);
            sweeps.spawn(async move {
                app.clock.advance(SignedDuration::from_secs(1));
                expire_due(&app.app).await.unwrap()
            });
        }
        let node = &nodes[n % nodes.len()];
        let pays = paying(app, holder, &ids[n]);
        payments.spawn(async move { (n, pays.insist().await) });
        let books = booking(node, &doctor, rival, &held[n]);
        bookings.spawn(async move { (n, books.insist().await) });
    }
    let mut outcomes = [(0, 0); TIMES];
    for (n, answer) in payments.join_all().await {
        outcomes[n].0 = answer.status;
        assert!(answer.status == 200 || answer.code() == "ILLEGAL_STATE", "{}", answer.json);
    }
    for (n, answer) in bookings.join_all().await {
        outcomes[n].1 = answer.status;
        assert!(answer.status == 201 || answer.code() == "APPOINTMENT_CONFLICT", "{}", answer.json);
    }
    let _ = sweeps.join_all().await;
    for (n, outcome) in outcomes.into_iter().enumerate() {
        let status = match outcome {
            (200, 409) => "confirmed",
            (409, 201 | 409) => "cancelled",
            both => panic!("{both:?} at {}", held[n]),
        };
        assert_eq!(read(app, &holders[n], &ids[n]).await["status"], status);
        if outcome == (409, 409) {
            // asked a moment too early
            let _ = app.book(&doctor, &rivals[n], &held[n]).await.expect(201);
        }
        assert_eq!(live(app, &held[n]).await.1, 1);
    }
    assert_whole(&app.app.db).await;
}
