//! Problems: every error body there is, from one table of codes (RFC 9457).
//!
//! What always holds: `code` never changes its meaning; a body tells what to do, and nothing of the inside: no SQL, no path, no
//! token, nobody else's data.

pub mod oauth;

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use cohortium_domain::access::{Action, Actor};
use cohortium_domain::pointers;
use cohortium_domain::refusal::{Fault, FaultCode, Refusal};
use cohortium_domain::sign_ins;
use cohortium_domain::words::Word;
use cohortium_store::Error;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

/// Where the types of problems are described.
const TYPES: &str = "https://cohortium.dev/problems/";
/// What kind of body an error has.
pub const MEDIA_TYPE: &str = "application/problem+json";
/// How long to wait before asking again, when nothing better is known.
const RETRY_AFTER_SECONDS: i64 = 2;
/// The most faults that are told.
const MOST_FAULTS: usize = 1_000;
/// The particular that goes into the challenge, and not into the body.
const SCOPE: &str = "scope";

macro_rules! codes {
    ($($variant:ident $text:literal $status:literal $title:literal,)+) => {
        cohortium_domain::words! {
            /// What went wrong: stable, and the last part of `type`.
            pub enum Code { $(#[doc = $title] $variant = $text),+ }
        }

        impl Code {
            /// The status code with which it is sent.
            #[must_use]
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status),+ }
            }

            /// The same sentence each time.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }
        }
    };
}

codes! {
    MalformedJson "malformed_json" 400 "The body is not JSON",
    MalformedForm "malformed_form" 400 "The body is not a whole form",
    JsonTooDeep "json_too_deep" 400 "The body is nested too deeply",
    UnknownParameter "unknown_parameter" 400 "There is no such parameter",
    InvalidParameter "invalid_parameter" 400 "A parameter is not valid",
    InvalidCursor "invalid_cursor" 400 "The cursor does not belong to this list",
    IdempotencyKeyInvalid "idempotency_key_invalid" 400 "The idempotency key is not valid",
    AuthenticationRequired "authentication_required" 401 "Sign in first",
    InvalidCredentials "invalid_credentials" 401 "The address, the password or the code is not right",
    SecondFactorRequired "second_factor_required" 401 "A second factor is required",
    TokenInvalid "token_invalid" 401 "The token is not valid",
    TokenExpired "token_expired" 401 "The token has expired",
    RefreshTokenReused "refresh_token_reused" 401 "The refresh token was used before",
    InsufficientUserAuthentication "insufficient_user_authentication" 401 "This needs you to show once more who you are",
    PermissionDenied "permission_denied" 403 "You may not do this",
    ConflictOfInterest "conflict_of_interest" 403 "There is a conflict of interest",
    InsufficientScope "insufficient_scope" 403 "The token's scopes do not allow this",
    NotFound "not_found" 404 "There is no such thing, or it is not visible to you",
    RouteNotFound "route_not_found" 404 "There is no such address",
    MethodNotAllowed "method_not_allowed" 405 "This address does not know this method",
    RequestTimeout "request_timeout" 408 "The request did not arrive in time",
    IdempotencyKeyInUse "idempotency_key_in_use" 409 "The same request is being worked on",
    SecretShownBefore "secret_shown_before" 409 "The secret was shown before",
    InvalidStateTransition "invalid_state_transition" 409 "Its state does not allow this",
    AlreadyExists "already_exists" 409 "It exists already",
    AlreadyApplied "already_applied" 409 "There is an open application already",
    ExternalIdConflict "external_id_conflict" 409 "The external id is taken",
    SeatsBelowHeld "seats_below_held" 409 "More seats are held than that",
    CohortFull "cohort_full" 409 "No seat is left",
    NotReady "not_ready" 409 "Something else must be done first",
    WindowClosed "window_closed" 409 "It is too early, or too late",
    NotEligible "not_eligible" 409 "The rules for joining are not met",
    NotVerified "not_verified" 409 "The employment is not verified",
    TaxFormMissing "tax_form_missing" 409 "The payee has no valid tax form on file",
    FileInUse "file_in_use" 409 "An application that was sent names the file",
    SamePerson "same_person" 409 "These must not be the same person",
    PreconditionFailed "precondition_failed" 412 "It has changed since you read it",
    PayloadTooLarge "payload_too_large" 413 "The body is too large",
    AddressTooLong "address_too_long" 414 "The address is too long",
    UnsupportedMediaType "unsupported_media_type" 415 "The body, or a file in it, is of a kind that is not taken",
    MisdirectedRequest "misdirected_request" 421 "This server does not answer as that host",
    UnknownField "unknown_field" 422 "The body has members that do not exist",
    ValidationFailed "validation_failed" 422 "The request is not valid",
    IdempotencyKeyReused "idempotency_key_reused" 422 "The idempotency key was used for another request",
    CommitmentsMissing "commitments_missing" 422 "Commitments must be accepted",
    TimelineOutOfOrder "timeline_out_of_order" 422 "Milestones are missing or out of order",
    ReasonRequired "reason_required" 422 "A reason is required",
    PreconditionRequired "precondition_required" 428 "Say which version you change",
    RateLimited "rate_limited" 429 "Too many requests",
    HeadersTooLarge "headers_too_large" 431 "There are too many headers, or they are too large",
    InternalError "internal_error" 500 "Something is wrong on our side",
    Timeout "timeout" 503 "It could not be done in time",
    Overloaded "overloaded" 503 "Too much is going on at the moment",
    StorageFull "storage_full" 503 "Nothing more can be stored at the moment",
    DatabaseUnavailable "database_unavailable" 503 "The database cannot be reached at the moment",
    FilesUnavailable "files_unavailable" 503 "Files can neither be kept nor read at the moment",
}

