//! What a server of the tests answers.

use serde_json::Value;

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body as text.
    pub text: String,
    /// The body as it came.
    pub bytes: Vec<u8>,
    /// The body as JSON; null, when it is none.
    pub body: Value,
}

impl Answer {
    /// The body, of an answer that must have this status.
    ///
    /// # Panics
    /// When it has another.
    #[track_caller]
    #[must_use]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.body
    }

    /// The code of a problem that must have this status.
    ///
    /// # Panics
    /// When it has another, or is no problem.
    #[track_caller]
    #[must_use]
    pub fn problem(&self, status: u16) -> &str {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        self.body.get("code").and_then(Value::as_str).unwrap_or_else(|| panic!("no code: {}", self.text))
    }

    /// The pointers of a problem's faults with their codes.
    #[must_use]
    pub fn faults(&self) -> Vec<(&str, &str)> {
        let faults = self.body.get("errors").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        faults.iter().map(|fault| (text(fault, "pointer"), text(fault, "code"))).collect()
    }

    /// A header; empty, when it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

fn text<'a>(object: &'a Value, member: &str) -> &'a str {
    object.get(member).and_then(Value::as_str).unwrap_or_default()
}
