//! What the token endpoints answer when they refuse, in the words of RFC 6749, section 5.2.
//!
//! Left out on purpose: whatever is no fault of the request. That is a problem there as everywhere.

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

cohortium_domain::words! {
    /// Why a token endpoint refused.
    pub enum OAuthErrorCode {
        /// The request is not of the form that it must have.
        InvalidRequest = "invalid_request",
        /// The client is not known, its secret is not right, or it has sent none.
        InvalidClient = "invalid_client",
        /// Tokens are not given that way.
        UnsupportedGrantType = "unsupported_grant_type",
        /// The client has not all of the scopes.
        InvalidScope = "invalid_scope",
    }
}

impl OAuthErrorCode {
    /// The status code with which it is sent.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::InvalidClient => StatusCode::UNAUTHORIZED,
            Self::InvalidRequest | Self::UnsupportedGrantType | Self::InvalidScope => StatusCode::BAD_REQUEST,
        }
    }
}

/// A refusal of a token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OAuthError {
    code: OAuthErrorCode,
    description: &'static str,
}

/// Why a token endpoint refused (RFC 6749, section 5.2).
#[derive(Serialize, ToSchema)]
#[schema(as = OAuthError)]
pub struct OAuthErrorBody {
    error: OAuthErrorCode,
    /// What would help.
    #[schema(max_length = 200, pattern = r"^[ !#-\[\]-~]*$")]
    error_description: &'static str,
}

impl OAuthError {
    /// A refusal, saying what would help.
    #[must_use]
    pub fn new(code: OAuthErrorCode, description: &'static str) -> Self {
        Self { code, description }
    }

    /// The request is not of the form that it must have.
    #[must_use]
    pub fn invalid_request(description: &'static str) -> Self {
        Self::new(OAuthErrorCode::InvalidRequest, description)
    }

    /// The client has not shown who it is.
    #[must_use]
    pub fn invalid_client() -> Self {
        Self::new(OAuthErrorCode::InvalidClient, "Send the client's id and one of its secrets by HTTP Basic authentication")
    }
}

impl std::fmt::Display for OAuthError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.code.fmt(f)
    }
}

impl ResponseError for OAuthError {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = HttpResponse::build(self.status_code());
        if self.code == OAuthErrorCode::InvalidClient {
            response.insert_header((header::WWW_AUTHENTICATE, r#"Basic realm="cohortium", charset="UTF-8""#));
        }
        response.json(OAuthErrorBody { error: self.code, error_description: self.description })
    }
}
