//! What an operator asks: whether the server lives, whether it can serve, which version it is, and for the document.

use actix_web::get;
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::room;
use crate::ctx::Ctx;
use crate::openapi::DOCUMENT;
use crate::problem::{Code, Problem};
use crate::reply::{Answer, Reply};

/// How the server is.
#[derive(Serialize, ToSchema)]
struct Health {
    /// `ok`.
    #[schema(max_length = 10)]
    status: &'static str,
}

/// Which version runs.
#[derive(Serialize, ToSchema)]
struct Version {
    /// The version (Semantic Versioning).
    #[schema(max_length = 40)]
    version: &'static str,
}

/// The OpenAPI document itself.
#[derive(ToSchema)]
#[schema(value_type = Object, example = json!({ "openapi": "3.1.0", "info": { "title": "Cohortium", "version": "0.1.0" }, "paths": {} }))]
struct OpenApiDocument(#[expect(dead_code, reason = "the type says what is served, which is made elsewhere")] serde_json::Value);

/// Whether the process lives
///
/// Never asks the database.
#[utoipa::path(tag = "Operation", responses((status = 200, description = "It lives.", body = Health)))]
#[get("/health/live")]
async fn get_liveness() -> Answer {
    Ok(Reply::ok(&Health { status: "ok" }))
}

/// Whether the server can serve
///
/// 503 while the database does not answer.
#[utoipa::path(tag = "Operation", responses((status = 200, description = "It can serve.", body = Health)))]
#[get("/health/ready")]
async fn get_readiness(ctx: Ctx) -> Answer {
    // It takes no place among the requests that are worked on: a server that is busy is ready.
    let answered = timeout(ctx.limits().ping_time, ctx.store().ping()).await;
    if matches!(answered, Ok(Ok(()))) {
        Ok(Reply::ok(&Health { status: "ok" }))
    } else {
        Err(Problem::new(Code::DatabaseUnavailable))
    }
}

/// Which version runs
#[utoipa::path(tag = "Operation", responses((status = 200, description = "The version.", body = Version)))]
#[get("/version")]
async fn get_version() -> Answer {
    Ok(Reply::ok(&Version { version: env!("CARGO_PKG_VERSION") }))
}

/// Read this document
///
/// The OpenAPI document of the running server.
#[utoipa::path(tag = "Operation", responses((status = 200, description = "The document.", body = OpenApiDocument)))]
#[get("/openapi/v1.json")]
async fn get_document() -> Answer {
    Ok(Reply::thing(1, &*DOCUMENT))
}

room!(get_liveness, get_readiness, get_version, get_document);
