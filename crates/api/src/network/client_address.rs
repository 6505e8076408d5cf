//! Where a request came from: what limits count by.
//!
//! What always holds: a client cannot choose it. `X-Forwarded-For` is believed from the right, as far as proxies that are trusted
//! wrote it; what others wrote, and `Forwarded` and `X-Real-IP` altogether, are not looked at.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, X_FORWARDED_FOR};
use ipnet::IpNet;

/// The networks of the proxies that tell the truth.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Those in these networks.
    #[must_use]
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    fn have(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// Where a request came from: the nearest address that is not a trusted proxy's.
#[must_use]
pub fn client_address(request: &HttpRequest, trusted: &TrustedProxies) -> IpAddr {
    // Only a socket without addresses has none, and this server listens on no such.
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    nearest_untrusted(peer, request.headers(), trusted)
}

fn nearest_untrusted(peer: IpAddr, headers: &HeaderMap, trusted: &TrustedProxies) -> IpAddr {
    let mut nearest = peer.to_canonical();
    let lines: Vec<&str> = headers.get_all(X_FORWARDED_FOR).map(|line| line.to_str().unwrap_or_default()).collect();
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
    for hop in hops {
        if !trusted.have(nearest) {
            break;
        }
        // Whoever is behind what nobody can read is as near as can be told.
        let Some(address) = address(hop.trim()) else { break };
        nearest = address;
    }
    nearest
}

/// An address as proxies write it, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let with_port = || SocketAddr::from_str(text).ok().map(|address| address.ip());
    bare.parse().ok().or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn asked(peer: &str, headers: &[(&'static str, &str)], trusted: &[&str]) -> String {
        let trusted = TrustedProxies::new(trusted.iter().map(|network| network.parse().unwrap()).collect());
        let peer = SocketAddr::new(peer.parse().unwrap(), 40_000);
        let request = headers.iter().fold(TestRequest::default().peer_addr(peer), |request, header| request.append_header(*header));
        client_address(&request.to_http_request(), &trusted).to_string()
    }

    const PROXIES: &[&str] = &["10.0.0.0/8", "fd00::/8"];

    #[test]
    fn a_stranger_cannot_choose_where_it_comes_from() {
        let spoofed = [
            ("x-forwarded-for", "1.1.1.1"),
            ("forwarded", "for=1.1.1.1"),
            ("x-real-ip", "1.1.1.1"),
            ("true-client-ip", "1.1.1.1"),
            ("cf-connecting-ip", "1.1.1.1"),
        ];
        assert_eq!(asked("203.0.113.9", &spoofed, PROXIES), "203.0.113.9");
        assert_eq!(asked("10.0.0.1", &spoofed[1..], PROXIES), "10.0.0.1", "a proxy tells it in one header alone");
        assert_eq!(asked("203.0.113.9", &spoofed, &[]), "203.0.113.9");
    }

    #[test]
    fn a_trusted_proxy_is_believed_about_whom_it_saw_and_no_further() {
        let through = |said: &str| asked("10.0.0.1", &[("x-forwarded-for", said)], PROXIES);
        assert_eq!(through("203.0.113.9"), "203.0.113.9");
        assert_eq!(through("1.1.1.1, 203.0.113.9"), "203.0.113.9", "what the client wrote itself stands further left");
        assert_eq!(through("1.1.1.1, 203.0.113.9 , 10.2.0.2,10.3.0.3"), "203.0.113.9");
        assert_eq!(through("10.2.0.2"), "10.2.0.2", "the outermost proxy's own request");
        assert_eq!(through("203.0.113.9:4711"), "203.0.113.9");
        assert_eq!(through("2001:db8::7"), "2001:db8::7");
        assert_eq!(through("[2001:db8::7]:4711"), "2001:db8::7");
        assert_eq!(through("[2001:db8::7]"), "2001:db8::7");
    }

    #[test]
    fn several_lines_are_one_list() {
        let lines = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "10.2.0.2")];
        assert_eq!(asked("10.0.0.1", &lines, PROXIES), "203.0.113.9");
    }

    #[test]
    fn what_cannot_be_read_ends_the_way() {
        let through = |said: &str| asked("10.0.0.1", &[("x-forwarded-for", said)], PROXIES);
        for said in ["", "unknown", "1.1.1.1, unknown", "1.1.1.1, ", "1.1.1.1;10.2.0.2", "999.1.1.1"] {
            assert_eq!(through(said), "10.0.0.1", "{said}");
        }
        assert_eq!(through("1.1.1.1, unknown, 10.2.0.2"), "10.2.0.2");
    }

    #[test]
    fn an_ipv4_address_in_ipv6_clothes_is_the_same() {
        assert_eq!(asked("::ffff:203.0.113.9", &[], PROXIES), "203.0.113.9");
        assert_eq!(asked("::ffff:10.0.0.1", &[("x-forwarded-for", "::ffff:203.0.113.9")], PROXIES), "203.0.113.9");
        assert_eq!(asked("fd00::1", &[("x-forwarded-for", "2001:db8::7")], PROXIES), "2001:db8::7");
    }
}
