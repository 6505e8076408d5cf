//! API clients with their secrets, as rows; and what the token of a client stands for, in one query.

use std::collections::BTreeSet;

use cohortium_domain::access::{Actor, ClientScope};
use cohortium_domain::api_clients::{ApiClient, ClientSecret};
use cohortium_domain::ids::{ClientId, ClientSecretId, CoalitionId, Id, TokenId};
use cohortium_domain::meta::Meta;
use cohortium_domain::text::{Name, sort_key};
use cohortium_domain::time::Timestamp;
use sea_orm::prelude::Json;
use sea_orm::sea_query::{Expr, ExprTrait, JoinType};
use sea_orm::{ActiveValue, ColumnTrait, EntityTrait, FromQueryResult, Order, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::dialect::classify;
use crate::entity::api_client::{ActiveModel, Column, Entity, Model};
use crate::entity::{client_secret, client_token, coalition};
use crate::error::Result;
use crate::page::{Key, Page, PageRequest, Position};
use crate::record::{Record, json, meta, text, to_json};
use crate::{Read, System, Tx};

const TABLE: &str = "api_clients";

impl Record for ApiClient {
    type Entity = Entity;
    type Row = ActiveModel;
    type Id = ClientId;
    const NOUN: &'static str = "API client";
    const ID: Column = Column::Id;
    const VERSION: Column = Column::Version;

    fn id(&self) -> ClientId {
        self.id
    }

    fn meta(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn to_row(&self, coalition_id: Uuid) -> Model {
        Model {
            id: self.id.uuid(),
            coalition_id,
            name: self.name.as_str().to_owned(),
            name_key: sort_key(self.name.as_str()),
            scopes: to_json(&self.scopes),
            revoked_at: self.revoked_at.map(Timestamp::utc),
            version: self.meta.version,
            created_at: self.meta.created_at.utc(),
            updated_at: self.meta.updated_at.utc(),
        }
    }

    fn from_row(row: Model) -> Result<Self> {
        Ok(Self {
            id: ClientId::from_uuid(row.id),
            name: text(TABLE, "name", &row.name, Name::new)?,
            scopes: json(TABLE, "scopes", &row.scopes)?,
            revoked_at: row.revoked_at.map(Timestamp::new),
            meta: meta(row.version, row.created_at, row.updated_at),
        })
    }
}

/// A client that has shown a secret of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownClient {
    /// Where.
    pub coalition_id: CoalitionId,
    /// Which.
    pub id: ClientId,
    /// By which of its secrets.
    pub secret_id: ClientSecretId,
    /// What it was registered for.
    pub scopes: BTreeSet<ClientScope>,
}

#[derive(FromQueryResult)]
struct SecretRow {
    coalition_id: Uuid,
    client_id: Uuid,
    id: Uuid,
    scopes: Json,
}

#[derive(FromQueryResult)]
struct TokenRow {
    coalition_id: Uuid,
    scopes: Json,
    client_scopes: Json,
}

impl System<'_> {
    /// The client to which a secret with this hash belongs; nothing, when the secret or the client was revoked. The work is the
    /// same whatever comes of it.
    ///
    /// # Errors
    /// The database's.
    pub async fn client_by_secret(&self, secret_hash: &[u8; 32]) -> Result<Option<KnownClient>> {
        let to_client = client_secret::Entity::belongs_to(Entity).from(client_secret::Column::ClientId).to(Column::Id);
        let to_coalition = client_secret::Entity::belongs_to(coalition::Entity);
        let to_coalition = to_coalition.from(client_secret::Column::CoalitionId).to(coalition::Column::Id);
        let query = client_secret::Entity::find()
            .select_only()
            .columns([client_secret::Column::CoalitionId, client_secret::Column::ClientId, client_secret::Column::Id])
            .column(Column::Scopes)
            .join(JoinType::InnerJoin, to_client.into())
            .join(JoinType::InnerJoin, to_coalition.into())
            .filter(client_secret::Column::SecretHash.eq(secret_hash.to_vec()))
            .filter(client_secret::Column::RevokedAt.is_null())
            .filter(Column::RevokedAt.is_null())
            .filter(coalition::Column::RetiredAt.is_null());
        let row = query.into_model::<SecretRow>().one(&self.store.inner.reader).await.map_err(classify)?;
        let known = |row: SecretRow| {
            Ok(KnownClient {
                coalition_id: CoalitionId::from_uuid(row.coalition_id),
                id: ClientId::from_uuid(row.client_id),
                secret_id: ClientSecretId::from_uuid(row.id),
                scopes: json(TABLE, "scopes", &row.scopes)?,
            })
        };
        row.map(known).transpose()
    }

    /// Who calls with this token of a client's, and where; nothing, when the token, its secret or its client was revoked. A scope
    /// that the client no longer has is the token's no more.
    ///
    /// # Errors
    /// The database's.
    pub async fn client_of(&self, token: TokenId, client: ClientId) -> Result<Option<(CoalitionId, Actor)>> {
        let to_client = client_token::Entity::belongs_to(Entity).from(client_token::Column::ClientId).to(Column::Id);
        let to_secret = client_token::Entity::belongs_to(client_secret::Entity);
        let to_secret = to_secret.from(client_token::Column::SecretId).to(client_secret::Column::Id);
        let to_coalition = client_token::Entity::belongs_to(coalition::Entity);
        let to_coalition = to_coalition.from(client_token::Column::CoalitionId).to(coalition::Column::Id);
        let query = client_token::Entity::find_by_id(token.uuid())
            .select_only()
            .columns([client_token::Column::CoalitionId, client_token::Column::Scopes])
            .column_as(Column::Scopes, "client_scopes")
            .join(JoinType::InnerJoin, to_client.into())
            .join(JoinType::InnerJoin, to_secret.into())
            .join(JoinType::InnerJoin, to_coalition.into())
            .filter(client_token::Column::ClientId.eq(client.uuid()))
            .filter(client_token::Column::RevokedAt.is_null())
            .filter(client_secret::Column::RevokedAt.is_null())
            .filter(Column::RevokedAt.is_null())
            .filter(coalition::Column::RetiredAt.is_null());
        let row = query.into_model::<TokenRow>().one(&self.store.inner.reader).await.map_err(classify)?;
        let Some(row) = row else { return Ok(None) };
        let given: BTreeSet<ClientScope> = json("client_tokens", "scopes", &row.scopes)?;
        let has: BTreeSet<ClientScope> = json(TABLE, "scopes", &row.client_scopes)?;
        let actor = Actor::Client { id: client, scopes: given.intersection(&has).copied().collect() };
        Ok(Some((CoalitionId::from_uuid(row.coalition_id), actor)))
    }
}

