//! Payment gateways (D33). Each is pure steps, what to ask and how an answer is read, and one engine that
//! carries them. An answer that can't be understood is never taken for a yes or a no.

mod answer;
mod bitpay;
mod engine;
mod idpay;
mod sandbox;
mod zarinpal;

use std::{future::Future, pin::Pin, sync::Arc};

use domain::{Phone, Rials, SignedDuration, Timestamp};
use serde_json::Value;
use uuid::Uuid;

pub use bitpay::{Bitpay, Settings as BitpaySettings};
pub use idpay::{Idpay, Settings as IdpaySettings};
pub use sandbox::{Sandbox, SandboxOrder, SandboxState, SandboxStatus, sandbox_authority};
pub use zarinpal::{Settings as ZarinpalSettings, Zarinpal};

/// What the methods of gateways answer.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A payment that somebody wants to make.
#[derive(Clone, Debug)]
pub struct Order {
    /// Of the charge: what the gateway knows the payment by, and shows in its panel.
    pub id: Uuid,
    pub amount: Rials,
    /// Where the gateway sends the browser afterwards.
    pub callback_url: String,
    /// What the payer reads on the gateway's page; nothing medical.
    pub description: String,
    pub phone: Option<Phone>,
    pub at: Timestamp,
}

/// How asking for a payment ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requested {
    /// Keep the authority, then send the user to the page.
    Go { authority: String, pay_url: String },
    /// Surely nothing was made: the gateway says no, or it was never reached. The code is for the log.
    Refused(String),
    /// No clear answer: it may have made an authority. Nobody was sent there, so nothing can be paid with it; a
    /// new request is a new authority.
    Unknown(String),
}

/// What a gateway says of a payment. Only [`Verified::Paid`] and [`Verified::Already`] are money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verified {
    /// The money is ours now. The card is masked, and the fee is what the gateway keeps of it, where it says so.
    Paid { reference: String, card: Option<String>, fee: Option<Rials> },
    /// It was verified before: the money is ours; credit it only if it isn't credited. The first answer may have been lost:
    /// this one says as much.
    Already { reference: Option<String>, card: Option<String>, fee: Option<Rials> },
    /// Not paid, by the gateway's own word (cancelled, failed, given back, another amount). Some gateways let the
    /// payer try again on the same page, so it is final only once the charge has ended: until then, a later
    /// callback or the sweep asks again.
    NotPaid(String),
    /// No clear answer, or not decided yet: ask again.
    Unknown(String),
}

/// How giving a payment back ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refunded {
    /// The payer has it again, or will.
    Done,
    /// This gateway can't, or can't any more: give it back in another way.
    Impossible(String),
    /// No clear answer: ask again; a payment is given back once.
    Unknown(String),
}

/// Where a payment is, for the eyes of admins. Nothing is ever credited because of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inquired {
    /// Paid and verified.
    Verified,
    /// Paid; nobody has verified it.
    Paid,
    /// The payer is, or may be, on the way.
    Pending,
    Failed,
    Reversed,
    Unknown(String),
}

/// What the browser brought back. Anybody can write it: it proves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    pub authority: String,
    /// Whether it says that the payment was made.
    pub claims_ok: bool,
    /// What [`Gateway::verify`] needs of it. Each callback's own goes with its own verify: what a forger brought
    /// must not replace what the payer's browser brings later.
    pub extra: Value,
}

/// A payment gateway.
pub trait Gateway: Send + Sync {
    /// As in the API: `zarinpal`.
    fn name(&self) -> &'static str;

