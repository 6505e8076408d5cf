//! Pages of lists, by keyset: a page begins after a position, however many rows lie before it.

use cohortium_domain::time::Timestamp;
use sea_orm::Value;
use sea_orm::prelude::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a list is sorted by, at one row. Never null.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Key {
    /// By a normalized text.
    Text(String),
    /// By an instant.
    Instant(Timestamp),
    /// By a civil date.
    Date(Date),
    /// By a number.
    Number(i64),
}

impl From<Key> for Value {
    fn from(key: Key) -> Self {
        match key {
            Key::Text(text) => text.into(),
            Key::Instant(instant) => instant.utc().into(),
            Key::Date(date) => date.into(),
            Key::Number(number) => number.into(),
        }
    }
}

/// The place of a row in a list: its sort key, and its id where keys are equal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// The sort key.
    pub key: Key,
    /// The id.
    pub id: Uuid,
}

/// Which page is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct PageRequest {
    /// At most so many.
    pub limit: u64,
    /// After this row.
    pub after: Option<Position>,
    /// From the last to the first.
    pub descending: bool,
    /// Whether the whole list is to be counted too.
    pub with_total: bool,
}

/// A page.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next begins, when there is one.
    pub next: Option<Position>,
    /// How many there are on all pages, when that was asked.
    pub total: Option<u64>,
}

impl<T> Page<T> {
    /// The same page of other things.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next: self.next, total: self.total }
    }

    /// The same page of other things, each of which can fail to be made.
    pub(crate) fn try_map<U, E>(self, f: impl FnMut(T) -> Result<U, E>) -> Result<Page<U>, E> {
        let items = self.items.into_iter().map(f).collect::<Result<_, E>>()?;
        Ok(Page { items, next: self.next, total: self.total })
    }
}
