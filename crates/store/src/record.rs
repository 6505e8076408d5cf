//! How a thing of the domain is kept as a row: said once for each thing, used by everything that reads or writes one.

use cohortium_domain::ids::Id;
use cohortium_domain::meta::Meta;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::time::{Date, Timestamp, Zone};
use cohortium_domain::words::Word;
use sea_orm::prelude::{Date as RowDate, DateTimeUtc};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use serde::Serialize;
use uuid::Uuid;

use crate::entity::Scoped;
use crate::error::{Error, Result};

/// A thing of the domain that is kept as one row with a version.
pub trait Record: Sized {
    /// Its table.
    type Entity: Scoped<Model: IntoActiveModel<Self::Row> + Send + Sync>;
    /// Its row, as it is written.
    type Row: ActiveModelTrait<Entity = Self::Entity> + sea_orm::ActiveModelBehavior + Send;
    /// Its identifier.
    type Id: Id;
    /// The word for it in a sentence.
    const NOUN: &'static str;
    /// The column of its identifier.
    const ID: <Self::Entity as EntityTrait>::Column;
    /// The column of its version.
    const VERSION: <Self::Entity as EntityTrait>::Column;

    /// Which it is.
    fn id(&self) -> Self::Id;

    /// Its version and instants.
    fn meta(&mut self) -> &mut Meta;

    /// It, as a row of a coalition.
    fn to_row(&self, coalition_id: Uuid) -> <Self::Entity as EntityTrait>::Model;

    /// The row, as the thing.
    ///
    /// # Errors
    /// [`Error::Defect`] when the row holds what the domain does not know.
    fn from_row(row: <Self::Entity as EntityTrait>::Model) -> Result<Self>;

    /// The rule that a write broke, by the name of the unique index.
    #[must_use]
    fn refusal(_index: &str) -> Option<Refusal> {
        None
    }
}

/// Reads a column that holds a word.
pub(crate) fn word<W: Word>(table: &str, column: &str, text: &str) -> Result<W> {
    W::parse(text).ok_or_else(|| Error::corrupt(table, column))
}

/// Reads a column that holds a bounded text.
pub(crate) fn text<T, E>(table: &str, column: &str, value: &str, new: impl Fn(&str) -> Result<T, E>) -> Result<T> {
    new(value).map_err(|_| Error::corrupt(table, column))
}

/// Reads a column that holds a bounded text or nothing.
pub(crate) fn optional<T, E>(
    table: &str,
    column: &str,
    value: Option<&str>,
    new: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>> {
    value.map(|value| text(table, column, value, new)).transpose()
}

/// Reads a column that holds a number smaller than the database's own.
pub(crate) fn number<N: TryFrom<i64>>(table: &str, column: &str, value: i64) -> Result<N> {
    value.try_into().map_err(|_| Error::corrupt(table, column))
}

/// Reads a column that holds JSON.
pub(crate) fn json<T: serde::de::DeserializeOwned>(table: &str, column: &str, value: &serde_json::Value) -> Result<T> {
    T::deserialize(value).map_err(|_| Error::corrupt(table, column))
}

/// Reads a column that holds a civil date.
pub(crate) fn date(table: &str, column: &str, value: RowDate) -> Result<Date> {
    value.try_into().map_err(|_| Error::corrupt(table, column))
}

/// Reads a column that holds a civil date or nothing.
pub(crate) fn optional_date(table: &str, column: &str, value: Option<RowDate>) -> Result<Option<Date>> {
    value.map(|value| date(table, column, value)).transpose()
}

/// Writes a value into a column as JSON.
pub(crate) fn to_json(value: &impl Serialize) -> serde_json::Value {
    // Only maps whose keys are no texts, and types that refuse, cannot be written: the domain has neither.
    serde_json::to_value(value).unwrap_or_default()
}

/// Reads a column that holds a time zone.
pub(crate) fn zone(table: &str, column: &str, value: &str) -> Result<Zone> {
    value.parse().map_err(|_| Error::corrupt(table, column))
}

/// Reads the version and the instants of a row.
pub(crate) fn meta(version: i64, created_at: DateTimeUtc, updated_at: DateTimeUtc) -> Meta {
    Meta { version, created_at: Timestamp::new(created_at), updated_at: Timestamp::new(updated_at) }
}
