//! The gate: what every request passes before its handler, in one order, asked of the document and of the table of who may do what.
//!
//! First whether the head is no larger than is taken (414, 431), then whether the server answers as that host (421), then whether
//! the address is known (404), then the method (405), then who calls (401), then whether such a caller could ever do this (403). No
//! handler, and no extractor, is reached before: a stranger learns nothing from a wrong id or a wrong body.

use std::sync::Arc;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::uri::Authority;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, web};
use cohortium_store::Origin;
use tracing::Instrument;
use uuid::Uuid;

use crate::auth::{self, Caller};
use crate::config::Limits;
use crate::ctx::Ctx;
use crate::network::{Hosts, client_address};
use crate::openapi::operations::{Methods, OPERATIONS, Operation};
use crate::problem::oauth::OAuthError;
use crate::problem::{Code, Problem};
use crate::rate_limits::{Left, Limited, Network};

/// Where Swagger UI is: the only thing that is served without standing in the document.
const DOCS: &str = "/docs";
/// Where probes ask.
const HEALTH: &str = "/health/";
/// JSON is never a page.
const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";
/// Swagger UI is one: its own scripts, styles and pictures, and this server's answers.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request.
#[derive(Clone, Copy, Debug)]
pub struct RequestId(pub Uuid);

impl RequestId {
    /// Where what the request changes came from.
    #[must_use]
    pub fn origin(self) -> Origin {
        Origin { door: "http", request_id: Some(self.0) }
    }
}

/// The address that a request asks for, as the document has it: empty, when it is not known. Finding it takes a search.
struct Route(String);

/// The operation that a request asks for.
#[derive(Clone, Copy)]
pub struct Matched(pub &'static Operation);

/// The outermost layer: the request's id, its span, and the headers of every answer.
///
/// # Errors
/// None of its own.
pub async fn outermost(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    let ctx = request.app_data::<web::Data<Ctx>>().cloned();
    let id = request_id(&request, ctx.as_deref().map(AsRef::as_ref));
    request.extensions_mut().insert(RequestId(id));
    if let Some(ctx) = &ctx {
        request.extensions_mut().insert(network(&request, ctx));
    }
    let route = request.match_pattern().unwrap_or_default();
    request.extensions_mut().insert(Route(route.clone()));
    let span = tracing::info_span!("request", id = %id, method = %request.method(), route = %route, status = tracing::field::Empty);
    let (method, started) = (request.method().clone(), Instant::now());
    let mut response = next.call(request).instrument(span.clone()).await?.map_into_boxed_body();
    let policy = if is_docs(response.request().path()) { DOCS_POLICY } else { API_POLICY };
    span.record("status", response.status().as_u16());
    span.in_scope(|| tracing::info!("answered"));
    if let Some(ctx) = &ctx {
        ctx.metrics().answered(&method, &route, response.status(), started.elapsed());
    }
    let secure = ctx.is_some_and(|ctx| ctx.public_url().starts_with("https://"));
    let left = response.request().extensions().get::<Left>().copied();
    add_headers(response.headers_mut(), id, policy, secure);
    if let Some(left) = left {
        left.tell(response.headers_mut());
    }
    Ok(response)
}

/// A caller's own id, where it is a UUID; else a new one.
fn request_id(request: &ServiceRequest, ctx: Option<&Ctx>) -> Uuid {
    let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    given.or_else(|| ctx.map(|ctx| ctx.store().environment().ordered_uuid())).unwrap_or_default()
}

/// An error that came up on the way, as the problem that it is, or as OAuth has it.
fn with_problem(response: ServiceResponse<BoxBody>, id: Uuid) -> ServiceResponse<BoxBody> {
    let Some(error) = response.response().error() else { return response };
    if error.as_error::<OAuthError>().is_some() {
        return response;
    }
    let problem = error.as_error::<Problem>().cloned().unwrap_or_else(|| {
        tracing::warn!(%error, "an error without a problem");
        let status = error.as_response_error().status_code();
        Problem::new(if status.is_client_error() { Code::MalformedJson } else { Code::InternalError })
    });
    let answer = unless_withheld(response.request(), problem).answer(id);
    response.into_response(answer)
}

/// A refusal that grants would have spared the caller, were they not withheld, tells how to have them.
fn unless_withheld(request: &HttpRequest, problem: Problem) -> Problem {
    let extensions = request.extensions();
    let (Some(caller), Some(Matched(operation))) = (extensions.get::<Caller>(), extensions.get::<Matched>()) else {
        return problem;
    };
    let refused = matches!(problem.code(), Code::NotFound | Code::PermissionDenied);
    if !refused || !operation.action.opened_by(&caller.withheld) {
        return problem;
    }
    let way = if caller.session().is_some() {
        "POST /v1/auth/step-up with a code, or POST /v1/me/totp to have one"
    } else {
        "sign in at the issuer with one, and send a token that tells so by its auth_time and by mfa in its amr; or sign in here, POST \
         /v1/auth/login with a code"
    };
    let detail = format!("Your grants are withheld until you show a second factor: {way}");
    Problem::new(Code::InsufficientUserAuthentication).detail(detail)
}

fn add_headers(headers: &mut HeaderMap, id: Uuid, policy: &'static str, secure: bool) {
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(REQUEST_ID, value);
    }
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    for (name, value) in fixed {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains"));
    }
}

