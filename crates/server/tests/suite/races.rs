//! Many want the same at once: one gets it, the others hear so, and the database is whole afterwards.

use std::sync::Arc;

use app::visits::{Settled, expire_due};
use db::{Db, sql};
use domain::{SignedDuration, ids::VisitId};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Answer, Call, Engine, TestApp, User};
use tokio::task::JoinSet;

use crate::booking::{AT, BOOK, ENCOUNTERS, alternatives, pay, read, visits, wish};

/// No two live visits overlap (but for those that an admin put on top), every live visit has its times and nobody else
/// has any, what took place was paid, and what was paid and given back is written down.
pub(crate) async fn assert_whole(db: &Db) {
    let broken = [
        (
            "visits of a doctor overlap",
            sql!(
                "SELECT count(*) FROM visits a JOIN visits b ON b.doctor_id = a.doctor_id AND b.lane = a.lane
                   AND b.id <> a.id AND b.starts_at < a.ends_at AND a.starts_at < b.ends_at
                 WHERE a.status IN ('pending', 'confirmed', 'in_progress')
                   AND b.status IN ('pending', 'confirmed', 'in_progress')"
            ),
        ),
        (
            "visits of a patient overlap",
            sql!(
                "SELECT count(*) FROM visits a JOIN visits b ON b.patient_id = a.patient_id
                   AND b.id <> a.id AND b.starts_at < a.ends_at AND a.starts_at < b.ends_at
                 WHERE a.status IN ('pending', 'confirmed', 'in_progress')
                   AND b.status IN ('pending', 'confirmed', 'in_progress')"
            ),
        ),
        (
            "times of a doctor are held by no live visit",
            sql!(
                "SELECT count(*) FROM doctor_times t LEFT JOIN visits v ON v.id = t.visit_id
                   AND v.doctor_id = t.doctor_id AND v.lane = t.lane
                   AND v.starts_at <= t.bucket * 300000000 AND t.bucket * 300000000 < v.ends_at
                   AND v.status IN ('pending', 'confirmed', 'in_progress')
                 WHERE v.id IS NULL"
            ),
        ),
        (
            "times of a patient are held by no live visit",
            sql!(
                "SELECT count(*) FROM patient_times t LEFT JOIN visits v ON v.id = t.visit_id
                   AND v.patient_id = t.patient_id
                   AND v.starts_at <= t.bucket * 300000000 AND t.bucket * 300000000 < v.ends_at
                   AND v.status IN ('pending', 'confirmed', 'in_progress')
                 WHERE v.id IS NULL"
            ),
        ),
        (
            "live visits lack times of their doctor",
            sql!(
                "SELECT count(*) FROM visits v WHERE v.status IN ('pending', 'confirmed', 'in_progress')
                   AND (v.ends_at - v.starts_at) / 300000000
                     <> (SELECT count(*) FROM doctor_times t WHERE t.visit_id = v.id)"
            ),
        ),
        (
            "live visits lack times of their patient",
            sql!(
                "SELECT count(*) FROM visits v WHERE v.status IN ('pending', 'confirmed', 'in_progress')
                   AND (v.ends_at - v.starts_at) / 300000000
                     <> (SELECT count(*) FROM patient_times t WHERE t.visit_id = v.id)"
            ),
        ),
        (
            "visits stand unpaid",
            sql!(
                "SELECT count(*) FROM visits
                 WHERE status IN ('confirmed', 'in_progress', 'completed', 'no_show') AND paid <> patient_share"
            ),
        ),
        (
            "visits were paid, and nobody wrote it down",
            sql!(
                "SELECT count(*) FROM visits v WHERE v.paid > 0 AND NOT EXISTS (SELECT 1 FROM visit_payments p
                   WHERE p.visit_id = v.id AND p.kind = 'payment' AND p.amount = v.paid)"
            ),
        ),
        (
            "visits were refunded, and nobody wrote it down",
            sql!(
                "SELECT count(*) FROM visits v WHERE v.refunded > 0 AND NOT EXISTS (SELECT 1 FROM visit_payments p
                   WHERE p.visit_id = v.id AND p.kind = 'refund' AND p.amount = v.refunded)"
            ),
        ),
        (
            "payments and refunds changed no visit",
            sql!(
                "SELECT count(*) FROM visit_payments p JOIN visits v ON v.id = p.visit_id
                 WHERE (p.kind = 'payment' AND p.amount <> v.paid) OR (p.kind = 'refund' AND p.amount <> v.refunded)"
            ),
        ),
    ];
    for (what, count) in broken {
        let found: Option<(i64,)> = db.one(count, &[]).await.unwrap();
        assert_eq!(found, Some((0,)), "{what}");
    }
}

fn posting(node: &Arc<TestApp>, by: &User, path: &str, body: &Value) -> Call {
    node.post(path).by(by).json(body)
}

fn booking(node: &Arc<TestApp>, doctor: &User, patient: &User, at: &str) -> Call {
    posting(node, patient, BOOK, &wish(doctor, at))
}

fn changing(node: &Arc<TestApp>, patient: &User, id: &str, verb: &str, body: &Value) -> Call {
    posting(node, patient, &format!("{ENCOUNTERS}{id}/{verb}/"), body)
}

