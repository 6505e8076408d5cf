//! The ceilings on SQLite: one writer in a loop, and what the disk can do at all.

use std::io::{Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _};
use uuid::Uuid;

use crate::Done;
use crate::client::Load;
use crate::measure::Figures;
use crate::replay::{Argument, Script, Value, bind, for_sqlite};
use crate::server::cpu_of;

/// Does goes one after the other, each with its variables.
pub async fn in_a_loop(url: &str, goes: impl Iterator<Item = (&Script, Vec<Uuid>)>) -> Done<Figures> {
    let options: SqliteConnectOptions = url.parse()?;
    let options = options.foreign_keys(true).journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
    let options = options.pragma("journal_size_limit", "67108864").pragma("cache_size", "-16000").disable_statement_logging();
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await?;
    let own_before = cpu_of(std::process::id())?;
    let began = Instant::now();
    let mut latencies = Vec::new();
    for (go, (script, variables)) in (0_i64..).zip(goes) {
        let began = Instant::now();
        for step in &script.steps {
            let query = sqlx::query(AssertSqlSafe(for_sqlite(&step.sql)));
            let query = step.arguments.iter().fold(query, |query, argument| match argument {
                Argument::Null => query.bind(None::<String>),
                Argument::Variable(number) => query.bind(variables.get(*number).copied().unwrap_or_default()),
                Argument::Counting(from) => query.bind(from + go),
                Argument::Given(value) => bind!(query, &Value::of(value)),
            });
            query.fetch_all(&mut connection).await?;
        }
        latencies.push(began.elapsed());
    }
    let elapsed = began.elapsed();
    let own = cpu_of(std::process::id())?;
    connection.close().await?;
    latencies.sort_unstable();
    Ok(Figures::of(&Load { elapsed, latencies }, own.saturating_sub(own_before), None))
}

/// What the disk can do: pages that are written, each on the disk before the next.
pub fn sync(folder: &Path) -> Done<Figures> {
    let mut file = std::fs::File::create(folder.join("fdatasync"))?;
    file.write_all(&[0; 4096])?;
    file.sync_all()?;
    let own_before = cpu_of(std::process::id())?;
    let began = Instant::now();
    let mut latencies = Vec::new();
    while began.elapsed() < Duration::from_secs(1) {
        let began = Instant::now();
        file.rewind()?;
        file.write_all(&[1; 4096])?;
        file.sync_data()?;
        latencies.push(began.elapsed());
    }
    let elapsed = began.elapsed();
    latencies.sort_unstable();
    Ok(Figures::of(&Load { elapsed, latencies }, cpu_of(std::process::id())?.saturating_sub(own_before), None))
}
