//! When the sweep asks again about a charge, and what the charge is until then.

use domain::{SignedDuration, Timestamp};
use store::charges::{Charge, ChargeStatus};

/// The sweep asks again after that while a charge is young, then ever more seldom: what was paid is found within five
/// minutes (D33).
const OFTEN: SignedDuration = SignedDuration::from_mins(1);
const SELDOM: SignedDuration = SignedDuration::from_mins(3);
/// And after that, once it has ended without a clear answer.
const LATER: SignedDuration = SignedDuration::from_mins(10);
/// So long after a charge began.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24);

/// A payer may try again on the gateway's page until the charge has ended. Then "not paid" is the last word after a day:
/// gateways have been wrong for hours.
pub(in crate::billing::charges) fn next(
    charge: &Charge,
    not_paid: bool,
    now: Timestamp,
) -> (ChargeStatus, Option<Timestamp>) {
    let has_ended = charge.expires_at <= now;
    let status = match charge.status {
        ChargeStatus::Pending | ChargeStatus::Failed if not_paid => ChargeStatus::Failed,
        ChargeStatus::Pending if has_ended => ChargeStatus::Expired,
        status => status,
    };
    let age = now.duration_since(charge.created_at);
    let check_at = match (has_ended, not_paid) {
        (false, _) => Some((now + (age / 5).clamp(OFTEN, SELDOM)).min(charge.expires_at)),
        (true, false) if age < PATIENCE => Some(now + LATER),
        (true, true) if age >= PATIENCE => None,
        // no clear answer is never the last word: asked ever more seldom
        (true, _) => Some(now + age / 4),
    };
    (status, check_at)
}
