//! Of all who book or move to one time, one gets it, and the others keep what they had.

use std::sync::Arc;

use rstest::rstest;
use serde_json::json;
use testkit::{Call, Engine, TestApp};

use super::{assert_one_got, assert_whole, at_once, booking, changing, live, nodes, patients};
use crate::booking::{AT, BOOK, pay, visits, wish};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_bookings_of_one_time_one_succeeds(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let nodes = nodes(engine).await;
    let app = &nodes[0];
    let (doctor, patients) = (app.bookable_doctor().await, patients(app, 40).await);
    let requests = (0..1_000).map(|n| {
        let node = &nodes[n / patients.len() % nodes.len()];
        booking(node, &doctor, &patients[n % patients.len()], AT)
    });
    let answers = at_once(requests.collect()).await;
    assert_eq!(answers.len(), 1_000);
    let won = assert_one_got(&answers, AT);
    assert_eq!((won.status, won.text("/booking_reference").as_str()), (201, "HLS-2024-0121-0700"));
    assert_eq!((visits(app).await, live(app, AT).await), (1, (1, 1)));
    assert_eq!(app.audited("visit.book").await, 1);
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_those_who_move_to_a_time_and_those_who_book_it_one_succeeds(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let nodes = nodes(engine).await;
    let app = &nodes[0];
    let (doctor, holders, others) =
        (app.bookable_doctor().await, patients(app, 16).await, patients(app, 16).await);
    let free = app.free(&doctor).await;
    let (wanted, held) = (free[50].as_str(), &free[10..26]);
    let mut requests = vec![];
    for (n, (holder, at)) in holders.iter().zip(held).enumerate() {
        let id = app.book(&doctor, holder, at).await.expect(201).text("/id");
        if n % 2 == 0 {
            let _ = pay(app, holder, &id).await.expect(200);
        }
        let node = &nodes[n % nodes.len()];
        requests.push(changing(node, holder, &id, "reschedule", &json!({ "scheduled_at": wanted })));
        for node in nodes.iter().cycle().take(4) {
            requests.push(booking(node, &doctor, &others[n], wanted));
        }
    }
    let won = assert_one_got(&at_once(requests).await, wanted);
    let booked = i64::from(won.status == 201);
    assert_eq!(live(app, wanted).await, (16 + booked, 1));
    // whoever did not move is where they were
    let mut stayed = 0;
    for at in held {
        stayed += live(app, at).await.1;
    }
    assert_eq!(stayed, 15 + booked);
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn those_who_want_each_others_times_keep_their_own(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let nodes = nodes(engine).await;
    let app = &nodes[0];
    let (doctor, holders) = (app.bookable_doctor().await, patients(app, 6).await);
    let free = app.free(&doctor).await;
    let held = &free[10..16];
    let mut requests = vec![];
    for (n, (holder, at)) in holders.iter().zip(held).enumerate() {
        let id = app.book(&doctor, holder, at).await.expect(201).text("/id");
        // 0 and 1 swap, and so on
        let wanted = json!({ "scheduled_at": held[n ^ 1] });
        requests.push(changing(&nodes[n % nodes.len()], holder, &id, "reschedule", &wanted));
    }
    for answer in at_once(requests).await {
        assert_eq!((answer.status, answer.code()), (409, "APPOINTMENT_CONFLICT"), "{}", answer.json);
    }
    for at in held {
        assert_eq!(live(app, at).await, (6, 1), "{at}");
    }
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_two_doctors_a_patient_gets_one(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let nodes = nodes(engine).await;
    let app = &nodes[0];
    let doctors = [app.bookable_doctor().await, app.bookable_doctor().await];
    let patient = app.rich_patient().await;
    let requests = (0..40).map(|n| booking(&nodes[n / 2 % nodes.len()], &doctors[n % 2], &patient, AT));
    let won = assert_one_got(&at_once(requests.collect()).await, AT);
    assert_eq!(won.text("/scheduled_at"), AT);
    assert_eq!((visits(app).await, live(app, AT).await), (1, (1, 1)));
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_bookings_with_one_key_one_makes_a_visit(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let nodes = nodes(engine).await;
    let app = &nodes[0];
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    let keyed = |node: &Arc<TestApp>| -> Call {
        node.post(BOOK).by(&patient).header("idempotency-key", "race").json(&wish(&doctor, AT))
    };
    let (mut made, mut first) = (0, None);
    for answer in at_once(nodes.iter().cycle().take(20).map(keyed).collect()).await {
        if answer.status == 201 {
            made += i32::from(answer.header("idempotent-replay").is_none());
            assert_eq!(first.get_or_insert_with(|| answer.json.clone()), &answer.json);
        } else {
            assert_eq!((answer.status, answer.code()), (409, "REQUEST_IN_PROGRESS"), "{}", answer.json);
        }
    }
    assert_eq!((made, visits(app).await, app.audited("visit.book").await), (1, 1, 1));
    let again = keyed(app).insist().await.expect(201);
    assert_eq!((Some(again.json.clone()), again.header("idempotent-replay")), (first, Some("true")));
    assert_whole(&app.app.db).await;
}
