//! Idempotency keys: a request that is sent again has its effect once, and gets its first answer.
//!
//! What always holds: a key's row, the change and its journal entries are committed together; only answers of success are kept.

use cohortium_domain::ids::Id;
use cohortium_domain::time::Timestamp;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue, ColumnTrait, EntityTrait};

use crate::entity::idempotency_key::{ActiveModel, Column, Entity};
use crate::error::{Error, Result};
use crate::rows::on;
use crate::{Read, Tx};

/// An answer that was given.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptAnswer {
    /// The status code.
    pub status: u16,
    /// The headers that belong to it.
    pub headers: Vec<(String, String)>,
    /// The body; nothing, where it held a secret: that is shown once and never kept.
    pub body: Option<Vec<u8>>,
}

/// What is known about a key.
#[derive(Clone, Debug, PartialEq)]
pub enum Slot {
    /// It is new, and taken by this transaction.
    New,
    /// It was used, and this was the answer.
    Kept(KeptAnswer),
}

impl Read {
    /// Whether a key has been used.
    ///
    /// # Errors
    /// The database's.
    pub async fn key_used(&self, scope_hash: [u8; 32]) -> Result<bool> {
        Ok(self.rows::<Entity>().filter(Column::ScopeHash.eq(scope_hash.to_vec())).count().await? > 0)
    }
}

impl Tx {
    /// Takes a key, or finds what it was used for. A twin in flight is waited for.
    ///
    /// # Errors
    /// [`Error::KeyReused`] when it was used for another request; [`Error::InFlight`] when a twin did not end in time.
    pub async fn claim_key(&self, scope_hash: [u8; 32], fingerprint: [u8; 32]) -> Result<Slot> {
        let row = ActiveModel {
            scope_hash: ActiveValue::Set(scope_hash.to_vec()),
            coalition_id: ActiveValue::Set(self.coalition_id().uuid()),
            fingerprint: ActiveValue::Set(fingerprint.to_vec()),
            status: ActiveValue::Set(None),
            headers: ActiveValue::Set(None),
            body: ActiveValue::Set(None),
            created_at: ActiveValue::Set(self.process_now().utc()),
        };
        let insert = Entity::insert(row).on_conflict(OnConflict::column(Column::ScopeHash).do_nothing().to_owned());
        let inserted = on!(&self.connection, connection => insert.exec_without_returning(connection));
        if let Err(Error::TimedOut(_)) = inserted {
            return Err(Error::InFlight);
        }
        if inserted? == 1 {
            return Ok(Slot::New);
        }
        let row = self.rows::<Entity>().filter(Column::ScopeHash.eq(scope_hash.to_vec())).one().await?.ok_or(Error::KeyReused)?;
        if row.fingerprint != fingerprint {
            return Err(Error::KeyReused);
        }
        let status =
            row.status.and_then(|status| u16::try_from(status).ok()).ok_or_else(|| Error::corrupt("idempotency_keys", "status"))?;
        let headers =
            serde_json::from_value(row.headers.unwrap_or_default()).map_err(|_| Error::corrupt("idempotency_keys", "headers"))?;
        Ok(Slot::Kept(KeptAnswer { status, headers, body: row.body }))
    }

    /// Keeps the answer that belongs to a key which this transaction took.
    ///
    /// # Errors
    /// The database's.
    pub async fn keep_answer(&self, scope_hash: [u8; 32], answer: &KeptAnswer) -> Result<()> {
        let columns = [
            (Column::Status, Expr::value(i64::from(answer.status))),
            (Column::Headers, Expr::value(serde_json::json!(answer.headers))),
            (Column::Body, Expr::value(answer.body.clone())),
        ];
        self.set::<Entity>(columns, Column::ScopeHash.eq(scope_hash.to_vec())).await.map(drop)
    }

    /// Forgets the keys that are older; tells how many.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_keys_before(&self, instant: Timestamp) -> Result<u64> {
        self.remove::<Entity>(Column::CreatedAt.lt(instant.utc())).await
    }
}
