//! Every operation that books, leads, pays, charges, buys, refunds or pays out honours its `Idempotency-Key` (D7): when
//! nodes die over it, when it comes many times at once to two nodes, when it comes again, and when it comes with something
//! else. One parameter a row; how often it was done is how often it was audited.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Waker},
};

use db::sql;
use domain::{Clock as _, SignedDuration, ledger::Account};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Answer, Call, Engine, TestApp, User, visits::FEE};
use tokio::task::JoinSet;

use crate::{
    booking::{AT, BOOK, ENCOUNTERS, wish},
    charges::{AMOUNT, CHARGE, path, press},
    payouts::{BATCHES, LEAST, PAYOUTS, act, exported, requested, wants},
    races::nodes,
    refunds::{CHARGES, at_the_sandbox, unanswered, why},
    subscriptions::{CANCEL, PURCHASE, wants as months},
    visits::{LED, anew, moment},
};

const LATER: &str = "2024-01-21T08:00:00Z";
/// What a month of the plan costs.
const BASIC: i64 = 99_000;

/// A request, and one that is not the same.
struct Twins {
    this: Call,
    other: Call,
    status: u16,
    /// What is audited when it is done.
    action: &'static str,
}

/// Two bodies for one path.
fn bodies(
    (app, by): (&TestApp, &User),
    path: &str,
    [this, other]: [Value; 2],
    status: u16,
    action: &'static str,
) -> Twins {
    let call = |body| app.post(path).by(by).json(&body);
    Twins { this: call(this), other: call(other), status, action }
}

/// A visit from now on, and what is asked of it with these bodies.
fn of_visit(of: (&TestApp, &User), visit: &str, verb: &str, both: [Value; 2], action: &'static str) -> Twins {
    bodies(of, &format!("{ENCOUNTERS}{visit}/{verb}/"), both, 200, action)
}

fn because(reason: &str) -> Value {
    json!({ "reason": reason })
}

/// What patients do.
async fn by_patient(app: &TestApp, what: &str) -> Twins {
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    let of = (app, &patient);
    let reasons = [because("سفر"), because("بیماری")];
    match what {
        "charge" => {
            let body = |amount: i64| json!({ "amount": amount, "gateway": "sandbox" });
            bodies(of, CHARGE, [body(AMOUNT), body(AMOUNT + 1)], 200, "charge.start")
        }
        "purchase" => {
            bodies(of, PURCHASE, [months("basic", 1), months("basic", 2)], 200, "subscription.purchase")
        }
        "buy online" => {
            let online = |n: i64| {
                let mut body = months("basic", n);
                body["payment_method"] = "online".into();
                body
            };
            bodies(of, PURCHASE, [online(1), online(2)], 200, "subscription.order")
        }
        "book" => bodies(of, BOOK, [wish(&doctor, AT), wish(&doctor, LATER)], 201, "visit.book"),
        "pay" => {
            let visit = app.booked(&doctor, &patient).await;
            let by = |method: &str| json!({ "payment_method": method });
            of_visit(of, &visit, "pay", [by("wallet"), by("online")], "visit.pay")
        }
        "pay online" => {
            let visit = app.booked(&doctor, &patient).await;
            let back = |page: &str| {
                let return_url = format!("{}{page}", app.settings.public_site_url);
                json!({ "payment_method": "online", "gateway": "sandbox", "return_url": return_url })
            };
            of_visit(of, &visit, "pay", [back("/visits"), back("/wallet")], "charge.start")
        }
        "cancel" => {
            let visit = app.confirmed(&doctor, &patient).await;
            of_visit(of, &visit, "cancel", reasons, "visit.cancel")
        }
        "move" => {
            let visit = app.confirmed(&doctor, &patient).await;
            let to = |at: &str| json!({ "scheduled_at": at });
            of_visit(of, &visit, "reschedule", [to("2024-01-22T08:00:00Z"), to(LATER)], "visit.reschedule")
        }
        "end a subscription" => {
            let _ = app.post(PURCHASE).by(&patient).json(&months("basic", 1)).send().await.expect(200);
            let this = app.post(CANCEL).by(&patient);
            Twins { other: this.clone(), this, status: 200, action: "subscription.cancel" }
        }
        _ => panic!("{what}"),
    }
}

