//! The gateway is asked to give a payment back, outside of any transaction, and what it says is written down with the
//! money. It is asked until its answer is clear.

use std::sync::Arc;

use db::Conn;
use domain::{
    SignedDuration, Timestamp,
    ledger::{Account, PostingKind},
};
use providers::gateways::{Inquired, Refunded};
use serde_json::{Value, json};
use store::{
    audit,
    charges::{self, Charge},
    refunds::{self, Refund, RefundStatus, Way},
};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{Ask, LEASE, RefundError};
use crate::{
    App, By, Fault,
    billing::holds::{self, HoldError},
    idempotency::{Answered, remember},
    notifications::{Notice, NoticeKind, tell},
};

/// An earlier call whose answer was lost may take effect for so long: a "no" is not believed before.
const DOUBT: SignedDuration = SignedDuration::from_mins(10);
/// Refunds that are gone on with side by side.
const BATCH: i64 = 16;
/// After so many unclear answers somebody should look.
const WORRYING: i64 = 5;
/// Characters of a gateway's answer that are kept.
const ANSWER: usize = 200;

/// The pause after so many unclear answers.
pub(super) fn pause(attempts: i64) -> SignedDuration {
    SignedDuration::from_mins(match attempts {
        ..=1 => 1,
        2 => 2,
        3 => 5,
        4 => 15,
        _ => 60,
    })
}

/// Nobody has asked the gateway before. The answer replaces the one that the first transaction has remembered.
pub(super) async fn first(
    app: &Arc<App>,
    refund: &Refund,
    ask: Arc<Ask>,
) -> Result<Answered<Value>, RefundError> {
    let told = told(app, refund, None).await;
    app.db
        .write((Arc::clone(app), refund.id, told, ask, app.clock.now()), |tx, (app, id, told, ask, now)| {
            Box::pin(async move {
                let after = write_down(tx, app, *id, told, *now).await?;
                let answer = (ask.render)(after.refund.clone());
                let answered = remember(tx, app, ask.once.as_ref(), answer).await?;
                on_record(tx, app, &ask.by, &after, *now).await?;
                Ok::<_, RefundError>(answered)
            })
        })
        .await
}

/// Goes on with open refunds that are due: the request broke off, or the gateway had no clear answer. How many ended.
pub async fn finish_due(app: &Arc<App>) -> Result<u64, Fault> {
    let mut ended = 0;
    loop {
        let due = take(app).await?;
        if due.is_empty() {
            return Ok(ended);
        }
        let mut work = JoinSet::new();
        for (refund, asked_before) in due {
            let app = Arc::clone(app);
            work.spawn(async move { again(&app, &refund, asked_before).await });
        }
        while let Some(done) = work.join_next().await {
            match done {
                Ok(Ok(true)) => ended += 1,
                Ok(Ok(false)) => {}
                Ok(Err(e)) => tracing::warn!(error = %e, "a refund could not be ended; it is tried again"),
                Err(e) => tracing::error!(error = %e, "a refund panicked"),
            }
        }
    }
}

/// Some that are due, put off for a while, each with when its gateway may have been asked before.
async fn take(app: &Arc<App>) -> Result<Vec<(Refund, Timestamp)>, Fault> {
    app.db
        .write(app.clock.now(), |tx, now| {
            Box::pin(async move {
                let due = refunds::due(tx, *now, BATCH).await?;
                let mut taken = Vec::with_capacity(due.len());
                for id in due {
                    let refund = refunds::lock(tx, id).await?;
                    let is_due = |refund: &Refund| refund.check_at.is_some_and(|at| at <= *now);
                    let Some(refund) = refund.filter(is_due) else { continue };
                    refunds::put_off(tx, id, *now + LEASE, *now).await?;
                    let asked_before = refund.asked_at.unwrap_or(refund.created_at);
                    taken.push((refund, asked_before));
                }
                Ok::<_, Fault>(taken)
            })
        })
        .await
}

/// Whether it has ended now.
async fn again(app: &Arc<App>, refund: &Refund, asked_before: Timestamp) -> Result<bool, Fault> {
    let told = told(app, refund, Some(asked_before)).await;
    app.db
        .write((Arc::clone(app), refund.id, told, app.clock.now()), |tx, (app, id, told, now)| {
            Box::pin(async move {
                let after = write_down(tx, app, *id, told, *now).await?;
                let by = By::worker(&after.refund.gateway);
                on_record(tx, app, &by, &after, *now).await?;
                Ok::<_, Fault>(after.is_news && after.refund.status != RefundStatus::Refunding)
            })
        })
        .await
}

