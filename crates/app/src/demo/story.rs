//! What becomes of visits: of the first patient's by a script, of the others' by chance.

use Fate::{CancelledByDoctor, CancelledByPatient, Completed, Confirmed, Expired, Missed, Pending};

/// What becomes of a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Not paid yet.
    Pending,
    /// Never paid.
    Expired,
    Confirmed,
    InProgress,
    Completed,
    /// The patient didn't come.
    Missed,
    CancelledByPatient,
    CancelledByDoctor,
}

/// Of visits whose time is over, and how many of a hundred.
pub(super) const PAST: &[(Fate, i64)] =
    &[(Completed, 78), (Missed, 6), (CancelledByPatient, 8), (CancelledByDoctor, 4), (Expired, 4)];
/// Of those that lie ahead.
pub(super) const AHEAD: &[(Fate, i64)] =
    &[(Confirmed, 88), (CancelledByPatient, 7), (CancelledByDoctor, 3), (Pending, 2)];

/// Days from today on, and how many of a hundred visits lie there.
pub(super) const SPANS: &[((i64, i64), i64)] = &[((-60, -1), 68), ((0, 0), 8), ((1, 14), 24)];

/// The first patient's visits: to which doctor, between which days from today on, and what becomes of them.
pub(super) const STORY: &[(usize, (i64, i64), Fate)] = &[
    (0, (-58, -46), Completed),
    (0, (-45, -33), Completed),
    (0, (-32, -20), Completed),
    (0, (-19, -9), Completed),
    (0, (-8, -1), Completed),
    (0, (-50, -8), Missed),
    (0, (-40, -5), CancelledByPatient),
    (0, (2, 10), Confirmed),
    (0, (3, 13), Pending),
    (1, (-55, -40), Completed),
    (1, (-22, -4), Completed),
    (1, (-36, -24), CancelledByDoctor),
    (1, (1, 12), Confirmed),
    (2, (-48, -14), Completed),
    (4, (-30, -6), Completed),
    (4, (-52, -32), Expired),
    (6, (-26, -8), Missed),
    (6, (-50, -28), Completed),
    (7, (-20, -3), Completed),
    (7, (2, 14), CancelledByPatient),
    (7, (1, 14), Confirmed),
];
