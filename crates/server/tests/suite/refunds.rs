//! Payments are given back by the gateway that they came through, or stay in the wallet; whatever breaks on the way, the
//! money is in one place.

mod ends;
mod found;
mod receipts;
mod unanswered;

use std::time::Duration;

use domain::{Secret, SignedDuration, ids::UserId, ledger::Account};
use providers::gateways::ZarinpalSettings;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{
    Answer, Engine, TestApp, User,
    fakes::{
        gateway::{Stage, Trouble},
        http::Reply,
        zarinpal::{MERCHANT, Zarinpal, failure},
    },
};
use tokio::task::JoinSet;

pub(crate) use unanswered::unanswered;

const CHARGE: &str = "/api/v1/billing/wallet/charge/";
pub(crate) const CHARGES: &str = "/api/v1/admin/charges/";
const AMOUNT: i64 = 1_000_000;

/// The path of an address of this server's.
fn path(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or_else(|| "/".to_owned(), |at| rest[at..].to_owned())
}

/// What can be spent, and what is blocked.
async fn money(app: &TestApp, user: &User) -> (i64, i64) {
    let hold = Account::hold(UserId(user.id.parse().unwrap()));
    (app.spendable(user).await, app.holds(&hold).await)
}

/// An app with a stand-in for ZarinPal.
async fn with_zarinpal(engine: Engine) -> (TestApp, Zarinpal) {
    let fake = Zarinpal::start().await.unwrap();
    let settings = ZarinpalSettings {
        base_url: fake.base_url(),
        merchant_id: Secret::new(MERCHANT.to_owned()),
        accept_sandbox: false,
        timeout: Duration::from_mins(1),
    };
    let app = TestApp::with(engine, move |all| all.gateways.zarinpal = Some(settings)).await;
    (app, fake)
}

/// A wallet that was charged at the sandbox; the charge's id.
pub(crate) async fn at_the_sandbox(app: &TestApp, by: &User) -> String {
    let body = json!({ "amount": AMOUNT, "gateway": "sandbox" });
    let started = app.post(CHARGE).by(by).json(&body).send().await.expect(200);
    let page = path(&started.text("/payment_url"));
    let pressed = app.post(&format!("{page}/succeed/")).send().await.expect(303);
    let _ = app.get(&path(pressed.header("location").unwrap())).send().await.expect(303);
    started.text("/transaction_id")
}

/// The same at ZarinPal; and its authority.
async fn at_zarinpal(app: &TestApp, fake: &Zarinpal, by: &User) -> (String, String) {
    let body = json!({ "amount": AMOUNT, "gateway": "zarinpal" });
    let started = app.post(CHARGE).by(by).json(&body).send().await.expect(200);
    let authority = started.text("/payment_url").rsplit('/').next().unwrap().to_owned();
    let _ = fake.pay(&authority);
    let callback = format!("/api/v1/billing/callback/zarinpal/?Authority={authority}&Status=OK");
    let _ = app.get(&callback).send().await.expect(303);
    assert_eq!(app.spendable(by).await, AMOUNT);
    (started.text("/transaction_id"), authority)
}

async fn refund(app: &TestApp, admin: &User, charge: &str, body: &Value) -> Answer {
    app.post(&format!("{CHARGES}{charge}/refund/")).by(admin).json(body).send().await
}

async fn view(app: &TestApp, admin: &User, charge: &str) -> Value {
    app.get(&format!("{CHARGES}{charge}/")).by(admin).send().await.expect(200).json
}

async fn minutes(app: &TestApp, n: i64) {
    app.clock.advance(SignedDuration::from_mins(n));
    app::jobs::run_cron(&app.app).await.unwrap();
}

/// How often ZarinPal was asked to reverse something.
fn reversals(fake: &Zarinpal) -> usize {
    fake.requests().iter().filter(|request| request.path.ends_with("/reverse.json")).count()
}

pub(crate) fn why() -> Value {
    json!({ "reason": "پرداخت اشتباه" })
}

