//! The development gateway: a page of this program where one succeeds or fails by a button (D33). No I/O of its
//! own: its orders are in the database, as nodes restart, behind [`SandboxState`].

use std::sync::Arc;

use domain::{Rials, SignedDuration};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{BoxFuture, Callback, Gateway, Inquired, Order, Refunded, Requested, Verified, is_token, only};

const NAME: &str = "sandbox";

/// As the gateways that it plays.
const REVERSES_WITHIN: SignedDuration = SignedDuration::from_mins(30);

/// An order as the sandbox keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SandboxOrder {
    pub amount: Rials,
    pub status: SandboxStatus,
}

/// What somebody has done on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SandboxStatus {
    /// Nothing yet.
    Pending,
    Succeeded,
    Failed,
    /// Succeeded, and given back.
    Reversed,
}

/// Where the orders are kept. An error is told in words for the log.
pub trait SandboxState: Send + Sync {
    /// Keeps a new order and answers its authority, made by [`sandbox_authority`]: each call is another one.
    fn open<'a>(&'a self, order: &'a Order) -> BoxFuture<'a, Result<String, String>>;

    /// The order of this authority.
    fn look<'a>(&'a self, authority: &'a str) -> BoxFuture<'a, Result<Option<SandboxOrder>, String>>;

    /// Marks a succeeded order as verified. Whether this call has done it: of many at once, one.
    fn mark_verified<'a>(&'a self, authority: &'a str) -> BoxFuture<'a, Result<bool, String>>;

    /// Turns a succeeded order into a reversed one; other orders stay as they are.
    fn reverse<'a>(&'a self, authority: &'a str) -> BoxFuture<'a, Result<(), String>>;
}

/// The authority of a charge's first, second … request: 36 characters that begin with `S`, as those of the sandbox
/// that it plays.
pub fn sandbox_authority(charge: Uuid, nth: u16) -> String {
    format!("S{:03}{}", nth % 1_000, charge.simple())
}

/// The gateway.
pub struct Sandbox {
    state: Arc<dyn SandboxState>,
    site_url: String,
}

impl Sandbox {
    /// Its pages are at `{site_url}/dev/pay/{authority}`.
    pub fn new(state: Arc<dyn SandboxState>, site_url: String) -> Self {
        Self { state, site_url }
    }

    async fn requested(&self, order: &Order) -> Requested {
        match self.state.open(order).await {
            Ok(authority) => {
                let pay_url = format!("{}/dev/pay/{authority}", self.site_url);
                Requested::Go { authority, pay_url }
            }
            Err(cause) => Requested::Unknown(cause),
        }
    }

    async fn verified(&self, authority: &str, amount: Rials) -> Verified {
        let order = match self.state.look(authority).await {
            Ok(Some(order)) => order,
            Ok(None) => return Verified::NotPaid("no such authority".to_owned()),
            Err(cause) => return Verified::Unknown(cause),
        };
        if order.amount != amount {
            return Verified::NotPaid("another amount".to_owned());
        }
        match order.status {
            SandboxStatus::Pending => Verified::Unknown("pending".to_owned()),
            SandboxStatus::Failed => Verified::NotPaid("failed".to_owned()),
            SandboxStatus::Reversed => Verified::NotPaid("reversed".to_owned()),
            SandboxStatus::Succeeded => match self.state.mark_verified(authority).await {
                Ok(true) => Verified::Paid { reference: authority.to_owned(), card: None, fee: None },
                Ok(false) => {
                    Verified::Already { reference: Some(authority.to_owned()), card: None, fee: None }
                }
                Err(cause) => Verified::Unknown(cause),
            },
        }
    }

    async fn reversed(&self, authority: &str) -> Refunded {
        if let Err(cause) = self.state.reverse(authority).await {
            return Refunded::Unknown(cause);
        }
        match self.state.look(authority).await {
            Ok(Some(SandboxOrder { status: SandboxStatus::Reversed, .. })) => Refunded::Done,
            Ok(_) => Refunded::Impossible("not paid".to_owned()),
            Err(cause) => Refunded::Unknown(cause),
        }
    }

    /// All of an order is reversed; of parts it keeps no account, for there is no money.
    async fn refunded(&self, authority: &str, amount: Rials) -> Refunded {
        match self.state.look(authority).await {
            Ok(Some(order)) if order.amount == amount => self.reversed(authority).await,
            Ok(Some(SandboxOrder { status: SandboxStatus::Succeeded, amount: paid })) if amount < paid => {
                Refunded::Done
            }
            Ok(_) => Refunded::Impossible("not paid".to_owned()),
            Err(cause) => Refunded::Unknown(cause),
        }
    }
}

impl Gateway for Sandbox {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "درگاه آزمایشی"
    }

    fn request<'a>(&'a self, order: &'a Order) -> BoxFuture<'a, Requested> {
        Box::pin(self.requested(order))
    }

    fn read_callback(&self, params: &[(String, String)]) -> Option<Callback> {
        let authority = only(params, "Authority").filter(|text| is_token(text))?;
        let claims_ok = only(params, "Status") == Some("OK");
        Some(Callback { authority: authority.to_owned(), claims_ok, extra: json!({}) })
    }

    fn verify<'a>(&'a self, authority: &'a str, amount: Rials, _: &'a Value) -> BoxFuture<'a, Verified> {
        Box::pin(self.verified(authority, amount))
    }

    fn reverses_within(&self) -> Option<SignedDuration> {
        Some(REVERSES_WITHIN)
    }

    fn reverse<'a>(&'a self, authority: &'a str, _: Rials, _: &'a Value) -> BoxFuture<'a, Refunded> {
        Box::pin(self.reversed(authority))
    }

    fn refunds(&self) -> bool {
        true
    }

    fn refund<'a>(&'a self, authority: &'a str, amount: Rials, _: Uuid) -> BoxFuture<'a, Refunded> {
        Box::pin(self.refunded(authority, amount))
    }

    fn inquire<'a>(&'a self, authority: &'a str, _: &'a Value) -> BoxFuture<'a, Inquired> {
        Box::pin(async move {
            match self.state.look(authority).await {
                Ok(Some(order)) => match order.status {
                    SandboxStatus::Pending => Inquired::Pending,
                    SandboxStatus::Succeeded => Inquired::Paid,
                    SandboxStatus::Failed => Inquired::Failed,
                    SandboxStatus::Reversed => Inquired::Reversed,
                },
                Ok(None) => Inquired::Unknown("no such authority".to_owned()),
                Err(cause) => Inquired::Unknown(cause),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_of_a_charge_has_an_authority_of_its_own() {
        let charge = Uuid::from_u128(7);
        let first = sandbox_authority(charge, 1);
        assert_eq!(first, "S00100000000000000000000000000000007");
        assert_eq!(first.len(), 36);
        assert_ne!(first, sandbox_authority(charge, 2));
        assert_ne!(first, sandbox_authority(Uuid::from_u128(8), 1));
        assert!(is_token(&first));
    }
}
