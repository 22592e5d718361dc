//! Lost answers, double presses, a node that dies and two that work at once: a refund happens once, and the money is in
//! one place.

use domain::{SignedDuration, ledger::Account};
use rstest::rstest;
use serde_json::json;
use testkit::{
    Answer, Engine,
    fakes::{
        gateway::{Stage, Trouble},
        http::Reply,
        zarinpal::failure,
    },
};
use tokio::task::JoinSet;

use super::{AMOUNT, CHARGES, at_zarinpal, minutes, money, refund, reversals, view, why, with_zarinpal};

#[rstest]
#[case::done_and_not_told(Trouble::Reset, 1)]
#[case::cut_off(Trouble::Cut, 1)]
#[case::never_done(Trouble::Instead(Reply::Reset), 2)]
#[tokio::test]
async fn an_answer_that_is_lost_is_found_out(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] trouble: Trouble,
    #[case] asked: usize,
) {
    let (app, fake) = with_zarinpal(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    let (charge, authority) = at_zarinpal(&app, &fake, &patient).await;
    fake.trouble("reverse", trouble);
    let open = refund(&app, &admin, &charge, &why()).await.expect(200);
    assert_eq!((&open.json["status"], &open.json["attempts"]), (&json!("refunding"), &json!(1)));
    assert!(open.json["next_check_at"].is_string());
    assert_eq!(money(&app, &patient).await, (0, AMOUNT), "neither the user's nor the gateway's");
    let second = refund(&app, &admin, &charge, &why()).await.expect(409);
    assert_eq!((second.code(), reversals(&fake)), ("ILLEGAL_STATE", 1));

    minutes(&app, 2).await;
    assert_eq!(view(&app, &admin, &charge).await["refunds"][0]["status"], "refunded");
    assert_eq!((fake.stage(&authority), reversals(&fake)), (Some(Stage::Reversed), asked));
    assert_eq!((money(&app, &patient).await, app.holds(&Account::clearing("zarinpal")).await), ((0, 0), 0));
    minutes(&app, 90).await;
    assert_eq!((reversals(&fake), app.audited("charge.refunded").await), (asked, 1));
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn a_no_is_not_believed_while_an_earlier_call_may_take_effect(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (app, fake) = with_zarinpal(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    let (charge, _) = at_zarinpal(&app, &fake, &patient).await;
    fake.trouble("reverse", Trouble::Instead(Reply::Reset));
    for _ in 0..4 {
        fake.trouble("reverse", Trouble::Instead(Reply::Json(422, failure(-63))));
    }
    let _ = refund(&app, &admin, &charge, &why()).await.expect(200);
    for wait in [2, 3, 6] {
        minutes(&app, wait).await;
        assert_eq!(view(&app, &admin, &charge).await["refunds"][0]["status"], "refunding", "{wait}");
        assert_eq!(money(&app, &patient).await, (0, AMOUNT));
    }
    minutes(&app, 16).await;
    let ended = view(&app, &admin, &charge).await["refunds"][0].clone();
    assert_eq!((&ended["status"], &ended["gateway_answer"]), (&json!("in_wallet"), &json!("-63")));
    assert_eq!((money(&app, &patient).await, reversals(&fake)), ((AMOUNT, 0), 5));
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn a_double_press_is_one_refund(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (app, fake) = with_zarinpal(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    for key in [None, Some("the same")] {
        let before = reversals(&fake);
        let (charge, _) = at_zarinpal(&app, &fake, &patient).await;
        let mut presses = JoinSet::new();
        for _ in 0..10 {
            let call = app.post(&format!("{CHARGES}{charge}/refund/")).by(&admin).json(&why());
            let call = match key {
                Some(key) => call.header("idempotency-key", key),
                None => call,
            };
            presses.spawn(async move { call.send().await });
        }
        let answers = presses.join_all().await;
        let good: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 409)));
        assert!(!good.is_empty() && (key.is_some() || good.len() == 1));
        assert!(good.iter().all(|answer| answer.json["id"] == good[0].json["id"]));
        assert_eq!((reversals(&fake) - before, money(&app, &patient).await), (1, (0, 0)));
    }
    assert_eq!(app.audited("charge.refunded").await, 2);
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[case::after_it_was_done(Trouble::Silence, 1)]
#[case::before_it_was_done(Trouble::Instead(Reply::Silence), 2)]
#[tokio::test]
async fn a_node_that_dies_between_ledger_and_gateway_leaves_nothing_undone(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] trouble: Trouble,
    #[case] asked: usize,
) {
    let (app, fake) = with_zarinpal(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    let (charge, authority) = at_zarinpal(&app, &fake, &patient).await;
    fake.trouble("reverse", trouble);
    let body = why();
    let path = format!("{CHARGES}{charge}/refund/");
    let call = app.post(&path).by(&admin).header("idempotency-key", "k").json(&body);
    let dying = tokio::spawn(call.send());
    fake.until_asked("/reverse.json", 1).await;
    dying.abort();
    assert_eq!(money(&app, &patient).await, (0, AMOUNT));

    let other = app.second_node().await;
    let again = || other.post(&path).by(&admin).header("idempotency-key", "k").json(&body).send();
    assert_eq!(
        again().await.expect(409).code(),
        "REQUEST_IN_PROGRESS",
        "nobody knows that the node has died"
    );
    minutes(&other, 4).await;
    let again = again().await.expect(200);
    assert_eq!(
        (again.header("idempotent-replay"), &again.json["status"]),
        (Some("true"), &json!("refunding"))
    );
    assert_eq!(view(&other, &admin, &charge).await["refunds"][0]["status"], "refunded");
    assert_eq!((fake.stage(&authority), reversals(&fake)), (Some(Stage::Reversed), asked));
    assert_eq!(money(&app, &patient).await, (0, 0));
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn two_nodes_end_a_refund_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (app, fake) = with_zarinpal(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    let (charge, _) = at_zarinpal(&app, &fake, &patient).await;
    fake.trouble("reverse", Trouble::Reset);
    let _ = refund(&app, &admin, &charge, &why()).await.expect(200);
    let other = app.second_node().await;
    app.clock.advance(SignedDuration::from_mins(2));
    let (one, two) = tokio::join!(
        app::billing::refunds::finish_due(&app.app),
        app::billing::refunds::finish_due(&other.app),
    );
    assert_eq!(one.unwrap() + two.unwrap(), 1);
    assert_eq!((money(&app, &patient).await, app.audited("charge.refunded").await), ((0, 0), 1));
    app.expect_a_sound_ledger().await;
}
