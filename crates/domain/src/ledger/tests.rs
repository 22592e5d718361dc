//! What holds of every posting, account and earning.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{Rials, ids::UserId};

fn user(n: u8) -> UserId {
    UserId(Uuid::from_u128(n.into()))
}

fn posting(amounts: &[i64]) -> Result<Posting, Unbalanced> {
    let entry = |amount: &i64| Entry { account: Account::wallet(user(1)), amount: *amount };
    let entries = amounts.iter().map(entry).collect();
    Posting::new(PostingKind::Adjustment, "key", None, "اصلاح", entries)
}

#[test]
fn only_what_sums_to_zero_is_a_posting() {
    assert!(posting(&[-5, 5]).is_ok());
    assert!(posting(&[-5, 2, 3]).is_ok());
    assert_eq!(posting(&[-5, 4]), Err(Unbalanced::Sum(-1)));
    assert_eq!(posting(&[i64::MAX, i64::MAX]), Err(Unbalanced::Sum(2 * i128::from(i64::MAX))));
    assert_eq!(posting(&[-5, 5, 0]), Err(Unbalanced::Zero));
    assert_eq!(posting(&[]), Err(Unbalanced::Empty));
    let keyless = Posting::new(PostingKind::Adjustment, "", None, "", vec![]);
    assert_eq!(keyless, Err(Unbalanced::NoKey));
    let (from, to) = (Account::wallet(user(1)), Account::escrow());
    let nothing = Posting::transfer(PostingKind::Adjustment, "key", None, "", (from, to, Rials::ZERO));
    assert_eq!(nothing, Err(Unbalanced::Zero));
}

#[test]
fn accounts_are_known_by_kind_and_owner_and_lock_in_one_order() {
    assert_eq!(Account::wallet(user(7)).owner, "00000000-0000-0000-0000-000000000007");
    assert_ne!(Account::wallet(user(7)), Account::hold(user(7)));
    assert!(Account::wallet(user(9)) < Account::hold(user(1)), "kinds first");
    assert!(Account::wallet(user(1)) < Account::wallet(user(2)));
    assert!(Account::clearing("zarinpal") < Account::escrow());
    assert!(Account::insurer("ایران") < Account::commission());
    assert!(Account::fees() < Account::subscriptions() && Account::subscriptions() < Account::payouts());
}

#[test]
fn names_are_read_back() {
    for kind in AccountKind::ALL {
        assert_eq!(AccountKind::parse(kind.as_str()), Some(kind));
    }
    for kind in PostingKind::ALL {
        assert_eq!(PostingKind::parse(kind.as_str()), Some(kind));
    }
    for direction in [Direction::Credit, Direction::Debit] {
        assert_eq!(Direction::parse(direction.as_str()), Ok(direction));
    }
    assert!(Direction::parse("both").is_err());
    assert_eq!((AccountKind::parse("till"), PostingKind::parse("gift")), (None, None));
}

#[test]
fn the_commission_of_the_reference_is_a_tenth() {
    let earning = Earning::of(Rials::new(800_000).unwrap(), 10);
    assert_eq!((earning.doctor.get(), earning.commission.get()), (720_000, 80_000));
}

proptest! {
    #[test]
    fn a_remainder_balances_and_one_rial_more_does_not(
        amounts in prop::collection::vec(prop_oneof![1..=i64::from(i32::MAX), -i64::from(i32::MAX)..=-1], 1..20),
    ) {
        let sum: i64 = amounts.iter().sum();
        let mut whole = amounts;
        if sum != 0 {
            whole.push(-sum);
        }
        prop_assert!(posting(&whole).is_ok());
        whole.push(1);
        prop_assert_eq!(posting(&whole), Err(Unbalanced::Sum(1)));
    }

    #[test]
    fn what_one_gives_another_gets(amount in 1..=i64::MAX) {
        let amount = Rials::new(amount).unwrap();
        let moved = (Account::wallet(user(1)), Account::escrow(), amount);
        let posting = Posting::transfer(PostingKind::VisitPayment, "key", None, "", moved).unwrap();
        let [from, to] = posting.entries() else { panic!("two") };
        prop_assert_eq!(from.amount + to.amount, 0);
        prop_assert_eq!(Direction::of(from.amount), Direction::Debit);
        prop_assert_eq!(Direction::of(to.amount), Direction::Credit);
    }

    #[test]
    fn an_earning_is_the_whole_price(total in 0..=i64::MAX, percent in 0_u8..=100) {
        let total = Rials::new(total).unwrap();
        let Earning { doctor, commission } = Earning::of(total, percent);
        prop_assert_eq!(doctor.plus(commission), Some(total));
        let parts = [Account::wallet(user(1)).gets(doctor), Account::commission().gets(commission)];
        prop_assert!(without_zeros(parts).iter().all(|entry| entry.amount > 0));
    }
}
