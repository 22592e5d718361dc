//! How a visit's price is shared between the doctor and the platform.

use crate::Rials;

/// What a visit's price becomes when the visit is over (D35).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Earning {
    pub doctor: Rials,
    pub commission: Rials,
}

impl Earning {
    /// The commission is rounded down to a whole Rial: what is left over is the doctor's.
    #[must_use]
    pub fn of(total: Rials, commission_percent: u8) -> Self {
        let commission = total.percent(commission_percent);
        Self { doctor: total.less(commission), commission }
    }
}
