//! What a gateway never answers about, an admin ends: once, as the gateway would have, and never while it is being asked.

use std::sync::Arc;

use domain::{SignedDuration, ledger::Account};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{
    Answer, Engine, TestApp, User,
    fakes::{
        gateway::{Stage, Trouble},
        http::Reply,
        zarinpal::Zarinpal,
    },
};

use super::{
    AMOUNT, CHARGES, at_the_sandbox, at_zarinpal, minutes, money, refund, reversals, unanswered, view, why,
    with_zarinpal,
};
use crate::visits::UNKNOWN;

/// A refund that is open.
struct Open {
    charge: String,
    authority: String,
    /// Where it ends.
    path: String,
}

/// So often ZarinPal was asked without a clear answer: its first one was lost, and its inquiry says FAILED.
async fn unclear(app: &TestApp, fake: &Zarinpal, (admin, patient): (&User, &User), times: i64) -> Open {
    let (charge, authority) = at_zarinpal(app, fake, patient).await;
    fake.trouble("reverse", Trouble::Instead(Reply::Reset));
    let id = refund(app, admin, &charge, &why()).await.expect(200).text("/id");
    fake.put(&authority, Stage::Failed);
    for _ in 1..times {
        minutes(app, 2).await;
    }
    let open = view(app, admin, &charge).await["refunds"][0].clone();
    assert_eq!((&open["status"], &open["attempts"]), (&json!("refunding"), &json!(times)));
    assert_eq!(money(app, patient).await, (0, AMOUNT));
    let path = format!("{CHARGES}{charge}/refunds/{id}/end/");
    Open { charge, authority, path }
}

fn ending(outcome: &str) -> Value {
    json!({ "outcome": outcome, "reason": "پنل زرین‌پال دیده شد" })
}

async fn end(app: &TestApp, by: &User, path: &str, outcome: &str) -> Answer {
    app.post(path).by(by).json(&ending(outcome)).send().await
}

/// How often ZarinPal was asked about a payment that is given back.
fn asked(fake: &Zarinpal) -> usize {
    let inquiries = fake.requests().iter().filter(|request| request.path.ends_with("/inquiry.json")).count();
    inquiries + reversals(fake)
}

/// How often the payer was told that a payment was given back.
async fn told(app: &TestApp, payer: &User) -> usize {
    let told = app.get("/api/v1/notifications/").by(payer).send().await.expect(200).json;
    let all = told["results"].as_array().unwrap();
    all.iter().filter(|notice| notice["type"] == "payment_refunded").count()
}