/// What doctors do.
async fn by_doctor(app: &TestApp, what: &str) -> Twins {
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    app.give(&doctor, 2 * LEAST + 1).await;
    match what {
        "withdraw" => {
            let visit = app.confirmed(&doctor, &patient).await;
            let path = format!("/api/v1/doctors/encounters/{visit}/cancel/");
            bodies((app, &doctor), &path, [because("سفر"), because("بیماری")], 200, "visit.cancel")
        }
        "ask for a payout" => {
            bodies((app, &doctor), PAYOUTS, [wants(LEAST), wants(LEAST + 1)], 201, "payout.request")
        }
        "take back a payout" => {
            let [one, two] = [requested(app, &doctor, LEAST).await, requested(app, &doctor, LEAST).await];
            let call = |id: &str| app.post(&format!("{PAYOUTS}{id}/cancel/")).by(&doctor);
            Twins { this: call(&one), other: call(&two), status: 200, action: "payout.cancel" }
        }
        _ => leads(app, (&doctor, &patient), what).await,
    }
}

/// A doctor and a visit whose time has come; another of theirs is what is not the same.
async fn leads(app: &TestApp, (doctor, patient): (&User, &User), what: &str) -> Twins {
    let other = app.confirmed(doctor, patient).await;
    let (visit, action) = match what {
        "complete" => (app.started(doctor, patient).await, "visit.complete"),
        "start" => (app.confirmed(doctor, patient).await, "visit.start"),
        "no-show" => (app.confirmed(doctor, patient).await, "visit.no_show"),
        _ => panic!("{what}"),
    };
    if what != "complete" {
        let found = app.get(&format!("{LED}{visit}/")).by(doctor).send().await.expect(200);
        app.clock.advance(moment(&found.text("/scheduled_at")).duration_since(app.clock.now()));
    }
    let doctor = anew(app, doctor).await;
    let call = |id: &str| app.post(&format!("{LED}{id}/{what}/")).by(&doctor);
    Twins { this: call(&visit), other: call(&other), status: 200, action }
}

/// What admins do.
async fn by_admin(app: &TestApp, what: &str) -> Twins {
    let (admin, doctor, patient) = (app.admin().await, app.bookable_doctor().await, app.rich_patient().await);
    let reasons = [because("سفر"), because("بیماری")];
    match what {
        "cancel for a doctor" => {
            let visit = app.confirmed(&doctor, &patient).await;
            let path = format!("/api/v1/admin/encounters/{visit}/cancel/");
            bodies((app, &admin), &path, reasons, 200, "visit.withdraw")
        }
        "overbook" => {
            let order = |at: &str| {
                json!({
                    "patient_id": patient.id, "doctor_id": doctor.id, "scheduled_at": at, "visit_type": "online",
                    "chief_complaint": "تب بالا", "reason": "اورژانس",
                })
            };
            let path = "/api/v1/admin/encounters/";
            bodies((app, &admin), path, [order(AT), order(LATER)], 201, "visit.overbook")
        }
        "give back a charge" => {
            let charge = at_the_sandbox(app, &patient).await;
            let path = format!("{CHARGES}{charge}/refund/");
            bodies((app, &admin), &path, [why(), because("درخواست بیمار")], 200, "charge.refund")
        }
        "end a refund" => {
            let path = unanswered(app, &patient).await;
            let to = |outcome: &str| json!({ "outcome": outcome, "reason": "پاسخ درگاه" });
            bodies((app, &admin), &path, [to("refunded"), to("in_wallet")], 200, "charge.refund_end")
        }
        _ => with_payouts(app, (&admin, &doctor), what).await,
    }
}

async fn with_payouts(app: &TestApp, (admin, doctor): (&User, &User), what: &str) -> Twins {
    app.give(doctor, 2 * LEAST).await;
    let [one, two] = [requested(app, doctor, LEAST).await, requested(app, doctor, LEAST).await];
    if matches!(what, "paid" | "returned") {
        let _ = act(app, admin, &two, "approve").send().await.expect(200);
        let _ = exported(app, admin, &one).await;
    }
    let (verb, action) = match what {
        "export" => {
            let _ = act(app, admin, &one, "approve").send().await.expect(200);
            let this = app.post(BATCHES).by(admin);
            return Twins { other: this.clone(), this, status: 201, action: "payout.export" };
        }
        "approve" => ("approve", "payout.approve"),
        "reject" => ("reject", "payout.reject"),
        "paid" => ("paid", "payout.paid"),
        "returned" => ("returned", "payout.returned"),
        _ => panic!("{what}"),
    };
    Twins { this: act(app, admin, &one, verb), other: act(app, admin, &two, verb), status: 200, action }
}

/// The node dies once the request has gone so far.
async fn dies(call: Call, polls: u32) {
    let mut answer = pin!(call.send());
    for _ in 0..polls {
        if answer.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            return;
        }
        // whatever it waits for goes on
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
}

