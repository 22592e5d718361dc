//! The client's address. A proxy's word counts only where the proxy is configured as trusted.

use std::net::IpAddr;

use axum::http::HeaderMap;
use ipnet::IpNet;

/// Counted from the right of `X-Forwarded-For`: each trusted hop vouches for the one before it, and the
/// first that is not trusted is the client. Whatever a client wrote further left is ignored.
pub(super) fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
    let mut client = peer.to_canonical();
    if !is_trusted(&client) {
        return client;
    }
    let hops = headers.get_all("x-forwarded-for").iter().rev().flat_map(|value| {
        let text = value.to_str().unwrap_or_default();
        text.split(',').rev().map(str::trim).map(str::to_owned).collect::<Vec<_>>()
    });
    for hop in hops {
        let Ok(ip) = hop.parse::<IpAddr>() else { break };
        client = ip.to_canonical();
        if !is_trusted(&client) {
            break;
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        client(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_stranger_says_nothing_about_itself() {
        assert_eq!(found("203.0.113.9", &["1.2.3.4"]), "203.0.113.9");
    }

    #[test]
    fn trusted_hops_vouch_for_the_one_before_them() {
        assert_eq!(found("10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(found("10.0.0.1", &["203.0.113.9, 10.0.0.2"]), "203.0.113.9");
        assert_eq!(found("10.0.0.1", &["203.0.113.9", "10.0.0.2"]), "203.0.113.9");
        assert_eq!(found("::ffff:10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
    }

    #[test]
    fn what_a_client_wrote_itself_is_ignored() {
        assert_eq!(found("10.0.0.1", &["1.2.3.4, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(found("10.0.0.1", &["10.9.9.9, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(found("10.0.0.1", &["garbage"]), "10.0.0.1");
        assert_eq!(found("10.0.0.1", &[]), "10.0.0.1");
    }
}
