//! Where files are kept: in a folder, or in a bucket of an S3-compatible store.
//!
//! What always holds: a file is called by ids alone, whatever its owner calls it; nobody reaches it but through the API.

use std::path::Path as Folder;
use std::sync::Arc;
use std::time::Duration;

use cohortium_domain::files::content::Content;
use cohortium_domain::ids::{CoalitionId, FileId, Id};
use cohortium_store::{Environment, Error};
use cohortium_workflow::files::{FileStore, Place};
use futures_util::TryStreamExt;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig};
use uuid::Uuid;

use crate::config::Bucket;
use crate::problem::{Code, Problem};

/// How long a bucket may take for one answer, and for all tries together: less than is waited for it.
const PATIENCE: Duration = Duration::from_secs(8);

/// What keeps files.
#[derive(Clone, Debug)]
pub struct Files {
    store: Arc<dyn ObjectStore>,
}

impl Files {
    /// In a folder, which is made where it is not there.
    ///
    /// # Errors
    /// It cannot be.
    pub fn in_folder(folder: &Folder) -> Result<Self, String> {
        std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| error.to_string())?;
        Ok(Self { store: Arc::new(store.with_fsync(true)) })
    }

    /// In a bucket.
    ///
    /// # Errors
    /// What was said of it cannot be.
    pub fn in_bucket(bucket: &Bucket) -> Result<Self, String> {
        let retry = RetryConfig { max_retries: 2, retry_timeout: PATIENCE, ..RetryConfig::default() };
        let store = AmazonS3Builder::new()
            .with_endpoint(&bucket.endpoint)
            .with_allow_http(bucket.endpoint.starts_with("http://"))
            .with_bucket_name(&bucket.name)
            .with_region(&bucket.region)
            .with_access_key_id(&bucket.access_key_id)
            .with_secret_access_key(bucket.secret_access_key.expose())
            .with_client_options(ClientOptions::new().with_timeout(PATIENCE).with_allow_http(true))
            .with_retry(retry)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { store: Arc::new(store) })
    }

    /// Keeps the bytes of a file.
    ///
    /// # Errors
    /// They cannot be kept.
    pub async fn keep(&self, place: Place, bytes: Vec<u8>) -> Result<(), Problem> {
        self.store.put(&path(place), bytes.into()).await.map(drop).map_err(|error| unavailable(&error))
    }

    /// Keeps what somebody uploads, before anything is written down of it. What comes to nothing after that, a job takes away.
    ///
    /// # Errors
    /// It cannot be kept.
    pub async fn keep_new(
        &self,
        environment: &dyn Environment,
        coalition: CoalitionId,
        content: &Content,
    ) -> Result<FileId, Problem> {
        let file = FileId::from_uuid(environment.ordered_uuid());
        self.keep(Place { coalition, file }, content.bytes.clone()).await?;
        Ok(file)
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// They cannot be had.
    pub async fn read(&self, place: Place) -> Result<Vec<u8>, Problem> {
        let read = async { self.store.get(&path(place)).await?.bytes().await };
        read.await.map(|bytes| bytes.to_vec()).map_err(|error| unavailable(&error))
    }
}

impl FileStore for Files {
    async fn list(&self) -> Result<Vec<Place>, Error> {
        let listed: Vec<_> = self.store.list(None).try_collect().await.map_err(|error| Error::Unavailable(error.to_string()))?;
        Ok(listed.iter().filter_map(|object| place(&object.location)).collect())
    }

    async fn remove(&self, place: Place) -> Result<(), Error> {
        match self.store.delete(&path(place)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(Error::Unavailable(error.to_string())),
        }
    }
}

fn path(place: Place) -> Path {
    Path::from(format!("{}/{}", place.coalition, place.file))
}

/// The file of a path; nothing, where something else lies there.
fn place(path: &Path) -> Option<Place> {
    let (coalition, file) = path.as_ref().split_once('/')?;
    let id = |text: &str| text.parse::<Uuid>().ok();
    Some(Place { coalition: CoalitionId::from_uuid(id(coalition)?), file: FileId::from_uuid(id(file)?) })
}

fn unavailable(error: &object_store::Error) -> Problem {
    tracing::warn!(%error, "a file could not be kept or read");
    Problem::new(Code::FilesUnavailable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(number: u128) -> Place {
        Place { coalition: CoalitionId::from_uuid(Uuid::from_u128(7)), file: FileId::from_uuid(Uuid::from_u128(number)) }
    }

    #[tokio::test]
    async fn a_file_is_kept_read_listed_and_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::in_folder(&folder.path().join("files")).unwrap();
        files.keep(at(1), b"one".to_vec()).await.unwrap();
        files.keep(at(2), b"two".to_vec()).await.unwrap();
        std::fs::write(folder.path().join("files/stray"), "x").unwrap();
        assert_eq!(files.read(at(1)).await.unwrap(), b"one");
        let mut listed = files.list().await.unwrap();
        listed.sort();
        assert_eq!(listed, [at(1), at(2)]);
        files.remove(at(1)).await.unwrap();
        files.remove(at(1)).await.unwrap();
        assert_eq!(files.read(at(1)).await.map_err(|problem| problem.code()), Err(Code::FilesUnavailable));
        assert_eq!(files.list().await.unwrap(), [at(2)]);
    }
}
