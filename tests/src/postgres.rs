//! One PostgreSQL cluster for a whole run of the tests, and a database in it for each test.
//!
//! The test runner makes a process of each test, so the cluster belongs to no test: the first one that needs it starts
//! `tests/postgres`, which keeps it for as long as the runner lives. A lock on a file in its folder keeps the others waiting until
//! then. `COHORTIUM_TEST_POSTGRES` names another server to use instead; it must be a throwaway one, since its template stays
//! behind.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::process::{CommandExt, parent_id};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::database::migrate;

/// How many databases this process has made.
static MADE: AtomicU32 = AtomicU32::new(0);

/// The cluster that all tests of this run share.
#[derive(Clone, Debug)]
pub struct Cluster {
    folder: PathBuf,
    psql: PathBuf,
    url: String,
}

/// One database of the cluster, dropped with this value.
#[derive(Debug)]
pub struct Database {
    cluster: Cluster,
    name: String,
}

/// Where the files of throwaway databases go: memory, where the system has it as a folder.
pub fn memory() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

impl Cluster {
    /// Finds it, or starts it.
    pub fn of_this_run() -> Self {
        let folder = memory().join(format!("cohortium-tests-{}", parent_id()));
        if let Ok(url) = std::env::var("COHORTIUM_TEST_POSTGRES") {
            return Self { folder, psql: "psql".into(), url };
        }
        let _lock = lock(&folder);
        let address = folder.join("url");
        if !address.exists() {
            start(&folder);
        }
        let url = fs::read_to_string(&address).unwrap_or_else(|error| panic!("no address of PostgreSQL: {error}"));
        Self { psql: folder.join("psql"), url: url.trim().to_owned(), folder }
    }

    /// A new database, copied from one that was migrated once in this run.
    pub async fn database(self) -> Database {
        let template = format!("template_{}", parent_id());
        self.make_template(&template).await;
        let name = format!("test_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        self.psql(&format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"));
        Database { cluster: self, name }
    }

    /// Makes the template, unless another test of this run has.
    async fn make_template(&self, name: &str) {
        let _lock = lock(&self.folder);
        if !self.psql(&format!("SELECT 1 FROM pg_database WHERE datname = '{name}'")).is_empty() {
            return;
        }
        let draft = format!("draft_of_{name}");
        self.psql(&format!("DROP DATABASE IF EXISTS {draft} WITH (FORCE)"));
        self.psql(&format!("CREATE DATABASE {draft}"));
        migrate(&self.url_of(&draft)).await;
        // A template must have nobody in it, and the migration's connections take their time to close.
        self.psql(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{draft}'"));
        self.psql(&format!("ALTER DATABASE {draft} RENAME TO {name}"));
    }

    fn url_of(&self, database: &str) -> String {
        let (server, parameters) = self.url.split_once('?').unwrap_or((&self.url, ""));
        let server = server.rsplit_once('/').map_or(server, |(server, _)| server);
        format!("{server}/{database}?{parameters}")
    }

    fn psql(&self, statement: &str) -> String {
        let output = self.command(statement).output();
        let output = output.unwrap_or_else(|error| panic!("{} does not run: {error}", self.psql.display()));
        assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn command(&self, statement: &str) -> Command {
        let mut psql = Command::new(&self.psql);
        psql.arg(&self.url).args(["-XAtqc", statement]);
        psql
    }
}

impl Database {
    /// Its address, as the server takes it.
    pub fn url(&self) -> String {
        self.cluster.url_of(&self.name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // Without a word: a test that has failed is not to abort because of this, and the cluster ends soon.
        let _ = self.cluster.command(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).output();
    }
}

/// Holds off the other tests of this run until it is dropped.
fn lock(folder: &Path) -> File {
    let locked = fs::create_dir_all(folder).and_then(|()| File::create(folder.join("lock"))).and_then(|file| {
        file.lock()?;
        Ok(file)
    });
    locked.unwrap_or_else(|error| panic!("{} cannot be locked: {error}", folder.display()))
}

/// Starts the cluster, and returns when it answers. Its keeper is in a process group of its own: it outlives this test, and a key
/// that interrupts the run does not reach it before the runner has gone.
fn start(folder: &Path) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("postgres");
    let keeper = Command::new(&script)
        .arg(folder)
        .arg(parent_id().to_string())
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut complaint = String::new();
    let told = keeper.and_then(|mut keeper| keeper.stderr.take().map_or(Ok(0), |mut pipe| pipe.read_to_string(&mut complaint)));
    if let Err(error) = told {
        panic!("{} does not run: {error}", script.display());
    }
    assert!(folder.join("url").exists(), "PostgreSQL does not start: {complaint}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_database_is_migrated_and_there_until_it_is_dropped_and_shared_with_nobody() {
        let cluster = Cluster::of_this_run();
        let (one, other) = (cluster.clone().database().await, cluster.clone().database().await);
        assert_ne!(one.url(), other.url());
        let migrations = Cluster { url: one.url(), ..cluster.clone() }.psql("SELECT count(*) FROM seaql_migrations");
        assert_ne!(migrations, "0");
        let there = |name: &str| !cluster.psql(&format!("SELECT 1 FROM pg_database WHERE datname = '{name}'")).is_empty();
        let name = one.name.clone();
        assert!(there(&name));
        drop(one);
        assert!(!there(&name) && there(&other.name));
    }

    #[test]
    fn the_address_of_a_database_keeps_the_server_and_its_parameters() {
        let cluster = |url: &str| Cluster { folder: PathBuf::new(), psql: PathBuf::new(), url: url.to_owned() };
        assert_eq!(cluster("postgres://a:b@c:1/postgres").url_of("x"), "postgres://a:b@c:1/x?");
        assert_eq!(cluster("postgres://a@c/postgres?host=/tmp/d").url_of("x"), "postgres://a@c/x?host=/tmp/d");
    }
}
