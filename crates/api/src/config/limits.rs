//! What the server takes on: how much of a request, how long it waits, and how many at once. Every such number stands here.

use std::time::Duration;

use clap::Args;

use crate::rate_limits::RateLimitArgs;

/// How much the server takes on at once.
#[derive(Args, Clone, Copy, Debug)]
pub struct LoadArgs {
    /// How many requests are worked on at once; who comes beyond that is asked to come again (503).
    #[arg(long, env = "COHORTIUM_MAX_REQUESTS", default_value_t = Limits::default().requests, value_name = "N")]
    pub(super) max_requests: usize,
    /// How many connections are held open at once; who comes beyond that waits.
    #[arg(long, env = "COHORTIUM_MAX_CONNECTIONS", default_value_t = Limits::default().connections, value_name = "N")]
    pub(super) max_connections: usize,
    #[command(flatten)]
    pub(super) rates: RateLimitArgs,
}

/// The longest value of a header, in bytes.
pub const LONGEST_HEADER: usize = 16 * 1024;

/// What the server takes of a request, how long it waits, and how much it takes on at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest address with its query, in bytes.
    pub address_bytes: usize,
    /// The most headers.
    pub headers: usize,
    /// The longest header's value, in bytes.
    pub longest_header: usize,
    /// All headers together, in bytes.
    pub header_bytes: usize,
    /// The largest body, in bytes.
    pub body_bytes: usize,
    /// The largest body with a file in it, in bytes.
    pub upload_bytes: usize,
    /// How many bodies with files are taken in at once.
    pub uploads: usize,
    /// How long one may take to come in.
    pub upload_time: Duration,
    /// The deepest nesting of a body.
    pub body_depth: u32,
    /// How many requests are worked on at once.
    pub requests: usize,
    /// How many requests a minute each caller may send.
    pub rates: RateLimitArgs,
    /// How many connections are held open at once.
    pub connections: usize,
    /// How long a request's head may take to come in.
    pub head_time: Duration,
    /// How long its body may.
    pub body_time: Duration,
    /// How long may be worked on it.
    pub work_time: Duration,
    /// How long the database may take to say that it is there.
    pub ping_time: Duration,
    /// How long a connection is held open for the next request.
    pub idle_time: Duration,
    /// How long requests in flight may take to end when the server stops.
    pub shutdown_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            address_bytes: 8 * 1024,
            headers: 64,
            longest_header: LONGEST_HEADER,
            header_bytes: 32 * 1024,
            body_bytes: 256 * 1024,
            upload_bytes: 12 * 1024 * 1024,
            uploads: 8,
            upload_time: Duration::from_mins(1),
            body_depth: 32,
            requests: 256,
            rates: RateLimitArgs::default(),
            connections: 4_096,
            head_time: Duration::from_secs(5),
            body_time: Duration::from_secs(15),
            work_time: Duration::from_secs(10),
            ping_time: Duration::from_secs(1),
            idle_time: Duration::from_secs(30),
            shutdown_time: Duration::from_secs(20),
        }
    }
}

impl LoadArgs {
    pub(super) fn limits(self, faults: &mut Vec<String>) -> Limits {
        for (flag, number) in [("--max-requests", self.max_requests), ("--max-connections", self.max_connections)] {
            if number == 0 {
                faults.push(format!("{flag}: must be 1 or more, or nobody would be served"));
            }
        }
        Limits { requests: self.max_requests, connections: self.max_connections, rates: self.rates, ..Limits::default() }
    }
}
