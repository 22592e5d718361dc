//! Subscriptions (D34): what they cost, how long they last, what an upgrade gives back, and which days a quota's month
//! has. All days are Tehran's; a subscription lasts from its first day up to the midnight that begins its end day.

mod life;
mod plan;
mod price;
mod purchase;
mod quota;

pub use life::{Due, Event, GRACE, RETRY_EVERY, Status, ends_at, live_until, months_later, next_try};
pub use plan::{FREE, Plan, PlanDiscount, plan_id};
pub use price::{Price, Stretch, Worth, code, worth_left};
pub use purchase::{AFTER_CHARGE, Change, MOST_MONTHS, PENDING};
pub use quota::{Limits, Period, Quota, UNLIMITED};

#[cfg(test)]
mod tests;
