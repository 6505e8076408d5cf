//! API clients and their secrets, as the coalition's owners keep them.

use std::collections::BTreeSet;

use actix_web::web::Path;
use actix_web::{delete, get, patch, post};
use cohortium_domain::access::{Action, ClientScope};
use cohortium_domain::api_clients::{self, MOST_SECRETS};
use cohortium_domain::ids::{ClientId, ClientSecretId};
use cohortium_domain::text::Name;
use cohortium_domain::time::Timestamp;
use cohortium_store::{Error, Read};
use cohortium_workflow as workflow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{page, room};
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::{Body, Conditions, Paging, Params};
use crate::reply::{Answer, Reply};

/// A program of the coalition's own that calls without a person, such as its CRM.
#[derive(Serialize, ToSchema)]
struct ApiClient {
    /// Sent with a secret to `POST /oauth/token`.
    id: ClientId,
    name: Name,
    /// What it may do.
    #[schema(max_items = 20)]
    scopes: BTreeSet<ClientScope>,
    /// Its secrets that were not revoked.
    #[schema(max_items = 2)]
    secrets: Vec<ClientSecret>,
    /// Raised at each change. Its secrets do not count.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// What you may do to it now.
    #[schema(max_items = 20)]
    allowed_actions: Vec<String>,
}

const _: () = assert!(MOST_SECRETS == 2, "the bound above is the domain's");

/// An API client, in lists.
#[derive(Serialize, ToSchema)]
struct ApiClientSummary {
    id: ClientId,
    name: Name,
    /// What it may do.
    #[schema(max_items = 20)]
    scopes: BTreeSet<ClientScope>,
    updated_at: Timestamp,
}

page!(
    /// API clients, a page at a time.
    ApiClientPage of ApiClientSummary
);

/// A secret of an API client, without the secret itself, which is not kept.
#[derive(Serialize, ToSchema)]
struct ClientSecret {
    id: ClientSecretId,
    created_at: Timestamp,
    /// When a token was last given for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<Timestamp>,
}

/// A new API client, with its first secret.
#[derive(Serialize, ToSchema)]
struct NewApiClient {
    #[serde(flatten)]
    client: ApiClient,
    /// The secret, shown this once.
    #[schema(min_length = 50, max_length = 50, pattern = "^coh_cs_[A-Za-z0-9_-]{43}$")]
    client_secret: String,
}

/// A new secret of an API client.
#[derive(Serialize, ToSchema)]
struct NewClientSecret {
    #[serde(flatten)]
    secret: ClientSecret,
    /// The secret, shown this once.
    #[schema(min_length = 50, max_length = 50, pattern = "^coh_cs_[A-Za-z0-9_-]{43}$")]
    client_secret: String,
}

/// What an API client is made of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ApiClientCreate {
    name: Name,
    /// What it may do: no more than it needs.
    #[schema(min_items = 1, max_items = 20)]
    scopes: BTreeSet<ClientScope>,
}

/// What can be changed of an API client. What is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ApiClientUpdate {
    name: Option<Name>,
    /// What it may do: what is left out, its tokens may no longer do either.
    #[schema(min_items = 1, max_items = 20)]
    scopes: Option<BTreeSet<ClientScope>>,
}

impl From<ApiClientCreate> for api_clients::ApiClientCreate {
    fn from(body: ApiClientCreate) -> Self {
        Self { name: body.name, scopes: body.scopes }
    }
}

impl From<ApiClientUpdate> for api_clients::ApiClientUpdate {
    fn from(body: ApiClientUpdate) -> Self {
        Self { name: body.name, scopes: body.scopes }
    }
}

impl From<api_clients::ClientSecret> for ClientSecret {
    fn from(secret: api_clients::ClientSecret) -> Self {
        Self { id: secret.id, created_at: secret.created_at, last_used_at: secret.last_used_at }
    }
}

/// Which secret of which client.
type SecretPath = Path<(ClientId, ClientSecretId)>;

async fn view(read: &Read, client: api_clients::ApiClient, caller: &Caller) -> Result<ApiClient, Error> {
    let secrets = read.client_secrets(client.id).await?;
    let adds = (secrets.len() < MOST_SECRETS).then_some(Action::AddClientSecret);
    Ok(ApiClient {
        allowed_actions: caller.allowed([Action::UpdateApiClient, Action::RevokeApiClient].into_iter().chain(adds)),
        id: client.id,
        name: client.name,
        scopes: client.scopes,
        secrets: secrets.into_iter().map(ClientSecret::from).collect(),
        version: client.meta.version,
        created_at: client.meta.created_at,
        updated_at: client.meta.updated_at,
    })
}

async fn reply(read: &Read, client: api_clients::ApiClient, caller: &Caller) -> Result<Reply, Error> {
    Ok(Reply::thing(client.meta.version, &view(read, client, caller).await?))
}

fn summary(client: api_clients::ApiClient) -> ApiClientSummary {
    ApiClientSummary { id: client.id, name: client.name, scopes: client.scopes, updated_at: client.meta.updated_at }
}

