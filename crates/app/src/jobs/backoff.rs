//! How long a job that failed waits.

use domain::SignedDuration;

/// After so many attempts a job is dead.
pub(super) const ATTEMPTS: i64 = 8;

/// The pause after this attempt (from 1); none: it was the last.
pub(super) fn after(attempt: i64) -> Option<SignedDuration> {
    Some(match attempt {
        ..=1 => SignedDuration::from_secs(10),
        2 => SignedDuration::from_secs(30),
        3 => SignedDuration::from_mins(2),
        4 => SignedDuration::from_mins(10),
        5..ATTEMPTS => SignedDuration::from_hours(1),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour_and_end_with_the_eighth_attempt() {
        let seconds: Vec<_> = (1..=9).map(|n| after(n).map(|pause| pause.as_secs())).collect();
        let expected = [10, 30, 120, 600, 3_600, 3_600, 3_600].map(Some);
        assert_eq!(seconds[..7], expected);
        assert_eq!(seconds[7..], [None, None]);
    }

    #[test]
    fn no_number_panics() {
        assert!(after(i64::MIN).is_some() && after(0).is_some() && after(i64::MAX).is_none());
    }
}
