//! Where the two databases differ: the only place that asks which one it is.
//!
//! What always holds: SQLite has one connection that writes and some that read, in WAL, with every commit on disk before it is
//! acknowledged; PostgreSQL runs at READ COMMITTED, with limits on how long anything waits.

use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use sea_orm::{
    ConnAcquireErr, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    RuntimeErr, SqliteTransactionMode, SqlxError, Statement, TransactionOptions, TransactionTrait, Value,
};

use tokio::time::timeout;

use crate::error::{Error, Result};

/// Older ones can corrupt a database in WAL mode (the WAL-reset defect, mended in 3.51.3).
const LEAST_SQLITE: (u32, u32, u32) = (3, 51, 3);
const SQLITE_READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 16;
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection that nobody used for so long may be dead, and is asked before it is used. To ask always would cost a quarter of the
/// throughput of small reads.
const FRESH: Duration = Duration::from_secs(1);
/// How long the database may take to answer whether it is there.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// The connections of one database: the same pool twice on PostgreSQL.
pub(crate) struct Connections {
    pub writer: DatabaseConnection,
    pub reader: DatabaseConnection,
}

pub(crate) async fn connect(url: &str) -> Result<Connections> {
    if url.starts_with("sqlite:") {
        let writer = Database::connect(sqlite_options(url, 1, false)).await.map_err(classify)?;
        require_sqlite(&writer).await?;
        let reader = Database::connect(sqlite_options(url, SQLITE_READERS, true)).await.map_err(classify)?;
        return Ok(Connections { writer, reader });
    }
    let writer = Database::connect(postgres_options(url)).await.map_err(|error| unreachable(&error))?;
    Ok(Connections { reader: writer.clone(), writer })
}

/// What a server that does not start says of its database.
fn unreachable(error: &DbErr) -> Error {
    Error::Unavailable(format!("see whether it runs where --database-url says ({error})"))
}

fn sqlite_options(url: &str, connections: u32, read_only: bool) -> ConnectOptions {
    let mut options = pool_options(url, connections);
    options.map_sqlx_sqlite_opts(move |sqlite| {
        let sqlite = sqlite
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .synchronous(SqliteSynchronous::Full)
            .pragma("journal_size_limit", "67108864")
            .pragma("cache_size", "-16000");
        // A connection that reads must not try to set the journal's mode: that is a write.
        if read_only { sqlite.read_only(true) } else { sqlite.create_if_missing(true).journal_mode(SqliteJournalMode::Wal) }
    });
    // SQLite ends a transaction by itself when the disk is full or fails. What counts transactions does not learn of it: what that
    // connection would write next would be inside of a transaction that nobody commits.
    options.map_sqlx_sqlite_pool_opts(|pool| pool.after_release(|connection, _| Box::pin(is_at_rest(connection))));
    options
}

/// Whether a connection that comes back has left no transaction open, its last rollback done.
async fn is_at_rest(connection: &mut SqliteConnection) -> Result<bool, SqlxError> {
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

fn postgres_options(url: &str) -> ConnectOptions {
    let mut options = pool_options(url, POSTGRES_CONNECTIONS);
    options.map_sqlx_postgres_opts(|postgres| {
        postgres.application_name("cohortium").options([
            ("statement_timeout", "5s"),
            ("lock_timeout", "5s"),
            ("idle_in_transaction_session_timeout", "10s"),
            ("timezone", "UTC"),
        ])
    });
    options
}

fn pool_options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire_if_idle_for(FRESH)
        .sqlx_logging(false);
    options
}

async fn require_sqlite(connection: &DatabaseConnection) -> Result<()> {
    let statement = Statement::from_string(connection.get_database_backend(), "SELECT sqlite_version() AS version");
    let row = connection.query_one_raw(statement).await.map_err(classify)?;
    let version: String =
        row.ok_or_else(|| Error::Defect("SQLite told no version".to_owned()))?.try_get("", "version").map_err(classify)?;
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if found >= LEAST_SQLITE {
        return Ok(());
    }
    let (major, minor, patch) = LEAST_SQLITE;
    Err(Error::Unavailable(format!("SQLite {version} can corrupt its file; {major}.{minor}.{patch} or later is needed")))
}

/// Begins a transaction that will write: on SQLite by taking the one write lock at once, since a transaction that reads first and
/// writes later fails without waiting.
pub(crate) async fn begin(connection: &DatabaseConnection) -> Result<DatabaseTransaction> {
    let sqlite = connection.get_database_backend() == DbBackend::Sqlite;
    let sqlite_transaction_mode = sqlite.then_some(SqliteTransactionMode::Immediate);
    let options = TransactionOptions { sqlite_transaction_mode, ..Default::default() };
    connection.begin_with_options(options).await.map_err(classify)
}

