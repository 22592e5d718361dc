//! One payment: whether the program says of it what its gateway says.

use std::sync::Arc;

use app::{App, Fault};
use db::Sql;

use crate::simulation::gateway::{Bank, GATEWAYS, Key, authority};

// what a gateway's payment has given back, and what of it is open; by the index on both
const GIVEN_BACK: Sql = Sql {
    sqlite: "SELECT CAST(coalesce(sum(CASE WHEN status = 'refunded' THEN amount ELSE 0 END), 0) AS BIGINT),
                    CAST(coalesce(sum(CASE WHEN status = 'refunding' THEN 1 ELSE 0 END), 0) AS BIGINT)
             FROM charge_refunds WHERE gateway = ?1 AND authority = ?2",
    postgres: "SELECT CAST(coalesce(sum(CASE WHEN status = 'refunded' THEN amount ELSE 0 END), 0) AS BIGINT),
                      CAST(coalesce(sum(CASE WHEN status = 'refunding' THEN 1 ELSE 0 END), 0) AS BIGINT)
               FROM charge_refunds WHERE gateway = $1 AND authority = $2",
};

/// Whether the program says of a payment what its gateway says: credited or not.
pub(in crate::simulation) async fn check_authority(
    app: &Arc<App>,
    key: Key,
    is_verified: bool,
) -> Option<String> {
    let (gateway, name) = (GATEWAYS[key.0], authority(key.1));
    let found = app
        .db
        .read(name.clone(), move |c, name| {
            Box::pin(async move { store::charges::by_authority(c, gateway, name).await.map_err(Fault::from) })
        })
        .await
        .unwrap();
    let is_credited = found.is_some_and(|found| found.status.is_credited());
    let said = |yes: bool| if yes { "money" } else { "no money" };
    (is_credited != is_verified).then(|| {
        format!("{gateway} {name} is {} by the gateway, {} by us", said(is_verified), said(is_credited))
    })
}

/// What the program has given back of a payment, compared with what its gateway has.
#[derive(Debug)]
pub(in crate::simulation) enum Back {
    Right,
    /// The program still asks.
    Open,
    Wrong(String),
}

impl Back {
    pub(in crate::simulation) fn wrong(self) -> Option<String> {
        match self {
            Self::Wrong(text) => Some(text),
            Self::Right | Self::Open => None,
        }
    }

    /// Nothing is open any more but what the gateway never answers.
    pub(in crate::simulation) fn at_the_end(self, bank: &Bank, key: Key) -> Option<String> {
        let is_mute = || bank.with(|truth| truth.order(key).is_some_and(|order| order.is_mute));
        match self {
            Self::Open if !is_mute() => {
                Some(format!("{} {}: a refund never ends", GATEWAYS[key.0], authority(key.1)))
            }
            other => other.wrong(),
        }
    }
}

/// Whether what a gateway gave back of a payment was posted, and nothing else was.
pub(in crate::simulation) async fn check_given_back(app: &Arc<App>, bank: &Bank, key: Key) -> Back {
    let (gateway, name) = (GATEWAYS[key.0], authority(key.1));
    let given = bank.with(|truth| truth.order(key).map_or(0, |order| order.given));
    let found: Option<(i64, i64)> = app.db.one(GIVEN_BACK, &[&gateway, &name]).await.unwrap();
    let (posted, open) = found.unwrap_or_default();
    if open > 0 {
        Back::Open
    } else if posted == given {
        Back::Right
    } else {
        Back::Wrong(format!("{gateway} {name} gave {given} Rials back, {posted} were posted"))
    }
}
