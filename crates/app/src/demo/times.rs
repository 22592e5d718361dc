//! When things happened to a visit: never later than now, and in their order.

use domain::{SignedDuration, Timestamp, schedule::Slot, visit::HOLD};

use super::{dice::Dice, story::Fate};

/// When what happened; none: it didn't.
#[expect(clippy::struct_field_names, reason = "the names of the columns")]
pub(super) struct Times {
    pub(super) created_at: Timestamp,
    pub(super) paid_at: Option<Timestamp>,
    pub(super) started_at: Option<Timestamp>,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) cancelled_at: Option<Timestamp>,
}

/// Of a visit in this slot, which lies where such a fate can be (the diary's rule).
pub(super) fn times(slot: Slot, fate: Fate, now: Timestamp, dice: &Dice) -> Times {
    let Slot { start, end } = slot;
    let seconds = |from, to| SignedDuration::from_secs(dice.between(from, to));
    let created_at = match fate {
        // still within its hold
        Fate::Pending => now - seconds(20, 240),
        // 40 minutes to two days ago: their people have not read of it yet
        _ if start > now => now - seconds(2_400, 165_600),
        // 6 hours to nine days before
        _ => start - seconds(21_600, 777_600),
    };
    let is_paid = !matches!(fate, Fate::Pending | Fate::Expired);
    let paid_at = is_paid.then(|| created_at + seconds(40, 600));
    let started_at = match fate {
        Fate::InProgress => Some(start.min(now)),
        Fate::Completed => Some(start + seconds(0, 240)),
        _ => None,
    };
    let ended_at = match fate {
        Fate::Completed => Some(end - seconds(0, 240)),
        Fate::Missed => Some(end),
        _ => None,
    };
    let cancelled_at = match (fate, paid_at) {
        (Fate::Expired, _) => Some(created_at + HOLD),
        (Fate::CancelledByPatient | Fate::CancelledByDoctor, Some(paid_at)) => {
            let left = start.min(now).duration_since(paid_at).as_secs();
            Some(paid_at + seconds(60, left - 60))
        }
        _ => None,
    };
    Times { created_at, paid_at, started_at, ended_at, cancelled_at }
}
