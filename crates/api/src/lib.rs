//! Cohortium over HTTP: extract, call, answer.
//!
//! What always holds: no rule stands here, only how a question is asked and an answer is told. Every convention has one place: the gate,
//! the extractors, the reply, the problem, the document.

pub mod auth;
mod calendar;
pub mod catalog;
pub mod commands;
pub mod config;
pub mod ctx;
pub mod cursor;
pub mod demo;
mod extract;
mod form;
mod gate;
mod json;
pub mod keys;
pub mod metrics;
pub mod openapi;
pub mod problem;
pub mod rate_limits;
mod reply;
pub mod server;
pub mod tokens;
mod v1;

use actix_cors::Cors;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::{App, Error, web};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::config::Origins;
use crate::ctx::Ctx;
use crate::problem::{Code, Problem};
use crate::reply::Reply;

/// The whole application, for one worker.
pub fn build_app(
    ctx: Ctx,
) -> App<
    impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<impl MessageBody>, Error = Error, InitError = ()>,
> {
    let cors = cors(ctx.origins());
    App::new()
        .app_data(web::Data::new(ctx))
        .app_data(web::PayloadConfig::new(extract::LARGEST_BODY))
        .app_data(web::PathConfig::default().error_handler(|_, _| {
            Problem::new(Code::InvalidParameter)
                .detail("A part of the address is not of its form: an id is a UUID, a slug lower-case letters and digits")
                .into()
        }))
        .configure(v1::configure)
        .service(web::redirect("/docs", "/docs/"))
        .service(SwaggerUi::new("/docs/{_:.*}").config(swagger()))
        .default_service(web::to(|| async { Err::<Reply, _>(Problem::new(Code::RouteNotFound)) }))
        .wrap(from_fn(gate::gate))
        .wrap(cors)
        .wrap(from_fn(gate::outermost))
}

/// Swagger UI, reading the document that the server enforces.
fn swagger() -> Config<'static> {
    Config::new(["/openapi/v1.json"]).display_request_duration(true).validator_url("none")
}

/// Which front ends may call from a browser: those on the list, by their exact origin, with bearer tokens and no cookies.
fn cors(origins: &Origins) -> Cors {
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
        ])
        .max_age(600)
}

fn is_localhost(origin: &str) -> bool {
    let Some(authority) = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")) else { return false };
    let host = authority
        .rsplit_once(':')
        .map_or(authority, |(host, port)| if port.bytes().all(|b| b.is_ascii_digit()) { host } else { authority });
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}
