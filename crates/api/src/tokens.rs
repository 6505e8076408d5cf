//! Access tokens: JWTs signed with ES256 (RFC 9068), which carry nothing personal and no right: those are looked up at each request.

use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use cohortium_domain::access::ClientScope;
use cohortium_domain::ids::{ClientId, Id, SignInId, TokenId};
use cohortium_domain::time::Timestamp;
use cohortium_domain::words::Word;
use cohortium_store::Environment;
use cohortium_workflow::sign_ins::Issued;
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::keys::{Jwk, Keys};
use crate::problem::{Code, Problem};

/// How long an access token is good for.
pub const ACCESS_SECONDS: i64 = 600;
/// How far clocks may differ.
pub const LEEWAY_SECONDS: i64 = 30;
/// No token of ours is longer.
const LONGEST_TOKEN: usize = 8_192;
const TYPE: &str = "at+jwt";
/// The client that signs in by password: the coalition's own front ends.
const FIRST_PARTY: &str = "cohortium";
/// What a refresh token begins with, so that one that leaked is recognized.
const REFRESH_PREFIX: &str = "coh_rt_";
/// What a client's secret begins with, for the same reason.
const SECRET_PREFIX: &str = "coh_cs_";

/// Makes and checks tokens.
pub struct Tokens {
    keys: Keys,
    issuer: String,
    validation: Validation,
    environment: Arc<dyn Environment>,
}

/// What a token says that was found to be ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// To what it belongs.
    pub holder: Holder,
    /// Whom it names: the person of the session, or the client.
    pub subject: Uuid,
    /// Its own id.
    pub token: TokenId,
    kid: String,
    issued_at: i64,
    not_before: Option<i64>,
    expires_at: i64,
}

/// To what an access token belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A sign-in session.
    Session(SignInId),
    /// An API client.
    Client(ClientId),
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<Uuid>,
    jti: Uuid,
    iat: i64,
    /// Ours have none; one that is there counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    exp: i64,
    scope: String,
}

impl Tokens {
    /// With these keys.
    #[must_use]
    pub fn new(keys: Keys, issuer: &str, environment: Arc<dyn Environment>) -> Self {
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The library would read the system's clock; ours is handed in.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Self { keys, issuer: issuer.to_owned(), validation, environment }
    }

    /// The keys with which it does.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The public keys.
    #[must_use]
    pub fn jwks(&self) -> Vec<Jwk> {
        self.keys.ring().published(self.environment.now())
    }

    /// An access token of a sign-in session.
    ///
    /// # Errors
    /// There is no key, or it does not sign: a defect.
    pub fn issue(&self, issued: Issued) -> Result<String, Problem> {
        self.sign(|claims| Claims {
            sub: issued.person.uuid(),
            client_id: FIRST_PARTY.to_owned(),
            sid: Some(issued.session.uuid()),
            jti: issued.token.uuid(),
            ..claims
        })
    }

    /// An access token of an API client: it says for what, so that the client can tell; what counts is looked up.
    ///
    /// # Errors
    /// As [`Tokens::issue`].
    pub fn issue_to_client(&self, client: ClientId, token: TokenId, scopes: &BTreeSet<ClientScope>) -> Result<String, Problem> {
        self.sign(|claims| Claims {
            sub: client.uuid(),
            client_id: client.to_string(),
            jti: token.uuid(),
            scope: scope_text(scopes),
            ..claims
        })
    }

    fn sign(&self, complete: impl FnOnce(Claims) -> Claims) -> Result<String, Problem> {
        let defect = |said: &str| {
            tracing::error!(error = said, "defect");
            Problem::new(Code::InternalError)
        };
        let (ring, now) = (self.keys.ring(), self.environment.now());
        let key = ring.current(now).ok_or_else(|| defect("there is no signing key"))?;
        let now = seconds(now);
        let claims = complete(Claims {
            iss: self.issuer.clone(),
            aud: self.issuer.clone(),
            sub: Uuid::nil(),
            client_id: String::new(),
            sid: None,
            jti: Uuid::nil(),
            iat: now,
            nbf: None,
            exp: now + ACCESS_SECONDS,
            scope: String::new(),
        });
        let header = Header { typ: Some(TYPE.to_owned()), kid: Some(key.kid.clone()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, &claims, &key.private).map_err(|error| defect(&error.to_string()))
    }

    /// What a token says, when it is one of ours and good now.
    ///
    /// # Errors
    /// [`Code::TokenExpired`], or [`Code::TokenInvalid`] for whatever else is wrong with it.
    pub fn check(&self, token: &str) -> Result<Checked, Problem> {
        let invalid = || Problem::new(Code::TokenInvalid);
        if token.len() > LONGEST_TOKEN {
            return Err(invalid());
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| invalid())?;
        let typed = header.typ.as_deref().is_some_and(|typ| typ == TYPE || typ == "application/at+jwt");
        if !typed || header.crit.is_some() {
            return Err(invalid());
        }
        let (ring, now) = (self.keys.ring(), self.environment.now());
        let key = header.kid.as_deref().and_then(|kid| ring.good(kid, now)).ok_or_else(invalid)?;
        let claims = jsonwebtoken::decode::<Claims>(token, &key.public, &self.validation).map_err(|_| invalid())?.claims;
        let checked = Checked {
            kid: key.kid.clone(),
            holder: claims.sid.map_or_else(
                || Holder::Client(ClientId::from_uuid(claims.sub)),
                |session| Holder::Session(SignInId::from_uuid(session)),
            ),
            subject: claims.sub,
            token: TokenId::from_uuid(claims.jti),
            issued_at: claims.iat,
            not_before: claims.nbf,
            expires_at: claims.exp,
        };
        self.check_again(&checked)?;
        Ok(checked)
    }

    /// Whether a token that was good is good still: its key is, and its time has not run out.
    ///
    /// # Errors
    /// As [`Tokens::check`].
    pub fn check_again(&self, checked: &Checked) -> Result<(), Problem> {
        let now = self.environment.now();
        let good = self.keys.ring().good(&checked.kid, now).is_some();
        let now = seconds(now);
        if checked.expires_at.saturating_add(LEEWAY_SECONDS) <= now {
            return Err(Problem::new(Code::TokenExpired).detail("Refresh it, or sign in again"));
        }
        let begins = checked.not_before.map_or(checked.issued_at, |not_before| not_before.max(checked.issued_at));
        if begins > now.saturating_add(LEEWAY_SECONDS) || !good {
            return Err(Problem::new(Code::TokenInvalid));
        }
        Ok(())
    }

    /// A new refresh token: 256 bits that nobody can guess.
    #[must_use]
    pub fn refresh_token(&self) -> String {
        self.opaque(REFRESH_PREFIX)
    }

    /// A new secret of an API client: as many.
    #[must_use]
    pub fn client_secret(&self) -> String {
        self.opaque(SECRET_PREFIX)
    }

    fn opaque(&self, prefix: &str) -> String {
        let bytes = [self.environment.random(), self.environment.random()].concat();
        format!("{prefix}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// Whether a token is, by its form, a refresh token.
#[must_use]
pub fn is_refresh_token(token: &str) -> bool {
    token.starts_with(REFRESH_PREFIX)
}

/// Scopes as OAuth writes them: separated by spaces.
#[must_use]
pub fn scope_text(scopes: &BTreeSet<ClientScope>) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
}

fn seconds(instant: Timestamp) -> i64 {
    instant.millis().div_euclid(1_000)
}
