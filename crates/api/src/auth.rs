//! Who calls.
//!
//! The gate finds it out once for each request; handlers read what the gate left.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use cohortium_domain::access::{Action, Actor, Tie};
use cohortium_domain::ids::{CoalitionId, PersonId};
use uuid::Uuid;

use crate::ctx::Ctx;
use crate::problem::{Code, Problem};

/// Somebody signed in, in one coalition.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Where.
    pub coalition_id: CoalitionId,
    /// Who.
    pub actor: Actor,
    /// The request's id.
    pub request_id: Uuid,
}

impl Caller {
    /// The person. Operations for persons alone are never reached by anybody else.
    ///
    /// # Errors
    /// [`Code::PermissionDenied`] for who is no person.
    pub fn person(&self) -> Result<PersonId, Problem> {
        self.actor.person().ok_or_else(|| Problem::new(Code::PermissionDenied))
    }

    /// Of these actions, those that its grants and scopes alone allow, as `allowed_actions` calls them.
    #[must_use]
    pub fn allowed(&self, actions: impl IntoIterator<Item = Action>) -> Vec<String> {
        let tie = Tie::none(&self.actor);
        actions.into_iter().filter(|action| tie.allows(*action)).map(|action| action.verb().to_owned()).collect()
    }
}

/// Who sent a request, by its token.
///
/// # Errors
/// There is no token, or it is not good.
pub async fn identify(ctx: &Ctx, authorization: Option<&header::HeaderValue>, request_id: Uuid) -> Result<Caller, Problem> {
    let required = || Problem::new(Code::AuthenticationRequired).detail("Send the access token as Authorization: Bearer …");
    let value = authorization.ok_or_else(required)?.to_str().map_err(|_| required())?;
    let (scheme, token) = value.split_once(' ').ok_or_else(required)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(required());
    }
    let session = ctx.tokens().check(token.trim())?;
    let signed_in = ctx.work(&Actor::Anonymous, ctx.store().system().signed_in(session)).await?;
    let signed_in = signed_in.ok_or_else(|| Problem::new(Code::TokenInvalid).detail("The session has ended: sign in again"))?;
    Ok(Caller { coalition_id: signed_in.coalition_id, actor: signed_in.actor, request_id })
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Caller>().cloned().ok_or_else(|| Problem::new(Code::AuthenticationRequired)))
    }
}
