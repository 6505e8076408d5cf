//! Tokens for API clients (RFC 6749, section 4.4), the revocation of tokens (RFC 7009), and where both are had (RFC 8414).
//!
//! What always holds: a secret is taken from HTTP Basic authentication alone, and the work is the same for a client that is not
//! known as for a secret that is not right. Left out on purpose: every other grant.

use actix_web::http::header;
use actix_web::web::ReqData;
use actix_web::{HttpRequest, get, post};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::Duration;
use cohortium_domain::access::{Actor, ClientScope};
use cohortium_domain::api_clients::granted;
use cohortium_domain::ids::{ClientId, Id};
use cohortium_domain::words::Word;
use cohortium_store::{Error, KnownClient};
use cohortium_workflow as workflow;
use cohortium_workflow::sign_ins::token_hash;
use serde::Serialize;
use utoipa::ToSchema;

use super::room;
use crate::auth;
use crate::ctx::Ctx;
use crate::extract::form_pairs;
use crate::form::Form;
use crate::gate::RequestId;
use crate::problem::oauth::{OAuthError, OAuthErrorCode};
use crate::reply::{Answer, Reply};
use crate::tokens::{ACCESS_SECONDS, Holder, is_refresh_token, scope_text};

cohortium_domain::words! {
    /// How a token is had.
    pub enum GrantType {
        /// By the client's own secret, for itself.
        ClientCredentials = "client_credentials",
    }

    /// How a client shows who it is.
    pub enum ClientAuthentication {
        /// By HTTP Basic authentication, with its id and a secret.
        ClientSecretBasic = "client_secret_basic",
        /// Not at all: whoever holds a refresh token can revoke it.
        None = "none",
    }
}

/// What a client asks for.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is the document's view of a form that is read by RFC 6749's own rules")]
struct ClientTokenRequest {
    grant_type: GrantType,
    /// For what, separated by spaces; for all that the client has, when it is not said.
    #[schema(max_length = 500, pattern = "^[a-z]+:[a-z]+( [a-z]+:[a-z]+)*$")]
    scope: Option<String>,
}

/// A token of an API client.
#[derive(Serialize, ToSchema)]
struct ClientTokenGrant {
    /// The access token (RFC 9068).
    #[schema(max_length = 8192)]
    access_token: String,
    /// How the access token is sent.
    #[schema(max_length = 6)]
    token_type: &'static str,
    /// For how many seconds it is good.
    #[schema(minimum = 1, maximum = 3600)]
    expires_in: i64,
    /// For what, separated by spaces.
    #[schema(max_length = 500)]
    scope: String,
}

/// Which token is to be revoked. What is none, and a hint that means nothing, are taken too (RFC 7009, 2.2).
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is the document's view of a form that is read by RFC 7009's own rules")]
struct TokenRevocation {
    /// A refresh token, or a client's own access token.
    #[schema(min_length = 1, max_length = 262_144, pattern = r"^[\s\S]*$")]
    token: String,
    /// Of which kind it is; not needed.
    #[schema(max_length = 262_144, pattern = r"^[\s\S]*$")]
    token_type_hint: Option<String>,
}

/// How tokens are had here (RFC 8414).
#[derive(Serialize, ToSchema)]
struct AuthorizationServer {
    /// Who signs the tokens: their `iss`.
    #[schema(format = "uri", max_length = 2000)]
    issuer: String,
    /// Where a client gets a token.
    #[schema(format = "uri", max_length = 2000)]
    token_endpoint: String,
    /// How a client shows there who it is.
    #[schema(max_items = 5)]
    token_endpoint_auth_methods_supported: Vec<ClientAuthentication>,
    /// Where a token is revoked.
    #[schema(format = "uri", max_length = 2000)]
    revocation_endpoint: String,
    /// How a client shows there who it is.
    #[schema(max_items = 5)]
    revocation_endpoint_auth_methods_supported: Vec<ClientAuthentication>,
    /// Where the keys are that check the tokens.
    #[schema(format = "uri", max_length = 2000)]
    jwks_uri: String,
    #[schema(max_items = 5)]
    grant_types_supported: Vec<GrantType>,
    /// None: nobody is sent here to sign in.
    #[schema(max_items = 5)]
    response_types_supported: Vec<&'static str>,
    #[schema(max_items = 20)]
    scopes_supported: Vec<ClientScope>,
}

