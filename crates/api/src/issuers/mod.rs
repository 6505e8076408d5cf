//! Outside issuers: whose access tokens are taken beside our own, and for which coalition.
//!
//! What always holds: a token is checked as one of ours is, with a key that its issuer publishes, and the key alone says which
//! algorithm; nothing is asked of an address that a token names. It says who somebody is there: who that is here, and what it may
//! do, is looked up at each request. Left out on purpose: sign-in pages, ID tokens and e-mail addresses, which say nothing about
//! who may come in.

mod fetch;
mod keys;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use cohortium_domain::identities::{OutsideSignIn, Principal};
use cohortium_domain::text::Slug;
use cohortium_domain::time::Timestamp;
use cohortium_store::Environment;
use jsonwebtoken::Validation;
use serde::Deserialize;
use serde_json::Value;

use self::keys::{IssuerKeys, Key};
use crate::problem::{Code, Problem};
use crate::tokens::{Times, access_token_header, validation};

pub(crate) use self::fetch::is_fetched;

/// An issuer whose tokens are taken, as the operator names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsideIssuer {
    /// For which coalition.
    pub coalition: Slug,
    /// Its `iss`, under which its metadata are found.
    pub url: String,
    /// For whom its tokens must be.
    pub audiences: Vec<String>,
}

/// The issuers whose tokens are taken.
pub struct Issuers {
    issuers: BTreeMap<String, Issuer>,
    environment: Arc<dyn Environment>,
}

struct Issuer {
    keys: Arc<IssuerKeys>,
    /// Which coalition each audience stands for.
    audiences: BTreeMap<String, Slug>,
    validation: Validation,
}

/// What a token says that was found to be an outside issuer's.
#[derive(Clone)]
pub struct Verified {
    /// To which coalition it lets somebody in.
    pub coalition: Slug,
    /// Whom.
    pub principal: Principal,
    /// How it signed in there.
    pub sign_in: OutsideSignIn,
    times: Times,
    key: Arc<Key>,
}

/// What a token must say (RFC 9068, section 2.2).
#[derive(Deserialize)]
struct Claims {
    aud: Audience,
    sub: String,
    client_id: String,
    #[serde(rename = "jti")]
    _jti: String,
    #[serde(flatten)]
    times: Times,
    /// What of these two cannot be read tells nothing.
    #[serde(default)]
    auth_time: Value,
    #[serde(default)]
    amr: Value,
}

impl Claims {
    fn sign_in(&self) -> OutsideSignIn {
        let auth_time = self.auth_time.as_i64().map(|seconds| Timestamp::from_millis(seconds.saturating_mul(1_000)));
        let methods: Vec<&str> = self.amr.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        OutsideSignIn::told(self.times.issued_at(), auth_time, &methods)
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn all(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Several(several) => several,
        }
    }
}

impl Issuers {
    /// These.
    #[must_use]
    pub fn new(given: &[OutsideIssuer], environment: Arc<dyn Environment>) -> Self {
        let mut issuers: BTreeMap<String, Issuer> = BTreeMap::new();
        for OutsideIssuer { coalition, url, audiences } in given {
            let issuer = issuers.entry(url.clone()).or_insert_with(|| Issuer {
                keys: Arc::new(IssuerKeys::of(url.clone())),
                audiences: BTreeMap::new(),
                validation: Validation::default(),
            });
            issuer.audiences.extend(audiences.iter().map(|audience| (audience.clone(), coalition.clone())));
            issuer.validation = validation(url, issuer.audiences.keys());
        }
        Self { issuers, environment }
    }

    /// Whether a token says that it is of one of these, true or not.
    #[must_use]
    pub fn claimed(&self, token: &str) -> bool {
        self.issuer(token).is_some()
    }

    fn issuer(&self, token: &str) -> Option<&Issuer> {
        #[derive(Deserialize)]
        struct Claimed {
            iss: String,
        }
        if self.issuers.is_empty() {
            return None;
        }
        let payload = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
        self.issuers.get(&serde_json::from_slice::<Claimed>(&payload).ok()?.iss)
    }

    /// What a token says, when it is of one of these and good now.
    ///
    /// # Errors
    /// [`Code::TokenExpired`], or [`Code::TokenInvalid`] for whatever else is wrong with it.
    pub async fn check(&self, token: &str) -> Result<Verified, Problem> {
        let invalid = || Problem::new(Code::TokenInvalid);
        let header = access_token_header(token).ok_or_else(invalid)?;
        let issuer = self.issuer(token).ok_or_else(invalid)?;
        let kid = header.kid.ok_or_else(invalid)?;
        let key = issuer.keys.key(&kid, &*self.environment).await.ok_or_else(invalid)?;
        let mut validation = issuer.validation.clone();
        validation.algorithms = vec![key.algorithm()];
        let claims = jsonwebtoken::decode::<Claims>(token, key.public(), &validation).map_err(|_| invalid())?.claims;
        // A program's token for itself: who somebody is there cannot be told apart from it.
        if claims.sub == claims.client_id {
            return Err(invalid());
        }
        let verified = Verified {
            coalition: issuer.coalition(&claims.aud).ok_or_else(invalid)?,
            principal: Principal::new(issuer.keys.url(), &claims.sub).ok_or_else(invalid)?,
            sign_in: claims.sign_in(),
            times: claims.times,
            key,
        };
        verified.times.check(self.environment.now())?;
        Ok(verified)
    }

    /// Whether a token that was good is good still: its issuer has its key yet, and its time has not run out.
    ///
    /// # Errors
    /// As [`Issuers::check`].
    pub async fn check_again(&self, verified: &Verified) -> Result<(), Problem> {
        let issuer = self.issuers.get(verified.principal.issuer());
        let key = match issuer {
            Some(issuer) => issuer.keys.key(verified.key.kid(), &*self.environment).await,
            None => None,
        };
        if key.is_none_or(|key| *key != *verified.key) {
            return Err(Problem::new(Code::TokenInvalid));
        }
        verified.times.check(self.environment.now())
    }
}

impl Issuer {
    /// The one coalition for which a token is.
    fn coalition(&self, audience: &Audience) -> Option<Slug> {
        let mut coalitions = audience.all().iter().filter_map(|audience| self.audiences.get(audience));
        let first = coalitions.next()?;
        coalitions.all(|other| other == first).then(|| first.clone())
    }
}
