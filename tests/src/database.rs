//! A database for one test.

use std::path::Path;
use std::sync::Arc;

use cohortium_domain::ids::{CoalitionId, Id};
use cohortium_store::Store;
use sqlx::Connection as _;
use tempfile::TempDir;

use crate::api::must;
use crate::environment::TestEnvironment;
use crate::postgres::{self, Cluster};

/// A database that one test has for itself; it is gone when this is dropped.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    _keeper: Keeper,
}

#[expect(dead_code, reason = "what a database lives in is kept for its Drop alone")]
#[derive(Debug)]
enum Keeper {
    Sqlite(TempDir),
    Postgres(postgres::Database),
}

impl TestDatabase {
    /// A new file, migrated.
    ///
    /// # Panics
    /// When no folder can be made, or a migration fails.
    pub async fn sqlite() -> Self {
        let folder = tempfile::Builder::new().prefix("cohortium-").tempdir_in(postgres::memory());
        let folder = folder.unwrap_or_else(|error| panic!("no folder for SQLite: {error}"));
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("cohortium.db").display());
        migrate(&url).await;
        Self { url, _keeper: Keeper::Sqlite(folder) }
    }

    /// A new database of this run's cluster, copied from one that was migrated once.
    ///
    /// # Panics
    /// When there is no PostgreSQL, or a migration fails.
    pub async fn postgres() -> Self {
        let database = Cluster::of_this_run().database().await;
        Self { url: database.url(), _keeper: Keeper::Postgres(database) }
    }

    /// Its address, as the server takes it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl TestDatabase {
    /// Whether this is PostgreSQL.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        self.url.starts_with("postgres")
    }

    /// Does something behind the server's back, with all rights there are.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn execute(&self, sql: &str) {
        must(self.try_execute(sql).await);
    }

    /// The same, or what the database says against it.
    ///
    /// # Errors
    /// What the database says.
    ///
    /// # Panics
    /// When it cannot be reached.
    pub async fn try_execute(&self, sql: &str) -> Result<(), String> {
        self.connection().await.execute(sql).await
    }

    /// The number that a query gives.
    ///
    /// # Panics
    /// When the database refuses, or it is no number.
    pub async fn number(&self, sql: &str) -> i64 {
        self.connection().await.number(sql).await
    }

    /// What a query of one column of texts finds.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        self.connection().await.texts(sql).await
    }

    /// A connection behind the server's back, for what takes several statements. What it has begun ends with it.
    ///
    /// # Panics
    /// When the database cannot be reached.
    pub async fn connection(&self) -> Connection {
        if self.is_postgres() {
            Connection::Postgres(must(sqlx::PgConnection::connect(&self.url).await))
        } else {
            Connection::Sqlite(must(sqlx::SqliteConnection::connect(&self.url).await))
        }
    }
}

/// Does something in a SQLite file.
///
/// # Panics
/// When the file cannot be opened, or SQLite refuses.
pub async fn execute_in(file: &Path, sql: &str) {
    let mut connection = must(sqlx::SqliteConnection::connect(&format!("sqlite://{}", file.display())).await);
    must(sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut connection).await);
    must(connection.close().await);
}

/// A connection behind the server's back.
#[derive(Debug)]
pub enum Connection {
    /// To SQLite.
    Sqlite(sqlx::SqliteConnection),
    /// To PostgreSQL.
    Postgres(sqlx::PgConnection),
}

impl Connection {
    /// Runs statements.
    ///
    /// # Errors
    /// What the database says.
    pub async fn execute(&mut self, sql: &str) -> Result<(), String> {
        let script = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()));
        let done = match self {
            Self::Sqlite(connection) => script.execute(connection).await.map(drop),
            Self::Postgres(connection) => script.execute(connection).await.map(drop),
        };
        done.map_err(|error| error.to_string())
    }

    /// The number that a query gives.
    ///
    /// # Panics
    /// When the database refuses, or it is no number.
    pub async fn number(&mut self, sql: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(connection) => must(sqlx::query_scalar(sql).fetch_one(connection).await),
            Self::Postgres(connection) => must(sqlx::query_scalar(sql).fetch_one(connection).await),
        }
    }

    /// Keeps everybody else from writing, until it is dropped.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn stand_in_the_way(mut self) -> Self {
        let sql = match self {
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
            Self::Postgres(_) => "BEGIN; LOCK TABLE journal, idempotency_keys IN SHARE MODE",
        };
        must(self.execute(sql).await);
        self
    }

    /// What a query of one column of texts finds.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn texts(&mut self, sql: &str) -> Vec<String> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(connection) => must(sqlx::query_scalar(sql).fetch_all(connection).await),
            Self::Postgres(connection) => must(sqlx::query_scalar(sql).fetch_all(connection).await),
        }
    }

    /// The same, about a coalition, `$1`, and two numbers, `$2` and `$3`: so it is prepared once for all.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn texts_about(&mut self, sql: &str, coalition: CoalitionId, numbers: (i64, i64)) -> Vec<String> {
        let (id, sql) = (coalition.uuid(), sqlx::AssertSqlSafe(sql.to_owned()));
        match self {
            Self::Sqlite(connection) => {
                must(sqlx::query_scalar(sql).bind(id).bind(numbers.0).bind(numbers.1).fetch_all(connection).await)
            }
            Self::Postgres(connection) => {
                must(sqlx::query_scalar(sql).bind(id).bind(numbers.0).bind(numbers.1).fetch_all(connection).await)
            }
        }
    }
}

/// Runs a test on SQLite: what [`on_both_databases!`](crate::on_both_databases) calls.
pub fn on_sqlite(test: impl AsyncFnOnce(TestDatabase)) {
    run(async { test(TestDatabase::sqlite().await).await });
}

/// Runs a test on PostgreSQL: what [`on_both_databases!`](crate::on_both_databases) calls.
pub fn on_postgres(test: impl AsyncFnOnce(TestDatabase)) {
    run(async { test(TestDatabase::postgres().await).await });
}

/// Brings a database's schema up to date.
pub(crate) async fn migrate(url: &str) {
    let migrated = match Store::connect(url, Arc::new(TestEnvironment::default())).await {
        Ok(store) => store.migrate().await,
        Err(error) => Err(error),
    };
    migrated.unwrap_or_else(|error| panic!("{url} cannot be migrated: {error}"));
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap_or_else(|error| panic!("no runtime: {error}")).block_on(test);
}
