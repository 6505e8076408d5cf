//! How a person comes by an account, its password and its address.
//!
//! What always holds: what anybody can ask for is answered alike, whether or not somebody has the address; the rest comes by mail.

use actix_web::web::ReqData;
use actix_web::{post, put};
use cohortium_domain::access::Actor;
use cohortium_domain::coalitions::Coalition;
use cohortium_domain::links::{self, LinkKind, TokenHash, not_good};
use cohortium_domain::passwords::Password;
use cohortium_domain::people::Person;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::text::{Email, Name, Slug};
use cohortium_store::{Error, Read, Tx};
use cohortium_workflow as workflow;
use cohortium_workflow::accounts::SETS_PASSWORD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{recognize, room};
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::Body;
use crate::gate::RequestId;
use crate::problem::{Code, Problem};
use crate::rate_limits::Network;
use crate::reply::{Answer, Reply};

/// Who asks for an account, and where.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Registration {
    /// The coalition's slug.
    coalition: Slug,
    /// The address by which you will sign in: what follows is mailed there.
    email: Email,
    given_name: Name,
    family_name: Name,
}

/// Who has forgotten a password, and where.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordForgotten {
    /// The coalition's slug.
    coalition: Slug,
    /// The address by which you sign in.
    email: Email,
}

/// The token of a link that was mailed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LinkToken {
    /// What stands behind `#token=` in the link.
    #[schema(min_length = 1, max_length = 200)]
    token: String,
}

/// The token of a link that was mailed, and the password of the account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EmailVerification {
    /// What stands behind `#token=` in the link.
    #[schema(min_length = 1, max_length = 200)]
    token: String,
    /// 15 characters or more, of any kind. One that is easily guessed is refused: a phrase of some words that only you put together
    /// is best.
    #[schema(min_length = 15, max_length = 128, format = "password")]
    password: String,
}

/// The token of a link that was mailed, and a new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordReset {
    /// What stands behind `#token=` in the link.
    #[schema(min_length = 1, max_length = 200)]
    token: String,
    /// 15 characters or more, of any kind, and not easily guessed.
    #[schema(min_length = 15, max_length = 128, format = "password")]
    password: String,
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordChange {
    /// The password that you have.
    #[schema(min_length = 1, max_length = 128, format = "password")]
    current_password: String,
    /// The one that you want: 15 characters or more, of any kind, and not easily guessed.
    #[schema(min_length = 15, max_length = 128, format = "password")]
    password: String,
}

/// A new address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EmailChange {
    /// The password that you have.
    #[schema(min_length = 1, max_length = 128, format = "password")]
    current_password: String,
    /// The address that you want.
    email: Email,
}

/// That a request was taken, whatever comes of it.
#[derive(Serialize, ToSchema)]
struct Accepted {
    /// `accepted`.
    #[schema(max_length = 8)]
    status: &'static str,
}

const ACCEPTED: Accepted = Accepted { status: "accepted" };

fn problem(error: impl Into<Error>) -> Problem {
    Problem::of(error.into(), &Actor::Anonymous)
}

/// The view of the coalition in which there is a link with this token.
pub(super) async fn place_of(ctx: &Ctx, token: &TokenHash) -> Result<Read, Error> {
    let coalition = ctx.store().system().coalition_of_link(token).await?.ok_or_else(not_good)?;
    match ctx.store().read(coalition).await {
        Err(Error::Refused(Refusal::Hidden(_))) => Err(not_good().into()),
        found => found,
    }
}

/// Does what a link is for.
async fn by_link(
    ctx: &Ctx,
    token: &str,
    request: RequestId,
    work: impl AsyncFn(&mut Tx, &TokenHash) -> Result<(), Error>,
) -> Result<Reply, Error> {
    let token = workflow::links::hash(token);
    let read = place_of(ctx, &token).await?;
    ctx.store().write(read.coalition_id(), request.origin(), async |tx| work(tx, &token).await).await?;
    Ok(Reply::nothing())
}

