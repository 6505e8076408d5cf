//! Who calls.
//!
//! The gate finds it out once for each request; handlers read what the gate left.

use std::collections::BTreeSet;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use chrono::Duration;
use cohortium_domain::access::{Action, Actor, ClientScope, Grant, Tie};
use cohortium_domain::identities::OutsideSignIn;
use cohortium_domain::ids::{CoalitionId, Id, IdentityId, PersonId, SignInId};
use cohortium_domain::sign_ins;
use cohortium_domain::time::Timestamp;
use cohortium_store::{Error, Generation, Origin};
use moka::sync::Cache;
use uuid::Uuid;

use crate::ctx::Ctx;
use crate::gate::RequestId;
use crate::issuers::Verified;
use crate::problem::{Code, Problem};
use crate::tokens::{Checked, Holder, scope_text};

/// Somebody signed in, in one coalition.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Where.
    pub coalition_id: CoalitionId,
    /// Who, with the grants that it can use.
    pub actor: Actor,
    /// The grants that it cannot use until it shows a second factor.
    pub withheld: BTreeSet<Grant>,
    /// How it came in.
    pub via: Via,
    /// The request's id.
    pub request_id: Uuid,
}

/// How a caller came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// With an access token of a sign-in session.
    Session {
        /// Which.
        id: SignInId,
        /// When the person last showed who it is.
        authenticated_at: Timestamp,
        /// When it last showed a second factor.
        second_factor_at: Option<Timestamp>,
    },
    /// With a token of an outside issuer.
    Outside {
        /// For which identity, that is linked to the person.
        identity: IdentityId,
        /// How the person signed in there.
        sign_in: OutsideSignIn,
    },
    /// With a token of an API client.
    Client,
}

impl Caller {
    /// The person. Operations for persons alone are never reached by anybody else.
    ///
    /// # Errors
    /// [`Code::PermissionDenied`] for who is no person.
    pub fn person(&self) -> Result<PersonId, Problem> {
        self.actor.person().ok_or_else(|| Problem::new(Code::PermissionDenied))
    }

    /// The sign-in session, where the caller came in by one.
    #[must_use]
    pub fn session(&self) -> Option<SignInId> {
        match self.via {
            Via::Session { id, .. } => Some(id),
            Via::Outside { .. } | Via::Client => None,
        }
    }

    /// Where what it changes came from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        RequestId(self.request_id).origin()
    }

    /// Goes on when a caller of this kind could ever be allowed the action.
    ///
    /// # Errors
    /// [`Code::InsufficientScope`] when another scope would allow it to a client, else [`Code::PermissionDenied`].
    pub fn require_could_ever(&self, action: Action) -> Result<(), Problem> {
        if self.actor.could_ever(action) {
            return Ok(());
        }
        let scopes: BTreeSet<ClientScope> = action.client_scopes().filter(|_| self.via == Via::Client).collect();
        if scopes.is_empty() {
            return Err(Problem::new(Code::PermissionDenied).detail(action.only_for()));
        }
        Err(Problem::new(Code::InsufficientScope).detail(action.only_for()).scope(scope_text(&scopes)))
    }

    /// When the person last showed a second factor in the session by which it came in, or to the issuer.
    #[must_use]
    pub fn second_factor_at(&self) -> Option<Timestamp> {
        match self.via {
            Via::Session { second_factor_at, .. } => second_factor_at,
            Via::Outside { sign_in, .. } => sign_in.second_factor_at,
            Via::Client => None,
        }
    }

    /// Goes on when the action needs no fresh sign-in, or the caller's is one.
    ///
    /// # Errors
    /// [`Code::InsufficientUserAuthentication`].
    pub fn require_fresh_sign_in(&self, action: Action, now: Timestamp) -> Result<(), Problem> {
        let fresh = match self.via {
            Via::Session { authenticated_at, second_factor_at, .. } => sign_ins::fresh(authenticated_at, second_factor_at, now),
            Via::Outside { sign_in, .. } => sign_in.fresh(now) && !action.needs_sign_in_here(),
            Via::Client => false,
        };
        if !action.needs_fresh_sign_in() || fresh {
            return Ok(());
        }
        let detail = match self.via {
            Via::Session { .. } => "Show who you are once more: POST /v1/auth/step-up",
            Via::Outside { .. } if !action.needs_sign_in_here() => {
                "Sign in at the issuer once more, with a second factor if you have one here, and send a token that tells so by its \
                 auth_time and amr; or sign in here, POST /v1/auth/login"
            }
            Via::Outside { .. } | Via::Client => "Sign in here for it, with your password: POST /v1/auth/login",
        };
        Err(Problem::new(Code::InsufficientUserAuthentication).detail(detail))
    }

    /// Of these actions, those that its grants and scopes alone allow, as `allowed_actions` calls them.
    #[must_use]
    pub fn allowed(&self, actions: impl IntoIterator<Item = Action>) -> Vec<String> {
        let tie = Tie::none(&self.actor);
        actions.into_iter().filter(|action| tie.allows(*action)).map(|action| action.verb().to_owned()).collect()
    }
}

