//! Signing in and out, sessions and their tokens, and the keys by which tokens are checked.

use actix_web::http::header;
use actix_web::web::{Path, ReqData};
use actix_web::{HttpRequest, delete, get, post};
use cohortium_domain::access::Actor;
use cohortium_domain::ids::SignInId;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::sign_ins::{self, UserAgent};
use cohortium_domain::text::{Email, SecondFactorCode, Slug};
use cohortium_domain::time::Timestamp;
use cohortium_store::Error;
use cohortium_workflow as workflow;
use cohortium_workflow::sign_ins::{Admission, Issued, Refreshed, token_hash};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{page, room};
use crate::auth::{Caller, Via};
use crate::ctx::Ctx;
use crate::extract::{Body, Conditions, Paging, Params};
use crate::gate::RequestId;
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
    /// Of the person's second factor, where it has one.
    code: Option<SecondFactorCode>,
}

/// That one is who one was.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StepUp {
    /// One's password.
    #[schema(min_length = 1, max_length = 128, format = "password")]
    password: String,
    /// Of one's second factor, where one has one.
    code: Option<SecondFactorCode>,
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
    /// When one last showed a second factor in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    second_factor_at: Option<Timestamp>,
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
            second_factor_at: session.second_factor_at,
            refreshed_at: session.refreshed_at,
            expires_at: session.expires_at,
        }
    }
}

/// Sign in
///
/// By e-mail address and password, and by a code of the second factor, where the person has one: `second_factor_required` says so,
/// after the right password alone. Whatever is wrong, the answer is the same. After five wrong codes in a row none is looked at for
/// a while.
#[utoipa::path(tag = "Access", request_body = Login, responses((status = 200, description = "Signed in.", body = TokenGrant)))]
#[post("/v1/auth/login")]
async fn login(request: HttpRequest, id: ReqData<RequestId>, ctx: Ctx, network: Network, body: Body<Login>) -> Answer {
    let login = body.valid().map_err(|error| Problem::of(error, &Actor::Anonymous))?;
    let (refresh_token, user_agent) = (ctx.tokens().refresh_token(), user_agent(&request));
    let signed_in = ctx.work(&Actor::Anonymous, async {
        let read = super::coalition_by_slug(&ctx, &login.coalition).await?;
        let (email, password) = (&login.email, &login.password);
        let throttle = ctx.throttles().password(&network.to_string(), &login.coalition, email);
        let known = workflow::sign_ins::authenticate(read.as_ref(), ctx.passwords(), email, password);
        let (Some(person), Some(read)) = (Box::pin(throttle.look(ctx.store(), known)).await?, &read) else {
            return Ok(Admission::Wrong);
        };
        let admission = ctx.store().write(read.coalition_id(), id.origin(), async |tx| {
            workflow::sign_ins::sign_in(tx, ctx.sealer(), person, login.code.as_ref(), user_agent.as_ref(), &refresh_token).await
        });
        admission.await
    });
    give(&ctx, admitted(signed_in.await?, CHECK_ALL)?, refresh_token)
}

const CHECK_ALL: &str = "Check the coalition, the address, the password and, where there is one, the code";
const CHECK_PASSWORD: &str = "Check the password and, where there is one, the code";

fn wrong(check: &str) -> Problem {
    Problem::new(Code::InvalidCredentials).detail(check)
}

fn session_ended() -> Problem {
    Problem::new(Code::TokenInvalid).detail("The session has ended: sign in again")
}

/// Goes on with what was granted. A code that is not good is answered as a password that is not right.
fn admitted<T>(admission: Admission<T>, check: &str) -> Result<T, Problem> {
    match admission {
        Admission::Granted(granted) => Ok(granted),
        Admission::CodeRequired => {
            Err(Problem::new(Code::SecondFactorRequired)
                .detail("Send as `code` what the authenticator app shows, or a recovery code"))
        }
        Admission::Wrong => Err(wrong(check)),
    }
}

