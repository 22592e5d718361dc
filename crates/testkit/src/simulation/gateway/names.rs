//! What gateways, their payments and their pages are called, and what browsers bring back from there.

use app::Origin;

/// Under the names of the real ones.
pub(in crate::simulation) const GATEWAYS: [&str; 4] = ["zarinpal", "bitpay", "idpay", "sandbox"];

/// A payment: which gateway's, and the number that it has there. Two gateways give the same numbers.
pub(in crate::simulation) type Key = (usize, u64);

/// A gateway's name for a payment.
pub(in crate::simulation) fn authority(number: u64) -> String {
    format!("A{number:09}")
}

/// The number in it.
pub(super) fn number(authority: &str) -> Option<u64> {
    authority.strip_prefix('A')?.parse().ok()
}

/// Where a payment is made.
pub(in crate::simulation) fn page((gateway, number): Key) -> String {
    format!("https://pay.example/{}/{}", GATEWAYS[gateway], authority(number))
}

/// The payment that is made there.
pub(in crate::simulation) fn key_of(page: &str) -> Option<Key> {
    let mut parts = page.rsplit('/');
    let number = number(parts.next()?)?;
    let gateway = parts.next()?;
    Some((GATEWAYS.iter().position(|name| *name == gateway)?, number))
}

/// What a browser brings back.
pub(in crate::simulation) fn params(key: Key, claims_ok: bool, trace: u64) -> Vec<(String, String)> {
    let status = if claims_ok { "OK" } else { "NOK" };
    let mut params =
        vec![("Authority".to_owned(), authority(key.1)), ("Status".to_owned(), status.to_owned())];
    if trace > 0 {
        params.push(("trace".to_owned(), trace.to_string()));
    }
    params
}

/// Where simulated browsers come from.
pub(in crate::simulation) fn origin() -> Origin {
    Origin {
        request_id: "simulation".into(),
        address: [127, 0, 0, 1].into(),
        user_agent: "simulation".into(),
    }
}
