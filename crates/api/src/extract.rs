//! What a request carries, taken as the document says and no other way.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::{Method, header};
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use cohortium_domain::access::Action;
use cohortium_domain::canonical::canonical;
use cohortium_domain::forms;
use cohortium_domain::meta::Precondition;
use cohortium_domain::pointers::member;
use cohortium_domain::refusal::{Fault, FaultCode, Refusal};
use cohortium_store::{Error, Page, PageRequest};
use cohortium_workflow::input::Input;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

use crate::auth::Caller;
use crate::config::Limits;
use crate::ctx::Ctx;
use crate::gate::Matched;
use crate::openapi::operations::{Operation, Parameter};
use crate::problem::{Code, Problem};
use crate::reply::Reply;
use crate::{cursor, json};

/// The longest idempotency key.
pub const LONGEST_KEY: usize = 255;
/// Where no idempotency key is taken: where one signs in, and where a secret is shown, which is never kept. A repeat there makes
/// new ones.
const WITHOUT_KEY: [&str; 3] = ["/v1/auth/", "/v1/me/totp", "/v1/me/recovery-codes"];
/// How many items a page has when nothing is said.
const DEFAULT_LIMIT: u64 = 50;

/// On what conditions a write is made: once for its key, and on the version that the caller knows.
#[derive(Clone, Debug)]
pub struct Conditions {
    key: Option<String>,
    method: Method,
    path: String,
    precondition: Precondition,
    /// SHA-256 over the canonical form of the body.
    pub fingerprint: [u8; 32],
}

impl Conditions {
    /// Of a request with this body.
    ///
    /// # Errors
    /// The key is none.
    pub fn of(request: &HttpRequest, body: &Value) -> Result<Self, Problem> {
        let key = match request.headers().get("idempotency-key") {
            Some(value) if *request.method() == Method::POST && takes_key(request.path()) => Some(idempotency_key(value)?),
            _ => None,
        };
        Ok(Self {
            key,
            method: request.method().clone(),
            path: request.path().to_owned(),
            precondition: precondition(request),
            fingerprint: Sha256::digest(canonical(body).as_bytes()).into(),
        })
    }

    /// What the key is good for: this caller, method and path. Nothing, when there is no key.
    #[must_use]
    pub fn scope(&self, caller: &Caller) -> Option<[u8; 32]> {
        let key = self.key.as_ref()?;
        let who = format!("{:?}", (caller.coalition_id, caller.actor.identity()));
        let parts = [who.as_str(), self.method.as_str(), &self.path, key];
        let hasher =
            parts.iter().fold(Sha256::new(), |hasher, part| hasher.chain_update(part.len().to_be_bytes()).chain_update(part));
        Some(hasher.finalize().into())
    }

    /// The same for one part of what is asked, which is written by itself: on this version.
    #[must_use]
    pub fn part(&self, index: usize, precondition: Precondition) -> Self {
        Self { path: format!("{}#{index}", self.path), precondition, ..self.clone() }
    }

    /// What the caller says about the version that it changes.
    #[must_use]
    pub fn precondition(&self) -> Precondition {
        self.precondition
    }
}

/// Whether a POST to this address takes an idempotency key.
pub fn takes_key(path: &str) -> bool {
    !WITHOUT_KEY.iter().any(|without| path.starts_with(without))
}

fn idempotency_key(value: &header::HeaderValue) -> Result<String, Problem> {
    let key = value.to_str().unwrap_or_default().trim();
    let printable = key.bytes().all(|byte| byte.is_ascii_graphic());
    if key.is_empty() || key.len() > LONGEST_KEY || !printable {
        let detail = format!("1 to {LONGEST_KEY} printable ASCII characters, for example a UUID");
        return Err(Problem::new(Code::IdempotencyKeyInvalid).detail(detail));
    }
    Ok(key.to_owned())
}

/// If-Match (RFC 9110): needed by what replaces or changes a thing, honored wherever it is sent.
fn precondition(request: &HttpRequest) -> Precondition {
    let needed = matches!(*request.method(), Method::PUT | Method::PATCH | Method::DELETE);
    let Some(value) = request.headers().get(header::IF_MATCH) else {
        return if needed { Precondition::Missing } else { Precondition::NotNeeded };
    };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Precondition::Any;
    }
    let version = text.strip_prefix('"').and_then(|rest| rest.split(['-', '"']).next()).and_then(|version| version.parse().ok());
    version.map_or(Precondition::Never, Precondition::Version)
}

impl FromRequest for Conditions {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    /// Of an action that takes no body.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request, &Value::Null))
    }
}

/// A JSON body: parsed at once, but held against the document only when the handler asks, after the caller's right has been
/// established.
pub struct Body<T> {
    value: Value,
    operation: &'static Operation,
    conditions: Conditions,
    kind: std::marker::PhantomData<T>,
}

