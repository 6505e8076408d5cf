//! Whoever calls the server of a test, and a call on its way.

use cohortium_domain::ids::PersonId;
use reqwest::Method;
use serde_json::Value;

use super::{Answer, Api, must};

/// Whoever calls.
#[derive(Clone)]
pub struct Session<'a> {
    pub(super) api: &'a Api,
    pub(super) token: Option<String>,
    pub(super) refresh_token: Option<String>,
    pub(super) person: Option<PersonId>,
}

impl Session<'_> {
    /// The same caller, who speaks to another copy of the server.
    #[must_use]
    pub fn through<'b>(&self, copy: &'b Api) -> Session<'b> {
        let Self { api: _, token, refresh_token, person } = self.clone();
        Session { api: copy, token, refresh_token, person }
    }

    /// The person that is signed in.
    ///
    /// # Panics
    /// When it is nobody.
    #[must_use]
    pub fn person_id(&self) -> PersonId {
        self.person.unwrap_or_else(|| panic!("nobody is signed in"))
    }

    /// The access token.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_else(|| panic!("nobody is signed in"))
    }

    /// The refresh token.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn refresh_token(&self) -> &str {
        self.refresh_token.as_deref().unwrap_or_else(|| panic!("nobody is signed in"))
    }

    /// A request to be completed.
    #[must_use]
    pub fn request(&self, method: Method, path: &str) -> Call {
        let request = self.api.client.request(method, format!("http://{}{path}", self.api.address));
        Call(match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path).send().await
    }

    /// POST with a body.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.request(Method::POST, path).json(&body).send().await
    }

    /// POST without a body: an action.
    pub async fn act(&self, path: &str) -> Answer {
        self.request(Method::POST, path).send().await
    }

    /// PATCH of whatever version there is.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.request(Method::PATCH, path).header("if-match", "*").json(&body).send().await
    }

    /// DELETE of whatever version there is.
    pub async fn delete(&self, path: &str) -> Answer {
        self.request(Method::DELETE, path).header("if-match", "*").send().await
    }

    /// PUT of whatever version there is.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.request(Method::PUT, path).header("if-match", "*").json(&body).send().await
    }
}

/// What stands between the parts of a body with a file.
const BOUNDARY: &str = "between-the-parts";

/// A request on its way.
pub struct Call(reqwest::RequestBuilder);

impl Call {
    /// With a header.
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        Self(self.0.json(body))
    }

    /// With a form as its body.
    #[must_use]
    pub fn form(self, form: &str) -> Self {
        self.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned())
    }

    /// With a file as its body, of this name, that says it is of this kind.
    #[must_use]
    pub fn file(self, name: &str, declared: &str, bytes: &[u8]) -> Self {
        let disposition = format!("form-data; name=\"file\"; filename=\"{}\"", name.replace('"', "\\\""));
        let head = format!("--{BOUNDARY}\r\ncontent-disposition: {disposition}\r\ncontent-type: {declared}\r\n\r\n");
        let end = format!("\r\n--{BOUNDARY}--\r\n");
        let body = [head.as_bytes(), bytes, end.as_bytes()].concat();
        self.header("content-type", &format!("multipart/form-data; boundary={BOUNDARY}")).body(body)
    }

    /// With whatever body.
    #[must_use]
    pub fn body(self, body: impl Into<reqwest::Body>) -> Self {
        Self(self.0.body(body))
    }

    /// Sends it.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn send(self) -> Answer {
        let response = must(self.0.send().await);
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let bytes = must(response.bytes().await).to_vec();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status, headers, text, bytes, body }
    }
}
