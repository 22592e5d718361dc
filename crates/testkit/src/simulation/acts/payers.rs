//! Payers, their browsers, and whoever plays them.

use std::sync::Arc;

use app::{
    App, Fault,
    billing::charges::{self, ChargeError},
};
use domain::ids::UserId;
use serde_json::json;
use store::charges::{Authority, AuthorityStatus};
use uuid::Uuid;

use crate::simulation::{
    gateway::{Bank, GATEWAYS, Key, authority, origin, page, params},
    outcome::{Expect, Learned, Outcome},
    requests::{by, rials},
    truth::{Paying, State},
};

/// A client that may not: sent back to somewhere else, or through a gateway that isn't there.
pub(in crate::simulation) async fn bad_charge(app: Arc<App>, user: UserId, other_gateway: bool) -> Outcome {
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
pub(in crate::simulation) async fn second_authority(
    app: Arc<App>,
    bank: Arc<Bank>,
    key: Key,
    user: UserId,
) -> Outcome {
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
pub(in crate::simulation) fn press(bank: &Bank, key: Key, succeed: bool, copies: usize) -> Outcome {
    match bank.press(key, succeed) {
        Paying::Closed => Outcome::refused("page closed"),
        Paying::Paid => Outcome::refused("paid").with(Learned::Back { key, claims_ok: true, copies }),
        Paying::Failed => Outcome::refused("failed").with(Learned::Back { key, claims_ok: false, copies }),
    }
}

/// A browser comes back, or somebody who plays one.
pub(in crate::simulation) async fn callback(
    app: Arc<App>,
    gateway: &'static str,
    params: Vec<(String, String)>,
) -> Outcome {
    match charges::callback(&app, gateway, &params, &origin()).await {
        Ok(back) if app.billing.site_urls.iter().any(|site| back.url.starts_with(site.as_str())) => {
            Outcome::new("sent back", Expect::Any)
        }
        Ok(back) => Outcome::wrong(format!("a browser is sent to {}", back.url)),
        Err(e) => e.into(),
    }
}

/// A payer asks what became of a charge.
pub(in crate::simulation) async fn poll(app: Arc<App>, user: UserId, charge: Uuid) -> Outcome {
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
pub(in crate::simulation) async fn pry(app: Arc<App>, stranger: UserId, charge: Uuid) -> Outcome {
    match charges::read(&app, stranger, charge).await {
        Ok(_) => Outcome::wrong("a stranger reads a charge"),
        Err(e) => e.into(),
    }
}

/// Payers whose browser is all that asks come back once more.
pub(in crate::simulation) async fn insist(app: &Arc<App>, bank: &Bank) -> Vec<String> {
    let keys: Vec<Key> = bank.with(|truth| {
        let waiting = truth.orders().filter(|(_, order)| order.is_insistent);
        waiting.filter(|(_, order)| matches!(order.state, State::Paid(_))).map(|(key, _)| *key).collect()
    });
    let mut wrong = vec![];
    for key in keys {
        let params = params(key, true, 0);
        match charges::callback(app, GATEWAYS[key.0], &params, &origin()).await {
            Ok(_) | Err(ChargeError::NotFound) => {}
            Err(e) => wrong.push(format!("a browser that came back: {e}")),
        }
    }
    wrong
}
