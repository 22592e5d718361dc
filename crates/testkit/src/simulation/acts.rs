//! What users, browsers, doctors, workers and the clock do besides.

use std::sync::Arc;

use app::{
    App, By, Fault,
    billing::{
        self,
        charges::{self, ChargeError},
        discounts::{self, Code},
        holds::{self, HoldError, Place},
        refunds,
        subscriptions::{self, Checkout, CheckoutError},
        wallet,
    },
    visits::{self, Cancelled, Led},
};
use domain::{
    Phone, Rials, Role, Timestamp,
    ids::{UserId, VisitId},
    ledger::{Account, Posting, PostingKind},
    subscription::{Plan, Worth},
};
use serde_json::json;
use store::charges::{Authority, AuthorityStatus};
use uuid::Uuid;

use super::{
    check::{GIFTS, check_ends},
    gateway::{Bank, GATEWAYS, Key, authority, origin, page},
    outcome::{Expect, Learned, Outcome, Stage},
    requests::{by, caller, rials},
    truth::{Paying, State},
};

/// Work that answers with how many things it has done.
macro_rules! counted {
    ($work:expr) => {
        match $work.await {
            Ok(_) => Outcome::new("done", Expect::Any),
            Err(fault) => Outcome::from(fault),
        }
    };
}

/// Money from nowhere: a wallet has to begin somehow.
pub(super) async fn give(app: Arc<App>, user: UserId, amount: i64, number: u64) -> Outcome {
    let posting = Posting::transfer(
        PostingKind::Charge,
        format!("simulation:{number}"),
        None,
        "شارژ کیف پول",
        (Account::clearing(GIFTS), Account::wallet(user), rials(amount)),
    )
    .unwrap();
    match post(&app, posting).await {
        Ok(()) => Outcome::new("done", Expect::Wallet(user, amount)),
        Err(fault) => fault.into(),
    }
}

/// Posts as the program does.
pub(super) async fn post(app: &Arc<App>, posting: Posting) -> Result<(), Fault> {
    app.db
        .write((Arc::clone(app), posting, app.clock.now()), |tx, (app, posting, now)| {
            Box::pin(async move { billing::post(tx, app, posting, *now).await })
        })
        .await?;
    Ok(())
}

/// A client that may not: sent back to somewhere else, or through a gateway that isn't there.
pub(super) async fn bad_charge(app: Arc<App>, user: UserId, other_gateway: bool) -> Outcome {
    let input = charges::Start {
        user,
        purpose: charges::Purpose::Wallet,
        amount: rials(1_000_000),
        description: "شارژ کیف پول هلسا",
        gateway: other_gateway.then(|| "nobody".to_owned()),
        return_url: (!other_gateway).then(|| "https://helssa.example.evil/".to_owned()),
        by: by(user),
        once: None,
        render: Arc::new(|started: charges::Started| json!(started.pay_url)),
    };
    match charges::start(&app, input).await {
        Ok(_) => Outcome::wrong("a charge that leads to somebody else was begun"),
        Err(e) => e.into(),
    }
}

/// The request for a payment was sent again, and both answers are known: two pages for one charge.
pub(super) async fn second_authority(app: Arc<App>, bank: Arc<Bank>, key: Key, user: UserId) -> Outcome {
    let found = bank.with(|truth| truth.order(key).cloned());
    let Some(order) = found.filter(|order| order.state == State::Open) else {
        return Outcome::refused("too late");
    };
    let second = bank.open(key.0, order.charge, order.amount, order.at);
    bank.with(|truth| {
        if let Some(order) = truth.order_mut(second) {
            order.is_insistent = true;
        }
    });
    let row = Authority {
        gateway: GATEWAYS[key.0].to_owned(),
        authority: authority(second.1),
        charge: order.charge,
        status: AuthorityStatus::Requested,
        pay_url: page(second),
        created_at: app.clock.now(),
    };
    let added = app
        .db
        .write(row, |tx, row| {
            Box::pin(async move { store::charges::add_authority(tx, row).await.map_err(Fault::from) })
        })
        .await;
    match added {
        Ok(true) => Outcome::refused("done").with(Learned::Page { url: page(second), user }),
        Ok(false) => Outcome::wrong("an authority was there already"),
        Err(fault) => fault.into(),
    }
}

