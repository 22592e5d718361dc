//! Double entry (D32): postings of several entries that sum to zero, on accounts found by kind and owner.

use uuid::Uuid;

use crate::{Rials, ids::UserId};

/// What an account is for. The order is that in which postings lock their accounts: those that everybody shares last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountKind {
    /// What a user can spend now.
    Wallet,
    /// What is blocked of a user's money.
    Hold,
    /// What a gateway owes us: negative, so much it has taken for us.
    Clearing,
    /// What an insurer owes us: negative, so much.
    Insurer,
    /// What patients paid for visits that have not ended.
    Escrow,
    /// What cancellations and missed visits cost.
    Fees,
    /// The platform's part of what doctors earn.
    Commission,
    /// What subscriptions cost.
    Subscriptions,
    /// What was paid out to doctors' banks.
    Payouts,
}

impl AccountKind {
    pub const ALL: [Self; 9] = [
        Self::Wallet,
        Self::Hold,
        Self::Clearing,
        Self::Insurer,
        Self::Escrow,
        Self::Fees,
        Self::Commission,
        Self::Subscriptions,
        Self::Payouts,
    ];

    /// As it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wallet => "wallet",
            Self::Hold => "hold",
            Self::Clearing => "clearing",
            Self::Insurer => "insurer",
            Self::Escrow => "escrow",
            Self::Fees => "fees",
            Self::Commission => "commission",
            Self::Subscriptions => "subscriptions",
            Self::Payouts => "payouts",
        }
    }

    /// None where the name is no kind.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether its balance may be below zero; the schema has the same.
    #[must_use]
    pub const fn may_be_negative(self) -> bool {
        matches!(self, Self::Clearing | Self::Insurer | Self::Payouts)
    }
}

/// An account of the ledger; it is made when something is first posted to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    pub kind: AccountKind,
    /// A user's id, or a name.
    pub owner: String,
}

/// The owner of what belongs to the platform itself.
const PLATFORM: &str = "platform";

impl Account {
    fn named(kind: AccountKind, owner: &str) -> Self {
        Self { kind, owner: owner.to_owned() }
    }

    /// What this user can spend.
    #[must_use]
    pub fn wallet(user: UserId) -> Self {
        Self { kind: AccountKind::Wallet, owner: user.to_string() }
    }

    /// What is blocked of this user's money.
    #[must_use]
    pub fn hold(user: UserId) -> Self {
        Self { kind: AccountKind::Hold, owner: user.to_string() }
    }

    /// What is paid for visits that have not ended.
    #[must_use]
    pub fn escrow() -> Self {
        Self::named(AccountKind::Escrow, "visits")
    }

    /// What this gateway owes.
    #[must_use]
    pub fn clearing(gateway: &str) -> Self {
        Self::named(AccountKind::Clearing, gateway)
    }

    /// What this insurer owes; by its name in the register.
    #[must_use]
    pub fn insurer(name: &str) -> Self {
        Self::named(AccountKind::Insurer, name)
    }

    /// The platform's part of what doctors earn.
    #[must_use]
    pub fn commission() -> Self {
        Self::named(AccountKind::Commission, PLATFORM)
    }

    /// What cancellations and missed visits cost.
    #[must_use]
    pub fn fees() -> Self {
        Self::named(AccountKind::Fees, PLATFORM)
    }

    /// What subscriptions cost.
    #[must_use]
    pub fn subscriptions() -> Self {
        Self::named(AccountKind::Subscriptions, PLATFORM)
    }

    /// What was paid out.
    #[must_use]
    pub fn payouts() -> Self {
        Self::named(AccountKind::Payouts, PLATFORM)
    }

    /// The entry that takes so much from it.
    #[must_use]
    pub fn gives(self, amount: Rials) -> Entry {
        // never overflows: an amount is not negative
        Entry { account: self, amount: -amount.get() }
    }

    /// The entry that adds so much to it.
    #[must_use]
    pub fn gets(self, amount: Rials) -> Entry {
        Entry { account: self, amount: amount.get() }
    }
}

/// One account's part of a posting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub account: Account,
    /// Whole Rials; what is taken is negative.
    pub amount: i64,
}

/// What a posting is about, for statistics and people who look into the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PostingKind {
    /// Money came in through a gateway.
    Charge,
    /// Money went back through the gateway that it came from.
    ChargeRefund,
    VisitPayment,
    VisitRefund,
    /// Money for a visit that could not be paid any more; it is in the wallet.
    VisitLate,
    VisitEarning,
    VisitMissed,
    HoldPlaced,
    HoldPosted,
    HoldVoided,
    HoldExpired,
    Subscription,
    SubscriptionRefund,
    Payout,
    PayoutReturned,
    /// By an admin, for a reason in the audit log.
    Adjustment,
}