/// An error, on its way to whoever asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    code: Code,
    detail: Option<String>,
    errors: Vec<Fault>,
    more: Map<String, Value>,
    allow: Option<String>,
    retry_after: i64,
}

/// The body of every error (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Identifies the kind of problem.
    #[serde(rename = "type")]
    #[schema(format = "uri", max_length = 200)]
    kind: String,
    /// The kind in a sentence, the same each time.
    #[schema(max_length = 200)]
    title: &'static str,
    /// The status code.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// The kind, as a word to be matched on: stable.
    code: Code,
    /// What happened this time, and what would help.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    detail: Option<String>,
    /// Identifies this occurrence: the request's id.
    #[schema(format = "uri", max_length = 45)]
    instance: String,
    /// Each fault, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    errors: Vec<ProblemFault>,
    /// The state in which the thing is, where that was the obstacle.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 40)]
    current_state: Option<Value>,
    /// What can be done instead, where the state was the obstacle.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, max_items = 20)]
    allowed_actions: Option<Value>,
    /// When it opens, where it is too early.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<cohortium_domain::time::Timestamp>)]
    opens_at: Option<Value>,
    /// When it closed, where it is too late.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<cohortium_domain::time::Timestamp>)]
    closed_at: Option<Value>,
}

/// One fault of a request.
#[derive(Debug, Serialize, ToSchema)]
struct ProblemFault {
    /// Where, as a JSON pointer in a URI fragment (RFC 6901); for a parameter, its name behind `#/`.
    #[schema(max_length = 500, pattern = r"^#([!$&'()*+,;=:@/?A-Za-z0-9._~-]|%[0-9A-F]{2})*$")]
    pointer: String,
    /// What is wrong.
    code: FaultCode,
    /// What to do about it.
    #[schema(max_length = 1000)]
    detail: String,
    /// The bounds that were broken, and the ids of the things meant, by name.
    #[serde(skip_serializing_if = "Map::is_empty")]
    params: Map<String, Value>,
}

