//! Cohortium over HTTP: extract, call, answer.
//!
//! What always holds: no rule stands here, only how a question is asked and an answer is told. Every convention has one place: the
//! gate, the extractors, the reply, the problem, the document.

pub mod auth;
mod calendar;
pub mod catalog;
pub mod commands;
pub mod config;
pub mod ctx;
pub mod cursor;
pub mod demo;
mod download;
mod extract;
pub mod files;
mod form;
mod gate;
pub mod issuers;
mod json;
pub mod keys;
pub mod mailer;
pub mod metrics;
pub mod network;
pub mod openapi;
pub mod problem;
pub mod rate_limits;
mod reply;
pub mod server;
mod spreadsheet;
pub mod tokens;
mod upload;
mod v1;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::{App, Error, web};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::ctx::Ctx;
use crate::problem::{Code, Problem};
use crate::reply::Reply;

/// The whole application, for one worker.
pub fn build_app(
    ctx: Ctx,
) -> App<
    impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<impl MessageBody>, Error = Error, InitError = ()>,
> {
    let cors = network::cors(&ctx.network().origins);
    let (docs, body_bytes) = (ctx.network().docs, ctx.limits().body_bytes);
    App::new()
        .app_data(web::Data::new(ctx))
        .app_data(web::PayloadConfig::new(body_bytes))
        .app_data(web::PathConfig::default().error_handler(|_, _| {
            Problem::new(Code::InvalidParameter)
                .detail("A part of the address is not of its form: an id is a UUID, a slug lower-case letters and digits")
                .into()
        }))
        .configure(v1::configure)
        .configure(|app| {
            if docs {
                app.service(web::redirect("/docs", "/docs/")).service(SwaggerUi::new("/docs/{_:.*}").config(swagger()));
            }
        })
        .default_service(web::to(|| async { Err::<Reply, _>(Problem::new(Code::RouteNotFound)) }))
        .wrap(from_fn(gate::gate))
        .wrap(cors)
        .wrap(from_fn(gate::outermost))
}

/// Swagger UI, reading the document that the server enforces.
fn swagger() -> Config<'static> {
    Config::new(["/openapi/v1.json"]).display_request_duration(true).validator_url("none")
}
