//! The unit of work: what a coalition's reads and writes go through.
//!
//! What always holds: every query is limited to one coalition, because nothing here gives out the connection; a change is saved
//! with its journal entries, in one transaction; whatever a write decided by the clock still holds when it commits.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::Arc;

use cohortium_domain::access::Actor;
use cohortium_domain::ids::{CoalitionId, EntryId, Id};
use cohortium_domain::journal::{Change, Happening};
use cohortium_domain::refusal::Refusal;
use cohortium_domain::time::Timestamp;
use sea_orm::sea_query::SimpleExpr;
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, Statement, UpdateMany};
use uuid::Uuid;

use crate::entity::Scoped;
use crate::error::{Error, Result};
use crate::record::Record;
use crate::rows::{Connection, Rows, on};

/// How many rows a statement adds: SQLite takes 32,766 values in one, and no table has thirty columns.
const ROWS_AT_ONCE: usize = 1_000;

/// The clock and the randomness, handed in.
pub trait Environment: Send + Sync {
    /// What time it is.
    fn now(&self) -> Timestamp;

    /// Bytes that nobody can guess.
    fn random(&self) -> [u8; 16];

    /// A UUID whose order is that of making (RFC 9562, version 7).
    fn ordered_uuid(&self) -> Uuid {
        let [a, b, c, d, e, f, g, h, i, j, ..] = self.random();
        let millis = u64::try_from(self.now().millis()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &[a, b, c, d, e, f, g, h, i, j]).into_uuid()
    }

    /// A UUID that tells nothing (version 4).
    fn random_uuid(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.random()).into_uuid()
    }
}

/// Where a change came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// By which door: `http`, `job`, `command` or `demo`.
    pub door: &'static str,
    /// The request, where it was one.
    pub request_id: Option<Uuid>,
}

/// A view of one coalition's things.
pub struct Read {
    pub(crate) connection: Connection,
    coalition: CoalitionId,
    now: Timestamp,
}

impl Read {
    pub(crate) fn new(connection: Connection, coalition: CoalitionId, now: Timestamp) -> Self {
        Self { connection, coalition, now }
    }

    /// Whose things.
    #[must_use]
    pub fn coalition_id(&self) -> CoalitionId {
        self.coalition
    }

    /// What the coalition's clock shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The rows of a table that belong to the coalition.
    pub(crate) fn rows<E: Scoped<Model: Send + Sync>>(&self) -> Rows<'_, E> {
        Rows::new(&self.connection, E::find().filter(E::COALITION.eq(self.coalition.uuid())))
    }

    /// The thing with this id, when it is there.
    ///
    /// # Errors
    /// The database's.
    pub async fn find<T: Record>(&self, id: T::Id) -> Result<Option<T>> {
        self.rows::<T::Entity>().filter(T::ID.eq(id.uuid())).one().await?.map(T::from_row).transpose()
    }

    /// The things with these ids, those that are there.
    ///
    /// # Errors
    /// The database's.
    pub async fn find_all<T: Record>(&self, ids: impl IntoIterator<Item = T::Id>) -> Result<BTreeMap<T::Id, T>> {
        let ids: BTreeSet<Uuid> = ids.into_iter().map(Id::uuid).collect();
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let rows = self.rows::<T::Entity>().filter(T::ID.is_in(ids)).all().await?;
        rows.into_iter().map(|row| T::from_row(row).map(|thing| (thing.id(), thing))).collect()
    }

    /// The thing with this id.
    ///
    /// # Errors
    /// [`Refusal::Hidden`] when it is not there.
    pub async fn get<T: Record>(&self, id: T::Id) -> Result<T> {
        self.find(id).await?.ok_or_else(|| Refusal::Hidden(T::NOUN).into())
    }
}

/// A transaction on one coalition's things.
pub struct Tx {
    read: Read,
    environment: Arc<dyn Environment>,
    origin: Origin,
    pub(crate) entries: Vec<Entry>,
    deadline: Option<Timestamp>,
    touches_access: bool,
}

/// A journal entry on its way.
pub(crate) struct Entry {
    pub id: EntryId,
    pub occurred_at: Timestamp,
    pub actor: Actor,
    pub happening: Happening,
}

impl Deref for Tx {
    type Target = Read;

    fn deref(&self) -> &Read {
        &self.read
    }
}

impl Tx {
    pub(crate) fn new(read: Read, environment: Arc<dyn Environment>, origin: Origin) -> Self {
        Self { read, environment, origin, entries: Vec::new(), deadline: None, touches_access: false }
    }

    /// A new id, in the order of making.
    #[must_use]
    pub fn make_id<I: Id>(&self) -> I {
        I::from_uuid(self.environment.ordered_uuid())
    }

    /// A new id that does not tell when it was made.
    #[must_use]
    pub fn make_opaque_id<I: Id>(&self) -> I {
        I::from_uuid(self.environment.random_uuid())
    }

    /// Bytes that nobody can guess.
    #[must_use]
    pub fn random(&self) -> [u8; 16] {
        self.environment.random()
    }

    /// What the process's clock shows: for tokens, sign-in sessions and other things of operation.
    #[must_use]
    pub fn process_now(&self) -> Timestamp {
        self.environment.now()
    }

    /// Says that what is being decided holds only until this instant: when the transaction would commit later, it is run again.
    pub fn relies_on(&mut self, deadline: Timestamp) {
        self.deadline = Some(self.deadline.map_or(deadline, |earlier| earlier.min(deadline)));
    }