/// The gate itself, which also tells every error as the problem that it is.
///
/// # Errors
/// None: a refusal is an answer.
pub async fn gate(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    let id = request.extensions().get::<RequestId>().map_or_else(Uuid::nil, |id| id.0);
    let response = match admit(&request, id).await {
        Ok(()) => next.call(request).await?.map_into_boxed_body(),
        Err(problem) => request.error_response(problem),
    };
    Ok(with_problem(response, id))
}

fn is_docs(path: &str) -> bool {
    path.strip_prefix(DOCS).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

async fn admit(request: &ServiceRequest, id: Uuid) -> Result<(), Problem> {
    let ctx = request.app_data::<web::Data<Ctx>>().map(|ctx| Arc::clone(ctx)).ok_or_else(|| Problem::new(Code::InternalError))?;
    check_head(request, ctx.limits())?;
    check_host(request, &ctx.network().hosts)?;
    if ctx.network().docs && is_docs(request.path()) {
        return Ok(());
    }
    let read = matches!(*request.method(), Method::GET | Method::HEAD);
    let anonymous = |action| ctx.rate_limits().anonymous(network(request, &ctx), action, read);
    let operation = match operation(request) {
        Ok(operation) if !operation.action.public() => operation,
        found => {
            count(request, anonymous(found.as_ref().ok().map(|operation| operation.action)))?;
            request.extensions_mut().insert(Matched(found?));
            return Ok(());
        }
    };
    request.extensions_mut().insert(Matched(operation));
    let caller = match auth::identify(&ctx, request.headers(), id).await {
        Ok(caller) => caller,
        Err(problem) => {
            // Whoever guesses at tokens is counted like whoever has none.
            count(request, anonymous(None))?;
            return Err(problem);
        }
    };
    count(request, ctx.rate_limits().caller(&caller, read).map(Some))?;
    let could_ever = caller.require_could_ever(operation.action);
    let fresh = caller.require_fresh_sign_in(operation.action, ctx.now());
    request.extensions_mut().insert(caller);
    could_ever.and(fresh)
}

/// Whether the server answers as the host that is asked for. Probes ask by whatever address they have.
fn check_host(request: &ServiceRequest, hosts: &Hosts) -> Result<(), Problem> {
    let told = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    // An address that is written out has the last word (RFC 9112, 3.2.2); HTTP/2 knows no other way.
    let asked = request.uri().authority().map(Authority::as_str).or(told);
    if request.path().starts_with(HEALTH) || asked.is_some_and(|host| hosts.know(host)) {
        return Ok(());
    }
    Err(Problem::new(Code::MisdirectedRequest).detail("Ask for the public address of the API"))
}

/// The operation of this address and method.
fn operation(request: &ServiceRequest) -> Result<&'static Operation, Problem> {
    let methods = request.extensions().get::<Route>().and_then(|Route(address)| OPERATIONS.get(address));
    let methods = methods.ok_or_else(|| Problem::new(Code::RouteNotFound))?;
    methods.get(request.method().as_str()).ok_or_else(|| not_allowed(methods))
}

fn network(request: &ServiceRequest, ctx: &Ctx) -> Network {
    client_address(request.request(), &ctx.network().proxies).into()
}

/// Remembers what is left of a limit, for the headers of the answer.
fn count(request: &ServiceRequest, counted: Result<Option<Left>, Limited>) -> Result<(), Problem> {
    let left = match counted {
        Ok(left) => left,
        Err(limited) => Some(limited.left),
    };
    if let Some(left) = left {
        request.extensions_mut().insert(left);
    }
    Ok(counted.map(drop)?)
}

/// Whether the head of a request is no larger than is taken. (actix takes no more than 96 headers and 128 KiB.)
fn check_head(request: &ServiceRequest, limits: &Limits) -> Result<(), Problem> {
    let address = request.uri().path_and_query().map_or(0, |address| address.as_str().len());
    if address > limits.address_bytes {
        return Err(Problem::new(Code::AddressTooLong).detail(format!("At most {} bytes", limits.address_bytes)));
    }
    let (mut count, mut bytes, mut longest) = (0, 0, 0);
    for (name, value) in request.headers() {
        (count, bytes, longest) = (count + 1, bytes + name.as_str().len() + value.len(), longest.max(value.len()));
    }
    if count > limits.headers || bytes > limits.header_bytes || longest > limits.longest_header {
        let (each, together) = (limits.longest_header, limits.header_bytes);
        let detail = format!("At most {} headers, of {each} bytes each and {together} bytes together", limits.headers);
        return Err(Problem::new(Code::HeadersTooLarge).detail(detail));
    }
    Ok(())
}

fn not_allowed(methods: &Methods) -> Problem {
    let allow = methods.keys().cloned().collect::<Vec<_>>().join(", ");
    Problem::new(Code::MethodNotAllowed).detail(format!("This address knows {allow}")).allow(allow)
}
