//! Where files are kept.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Faulty, Secret, one_of};
use crate::files::Files;

const FILES_FOLDER: &str = "files";
const ANY_REGION: &str = "us-east-1";

/// Where the files are kept that people upload.
#[derive(Args, Clone, Debug, Default)]
pub struct FilesArgs {
    /// The bucket of an S3-compatible store; without one, files are kept in `files` in the data folder. Several copies of the
    /// server need one.
    #[arg(long = "s3-bucket", env = "COHORTIUM_S3_BUCKET", value_name = "NAME")]
    pub(super) bucket: Option<String>,
    /// Where the store is, for example `https://s3.us-east-1.amazonaws.com`.
    #[arg(long = "s3-endpoint", env = "COHORTIUM_S3_ENDPOINT", value_name = "URL")]
    pub(super) endpoint: Option<String>,
    /// The store's region; most stores but Amazon's know none.
    #[arg(long = "s3-region", env = "COHORTIUM_S3_REGION", default_value = ANY_REGION, value_name = "REGION")]
    pub(super) region: String,
    /// The id of the key to the store.
    #[arg(long = "s3-access-key-id", env = "COHORTIUM_S3_ACCESS_KEY_ID", value_name = "ID")]
    pub(super) access_key_id: Option<String>,
    /// The key to the store.
    #[arg(long = "s3-secret-access-key", env = "COHORTIUM_S3_SECRET_ACCESS_KEY", hide_env_values = true, value_name = "KEY")]
    pub(super) secret_access_key: Option<Secret>,
    /// A file that holds the key to the store, instead of --s3-secret-access-key.
    #[arg(long = "s3-secret-access-key-file", env = "COHORTIUM_S3_SECRET_ACCESS_KEY_FILE", value_name = "FILE")]
    pub(super) secret_access_key_file: Option<PathBuf>,
}

/// Where files are kept.
#[derive(Clone, Debug)]
pub enum FileRoute {
    /// In a folder.
    Folder(PathBuf),
    /// In a bucket.
    Bucket(Bucket),
}

/// A bucket of an S3-compatible store.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Where the store is.
    pub endpoint: String,
    /// The bucket's name.
    pub name: String,
    /// The store's region.
    pub region: String,
    /// The id of the key.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: Secret,
}

impl FileRoute {
    /// The folder for files in this folder of the data.
    #[must_use]
    pub fn in_data(data: &Path) -> Self {
        Self::Folder(data.join(FILES_FOLDER))
    }

    /// What keeps files there.
    ///
    /// # Errors
    /// It cannot be used: a line that says what to do.
    pub fn open(&self) -> Result<Files, String> {
        match self {
            Self::Folder(folder) => {
                let cannot = |error| format!("the folder {} cannot be written ({error}): make it writable", folder.display());
                Files::in_folder(folder).map_err(cannot)
            }
            Self::Bucket(bucket) => Files::in_bucket(bucket).map_err(|error| format!("--s3-bucket: cannot be used: {error}")),
        }
    }
}

impl FilesArgs {
    /// Where files are kept, with this folder of the data.
    ///
    /// # Errors
    /// Every fault.
    pub fn route(&self, data: &Path) -> Result<FileRoute, Faulty> {
        let secret = one_of("--s3-secret-access-key", self.secret_access_key.as_ref(), self.secret_access_key_file.as_deref())
            .map_err(|fault| Faulty(vec![fault]))?;
        let Some(name) = &self.bucket else { return Ok(FileRoute::in_data(data)) };
        let mut faults = Vec::new();
        let mut given = |flag: &str, value: Option<String>| {
            value.unwrap_or_else(|| {
                faults.push(format!("{flag}: is missing; a bucket needs it"));
                String::new()
            })
        };
        let bucket = Bucket {
            endpoint: given("--s3-endpoint", self.endpoint.clone()),
            name: name.clone(),
            region: self.region.clone(),
            access_key_id: given("--s3-access-key-id", self.access_key_id.clone()),
            secret_access_key: Secret::new(given("--s3-secret-access-key", secret)),
        };
        if !bucket.endpoint.is_empty() && !is_safe(&bucket.endpoint) {
            faults.push("--s3-endpoint: must begin with https://, or be on this machine".to_owned());
        }
        if faults.is_empty() { Ok(FileRoute::Bucket(bucket)) } else { Err(Faulty(faults)) }
    }
}

/// Whether nobody on the way reads what is sent there.
fn is_safe(endpoint: &str) -> bool {
    let local = ["http://localhost", "http://127.0.0.1", "http://[::1]"];
    let ends = |rest: &str| rest.is_empty() || rest.starts_with([':', '/']);
    endpoint.starts_with("https://") || local.iter().any(|start| endpoint.strip_prefix(start).is_some_and(ends))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(endpoint: &str) -> FilesArgs {
        FilesArgs {
            bucket: Some("evidence".to_owned()),
            endpoint: Some(endpoint.to_owned()),
            region: ANY_REGION.to_owned(),
            access_key_id: Some("id".to_owned()),
            secret_access_key: Some(Secret::new("key".to_owned())),
            secret_access_key_file: None,
        }
    }

    #[test]
    fn files_are_kept_in_the_data_or_in_a_bucket_that_is_told_whole() {
        let data = Path::new("data");
        assert!(matches!(FilesArgs::default().route(data), Ok(FileRoute::Folder(folder)) if folder == Path::new("data/files")));
        for endpoint in ["https://s3.example.org", "http://localhost:4568", "http://127.0.0.1:4568/"] {
            assert!(matches!(args(endpoint).route(data), Ok(FileRoute::Bucket(_))), "{endpoint}");
        }
        for endpoint in ["http://s3.example.org", "http://localhost.example.org", "s3.example.org"] {
            assert!(args(endpoint).route(data).unwrap_err().0[0].starts_with("--s3-endpoint: "), "{endpoint}");
        }
        let half = FilesArgs { endpoint: None, access_key_id: None, secret_access_key: None, ..args("") };
        assert_eq!(half.route(data).unwrap_err().0.len(), 3);
        assert!(!format!("{:?}", args("https://s3.example.org").route(data)).contains("\"key\""), "a key is not shown");
    }
}