/// What must be answered again. An online purchase is answered with a page that is open, and of several with any.
#[track_caller]
fn told(what: &str, answer: &Answer) -> Value {
    let mut json = answer.json.clone();
    if what == "buy online" {
        let page = json["payment"]["payment_url"].take();
        assert!(page.is_string(), "{}", answer.json);
    }
    json
}

/// Paid at every page that was opened: it is paid for once, and the rest is in the wallet.
async fn assert_paid_once(app: &TestApp, what: &str) {
    let (account, price) = match what {
        "buy online" => (Account::subscriptions(), BASIC),
        "pay online" => (Account::escrow(), FEE),
        _ => return,
    };
    let pages: Vec<(String,)> =
        app.app.db.all(sql!("SELECT pay_url FROM charge_authorities"), &[]).await.unwrap();
    for (page,) in &pages {
        let callback = press(app, &path(page), "succeed").await;
        let _ = app.get(&callback).send().await.expect(303);
    }
    let came_in = price * i64::try_from(pages.len()).unwrap();
    let clearing = Account::clearing("sandbox");
    assert_eq!((app.holds(&account).await, app.holds(&clearing).await), (price, -came_in));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn money_moves_once_for_a_key(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(
        "charge",
        "purchase",
        "buy online",
        "book",
        "pay",
        "pay online",
        "cancel",
        "move",
        "end a subscription",
        "withdraw",
        "start",
        "complete",
        "no-show",
        "ask for a payout",
        "take back a payout",
        "cancel for a doctor",
        "overbook",
        "give back a charge",
        "end a refund",
        "approve",
        "reject",
        "export",
        "paid",
        "returned"
    )]
    what: &str,
) {
    let nodes = nodes(engine).await;
    let app = &nodes[0];
    let Twins { this, other, status, action } = match what {
        "withdraw" | "start" | "complete" | "no-show" | "ask for a payout" | "take back a payout" => {
            by_doctor(app, what).await
        }
        "charge" | "purchase" | "buy online" | "book" | "pay" | "pay online" | "cancel" | "move"
        | "end a subscription" => by_patient(app, what).await,
        _ => by_admin(app, what).await,
    };
    let keyed =
        |call: &Call, at: usize| call.clone().at(&nodes[at % nodes.len()]).header("idempotency-key", "k");
    let before = app.audited(action).await;
    // each but the first, which never begins, may leave a charge that waits, and a visit has five at once: two are for
    // those who come afterwards, one on each node, and one is to spare: at the limit itself, a node that is too busy to
    // end what it began, and begins again, is refused
    let deaths = if what == "pay online" { 3 } else { 6 };
    for polls in 0..deaths {
        dies(keyed(&this, 0), polls).await;
    }
    let (mut first, mut done) = (None::<Answer>, 0);
    let running: JoinSet<Answer> = (0..20).map(|n| keyed(&this, n).insist()).collect();
    for answer in running.join_all().await {
        if answer.status == status {
            done += i32::from(answer.header("idempotent-replay").is_none());
            let first = first.get_or_insert_with(|| answer.clone());
            assert_eq!(told(what, &answer), told(what, first));
        } else {
            assert_eq!((answer.status, answer.code()), (409, "REQUEST_IN_PROGRESS"), "{}", answer.json);
            assert!(answer.header("retry-after").is_some());
        }
    }
    let first = if let Some(first) = first {
        first
    } else {
        // nobody could tell that a node had died over it
        app.clock.advance(SignedDuration::from_mins(4));
        app::jobs::run_cron(&app.app).await.unwrap();
        keyed(&this, 1).insist().await.expect(status)
    };
    // or the node that died had done it
    assert!(done <= 1);
    let again = keyed(&this, 1).insist().await;
    assert_eq!((again.status, told(what, &again)), (first.status, told(what, &first)));
    assert_eq!(again.header("idempotent-replay"), Some("true"));
    if what != "export" && what != "end a subscription" {
        let refused = keyed(&other, 1).insist().await.expect(422);
        assert_eq!(refused.code(), "IDEMPOTENCY_KEY_REUSED");
    }
    if matches!(what, "charge" | "pay online") {
        // a gateway can't be asked within a transaction: those who died left charges without a page, which expire
        let pages = sql!(
            "SELECT count(*) FROM charge_authorities a JOIN charges c ON c.id = a.charge_id WHERE c.status = 'pending'"
        );
        assert_eq!(app.app.db.one::<(i64,)>(pages, &[]).await.unwrap(), Some((1,)));
    } else {
        assert_eq!(app.audited(action).await, before + 1);
    }
    assert_paid_once(app, what).await;
    app.expect_a_sound_ledger().await;
}