/// Ask for an account
///
/// The answer is the same for every address, whether or not there is a person or an account with it. A link is mailed to the
/// address, good for 24 hours: it leads to the `front_end_url` of the coalition, `/verify-email#token=…`, and the front end sends
/// the token to `POST /v1/auth/verify-email`, with the password. Nothing exists before: no person, no account. Whoever has an
/// account already is mailed that, instead. A newer request overtakes an older one.
#[utoipa::path(
    tag = "Access",
    request_body = Registration,
    responses((status = 202, description = "Look into your mail.", body = Accepted))
)]
#[post("/v1/auth/register")]
async fn register(ctx: Ctx, request: ReqData<RequestId>, network: Network, body: Body<Registration>) -> Answer {
    let given = body.valid().map_err(problem)?;
    ctx.work(&Actor::Anonymous, async {
        let Registration { coalition, email, given_name, family_name } = given;
        ctx.throttles().mail(ctx.store(), &network.to_string(), &coalition, &email).await?;
        let registration = links::Registration { given_name, family_name };
        if let Some(read) = super::coalition_by_slug(&ctx, &coalition).await? {
            let asked = ctx.store().write(read.coalition_id(), request.origin(), async |tx| {
                workflow::accounts::register(tx, &email, &registration).await
            });
            asked.await?;
        }
        Ok(Reply::accepted(&ACCEPTED))
    })
    .await
}

/// Confirm the address of an account
///
/// By the token of the link that was mailed after `POST /v1/auth/register`, and with the password that the account shall have:
/// whoever has the address chooses it. From now on there is an account, of the person whom the coalition knows by this address, or
/// else of a new one; the address counts as proven. You are not signed in by it: `POST /v1/auth/login`.
#[utoipa::path(tag = "Access", request_body = EmailVerification, responses((status = 204, description = "The account is there.")))]
#[post("/v1/auth/verify-email")]
async fn verify_email(ctx: Ctx, request: ReqData<RequestId>, body: Body<EmailVerification>) -> Answer {
    let given = body.valid().map_err(problem)?;
    let password = Password::sent(&given.password).map_err(problem)?;
    let verified = Box::pin(async {
        let token = workflow::links::hash(&given.token);
        let read = place_of(&ctx, &token).await?;
        let link = workflow::links::good(&read, &token, &[LinkKind::Register], ctx.now()).await?;
        let hints = workflow::accounts::hints(&read, &link.email).await?;
        let hints = link.registration.iter().fold(hints, |hints, who| hints.named([&who.given_name, &who.family_name]));
        let hash = ctx.passwords().choose(&password, &hints, ctx.store().environment().random()).await?;
        let verify = async |tx: &mut Tx, token: &TokenHash| workflow::accounts::verify_email(tx, token, &hash).await;
        by_link(&ctx, &given.token, request.into_inner(), verify).await
    });
    ctx.work(&Actor::Anonymous, verified).await
}

/// Ask for a new password
///
/// The answer is the same for every address. To whoever has an account with it a link is mailed, good for half an hour: it leads to
/// the `front_end_url` of the coalition, `/reset-password#token=…`. A newer link overtakes an older one.
#[utoipa::path(
    tag = "Access",
    request_body = PasswordForgotten,
    responses((status = 202, description = "Look into your mail.", body = Accepted))
)]
#[post("/v1/auth/password/forgot")]
async fn forgot_password(ctx: Ctx, request: ReqData<RequestId>, network: Network, body: Body<PasswordForgotten>) -> Answer {
    let PasswordForgotten { coalition, email } = body.valid().map_err(problem)?;
    ctx.work(&Actor::Anonymous, async {
        ctx.throttles().mail(ctx.store(), &network.to_string(), &coalition, &email).await?;
        if let Some(read) = super::coalition_by_slug(&ctx, &coalition).await? {
            let asked = ctx
                .store()
                .write(read.coalition_id(), request.origin(), async |tx| workflow::accounts::forgot_password(tx, &email).await);
            asked.await?;
        }
        Ok(Reply::accepted(&ACCEPTED))
    })
    .await
}

/// Set a new password
///
/// By the token of the link that was mailed after `POST /v1/auth/password/forgot`, or of the link by which an account is set up. It
/// ends all of your sessions, and begins none: `POST /v1/auth/login`.
#[utoipa::path(tag = "Access", request_body = PasswordReset, responses((status = 204, description = "The password is the new one.")))]
#[post("/v1/auth/password/reset")]
async fn reset_password(ctx: Ctx, request: ReqData<RequestId>, network: Network, body: Body<PasswordReset>) -> Answer {
    let given = body.valid().map_err(problem)?;
    let password = Password::sent(&given.password).map_err(problem)?;
    let reset = Box::pin(async {
        let token = workflow::links::hash(&given.token);
        let read = place_of(&ctx, &token).await?;
        let link = workflow::links::good(&read, &token, SETS_PASSWORD, ctx.now()).await?;
        let hash = choose(&ctx, &read, &link.email, &password).await?;
        let reset = async |tx: &mut Tx, token: &TokenHash| workflow::accounts::reset_password(tx, token, &hash).await;
        let reply = by_link(&ctx, &given.token, request.into_inner(), reset).await?;
        // Whoever has shown that the address is its own can try again.
        let coalition: Coalition = read.get(read.coalition_id()).await?;
        ctx.throttles().password(&network.to_string(), &coalition.slug, &link.email).forget(ctx.store()).await?;
        Ok(reply)
    });
    ctx.work(&Actor::Anonymous, reset).await
}

