//! When the sweep asks again about a charge, and what the charge is until then.

use domain::{SignedDuration, Timestamp};
use store::charges::{Charge, ChargeStatus};

/// The sweep asks again after that while a charge is young, then ever more seldom. It comes by each minute, so three pass
/// at most: what was paid is found within five minutes (D33), and before a gateway gives it back (IDPay waits ten).
const OFTEN: SignedDuration = SignedDuration::from_mins(1);
const SELDOM: SignedDuration = SignedDuration::from_mins(2);
/// So long after a charge has ended as well: a payer may be at the bank still.
const LATECOMERS: SignedDuration = SignedDuration::from_hours(2);
/// And after that, while there was no clear answer.
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
    let status = match charge.status {
        ChargeStatus::Pending | ChargeStatus::Failed if not_paid => ChargeStatus::Failed,
        ChargeStatus::Pending if charge.expires_at <= now => ChargeStatus::Expired,
        status => status,
    };
    (status, check_at((charge.created_at, charge.expires_at), not_paid, now))
}

/// None: never again.
fn check_at(
    (created_at, expires_at): (Timestamp, Timestamp),
    not_paid: bool,
    now: Timestamp,
) -> Option<Timestamp> {
    let age = now.duration_since(created_at);
    if now < expires_at {
        return Some((now + (age / 5).clamp(OFTEN, SELDOM)).min(expires_at));
    }
    if now < expires_at + LATECOMERS {
        return Some(now + SELDOM);
    }
    match (not_paid, age < PATIENCE) {
        (false, true) => Some(now + LATER),
        (true, false) => None,
        // no clear answer is never the last word: asked ever more seldom
        _ => Some(now + age / 4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::charges::LIFE;

    fn minute(n: i64) -> Timestamp {
        let start: Timestamp = "2024-01-20T10:00:00Z".parse().unwrap();
        start + SignedDuration::from_mins(n)
    }

    fn after(not_paid: bool, now: Timestamp) -> Option<Timestamp> {
        check_at((minute(0), minute(0) + LIFE), not_paid, now)
    }

    #[test]
    fn until_two_hours_after_its_end_no_charge_is_left_alone_for_longer_than_three_minutes() {
        let (sweep, most) = (SignedDuration::from_mins(1), SignedDuration::from_mins(3));
        for not_paid in [false, true] {
            for second in 0..(30 + 120) * 60 {
                let now = minute(0) + SignedDuration::from_secs(second);
                let again = after(not_paid, now).unwrap();
                assert!(again > now && again + sweep <= now + most, "{not_paid} {second}");
            }
        }
    }

    #[test]
    fn a_charge_is_asked_about_at_its_very_end() {
        assert_eq!(after(false, minute(29)), Some(minute(30)));
        assert_eq!(after(true, minute(30) - SignedDuration::from_secs(1)), Some(minute(30)));
    }

    #[test]
    fn later_a_charge_is_asked_about_ever_more_seldom() {
        for (not_paid, now, again) in [
            (false, 149, Some(151)),
            (false, 150, Some(160)),
            (true, 149, Some(151)),
            (true, 152, Some(190)),
            (false, 24 * 60 - 1, Some(24 * 60 + 9)),
            (false, 24 * 60, Some(30 * 60)),
            (true, 24 * 60 - 4, Some(30 * 60 - 5)),
            (true, 24 * 60, None),
        ] {
            assert_eq!(after(not_paid, minute(now)), again.map(minute), "{not_paid} {now}");
        }
    }
}
