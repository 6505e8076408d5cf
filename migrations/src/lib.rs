//! The schema, as migrations that run up, down and up again on SQLite and PostgreSQL.
//!
//! Each migration is a folder with `up.sql` and `down.sql`, written once for both databases: words in braces stand for what they
//! name differently (see [`TYPES`]), and a line that begins with `--sqlite` or `--postgres` is for that one alone.
//!
//! What always holds: a unique index is named after its table and columns, joined by underscores, because that is how the store
//! recognizes which rule a write broke; text that is sorted or searched is compared by code point on both databases. Left out on
//! purpose: the domain's enums, whose texts are repeated here, since history must not change when an enum grows.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// What is written differently: the word in braces, on SQLite, on PostgreSQL.
const TYPES: &[(&str, &str, &str)] = &[
    ("{uuid}", "BLOB", "UUID"),
    ("{text}", "TEXT", "TEXT COLLATE \"C\""),
    ("{instant}", "TEXT", "TIMESTAMPTZ"),
    ("{date}", "TEXT", "DATE"),
    ("{json}", "TEXT", "JSONB"),
    ("{bytes}", "BLOB", "BYTEA"),
    ("{bool}", "BOOLEAN", "BOOLEAN"),
    ("{int}", "INTEGER", "BIGINT"),
    ("{numbered}", "INTEGER PRIMARY KEY AUTOINCREMENT", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
];

/// All migrations, in their order.
#[derive(Debug)]
pub struct Migrator;

macro_rules! migrations {
    ($($name:literal),+ $(,)?) => {
        #[sea_orm_migration::async_trait::async_trait]
        impl MigratorTrait for Migrator {
            fn migrations() -> Vec<Box<dyn MigrationTrait>> {
                vec![$(Box::new(Script {
                    name: $name,
                    up: include_str!(concat!("../", $name, "/up.sql")),
                    down: include_str!(concat!("../", $name, "/down.sql")),
                })),+]
            }
        }
    };
}

migrations! {
    "0001_foundation",
    "0002_members",
    "0003_programs",
    "0004_proposals",
    "0005_verifications",
    "0006_cohorts",
    "0007_sessions",
    "0008_sign_ins",
    "0009_links_and_mails",
    "0010_api_clients",
    "0011_second_factor",
    "0012_throttles",
    "0013_identities",
    "0014_proposals_in_full",
    "0015_reviews",
    "0016_stipends",
    "0017_joining",
    "0018_moves",
    "0019_evidence",
    "0020_choices",
    "0021_files",
}

struct Script {
    name: &'static str,
    up: &'static str,
    down: &'static str,
}

impl MigrationName for Script {
    fn name(&self) -> &str {
        self.name
    }
}

#[sea_orm_migration::async_trait::async_trait]
impl MigrationTrait for Script {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, self.up).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, self.down).await
    }

    /// Half a migration is never left behind, on either database.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

async fn run(manager: &SchemaManager<'_>, script: &str) -> Result<(), DbErr> {
    let postgres = manager.get_database_backend() == DbBackend::Postgres;
    manager.get_connection().execute_unprepared(&translate(script, postgres)).await.map(drop)
}

/// The script in the words of one database.
fn translate(script: &str, postgres: bool) -> String {
    let (mine, other) = if postgres { ("--postgres ", "--sqlite ") } else { ("--sqlite ", "--postgres ") };
    let lines = script.lines().filter(|line| !line.trim_start().starts_with(other));
    let mut translated = lines.map(|line| line.trim_start().strip_prefix(mine).unwrap_or(line)).collect::<Vec<_>>().join("\n");
    for (word, on_sqlite, on_postgres) in TYPES {
        translated = translated.replace(word, if postgres { on_postgres } else { on_sqlite });
    }
    translated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_translated_for_each_database() {
        let script = "CREATE TABLE t (id {uuid});\n--sqlite PRAGMA x;\n--postgres SET y;";
        assert_eq!(translate(script, false), "CREATE TABLE t (id BLOB);\nPRAGMA x;");
        assert_eq!(translate(script, true), "CREATE TABLE t (id UUID);\nSET y;");
    }
}
