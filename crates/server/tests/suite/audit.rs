//! Every mutation, and every look at somebody else, leaves an entry in the audit log.

mod money;
mod prepared;
mod tables;
mod visits;

use prepared::prepared;
use rstest::rstest;
use serde_json::json;
use tables::{AUDITED, NOTHING_TO_AUDIT};
use testkit::{Engine, TestApp};

use crate::{
    matrix::{operations, path_of},
    visits::UNKNOWN,
};

#[test]
fn every_operation_is_listed() {
    for id in operations().keys() {
        let audited = AUDITED.iter().filter(|(operation, _)| operation == id).count();
        let exempt = NOTHING_TO_AUDIT.iter().filter(|operation| *operation == id).count();
        assert_eq!(audited + exempt, 1, "{id} is in neither list, or in both");
    }
    assert_eq!(AUDITED.len() + NOTHING_TO_AUDIT.len(), operations().len());
}

#[rstest]
#[tokio::test]
async fn every_mutation_leaves_exactly_one_entry(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    for (operation, action) in AUDITED {
        let call = prepared(&app, operation).await;
        let before = app.audited(action).await;
        let answer = call.send().await;
        // a callback sends the browser on
        assert!(answer.status < 400, "{operation}: {}", answer.json);
        assert_eq!(app.audited(action).await, before + 1, "{operation} leaves {action}");
    }
    let report = app::maintenance::verify_audit(&app.app).await.unwrap();
    assert!(report.faults.is_empty(), "{:?}", report.faults);
}

#[rstest]
#[tokio::test]
async fn what_is_refused_leaves_none(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let patient = app.patient().await;
    let before = app::maintenance::verify_audit(&app.app).await.unwrap().entries;
    for (operation, (method, path)) in operations() {
        // a callback that brings no payment of ours is on record as forged
        let is_open = ["/auth/", "/billing/callback/", "/health"].iter().any(|part| path.contains(part));
        if operation.ends_with("_otp") || is_open {
            continue;
        }
        let wrong = json!({ "no such field": 1 });
        let answer = app.call(method, &path_of(&path, UNKNOWN)).by(&patient).json(&wrong).send().await;
        // what takes no body has nothing to refuse, and nothing to audit either
        let is_harmless = NOTHING_TO_AUDIT.contains(&operation.as_str());
        assert!(answer.status >= 400 || is_harmless, "{operation}: {}", answer.json);
    }
    assert_eq!(app::maintenance::verify_audit(&app.app).await.unwrap().entries, before);
}
