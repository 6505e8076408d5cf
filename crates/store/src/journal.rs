//! The journal: entries written with their changes, then placed and sealed by the sequencer.
//!
//! An entry draws its number when it is written, while its transaction holds the lock on its subject; but transactions do not
//! commit in the order of their numbers. So a position is given later, by one sequencer at a time, to what is visible by then: a
//! reader that follows positions misses nothing.

use cohortium_domain::ids::{CoalitionId, EntryId, Id};
use cohortium_domain::journal::{FIRST_SEAL, Seal, seal};
use cohortium_domain::time::Timestamp;
use cohortium_domain::words::Word;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue, ColumnTrait, EntityTrait, Order, QueryFilter, QuerySelect, QueryTrait, Statement, Value};
use serde_json::{Map, json};
use uuid::Uuid;

use crate::dialect::{self, classify};
use crate::entity::coalition;
use crate::entity::journal_entry::{ActiveModel, Column, Entity, Model};
use crate::entity::journal_head;
use crate::error::{Error, Result};
use crate::{Origin, Read, System, Tx};

/// How many entries are placed in one transaction.
const PLACED_AT_ONCE: u64 = 500;
/// How many entries are checked in one query.
const CHECKED_AT_ONCE: u64 = 1_000;

/// An entry that has its place.
#[derive(Clone, Debug, PartialEq)]
pub struct JournalEntry {
    /// Which.
    pub id: EntryId,
    /// Its place in the coalition, counted from 1 without gaps.
    pub position: u64,
    /// What happened, for example `application.offered`.
    pub entry_type: String,
    /// When, by the coalition's clock.
    pub occurred_at: Timestamp,
    /// What kind of actor did it.
    pub actor_kind: String,
    /// Which one.
    pub actor_id: Option<Uuid>,
    /// By which door.
    pub origin: String,
    /// By which request.
    pub request_id: Option<Uuid>,
    /// What kind of thing it happened to.
    pub subject_kind: String,
    /// Which one.
    pub subject_id: Uuid,
    /// The particulars.
    pub data: Map<String, serde_json::Value>,
    /// Why.
    pub reason: Option<String>,
    /// Its seal.
    pub seal: Seal,
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JournalFilter {
    /// After this position.
    pub after: u64,
    /// About this thing.
    pub subject_id: Option<Uuid>,
    /// By this actor.
    pub actor_id: Option<Uuid>,
    /// Of one of these types.
    pub types: Vec<String>,
}

/// What checking the chain found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainReport {
    /// How many entries were checked.
    pub checked: u64,
    /// The first position at which the chain is broken.
    pub broken_at: Option<u64>,
}

impl Tx {
    /// Begins the coalition's journal.
    pub(crate) async fn begin_journal(&mut self) -> Result<()> {
        let head = journal_head::ActiveModel {
            coalition_id: ActiveValue::Set(self.coalition_id().uuid()),
            position: ActiveValue::Set(0),
            seal: ActiveValue::Set(FIRST_SEAL.to_vec()),
        };
        self.add(vec![head]).await
    }

    /// Writes what was noted, in the order in which it was.
    pub(crate) async fn write_entries(&mut self) -> Result<()> {
        let coalition = self.coalition_id().uuid();
        let Origin { door, request_id } = self.origin().clone();
        let rows = std::mem::take(&mut self.entries).into_iter().map(|entry| {
            let (actor_kind, actor_id) = entry.actor.identity();
            ActiveModel {
                number: ActiveValue::NotSet,
                id: ActiveValue::Set(entry.id.uuid()),
                coalition_id: ActiveValue::Set(coalition),
                r#type: ActiveValue::Set(entry.happening.entry_type()),
                occurred_at: ActiveValue::Set(entry.occurred_at.utc()),
                actor_kind: ActiveValue::Set(actor_kind.to_owned()),
                actor_id: ActiveValue::Set(actor_id),
                origin: ActiveValue::Set(door.to_owned()),
                request_id: ActiveValue::Set(request_id),
                subject_kind: ActiveValue::Set(entry.happening.subject.kind.as_str().to_owned()),
                subject_id: ActiveValue::Set(entry.happening.subject.id),
                data: ActiveValue::Set(serde_json::Value::Object(entry.happening.data)),
                reason: ActiveValue::Set(entry.happening.reason.map(Into::into)),
                position: ActiveValue::Set(None),
                seal: ActiveValue::Set(None),
            }
        });
        let rows: Vec<ActiveModel> = rows.collect();
        self.add(rows).await
    }