impl<T: DeserializeOwned> Body<T> {
    /// On what conditions the write is made.
    pub fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// The body, when it is as the document says.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with every fault.
    pub fn valid(&self) -> Result<T, Error> {
        if let Some(validator) = self.operation.body_validator() {
            let faults = forms::faults::faults(validator, &self.value, "#");
            if !faults.is_empty() {
                return Err(Refusal::Invalid(faults).into());
            }
        }
        T::deserialize(&self.value).map_err(|error| {
            // The document allows what the type does not: ours to mend, but the caller can be helped.
            tracing::warn!(%error, operation = self.operation.action.name(), "a body that the document allows was not taken");
            Refusal::invalid("#", FaultCode::InvalidValue, "The body cannot be read as what it should be").into()
        })
    }

    /// The body as the domain's input, to be looked at after the caller's right has been established.
    pub fn input<U: From<T>>(&self) -> Input<'_, U> {
        self.input_as(|body| Ok(body.into()))
    }

    /// The same, where making the domain's input of it can be refused.
    pub fn input_as<U>(&self, into: impl Fn(T) -> Result<U, Refusal> + 'static) -> Input<'_, U> {
        Input::new(self.conditions.precondition, move || self.valid().and_then(|body| into(body).map_err(Error::from)))
    }
}

impl<T: 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move { Self::read(&request, &mut payload).await })
    }
}

impl<T> Body<T> {
    async fn read(request: &HttpRequest, payload: &mut Payload) -> Result<Self, Problem> {
        let limits = *Ctx::of(request)?.limits();
        let declared = length(request);
        if declared.unwrap_or(0) == 0 && left_out(request) {
            return Self::of(request, Value::Object(Map::new()));
        }
        if !media_type_fits(request) {
            return Err(unsupported_media_type(request));
        }
        if declared.is_some_and(|length| length > limits.body_bytes) {
            return Err(payload_too_large(&limits));
        }
        let reading = tokio::time::timeout(limits.body_time, Bytes::from_request(request, payload));
        let bytes = reading.await.map_err(|_| request_timeout(&limits))?.map_err(|error| not_read(&error, &limits))?;
        Self::of(request, json::parse(&bytes, limits.body_depth)?)
    }

    fn of(request: &HttpRequest, value: Value) -> Result<Self, Problem> {
        let conditions = Conditions::of(request, &value)?;
        Ok(Self { value, operation: matched(request)?, conditions, kind: std::marker::PhantomData })
    }
}

/// Whether there is no body, where the document lets it be left out: it is an empty object.
fn left_out(request: &HttpRequest) -> bool {
    !request.headers().contains_key(header::CONTENT_TYPE) && matched(request).is_ok_and(Operation::body_optional)
}

fn length(request: &HttpRequest) -> Option<usize> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn payload_too_large(limits: &Limits) -> Problem {
    Problem::new(Code::PayloadTooLarge).detail(format!("At most {} bytes", limits.body_bytes))
}

fn request_timeout(limits: &Limits) -> Problem {
    Problem::new(Code::RequestTimeout).detail(format!("Send the whole body within {} seconds", limits.body_time.as_secs_f32()))
}

/// A body that is larger than it said, or that did not come in whole.
fn not_read(error: &actix_web::Error, limits: &Limits) -> Problem {
    match error.as_error() {
        Some(PayloadError::Overflow) => payload_too_large(limits),
        _ => Problem::new(Code::MalformedJson).detail("The body did not come in whole"),
    }
}

fn unsupported_media_type(request: &HttpRequest) -> Problem {
    let patch = if *request.method() == Method::PATCH { " or application/merge-patch+json" } else { "" };
    Problem::new(Code::UnsupportedMediaType).detail(format!("Send the body as application/json{patch}"))
}

fn media_type_fits(request: &HttpRequest) -> bool {
    let essence = request.content_type().trim().to_ascii_lowercase();
    essence == "application/json" || (essence == "application/merge-patch+json" && *request.method() == Method::PATCH)
}

fn matched(request: &HttpRequest) -> Result<&'static Operation, Problem> {
    request.extensions().get::<Matched>().map(|matched| matched.0).ok_or_else(|| Problem::new(Code::InternalError))
}

/// The query parameters of a request, held against the document.
pub struct Params<T> {
    /// What they say.
    pub value: T,
    list: String,
    address: String,
}

impl<T> std::ops::Deref for Params<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: DeserializeOwned> FromRequest for Params<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(params(request))
    }
}

fn params<T: DeserializeOwned>(request: &HttpRequest) -> Result<Params<T>, Problem> {
    let operation = matched(request)?;
    let values = read_query(operation, request.query_string())?;
    let list = list_name(operation.action, request, &values);
    let value = T::deserialize(Value::Object(values)).map_err(|error| {
        tracing::warn!(%error, operation = operation.action.name(), "parameters that the document allows were not taken");
        Problem::new(Code::InvalidParameter)
    })?;
    Ok(Params { value, list, address: request.uri().to_string() })
}

