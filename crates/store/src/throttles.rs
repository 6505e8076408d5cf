//! Throttles, as rows that all copies of the server share.

use cohortium_domain::throttles::Throttle;
use cohortium_domain::time::Timestamp;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue, ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::System;
use crate::dialect::{self, classify};
use crate::entity::throttle::{ActiveModel, Column, Entity};
use crate::error::Result;

/// A throttle, and the hash of whose it is.
pub type Bucket = (Throttle, [u8; 32]);

impl System<'_> {
    /// Takes one from each of these buckets, or from none; then it tells when all can be had.
    ///
    /// # Errors
    /// The database's.
    pub async fn take(&self, buckets: &[Bucket]) -> Result<Option<Timestamp>> {
        let now = self.store.environment().now();
        let mut buckets = buckets.to_vec();
        // Everybody locks in the same order.
        buckets.sort_by_key(|(_, key)| *key);
        let transaction = dialect::begin(&self.store.inner.writer).await?;
        let mut wait: Option<Timestamp> = None;
        for (throttle, key) in buckets {
            let row = ActiveModel { key_hash: ActiveValue::Set(key.to_vec()), full_at: ActiveValue::Set(now.utc()) };
            let there = Entity::insert(row).on_conflict(OnConflict::column(Column::KeyHash).do_nothing().to_owned());
            there.exec_without_returning(&transaction).await.map_err(classify)?;
            let row = Entity::find_by_id(key.to_vec()).lock_exclusive().one(&transaction).await.map_err(classify)?;
            match throttle.take(row.map(|row| Timestamp::new(row.full_at)), now) {
                Ok(full_at) => {
                    let update = Entity::update_many().col_expr(Column::FullAt, Expr::value(full_at.utc()));
                    update.filter(Column::KeyHash.eq(key.to_vec())).exec(&transaction).await.map_err(classify)?;
                }
                Err(next) => wait = Some(wait.map_or(next, |other| other.max(next))),
            }
        }
        if wait.is_some() {
            transaction.rollback().await.map_err(classify)?;
        } else {
            transaction.commit().await.map_err(classify)?;
        }
        Ok(wait)
    }

    /// Nothing, when one could be taken from each of these buckets; else when.
    ///
    /// # Errors
    /// The database's.
    pub async fn would_wait(&self, buckets: &[Bucket]) -> Result<Option<Timestamp>> {
        let query = Entity::find().filter(Column::KeyHash.is_in(keys(buckets)));
        let rows = query.all(&self.store.inner.reader).await.map_err(classify)?;
        let now = self.store.environment().now();
        let waits = buckets.iter().filter_map(|(throttle, key)| {
            let row = rows.iter().find(|row| row.key_hash == key)?;
            throttle.take(Some(Timestamp::new(row.full_at)), now).err()
        });
        Ok(waits.max())
    }

    /// Fills buckets again.
    ///
    /// # Errors
    /// The database's.
    pub async fn refill(&self, buckets: &[Bucket]) -> Result<()> {
        let any =
            Entity::find().filter(Column::KeyHash.is_in(keys(buckets))).one(&self.store.inner.reader).await.map_err(classify)?;
        if any.is_none() {
            return Ok(());
        }
        let delete = Entity::delete_many().filter(Column::KeyHash.is_in(keys(buckets)));
        delete.exec(&self.store.inner.writer).await.map(drop).map_err(classify)
    }

    /// Forgets the buckets that are full.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_full_throttles(&self) -> Result<u64> {
        let full = Column::FullAt.lte(self.store.environment().now().utc());
        let done = Entity::delete_many().filter(full).exec(&self.store.inner.writer).await.map_err(classify)?;
        Ok(done.rows_affected)
    }
}

fn keys(buckets: &[Bucket]) -> impl Iterator<Item = Vec<u8>> {
    buckets.iter().map(|(_, key)| key.to_vec())
}
