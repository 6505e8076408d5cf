//! Cross-origin requests: by the exact origin, with bearer tokens and no cookies.

use actix_cors::Cors;

use super::Origins;
use super::hosts::{host_of, is_this_machine};

/// Which front ends may call from a browser: those on the list.
pub(crate) fn cors(origins: &Origins) -> Cors {
    let cors = match origins {
        Origins::Only(list) => list.iter().fold(Cors::default(), |cors, origin| cors.allowed_origin(origin)),
        Origins::Localhost => Cors::default().allowed_origin_fn(|origin, _| origin.to_str().is_ok_and(is_localhost)),
    };
    cors.allowed_methods(["GET", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers([
            "authorization",
            "content-type",
            "if-match",
            "if-none-match",
            "idempotency-key",
            "x-request-id",
            "traceparent",
        ])
        .expose_headers([
            "etag",
            "location",
            "link",
            "retry-after",
            "ratelimit",
            "ratelimit-policy",
            "x-request-id",
            "idempotent-replayed",
            "deprecation",
            "sunset",
        ])
        .max_age(600)
}

fn is_localhost(origin: &str) -> bool {
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    authority.and_then(host_of).is_some_and(is_this_machine)
}
