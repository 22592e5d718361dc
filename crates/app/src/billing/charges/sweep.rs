//! Payments whose browser never came back: the gateway is asked every few minutes until the charge has ended, and ever
//! more seldom then. Gateways that list what was paid and never verified are asked for that, too.

use std::sync::Arc;

use domain::Timestamp;
use providers::Gateway;
use serde_json::Value;
use store::charges::{self, Charge, ChargeStatus};
use tokio::{sync::Semaphore, task::JoinSet};
use uuid::Uuid;

use super::{Brought, ChargeError, settle::next, settle_authority};
use crate::{App, Fault};

/// Charges that are looked at side by side; as one ends, another begins. A gateway that is slow holds up so many, not all.
const SIDE_BY_SIDE: usize = 32;
/// Charges that are taken at once.
const BATCH: usize = 64;

/// Looks at every charge that is due; how many of them were completed.
pub async fn sweep(app: &Arc<App>) -> Result<u64, Fault> {
    // nothing that comes due meanwhile: the run has an end
    let began = app.clock.now();
    let places = Arc::new(Semaphore::new(SIDE_BY_SIDE));
    let mut credited = 0;
    loop {
        let due = take(app, began, BATCH).await?;
        let is_last = due.len() < BATCH;
        let mut work = JoinSet::new();
        for charge in due {
            let (app, places) = (Arc::clone(app), Arc::clone(&places));
            work.spawn(async move {
                let _place = places.acquire().await;
                look_after(&app, charge).await
            });
        }
        credited += count(&mut work).await;
        if is_last {
            break;
        }
    }
    let mut work = JoinSet::new();
    for gateway in app.gateways.iter().filter(|gateway| gateway.lists_unverified()) {
        let (app, gateway) = (Arc::clone(app), Arc::clone(gateway));
        work.spawn(async move { look_through(&app, &*gateway).await });
    }
    Ok(credited + count(&mut work).await)
}

/// Waits for all of them; how many charges they have completed.
async fn count(work: &mut JoinSet<Result<u64, ChargeError>>) -> u64 {
    let mut credited = 0;
    while let Some(done) = work.join_next().await {
        match done {
            Ok(Ok(found)) => credited += found,
            Ok(Err(e)) => tracing::warn!(error = %e, "a charge could not be settled; it is tried again"),
            Err(e) => tracing::error!(error = %e, "settling a charge panicked"),
        }
    }
    credited
}

/// What a gateway says was paid and never verified; how many of ours are completed by that.
async fn look_through(app: &Arc<App>, gateway: &dyn Gateway) -> Result<u64, ChargeError> {
    let name = gateway.name();
    let Some(listed) = gateway.unverified().await else {
        tracing::warn!(gateway = name, "no list of what was paid and never verified");
        return Ok(0);
    };
    let mut completed = 0;
    for authority in listed {
        match settle_authority(app, name, &authority, Brought::default()).await {
            Ok(charge) => completed += u64::from(charge.status == ChargeStatus::Completed),
            // of another program with the same account
            Err(ChargeError::NotFound) => {}
            Err(e) => tracing::warn!(gateway = name, error = %e, "what is listed could not be settled"),
        }
    }
    Ok(completed)
}

/// Some that were due when the run began, put off for a while: what fails or takes too long holds nobody else up.
async fn take(app: &Arc<App>, began: Timestamp, most: usize) -> Result<Vec<Charge>, Fault> {
    let most = i64::try_from(most).unwrap_or(1);
    app.db
        .write((app.clock.now(), began, most), |tx, (now, began, most)| {
            Box::pin(async move {
                let due: Vec<Uuid> = charges::due(tx, *began, *most).await?;
                let mut taken = Vec::with_capacity(due.len());
                for id in due {
                    let charge = charges::lock(tx, id).await?;
                    let Some(charge) = charge.filter(|charge| charge.check_at.is_some_and(|at| at <= *began))
                    else {
                        continue;
                    };
                    let (status, check_at) = next(&charge, false, *now);
                    if charge.status == ChargeStatus::Completed {
                        charges::check_again(tx, id, check_at).await?;
                    } else {
                        charges::note(tx, id, status, check_at, *now).await?;
                    }
                    taken.push(charge);
                }
                Ok::<_, Fault>(taken)
            })
        })
        .await
}

/// One if it is completed now.
async fn look_after(app: &Arc<App>, charge: Charge) -> Result<u64, ChargeError> {
    let known = app
        .db
        .read(charge.id, |c, id| {
            Box::pin(async move {
                let mut known = vec![];
                for authority in charges::authorities(c, *id).await? {
                    let brought = charges::callbacks(c, &authority.gateway, &authority.authority).await?;
                    known.push((authority, brought));
                }
                Ok::<_, Fault>(known)
            })
        })
        .await?;
    if known.is_empty() && charge.expires_at <= app.clock.now() {
        // nobody was ever sent to pay it
        forget(app, charge.id).await?;
    }
    let was_completed = charge.status == ChargeStatus::Completed;
    let mut completed = false;
    for (authority, brought) in known {
        let (gateway, name) = (&authority.gateway, &authority.authority);
        let extras = brought.iter().filter_map(|text| serde_json::from_str::<Value>(text).ok());
        for extra in extras.chain([Value::Null]) {
            let settled = settle_authority(app, gateway, name, Brought { claims_ok: false, extra }).await?;
            completed |= settled.status == ChargeStatus::Completed;
            if completed && !was_completed {
                break;
            }
        }
    }
    Ok(u64::from(completed && !was_completed))
}

async fn forget(app: &App, id: Uuid) -> Result<(), Fault> {
    app.db
        .write((id, app.clock.now()), |tx, (id, now)| {
            Box::pin(async move {
                charges::note(tx, *id, ChargeStatus::Expired, None, *now).await?;
                Ok::<_, Fault>(())
            })
        })
        .await
}
