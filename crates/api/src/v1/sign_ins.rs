//! Signing in and out, sessions and their tokens, and the keys by which tokens are checked.

use actix_web::http::header;
use actix_web::web::Path;
use actix_web::{HttpRequest, delete, get, post};
use cohortium_domain::access::Actor;
use cohortium_domain::ids::SignInId;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::sign_ins::{self, UserAgent};
use cohortium_domain::text::{Email, Slug};
use cohortium_domain::time::Timestamp;
use cohortium_store::{Error, Origin, Read};
use cohortium_workflow as workflow;
use cohortium_workflow::sign_ins::{Issued, Refreshed, token_hash};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{page, room};
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::{Body, Conditions, Paging, Params};
use crate::keys::Jwk;
use crate::problem::{Code, Problem};
use crate::rate_limits::Network;
use crate::reply::{Answer, Reply};
use crate::tokens::ACCESS_SECONDS;

/// How much is kept of what a browser calls itself.
const LONGEST_USER_AGENT: usize = 200;

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

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TokenRefresh {
    /// The last one that was given.
    #[schema(min_length = 1, max_length = 200)]
    refresh_token: String,
}

/// A sign-in session: a browser or an app in which one is signed in.
#[derive(Serialize, ToSchema)]
struct SignIn {
    id: SignInId,
    /// What the browser or the app calls itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<UserAgent>,
    /// Whether it is the one that asks.
    current: bool,
    created_at: Timestamp,
    /// When one last showed in it who one is.
    authenticated_at: Timestamp,
    /// When it was last given new tokens.
    refreshed_at: Timestamp,
    /// When it ends at the latest.
    expires_at: Timestamp,
}

page!(
    /// Sign-in sessions, a page at a time.
    SignInPage of SignIn
);

impl SignIn {
    fn of(session: sign_ins::SignIn, caller: &Caller) -> Self {
        Self {
            current: caller.session() == Some(session.id),
            id: session.id,
            user_agent: session.user_agent,
            created_at: session.created_at,
            authenticated_at: session.authenticated_at,
            refreshed_at: session.refreshed_at,
            expires_at: session.expires_at,
        }
    }
}

const ORIGIN: Origin = Origin { door: "http", request_id: None };

fn problem(error: Error) -> Problem {
    Problem::of(error, &Actor::Anonymous)
}

/// Sign in
///
/// By e-mail address and password. The answer is the same for whatever is wrong.
#[utoipa::path(tag = "Access", request_body = Login, responses((status = 200, description = "Signed in.", body = TokenGrant)))]
#[post("/v1/auth/login")]
async fn login(request: HttpRequest, ctx: Ctx, network: Network, body: Body<Login>) -> Answer {
    let login = body.valid().map_err(problem)?;
    let throttle = ctx.throttles().sign_in(&network.to_string(), &login.coalition, &login.email);
    throttle.admit(ctx.store()).await.map_err(problem)?;
    let read = coalition(&ctx, &login.coalition).await.map_err(problem)?;
    let found =
        workflow::sign_ins::authenticate(read.as_ref(), ctx.passwords(), &login.email, &login.password).await.map_err(problem)?;
    let (Some(read), Some(person)) = (read, found) else {
        throttle.wrong(ctx.store()).await.map_err(problem)?;
        return Err(Problem::new(Code::InvalidCredentials).detail("Check the coalition, the address and the password"));
    };
    throttle.right(ctx.store()).await.map_err(problem)?;
    let (refresh_token, user_agent) = (ctx.tokens().refresh_token(), user_agent(&request));
    let begun = ctx.store().write(read.coalition_id(), ORIGIN, async |tx| {
        workflow::sign_ins::begin(tx, person, user_agent.as_ref(), &refresh_token).await
    });
    give(&ctx, begun.await.map_err(problem)?, refresh_token)
}

/// What the browser or the app calls itself, as far as it can be kept.
fn user_agent(request: &HttpRequest) -> Option<UserAgent> {
    let said = request.headers().get(header::USER_AGENT)?.to_str().ok()?;
    UserAgent::new(said.chars().take(LONGEST_USER_AGENT).collect::<String>().trim()).ok()
}

fn give(ctx: &Ctx, issued: Issued, refresh_token: String) -> Answer {
    let access_token = ctx.tokens().issue(issued)?;
    let session_id = issued.session;
    Ok(Reply::ok(&TokenGrant { token_type: "Bearer", access_token, expires_in: ACCESS_SECONDS, refresh_token, session_id }))
}

