//! An authority is money: its charge is completed once, and what the charge was for comes true.

use std::sync::Arc;

use db::Conn;
use domain::{
    Timestamp,
    ids::VisitId,
    ledger::{Account, Posting, PostingKind},
};
use store::charges::{self, AuthorityStatus, Charge, ChargeStatus, Purpose};

use super::{
    Found, audit_charge,
    doubt::{Doubt, look_at_others, note},
    missing,
};
use crate::{
    App, Fault,
    billing::{Posted, post, subscriptions},
    fault::faults,
    visits::{self, VisitError, payments::Source},
};

/// Why nothing was credited.
#[derive(Debug, thiserror::Error)]
enum CreditError {
    /// Another charge was completed with the gateway's number in this very moment.
    #[error("the gateway's number was taken meanwhile")]
    Taken,
    #[error(transparent)]
    Fault(Fault),
}
faults!(CreditError);

impl From<CreditError> for Fault {
    fn from(e: CreditError) -> Self {
        match e {
            CreditError::Taken => Self::Internal(e.to_string()),
            CreditError::Fault(fault) => fault,
        }
    }
}

pub(super) async fn credited(
    app: &Arc<App>,
    found: Found,
    reference: Option<String>,
) -> Result<Charge, Fault> {
    let credited = match attempt(app, found.clone(), reference.clone()).await {
        // now it can be seen which charge has the number
        Err(CreditError::Taken) => attempt(app, found, reference).await,
        credited => credited,
    };
    let charge = credited?;
    // after the commit: who asks in between would keep what was before
    app.tiers.forget(charge.user);
    Ok(charge)
}

async fn attempt(app: &Arc<App>, found: Found, reference: Option<String>) -> Result<Charge, CreditError> {
    app.db
        .write((Arc::clone(app), found, reference), |tx, (app, found, reference)| {
            Box::pin(async move { credit(tx, app, found, reference.as_deref()).await })
        })
        .await
}

/// In one transaction: the charge is held, so that of many at once one credits and the others see that it has.
async fn credit(tx: &Conn, app: &App, found: &Found, reference: Option<&str>) -> Result<Charge, CreditError> {
    let Found { charge: Charge { id, .. }, authority, receipt, now, .. } = found;
    let (gateway, name) = (authority.gateway.as_str(), authority.authority.as_str());
    let charge = charges::lock(tx, *id).await?.ok_or_else(|| missing("a charge"))?;
    let stored = charges::by_authority(tx, gateway, name).await?.ok_or_else(|| missing("an authority"))?;
    if stored.status.is_credited() {
        return Ok(charge);
    }
    // a browser has brought the number, and nothing but that says which payment it is
    if let Some(reference) = reference.filter(|_| gateway == "bitpay")
        && charges::bitpay_has_paid(tx, reference).await?
    {
        tracing::error!(gateway, charge = %id, reference, "a payment that has completed another charge");
        return Ok(note(tx, app, found, Doubt::Anothers).await?);
    }
    if charge.status == ChargeStatus::Completed {
        // the payer has paid twice: the second time is theirs to spend
        charges::mark_credited(tx, gateway, name, AuthorityStatus::Extra, receipt).await?;
        look_at_others(tx, &charge, *now).await?;
        let key = format!("charge:{id}:{name}");
        to_wallet(tx, app, &charge, (gateway, key, "واریز پرداخت تکراری به کیف پول"), *now).await?;
        return Ok(charge);
    }
    charges::mark_credited(tx, gateway, name, AuthorityStatus::Paid, receipt).await?;
    let is_first = charges::complete(tx, *id, name, reference, *now).await.map_err(|e| match e {
        store::Error::Db(db::Error::Unique(_)) => CreditError::Taken,
        e => e.into(),
    })?;
    if !is_first {
        return Err(Fault::Internal("a charge was completed meanwhile".into()).into());
    }
    let completed = charges::by_id(tx, *id).await?.ok_or_else(|| missing("a charge"))?;
    look_at_others(tx, &completed, *now).await?;
    spend(tx, app, &charge, gateway, *now).await?;
    Ok(completed)
}

/// What the charge was for comes true, or the money is the user's to spend.
async fn spend(tx: &Conn, app: &App, charge: &Charge, gateway: &str, now: Timestamp) -> Result<(), Fault> {
    let source = Source { gateway: gateway.to_owned(), charge: charge.id };
    let key = format!("charge:{}", charge.id);
    let description = match charge.purpose {
        Purpose::Wallet => "شارژ کیف پول",
        Purpose::Visit(visit) => {
            match visits::settle(tx, app, VisitId(visit), &source, charge.amount, now).await {
                Ok(_) => return Ok(()),
                Err(VisitError::NotFound) => "واریز پرداخت ویزیت به کیف پول",
                Err(VisitError::Fault(fault)) => return Err(fault),
                Err(e) => return Err(Fault::Internal(e.to_string())),
            }
        }
        Purpose::Subscription(purchase) => {
            match subscriptions::settle(tx, app, purchase, (&source, charge.amount), now).await? {
                subscriptions::Settled::Done => return Ok(()),
                subscriptions::Settled::IntoWallet(_) => "واریز پرداخت اشتراک به کیف پول",
            }
        }
    };
    to_wallet(tx, app, charge, (gateway, key, description), now).await
}

/// Writes to the audit log: last in its transaction.
async fn to_wallet(
    tx: &Conn,
    app: &App,
    charge: &Charge,
    (gateway, key, description): (&str, String, &str),
    now: Timestamp,
) -> Result<(), Fault> {
    let posting = Posting::transfer(
        PostingKind::Charge,
        key,
        Some(charge.id),
        description,
        (Account::clearing(gateway), Account::wallet(charge.user), charge.amount),
    )?;
    match post(tx, app, &posting, now).await? {
        Posted::Done(_) => {
            audit_charge(tx, app, charge, None, ("charge.complete", charge.purpose.as_str()), now).await
        }
        Posted::Before(_) => Err(Fault::Internal(format!("{} was posted before", posting.unique_key()))),
    }
}