/// The query as JSON: each parameter of the type that the document gives it.
fn read_query(operation: &Operation, query: &str) -> Result<Map<String, Value>, Problem> {
    let mut values = Map::new();
    let (mut unknown, mut faults) = (Vec::new(), Vec::new());
    for (name, text) in form_pairs(query) {
        let Some(parameter) = operation.parameters.iter().find(|parameter| parameter.name == name) else {
            unknown.push(Fault::new(member("#", &name), FaultCode::UnknownField, "There is no such parameter"));
            continue;
        };
        let value = typed(parameter, text);
        match values.get_mut(&name) {
            None => drop(values.insert(name, if parameter.many { Value::Array(vec![value]) } else { value })),
            Some(Value::Array(several)) if parameter.many => several.push(value),
            Some(_) => faults.push(Fault::new(member("#", &name), FaultCode::Duplicate, "This parameter can be given once")),
        }
    }
    if !unknown.is_empty() {
        return Err(Problem::new(Code::UnknownParameter).errors(unknown));
    }
    for parameter in &operation.parameters {
        match (values.get(&parameter.name), parameter.validator()) {
            (Some(value), Some(validator)) => faults.extend(forms::faults::faults(validator, value, &member("#", &parameter.name))),
            (None, _) if parameter.required => {
                faults.push(Fault::new(member("#", &parameter.name), FaultCode::Required, "It must be given"));
            }
            _ => {}
        }
    }
    let invalid_cursor = faults.iter().any(|fault| fault.pointer == "#/cursor");
    match faults.is_empty() {
        true => Ok(values),
        false if invalid_cursor && faults.len() == 1 => Err(Problem::new(Code::InvalidCursor)),
        false => Err(Problem::new(Code::InvalidParameter).errors(faults)),
    }
}

/// The text as the parameter's type; as text, where it is none, for the document to refuse.
fn typed(parameter: &Parameter, text: String) -> Value {
    match parameter.kind.as_str() {
        "integer" => text.parse::<i64>().map_or(Value::String(text), Value::from),
        "boolean" => text.parse::<bool>().map_or(Value::String(text), Value::from),
        _ => Value::String(text),
    }
}

/// The pairs of a query (`application/x-www-form-urlencoded`).
pub fn form_pairs(query: &str) -> Vec<(String, String)> {
    let pairs = actix_web::web::Query::<Vec<(String, String)>>::from_query(query);
    pairs.map(actix_web::web::Query::into_inner).unwrap_or_default()
}

/// What a cursor is bound to: the operation, its path, and all parameters but the page's own.
fn list_name(action: Action, request: &HttpRequest, values: &Map<String, Value>) -> String {
    let mut filter = values.clone();
    for name in ["cursor", "limit", "with_total"] {
        filter.remove(name);
    }
    let coalition = request.extensions().get::<Caller>().map(|caller| caller.coalition_id.to_string()).unwrap_or_default();
    format!("{} {coalition} {} {}", action.name(), request.path(), canonical(&Value::Object(filter)))
}

/// Which page of a list is wanted.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// How many items a page has at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u64>,
    /// The `next_cursor` of the page before.
    #[param(min_length = 1, max_length = 2000, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
    /// Whether `total` is wanted, the number of items on all pages.
    with_total: Option<bool>,
}

impl<T> Params<T> {
    /// Whether no parameter was given at all.
    pub fn unasked(&self) -> bool {
        !self.address.contains('?')
    }
}

impl Params<Paging> {
    /// The page, for the store.
    ///
    /// # Errors
    /// [`Code::InvalidCursor`] when the cursor belongs to another list.
    pub fn page(&self, ctx: &Ctx, descending: bool) -> Result<PageRequest, Problem> {
        let after = self.cursor.as_deref().map(|cursor| ctx.cursors().read(&self.list, cursor)).transpose()?;
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        Ok(PageRequest { limit, after, descending, with_total: self.with_total.unwrap_or(false) })
    }

    /// The answer: the page, and where the next one is.
    pub fn reply<T, U, P: Serialize>(
        &self,
        ctx: &Ctx,
        found: Page<T>,
        view: impl FnMut(T) -> U,
        page: impl FnOnce(Vec<U>, Option<String>, Option<u64>) -> P,
    ) -> Reply {
        let Page { items, next, total } = found.map(view);
        let cursor = next.map(|position| ctx.cursors().write(&self.list, &position));
        let link = cursor.as_ref().map(|cursor| self.next_link(ctx, cursor));
        let reply = Reply::ok(&page(items, cursor, total));
        match link {
            Some(link) => reply.with(header::LINK, link),
            None => reply,
        }
    }

    /// RFC 8288: the address of this page, with another cursor.
    fn next_link(&self, ctx: &Ctx, cursor: &str) -> String {
        let (path, query) = self.address.split_once('?').unwrap_or((&self.address, ""));
        let kept = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="));
        let pairs: Vec<String> = kept.map(str::to_owned).chain([format!("cursor={cursor}")]).collect();
        format!("<{}{path}?{}>; rel=\"next\"", ctx.public_url(), pairs.join("&"))
    }
}

const _: () = assert!(cursor::LONGEST == 2000, "the document's bound of a cursor is the cursor's own");

/// A member of a merge patch that can be cleared: absent, `null`, or a value.
///
/// # Errors
/// The value is not of its type.
pub fn clearable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}