/// Somebody presses a button of a gateway's page; so many browsers come back.
pub(super) fn press(bank: &Bank, key: Key, succeed: bool, copies: usize) -> Outcome {
    match bank.press(key, succeed) {
        Paying::Closed => Outcome::refused("page closed"),
        Paying::Paid => Outcome::refused("paid").with(Learned::Back { key, claims_ok: true, copies }),
        Paying::Failed => Outcome::refused("failed").with(Learned::Back { key, claims_ok: false, copies }),
    }
}

/// A browser comes back, or somebody who plays one.
pub(super) async fn callback(app: Arc<App>, gateway: &'static str, params: Vec<(String, String)>) -> Outcome {
    match charges::callback(&app, gateway, &params, &origin()).await {
        Ok(back) if app.billing.site_urls.iter().any(|site| back.url.starts_with(site.as_str())) => {
            Outcome::new("sent back", Expect::Any)
        }
        Ok(back) => Outcome::wrong(format!("a browser is sent to {}", back.url)),
        Err(e) => e.into(),
    }
}

/// A payer asks what became of a charge.
pub(super) async fn poll(app: Arc<App>, user: UserId, charge: Uuid) -> Outcome {
    match charges::read(&app, user, charge).await {
        Ok(read) => {
            let outcome = Outcome::new(read.status.as_str(), Expect::Any);
            match read.pay_url {
                Some(url) => outcome.with(Learned::Page { url, user }),
                None => outcome,
            }
        }
        Err(e) => e.into(),
    }
}

/// Somebody else does.
pub(super) async fn pry(app: Arc<App>, stranger: UserId, charge: Uuid) -> Outcome {
    match charges::read(&app, stranger, charge).await {
        Ok(_) => Outcome::wrong("a stranger reads a charge"),
        Err(e) => e.into(),
    }
}

pub(super) async fn sweep(app: Arc<App>) -> Outcome {
    counted!(charges::sweep(&app))
}

/// Goes on with what gateways have not answered clearly.
pub(super) async fn finish_refunds(app: Arc<App>) -> Outcome {
    counted!(refunds::finish_due(&app))
}

/// The visit's payment page.
pub(super) async fn pay_online(
    app: Arc<App>,
    (token, patient): (Uuid, UserId),
    gateway: Option<&'static str>,
) -> Outcome {
    match charges::start_visit(&app, token, gateway.map(str::to_owned), by(patient)).await {
        Ok(url) => Outcome::refused("done").with(Learned::Page { url, user: patient }),
        Err(e) => e.into(),
    }
}

/// The page of a purchase that waits for its money.
pub(super) async fn checkout(
    app: Arc<App>,
    (purchase, user): (Uuid, UserId),
    gateway: Option<&'static str>,
) -> Outcome {
    let wanted = Checkout { user, purchase, gateway: gateway.map(str::to_owned), return_url: None };
    match subscriptions::checkout(&app, &wanted, by(user)).await {
        Ok(url) => Outcome::refused("done").with(Learned::Page { url, user }),
        Err(CheckoutError::Purchase(e)) => e.into(),
        Err(CheckoutError::Charge(e)) => e.into(),
    }
}

pub(super) async fn begin(app: Arc<App>, doctor: UserId, visit: VisitId) -> Outcome {
    match visits::start(&app, &caller(doctor, Role::Doctor), &by(doctor), visit).await {
        Ok(_) => Outcome::refused("done").with(Learned::VisitIs(visit, Stage::Begun)),
        Err(e) => e.into(),
    }
}

/// The price, without the platform's part, is the doctor's.
pub(super) async fn complete(app: Arc<App>, doctor: UserId, visit: VisitId) -> Outcome {
    match visits::complete(&app, &caller(doctor, Role::Doctor), &by(doctor), visit).await {
        Ok(led) => {
            let total = led.visit.price.total.get();
            let commission = total * i64::from(app.billing.commission_percent) / 100;
            let outcome = Outcome::new("done", Expect::Wallet(doctor, total - commission));
            outcome.with(Learned::VisitIs(visit, Stage::Over))
        }
        Err(e) => e.into(),
    }
}

/// Nothing comes back to whoever didn't come.
pub(super) async fn miss(app: Arc<App>, (doctor, patient): (UserId, UserId), visit: VisitId) -> Outcome {
    match visits::miss(&app, &caller(doctor, Role::Doctor), &by(doctor), visit).await {
        Ok(_) => {
            let outcome = Outcome::new("done", Expect::Wallet(patient, 0));
            outcome.with(Learned::VisitIs(visit, Stage::Over))
        }
        Err(e) => e.into(),
    }
}