    /// For the payer to read on a button.
    fn title(&self) -> &'static str {
        self.name()
    }

    /// Asks for a payment, once: a request that may have made an authority is never repeated.
    fn request<'a>(&'a self, order: &'a Order) -> BoxFuture<'a, Requested>;

    /// What a callback's query and form say; none where there is no authority in it.
    fn read_callback(&self, params: &[(String, String)]) -> Option<Callback>;

    /// Whether [`Gateway::verify`] can't do without what a callback brings. Then it is kept before the gateway is asked:
    /// whatever happens meanwhile, the browser doesn't bring it twice.
    fn callback_is_needed(&self) -> bool {
        false
    }

    /// Takes the money of a payment that was made, with the amount that we have stored. Asking again is safe.
    /// `extra` is the callback's, or null where the browser never came back; `order` in it (the charge's id as 32
    /// hex digits, put there by the caller and never by the browser) is compared where the gateway tells it.
    fn verify<'a>(&'a self, authority: &'a str, amount: Rials, extra: &'a Value) -> BoxFuture<'a, Verified>;

    /// So long after it was paid a payment can be reversed; none: never.
    fn reverses_within(&self) -> Option<SignedDuration> {
        None
    }

    /// Gives a young payment back to the payer's card, all of it.
    fn reverse<'a>(&'a self, _: &'a str, _: Rials, _: &'a Value) -> BoxFuture<'a, Refunded> {
        Box::pin(std::future::ready(Refunded::Impossible("the gateway has no such call".to_owned())))
    }

    /// Whether [`Gateway::refund`] can do anything.
    fn refunds(&self) -> bool {
        false
    }

    /// Gives an older payment, or a part of one, back to the payer's card. The id is ours: asked again with the same one,
    /// it is the same refund.
    fn refund<'a>(&'a self, _: &'a str, _: Rials, _: Uuid) -> BoxFuture<'a, Refunded> {
        Box::pin(std::future::ready(Refunded::Impossible("the gateway has no such call".to_owned())))
    }

    /// Asks where a payment is.
    fn inquire<'a>(&'a self, _: &'a str, _: &'a Value) -> BoxFuture<'a, Inquired> {
        Box::pin(std::future::ready(Inquired::Unknown("the gateway has no such call".to_owned())))
    }

    /// Whether the gateway has such a list as [`Gateway::unverified`].
    fn lists_unverified(&self) -> bool {
        false
    }

    /// Authorities that were paid and never verified; none where there is no such list, or no clear answer.
    fn unverified(&self) -> BoxFuture<'_, Option<Vec<String>>> {
        Box::pin(std::future::ready(None))
    }

    /// Whether the browser may come back with a form instead of a query.
    fn callback_is_post(&self) -> bool {
        false
    }
}

/// The gateways that are set up, in the order in which they are offered.
#[derive(Clone, Default)]
pub struct Gateways(Vec<Arc<dyn Gateway>>);

impl Gateways {
    pub fn new(gateways: Vec<Arc<dyn Gateway>>) -> Self {
        Self(gateways)
    }

    /// The one of this name, if it is set up.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Gateway>> {
        self.0.iter().find(|gateway| gateway.name() == name)
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Arc<dyn Gateway>> {
        self.0.iter()
    }

    /// In the order in which they are offered.
    pub fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|gateway| gateway.name()).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for &'a Gateways {
    type Item = &'a Arc<dyn Gateway>;
    type IntoIter = std::slice::Iter<'a, Arc<dyn Gateway>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The value of a callback's parameter that is there once, or always the same.
fn only<'a>(params: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut values =
        params.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim());
    let first = values.next()?;
    values.all(|other| other == first).then_some(first)
}

/// Whether a text can be a gateway's name for a payment: safe in a path, a log and a query.
fn is_token(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// The beginning of a text, where a gateway takes only so many characters.
fn beginning(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_parameter_that_comes_twice_counts_only_where_it_says_the_same() {
        assert_eq!(only(&params(&[("a", "1"), ("b", "2")]), "a"), Some("1"));
        assert_eq!(only(&params(&[("A", " 1 "), ("a", "1")]), "a"), Some("1"));
        assert_eq!(only(&params(&[("a", "1"), ("a", "2")]), "a"), None);
        assert_eq!(only(&params(&[("b", "1")]), "a"), None);
    }

    #[test]
    fn tokens_are_short_and_plain() {
        for good in ["A00000000000000000000000000217885159", "1", "d2e353189823079e1e4181772cff5292"] {
            assert!(is_token(good), "{good}");
        }
        let long = "a".repeat(65);
        for bad in ["", "a b", "a/b", "../x", "a?b", "ا", "a\n", long.as_str()] {
            assert!(!is_token(bad), "{bad}");
        }
    }
}