/// What a token endpoint answers: a refusal is as OAuth has it, whatever else goes wrong is a problem.
type OAuthAnswer = Result<Reply, actix_web::Error>;

/// Get a token for an API client
///
/// With the client's id and one of its secrets by HTTP Basic authentication. The token is good for ten minutes; ask for the next
/// one in the same way. Keep it until then: a client is given sixty at once, and six a minute after that.
#[utoipa::path(
    tag = "Access",
    request_body(content = ClientTokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The token.", body = ClientTokenGrant))
)]
#[post("/oauth/token")]
async fn issue_token(request: HttpRequest, id: ReqData<RequestId>, ctx: Ctx, form: Form) -> OAuthAnswer {
    refuse_other_authentication(&form)?;
    let client = authenticate(&ctx, &request).await?.ok_or_else(OAuthError::invalid_client)?;
    let grant_type = form.get("grant_type")?.ok_or_else(|| OAuthError::invalid_request("Send grant_type=client_credentials"))?;
    GrantType::parse(grant_type)
        .ok_or_else(|| OAuthError::new(OAuthErrorCode::UnsupportedGrantType, "Send grant_type=client_credentials"))?;
    let scopes = granted(&client.scopes, form.get("scope")?.unwrap_or_default())
        .ok_or_else(|| OAuthError::new(OAuthErrorCode::InvalidScope, "Ask for scopes that the client was registered for"))?;
    let expires_at = ctx.now().plus(Duration::seconds(ACCESS_SECONDS));
    let issued = ctx.work(&Actor::Anonymous, async {
        // Only who has shown the client's secret takes anything of its share.
        ctx.throttles().client_token(ctx.store(), client.id).await?;
        let issued = ctx.store().write(client.coalition_id, id.origin(), async |tx| {
            workflow::api_clients::issue_token(tx, &client, &scopes, expires_at).await
        });
        issued.await
    });
    let access_token = ctx.tokens().issue_to_client(client.id, issued.await?, &scopes)?;
    let scope = scope_text(&scopes);
    let grant = ClientTokenGrant { access_token, token_type: "Bearer", expires_in: ACCESS_SECONDS, scope };
    Ok(Reply::ok(&grant).with(header::PRAGMA, "no-cache"))
}

/// Revoke a token
///
/// A refresh token, with its session, by whoever holds it; a client's access token, by the client, with HTTP Basic authentication
/// as for `POST /oauth/token`. The answer is the same for a token that is not known.
#[utoipa::path(
    tag = "Access",
    request_body(content = TokenRevocation, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The token is good for nothing."))
)]
#[post("/oauth/revoke")]
async fn revoke_token(request: HttpRequest, id: ReqData<RequestId>, ctx: Ctx, form: Form) -> OAuthAnswer {
    refuse_other_authentication(&form)?;
    let client = authenticate(&ctx, &request).await?;
    let token = form.get("token")?.ok_or_else(|| OAuthError::invalid_request("Send the token"))?;
    if is_refresh_token(token) {
        ctx.work(&Actor::Anonymous, end_session(&ctx, &id, token)).await?;
    } else {
        let client = client.ok_or_else(OAuthError::invalid_client)?;
        ctx.work(&Actor::Anonymous, revoke_own(&ctx, &id, &client, token)).await?;
    }
    Ok(Reply::empty())
}

async fn end_session(ctx: &Ctx, id: &RequestId, refresh_token: &str) -> Result<(), Error> {
    let Some((coalition, session)) = ctx.store().system().session_of(&token_hash(refresh_token)).await? else { return Ok(()) };
    ctx.store().write(coalition, id.origin(), async |tx| workflow::sign_ins::revoke(tx, session).await).await
}