/// By the doctor, or by an admin: everything comes back.
pub(super) async fn withdraw(
    app: Arc<App>,
    (doctor, patient): (UserId, UserId),
    visit: VisitId,
    by_admin: bool,
) -> Outcome {
    let answered = if by_admin {
        let render = Arc::new(|cancelled: Cancelled| json!(cancelled.refund.refund.get()));
        visits::cancel_by_admin(&app, &By::command_line(), visit, String::new(), None, render).await
    } else {
        let render = Arc::new(|led: Led| json!(led.visit.refunded.get()));
        let caller = caller(doctor, Role::Doctor);
        visits::cancel_by_doctor(&app, &caller, &by(doctor), visit, String::new(), None, render).await
    };
    match answered {
        Ok(answered) => {
            let back = answered.answer.as_i64().unwrap();
            Outcome::new("done", Expect::Wallet(patient, back)).with(Learned::VisitIs(visit, Stage::Over))
        }
        Err(e) => e.into(),
    }
}

pub(super) async fn stop_renewing(app: Arc<App>, user: UserId) -> Outcome {
    let render = Arc::new(|(held, _): (subscriptions::Subscription, Plan)| json!(held.id.to_string()));
    match subscriptions::cancel(&app, user, &by(user), None, render).await {
        Ok(_) => Outcome::refused("done"),
        Err(e) => e.into(),
    }
}

/// A code that few can use.
pub(super) async fn new_code(app: Arc<App>, name: String, worth: Worth, cap: i64) -> Outcome {
    let code = Code {
        code: name.clone(),
        worth,
        valid_from: None,
        valid_until: None,
        per_user_cap: Some(1),
        total_cap: Some(cap),
        plan: None,
        redeemed: 0,
        created_at: app.clock.now(),
    };
    match discounts::create(&app, &By::command_line(), code).await {
        Ok(_) => Outcome::refused("done").with(Learned::Code(name)),
        Err(discounts::CreateCodeError::Fault(fault)) => fault.into(),
        Err(e) => Outcome::wrong(e.to_string()),
    }
}

pub(super) async fn renew(app: Arc<App>) -> Outcome {
    counted!(subscriptions::look_after_due(&app))
}

pub(super) async fn give_up(app: Arc<App>) -> Outcome {
    counted!(subscriptions::give_up_unpaid(&app))
}

fn hold_error(e: HoldError) -> Outcome {
    match e {
        HoldError::Insufficient => Outcome::refused("insufficient balance"),
        HoldError::NotFound => Outcome::wrong("a hold is gone"),
        HoldError::Ended => Outcome::refused("ended"),
        HoldError::Amount => Outcome::refused("not an amount"),
        HoldError::Fault(fault) => fault.into(),
    }
}

pub(super) async fn place_hold(
    app: Arc<App>,
    user: UserId,
    amount: i64,
    (key, expires_at): (String, Option<Timestamp>),
) -> Outcome {
    let input = (Arc::clone(&app), user, rials(amount), key, expires_at, app.clock.now());
    let placed = app
        .db
        .write(input, |tx, (app, user, amount, key, expires_at, now)| {
            Box::pin(async move {
                let place = Place {
                    user: *user,
                    amount: *amount,
                    purpose: "simulation",
                    reference: None,
                    unique_key: key,
                    expires_at: *expires_at,
                    description: "مبلغ مسدودشده",
                };
                holds::place(tx, app, &place, *now).await
            })
        })
        .await;
    match placed {
        Ok(hold) => {
            let learned = Learned::Hold { id: hold.id, user, amount };
            Outcome::new("done", Expect::Wallet(user, -amount)).with(learned)
        }
        Err(e) => hold_error(e),
    }
}

/// Takes a part of it; the rest is the user's again.
pub(super) async fn post_hold(app: Arc<App>, (id, user): (Uuid, UserId), part: i64) -> Outcome {
    let now = app.clock.now();
    let posted = app
        .db
        .write((Arc::clone(&app), id, rials(part), now), |tx, (app, id, part, now)| {
            Box::pin(async move {
                let to: (Account, Rials) = (Account::fees(), *part);
                let what = (PostingKind::HoldPosted, "برداشت مبلغ مسدودشده");
                holds::post(tx, app, *id, to, what, *now).await
            })
        })
        .await;
    match posted {
        Ok(hold) if hold.expires_at.is_some_and(|end| end <= now) => {
            Outcome::wrong(format!("the hold {id} was posted after its end"))
        }
        Ok(hold) => {
            let back = hold.amount.get() - part;
            Outcome::new("done", Expect::Wallet(user, back)).with(Learned::HoldEnded(id))
        }
        Err(HoldError::Ended) => Outcome::refused("ended").with(Learned::HoldEnded(id)),
        Err(e) => hold_error(e),
    }
}

