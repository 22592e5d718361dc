//! Purchases: what buying a plan means for who has one already, and how long a purchase waits for its money.

use jiff::SignedDuration;

use super::Plan;

/// What one can buy at once.
pub const MOST_MONTHS: i64 = 36;
/// An online purchase waits so long for its money: a charge's 30 minutes (D33), and the sweep's. After that no page is
/// opened where it could be paid.
pub const PENDING: SignedDuration = SignedDuration::from_mins(40);
/// It waits longer for whoever was sent to a page by then: until so long after the charge's end.
pub const AFTER_CHARGE: SignedDuration = SignedDuration::from_mins(10);

/// What buying a plan means for somebody who has this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Begin,
    Extend,
    /// The days that are left of the old plan are credited against the new.
    Upgrade,
    /// A plan that is not dearer, an equal price included (or each change would begin a new month of quotas): when
    /// the one that is there has ended.
    Downgrade,
}

impl Change {
    #[must_use]
    pub fn of(has: Option<&Plan>, wants: &Plan) -> Self {
        match has {
            None => Self::Begin,
            Some(has) if has.id == wants.id => Self::Extend,
            Some(has) if has.price < wants.price => Self::Upgrade,
            Some(_) => Self::Downgrade,
        }
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::Extend => "extend",
            Self::Upgrade => "upgrade",
            Self::Downgrade => "downgrade",
        }
    }
}
