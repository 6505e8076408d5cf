//! Answers of success, rendered while the transaction is open, so that one can be kept with its idempotency key.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, Responder};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use cohortium_store::KeptAnswer;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::problem::{Code, Problem};

const JSON: &str = "application/json";
/// How much of a digest tells bodies apart.
const DIGEST_BYTES: usize = 12;

/// What a handler gives back.
pub type Answer = Result<Reply, Problem>;

/// An answer of success.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    status: StatusCode,
    headers: Vec<(HeaderName, String)>,
    body: Vec<u8>,
    shown_once: bool,
}

impl Reply {
    /// 200 with a body that has no version.
    #[must_use]
    pub fn ok(body: &impl Serialize) -> Self {
        Self::with_body(vec![(header::CONTENT_TYPE, JSON.to_owned())], render(body))
    }

    /// 200 with a thing in this version.
    #[must_use]
    pub fn thing(version: i64, body: &impl Serialize) -> Self {
        let mut reply = Self::ok(body);
        let etag = etag(version, &reply.body);
        reply.headers.push((header::ETAG, etag));
        reply
    }

    /// The same, with an `ETag` for what has no version: a list that is asked for again and again.
    #[must_use]
    pub fn tagged(self) -> Self {
        let etag = etag(0, &self.body);
        self.with(header::ETAG, etag)
    }

    /// 200 with a thing in this version, as a body of another kind than JSON.
    #[must_use]
    pub fn media(media_type: &str, version: i64, body: Vec<u8>) -> Self {
        let headers = vec![(header::CONTENT_TYPE, media_type.to_owned()), (header::ETAG, etag(version, &body))];
        Self::with_body(headers, body)
    }

    /// The same, but a part of it: 206 (RFC 9110), where the part is one.
    #[must_use]
    pub fn part(self, first: usize, last: usize) -> Self {
        let whole = self.body.len();
        let Some(body) = self.body.get(first..=last).map(<[u8]>::to_vec) else { return self };
        let reply = Self { status: StatusCode::PARTIAL_CONTENT, body, ..self };
        reply.with(header::CONTENT_RANGE, format!("bytes {first}-{last}/{whole}"))
    }

    /// It, taken apart: status, `ETag` and the like are the answer's own, and the body stands in another.
    #[must_use]
    pub fn into_part(self) -> (u16, serde_json::Value) {
        (self.status.as_u16(), serde_json::from_slice(&self.body).unwrap_or_default())
    }

    fn with_body(headers: Vec<(HeaderName, String)>, body: Vec<u8>) -> Self {
        Self { status: StatusCode::OK, headers, body, shown_once: false }
    }

    /// The same thing, but new: 201, and where it is.
    #[must_use]
    pub fn created_at(location: String, thing: Self) -> Self {
        Self { status: StatusCode::CREATED, ..thing.with(header::LOCATION, location) }
    }

    /// 202 with what there is to say of it.
    #[must_use]
    pub fn accepted(body: &impl Serialize) -> Self {
        Self { status: StatusCode::ACCEPTED, ..Self::ok(body) }
    }

    /// 200 without a body.
    #[must_use]
    pub fn empty() -> Self {
        Self::with_body(Vec::new(), Vec::new())
    }

    /// 204.
    #[must_use]
    pub fn nothing() -> Self {
        Self { status: StatusCode::NO_CONTENT, ..Self::empty() }
    }

    /// The same, with a header more.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same, holding a secret that is shown this once: the body is not kept.
    #[must_use]
    pub fn shown_once(self) -> Self {
        Self { shown_once: true, ..self }
    }

    /// An answer that was kept.
    ///
    /// # Errors
    /// [`Code::SecretShownBefore`] when its body was not; what was kept is no answer: a defect.
    pub fn replayed(kept: KeptAnswer) -> Answer {
        let defect = || Problem::new(Code::InternalError);
        let Some(body) = kept.body else {
            let made = kept.headers.iter().find(|(name, _)| name.as_str() == header::LOCATION.as_str());
            let made = made.map_or("", |(_, location)| location);
            let detail = format!("It was carried out, and what it made is at {made}; the secret is not kept");
            return Err(Problem::new(Code::SecretShownBefore).detail(detail));
        };
        let status = StatusCode::from_u16(kept.status).map_err(|_| defect())?;
        let header = |(name, value): (String, String)| Ok((HeaderName::try_from(name).map_err(|_| defect())?, value));
        let headers = kept.headers.into_iter().map(header).collect::<Result<Vec<_>, Problem>>()?;
        let reply = Self { status, ..Self::with_body(headers, body) };
        Ok(reply.with(HeaderName::from_static("idempotent-replayed"), "true"))
    }

    /// It, to be kept.
    #[must_use]
    pub fn keep(&self) -> KeptAnswer {
        KeptAnswer {
            status: self.status.as_u16(),
            headers: self.headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.clone())).collect(),
            body: (!self.shown_once).then(|| self.body.clone()),
        }
    }
}

fn render(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).unwrap_or_default()
}

/// `"<version>-<digest of the body>"`: the version tells whether a write is stale, the whole whether a copy is.
#[must_use]
pub fn etag(version: i64, body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    format!("\"{version}-{}\"", BASE64_URL_SAFE_NO_PAD.encode(digest.get(..DIGEST_BYTES).unwrap_or_default()))
}

/// Whether an If-None-Match names this `ETag` (RFC 9110, weak comparison).
#[must_use]
pub fn none_match(asked: &str, etag: &str) -> bool {
    asked.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == etag)
}

impl Responder for Reply {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let etag = self.headers.iter().find(|(name, _)| *name == header::ETAG).map(|(_, value)| value.as_str());
        let asked = request.headers().get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        let known = matches!((asked, etag), (Some(asked), Some(etag)) if none_match(asked, etag));
        let unchanged = known && request.method() == actix_web::http::Method::GET;
        let mut response = HttpResponse::build(if unchanged { StatusCode::NOT_MODIFIED } else { self.status });
        for (name, value) in &self.headers {
            if unchanged && *name == header::CONTENT_TYPE {
                continue;
            }
            if let Ok(value) = HeaderValue::from_str(value) {
                response.insert_header((name.clone(), value));
            }
        }
        if unchanged || self.body.is_empty() { response.finish() } else { response.body(self.body) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_names_the_version_and_the_body() {
        assert!(etag(3, b"{}").starts_with("\"3-"));
        assert_ne!(etag(3, b"{}"), etag(3, b"[]"));
        assert_eq!(etag(3, b"{}").len(), "\"3-0123456789abcdef\"".len(), "twelve bytes are sixteen letters");
    }

    #[test]
    fn if_none_match_lists_or_takes_any() {
        let tag = "\"3-ab\"";
        assert!(none_match("*", tag) && none_match("\"x\", W/\"3-ab\"", tag));
        assert!(!none_match("\"3-abc\"", tag));
    }
}