/// What the gateway says. Where it may have been asked before, it first tells whether it has done it; and its "no" is
/// none while an earlier call may still take effect.
async fn told(app: &App, refund: &Refund, asked_before: Option<Timestamp>) -> Refunded {
    let Some(engine) = app.gateways.get(&refund.gateway) else {
        return Refunded::Unknown("the gateway is not set up".to_owned());
    };
    let name = refund.authority.as_str();
    let extra = json!({ "order": refund.charge.simple().to_string() });
    match refund.way {
        // never open
        Way::Wallet => return Refunded::Impossible("the gateway has no such call".to_owned()),
        // our id makes it the same refund
        Way::Refund => return engine.refund(name, refund.amount, refund.id).await,
        Way::Reverse => {}
    }
    let Some(before) = asked_before else { return engine.reverse(name, refund.amount, &extra).await };
    match engine.inquire(name, &extra).await {
        Inquired::Reversed => return Refunded::Done,
        Inquired::Verified | Inquired::Paid => {}
        Inquired::Pending => return Refunded::Unknown("the inquiry: pending".to_owned()),
        // not the word for what was given back: somebody has to look
        Inquired::Failed => return Refunded::Unknown("the inquiry: failed".to_owned()),
        Inquired::Unknown(cause) => return Refunded::Unknown(format!("the inquiry: {cause}")),
    }
    match engine.reverse(name, refund.amount, &extra).await {
        Refunded::Impossible(code) if app.clock.now() < before + DOUBT => Refunded::Unknown(code),
        told => told,
    }
}

/// A refund after the gateway was asked, or an admin was.
pub(super) struct After {
    pub(super) refund: Refund,
    pub(super) charge: Charge,
    /// Nobody else was quicker.
    is_news: bool,
}

/// The refund and its money, in one transaction; one that has ended meanwhile stays as it is.
pub(super) async fn write_down(
    tx: &Conn,
    app: &App,
    id: Uuid,
    told: &Refunded,
    now: Timestamp,
) -> Result<After, Fault> {
    let refund = refunds::lock(tx, id).await?.ok_or_else(|| missing("a refund"))?;
    let charge = charges::by_id(tx, refund.charge).await?.ok_or_else(|| missing("a charge"))?;
    if refund.status != RefundStatus::Refunding {
        if refund.status == RefundStatus::InWallet && *told == Refunded::Done {
            tracing::error!(refund = %id, charge = %charge.id, "a payment is in the wallet, and given back too");
        }
        return Ok(After { refund, charge, is_news: false });
    }
    let hold = refund.hold.ok_or_else(|| missing("a hold"))?;
    match told {
        Refunded::Done => {
            let to = (Account::clearing(&refund.gateway), refund.amount);
            let what = (PostingKind::ChargeRefund, "بازگشت وجه به کارت بانکی");
            holds::post(tx, app, hold, to, what, now).await.map_err(open)?;
            refunds::end(tx, id, RefundStatus::Refunded, None, now).await?;
        }
        Refunded::Impossible(code) => {
            let description = "بازگشت به کارت بانکی ممکن نشد؛ مبلغ به کیف پول برگشت";
            holds::void(tx, app, hold, description, now).await.map_err(open)?;
            refunds::end(tx, id, RefundStatus::InWallet, Some(&short(code)), now).await?;
        }
        Refunded::Unknown(code) => {
            let attempts = refund.attempts + 1;
            refunds::note(tx, id, &short(code), now + pause(attempts)).await?;
            if attempts >= WORRYING {
                tracing::error!(refund = %id, charge = %charge.id, attempts, code, "a refund has no clear answer");
            }
        }
    }
    let refund = refunds::by_id(tx, id).await?.ok_or_else(|| missing("a refund"))?;
    Ok(After { refund, charge, is_news: true })
}

/// Who has the money again is told so.
pub(super) async fn tell_payer(tx: &Conn, app: &App, after: &After, now: Timestamp) -> Result<(), Fault> {
    let After { refund, charge, is_news } = after;
    if !is_news || refund.status != RefundStatus::Refunded {
        return Ok(());
    }
    let notice = Notice {
        user: charge.user,
        kind: NoticeKind::PaymentRefunded,
        message: format!("{} ریال به کارت بانکی شما بازگردانده شد", refund.amount),
        visit: None,
        unique_key: format!("refund:{}", refund.id),
        sms: true,
    };
    tell(tx, app, &notice, now).await
}

/// Tells the payer how it ended, and the audit log: last in its transaction.
async fn on_record(tx: &Conn, app: &App, by: &By, after: &After, now: Timestamp) -> Result<(), Fault> {
    let After { refund, charge, is_news } = after;
    if !is_news {
        return Ok(());
    }
    let action = match refund.status {
        RefundStatus::Refunding => return Ok(()),
        RefundStatus::InWallet => "charge.refund_impossible",
        RefundStatus::Refunded => "charge.refunded",
    };
    tell_payer(tx, app, after, now).await?;
    let event = by.event(action, Some(charge.user), format!("{} {}", charge.id, refund.id));
    Ok(audit::append(tx, &app.keys, &event, now).await?)
}

/// A refund that is open has a hold that is open.
fn open(e: HoldError) -> Fault {
    match e {
        HoldError::Fault(fault) => fault,
        e => Fault::Internal(format!("an open refund's hold: {e}")),
    }
}

fn short(answer: &str) -> String {
    answer.chars().take(ANSWER).collect()
}

fn missing(what: &str) -> Fault {
    Fault::Internal(format!("{what} is gone"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_until_no_doubt_is_left() {
        let minutes: Vec<_> = (0..=6).map(|n| pause(n).as_mins()).collect();
        assert_eq!(minutes, [1, 1, 2, 5, 15, 60, 60]);
        assert!(pause(WORRYING) > DOUBT, "else a no would never be believed");
    }
}