/// For how long what a token stands for is taken as it was read, when another copy of the server may have changed it.
const AGE: Duration = Duration::seconds(1);
/// How many tokens are kept in memory.
const MOST_TOKENS: u64 = 10_000;
/// How long a token is kept in memory at the longest: no access token lives longer.
const KEPT: std::time::Duration = std::time::Duration::from_mins(15);

/// The tokens that were checked a moment ago: a signature is checked once, and what a token stands for is read once a second.
///
/// What always holds: a token is good for nothing from the moment at which this copy of the server revoked it, and a second later
/// if another did; its time and its key are looked at each time.
pub struct Recognized(Cache<[u8; 32], Arc<Token>>);

struct Token {
    checked: Shown,
    stands_for: Mutex<Option<StandsFor>>,
}

/// A token that was found to be good: one of ours, or an outside issuer's.
enum Shown {
    Own(Checked),
    Outside(Verified),
}

impl Shown {
    async fn check(ctx: &Ctx, token: &str) -> Result<Self, Problem> {
        if ctx.issuers().claimed(token) {
            return ctx.issuers().check(token).await.map(Self::Outside);
        }
        ctx.tokens().check(token).map(Self::Own)
    }

    async fn check_again(&self, ctx: &Ctx) -> Result<(), Problem> {
        match self {
            Self::Own(checked) => ctx.tokens().check_again(checked),
            Self::Outside(verified) => ctx.issuers().check_again(verified).await,
        }
    }

    /// Why one that was good is good for nothing.
    fn ended(&self) -> &'static str {
        match self {
            Self::Own(Checked { holder: Holder::Session(_), .. }) => "The session has ended: sign in again",
            Self::Own(Checked { holder: Holder::Client(_), .. }) => "It was revoked: ask for another, POST /oauth/token",
            Self::Outside(_) => {
                "It lets nobody in here: sign in again, or sign in with your password and link the identity, POST /v1/me/identities"
            }
        }
    }
}

#[derive(Clone)]
struct StandsFor {
    identity: Identity,
    /// Taken before it was read.
    generation: Generation,
    read_at: Timestamp,
}

/// Who comes in with a token, and how.
#[derive(Clone)]
struct Identity {
    coalition_id: CoalitionId,
    actor: Actor,
    withheld: BTreeSet<Grant>,
    via: Via,
}

impl Default for Recognized {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(MOST_TOKENS).time_to_live(KEPT).build())
    }
}

