//! What is counted for the operator, in the format of Prometheus.
//!
//! What always holds: a label names the address as the document writes it, never what a client sent, so that nobody can add labels
//! without end.

use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use prometheus::{HistogramOpts, HistogramVec, Registry, TextEncoder};

const BUCKETS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// What is counted.
pub struct Metrics {
    registry: Registry,
    requests: Option<HistogramVec>,
}

impl Default for Metrics {
    fn default() -> Self {
        let registry = Registry::new();
        let options = HistogramOpts::new("cohortium_request_seconds", "How long requests took").buckets(BUCKETS.to_vec());
        let requests = HistogramVec::new(options, &["method", "route", "status"]).ok();
        if let Some(requests) = requests.clone().filter(|requests| registry.register(Box::new(requests.clone())).is_err()) {
            tracing::error!(?requests, "the metrics cannot be registered");
        }
        Self { registry, requests }
    }
}

impl Metrics {
    /// A request was answered.
    pub fn answered(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        let known = matches!(*method, Method::GET | Method::POST | Method::PUT | Method::PATCH | Method::DELETE | Method::OPTIONS);
        let method = if known { method.as_str() } else { "other" };
        let route = if route.is_empty() { "none" } else { route };
        if let Some(requests) = &self.requests {
            requests.with_label_values(&[method, route, status.as_str()]).observe(took.as_secs_f64());
        }
    }

    /// All of it, as text.
    #[must_use]
    pub fn render(&self) -> String {
        TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_invents_adds_no_label() {
        let metrics = Metrics::default();
        metrics.answered(&Method::GET, "/v1/people/{person_id}", StatusCode::OK, Duration::from_millis(3));
        metrics.answered(&Method::from_bytes(b"BREW").unwrap(), "", StatusCode::NOT_FOUND, Duration::from_millis(3));
        let told = metrics.render();
        assert!(told.contains(r#"method="GET",route="/v1/people/{person_id}",status="200""#), "{told}");
        assert!(told.contains(r#"method="other",route="none",status="404""#) && !told.contains("BREW"), "{told}");
    }
}