/// Show once more who one is
///
/// By one's password, and a code of one's second factor, where one has one. For 15 minutes the session may then do what needs a
/// fresh sign-in, which is refused as `insufficient_user_authentication` (RFC 9470).
#[utoipa::path(tag = "Access", request_body = StepUp, responses((status = 200, description = "The session.", body = SignIn)))]
#[post("/v1/auth/step-up")]
async fn step_up(caller: Caller, ctx: Ctx, network: Network, body: Body<StepUp>) -> Answer {
    let (person, session) = (caller.person()?, caller.session().ok_or_else(|| Problem::new(Code::PermissionDenied))?);
    let shown = body.valid().map_err(|error| Problem::of(error, &caller.actor))?;
    let stepped_up = ctx.work(&caller.actor, async {
        let read = ctx.store().read(caller.coalition_id).await?;
        if super::recognize(&ctx, &read, &network, person, &shown.password).await?.is_none() {
            return Ok(Admission::Wrong);
        }
        let admission = ctx.store().write(caller.coalition_id, caller.origin(), async |tx| {
            workflow::sign_ins::step_up(tx, ctx.sealer(), person, session, shown.code.as_ref()).await
        });
        admission.await
    });
    let session = admitted(stepped_up.await?, CHECK_PASSWORD)?;
    Ok(Reply::ok(&SignIn::of(session, &caller)))
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
/// Gives a new access token, and a new refresh token in place of the one that is sent, which is good once. When the answer gets
/// lost, the same one can be sent again within 30 seconds, as long as nothing that came with the lost answer was used. Else whoever
/// sends a token twice ends the session: somebody else may have it.
#[utoipa::path(tag = "Access", request_body = TokenRefresh, responses((status = 200, description = "New tokens.", body = TokenGrant)))]
#[post("/v1/auth/refresh")]
async fn refresh_tokens(id: ReqData<RequestId>, ctx: Ctx, body: Body<TokenRefresh>) -> Answer {
    let shown = body.valid().map_err(|error| Problem::of(error, &Actor::Anonymous))?.refresh_token;
    let next = ctx.tokens().refresh_token();
    let refreshed = ctx.work(&Actor::Anonymous, async {
        let store = ctx.store();
        let Some((coalition, session)) = store.system().session_of(&token_hash(&shown)).await? else {
            return Ok(Refreshed::Refused);
        };
        ctx.throttles().refresh(store, &session.to_string()).await?;
        match store.write(coalition, id.origin(), async |tx| workflow::sign_ins::refresh(tx, session, &shown, &next).await).await {
            // The coalition was retired.
            Err(Error::Refused(Refusal::Hidden(_))) => Ok(Refreshed::Refused),
            refreshed => refreshed,
        }
    });
    match refreshed.await? {
        Refreshed::Given(issued) => give(&ctx, issued, next),
        Refreshed::Reused => {
            Err(Problem::new(Code::RefreshTokenReused).detail("The session was ended, since two hold its token: sign in again"))
        }
        Refreshed::Refused => Err(session_ended()),
    }
}

/// Sign out
///
/// Ends the session: its access and refresh tokens are good for nothing from then on; nor are those that an outside issuer has
/// given so far, for whoever came in with one.
#[utoipa::path(tag = "Access", responses((status = 204, description = "The session has ended.")))]
#[post("/v1/auth/logout")]
async fn logout(caller: Caller, ctx: Ctx, conditions: Conditions) -> Answer {
    let person = caller.person()?;
    ctx.write(&caller, &conditions, async |tx| {
        match caller.via {
            Via::Session { id, .. } => tx.end_session(person, id).await.map(drop)?,
            Via::Outside { identity, .. } => tx.sign_out_identity(identity).await?,
            Via::Client => {}
        }
        Ok(Reply::nothing())
    })
    .await
}

/// Sign out everywhere
///
/// Ends all of one's sessions, this one too. Tokens that outside issuers have given so far are good for nothing any more.
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

/// Read the keys
///
/// The public keys that check access tokens. A key is announced a day before it signs.
#[utoipa::path(tag = "Access", responses((status = 200, description = "The keys.", body = JwkSet)))]
#[get("/.well-known/jwks.json")]
async fn get_keys(ctx: Ctx) -> Answer {
    Ok(Reply::thing(1, &JwkSet { keys: ctx.tokens().jwks() }).with(header::CACHE_CONTROL, "public, max-age=300"))
}

room!(login, step_up, refresh_tokens, logout, logout_everywhere, list_my_sign_ins, end_my_sign_in, get_keys);