pub(super) async fn void_hold(app: Arc<App>, (id, user): (Uuid, UserId)) -> Outcome {
    let voided = app
        .db
        .write((Arc::clone(&app), id, app.clock.now()), |tx, (app, id, now)| {
            Box::pin(async move {
                holds::void(tx, app, *id, "آزادسازی مبلغ مسدودشده", *now).await
            })
        })
        .await;
    match voided {
        Ok(hold) => {
            Outcome::new("done", Expect::Wallet(user, hold.amount.get())).with(Learned::HoldEnded(id))
        }
        Err(HoldError::Ended) => Outcome::refused("ended").with(Learned::HoldEnded(id)),
        Err(e) => hold_error(e),
    }
}

/// What was due at its beginning has ended afterwards.
pub(super) async fn expire_holds(app: Arc<App>) -> Outcome {
    let now = app.clock.now();
    if let Err(fault) = holds::expire_due(&app).await {
        return fault.into();
    }
    match check_ends(&app, now).await {
        Some(text) => Outcome::wrong(text),
        None => Outcome::new("done", Expect::Any),
    }
}

pub(super) async fn expire_visits(app: Arc<App>) -> Outcome {
    match visits::expire_due(&app).await {
        Ok(_) => Outcome::refused("done"),
        Err(fault) => fault.into(),
    }
}

pub(super) async fn jobs(app: Arc<App>) -> Outcome {
    counted!(app::jobs::run_due(&app))
}

pub(super) async fn cron(app: Arc<App>) -> Outcome {
    counted!(app::jobs::run_cron(&app))
}

/// As the program does every minute.
pub(super) async fn verify_a_little(app: Arc<App>) -> Outcome {
    match billing::verify_a_little(&app).await {
        Ok(0) => Outcome::refused("done"),
        Ok(faults) => Outcome::wrong(format!("the program finds {faults} faults in its ledger")),
        Err(fault) => fault.into(),
    }
}

pub(super) async fn forget(app: Arc<App>) -> Outcome {
    match app::maintenance::forget_what_is_old(&app).await {
        Ok(_) => Outcome::refused("done"),
        Err(fault) => fault.into(),
    }
}

pub(super) async fn read_wallet(app: Arc<App>, user: UserId) -> Outcome {
    match wallet::read(&app, user).await {
        Ok(found) => Outcome::refused("done").with(Learned::Wallet {
            user,
            available: found.available,
            blocked: found.blocked,
        }),
        Err(fault) => fault.into(),
    }
}

/// Somebody comes.
pub(super) async fn new_patient(app: Arc<App>, phone: Phone) -> Outcome {
    let now = app.clock.now();
    let user = UserId::new(now, &*app.rng);
    let added = app
        .db
        .write((Arc::clone(&app), user, phone, now), |tx, (app, user, phone, now)| {
            Box::pin(async move {
                store::accounts::insert(tx, &app.keys, *user, Role::Patient, phone, *now).await?;
                store::patients::insert_empty(tx, *user).await?;
                Ok::<_, Fault>(())
            })
        })
        .await;
    match added {
        Ok(()) => Outcome::refused("done").with(Learned::Patient(user)),
        Err(fault) => fault.into(),
    }
}

/// Payers whose browser is all that asks come back once more.
pub(super) async fn insist(app: &Arc<App>, bank: &Bank) -> Vec<String> {
    let keys: Vec<Key> = bank.with(|truth| {
        let waiting = truth.orders().filter(|(_, order)| order.is_insistent);
        waiting.filter(|(_, order)| matches!(order.state, State::Paid(_))).map(|(key, _)| *key).collect()
    });
    let mut wrong = vec![];
    for key in keys {
        let params = super::gateway::params(key, true, 0);
        match charges::callback(app, GATEWAYS[key.0], &params, &origin()).await {
            Ok(_) | Err(ChargeError::NotFound) => {}
            Err(e) => wrong.push(format!("a browser that came back: {e}")),
        }
    }
    wrong
}