fn paying(node: &Arc<TestApp>, patient: &User, id: &str) -> Call {
    changing(node, patient, id, "pay", &json!({ "payment_method": "wallet" }))
}

async fn at_once(calls: Vec<Call>) -> Vec<Answer> {
    calls.into_iter().map(Call::insist).collect::<JoinSet<_>>().join_all().await
}

/// One node; and on `PostgreSQL` a second one beside it.
pub(crate) async fn nodes(engine: Engine) -> Vec<Arc<TestApp>> {
    let first = TestApp::start(engine).await;
    let second = match engine {
        Engine::Sqlite => None,
        Engine::Postgres => Some(first.second_node().await),
    };
    [Some(first), second].into_iter().flatten().map(Arc::new).collect()
}

/// So many new patients.
pub(crate) async fn patients(app: &Arc<TestApp>, count: usize) -> Vec<User> {
    let mut logins = JoinSet::new();
    for _ in 0..count {
        let app = Arc::clone(app);
        logins.spawn(async move { app.rich_patient().await });
    }
    logins.join_all().await
}

/// How many live visits there are: in all, and at this time.
async fn live(app: &TestApp, at: &str) -> (i64, i64) {
    let at = db::At(at.parse().unwrap());
    let all = sql!("SELECT count(*) FROM visits WHERE status IN ('pending', 'confirmed', 'in_progress')");
    let then = sql!(
        "SELECT count(*) FROM visits
         WHERE starts_at = ?1 AND status IN ('pending', 'confirmed', 'in_progress')"
    );
    let db = &app.app.db;
    let all: Option<(i64,)> = db.one(all, &[]).await.unwrap();
    let then: Option<(i64,)> = db.one(then, &[&at]).await.unwrap();
    (all.unwrap().0, then.unwrap().0)
}

/// One succeeded; the others were told that the time is taken, and which three are not. The one that did.
#[track_caller]
fn assert_one_got(answers: &[Answer], at: &str) -> Answer {
    let mut won = None;
    for answer in answers {
        if answer.status < 300 {
            assert!(won.is_none(), "two got {at}: {}", answer.json);
            won = Some(answer.clone());
            continue;
        }
        assert_eq!((answer.status, answer.code()), (409, "APPOINTMENT_CONFLICT"), "{}", answer.json);
        let named = alternatives(answer);
        assert!(named.len() == 3 && !named.contains(&at.to_owned()), "{named:?}");
    }
    let Some(won) = won else { panic!("nobody got {at}") };
    won
}

/// One succeeded; for the others it was over. The one that did.
#[track_caller]
fn assert_one_was_in_time(answers: &[Answer]) -> Answer {
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status < 300);
    for answer in lost {
        assert_eq!((answer.status, answer.code()), (409, "ILLEGAL_STATE"), "{}", answer.json);
    }
    let [won] = won[..] else { panic!("{} succeeded", won.len()) };
    won.clone()
}

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

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_visit_is_cancelled_or_begins(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let soon = "2024-01-20T10:30:00Z";
    let nodes = nodes(engine).await;
    let app = &nodes[0];
    let mut confirmed = vec![];
    for _ in 0..6 {
        let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
        let id = app.book(&doctor, &patient, soon).await.expect(201).text("/id");
        let _ = pay(app, &patient, &id).await.expect(200);
        confirmed.push((doctor, patient, id));
    }
    app.clock.advance(SignedDuration::from_mins(20));
    for (doctor, patient, id) in &confirmed {
        let mut requests = vec![];
        for node in nodes.iter().cycle().take(6) {
            let start = format!("/api/v1/doctors/encounters/{id}/start/");
            requests.push(posting(node, doctor, &start, &json!({})));
            requests.push(changing(node, patient, id, "cancel", &json!({})));
        }
        let won = assert_one_was_in_time(&at_once(requests).await);
        let status = won.text("/status");
        assert!(["in_progress", "cancelled"].contains(&status.as_str()), "{status}");
        assert_eq!(read(app, patient, id).await["status"], json!(status));
    }
    let ended = app.audited("visit.cancel").await + app.audited("visit.start").await;
    assert_eq!(ended, 6);
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_visit_is_rated_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let nodes = nodes(engine).await;
    let app = &nodes[0];
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    let id = app.completed(&doctor, &patient).await;
    app.clock.advance(SignedDuration::from_secs(61));
    let patient = app.log_in(&patient.phone).await;
    let body = json!({ "score": 4, "comment": "بسیار باحوصله بودند" });
    let requests = nodes.iter().cycle().take(20).map(|node| changing(node, &patient, &id, "rating", &body));
    let won = assert_one_was_in_time(&at_once(requests.collect()).await);
    assert_eq!(won.status, 201);
    let ratings = format!("/api/v1/patients/doctors/{}/ratings/", doctor.id);
    assert_eq!(app.get(&ratings).by(&patient).send().await.expect(200).json["count"], 1);
    let sums = sql!("SELECT rating_sum, rating_count FROM doctors WHERE rating_count > 0");
    let sums: Vec<(i64, i64)> = app.app.db.all(sums, &[]).await.unwrap();
    assert_eq!((sums, app.audited("visit.rate").await), (vec![(4, 1)], 1));
    assert_whole(&app.app.db).await;
}