impl Problem {
    /// A problem of a kind.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self { code, detail: None, errors: Vec::new(), more: Map::new(), allow: None, retry_after: RETRY_AFTER_SECONDS }
    }

    /// The same, saying what happened this time.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The same, with the faults of the request.
    #[must_use]
    pub fn errors(mut self, errors: Vec<Fault>) -> Self {
        self.errors = errors;
        self
    }

    /// The same, with the methods that the address knows.
    #[must_use]
    pub fn allow(mut self, methods: String) -> Self {
        self.allow = Some(methods);
        self
    }

    /// The same, saying after how many seconds it can be tried again.
    #[must_use]
    pub fn retry_after(mut self, seconds: i64) -> Self {
        self.retry_after = seconds;
        self
    }

    /// The same, with the scopes that would allow it.
    #[must_use]
    pub fn scope(self, scopes: String) -> Self {
        self.with(SCOPE, Some(scopes))
    }

    /// Its kind.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    fn with(mut self, name: &str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.more.insert(name.to_owned(), value.into());
        }
        self
    }

    /// The answer to a request.
    #[must_use]
    pub fn answer(&self, request_id: Uuid) -> HttpResponse {
        let status = StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = HttpResponse::build(status);
        response.content_type(MEDIA_TYPE);
        if status == StatusCode::UNAUTHORIZED || self.more.contains_key(SCOPE) {
            response.insert_header((header::WWW_AUTHENTICATE, self.challenge()));
        }
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            response.insert_header((header::RETRY_AFTER, self.retry_after.to_string()));
        }
        if status == StatusCode::REQUEST_TIMEOUT {
            // What is left of the request may come yet, and is not to be taken for the next one.
            response.force_close();
        }
        if let Some(methods) = &self.allow {
            response.insert_header((header::ALLOW, methods.as_str()));
        }
        response.json(self.body(request_id))
    }

    /// RFC 6750: a request without a token is told no error code. RFC 9470: how fresh a sign-in must be.
    fn challenge(&self) -> String {
        let error = if matches!(self.code, Code::TokenInvalid | Code::TokenExpired) {
            r#", error="invalid_token""#.to_owned()
        } else if self.code == Code::InsufficientUserAuthentication {
            format!(r#", error="insufficient_user_authentication", max_age="{}""#, sign_ins::fresh_seconds())
        } else if let Some(scope) = self.more.get(SCOPE).and_then(Value::as_str) {
            format!(r#", error="insufficient_scope", scope="{scope}""#)
        } else {
            String::new()
        };
        format!(r#"Bearer realm="cohortium"{error}"#)
    }

    /// Its body, in the answer to a request.
    #[must_use]
    pub fn body(&self, request_id: Uuid) -> ProblemBody {
        let more = |name: &str| self.more.get(name).cloned();
        let fault = |fault: &Fault| ProblemFault {
            pointer: pointers::told(&fault.pointer).to_owned(),
            code: fault.code,
            detail: fault.detail.clone(),
            params: fault.params.clone(),
        };
        ProblemBody {
            kind: format!("{TYPES}{}", self.code.as_str().replace('_', "-")),
            title: self.code.title(),
            status: self.code.status(),
            code: self.code,
            detail: self.detail.clone(),
            instance: format!("urn:uuid:{request_id}"),
            errors: self.errors.iter().take(MOST_FAULTS).map(fault).collect(),
            current_state: more("current_state"),
            allowed_actions: more("allowed_actions"),
            opens_at: more("opens_at"),
            closed_at: more("closed_at"),
        }
    }

    /// What a refusal looks like to this caller.
    #[must_use]
    pub fn refused(refusal: Refusal, actor: &Actor) -> Self {
        let said = refusal.to_string();
        match refusal {
            // The same body for what is not there and for what may not be seen.
            Refusal::Hidden(_) => Self::new(Code::NotFound),
            Refusal::Forbidden(_) => Self::new(Code::PermissionDenied).detail(said),
            Refusal::InvalidTransition { current_state, from_here, .. } => {
                let open: Vec<&str> = from_here.into_iter().filter(|action| actor.could_ever(*action)).map(Action::verb).collect();
                let problem = Self::new(Code::InvalidStateTransition).detail(said);
                problem.with("current_state", Some(current_state)).with("allowed_actions", Some(json!(open)))
            }
            Refusal::WindowClosed { opens_at, closed_at, .. } => {
                let problem = Self::new(Code::WindowClosed).detail(said);
                problem.with("opens_at", opens_at.map(|at| at.to_string())).with("closed_at", closed_at.map(|at| at.to_string()))
            }
            Refusal::NotEligible { unmet } => Self::new(Code::NotEligible).detail(said).errors(unmet),
            Refusal::NotVerified(_) => Self::new(Code::NotVerified).detail(said),
            Refusal::CommitmentsMissing { missing } => Self::new(Code::CommitmentsMissing).detail(said).errors(missing),
            Refusal::CohortFull(_) => Self::new(Code::CohortFull).detail(said),
            Refusal::SeatsBelowHeld { .. } => Self::new(Code::SeatsBelowHeld).detail(said),
            Refusal::ReasonRequired(_) => Self::new(Code::ReasonRequired).detail(said),
            Refusal::AlreadyApplied => Self::new(Code::AlreadyApplied).detail(said),
            Refusal::AlreadyExists(_) => Self::new(Code::AlreadyExists).detail(said),
            Refusal::ExternalIdConflict(_) => Self::new(Code::ExternalIdConflict).detail(said),
            Refusal::TimelineOutOfOrder { faults } => Self::new(Code::TimelineOutOfOrder).detail(said).errors(faults),
            Refusal::NotReady { missing, .. } => Self::new(Code::NotReady).detail(said).errors(missing),
            Refusal::Invalid(faults) => Self::invalid(faults),
            Refusal::Stale => Self::new(Code::PreconditionFailed).detail(said),
            Refusal::VersionRequired => Self::new(Code::PreconditionRequired).detail(said),
            Refusal::TooOften { wait_seconds } => Self::new(Code::RateLimited).detail(said).retry_after(wait_seconds),
            Refusal::ConflictOfInterest => Self::new(Code::ConflictOfInterest).detail(said),
            Refusal::TaxFormMissing(_) => Self::new(Code::TaxFormMissing).detail(said),
            Refusal::UnsupportedFile(_) => Self::new(Code::UnsupportedMediaType).detail(said),
            Refusal::FileInUse(_) => Self::new(Code::FileInUse).detail(said),
            Refusal::FileTooLarge(_) => Self::new(Code::PayloadTooLarge).detail(said),
            Refusal::SamePerson(_) => Self::new(Code::SamePerson).detail(said),
        }
    }

    fn invalid(mut faults: Vec<Fault>) -> Self {
        faults.sort_by(|one, other| one.pointer.cmp(&other.pointer));
        let unknown = !faults.is_empty() && faults.iter().all(|fault| fault.code == FaultCode::UnknownField);
        let code = if unknown { Code::UnknownField } else { Code::ValidationFailed };
        let detail = match faults.len() {
            1 => "1 member of the request is not valid".to_owned(),
            several => format!("{several} members of the request are not valid"),
        };
        Self::new(code).detail(detail).errors(faults)
    }

    /// What an error looks like to this caller.
    #[must_use]
    pub fn of(error: Error, actor: &Actor) -> Self {
        match error {
            Error::Refused(refusal) => Self::refused(refusal, actor),
            Error::InFlight => Self::new(Code::IdempotencyKeyInUse).detail("Wait a little, then send it again with the same key"),
            Error::KeyReused => Self::new(Code::IdempotencyKeyReused).detail("Make a new key for each new request"),
            Error::Unavailable(said) => Self::outage(Code::DatabaseUnavailable, &said),
            Error::Busy(said) | Error::NoConnection(said) | Error::Conflict(said) => Self::outage(Code::Overloaded, &said),
            Error::TimedOut(said) => Self::outage(Code::Timeout, &said),
            Error::Full(said) => Self::outage(Code::StorageFull, &said),
            Error::Replay(_) => Self::new(Code::InternalError),
            Error::NotUnique(said) | Error::Defect(said) => {
                tracing::error!(error = said, "defect");
                Self::new(Code::InternalError)
            }
        }
    }

    fn outage(code: Code, said: &str) -> Self {
        tracing::warn!(error = said, code = code.as_str(), "the database could not");
        Self::new(code)
    }
}

const _: () = assert!(pointers::POINTER_CHARACTERS_MAX == 500, "the document's bound of a pointer is the pointers' own");

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code.as_str())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Without the request's id, which the outermost middleware knows: it asks [`Problem::answer`] instead.
    fn error_response(&self) -> HttpResponse<BoxBody> {
        self.answer(Uuid::nil())
    }
}
