//! The bytes of what people upload, kept beside the database.
//!
//! What always holds: bytes are kept before a row says so, and taken away after a row says so. What no row stands for is taken away
//! by a job; so an upload that breaks off, or is refused, leaves nothing for long. Left out on purpose: how and where bytes are
//! kept, which a [`FileStore`] knows.

use std::collections::BTreeSet;

use cohortium_domain::ids::{CoalitionId, FileId, Id};
use cohortium_domain::time::Timestamp;
use cohortium_store::{Result, Store};

/// How long bytes are left alone for which no row stands: far longer than any upload takes.
const LEFT_ALONE_MINUTES: i64 = 60;

/// Which file, of which coalition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The coalition.
    pub coalition: CoalitionId,
    /// The file.
    pub file: FileId,
}

impl Place {
    /// When its id was made, by the process's clock: in it stands the time.
    fn made_at(self) -> Timestamp {
        let (seconds, nanoseconds) = self.file.uuid().get_timestamp().map_or((0, 0), |made| made.to_unix());
        Timestamp::from_millis(
            i64::try_from(seconds).unwrap_or_default().saturating_mul(1_000) + i64::from(nanoseconds / 1_000_000),
        )
    }
}

/// What keeps bytes.
pub trait FileStore: Sync {
    /// All that is kept.
    ///
    /// # Errors
    /// It cannot be told.
    fn list(&self) -> impl Future<Output = Result<Vec<Place>>> + Send;

    /// Takes bytes away; those that are not there too.
    ///
    /// # Errors
    /// They could not be.
    fn remove(&self, place: Place) -> impl Future<Output = Result<()>> + Send;
}

/// Takes away the bytes for which no row stands: of uploads that came to nothing, of documents whose time is over, of coalitions
/// that are no more.
///
/// # Errors
/// The database's, or that of what keeps the bytes.
pub(crate) async fn sweep(store: &Store, files: &impl FileStore, coalitions: &[CoalitionId]) -> Result<u64> {
    // Listed first: what is kept meanwhile is not on the list.
    let kept = files.list().await?;
    let settled_before = store.environment().now().plus_minutes(-LEFT_ALONE_MINUTES);
    let mut in_use = BTreeSet::new();
    for coalition in coalitions {
        let of_it = store.read(*coalition).await?.files_in_use().await?;
        in_use.extend(of_it.into_iter().map(|file| Place { coalition: *coalition, file }));
    }
    let mut removed = 0;
    for place in kept.into_iter().filter(|place| !in_use.contains(place) && place.made_at() < settled_before) {
        files.remove(place).await?;
        removed += 1;
    }
    Ok(removed)
}
