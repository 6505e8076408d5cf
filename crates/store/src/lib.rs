//! What Cohortium remembers: the same on SQLite and on PostgreSQL.
//!
//! A [`Read`] and a [`Tx`] belong to one coalition, and all their queries with them: there is no way to ask for another's rows. The
//! one other door is [`Store::system`], for what has no coalition yet (sign-in) or serves all (jobs, the sequencer).
//!
//! What always holds: a write is one transaction with its journal entries; it can be run again, and is when the databases or the
//! clock ask for it; so its closure has no effect outside of it.

mod dialect;
mod entity;
mod error;
mod generations;
mod page;
mod record;
mod rows;
mod tx;

mod accounts;
mod api_clients;
mod applications;
mod attestations;
mod choices;
mod coalitions;
mod cohorts;
mod documents;
mod eligibility;
mod employments;
mod facilitator_invitations;
mod files;
mod idempotency;
mod identities;
mod journal;
mod links;
mod mails;
mod organizations;
mod people;
mod program_documents;
mod programs;
mod proposals;
mod reviews;
mod second_factor;
mod sessions;
mod sign_ins;
mod stipends;
mod tax_forms;
mod teams;
mod throttles;
mod timeline;
mod verifications;
mod waitlist;

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use cohortium_domain::coalitions::Clock;
use cohortium_domain::ids::{CoalitionId, Id};
use cohortium_domain::refusal::Refusal;
use cohortium_domain::time::Timestamp;
use cohortium_migrations::Migrator;
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QuerySelect};
use sea_orm_migration::MigratorTrait;

use crate::dialect::classify;
use crate::entity::coalition;
use crate::rows::{Connection, on};

pub use crate::accounts::Credentials;
pub use crate::api_clients::KnownClient;
pub use crate::applications::{ApplicationFilter, ApplicationOrder, RestsOn};
pub use crate::cohorts::CohortFilter;
pub use crate::error::{Error, Result};
pub use crate::generations::Generation;
pub use crate::idempotency::{KeptAnswer, Slot};
pub use crate::identities::Recognized;
pub use crate::journal::{ChainReport, JournalEntry, JournalFilter};
pub use crate::organizations::{OrganizationFilter, OrganizationOrder};
pub use crate::page::{Key, Page, PageRequest, Position};
pub use crate::people::{PeopleFilter, PeopleOrder};
pub use crate::program_documents::ProgramDocument;
pub use crate::programs::ProgramOrder;
pub use crate::record::Record;
pub use crate::reviews::ReviewFilter;
pub use crate::sign_ins::SignedIn;
pub use crate::stipends::InstallmentFilter;
pub use crate::throttles::Bucket;
pub use crate::timeline::RecordedChange;
pub use crate::tx::{Environment, Origin, Read, Tx};
pub use crate::verifications::VerificationFilter;

/// How often a transaction is run again because the database or the clock asks for it.
const ATTEMPTS: u32 = 4;

/// The database of a server.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    environment: Arc<dyn Environment>,
    generations: generations::Generations,
    /// The coalitions known to run by real time: a coalition's mode never changes.
    live: RwLock<HashSet<CoalitionId>>,
}

/// The store without a coalition. Every use of it is on a list that is checked.
pub struct System<'a> {
    pub(crate) store: &'a Store,
}

/// How a write holds its coalition's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockHold {
    /// So that it does not move meanwhile.
    Still,
    /// So that this write can move it.
    Moving,
}