#[rstest]
#[case::the_payer_has_it("refunded", (0, 0), AMOUNT, None, 1)]
#[case::the_gateway_never_gave_it("in_wallet", (AMOUNT, 0), 0, Some("the inquiry: failed"), 0)]
#[tokio::test]
async fn an_admin_ends_what_the_gateway_does_not(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] outcome: &str,
    #[case] left: (i64, i64),
    #[case] given: i64,
    #[case] code: Option<&str>,
    #[case] notices: usize,
) {
    let (app, fake) = with_zarinpal(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    let Open { charge, path, .. } = unclear(&app, &fake, (&admin, &patient), 3).await;
    let clearing = Account::clearing("zarinpal");
    let paid = app.holds(&clearing).await;

    let ended = end(&app, &admin, &path, outcome).await.expect(200);
    assert_eq!((&ended.json["status"], &ended.json["method"]), (&json!(outcome), &json!("reverse")));
    assert_eq!((&ended.json["gateway_answer"], &ended.json["attempts"]), (&json!(code), &json!(3)));
    assert!(ended.json["ended_at"].is_string() && ended.json["next_check_at"].is_null(), "{}", ended.json);
    let seen = view(&app, &admin, &charge).await;
    assert_eq!((&seen["refunds"][0]["status"], &seen["refunded_amount"]), (&json!(outcome), &json!(given)));
    let cleared = if given == AMOUNT { 0 } else { paid };
    assert_eq!((money(&app, &patient).await, app.holds(&clearing).await), (left, cleared));
    assert_eq!(told(&app, &patient).await, notices);

    for again in ["refunded", "in_wallet"] {
        assert_eq!(end(&app, &admin, &path, again).await.expect(409).code(), "ILLEGAL_STATE");
    }
    let before = asked(&fake);
    minutes(&app, 30).await;
    assert_eq!((asked(&fake), money(&app, &patient).await), (before, left));
    let others = (app.audited("charge.refunded").await, app.audited("charge.refund_impossible").await);
    assert_eq!((app.audited("charge.refund_end").await, others), (1, (0, 0)));
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn the_gateways_own_word_comes_first(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (app, fake) = with_zarinpal(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    let Open { path, .. } = unclear(&app, &fake, (&admin, &patient), 2).await;
    for outcome in ["refunded", "in_wallet"] {
        let early = end(&app, &admin, &path, outcome).await.expect(409);
        let details = &early.json["error"]["details"];
        assert_eq!((early.code(), &details["attempts"]), ("ILLEGAL_STATE", &json!(2)));
        assert!(details["next_check_at"].is_string(), "{details}");
    }
    assert_eq!((money(&app, &patient).await, app.audited("charge.refund_end").await), ((0, AMOUNT), 0));
    minutes(&app, 2).await;
    let _ = end(&app, &admin, &path, "in_wallet").await.expect(200);
    assert_eq!(money(&app, &patient).await, (AMOUNT, 0));
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn nothing_is_ended_while_a_call_may_give_it_back(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (app, fake) = with_zarinpal(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    let Open { path, authority, .. } = unclear(&app, &fake, (&admin, &patient), 3).await;
    fake.put(&authority, Stage::Verified);
    fake.trouble("reverse", Trouble::Silence);
    app.clock.advance(SignedDuration::from_mins(5));
    let node = Arc::clone(&app.app);
    let dying = tokio::spawn(async move { app::billing::refunds::finish_due(&node).await });
    fake.until_asked("/reverse.json", 2).await;
    let early = end(&app, &admin, &path, "in_wallet").await.expect(409);
    assert_eq!((early.code(), &early.json["error"]["details"]["attempts"]), ("ILLEGAL_STATE", &json!(3)));
    dying.abort();
    assert!(dying.await.is_err(), "the node has died while it waited for the answer");
    assert_eq!(end(&app, &admin, &path, "refunded").await.expect(409).code(), "ILLEGAL_STATE");
    // nobody waits so long for an answer
    app.clock.advance(SignedDuration::from_mins(3));
    let _ = end(&app, &admin, &path, "refunded").await.expect(200);
    assert_eq!((money(&app, &patient).await, fake.stage(&authority)), ((0, 0), Some(Stage::Reversed)));
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn the_worker_or_the_admin_ends_it_and_never_both(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values("refunded", "in_wallet")] outcome: &str,
    #[values(true, false)] worker_first: bool,
) {
    let (app, fake) = with_zarinpal(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    let Open { charge, path, authority } = unclear(&app, &fake, (&admin, &patient), 3).await;
    fake.put(&authority, Stage::Verified);
    app.clock.advance(SignedDuration::from_mins(5));
    let other = app.second_node().await;
    let worker = app::billing::refunds::finish_due(&other.app);
    let admins = end(&app, &admin, &path, outcome);
    let (ended, answer) = if worker_first {
        tokio::join!(worker, admins)
    } else {
        let (answer, ended) = tokio::join!(admins, worker);
        (ended, answer)
    };
    let (by_worker, by_admin) = (ended.unwrap() == 1, answer.status == 200);
    assert!(by_worker != by_admin, "{by_worker} {}", answer.json);
    assert!(by_admin || answer.code() == "ILLEGAL_STATE", "{}", answer.json);
    let expected = if by_admin { outcome } else { "refunded" };
    assert_eq!(view(&app, &admin, &charge).await["refunds"][0]["status"], expected);
    // the gateway gave back what its own answer ended, and nothing else
    assert_eq!(fake.stage(&authority), Some(if by_worker { Stage::Reversed } else { Stage::Verified }));
    assert_eq!(reversals(&fake), if by_worker { 2 } else { 1 });
    let left = if expected == "refunded" { (0, 0) } else { (AMOUNT, 0) };
    assert_eq!(money(&app, &patient).await, left);
    let audited = (app.audited("charge.refund_end").await, app.audited("charge.refunded").await);
    assert_eq!(audited, (i64::from(by_admin), i64::from(by_worker)));
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn a_key_ends_it_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    let path = unanswered(&app, &patient).await;
    let keyed =
        |outcome| app.post(&path).by(&admin).header("idempotency-key", "k").json(&ending(outcome)).send();
    let first = keyed("in_wallet").await.expect(200);
    assert_eq!((first.header("idempotent-replay"), first.text("/status")), (None, "in_wallet".to_owned()));
    assert_eq!(first.json["gateway_answer"], "timed out");
    let again = keyed("in_wallet").await.expect(200);
    assert_eq!((again.header("idempotent-replay"), &again.json), (Some("true"), &first.json));
    assert_eq!(keyed("refunded").await.expect(422).code(), "IDEMPOTENCY_KEY_REUSED");
    assert_eq!((money(&app, &patient).await, app.audited("charge.refund_end").await), ((AMOUNT, 0), 1));
    // the payment is as it was: it can be given back after all
    let charge = first.text("/charge_id");
    assert_eq!(refund(&app, &admin, &charge, &why()).await.expect(200).text("/status"), "refunded");
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn ends_that_make_no_sense_are_refused(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    let path = unanswered(&app, &patient).await;
    for (body, field) in [
        (json!({ "outcome": "refunding", "reason": "test" }), "outcome"),
        (json!({ "outcome": true, "reason": "test" }), "outcome"),
        (json!({ "reason": "test" }), "outcome"),
        (json!({ "outcome": "refunded" }), "reason"),
        (json!({ "outcome": "refunded", "reason": " " }), "reason"),
    ] {
        let refused = app.post(&path).by(&admin).json(&body).send().await.expect(422);
        assert!(refused.json["error"]["details"]["field_errors"][field].is_array(), "{body}");
    }
    for by in [&patient, &app.doctor().await, &app.staff().await] {
        assert_eq!(end(&app, by, &path, "in_wallet").await.expect(403).code(), "FORBIDDEN");
    }
    let (before, refund_id) = path.split_once("/refunds/").unwrap();
    let other = at_the_sandbox(&app, &app.patient().await).await;
    for wrong in [
        format!("{before}/refunds/{UNKNOWN}/end/"),
        format!("{before}/refunds/x/end/"),
        format!("{CHARGES}{other}/refunds/{refund_id}"),
        format!("{CHARGES}x/refunds/{refund_id}"),
    ] {
        assert_eq!(end(&app, &admin, &wrong, "in_wallet").await.expect(404).code(), "NOT_FOUND", "{wrong}");
    }
    // one that has ended by itself
    let done = refund(&app, &admin, &other, &why()).await.expect(200);
    assert_eq!(done.json["status"], "refunded");
    let done = format!("{CHARGES}{other}/refunds/{}/end/", done.text("/id"));
    assert_eq!(end(&app, &admin, &done, "in_wallet").await.expect(409).code(), "ILLEGAL_STATE");
    assert_eq!((money(&app, &patient).await, app.audited("charge.refund_end").await), ((0, AMOUNT), 0));
    app.expect_a_sound_ledger().await;
}