/// What is no token of this client's, or not any more, is left as it is.
async fn revoke_own(ctx: &Ctx, id: &RequestId, client: &KnownClient, token: &str) -> Result<(), Error> {
    let checked = ctx.tokens().check(token).ok().filter(|checked| checked.holder == Holder::Client(client.id));
    let Some(checked) = checked else { return Ok(()) };
    ctx.store().write(client.coalition_id, id.origin(), async |tx| tx.revoke_client_token(client.id, checked.token).await).await
}

/// The client whose id and secret were sent; nothing, when none were.
async fn authenticate(ctx: &Ctx, request: &HttpRequest) -> Result<Option<KnownClient>, actix_web::Error> {
    let sent = auth::credentials(request.headers()).map_err(|_| OAuthError::invalid_client())?;
    let Some(value) = sent else { return Ok(None) };
    let (id, secret) = value.to_str().ok().and_then(basic).ok_or_else(OAuthError::invalid_client)?;
    let known = ctx.work(&Actor::Anonymous, ctx.store().system().client_by_secret(&token_hash(&secret))).await?;
    let client = known.filter(|client| Some(client.id) == id).ok_or_else(OAuthError::invalid_client)?;
    Ok(Some(client))
}

/// The id and the secret of HTTP Basic authentication, each of them encoded as in a form (RFC 6749, section 2.3.1).
fn basic(authorization: &str) -> Option<(Option<ClientId>, String)> {
    let (scheme, encoded) = authorization.split_once(' ')?;
    let credentials = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = credentials.split_once(':').filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    Some((decoded(id)?.parse().ok().map(ClientId::from_uuid), decoded(secret)?))
}

/// A value, as it was before it was encoded for a form.
fn decoded(value: &str) -> Option<String> {
    let [(_, value)] = <[_; 1]>::try_from(form_pairs(&format!("value={value}"))).ok()?;
    Some(value)
}

/// A secret in the body is refused even when it is right: it would go on being sent there.
fn refuse_other_authentication(form: &Form) -> Result<(), OAuthError> {
    if form.get("client_secret")?.is_none() {
        return Ok(());
    }
    Err(OAuthError::invalid_request("Send the client's id and secret by HTTP Basic authentication, and not in the body"))
}

/// Read how tokens are had
///
/// The metadata by which a client library finds its way (RFC 8414).
#[utoipa::path(tag = "Access", responses((status = 200, description = "The metadata.", body = AuthorizationServer)))]
#[get("/.well-known/oauth-authorization-server")]
async fn get_authorization_server(ctx: Ctx) -> Answer {
    let url = ctx.public_url();
    let metadata = AuthorizationServer {
        issuer: url.to_owned(),
        token_endpoint: format!("{url}/oauth/token"),
        token_endpoint_auth_methods_supported: vec![ClientAuthentication::ClientSecretBasic],
        revocation_endpoint: format!("{url}/oauth/revoke"),
        revocation_endpoint_auth_methods_supported: ClientAuthentication::ALL.to_vec(),
        jwks_uri: format!("{url}/.well-known/jwks.json"),
        grant_types_supported: GrantType::ALL.to_vec(),
        response_types_supported: Vec::new(),
        scopes_supported: ClientScope::ALL.to_vec(),
    };
    Ok(Reply::thing(1, &metadata))
}

room!(issue_token, revoke_token, get_authorization_server);

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn read(credentials: &str) -> Option<(Option<ClientId>, String)> {
        basic(&format!("bAsIc {}", BASE64_STANDARD.encode(credentials)))
    }

    #[test]
    fn an_id_and_a_secret_are_encoded_as_in_a_form() {
        let id = ClientId::from_uuid(Uuid::nil());
        for secret in ["coh_cs_a-b", "coh%5Fcs%5fa%2Db"] {
            assert_eq!(read(&format!("{id}:{secret}")), Some((Some(id), "coh_cs_a-b".to_owned())));
        }
        assert_eq!(read("crm:a:b=c"), Some((None, "a:b=c".to_owned())));
    }

    #[test]
    fn what_is_not_basic_authentication_is_no_client() {
        for value in ["", "Basic", "Basic %%%", "Bearer MDpx", "Basic /w=="] {
            assert_eq!(basic(value), None, "{value}");
        }
        assert_eq!((read(""), read("a=b"), read("a:b&c:d")), (None, None, None));
    }
}
