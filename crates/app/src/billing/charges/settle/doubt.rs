//! An authority is not money, or not yet: what its charge is by now, and what is still to be asked.

use std::sync::Arc;

use db::Conn;
use domain::Timestamp;
use store::charges::{self, AuthorityStatus, Charge, ChargeStatus};

use super::{Found, audit_charge, missing, next};
use crate::{App, Fault};

/// Why an authority is not money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// No clear answer: not yet, perhaps.
    Unclear,
    NotPaid,
    /// Its number is that of a payment that has completed another charge.
    Anothers,
}

impl Doubt {
    /// What the audit log says of it, where a browser said that it was paid or where it didn't.
    const fn told(self, claims_ok: bool) -> (&'static str, &'static str) {
        match self {
            Self::Anothers => ("charge.refuse", "the payment of another charge"),
            Self::NotPaid if claims_ok => ("charge.refuse", "said to be paid, and is not"),
            Self::NotPaid => ("charge.fail", "not paid"),
            Self::Unclear => ("charge.refuse", "said to be paid, without a clear answer"),
        }
    }
}

/// No money so far: what the charge is by now, and when to ask again.
pub(super) async fn noted(app: &Arc<App>, found: Found, doubt: Doubt) -> Result<Charge, Fault> {
    app.db
        .write((Arc::clone(app), found, doubt), |tx, (app, found, doubt)| {
            Box::pin(async move { note(tx, app, found, *doubt).await })
        })
        .await
}

/// What a stranger brought leaves the charge as it is. The sweep asks again with what the payer has brought. Writes to the
/// audit log: last in its transaction.
pub(super) async fn note(tx: &Conn, app: &App, found: &Found, doubt: Doubt) -> Result<Charge, Fault> {
    let not_paid = doubt != Doubt::Unclear;
    let Found { authority, brought, now, .. } = found;
    let (gateway, name) = (authority.gateway.as_str(), authority.authority.as_str());
    let charge = charges::lock(tx, found.charge.id).await?.ok_or_else(|| missing("a charge"))?;
    let extra = found.extra();
    if found.is_hearsay {
        // what was forged takes no room
        if let Some(extra) = extra.filter(|_| not_paid) {
            charges::forget_callback(tx, gateway, name, &extra, false).await?;
        }
        refuse_stranger(tx, app, found, (&charge, doubt)).await?;
        return Ok(charge);
    }
    let is_silent = found.needs_callback && extra.is_none() && !not_paid;
    let mark = if not_paid { AuthorityStatus::Failed } else { AuthorityStatus::Unknown };
    let changed = charges::mark(tx, gateway, name, mark).await?;
    match extra {
        Some(extra) if !not_paid => {
            charges::keep_callback(tx, gateway, name, &extra, true, *now).await?;
        }
        Some(extra) if found.needs_callback => {
            charges::forget_callback(tx, gateway, name, &extra, true).await?;
        }
        _ => {}
    }
    if charge.status == ChargeStatus::Completed && doubt != Doubt::Anothers {
        look_at_others(tx, &charge, *now).await?;
        refuse_stranger(tx, app, found, (&charge, doubt)).await?;
        return Ok(charge);
    }
    let (status, _) = next(&charge, not_paid, *now);
    // another authority of it may be in doubt while this one is not
    let none_is_paid = doubtful(tx, &charge).await? != Some(Doubt::Unclear);
    let (_, check_at) = next(&charge, not_paid && none_is_paid, *now);
    // who brings nothing puts off nothing that was brought
    let check_at = charge.check_at.filter(|_| is_silent).or(check_at);
    // one that is completed stays so
    charges::note(tx, charge.id, status, check_at, *now).await?;
    let after = charges::by_id(tx, charge.id).await?.ok_or_else(|| missing("a charge"))?;
    if changed && not_paid {
        if is_strangers_claim(found) {
            // this entry is the one of it
            charges::refuse_stranger(tx, gateway, name).await?;
        }
        let told = doubt.told(brought.claims_ok);
        audit_charge(tx, app, &charge, found.stranger.as_ref(), told, *now).await?;
    } else {
        refuse_stranger(tx, app, found, (&charge, doubt)).await?;
    }
    Ok(after)
}

const fn is_strangers_claim(found: &Found) -> bool {
    found.stranger.is_some() && found.brought.claims_ok
}

/// That a stranger says "paid" is told once of each authority, whatever the gateway's next answer is: who knows one may come
/// back with it without any limit.
async fn refuse_stranger(
    tx: &Conn,
    app: &App,
    found: &Found,
    (charge, doubt): (&Charge, Doubt),
) -> Result<(), Fault> {
    let Found { authority, stranger, now, .. } = found;
    if is_strangers_claim(found)
        && charges::refuse_stranger(tx, &authority.gateway, &authority.authority).await?
    {
        audit_charge(tx, app, charge, stranger.as_ref(), doubt.told(true), *now).await?;
    }
    Ok(())
}

/// A charge is completed, but the payer may have paid at another authority of it, too: those are asked about as before.
pub(super) async fn look_at_others(tx: &Conn, charge: &Charge, now: Timestamp) -> Result<(), Fault> {
    let doubt = doubtful(tx, charge).await?;
    let is_open = doubt.is_some();
    let check_at = next(charge, doubt == Some(Doubt::NotPaid), now).1.filter(|_| is_open);
    if check_at == charge.check_at {
        return Ok(());
    }
    Ok(charges::check_again(tx, charge.id, check_at).await?)
}

/// The most that can be said of all authorities of a charge that are not money; none where all are.
async fn doubtful(tx: &Conn, charge: &Charge) -> Result<Option<Doubt>, Fault> {
    let all = charges::authorities(tx, charge.id).await?;
    let open = all.iter().filter(|authority| !authority.status.is_credited());
    Ok(open
        .map(|authority| match authority.status {
            AuthorityStatus::Failed => Doubt::NotPaid,
            _ => Doubt::Unclear,
        })
        .min_by_key(|doubt| *doubt != Doubt::Unclear))
}
