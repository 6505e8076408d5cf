//! API clients, as owners keep them, and the tokens that they are given.

use std::collections::BTreeSet;

use cohortium_domain::access::{Action, Actor, ClientScope, Tie};
use cohortium_domain::api_clients::{ApiClient, ApiClientCreate, ApiClientUpdate, ClientSecret};
use cohortium_domain::ids::{ClientId, ClientSecretId, TokenId};
use cohortium_domain::journal::{Change, SubjectKind};
use cohortium_domain::meta::Precondition;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::time::Timestamp;
use cohortium_store::{KnownClient, Result, Tx};

use crate::input::Input;
use crate::sign_ins::token_hash;

/// Makes a client, with this as its first secret.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn create(tx: &mut Tx, actor: &Actor, input: &Input<'_, ApiClientCreate>, secret: &str) -> Result<ApiClient> {
    Tie::none(actor).require(Action::CreateApiClient, SubjectKind::ApiClient)?;
    let client = ApiClient::create(tx.make_id(), input.read()?, tx.process_now())?;
    let client = tx.save(client, actor).await?;
    add(tx, actor, &client, secret).await?;
    Ok(client)
}

/// Changes a client. A scope that is taken from it is taken from its tokens at once.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn update(tx: &mut Tx, actor: &Actor, id: ClientId, input: &Input<'_, ApiClientUpdate>) -> Result<ApiClient> {
    let client = locked(tx, actor, id, Action::UpdateApiClient).await?;
    let update = input.admit(&client.meta)?;
    tx.touch_access();
    tx.save(client.update(update, tx.process_now())?, actor).await
}

/// Revokes a client, with its secrets and its tokens.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn revoke(tx: &mut Tx, actor: &Actor, id: ClientId, precondition: Precondition) -> Result<()> {
    let client = locked(tx, actor, id, Action::RevokeApiClient).await?;
    client.meta.admit(precondition)?;
    tx.touch_access();
    tx.save(client.revoke(tx.process_now()), actor).await.map(drop)
}

/// Gives a client another secret.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn add_secret(
    tx: &mut Tx,
    actor: &Actor,
    id: ClientId,
    precondition: Precondition,
    secret: &str,
) -> Result<ClientSecret> {
    let client = locked(tx, actor, id, Action::AddClientSecret).await?;
    client.meta.admit(precondition)?;
    add(tx, actor, &client, secret).await
}

/// Revokes one of a client's secrets, with the tokens that were given for it.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn revoke_secret(tx: &mut Tx, actor: &Actor, id: ClientId, secret: ClientSecretId) -> Result<()> {
    let client = locked(tx, actor, id, Action::RevokeClientSecret).await?;
    if !tx.revoke_client_secret(client.id, secret).await? {
        return Err(Refusal::Hidden("secret").into());
    }
    tx.note([client.secret_revoked(secret)], actor);
    Ok(())
}

/// Gives a token to a client that has shown its secret.
///
/// # Errors
/// The database's.
pub async fn issue_token(
    tx: &mut Tx,
    client: &KnownClient,
    scopes: &BTreeSet<ClientScope>,
    expires_at: Timestamp,
) -> Result<TokenId> {
    let token = tx.make_opaque_id();
    tx.add_client_token(token, client, scopes, expires_at).await?;
    Ok(token)
}

async fn add(tx: &mut Tx, actor: &Actor, client: &ApiClient, secret: &str) -> Result<ClientSecret> {
    let having = tx.client_secrets(client.id).await?;
    let Change { value, happened } = client.add_secret(tx.make_opaque_id(), &having, tx.process_now())?;
    tx.add_client_secret(client.id, &value, token_hash(secret)).await?;
    tx.note(happened, actor);
    Ok(value)
}

async fn locked(tx: &Tx, actor: &Actor, id: ClientId, action: Action) -> Result<ApiClient> {
    let client = tx.lock::<ApiClient>(id).await?.living()?;
    Tie::none(actor).require(action, SubjectKind::ApiClient)?;
    Ok(client)
}