/// What it means that no connection came free in time. A pool goes on trying to connect for as long as it may wait, so that a
/// database that is gone looks like one that is busy: a connection of our own tells.
pub(crate) async fn without_connection(connection: &DatabaseConnection, said: String) -> Error {
    if connection.get_database_backend() != DbBackend::Postgres {
        return Error::Busy(said);
    }
    let options = connection.get_postgres_connection_pool().connect_options();
    match timeout(PROBE_TIMEOUT, options.connect()).await {
        Ok(Ok(_)) => Error::Busy(said),
        Ok(Err(error)) => {
            let found = classify_sqlx(&error, error.to_string());
            // Too many connections: it is there.
            if matches!(found, Error::Busy(_)) { found } else { Error::Unavailable(found.to_string()) }
        }
        Err(_) => Error::Unavailable(said),
    }
}

/// A statement with numbered parameters (`$1`), which both databases understand.
pub(crate) fn statement(sql: impl Into<String>, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}

/// Whether several copies of the server can share this database.
pub(crate) fn shared(connection: &DatabaseConnection) -> bool {
    connection.get_database_backend() == DbBackend::Postgres
}

/// The domain's view of a database's error. Its text goes to the log, never to a client.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
pub(crate) fn classify(error: DbErr) -> Error {
    let said = error.to_string();
    if let DbErr::Exec(RuntimeErr::SqlxError(sqlx)) | DbErr::Query(RuntimeErr::SqlxError(sqlx)) = &error {
        return classify_sqlx(sqlx, said);
    }
    if let DbErr::Conn(RuntimeErr::SqlxError(sqlx)) = &error {
        let found = classify_sqlx(sqlx, said);
        // Whatever keeps us from connecting, a password that is not right too, is the operator's to mend.
        return if let Error::Defect(said) = found { Error::Unavailable(said) } else { found };
    }
    if matches!(error, DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)) {
        Error::NoConnection(said)
    } else if matches!(error, DbErr::Conn(_) | DbErr::ConnectionAcquire(_)) {
        Error::Unavailable(said)
    } else {
        Error::Defect(said)
    }
}

fn classify_sqlx(error: &SqlxError, said: String) -> Error {
    if let SqlxError::Database(database) = error {
        return classify_code(database.code().as_deref().unwrap_or_default(), &**database, said);
    }
    let lost = matches!(
        error,
        SqlxError::Io(_) | SqlxError::Tls(_) | SqlxError::PoolClosed | SqlxError::WorkerCrashed | SqlxError::Protocol(_)
    );
    if matches!(error, SqlxError::PoolTimedOut) {
        Error::NoConnection(said)
    } else if lost {
        Error::Unavailable(said)
    } else {
        Error::Defect(said)
    }
}

fn classify_code(code: &str, database: &dyn sea_orm::sqlx::error::DatabaseError, said: String) -> Error {
    match code {
        // SQLSTATE of PostgreSQL; primary and extended result codes of SQLite.
        "40001" | "40P01" => Error::Conflict(said),
        "55P03" | "57014" | "5" | "6" | "261" | "517" => Error::TimedOut(said),
        "53300" => Error::Busy(said),
        "53100" | "13" => Error::Full(said),
        "57P01" | "57P02" | "57P03" | "25P03" | "8" | "10" | "14" => Error::Unavailable(said),
        "11" | "26" => Error::Unavailable(format!("its file is damaged, restore a backup: {said}")),
        "23505" | "2067" | "1555" => Error::NotUnique(unique_index(database)),
        // An extended code carries its primary one in the low byte: every kind of I/O fault is an outage, not a defect.
        extended if extended.parse::<u32>().is_ok_and(|number| code.len() < 5 && number & 0xff == 10) => Error::Unavailable(said),
        _ => Error::Defect(said),
    }
}

/// The name of the index that a write broke. SQLite tells the columns instead, of which our indexes' names are made.
fn unique_index(database: &dyn sea_orm::sqlx::error::DatabaseError) -> String {
    if let Some(name) = database.constraint() {
        return name.to_owned();
    }
    let message = database.message();
    let columns = message.strip_prefix("UNIQUE constraint failed: ").unwrap_or(message);
    let mut parts = columns.split(", ").filter_map(|column| column.split_once('.'));
    let Some((table, first)) = parts.next() else { return columns.to_owned() };
    parts.fold(format!("{table}_{first}"), |name, (_, column)| format!("{name}_{column}"))
}
