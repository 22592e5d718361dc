//! A gateway as the program sees it: what it can do, and what it is asked for.

use std::sync::Arc;

use domain::{Rials, SignedDuration};
use providers::{
    Gateway,
    gateways::{BoxFuture, Callback, Inquired, Order as Wish, Refunded, Requested, Verified},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Bank, names::GATEWAYS};

/// Which gateways give all of a young payment back, and which give older ones or parts back.
const REVERSE_AT: [bool; 4] = [true, false, false, true];
const REFUND_AT: [bool; 4] = [false, false, true, true];
/// As the first of them has it: which payments nobody has verified.
pub(super) const LISTS_AT: usize = 0;
/// As the second of them has it: what browsers bring is kept before it is asked.
const NEEDS_CALLBACK: usize = 1;
/// As the third of them has it: what nobody has verified for so long goes back to its payer.
pub(super) const RETURNS_AT: usize = 2;
pub(super) const RETURNS_AFTER: SignedDuration = SignedDuration::from_mins(10);
/// So long after it was made a payment can be reversed.
pub(in crate::simulation) const REVERSES_WITHIN: SignedDuration = SignedDuration::from_mins(30);

/// One of them, as the program asks it.
pub(in crate::simulation) struct SimGateway {
    pub(super) index: usize,
    pub(super) bank: Arc<Bank>,
}

impl SimGateway {
    #[cfg(test)]
    pub(in crate::simulation) fn of(bank: &Arc<Bank>, index: usize) -> Self {
        Self { index, bank: Arc::clone(bank) }
    }
}

impl Gateway for SimGateway {
    fn name(&self) -> &'static str {
        GATEWAYS[self.index]
    }

    fn request<'a>(&'a self, order: &'a Wish) -> BoxFuture<'a, Requested> {
        Box::pin(self.requested(order))
    }

    fn read_callback(&self, params: &[(String, String)]) -> Option<Callback> {
        let of = |name: &str| {
            let mut values = params.iter().filter(|(known, _)| known == name).map(|(_, value)| value);
            let first = values.next()?;
            values.all(|other| other == first).then_some(first)
        };
        let authority = of("Authority")?.clone();
        let mut extra = json!({});
        for (name, value) in
            params.iter().filter(|(name, _)| !matches!(name.as_str(), "Authority" | "Status" | "charge"))
        {
            extra[name.as_str()] = value.as_str().into();
        }
        Some(Callback { authority, claims_ok: of("Status").is_some_and(|status| status == "OK"), extra })
    }

    fn callback_is_needed(&self) -> bool {
        self.index == NEEDS_CALLBACK
    }

    fn verify<'a>(&'a self, authority: &'a str, amount: Rials, extra: &'a Value) -> BoxFuture<'a, Verified> {
        Box::pin(self.verified(authority, amount, extra))
    }

    fn reverses_within(&self) -> Option<SignedDuration> {
        REVERSE_AT[self.index].then_some(REVERSES_WITHIN)
    }

    fn reverse<'a>(&'a self, authority: &'a str, amount: Rials, _: &'a Value) -> BoxFuture<'a, Refunded> {
        Box::pin(self.gave_back(authority, amount, None))
    }

    fn refunds(&self) -> bool {
        REFUND_AT[self.index]
    }

    fn refund<'a>(&'a self, authority: &'a str, amount: Rials, id: Uuid) -> BoxFuture<'a, Refunded> {
        Box::pin(self.gave_back(authority, amount, Some(id)))
    }

    fn inquire<'a>(&'a self, authority: &'a str, _: &'a Value) -> BoxFuture<'a, Inquired> {
        Box::pin(self.inquired(authority))
    }

    fn lists_unverified(&self) -> bool {
        self.index == LISTS_AT
    }

    fn unverified(&self) -> BoxFuture<'_, Option<Vec<String>>> {
        Box::pin(self.listed())
    }
}