impl Read {
    /// A page of the clients that were not revoked, by name.
    ///
    /// # Errors
    /// The database's.
    pub async fn api_clients(&self, page: &PageRequest) -> Result<Page<ApiClient>> {
        let rows = self.rows::<Entity>().filter(Column::RevokedAt.is_null());
        let at = |row: &Model| Position { key: Key::Text(row.name_key.clone()), id: row.id };
        rows.page(Column::NameKey, Column::Id, page, at).await?.try_map(ApiClient::from_row)
    }

    /// A client's secrets that were not revoked, the oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn client_secrets(&self, client: ClientId) -> Result<Vec<ClientSecret>> {
        let rows = self.rows::<client_secret::Entity>().filter(client_secret::Column::ClientId.eq(client.uuid()));
        let rows = rows.filter(client_secret::Column::RevokedAt.is_null());
        let rows = rows.order_by(client_secret::Column::CreatedAt, Order::Asc).order_by(client_secret::Column::Id, Order::Asc);
        let secret = |row: client_secret::Model| ClientSecret {
            id: ClientSecretId::from_uuid(row.id),
            created_at: Timestamp::new(row.created_at),
            last_used_at: row.last_used_at.map(Timestamp::new),
        };
        Ok(rows.all().await?.into_iter().map(secret).collect())
    }
}

impl Tx {
    /// Adds a secret to a client: its hash.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_client_secret(&self, client: ClientId, secret: &ClientSecret, secret_hash: [u8; 32]) -> Result<()> {
        let row = client_secret::ActiveModel {
            id: ActiveValue::Set(secret.id.uuid()),
            coalition_id: ActiveValue::Set(self.coalition_id().uuid()),
            client_id: ActiveValue::Set(client.uuid()),
            secret_hash: ActiveValue::Set(secret_hash.to_vec()),
            created_at: ActiveValue::Set(secret.created_at.utc()),
            last_used_at: ActiveValue::Set(secret.last_used_at.map(Timestamp::utc)),
            revoked_at: ActiveValue::Set(None),
        };
        self.add(vec![row]).await
    }

    /// Revokes a secret of a client, and with it the tokens that were given for it; tells whether there was one to revoke.
    ///
    /// # Errors
    /// The database's.
    pub async fn revoke_client_secret(&mut self, client: ClientId, secret: ClientSecretId) -> Result<bool> {
        self.touch_access();
        let revoked = (client_secret::Column::RevokedAt, Expr::value(self.process_now().utc()));
        let living = client_secret::Column::RevokedAt.is_null().and(client_secret::Column::ClientId.eq(client.uuid()));
        let which = client_secret::Column::Id.eq(secret.uuid()).and(living);
        Ok(self.set::<client_secret::Entity>([revoked], which).await? == 1)
    }

    /// Adds a token that was given to a client, and remembers that its secret was used.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_client_token(
        &self,
        token: TokenId,
        client: &KnownClient,
        scopes: &BTreeSet<ClientScope>,
        expires_at: Timestamp,
    ) -> Result<()> {
        let used = (client_secret::Column::LastUsedAt, Expr::value(self.process_now().utc()));
        self.set::<client_secret::Entity>([used], client_secret::Column::Id.eq(client.secret_id.uuid())).await?;
        let row = client_token::ActiveModel {
            id: ActiveValue::Set(token.uuid()),
            coalition_id: ActiveValue::Set(self.coalition_id().uuid()),
            client_id: ActiveValue::Set(client.id.uuid()),
            secret_id: ActiveValue::Set(client.secret_id.uuid()),
            scopes: ActiveValue::Set(to_json(scopes)),
            expires_at: ActiveValue::Set(expires_at.utc()),
            revoked_at: ActiveValue::Set(None),
        };
        self.add(vec![row]).await
    }

    /// Revokes a token of a client, when it has one with this id.
    ///
    /// # Errors
    /// The database's.
    pub async fn revoke_client_token(&mut self, client: ClientId, token: TokenId) -> Result<()> {
        self.touch_access();
        let revoked = (client_token::Column::RevokedAt, Expr::value(self.process_now().utc()));
        let which = client_token::Column::Id.eq(token.uuid()).and(client_token::Column::ClientId.eq(client.uuid()));
        self.set::<client_token::Entity>([revoked], which).await.map(drop)
    }

    /// Forgets the tokens of clients that expired before an instant; tells how many.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_client_tokens_before(&self, instant: Timestamp) -> Result<u64> {
        self.remove::<client_token::Entity>(client_token::Column::ExpiresAt.lt(instant.utc())).await
    }
}