/// List API clients
///
/// Those that were not revoked, by name.
#[utoipa::path(tag = "Access", params(Paging), responses((status = 200, description = "API clients.", body = ApiClientPage)))]
#[get("/v1/api-clients")]
async fn list_api_clients(caller: Caller, ctx: Ctx, paging: Params<Paging>) -> Answer {
    let request = paging.page(&ctx, false)?;
    ctx.read(&caller, async |read| Ok(paging.reply(&ctx, read.api_clients(&request).await?, summary, ApiClientPage::new))).await
}

/// Make an API client
///
/// For a program of the coalition's own, such as its CRM. The answer shows its first secret, once.
#[utoipa::path(
    tag = "Access",
    request_body = ApiClientCreate,
    responses((status = 201, description = "The new client, with its secret.", body = NewApiClient))
)]
#[post("/v1/api-clients")]
async fn create_api_client(caller: Caller, ctx: Ctx, body: Body<ApiClientCreate>) -> Answer {
    let client_secret = ctx.tokens().client_secret();
    ctx.write(&caller, body.conditions(), async |tx| {
        let client = workflow::api_clients::create(tx, &caller.actor, &body.input(), &client_secret).await?;
        let (id, version) = (client.id, client.meta.version);
        let made = NewApiClient { client: view(tx, client, &caller).await?, client_secret: client_secret.clone() };
        Ok(Reply::created_at(format!("/v1/api-clients/{id}"), Reply::thing(version, &made)).shown_once())
    })
    .await
}

/// Read an API client
#[utoipa::path(tag = "Access", responses((status = 200, description = "The client.", body = ApiClient)))]
#[get("/v1/api-clients/{client_id}")]
async fn get_api_client(caller: Caller, ctx: Ctx, path: Path<ClientId>) -> Answer {
    ctx.read(&caller, async |read| reply(read, read.get::<api_clients::ApiClient>(*path).await?.living()?, &caller).await).await
}

/// Change an API client
///
/// A merge patch (RFC 7396). A scope that is taken from it is taken from its tokens at once; one that is added counts from the next
/// token on.
#[utoipa::path(
    tag = "Access",
    request_body = ApiClientUpdate,
    responses((status = 200, description = "The client as it now is.", body = ApiClient))
)]
#[patch("/v1/api-clients/{client_id}")]
async fn update_api_client(caller: Caller, ctx: Ctx, path: Path<ClientId>, body: Body<ApiClientUpdate>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let client = workflow::api_clients::update(tx, &caller.actor, *path, &body.input()).await?;
        reply(tx, client, &caller).await
    })
    .await
}

/// Revoke an API client
///
/// For good, with its secrets; its tokens are good for nothing from then on.
#[utoipa::path(tag = "Access", responses((status = 204, description = "The client was revoked.")))]
#[delete("/v1/api-clients/{client_id}")]
async fn revoke_api_client(caller: Caller, ctx: Ctx, path: Path<ClientId>, conditions: Conditions) -> Answer {
    ctx.write(&caller, &conditions, async |tx| {
        workflow::api_clients::revoke(tx, &caller.actor, *path, conditions.precondition()).await?;
        Ok(Reply::nothing())
    })
    .await
}

/// Give an API client another secret
///
/// The answer shows it, once. A client has two secrets at most: put the new one in place, then revoke the old one.
#[utoipa::path(tag = "Access", responses((status = 201, description = "The new secret.", body = NewClientSecret)))]
#[post("/v1/api-clients/{client_id}/secrets")]
async fn add_client_secret(caller: Caller, ctx: Ctx, path: Path<ClientId>, conditions: Conditions) -> Answer {
    let client_secret = ctx.tokens().client_secret();
    ctx.write(&caller, &conditions, async |tx| {
        let (precondition, client) = (conditions.precondition(), *path);
        let secret = workflow::api_clients::add_secret(tx, &caller.actor, client, precondition, &client_secret).await?;
        let location = format!("/v1/api-clients/{client}/secrets/{}", secret.id);
        let made = NewClientSecret { secret: secret.into(), client_secret: client_secret.clone() };
        Ok(Reply::created_at(location, Reply::thing(1, &made)).shown_once())
    })
    .await
}

/// Revoke a secret of an API client
///
/// With the tokens that were given for it.
#[utoipa::path(tag = "Access", responses((status = 204, description = "The secret was revoked.")))]
#[delete("/v1/api-clients/{client_id}/secrets/{secret_id}")]
async fn revoke_client_secret(caller: Caller, ctx: Ctx, path: SecretPath, conditions: Conditions) -> Answer {
    let (client, secret) = path.into_inner();
    ctx.write(&caller, &conditions, async |tx| {
        workflow::api_clients::revoke_secret(tx, &caller.actor, client, secret).await?;
        Ok(Reply::nothing())
    })
    .await
}

room!(
    list_api_clients,
    create_api_client,
    get_api_client,
    update_api_client,
    revoke_api_client,
    add_client_secret,
    revoke_client_secret,
);