/// Confirm a new address
///
/// By the token of the link that was mailed after `POST /v1/me/email`. From now on you sign in with the new address, which counts
/// as proven; the old one is told.
#[utoipa::path(tag = "Access", request_body = LinkToken, responses((status = 204, description = "The address is the new one.")))]
#[post("/v1/auth/confirm-email")]
async fn confirm_email(ctx: Ctx, request: ReqData<RequestId>, body: Body<LinkToken>) -> Answer {
    let LinkToken { token } = body.valid().map_err(problem)?;
    let done = by_link(&ctx, &token, request.into_inner(), async |tx, token| workflow::accounts::confirm_email(tx, token).await);
    ctx.work(&Actor::Anonymous, Box::pin(done)).await
}

/// Change one's password
///
/// It needs the one that you have. It ends all of your other sessions, and you are mailed that it was done.
#[utoipa::path(tag = "Access", request_body = PasswordChange, responses((status = 204, description = "The password is the new one.")))]
#[put("/v1/me/password")]
async fn change_password(caller: Caller, ctx: Ctx, network: Network, body: Body<PasswordChange>) -> Answer {
    let (me, of) = (caller.person()?, |error: Error| Problem::of(error, &caller.actor));
    let given = body.valid().map_err(of)?;
    let password = Password::sent(&given.password).map_err(|refusal| of(refusal.into()))?;
    let changed = ctx.work(&caller.actor, async {
        let read = ctx.store().read(caller.coalition_id).await?;
        let Some(known) = recognize(&ctx, &read, &network, me, &given.current_password).await? else { return Ok(false) };
        let person: Person = read.get(me).await?;
        let hash = choose(&ctx, &read, &person.email, &password).await?;
        let changed = ctx.store().write(caller.coalition_id, caller.origin(), async |tx| {
            workflow::accounts::change_password(tx, &caller.actor, me, (&known, &hash), caller.session()).await
        });
        changed.await
    });
    if changed.await? { Ok(Reply::nothing()) } else { Err(not_the_password()) }
}

/// Change one's address
///
/// It needs your password. A link is mailed to the new address, good for 24 hours: it leads to the `front_end_url` of the
/// coalition, `/confirm-email#token=…`. Nothing changes before it is used. Made again, it overtakes the link before.
#[utoipa::path(
    tag = "Access",
    request_body = EmailChange,
    responses((status = 202, description = "Look into your mail.", body = Accepted))
)]
#[post("/v1/me/email")]
async fn change_email(caller: Caller, ctx: Ctx, network: Network, body: Body<EmailChange>) -> Answer {
    let me = caller.person()?;
    let given = body.valid().map_err(|error| Problem::of(error, &caller.actor))?;
    let asked = ctx.work(&caller.actor, async {
        let read = ctx.store().read(caller.coalition_id).await?;
        if recognize(&ctx, &read, &network, me, &given.current_password).await?.is_none() {
            return Ok(false);
        }
        let coalition: Coalition = read.get(caller.coalition_id).await?;
        ctx.throttles().mail(ctx.store(), &network.to_string(), &coalition.slug, &given.email).await?;
        // No idempotency key is taken: its fingerprint of the body would be a digest of the password that is too quickly made.
        let asked = ctx.store().write(caller.coalition_id, caller.origin(), async |tx| {
            workflow::accounts::change_email(tx, &caller.actor, me, &given.email).await
        });
        asked.await.map(|()| true)
    });
    if asked.await? { Ok(Reply::accepted(&ACCEPTED)) } else { Err(not_the_password()) }
}

fn not_the_password() -> Problem {
    Problem::new(Code::InvalidCredentials).detail("The current password is another one")
}

/// The hash of a new password of the person with this address, when it can be taken.
async fn choose(ctx: &Ctx, read: &Read, email: &Email, password: &Password) -> Result<String, Error> {
    let hints = workflow::accounts::hints(read, email).await?;
    ctx.passwords().choose(password, &hints, ctx.store().environment().random()).await
}

room!(register, verify_email, forgot_password, reset_password, confirm_email, change_password, change_email);