impl PostingKind {
    pub const ALL: [Self; 16] = [
        Self::Charge,
        Self::ChargeRefund,
        Self::VisitPayment,
        Self::VisitRefund,
        Self::VisitLate,
        Self::VisitEarning,
        Self::VisitMissed,
        Self::HoldPlaced,
        Self::HoldPosted,
        Self::HoldVoided,
        Self::HoldExpired,
        Self::Subscription,
        Self::SubscriptionRefund,
        Self::Payout,
        Self::PayoutReturned,
        Self::Adjustment,
    ];

    /// As it is stored. Names stay as they are: postings are never changed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::ChargeRefund => "charge_refund",
            Self::VisitPayment => "visit_payment",
            Self::VisitRefund => "visit_refund",
            Self::VisitLate => "visit_late",
            Self::VisitEarning => "visit_earning",
            Self::VisitMissed => "visit_missed",
            Self::HoldPlaced => "hold_placed",
            Self::HoldPosted => "hold_posted",
            Self::HoldVoided => "hold_voided",
            Self::HoldExpired => "hold_expired",
            Self::Subscription => "subscription",
            Self::SubscriptionRefund => "subscription_refund",
            Self::Payout => "payout",
            Self::PayoutReturned => "payout_returned",
            Self::Adjustment => "adjustment",
        }
    }

    /// None where a newer program wrote it.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Which way an entry goes for its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Credit,
    Debit,
}

impl Direction {
    pub const NAMES: [&'static str; 2] = ["credit", "debit"];

    /// Of an entry of this amount.
    #[must_use]
    pub const fn of(amount: i64) -> Self {
        if amount < 0 { Self::Debit } else { Self::Credit }
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credit => "credit",
            Self::Debit => "debit",
        }
    }

    pub fn parse(name: &str) -> crate::violation::Parsed<Self> {
        match name {
            "credit" => Ok(Self::Credit),
            "debit" => Ok(Self::Debit),
            _ => Err(crate::Violation::Choice(&Self::NAMES)),
        }
    }
}

/// Several entries that happen together and sum to zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    kind: PostingKind,
    unique_key: String,
    reference: Option<Uuid>,
    description: String,
    entries: Vec<Entry>,
}

/// Why entries are no posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unbalanced {
    #[error("a posting's entries sum to {0}")]
    Sum(i128),
    #[error("an entry of nothing")]
    Zero,
    #[error("a posting without entries")]
    Empty,
    #[error("a posting without a key")]
    NoKey,
}

impl Posting {
    /// `unique_key`: what happened once is posted once. `description`: Persian, for statements; nothing medical.
    pub fn new(
        kind: PostingKind,
        unique_key: impl Into<String>,
        reference: Option<Uuid>,
        description: impl Into<String>,
        entries: Vec<Entry>,
    ) -> Result<Self, Unbalanced> {
        let (unique_key, description) = (unique_key.into(), description.into());
        if unique_key.is_empty() {
            return Err(Unbalanced::NoKey);
        }
        if entries.is_empty() {
            return Err(Unbalanced::Empty);
        }
        if entries.iter().any(|entry| entry.amount == 0) {
            return Err(Unbalanced::Zero);
        }
        // 2^64 entries would be needed to pass the ends of it
        match entries.iter().map(|entry| i128::from(entry.amount)).sum::<i128>() {
            0 => Ok(Self { kind, unique_key, reference, description, entries }),
            sum => Err(Unbalanced::Sum(sum)),
        }
    }

    /// From one account to another. Nothing can't be moved.
    pub fn transfer(
        kind: PostingKind,
        unique_key: impl Into<String>,
        reference: Option<Uuid>,
        description: impl Into<String>,
        (from, to, amount): (Account, Account, Rials),
    ) -> Result<Self, Unbalanced> {
        Self::new(kind, unique_key, reference, description, vec![from.gives(amount), to.gets(amount)])
    }

    #[must_use]
    pub const fn kind(&self) -> PostingKind {
        self.kind
    }

    #[must_use]
    pub fn unique_key(&self) -> &str {
        &self.unique_key
    }

    #[must_use]
    pub const fn reference(&self) -> Option<Uuid> {
        self.reference
    }

    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// In the order in which they are written.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

/// Without those of nothing: a fee of zero, a share of zero.
#[must_use]
pub fn without_zeros(entries: impl IntoIterator<Item = Entry>) -> Vec<Entry> {
    entries.into_iter().filter(|entry| entry.amount != 0).collect()
}

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
}
