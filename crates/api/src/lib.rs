//! Cohortium over HTTP: extract, call, answer.
//!
//! What always holds: no rule stands here, only how a question is asked and an answer is told. Every convention has one place: the gate,
//! the extractors, the reply, the problem, the document.

pub mod auth;
pub mod catalog;
pub mod ctx;
pub mod cursor;
mod extract;
mod gate;
mod json;
pub mod keys;
pub mod openapi;
pub mod problem;
mod reply;
pub mod tokens;
mod v1;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::{App, Error, web};

use crate::ctx::Ctx;
use crate::problem::{Code, Problem};

/// The whole application, for one worker.
pub fn build_app(
    ctx: &Ctx,
) -> App<impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<impl MessageBody>, Error = Error, InitError = ()>> {
    App::new()
        .app_data(web::Data::new(ctx.clone()))
        .app_data(web::PayloadConfig::new(extract::LARGEST_BODY))
        .app_data(web::PathConfig::default().error_handler(|_, _| {
            Problem::new(Code::InvalidParameter).detail("An id in the address is not a UUID").into()
        }))
        .configure(v1::configure)
        .default_service(web::to(|| async { Problem::new(Code::RouteNotFound) }))
        .wrap(from_fn(gate::gate))
        .wrap(from_fn(gate::outermost))
}
