//! As which hosts the server answers (RFC 9110, 7.4): a name that somebody else points at it is not one of them, whatever its pages
//! then ask for in a browser.

use std::net::{IpAddr, Ipv6Addr};

/// As which hosts a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts {
    names: Vec<String>,
    local: bool,
}

impl Hosts {
    /// As these, whatever the port.
    #[must_use]
    pub fn only(names: Vec<String>) -> Self {
        Self { names, local: false }
    }

    /// As these, as `localhost`, and as any address: nobody can point an address elsewhere. For the demo alone.
    #[must_use]
    pub fn local(names: Vec<String>) -> Self {
        Self { names, local: true }
    }

    /// Whether it answers as this one, told as `host` or `host:port`.
    #[must_use]
    pub fn know(&self, authority: &str) -> bool {
        let Some(host) = host_of(authority) else { return false };
        let named = self.names.iter().any(|name| name.eq_ignore_ascii_case(host));
        named || self.local && (is_this_machine(host) || address(host).is_some())
    }
}

/// The host of `host` or `host:port`; that of an IPv6 address with its brackets.
pub(crate) fn host_of(authority: &str) -> Option<&str> {
    let end = if authority.starts_with('[') {
        authority.find(']')?.checked_add(1)?
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (host, rest) = authority.split_at_checked(end)?;
    let port = rest.strip_prefix(':').unwrap_or(rest);
    let right = rest.is_empty() || rest.starts_with(':');
    (right && !host.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())).then_some(host)
}

/// Whether a host is this machine.
pub(crate) fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || matches!(host, "127.0.0.1" | "[::1]")
}

/// Whether a text is the name or the address of a host, without a port.
pub(crate) fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        let plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        plain && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    address(text).is_some() || text.len() <= 253 && text.split('.').all(label)
}

fn address(host: &str) -> Option<IpAddr> {
    match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::from),
        None => host.parse().ok().filter(IpAddr::is_ipv4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_known_by_its_name_whatever_its_port_and_case() {
        let hosts = Hosts::only(vec!["api.example.org".to_owned()]);
        for known in ["api.example.org", "API.Example.org", "api.example.org:443", "api.example.org:8080"] {
            assert!(hosts.know(known), "{known}");
        }
        let strange = [
            "",
            ":443",
            "evil.net",
            "api.example.org.evil.net",
            "evil.net/api.example.org",
            "api.example.org@evil.net",
            "evil.net@api.example.org",
            "api.example.org:x",
            "api.example.org:80:80",
            "api.example.org.",
            "localhost",
            "127.0.0.1",
        ];
        for unknown in strange {
            assert!(!hosts.know(unknown), "{unknown}");
        }
    }

    #[test]
    fn the_demo_answers_on_this_machine_and_by_any_address() {
        let hosts = Hosts::local(vec!["demo.example".to_owned()]);
        for known in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "192.168.1.7", "[2001:db8::7]:80", "demo.example"] {
            assert!(hosts.know(known), "{known}");
        }
        for unknown in
            ["localhost.evil.net", "evil.net", "127.0.0.1.evil.net", "[::1", "[::1]evil", "[evil.net]", "[127.0.0.1]", "::1"]
        {
            assert!(!hosts.know(unknown), "{unknown}");
        }
    }

    #[test]
    fn a_host_is_a_name_or_an_address_and_nothing_more() {
        for host in ["api.example.org", "server", "cohortium_1", "10.0.0.7", "[::1]", "xn--bcher-kva.example"] {
            assert!(is_host(host), "{host}");
        }
        for no in [
            "",
            "*",
            "*.example.org",
            "https://api.example.org",
            "api.example.org:443",
            "a..b",
            "a/b",
            "a b",
            "-a",
            "bücher.example",
        ] {
            assert!(!is_host(no), "{no}");
        }
    }
}
