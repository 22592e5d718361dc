//! Many want the same at once: one gets it, the others hear so, and the database is whole afterwards.

mod bookings;
mod ends;
mod payments;
mod whole;

use std::sync::Arc;

use db::sql;
use serde_json::{Value, json};
use testkit::{Answer, Call, Engine, TestApp, User};
use tokio::task::JoinSet;

pub(crate) use whole::assert_whole;

use crate::booking::{BOOK, ENCOUNTERS, alternatives, wish};

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
