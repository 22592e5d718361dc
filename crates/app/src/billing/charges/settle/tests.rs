//! When a charge is looked at again, and what a gateway is asked with.

use domain::{Rials, SignedDuration, ids::UserId};
use store::charges::{ChargeStatus, Purpose};
use uuid::Uuid;

use super::*;
use crate::billing::charges::LIFE;

fn charge(status: ChargeStatus) -> Charge {
    let created_at: Timestamp = "2024-01-20T10:00:00Z".parse().unwrap();
    Charge {
        id: Uuid::from_u128(1),
        user: UserId(Uuid::from_u128(2)),
        purpose: Purpose::Wallet,
        amount: Rials::new(1_000).unwrap(),
        gateway: "sandbox".into(),
        return_url: "https://helssa.ir/".into(),
        status,
        credited_authority: None,
        gateway_reference: None,
        created_at,
        expires_at: created_at + LIFE,
        checked_at: None,
        check_at: None,
        verified_at: None,
    }
}

#[test]
fn what_is_not_paid_is_final_only_after_a_day() {
    use ChargeStatus::{Expired, Failed, Pending};
    let minutes = |n| charge(Pending).created_at + SignedDuration::from_mins(n);
    for (status, not_paid, at, expected, again) in [
        (Pending, false, 1, Pending, Some(2)),
        (Pending, true, 1, Failed, Some(2)),
        (Pending, false, 5, Pending, Some(6)),
        (Pending, false, 10, Pending, Some(12)),
        (Pending, false, 20, Pending, Some(22)),
        (Failed, false, 29, Failed, Some(30)),
        (Pending, false, 30, Expired, Some(32)),
        (Pending, true, 32, Failed, Some(34)),
        (Expired, true, 40, Expired, Some(42)),
        (Failed, true, 24 * 60 - 4, Failed, Some(30 * 60 - 5)),
        (Failed, true, 24 * 60, Failed, None),
        (Expired, false, 24 * 60 - 1, Expired, Some(24 * 60 + 9)),
        (Expired, false, 24 * 60, Expired, Some(30 * 60)),
    ] {
        let found = next(&charge(status), not_paid, minutes(at));
        assert_eq!(found, (expected, again.map(minutes)), "{status:?} {not_paid} {at}");
    }
}

#[test]
fn the_order_is_ours_whatever_the_browser_brought() {
    let id = Uuid::from_u128(1).simple().to_string();
    for brought in [Value::Null, json!([]), json!({ "order": "another" })] {
        assert_eq!(with_order(&brought, &charge(ChargeStatus::Pending)), json!({ "order": id }));
    }
}
