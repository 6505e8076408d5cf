//! What the server takes from the network: as which host it answers, which front ends may call it from a browser, and whom it
//! believes about where a request came from.
//!
//! What always holds: nothing of the inside follows from what a request says of itself; absolute links are made of the public
//! address alone.

mod client_address;
mod cors;
pub(crate) mod hosts;

use crate::issuers::OutsideIssuer;

pub use client_address::{TrustedProxies, client_address};
pub(crate) use cors::cors;
pub use hosts::Hosts;

/// What a server takes from the network.
#[derive(Clone, Debug)]
pub struct NetworkConfig {
    /// Where clients reach it, without a slash at the end.
    pub public_url: String,
    /// As which hosts it answers.
    pub hosts: Hosts,
    /// Which front ends may call from a browser.
    pub origins: Origins,
    /// Whom it believes about where a request came from.
    pub proxies: TrustedProxies,
    /// Whose access tokens it takes beside its own.
    pub issuers: Vec<OutsideIssuer>,
    /// Whether it serves Swagger UI.
    pub docs: bool,
}

/// Which front ends may call from a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// These.
    Only(Vec<String>),
    /// Whatever runs on this machine: for the demo alone.
    Localhost,
}
