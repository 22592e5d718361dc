//! Payments whose browser never came back: the gateway is asked every few minutes until long after the charge's end, and
//! ever more seldom then. Gateways that list what was paid and never verified are asked for that, too.
//!
//! Each gateway is asked by itself: one that is slow holds up its own charges, and no others.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use domain::Timestamp;
use providers::Gateway;
use serde_json::Value;
use store::charges::{self, Charge, ChargeStatus};
use tokio::task::{self, JoinSet};
use uuid::Uuid;

use super::{Brought, ChargeError, settle::next as next_look, settle_authority};
use crate::{App, Fault};

/// Charges that one gateway is asked about side by side; when all of them have ended, the next begin.
const SIDE_BY_SIDE: usize = 16;
/// Due charges that a run knows of, those that wait longest first.
const MOST: i64 = 20_000;
/// Charges whose gateways are looked up at once.
const LOOKED_UP: usize = 500;

/// What a gateway is still to be asked in this run.
struct Turn {
    /// Those that wait longest first.
    waiting: VecDeque<Uuid>,
    /// Asked when nothing waits any more.
    lists: Option<Arc<dyn Gateway>>,
    running: usize,
}

/// Looks at every charge that is due; how many of them were completed.
pub async fn sweep(app: &Arc<App>) -> Result<u64, Fault> {
    // nothing that comes due meanwhile: the run has an end
    let began = app.clock.now();
    let mut turns = turns(app, began).await?;
    // all of them in this one: whoever breaks the run off breaks off each at once
    let mut work: JoinSet<Result<u64, ChargeError>> = JoinSet::new();
    let mut whose: HashMap<task::Id, usize> = HashMap::new();
    let mut credited = 0;
    let mut free: Vec<usize> = (0..turns.len()).collect();
    loop {
        // of all gateways that are free together: a simulation's seed decides what runs beside what
        let next: Vec<(usize, Uuid)> = free.iter().flat_map(|n| some_of(&mut turns, *n)).collect();
        for (n, charge) in take(app, began, next).await? {
            let app = Arc::clone(app);
            whose.insert(work.spawn(async move { look_after(&app, charge).await }).id(), n);
        }
        for n in std::mem::take(&mut free) {
            let Some(turn) = turns.get_mut(n) else { continue };
            turn.running = whose.values().filter(|of| **of == n).count();
            if turn.running > 0 {
                continue;
            }
            if !turn.waiting.is_empty() {
                // others were quicker with these
                free.push(n);
            } else if let Some(gateway) = turn.lists.take() {
                let app = Arc::clone(app);
                whose.insert(work.spawn(async move { look_through(&app, &*gateway).await }).id(), n);
                turn.running = 1;
            }
        }
        if !free.is_empty() {
            continue;
        }
        let Some(done) = work.join_next_with_id().await else { return Ok(credited) };
        let id = match done {
            Ok((id, Ok(found))) => {
                credited += found;
                id
            }
            Ok((id, Err(e))) => {
                tracing::warn!(error = %e, "a charge could not be settled; it is tried again");
                id
            }
            Err(e) => {
                tracing::error!(error = %e, "settling a charge panicked");
                e.id()
            }
        };
        let turn = whose.remove(&id).and_then(|n| Some((n, turns.get_mut(n)?)));
        if let Some((n, turn)) = turn {
            turn.running -= 1;
            if turn.running == 0 {
                free.push(n);
            }
        }
    }
}

/// The next that this gateway is asked about.
fn some_of(turns: &mut [Turn], n: usize) -> Vec<(usize, Uuid)> {
    let Some(turn) = turns.get_mut(n) else { return vec![] };
    let many = SIDE_BY_SIDE.min(turn.waiting.len());
    turn.waiting.drain(..many).map(|id| (n, id)).collect()
}

/// What is due, those that wait longest first, by the gateway that is asked; one turn more for those whom nobody was ever
/// sent to pay.
async fn turns(app: &Arc<App>, began: Timestamp) -> Result<Vec<Turn>, Fault> {
    let due: Vec<Uuid> = app
        .db
        .read(began, |c, began| {
            Box::pin(async move { charges::due(c, *began, MOST).await.map_err(Fault::from) })
        })
        .await?;
    let mut all: BTreeMap<Option<String>, VecDeque<Uuid>> = BTreeMap::new();
    for gateway in &app.gateways {
        all.insert(Some(gateway.name().to_owned()), VecDeque::new());
    }
    for some in due.chunks(LOOKED_UP) {
        let known = app
            .db
            .read(some, |c, some| {
                Box::pin(async move { charges::authorities_of_many(c, some).await.map_err(Fault::from) })
            })
            .await?;
        let mut gateways: HashMap<Uuid, String> = HashMap::new();
        for authority in known {
            gateways.insert(authority.charge, authority.gateway);
        }
        for id in some {
            all.entry(gateways.remove(id)).or_default().push_back(*id);
        }
    }
    let turn = |(name, waiting): (Option<String>, VecDeque<Uuid>)| {
        let lists =
            name.and_then(|name| app.gateways.get(&name)).filter(|gateway| gateway.lists_unverified());
        Turn { waiting, lists: lists.cloned(), running: 0 }
    };
    Ok(all.into_iter().map(turn).collect())
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

/// Puts charges off for a while before anybody is asked: what fails or takes too long is not asked about at once again.
/// Without those with which somebody else was quicker.
async fn take(
    app: &Arc<App>,
    began: Timestamp,
    next: Vec<(usize, Uuid)>,
) -> Result<Vec<(usize, Charge)>, Fault> {
    if next.is_empty() {
        return Ok(vec![]);
    }
    app.db
        .write((app.clock.now(), began, next), |tx, (now, began, next)| {
            Box::pin(async move {
                let mut taken = vec![];
                for (turn, id) in next {
                    let charge = charges::lock(tx, *id).await?;
                    let is_due = |charge: &Charge| charge.check_at.is_some_and(|at| at <= *began);
                    let Some(charge) = charge.filter(is_due) else { continue };
                    let (status, check_at) = next_look(&charge, false, *now);
                    if charge.status == ChargeStatus::Completed {
                        charges::check_again(tx, *id, check_at).await?;
                    } else {
                        charges::note(tx, *id, status, check_at, *now).await?;
                    }
                    taken.push((*turn, charge));
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