impl Recognized {
    /// What a token stands for now.
    async fn look_up(&self, ctx: &Ctx, token: &str) -> Result<Identity, Problem> {
        let hash = digest(token);
        let known = match self.0.get(&hash) {
            Some(known) => known,
            None => Arc::new(Token { checked: Shown::check(ctx, token).await?, stands_for: Mutex::new(None) }),
        };
        known.checked.check_again(ctx).await?;
        let (generation, now) = (ctx.store().access_generation(), ctx.now());
        let last = known.stands_for.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let current = last.filter(|last| last.generation == generation && last.read_at <= now && now < last.read_at.plus(AGE));
        if let Some(current) = current {
            return Ok(current.identity);
        }
        let found = ctx.work(&Actor::Anonymous, read(ctx, &known.checked)).await?;
        let identity = found.ok_or_else(|| Problem::new(Code::TokenInvalid).detail(known.checked.ended()))?;
        let stands_for = StandsFor { identity: identity.clone(), generation, read_at: now };
        *known.stands_for.lock().unwrap_or_else(PoisonError::into_inner) = Some(stands_for);
        self.0.insert(hash, known);
        Ok(identity)
    }
}

/// What a token stands for in the database, in one query.
async fn read(ctx: &Ctx, shown: &Shown) -> Result<Option<Identity>, Error> {
    match shown {
        Shown::Own(checked) => read_own(ctx, checked).await,
        Shown::Outside(verified) => read_outside(ctx, verified).await,
    }
}

async fn read_outside(ctx: &Ctx, verified: &Verified) -> Result<Option<Identity>, Error> {
    let found = ctx.store().system().recognize(&verified.coalition, &verified.principal, &verified.sign_in).await?;
    Ok(found.map(|found| Identity {
        coalition_id: found.coalition_id,
        actor: found.actor,
        withheld: found.withheld,
        via: Via::Outside { identity: found.identity, sign_in: found.sign_in },
    }))
}

async fn read_own(ctx: &Ctx, checked: &Checked) -> Result<Option<Identity>, Error> {
    let (store, token) = (ctx.store(), checked.token);
    Ok(match checked.holder {
        Holder::Session(session) => {
            let found = store.system().signed_in(token).await?;
            let of_token = |person: PersonId| person.uuid() == checked.subject;
            let found = found.filter(|found| found.session == session && found.actor.person().is_some_and(of_token));
            found.map(|found| Identity {
                coalition_id: found.coalition_id,
                actor: found.actor,
                withheld: found.withheld,
                via: Via::Session {
                    id: session,
                    authenticated_at: found.authenticated_at,
                    second_factor_at: found.second_factor_at,
                },
            })
        }
        Holder::Client(client) => {
            let found = store.system().client_of(token, client).await?;
            found.map(|(coalition_id, actor)| Identity { coalition_id, actor, withheld: BTreeSet::new(), via: Via::Client })
        }
    })
}

fn digest(token: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
    bytes.iter_mut().zip(digest.as_ref()).for_each(|(place, byte)| *place = *byte);
    bytes
}

/// The credentials that were sent. Several are none: a proxy may have looked at others than we would.
///
/// # Errors
/// There are several.
pub fn credentials(headers: &HeaderMap) -> Result<Option<&header::HeaderValue>, Problem> {
    let mut sent = headers.get_all(header::AUTHORIZATION);
    let first = sent.next();
    if sent.next().is_some() {
        return Err(Problem::new(Code::TokenInvalid).detail("Send one Authorization header"));
    }
    Ok(first)
}

/// Who sent a request, by its token.
///
/// # Errors
/// There is no token, or it is not good.
pub async fn identify(ctx: &Ctx, headers: &HeaderMap, request_id: Uuid) -> Result<Caller, Problem> {
    let required = || Problem::new(Code::AuthenticationRequired).detail("Send the access token as Authorization: Bearer …");
    let value = credentials(headers)?.ok_or_else(required)?.to_str().map_err(|_| required())?;
    let (scheme, token) = value.split_once(' ').ok_or_else(required)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(required());
    }
    let Identity { coalition_id, actor, withheld, via } = ctx.recognized().look_up(ctx, token.trim()).await?;
    Ok(Caller { coalition_id, actor, withheld, via, request_id })
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Caller>().cloned().ok_or_else(|| Problem::new(Code::AuthenticationRequired)))
    }
}
