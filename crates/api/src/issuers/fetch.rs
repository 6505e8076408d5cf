//! Asking an outside issuer for its metadata (OpenID Connect Discovery 1.0) and its keys.
//!
//! What always holds: it is asked over https (on this machine, for tests, without); no redirect is followed; an answer has so many
//! bytes and takes so long at most.

use std::time::Duration;

use actix_web::http::Uri;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::network::hosts::{host_of, is_host, is_this_machine};

const METADATA: &str = "/.well-known/openid-configuration";
/// How long one answer takes at the longest.
const TIME: Duration = Duration::from_secs(5);
/// How many bytes it has at most.
const BYTES: usize = 262_144;

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

/// The keys that an issuer publishes, and where they are: there, where that is known.
pub(super) async fn keys(issuer: &str, place: Option<String>) -> Result<(String, Vec<Value>), String> {
    // A client is made for each time, which is seldom: no connection is kept.
    let client = Client::builder().redirect(Policy::none()).timeout(TIME).build().map_err(|error| error.to_string())?;
    let place = match place {
        Some(place) => place,
        None => discover(&client, issuer).await?,
    };
    let KeySet { keys } = get(&client, &place).await?;
    Ok((place, keys))
}

async fn discover(client: &Client, issuer: &str) -> Result<String, String> {
    let metadata: Metadata = get(client, &format!("{}{METADATA}", issuer.trim_end_matches('/'))).await?;
    if metadata.issuer != issuer {
        return Err(format!("its metadata are those of {}", metadata.issuer));
    }
    if !is_fetched(&metadata.jwks_uri) {
        return Err("its metadata name no https address of its keys".to_owned());
    }
    Ok(metadata.jwks_uri)
}

async fn get<T: DeserializeOwned>(client: &Client, url: &str) -> Result<T, String> {
    let mut response = client.get(url).header("accept", "application/json").send().await.map_err(|error| error.to_string())?;
    if response.status() != StatusCode::OK {
        return Err(format!("{url} answers {}", response.status().as_u16()));
    }
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(|error| error.to_string())? {
        body.extend_from_slice(&part);
        if body.len() > BYTES {
            return Err(format!("{url} has more than {BYTES} bytes"));
        }
    }
    serde_json::from_slice(&body).map_err(|error| format!("{url} is not what it should be: {error}"))
}

/// Whether an address is one that is asked: of a host, over https but on this machine, without a user.
pub(crate) fn is_fetched(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let Some(host) = host_of(authority).filter(|host| is_host(host) && !authority.ends_with(':')) else { return false };
    !url.contains('#') && (uri.scheme_str() == Some("https") || uri.scheme_str() == Some("http") && is_this_machine(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_is_asked_but_on_this_machine() {
        for good in
            ["https://id.example.org/keys?v=1", "https://id.example.org:8443", "http://127.0.0.1:3000/jwks", "http://localhost/"]
        {
            assert!(is_fetched(good), "{good}");
        }
        for bad in [
            "http://id.example.org",
            "http://localhost.example.org/",
            "https://ada:hunter2@id.example.org",
            "https://id.example.org#x",
            "https://",
            "ftp://id.example.org",
            "file:///etc/passwd",
            "/keys",
            "",
        ] {
            assert!(!is_fetched(bad), "{bad}");
        }
    }
}
