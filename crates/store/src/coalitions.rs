//! Coalitions, as rows.

use cohortium_domain::access::Actor;
use cohortium_domain::coalitions::{Clock, Coalition, CoalitionMode};
use cohortium_domain::ids::{CoalitionId, Id};
use cohortium_domain::journal::Change;
use cohortium_domain::meta::Meta;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::text::{Email, Slug, Title, WebAddress};
use cohortium_domain::time::{Date, Timestamp};
use cohortium_domain::words::Word;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::dialect::{self, classify};
use crate::entity::coalition::{ActiveModel, Column, Entity, Model};
use crate::error::{Error, Result};
use crate::record::{Record, meta, optional, text, word, zone};
use crate::rows::Connection;
use crate::{Origin, Read, System, Tx};

const TABLE: &str = "coalitions";

impl Record for Coalition {
    type Entity = Entity;
    type Row = ActiveModel;
    type Id = CoalitionId;
    const NOUN: &'static str = "coalition";
    const ID: Column = Column::Id;
    const VERSION: Column = Column::Version;

    fn id(&self) -> CoalitionId {
        self.id
    }

    fn meta(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn to_row(&self, _coalition_id: Uuid) -> Model {
        Model {
            id: self.id.uuid(),
            slug: self.slug.as_str().to_owned(),
            name: self.name.as_str().to_owned(),
            time_zone: self.time_zone.name().to_owned(),
            website: self.website.clone().map(Into::into),
            contact_email: self.contact_email.clone().map(Into::into),
            front_end_url: self.front_end_url.clone().map(Into::into),
            second_factor: self.second_factor.as_str().to_owned(),
            mode: self.mode().as_str().to_owned(),
            test_now: match self.clock {
                Clock::Live => None,
                Clock::Test { now } => Some(now.utc()),
            },
            retired_at: None,
            version: self.meta.version,
            created_at: self.meta.created_at.utc(),
            updated_at: self.meta.updated_at.utc(),
        }
    }

    fn from_row(row: Model) -> Result<Self> {
        let clock = match (word(TABLE, "mode", &row.mode)?, row.test_now) {
            (CoalitionMode::Live, None) => Clock::Live,
            (CoalitionMode::Sandbox, Some(now)) => Clock::Test { now: Timestamp::new(now) },
            (CoalitionMode::Live, Some(_)) | (CoalitionMode::Sandbox, None) => return Err(Error::corrupt(TABLE, "test_now")),
        };
        Ok(Self {
            id: CoalitionId::from_uuid(row.id),
            slug: text(TABLE, "slug", &row.slug, Slug::new)?,
            name: text(TABLE, "name", &row.name, Title::new)?,
            time_zone: zone(TABLE, "time_zone", &row.time_zone)?,
            website: optional(TABLE, "website", row.website.as_deref(), WebAddress::new)?,
            contact_email: optional(TABLE, "contact_email", row.contact_email.as_deref(), Email::new)?,
            front_end_url: optional(TABLE, "front_end_url", row.front_end_url.as_deref(), WebAddress::new)?,
            second_factor: word(TABLE, "second_factor", &row.second_factor)?,
            clock,
            meta: meta(row.version, row.created_at, row.updated_at),
        })
    }

    fn refusal(index: &str) -> Option<Refusal> {
        (index == "coalitions_slug").then(|| Refusal::AlreadyExists("Another coalition has this slug".to_owned()))
    }
}

impl Read {
    /// The civil day in the coalition's time zone.
    ///
    /// # Errors
    /// The database's.
    pub async fn today(&self) -> Result<Date> {
        let coalition: Coalition = self.get(self.coalition_id()).await?;
        Ok(coalition.time_zone.date_of(self.now()))
    }
}

impl System<'_> {
    /// The coalition with this slug.
    ///
    /// # Errors
    /// The database's.
    pub async fn coalition_by_slug(&self, slug: &Slug) -> Result<Option<Coalition>> {
        let query = Entity::find().filter(Column::Slug.eq(slug.as_str())).filter(Column::RetiredAt.is_null());
        query.one(&self.store.inner.reader).await.map_err(classify)?.map(Coalition::from_row).transpose()
    }

    /// All coalitions.
    ///
    /// # Errors
    /// The database's.
    pub async fn coalitions(&self) -> Result<Vec<Coalition>> {
        let query = Entity::find().filter(Column::RetiredAt.is_null()).order_by_asc(Column::Slug);
        query.all(&self.store.inner.reader).await.map_err(classify)?.into_iter().map(Coalition::from_row).collect()
    }

    /// Makes a coalition, and runs what is to come with it in the same transaction.
    ///
    /// # Errors
    /// [`Refusal::AlreadyExists`] when the slug is taken; the closure's own.
    pub async fn found<T>(
        &self,
        change: Change<Coalition>,
        actor: &Actor,
        origin: Origin,
        work: impl AsyncFnOnce(&mut Tx) -> Result<T>,
    ) -> Result<T> {
        let (id, clock) = (change.value.id, change.value.clock);
        let connection = Connection::Transaction(dialect::begin(&self.store.inner.writer).await?);
        let environment = self.store.environment().clone();
        let mut tx = Tx::new(Read::new(connection, id, clock.read(environment.now())), environment, origin);
        tx.save(change, actor).await?;
        tx.begin_journal().await?;
        let done = work(&mut tx).await?;
        self.store.commit(tx).await?;
        Ok(done)
    }
}

impl Tx {
    /// The civil day in the coalition's time zone. What is decided by it holds as long as the day.
    ///
    /// # Errors
    /// The database's.
    pub async fn today(&mut self) -> Result<Date> {
        let coalition: Coalition = self.get(self.coalition_id()).await?;
        let today = coalition.time_zone.date_of(self.now());
        self.relies_on(coalition.time_zone.end_of_day(today));
        Ok(today)
    }

    /// Puts the coalition out of reach: its slug comes free, and nobody can read or write what is its own.
    ///
    /// # Errors
    /// The database's.
    pub async fn retire_coalition(&mut self) -> Result<()> {
        let retired = (Column::RetiredAt, Expr::value(self.process_now().utc()));
        self.set::<Entity>([retired], Column::RetiredAt.is_null()).await.map(drop)
    }
}
