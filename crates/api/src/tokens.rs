//! Access tokens: JWTs signed with ES256 (RFC 9068), which carry nothing personal and no right: those are looked up at each
//! request.

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
    times: Times,
}

/// From when until when a token is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    iat: i64,
    /// Ours have none; one that is there counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    exp: i64,
}

impl Times {
    /// When it was issued.
    #[must_use]
    pub fn issued_at(&self) -> Timestamp {
        Timestamp::from_millis(self.iat.saturating_mul(1_000))
    }

    /// Whether it is good at this instant.
    ///
    /// # Errors
    /// [`Code::TokenExpired`]; [`Code::TokenInvalid`], when its time is still to come.
    pub fn check(&self, now: Timestamp) -> Result<(), Problem> {
        let now = seconds(now);
        if self.exp.saturating_add(LEEWAY_SECONDS) <= now {
            return Err(Problem::new(Code::TokenExpired).detail("Refresh it, or sign in again"));
        }
        let begins = self.nbf.map_or(self.iat, |not_before| not_before.max(self.iat));
        if begins > now.saturating_add(LEEWAY_SECONDS) {
            return Err(Problem::new(Code::TokenInvalid));
        }
        Ok(())
    }
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
    #[serde(flatten)]
    times: Times,
    scope: String,
}

impl Tokens {
    /// With these keys.
    #[must_use]
    pub fn new(keys: Keys, issuer: &str, environment: Arc<dyn Environment>) -> Self {
        Self { keys, issuer: issuer.to_owned(), validation: validation(issuer, [issuer]), environment }
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
            times: Times { iat: now, nbf: None, exp: now + ACCESS_SECONDS },
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
        let header = access_token_header(token).ok_or_else(invalid)?;
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
            times: claims.times,
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
        checked.times.check(now)?;
        if self.keys.ring().good(&checked.kid, now).is_none() {
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

/// What every access token is held to, but for its times: the library would read the system's clock, and ours is handed in.
pub(crate) fn validation<'a>(issuer: &str, audiences: impl IntoIterator<Item = impl AsRef<str> + 'a>) -> Validation {
    let audiences: Vec<String> = audiences.into_iter().map(|audience| audience.as_ref().to_owned()).collect();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&audiences);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

/// The header of what is, by its form, an access token (RFC 9068), and asks for nothing that is not known here.
pub(crate) fn access_token_header(token: &str) -> Option<Header> {
    let header = (token.len() <= LONGEST_TOKEN).then(|| jsonwebtoken::decode_header(token).ok()).flatten()?;
    let typed = header.typ.as_deref().is_some_and(|typ| typ == TYPE || typ == "application/at+jwt");
    (typed && header.crit.is_none()).then_some(header)
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