#[rstest]
#[tokio::test]
async fn a_young_payment_is_reversed_and_everybody_sees_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    let charge = at_the_sandbox(&app, &patient).await;
    let call = || {
        let path = format!("{CHARGES}{charge}/refund/");
        app.post(&path).by(&admin).header("idempotency-key", "k").json(&why()).send()
    };
    let done = call().await.expect(200);
    let told = (&done.json["status"], &done.json["method"], &done.json["amount"]);
    assert_eq!(told, (&json!("refunded"), &json!("reverse"), &json!(AMOUNT)));
    assert!(done.json["ended_at"].is_string() && done.json["next_check_at"].is_null(), "{}", done.json);
    assert!(done.text("/message").contains("کارت"));
    let again = call().await.expect(200);
    assert_eq!((again.header("idempotent-replay"), &again.json), (Some("true"), &done.json));
    assert_eq!(money(&app, &patient).await, (0, 0));
    assert_eq!(app.holds(&Account::clearing("sandbox")).await, 0);

    let seen = view(&app, &admin, &charge).await;
    assert_eq!((&seen["status"], &seen["refunded_amount"]), (&json!("completed"), &json!(AMOUNT)));
    assert_eq!(seen["user_id"], patient.id);
    assert_eq!(seen["authorities"][0]["status"], "paid");
    assert_eq!(seen["authorities"][0]["authority"], seen["credited_authority"]);
    assert_eq!((&seen["refunds"][0]["id"], &seen["refunds"][1]), (&done.json["id"], &Value::Null));

    let more = refund(&app, &admin, &charge, &why()).await.expect(409);
    assert_eq!(
        (more.code(), &more.json["error"]["details"]["refundable_amount"]),
        ("ILLEGAL_STATE", &json!(0))
    );
    let told = app.get("/api/v1/notifications/").by(&patient).send().await.expect(200);
    assert_eq!(told.json["results"][0]["type"], "payment_refunded");
    let mine =
        app.get(&format!("/api/v1/billing/transactions/{charge}/")).by(&patient).send().await.expect(200);
    assert_eq!(mine.json["refunds"][0]["status"], "refunded");
    assert_eq!((app.audited("charge.refund").await, app.audited("charge.refunded").await), (1, 1));
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn an_old_payment_is_refunded_in_parts_where_the_gateway_can(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    let charge = at_the_sandbox(&app, &patient).await;
    let some = |amount: i64| json!({ "reason": "test", "amount": amount });
    let part = refund(&app, &admin, &charge, &some(300_000)).await.expect(200);
    assert_eq!((&part.json["status"], &part.json["method"]), (&json!("refunded"), &json!("refund")));
    app.clock.advance(SignedDuration::from_mins(31));
    let much = refund(&app, &admin, &charge, &some(700_001)).await.expect(409);
    assert_eq!(much.json["error"]["details"]["refundable_amount"], 700_000);
    let _ = refund(&app, &admin, &charge, &some(100_000)).await.expect(200);
    let rest = refund(&app, &admin, &charge, &why()).await.expect(200);
    assert_eq!((&rest.json["method"], &rest.json["amount"]), (&json!("refund"), &json!(600_000)));
    assert_eq!(money(&app, &patient).await, (0, 0));
    let seen = view(&app, &admin, &charge).await;
    assert_eq!((&seen["refunded_amount"], seen["refunds"].as_array().unwrap().len()), (&json!(AMOUNT), 3));
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn what_zarinpal_reverses_is_reversed_there(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (app, fake) = with_zarinpal(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    let (charge, authority) = at_zarinpal(&app, &fake, &patient).await;
    app.clock.advance(SignedDuration::from_mins(30));
    let done = refund(&app, &admin, &charge, &why()).await.expect(200);
    assert_eq!(done.json["status"], "refunded");
    assert_eq!((fake.stage(&authority), reversals(&fake)), (Some(Stage::Reversed), 1));
    assert_eq!((money(&app, &patient).await, app.holds(&Account::clearing("zarinpal")).await), ((0, 0), 0));
    // it is never credited again
    let callback = format!("/api/v1/billing/callback/zarinpal/?Authority={authority}&Status=OK");
    let _ = app.get(&callback).send().await.expect(303);
    assert_eq!(money(&app, &patient).await, (0, 0));
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn what_a_gateway_can_not_give_back_stays_in_the_wallet(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (app, fake) = with_zarinpal(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    let (charge, authority) = at_zarinpal(&app, &fake, &patient).await;
    // a part can't be reversed
    let part = refund(&app, &admin, &charge, &json!({ "reason": "test", "amount": 1 })).await.expect(200);
    assert_eq!((&part.json["status"], &part.json["method"]), (&json!("in_wallet"), &json!("wallet")));
    assert_eq!((reversals(&fake), money(&app, &patient).await), (0, (AMOUNT, 0)));
    // the bank says no
    fake.trouble("reverse", Trouble::Instead(Reply::Json(422, failure(-60))));
    let refused = refund(&app, &admin, &charge, &why()).await.expect(200);
    assert_eq!((&refused.json["status"], &refused.json["method"]), (&json!("in_wallet"), &json!("reverse")));
    assert_eq!((&refused.json["gateway_answer"], reversals(&fake)), (&json!("-60"), 1));
    assert_eq!(
        (money(&app, &patient).await, app.audited("charge.refund_impossible").await),
        ((AMOUNT, 0), 1)
    );
    // half an hour is over
    app.clock.advance(SignedDuration::from_mins(31));
    let old = refund(&app, &admin, &charge, &why()).await.expect(200);
    assert_eq!((&old.json["status"], &old.json["method"]), (&json!("in_wallet"), &json!("wallet")));
    assert_eq!((reversals(&fake), fake.stage(&authority)), (1, Some(Stage::Verified)));
    assert_eq!(money(&app, &patient).await, (AMOUNT, 0));
    assert_eq!(view(&app, &admin, &charge).await["refunded_amount"], 0);
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn what_is_spent_is_not_given_back(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (app, fake) = with_zarinpal(engine).await;
    let (admin, doctor, patient) = (app.admin().await, app.bookable_doctor().await, app.patient().await);
    let visit = app.booked(&doctor, &patient).await;
    let (charge, _) = at_zarinpal(&app, &fake, &patient).await;
    let pay = format!("/api/v1/patients/encounters/{visit}/pay/");
    let paid = app.post(&pay).by(&patient).json(&json!({ "payment_method": "wallet" })).send().await;
    let _ = paid.expect(200);
    let left = money(&app, &patient).await;
    for body in [why(), json!({ "reason": "test", "amount": AMOUNT - 1 })] {
        let refused = refund(&app, &admin, &charge, &body).await.expect(409);
        assert_eq!(refused.code(), "INSUFFICIENT_BALANCE");
    }
    assert_eq!((reversals(&fake), money(&app, &patient).await), (0, left));
    assert_eq!(view(&app, &admin, &charge).await["refunds"], json!([]));
    app.expect_a_sound_ledger().await;
}

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

#[rstest]
#[tokio::test]
async fn admins_find_charges_by_state_gateway_and_user(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (app, fake) = with_zarinpal(engine).await;
    let (admin, one, two) = (app.admin().await, app.patient().await, app.patient().await);
    let first = at_the_sandbox(&app, &one).await;
    app.clock.advance(SignedDuration::from_secs(1));
    let (second, _) = at_zarinpal(&app, &fake, &two).await;
    app.clock.advance(SignedDuration::from_secs(1));
    let waiting =
        app.post(CHARGE).by(&one).json(&json!({ "amount": AMOUNT, "gateway": "sandbox" })).send().await;
    let third = waiting.expect(200).text("/transaction_id");
    let user = format!("user={}", one.id);
    for (query, expected) in [
        ("", vec![&third, &second, &first]),
        ("status=completed", vec![&second, &first]),
        ("gateway=zarinpal", vec![&second]),
        (user.as_str(), vec![&third, &first]),
        ("status=pending&gateway=zarinpal", vec![]),
        ("page=2&page_size=2", vec![&first]),
    ] {
        let found = app.get(&format!("{CHARGES}?{query}")).by(&admin).send().await.expect(200).json;
        let ids: Vec<&str> =
            found["results"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap()).collect();
        assert_eq!(ids, expected, "{query}");
        assert!(
            found["results"]
                .as_array()
                .unwrap()
                .iter()
                .all(|c| c["authorities"].as_array().unwrap().len() == 1)
        );
    }
    for query in ["status=paid", "gateway=paypal", "user=me", "page=0"] {
        let _ = app.get(&format!("{CHARGES}?{query}")).by(&admin).send().await.expect(422);
    }
    assert_eq!(app.audited("charge.list").await, 6);
}

#[rstest]
#[tokio::test]
async fn refunds_that_make_no_sense_are_refused(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    let charge = at_the_sandbox(&app, &patient).await;
    for amount in [json!(0), json!(-1), json!(1.5), json!("1000"), json!(1e30)] {
        let refused =
            refund(&app, &admin, &charge, &json!({ "reason": "test", "amount": amount })).await.expect(422);
        assert!(refused.json["error"]["details"]["field_errors"]["amount"].is_array(), "{amount}");
    }
    let _ = refund(&app, &admin, &charge, &json!({})).await.expect(422);
    let unknown = json!({ "reason": "test", "authority": "S1" });
    let refused = refund(&app, &admin, &charge, &unknown).await.expect(422);
    assert!(refused.json["error"]["details"]["field_errors"]["authority"].is_array());
    let nobody = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b";
    let _ = refund(&app, &admin, nobody, &why()).await.expect(404);
    let _ = app.get(&format!("{CHARGES}{nobody}/")).by(&admin).send().await.expect(404);
    let _ = refund(&app, &patient, &charge, &why()).await.expect(403);
    let waiting = app.post(CHARGE).by(&patient).json(&json!({ "amount": AMOUNT })).send().await.expect(200);
    let unpaid = refund(&app, &admin, &waiting.text("/transaction_id"), &why()).await.expect(409);
    assert_eq!((unpaid.code(), app.audited("charge.refund").await), ("ILLEGAL_STATE", 0));
    assert_eq!(money(&app, &patient).await, (AMOUNT, 0));
}
