//! The OpenAPI document: generated from the handlers and their types, completed in one pass, and then enforced.
//!
//! What always holds: the server refuses what the document does not describe, because it asks the document ([`operations`]); what
//! holds for all operations alike (who may call, problems, headers, examples) is written by [`polish`], not at each handler.

mod examples;
pub mod operations;
mod polish;
mod shape;

use std::sync::LazyLock;

use serde_json::Value;
use utoipa::OpenApi;

use crate::v1;

/// The document as it is served and committed.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let mut document = serde_json::to_value(generated()).unwrap_or_default();
    polish::polish(&mut document);
    document
});

/// The document as text, as it is committed.
#[must_use]
pub fn text() -> String {
    let mut text = serde_json::to_string_pretty(&*DOCUMENT).unwrap_or_default();
    text.push('\n');
    text
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Cohortium",
        description = include_str!("introduction.md"),
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
        contact(name = "Cohortium", url = "https://cohortium.dev"),
    ),
    servers((url = "/", description = "The server that serves this document: a local one, a sandbox, or production")),
    components(schemas(crate::problem::ProblemBody, crate::problem::oauth::OAuthErrorBody)),
)]
struct Base;

fn generated() -> utoipa::openapi::OpenApi {
    let mut document = Base::openapi();
    for room in v1::documents() {
        document.merge(room);
    }
    document
}
