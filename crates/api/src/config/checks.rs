//! What is wrong with a value of the configuration, in a line that says what to do. What could hold a secret is not repeated.

use std::collections::BTreeSet;

use actix_web::http::Uri;
use ipnet::IpNet;

use crate::network::hosts::{host_of, is_host, is_this_machine};

/// The least length of the server's secret.
const SECRET_LEAST: usize = 32;
/// The fewest characters of which it is made. A random one in base64 has some thirty, in hexadecimal digits all sixteen.
const SECRET_VARIETY: usize = 10;
/// What stands where nobody has chosen a secret yet.
const PLACEHOLDERS: [&str; 12] = [
    "changeme",
    "change-me",
    "change_me",
    "change me",
    "replace",
    "placeholder",
    "default",
    "example",
    "password",
    "secret",
    "cohortium",
    "123456789",
];

/// What is wrong with the server's secret.
pub(super) fn secret_fault(secret: &str) -> Option<String> {
    let lower = secret.to_lowercase();
    let wrong = if secret.chars().count() < SECRET_LEAST {
        format!("has fewer than {SECRET_LEAST} characters")
    } else if secret.chars().collect::<BTreeSet<_>>().len() < SECRET_VARIETY || is_repetition(secret) {
        "repeats itself".to_owned()
    } else if PLACEHOLDERS.iter().any(|placeholder| lower.contains(placeholder)) {
        "is made of words that everybody tries".to_owned()
    } else {
        return None;
    };
    Some(format!("--secret: {wrong}; make one with `openssl rand -base64 48`"))
}

/// Whether a text is one piece again and again.
fn is_repetition(text: &str) -> bool {
    let bytes = text.as_bytes();
    (1..=bytes.len() / 2).any(|period| bytes.iter().skip(period).eq(bytes.iter().take(bytes.len() - period)))
}

/// What is wrong with the address at which clients reach the server.
pub(super) fn public_url_fault(url: &str) -> Option<String> {
    let what = if url.is_empty() {
        "is missing; give the address at which clients reach the server, for example https://api.example.org"
    } else if !url.starts_with("https://") {
        "must begin with https://, because tokens travel on it"
    } else if origin_of(url).is_none() {
        "must be the scheme and the host alone, such as https://api.example.org: no user, no path, no query"
    } else {
        return None;
    };
    Some(format!("--public-url: {what}"))
}

/// What is wrong with a front end's origin.
pub(super) fn origin_fault(origin: &str) -> Option<String> {
    let exact = "must be one exact origin, such as https://app.example.org, in lower case, without a path, a default port or a *";
    if origin.contains('@') {
        return Some(format!("--allow-origin: {exact}; one has a user in it"));
    }
    let host = origin_of(origin);
    let default_port =
        matches!((origin.starts_with("https:"), origin.rsplit(':').next()), (true, Some("443")) | (false, Some("80")));
    match host {
        Some(_) if default_port || origin.bytes().any(|byte| byte.is_ascii_uppercase()) => {
            Some(format!("--allow-origin {origin}: {exact}"))
        }
        Some(host) if origin.starts_with("http://") && !is_this_machine(host) => {
            Some(format!("--allow-origin {origin}: must begin with https://, unless it is on localhost"))
        }
        Some(_) => None,
        None => Some(format!("--allow-origin {origin}: {exact}")),
    }
}

/// The host of an address that is a scheme, a host and perhaps a port, and nothing more.
pub(super) fn origin_of(url: &str) -> Option<&str> {
    let authority = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    url.parse::<Uri>().ok()?;
    host_of(authority).filter(|host| is_host(host) && !authority.ends_with(':'))
}

/// What is wrong with a host as which the server shall answer.
pub(super) fn host_fault(host: &str) -> Option<String> {
    (!is_host(host))
        .then(|| format!("--allow-host {host}: must be one host's name or address, such as api.example.org, without a port or a *"))
}

/// What is wrong with a network of proxies.
pub(super) fn proxy_fault(network: &IpNet) -> Option<String> {
    (network.prefix_len() == 0).then(|| {
        format!(
            "--trust-proxy {network}: is every address there is, so that a client could say to be any; name the proxy's own network"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_long_varied_and_nobodys_example() {
        for good in [
            "iHkz3mUYhhZ1NuYZQhPuoJZbJYvKqz0mTxuvGDqFbTQ=",
            "5f0c1e9ab27d4c83a6f1e0d2b4c6978a",
            "вот такой длинный секрет у сервера",
        ] {
            assert_eq!(secret_fault(good), None, "{good}");
        }
        let weak = [
            "",
            "changeme",
            "iHkz3mUYhhZ1NuYZQhPuoJZbJYvKqz0",
            &"a".repeat(64),
            "abacbabcabbcacbabacacbbabcacabbacbaabcab",
            &"iHkz3mUYhhZ1NuYZ".repeat(3),
            "changeme-iHkz3mUYhhZ1NuYZQhPuoJZbJYvKqz0",
            "MY-SECRET-iHkz3mUYhhZ1NuYZQhPuoJZbJYvKqz0",
            "qwertyuiop0123456789asdfghjklzxcvbnm",
        ];
        for weak in weak {
            let fault = secret_fault(weak).unwrap_or_else(|| panic!("{weak} was taken"));
            assert!(weak.is_empty() || !fault.contains(weak), "{fault}");
        }
    }

    #[test]
    fn a_public_url_is_a_host_reached_by_https() {
        for good in ["https://api.example.org", "https://api.example.org:8443", "https://[2001:db8::7]"] {
            assert_eq!(public_url_fault(good), None, "{good}");
        }
        let wrong = [
            "",
            "http://api.example.org",
            "https://",
            "https://api.example.org/v1",
            "https://api.example.org?x=1",
            "https://api.example.org#x",
            "https://ada:hunter2@api.example.org",
            "https://*.example.org",
            "https://api.example.org:",
            "https://api.example.org:port",
            "api.example.org",
            "ftp://api.example.org",
        ];
        for wrong in wrong {
            let fault = public_url_fault(wrong).unwrap_or_else(|| panic!("{wrong} was taken"));
            assert!(!fault.contains("hunter2"), "{fault}");
        }
    }

    #[test]
    fn an_origin_is_one_exact_origin() {
        for good in [
            "https://app.example.org",
            "https://app.example.org:8443",
            "http://localhost:5173",
            "http://127.0.0.1",
            "http://[::1]:80800",
        ] {
            assert_eq!(origin_fault(good), None, "{good}");
        }
        let wrong = [
            "*",
            "null",
            "https://*.example.org",
            "https://app.example.org/",
            "https://App.example.org",
            "https://app.example.org:443",
            "http://localhost:80",
            "http://app.example.org",
            "http://localhost.example.org",
            "https://ada:hunter2@app.example.org",
            "https://bücher.example",
            "app.example.org",
            "",
        ];
        for wrong in wrong {
            let fault = origin_fault(wrong).unwrap_or_else(|| panic!("{wrong} was taken"));
            assert!(!fault.contains("hunter2"), "{fault}");
        }
    }
}
