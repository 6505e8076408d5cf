//! Signing in, and the keys by which tokens are checked.

use actix_web::http::header;
use actix_web::{get, post};
use chrono::Duration;
use cohortium_domain::access::Actor;
use cohortium_domain::ids::SignInId;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::text::{Email, Slug};
use cohortium_store::{Error, Origin, Read};
use cohortium_workflow as workflow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::room;
use crate::ctx::Ctx;
use crate::extract::Body;
use crate::keys::Jwk;
use crate::problem::{Code, Problem};
use crate::reply::{Answer, Reply};
use crate::tokens::ACCESS_SECONDS;

/// How long a sign-in session lasts at the longest.
const SESSION_DAYS: i64 = 30;

/// Who signs in, and where.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Login {
    /// The coalition's slug.
    coalition: Slug,
    /// The person's e-mail address; its case does not matter.
    email: Email,
    /// The password, as it was set.
    #[schema(min_length = 1, max_length = 128, format = "password")]
    password: String,
}

/// Tokens of a sign-in session.
#[derive(Serialize, ToSchema)]
struct TokenGrant {
    /// How the access token is sent.
    #[schema(max_length = 6)]
    token_type: &'static str,
    /// The access token (RFC 9068).
    #[schema(max_length = 8192)]
    access_token: String,
    /// For how many seconds the access token is good.
    #[schema(minimum = 1, maximum = 3600)]
    expires_in: i64,
    /// For new tokens, once.
    #[schema(max_length = 200)]
    refresh_token: String,
    session_id: SignInId,
}

/// The public keys that check access tokens (RFC 7517).
#[derive(Serialize, ToSchema)]
struct JwkSet {
    /// The keys: the one that signs, and those that did or will.
    #[schema(max_items = 20)]
    keys: Vec<Jwk>,
}

/// Sign in
///
/// By e-mail address and password. The answer is the same for whatever is wrong.
#[utoipa::path(tag = "Access", request_body = Login, responses((status = 200, description = "Signed in.", body = TokenGrant)))]
#[post("/v1/auth/login")]
async fn login(ctx: Ctx, body: Body<Login>) -> Answer {
    let problem = |error| Problem::of(error, &Actor::Anonymous);
    let login = body.valid().map_err(problem)?;
    let read = coalition(&ctx, &login.coalition).await.map_err(problem)?;
    let found = workflow::sign_in::authenticate(read.as_ref(), ctx.passwords(), &login.email, &login.password, ctx.now());
    let found = found.await.map_err(problem)?;
    let (Some(read), Some(person)) = (read, found) else {
        return Err(Problem::new(Code::InvalidCredentials).detail("Check the coalition, the address and the password"));
    };
    let refresh_token = ctx.tokens().refresh_token();
    let expires_at = ctx.now().plus(Duration::days(SESSION_DAYS));
    let origin = Origin { door: "http", request_id: None };
    let begun = ctx
        .store()
        .write(read.coalition_id(), origin, async |tx| workflow::sign_in::begin(tx, person, &refresh_token, expires_at).await);
    let session_id = begun.await.map_err(problem)?;
    let access_token = ctx.tokens().issue(person, session_id)?;
    Ok(Reply::ok(&TokenGrant { token_type: "Bearer", access_token, expires_in: ACCESS_SECONDS, refresh_token, session_id }))
}

/// A view of the coalition, when there is one of this name.
async fn coalition(ctx: &Ctx, slug: &Slug) -> Result<Option<Read>, Error> {
    let Some(coalition) = ctx.store().system().coalition_by_slug(slug).await? else { return Ok(None) };
    match ctx.store().read(coalition.id).await {
        Ok(read) => Ok(Some(read)),
        Err(Error::Refused(Refusal::Hidden(_))) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Read the keys
///
/// The public keys that check access tokens. A key is announced a day before it signs.
#[utoipa::path(tag = "Access", responses((status = 200, description = "The keys.", body = JwkSet)))]
#[get("/.well-known/jwks.json")]
async fn get_keys(ctx: Ctx) -> Answer {
    Ok(Reply::thing(1, &JwkSet { keys: ctx.tokens().jwks() }).with(header::CACHE_CONTROL, "public, max-age=300"))
}

room!(login, get_keys);
