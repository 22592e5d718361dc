//! What the development gateway keeps, and what its page does. The charges know no more of it than of a real one.

use std::sync::Arc;

use db::Db;
use domain::{Clock, Rials, SignedDuration};
use providers::gateways::{BoxFuture, Order, SandboxOrder, SandboxState, SandboxStatus, sandbox_authority};
use serde_json::Value;
use store::charges::sandbox::{self, SandboxRow};

use super::{Brought, ChargeError, LIFE, settle_authority};
use crate::{App, Fault};

const NAME: &str = "sandbox";
/// How long after the end of its charge somebody pays who pays late.
const AFTER: SignedDuration = SignedDuration::from_mins(1);

/// The orders, in the database: nodes come and go.
pub struct SandboxOrders {
    db: Db,
    clock: Arc<dyn Clock>,
}

impl SandboxOrders {
    #[must_use]
    pub fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }

    /// Pays what is to be paid late, once its charge has ended; whether it is paid by that.
    async fn pay_late(&self, authority: &str) -> Result<bool, Fault> {
        // the order is opened in the moment in which its charge begins
        let opened = self.clock.now() - LIFE - AFTER;
        self.db
            .write((authority.to_owned(), opened), |tx, (authority, opened)| {
                Box::pin(async move { Ok::<_, Fault>(sandbox::pay_late(tx, authority, *opened).await?) })
            })
            .await
    }
}

fn status(name: &str) -> Result<SandboxStatus, Fault> {
    match name {
        "pending" | "late" => Ok(SandboxStatus::Pending),
        "succeeded" => Ok(SandboxStatus::Succeeded),
        "failed" => Ok(SandboxStatus::Failed),
        "reversed" => Ok(SandboxStatus::Reversed),
        _ => Err(Fault::Internal("an order of the sandbox in no known state".into())),
    }
}

async fn find(db: &Db, authority: &str) -> Result<Option<SandboxRow>, Fault> {
    db.read(authority, |c, authority| {
        Box::pin(async move { Ok::<_, Fault>(sandbox::order(c, authority).await?) })
    })
    .await
}

impl SandboxState for SandboxOrders {
    fn open<'a>(&'a self, order: &'a Order) -> BoxFuture<'a, Result<String, String>> {
        Box::pin(async move {
            let row = SandboxRow {
                authority: String::new(),
                charge: order.id,
                amount: order.amount,
                description: order.description.clone(),
                callback_url: order.callback_url.clone(),
                status: "pending".into(),
                verified: false,
            };
            let opened = self.db.write((row, order.at), |tx, (row, at)| {
                Box::pin(async move {
                    Ok::<_, Fault>(sandbox::open_order(tx, row, sandbox_authority, *at).await?)
                })
            });
            opened.await.map_err(|e| e.to_string())
        })
    }

    fn look<'a>(&'a self, authority: &'a str) -> BoxFuture<'a, Result<Option<SandboxOrder>, String>> {
        Box::pin(async move {
            let Some(row) = find(&self.db, authority).await.map_err(|e| e.to_string())? else {
                return Ok(None);
            };
            let is_paid_by_now =
                row.status == "late" && self.pay_late(authority).await.map_err(|e| e.to_string())?;
            let name = if is_paid_by_now { "succeeded" } else { row.status.as_str() };
            let status = status(name).map_err(|e| e.to_string())?;
            Ok(Some(SandboxOrder { amount: row.amount, status }))
        })
    }

    fn mark_verified<'a>(&'a self, authority: &'a str) -> BoxFuture<'a, Result<bool, String>> {
        Box::pin(async move {
            let marked = self.db.write(authority.to_owned(), |tx, authority| {
                Box::pin(async move { Ok::<_, Fault>(sandbox::verify_order(tx, authority).await?) })
            });
            marked.await.map_err(|e| e.to_string())
        })
    }

    fn reverse<'a>(&'a self, authority: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let reversed = self.db.write(authority.to_owned(), |tx, authority| {
                Box::pin(async move { Ok::<_, Fault>(sandbox::reverse_order(tx, authority).await?) })
            });
            reversed.await.map(|_| ()).map_err(|e| e.to_string())
        })
    }
}

/// What the development gateway's page shows.
#[derive(Clone, Debug)]
pub struct SandboxPage {
    pub amount: Rials,
    pub description: String,
    pub state: PageState,
}

/// Where its order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageState {
    Pending,
    /// To be paid after its charge has ended.
    Late,
    Paid,
    Failed,
    Reversed,
}

/// A button of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Succeed,
    Fail,
    /// Pays, and never goes back.
    Leave,
    /// Goes away without paying.
    Abandon,
    /// Pays a minute after the charge has ended, and never goes back.
    Late,
    /// Pays, and the word of it comes twice.
    Twice,
}

/// The page of an authority.
pub async fn sandbox_page(app: &App, authority: &str) -> Result<SandboxPage, ChargeError> {
    let row = known(app, authority).await?;
    let state = match status(&row.status)? {
        SandboxStatus::Pending if row.status == "late" => PageState::Late,
        SandboxStatus::Pending => PageState::Pending,
        SandboxStatus::Succeeded => PageState::Paid,
        SandboxStatus::Failed => PageState::Failed,
        SandboxStatus::Reversed => PageState::Reversed,
    };
    Ok(SandboxPage { amount: row.amount, state, description: row.description })
}

async fn known(app: &App, authority: &str) -> Result<SandboxRow, ChargeError> {
    if app.gateways.get(NAME).is_none() {
        return Err(ChargeError::NotFound);
    }
    find(&app.db, authority).await?.ok_or(ChargeError::NotFound)
}

/// Does what the button says; where the browser goes then, if it goes anywhere.
pub async fn press(app: &Arc<App>, authority: &str, verb: Verb) -> Result<Option<String>, ChargeError> {
    let row = known(app, authority).await?;
    if verb == Verb::Abandon {
        return Ok(None);
    }
    app.db
        .write((row.authority.clone(), verb), |tx, (authority, verb)| {
            Box::pin(async move {
                if *verb == Verb::Late {
                    sandbox::put_off(tx, authority).await?;
                } else {
                    sandbox::set_order(tx, authority, *verb != Verb::Fail).await?;
                }
                Ok::<_, Fault>(())
            })
        })
        .await?;
    let claim = match verb {
        Verb::Succeed => "OK",
        Verb::Twice => {
            // the first time; the browser brings the second
            let brought = Brought { claims_ok: true, extra: Value::Null };
            settle_authority(app, NAME, &row.authority, brought).await?;
            "OK"
        }
        Verb::Fail => "NOK",
        Verb::Leave | Verb::Late | Verb::Abandon => return Ok(None),
    };
    let joint = if row.callback_url.contains('?') { '&' } else { '?' };
    Ok(Some(format!("{}{joint}Authority={}&Status={claim}", row.callback_url, row.authority)))
}
