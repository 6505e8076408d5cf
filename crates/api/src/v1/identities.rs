//! One's identities at outside issuers, by whose tokens one can come in.

use actix_web::web::Path;
use actix_web::{delete, get, post};
use cohortium_domain::coalitions::Coalition;
use cohortium_domain::identities;
use cohortium_domain::ids::{IdentityId, PersonId};
use cohortium_domain::refusal::{FaultCode, Refusal};
use cohortium_domain::time::Timestamp;
use cohortium_store::Error;
use cohortium_workflow as workflow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{page, room};
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::{Body, Conditions, Paging, Params};
use crate::problem::Problem;
use crate::reply::{Answer, Reply};

/// Who one is at an outside issuer.
#[derive(Serialize, ToSchema)]
struct Identity {
    id: IdentityId,
    person_id: PersonId,
    /// The issuer: the `iss` of its tokens.
    #[schema(max_length = 2000)]
    issuer: String,
    /// Who one is there: their `sub`.
    #[schema(max_length = 255)]
    subject: String,
    created_at: Timestamp,
}

page!(
    /// Identities, a page at a time.
    IdentityPage of Identity
);

/// What shows who one is at an outside issuer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct IdentityLink {
    /// An access token (RFC 9068) that the issuer has given to oneself, for this API.
    #[schema(min_length = 1, max_length = 8192)]
    access_token: String,
}

impl From<identities::Identity> for Identity {
    fn from(identity: identities::Identity) -> Self {
        Self {
            id: identity.id,
            person_id: identity.person_id,
            issuer: identity.principal.issuer().to_owned(),
            subject: identity.principal.subject().to_owned(),
            created_at: identity.created_at,
        }
    }
}

/// List one's identities at outside issuers
///
/// The latest first.
#[utoipa::path(tag = "Access", params(Paging), responses((status = 200, description = "Identities.", body = IdentityPage)))]
#[get("/v1/me/identities")]
async fn list_my_identities(caller: Caller, ctx: Ctx, paging: Params<Paging>) -> Answer {
    let (person, request) = (caller.person()?, paging.page(&ctx, true)?);
    ctx.read(&caller, async |read| {
        let found = read.identities(person, &request).await?;
        Ok(paging.reply(&ctx, found, Identity::from, IdentityPage::new))
    })
    .await
}

/// Link an identity at an outside issuer
///
/// By an access token of an issuer whose tokens this coalition takes. From then on the issuer's tokens for the same subject let one
/// in, as `Authorization: Bearer …`. They show no second factor, and are no fresh sign-in: what needs one is done in a session of
/// `POST /v1/auth/login`. An identity is the issuer and the subject, whatever its e-mail address, and belongs to one person alone
/// (`already_exists`). One is mailed that it was linked.
#[utoipa::path(
    tag = "Access",
    request_body = IdentityLink,
    responses((status = 201, description = "It is linked.", body = Identity))
)]
#[post("/v1/me/identities")]
async fn link_my_identity(caller: Caller, ctx: Ctx, body: Body<IdentityLink>) -> Answer {
    let (person, of) = (caller.person()?, |error: Error| Problem::of(error, &caller.actor));
    let IdentityLink { access_token } = body.valid().map_err(of)?;
    let coalition: Coalition = ctx.load(&caller, caller.coalition_id).await?;
    // Before the transaction: the issuer may have to be asked for its keys.
    let verified = ctx.issuers().check(&access_token).await.ok().filter(|verified| verified.coalition == coalition.slug);
    let verified = verified.ok_or_else(|| of(not_good().into()))?;
    ctx.write(&caller, body.conditions(), async |tx| {
        let identity = workflow::identities::link(tx, &caller.actor, person, &verified.principal).await?;
        let location = format!("/v1/me/identities/{}", identity.id);
        Ok(Reply::created_at(location, Reply::ok(&Identity::from(identity))))
    })
    .await
}

fn not_good() -> Refusal {
    let help =
        "Send an access token, good now, that an issuer whose tokens this coalition takes has given to a person, for this API";
    Refusal::invalid("#/access_token", FaultCode::TokenInvalid, help)
}

/// Unlink an identity
///
/// From then on no token of its issuer lets one in by it: those given before are good for nothing, too.
#[utoipa::path(tag = "Access", responses((status = 204, description = "It is unlinked.")))]
#[delete("/v1/me/identities/{identity_id}")]
async fn unlink_my_identity(caller: Caller, ctx: Ctx, path: Path<IdentityId>, conditions: Conditions) -> Answer {
    let person = caller.person()?;
    ctx.write(&caller, &conditions, async |tx| {
        workflow::identities::unlink(tx, &caller.actor, person, *path).await?;
        Ok(Reply::nothing())
    })
    .await
}

room!(list_my_identities, link_my_identity, unlink_my_identity);