    /// Gives the next unplaced entries their positions and seals; tells how many.
    async fn place_entries(&mut self) -> Result<u64> {
        let heads = self.rows::<journal_head::Entity>().lock().one().await?;
        let head = heads.ok_or_else(|| Error::Defect("a coalition has no journal head".to_owned()))?;
        let unplaced = self.rows::<Entity>().filter(Column::Position.is_null());
        let waiting = unplaced.order_by(Column::Number, Order::Asc).limit(PLACED_AT_ONCE).all().await?;
        if waiting.is_empty() {
            return Ok(0);
        }
        let mut position = number(head.position)?;
        let mut last = to_seal(&head.seal)?;
        let mut values: Vec<Value> = Vec::with_capacity(waiting.len() * 3);
        for row in &waiting {
            position += 1;
            last = seal(&last, position, &content(row));
            values.extend([row.number.into(), to_column(position)?.into(), last.to_vec().into()]);
        }
        self.execute(placing(values)).await?;
        let head = [
            (journal_head::Column::Position, Expr::value(to_column(position)?)),
            (journal_head::Column::Seal, Expr::value(last.to_vec())),
        ];
        self.set::<journal_head::Entity>(head, Expr::value(true)).await?;
        Ok(u64::try_from(waiting.len()).unwrap_or(PLACED_AT_ONCE))
    }
}

/// One statement for many rows: both databases call the columns of a list of values `column1` and so on.
fn placing(values: Vec<Value>) -> Statement {
    let rows: Vec<String> =
        (0..values.len() / 3).map(|row| format!("(${}, ${}, ${})", row * 3 + 1, row * 3 + 2, row * 3 + 3)).collect();
    let sql = format!(
        "UPDATE journal SET position = placed.column2, seal = placed.column3 FROM (VALUES {}) AS placed WHERE journal.number = placed.column1",
        rows.join(", ")
    );
    dialect::statement(sql, values)
}

impl System<'_> {
    /// Gives every entry of the coalition that is visible by now its position and its seal.
    ///
    /// # Errors
    /// The database's.
    pub async fn sequence(&self, coalition: CoalitionId) -> Result<()> {
        let origin = Origin { door: "job", request_id: None };
        while self.store.write(coalition, origin.clone(), async |tx| tx.place_entries().await).await? == PLACED_AT_ONCE {}
        Ok(())
    }

    /// The coalitions with entries that have no place yet. One that was retired is out of reach: its last entries stay without.
    ///
    /// # Errors
    /// The database's.
    pub async fn unsequenced(&self) -> Result<Vec<CoalitionId>> {
        let query = Entity::find().select_only().column(Column::CoalitionId).distinct().filter(Column::Position.is_null());
        let alive =
            coalition::Entity::find().select_only().column(coalition::Column::Id).filter(coalition::Column::RetiredAt.is_null());
        let query = query.filter(Column::CoalitionId.in_subquery(alive.into_query()));
        let ids: Vec<Uuid> = query.into_tuple().all(&self.store.inner.reader).await.map_err(classify)?;
        Ok(ids.into_iter().map(CoalitionId::from_uuid).collect())
    }

    /// How many entries have their place, in all coalitions: another number as soon as anything that anybody wrote has been placed.
    ///
    /// The numbers that entries draw would not do: a transaction that drew a smaller one can commit later.
    ///
    /// # Errors
    /// The database's.
    pub async fn placed(&self) -> Result<i64> {
        let query = journal_head::Entity::find().select_only().column(journal_head::Column::Position);
        let positions: Vec<i64> = query.into_tuple().all(&self.store.inner.reader).await.map_err(classify)?;
        Ok(positions.into_iter().sum())
    }
}

