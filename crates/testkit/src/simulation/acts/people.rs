//! People come, money comes to them from nowhere, they read what they have.

use std::sync::Arc;

use app::{
    App, Fault,
    billing::{self, wallet},
};
use domain::{
    Phone, Role,
    ids::UserId,
    ledger::{Account, Posting, PostingKind},
};

use crate::simulation::{
    check::GIFTS,
    outcome::{Expect, Learned, Outcome},
    requests::rials,
};

/// Somebody comes.
pub(in crate::simulation) async fn new_patient(app: Arc<App>, phone: Phone) -> Outcome {
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

/// Money from nowhere: a wallet has to begin somehow.
pub(in crate::simulation) async fn give(app: Arc<App>, user: UserId, amount: i64, number: u64) -> Outcome {
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
pub(in crate::simulation) async fn post(app: &Arc<App>, posting: Posting) -> Result<(), Fault> {
    app.db
        .write((Arc::clone(app), posting, app.clock.now()), |tx, (app, posting, now)| {
            Box::pin(async move { billing::post(tx, app, posting, *now).await })
        })
        .await?;
    Ok(())
}

pub(in crate::simulation) async fn read_wallet(app: Arc<App>, user: UserId) -> Outcome {
    match wallet::read(&app, user).await {
        Ok(found) => Outcome::refused("done").with(Learned::Wallet {
            user,
            available: found.available,
            blocked: found.blocked,
        }),
        Err(fault) => fault.into(),
    }
}