/// Refresh the tokens
///
/// Gives a new access token, and a new refresh token in place of the one that is sent, which is good once. When the answer gets lost, the same one can
/// be sent again within 30 seconds, as long as nothing that came with the lost answer was used. Else whoever sends a token twice ends the
/// session: somebody else may have it.
#[utoipa::path(tag = "Access", request_body = TokenRefresh, responses((status = 200, description = "New tokens.", body = TokenGrant)))]
#[post("/v1/auth/refresh")]
async fn refresh_tokens(ctx: Ctx, body: Body<TokenRefresh>) -> Answer {
    let shown = body.valid().map_err(problem)?.refresh_token;
    let refused = || Problem::new(Code::TokenInvalid).detail("The session has ended: sign in again");
    let belongs = ctx.store().system().session_of(&token_hash(&shown)).await.map_err(problem)?;
    let (coalition, session) = belongs.ok_or_else(refused)?;
    ctx.throttles().refresh(ctx.store(), &session.to_string()).await.map_err(problem)?;
    let next = ctx.tokens().refresh_token();
    let outcome =
        ctx.store().write(coalition, ORIGIN, async |tx| workflow::sign_ins::refresh(tx, session, &shown, &next).await).await;
    match outcome {
        Ok(Refreshed::Given(issued)) => give(&ctx, issued, next),
        Ok(Refreshed::Reused) => {
            Err(Problem::new(Code::RefreshTokenReused).detail("The session was ended, since two hold its token: sign in again"))
        }
        Ok(Refreshed::Refused) | Err(Error::Refused(Refusal::Hidden(_))) => Err(refused()),
        Err(error) => Err(problem(error)),
    }
}

/// Sign out
///
/// Ends the session: its access and refresh tokens are good for nothing from then on.
#[utoipa::path(tag = "Access", responses((status = 204, description = "The session has ended.")))]
#[post("/v1/auth/logout")]
async fn logout(caller: Caller, ctx: Ctx, conditions: Conditions) -> Answer {
    let (person, session) = (caller.person()?, caller.session());
    ctx.write(&caller, &conditions, async |tx| {
        if let Some(session) = session {
            tx.end_session(person, session).await?;
        }
        Ok(Reply::nothing())
    })
    .await
}

/// Sign out everywhere
///
/// Ends all of one's sessions, this one too.
#[utoipa::path(tag = "Access", responses((status = 204, description = "All sessions have ended.")))]
#[post("/v1/auth/logout-all")]
async fn logout_everywhere(caller: Caller, ctx: Ctx, conditions: Conditions) -> Answer {
    let person = caller.person()?;
    ctx.write(&caller, &conditions, async |tx| {
        tx.end_sessions(person, None).await?;
        Ok(Reply::nothing())
    })
    .await
}

/// List one's own sign-in sessions
///
/// Those that have not ended, the latest first.
#[utoipa::path(tag = "Access", params(Paging), responses((status = 200, description = "Sessions.", body = SignInPage)))]
#[get("/v1/me/sessions")]
async fn list_my_sign_ins(caller: Caller, ctx: Ctx, paging: Params<Paging>) -> Answer {
    let (person, request) = (caller.person()?, paging.page(&ctx, true)?);
    ctx.read(&caller, async |read| {
        let found = read.sign_ins(person, ctx.now(), &request).await?;
        Ok(paging.reply(&ctx, found, |session| SignIn::of(session, &caller), SignInPage::new))
    })
    .await
}

/// End one of one's own sign-in sessions
///
/// Signs out the browser or the app that it belongs to.
#[utoipa::path(tag = "Access", responses((status = 204, description = "The session has ended.")))]
#[delete("/v1/me/sessions/{session_id}")]
async fn end_my_sign_in(caller: Caller, ctx: Ctx, path: Path<SignInId>, conditions: Conditions) -> Answer {
    let person = caller.person()?;
    ctx.write(&caller, &conditions, async |tx| {
        if tx.end_session(person, *path).await? { Ok(Reply::nothing()) } else { Err(Refusal::Hidden("session").into()) }
    })
    .await
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

room!(login, refresh_tokens, logout, logout_everywhere, list_my_sign_ins, end_my_sign_in, get_keys);