    /// Says that this write changes who may come in, or with which rights: what is kept in memory of that is looked up again.
    pub fn touch_access(&mut self) {
        self.touches_access = true;
    }

    pub(crate) fn touches_access(&self) -> bool {
        self.touches_access
    }

    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        self.deadline
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Goes on at a later instant of the coalition's clock: for whoever moves it, on the way.
    pub fn move_to(&mut self, instant: Timestamp) {
        self.read.now = self.read.now.max(instant);
    }

    /// The thing with this id, locked until the transaction ends.
    ///
    /// # Errors
    /// [`Refusal::Hidden`] when it is not there.
    pub async fn lock<T: Record>(&self, id: T::Id) -> Result<T> {
        let row = self.rows::<T::Entity>().filter(T::ID.eq(id.uuid())).lock().one().await?;
        row.map(T::from_row).transpose()?.ok_or_else(|| Refusal::Hidden(T::NOUN).into())
    }

    /// The thing with this id, held so that nobody else changes it until the transaction ends. Others can hold it too.
    ///
    /// # Errors
    /// [`Refusal::Hidden`] when it is not there.
    pub async fn hold<T: Record>(&self, id: T::Id) -> Result<T> {
        let row = self.rows::<T::Entity>().filter(T::ID.eq(id.uuid())).hold().one().await?;
        row.map(T::from_row).transpose()?.ok_or_else(|| Refusal::Hidden(T::NOUN).into())
    }

    /// Saves a change, and writes down what happened. Gives back the thing as it now is.
    ///
    /// # Errors
    /// The refusal that belongs to a uniqueness rule; [`Error::Conflict`] when somebody else saved it meanwhile.
    pub async fn save<T: Record>(&mut self, change: Change<T>, actor: &Actor) -> Result<T> {
        let Change { mut value, happened } = change;
        let before = value.meta().version;
        value.meta().version = before + 1;
        let row = value.to_row(self.coalition.uuid()).into_active_model().reset_all();
        let saved = if before == 0 { self.insert::<T>(row).await } else { self.update::<T>(value.id(), before, row).await };
        if let Err(Error::NotUnique(index)) = &saved
            && let Some(refusal) = T::refusal(index)
        {
            return Err(refusal.into());
        }
        saved?;
        self.note(happened, actor);
        Ok(value)
    }

    /// Writes down what happened.
    pub fn note(&mut self, happened: impl IntoIterator<Item = Happening>, actor: &Actor) {
        for happening in happened {
            let id = self.make_id();
            self.entries.push(Entry { id, occurred_at: self.now, actor: actor.clone(), happening });
        }
    }

    async fn insert<T: Record>(&self, row: T::Row) -> Result<()> {
        on!(&self.read.connection, connection => T::Entity::insert(row).exec_without_returning(connection)).map(drop)
    }

    async fn update<T: Record>(&self, id: T::Id, before: i64, mut row: T::Row) -> Result<()> {
        row.not_set(T::ID);
        row.not_set(T::Entity::COALITION);
        let update = self.change_rows::<T::Entity>().set(row).filter(T::ID.eq(id.uuid())).filter(T::VERSION.eq(before));
        let done = on!(&self.read.connection, connection => update.exec(connection))?;
        if done.rows_affected == 1 { Ok(()) } else { Err(Error::Conflict(format!("another write changed the {}", T::NOUN))) }
    }

    fn change_rows<E: Scoped>(&self) -> UpdateMany<E> {
        E::update_many().filter(E::COALITION.eq(self.coalition.uuid()))
    }

    /// Changes columns of the coalition's rows for which the condition holds; tells how many.
    pub(crate) async fn set<E: Scoped>(
        &self,
        columns: impl IntoIterator<Item = (E::Column, SimpleExpr)>,
        condition: SimpleExpr,
    ) -> Result<u64> {
        let update = columns
            .into_iter()
            .fold(self.change_rows::<E>().filter(condition), |update, (column, value)| update.col_expr(column, value));
        on!(&self.read.connection, connection => update.exec(connection)).map(|done| done.rows_affected)
    }

    /// Adds rows that are not [`Record`]s. They must carry this coalition's id: [`Read::coalition_id`].
    pub(crate) async fn add<A>(&self, rows: Vec<A>) -> Result<()>
    where
        A: ActiveModelTrait<Entity: Scoped> + sea_orm::ActiveModelBehavior + Send,
    {
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let some: Vec<A> = rows.by_ref().take(ROWS_AT_ONCE).collect();
            on!(&self.read.connection, connection => A::Entity::insert_many(some).exec_without_returning(connection))?;
        }
        Ok(())
    }

    /// Takes rows away for which the condition holds; tells how many.
    pub(crate) async fn remove<E: Scoped>(&self, condition: SimpleExpr) -> Result<u64> {
        let delete = E::delete_many().filter(E::COALITION.eq(self.coalition.uuid())).filter(condition);
        on!(&self.read.connection, connection => delete.exec(connection)).map(|done| done.rows_affected)
    }

    pub(crate) async fn execute(&self, statement: Statement) -> Result<u64> {
        on!(&self.read.connection, connection => connection.execute_raw(statement)).map(|done| done.rows_affected())
    }

    pub(crate) fn into_connection(self) -> Connection {
        self.read.connection
    }
}