impl Read {
    /// Entries in the order of their positions.
    ///
    /// # Errors
    /// The database's.
    pub async fn journal(&self, filter: &JournalFilter, limit: u64) -> Result<Vec<JournalEntry>> {
        let rows = self
            .rows::<Entity>()
            .filter(Column::Position.gt(to_column(filter.after)?))
            .filter_if(filter.subject_id, |id| Column::SubjectId.eq(id))
            .filter_if(filter.actor_id, |id| Column::ActorId.eq(id))
            .filter_any(Column::Type, filter.types.iter().cloned());
        rows.order_by(Column::Position, Order::Asc).limit(limit).all().await?.into_iter().map(entry).collect()
    }

    /// Checks the chain from its first entry to its head.
    ///
    /// # Errors
    /// The database's.
    pub async fn check_journal(&self) -> Result<ChainReport> {
        let head = self.rows::<journal_head::Entity>().one().await?;
        let head = head.ok_or_else(|| Error::Defect("a coalition has no journal head".to_owned()))?;
        let (mut position, mut last) = (0, FIRST_SEAL);
        loop {
            let rows = self.rows::<Entity>().filter(Column::Position.gt(to_column(position)?));
            let rows = rows.order_by(Column::Position, Order::Asc).limit(CHECKED_AT_ONCE).all().await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                last = seal(&last, position + 1, &content(&row));
                if row.position != Some(to_column(position + 1)?) || row.seal.as_deref() != Some(&last[..]) {
                    return Ok(ChainReport { checked: position, broken_at: Some(position + 1) });
                }
                position += 1;
            }
        }
        // Entries cut off at the end leave a chain that is whole in itself: the head tells.
        let whole = number(head.position)? == position && head.seal == last;
        Ok(ChainReport { checked: position, broken_at: (!whole).then_some(position + 1) })
    }
}

/// Everything about an entry that its seal is to protect.
fn content(row: &Model) -> serde_json::Value {
    json!({
        "id": row.id,
        "type": row.r#type,
        "occurred_at": Timestamp::new(row.occurred_at),
        "actor_kind": row.actor_kind,
        "actor_id": row.actor_id,
        "origin": row.origin,
        "request_id": row.request_id,
        "subject_kind": row.subject_kind,
        "subject_id": row.subject_id,
        "data": row.data,
        "reason": row.reason,
    })
}

fn entry(row: Model) -> Result<JournalEntry> {
    let serde_json::Value::Object(data) = row.data else { return Err(Error::corrupt("journal", "data")) };
    Ok(JournalEntry {
        id: EntryId::from_uuid(row.id),
        position: number(row.position.unwrap_or_default())?,
        entry_type: row.r#type,
        occurred_at: Timestamp::new(row.occurred_at),
        actor_kind: row.actor_kind,
        actor_id: row.actor_id,
        origin: row.origin,
        request_id: row.request_id,
        subject_kind: row.subject_kind,
        subject_id: row.subject_id,
        data,
        reason: row.reason,
        seal: to_seal(&row.seal.unwrap_or_default())?,
    })
}

fn to_seal(bytes: &[u8]) -> Result<Seal> {
    bytes.try_into().map_err(|_| Error::corrupt("journal", "seal"))
}

fn number(column: i64) -> Result<u64> {
    u64::try_from(column).map_err(|_| Error::corrupt("journal", "position"))
}

fn to_column(position: u64) -> Result<i64> {
    i64::try_from(position).map_err(|_| Error::Defect("a position beyond what a database holds".to_owned()))
}