impl Store {
    /// Connects to a database: `sqlite://FILE` or `postgres://…`.
    ///
    /// # Errors
    /// It cannot be reached, or is a version that must not be used.
    pub async fn connect(url: &str, environment: Arc<dyn Environment>) -> Result<Self> {
        let connections = dialect::connect(url).await?;
        let inner = Inner {
            writer: connections.writer,
            reader: connections.reader,
            environment,
            generations: generations::Generations::default(),
            live: RwLock::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Brings the schema up to date.
    ///
    /// # Errors
    /// The database was made by a newer version, or a migration fails; then nothing of it is left.
    pub async fn migrate(&self) -> Result<()> {
        self.refuse_newer_schema().await?;
        Migrator::up(&self.inner.writer, None).await.map_err(classify)
    }

    /// Takes the whole schema away again, for tests.
    ///
    /// # Errors
    /// A migration fails.
    pub async fn unmigrate(&self) -> Result<()> {
        Migrator::down(&self.inner.writer, None).await.map_err(classify)
    }

    /// Whether a migration is still to be run.
    ///
    /// # Errors
    /// The database's.
    pub async fn migrations_pending(&self) -> Result<bool> {
        let pending = Migrator::get_pending_migrations(&self.inner.writer).await.map_err(classify)?;
        Ok(!pending.is_empty())
    }

    async fn refuse_newer_schema(&self) -> Result<()> {
        let known: Vec<String> = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
        let applied = Migrator::get_migration_models(&self.inner.writer).await.map_err(classify)?;
        match applied.iter().find(|row| !known.contains(&row.version)) {
            None => Ok(()),
            Some(row) => Err(Error::Unavailable(format!(
                "the database was made by a newer version of cohortium, or by one before the first release (it has the migration {}): \
                 run that version, or one later, or begin with new data",
                row.version
            ))),
        }
    }

    /// Whether other copies of the server can write to the same database.
    #[must_use]
    pub fn shared(&self) -> bool {
        dialect::shared(&self.inner.writer)
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// It does not.
    pub async fn ping(&self) -> Result<()> {
        self.inner.reader.ping().await.map_err(classify)
    }

    /// Why no connection came free: [`Error::Busy`] where the database is there, else [`Error::Unavailable`].
    pub async fn without_connection(&self, said: String) -> Error {
        dialect::without_connection(&self.inner.writer, said).await
    }

    /// The store without a coalition.
    #[must_use]
    pub fn system(&self) -> System<'_> {
        System { store: self }
    }

    /// The clock and the randomness.
    #[must_use]
    pub fn environment(&self) -> &Arc<dyn Environment> {
        &self.inner.environment
    }

    /// The generation of a coalition's things: another one as soon as anything may have changed.
    #[must_use]
    pub fn generation(&self, coalition: CoalitionId) -> Generation {
        self.inner.generations.current(coalition)
    }

    /// The generation of who may come in and with which rights: another one as soon as this copy of the server may have changed it.
    #[must_use]
    pub fn access_generation(&self) -> Generation {
        self.inner.generations.access()
    }

    /// Says that another copy of the server wrote something: nothing kept in memory is current any more.
    pub fn look_again(&self) {
        self.inner.generations.raise_all();
    }

    /// A view of a coalition's things.
    ///
    /// # Errors
    /// [`Refusal::Hidden`] when there is no such coalition.
    pub async fn read(&self, coalition: CoalitionId) -> Result<Read> {
        let connection = Connection::Pool(self.inner.reader.clone());
        let now = self.clock(&connection, coalition, None).await?.read(self.inner.environment.now());
        Ok(Read::new(connection, coalition, now))
    }

    /// Runs a write as one transaction, with its journal entries; again when the database or the clock asks for it.
    ///
    /// # Errors
    /// The closure's own, with nothing changed; or the database's.
    pub async fn write<T>(&self, coalition: CoalitionId, origin: Origin, work: impl AsyncFn(&mut Tx) -> Result<T>) -> Result<T> {
        self.write_holding(ClockHold::Still, coalition, origin, work).await
    }

    /// The same, saying how the coalition's clock is held.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn write_holding<T>(
        &self,
        hold: ClockHold,
        coalition: CoalitionId,
        origin: Origin,
        work: impl AsyncFn(&mut Tx) -> Result<T>,
    ) -> Result<T> {
        let mut attempt = 1;
        loop {
            match self.attempt(hold, coalition, origin.clone(), &work).await {
                Ok(Some(done)) => return Ok(done),
                Ok(None) if attempt < ATTEMPTS => {}
                Ok(None) => return Err(Error::Busy("a deadline kept passing while the write ran".to_owned())),
                Err(Error::Conflict(_)) if attempt < ATTEMPTS => self.wait_a_little().await,
                Err(Error::Conflict(said)) => return Err(Error::Busy(said)),
                Err(error) => return Err(error),
            }
            attempt += 1;
        }
    }

    /// One attempt; nothing when a deadline that it relied on passed before it could commit.
    async fn attempt<T>(
        &self,
        hold: ClockHold,
        coalition: CoalitionId,
        origin: Origin,
        work: &impl AsyncFn(&mut Tx) -> Result<T>,
    ) -> Result<Option<T>> {
        let connection = Connection::Transaction(dialect::begin(&self.inner.writer).await?);
        let clock = self.clock(&connection, coalition, Some(hold)).await?;
        let now = clock.read(self.inner.environment.now());
        let mut tx = Tx::new(Read::new(connection, coalition, now), self.inner.environment.clone(), origin);
        let done = work(&mut tx).await?;
        let late = tx.deadline().is_some_and(|deadline| now < deadline && deadline <= clock.read(self.inner.environment.now()));
        if late {
            return Ok(None);
        }
        self.commit(tx).await?;
        Ok(Some(done))
    }

    pub(crate) async fn commit(&self, mut tx: Tx) -> Result<()> {
        tx.write_entries().await?;
        // Dropped whatever happens, also when the caller is gone: whoever keeps something in memory looks again.
        let _changed = self.inner.generations.arm(tx.coalition_id());
        let _access = tx.touches_access().then(|| self.inner.generations.arm_access());
        match tx.into_connection() {
            Connection::Transaction(transaction) => transaction.commit().await.map_err(classify),
            Connection::Pool(_) => Ok(()),
        }
    }

    /// The coalition's clock, held as asked. A live one is not asked for twice.
    async fn clock(&self, connection: &Connection, coalition: CoalitionId, hold: Option<ClockHold>) -> Result<Clock> {
        let live = self.inner.live.read().unwrap_or_else(PoisonError::into_inner).contains(&coalition);
        if live {
            return Ok(Clock::Live);
        }
        let query = coalition::Entity::find_by_id(coalition.uuid()).filter(coalition::Column::RetiredAt.is_null());
        let query = match hold {
            None => query,
            Some(ClockHold::Still) => query.lock_shared(),
            Some(ClockHold::Moving) => query.lock_exclusive(),
        };
        let row = on!(connection, connection => query.one(connection))?.ok_or(Refusal::Hidden("coalition"))?;
        if let Some(now) = row.test_now {
            return Ok(Clock::Test { now: Timestamp::new(now) });
        }
        self.inner.live.write().unwrap_or_else(PoisonError::into_inner).insert(coalition);
        Ok(Clock::Live)
    }

    /// Ten to a hundred milliseconds, so that those who collided do not collide again.
    async fn wait_a_little(&self) {
        let [first, ..] = self.inner.environment.random();
        tokio::time::sleep(Duration::from_millis(10 + u64::from(first) * 90 / 255)).await;
    }
}
