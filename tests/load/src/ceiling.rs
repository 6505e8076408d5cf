//! The ceilings that are servers: bare actix-web, with as many workers as Cohortium has, and nothing that is not needed for the
//! answer.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpResponse, HttpServer, web};
use chrono::{DateTime, SecondsFormat, Utc};
use clap::Subcommand;
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgPoolOptions, PgRow};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteRow};
use sqlx::{AssertSqlSafe, PgPool, Row, SqlitePool};
use uuid::Uuid;

use crate::Done;
use crate::replay::{Value, bind, for_sqlite};
use crate::server::cores;
use crate::statements::Statement;

/// A ceiling.
#[derive(Subcommand)]
pub enum Ceiling {
    /// Sends the same bytes again and again.
    Bytes {
        /// Where the answer is, as JSON.
        #[arg(long)]
        answer: PathBuf,
        /// Where to listen.
        #[arg(long)]
        listen: SocketAddr,
    },
    /// Asks a database the statements of a list of applications, and renders it.
    List {
        /// Where the statements are, as JSON.
        #[arg(long)]
        statements: PathBuf,
        /// The database.
        #[arg(long)]
        database: String,
        /// Where to listen.
        #[arg(long)]
        listen: SocketAddr,
    },
}

/// An answer that is always the same.
#[derive(Serialize, Deserialize)]
pub struct SameAnswer {
    /// The headers, but for those that every server sends of itself.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Ceiling {
    /// Serves until it is killed.
    pub fn serve(self) -> Done {
        match self {
            Self::Bytes { answer, listen } => {
                let SameAnswer { headers, body } = serde_json::from_slice(&std::fs::read(answer)?)?;
                let answer = Data::new((headers, Bytes::from(body)));
                actix_web::rt::System::new().block_on(async move {
                    let app = move || App::new().app_data(answer.clone()).default_service(web::to(same));
                    Ok(HttpServer::new(app).workers(cores()).bind(listen)?.run().await?)
                })
            }
            Self::List { statements, database, listen } => {
                let statements: Vec<Statement> = serde_json::from_slice(&std::fs::read(statements)?)?;
                actix_web::rt::System::new().block_on(async move {
                    let list = Data::new(List::open(&database, statements).await?);
                    let app = move || App::new().app_data(list.clone()).default_service(web::to(listed));
                    Ok(HttpServer::new(app).workers(cores()).bind(listen)?.run().await?)
                })
            }
        }
    }
}

async fn same(answer: Data<(Vec<(String, String)>, Bytes)>) -> HttpResponse {
    let (headers, body) = answer.as_ref();
    let mut response = HttpResponse::Ok();
    for (name, value) in headers {
        response.insert_header((name.as_str(), value.as_str()));
    }
    response.body(body.clone())
}

async fn listed(list: Data<List>) -> Result<HttpResponse, actix_web::error::Error> {
    let page = list.page().await.map_err(actix_web::error::ErrorInternalServerError)?;
    Ok(HttpResponse::Ok().json(page))
}

/// What is asked for a list, and of whom.
struct List {
    pool: Pool,
    queries: Vec<(Arc<str>, Vec<Option<Value>>)>,
}

enum Pool {
    Postgres(PgPool),
    Sqlite(SqlitePool),
}

/// A page of applications, rendered as the API does.
#[derive(Default, Serialize)]
struct Page {
    items: Vec<Summary>,
    total: i64,
}

#[derive(Serialize)]
struct Summary {
    id: Uuid,
    cohort_id: Uuid,
    person_id: Uuid,
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    submitted_at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enrolled_at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    employment_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_id: Option<Uuid>,
    created_at: Instant,
    updated_at: Instant,
}

/// An instant as it is sent.
struct Instant(DateTime<Utc>);

impl Serialize for Instant {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl List {
    async fn open(url: &str, statements: Vec<Statement>) -> Done<Self> {
        let value = |parameter: Option<String>| parameter.as_deref().map(Value::of);
        let query = |statement: Statement| {
            let sql = if url.starts_with("sqlite:") { for_sqlite(&statement.sql) } else { statement.sql };
            (Arc::from(sql), statement.parameters.into_iter().map(value).collect())
        };
        let queries = statements.into_iter().map(query).collect();
        // As many connections as Cohortium has, with the same settings.
        let pool = if url.starts_with("sqlite:") {
            let options: SqliteConnectOptions = url.parse()?;
            let options = options.read_only(true).foreign_keys(true).pragma("cache_size", "-16000");
            Pool::Sqlite(SqlitePoolOptions::new().max_connections(4).test_before_acquire(false).connect_with(options).await?)
        } else {
            Pool::Postgres(PgPoolOptions::new().max_connections(16).test_before_acquire(false).connect(url).await?)
        };
        Ok(Self { pool, queries })
    }

    async fn page(&self) -> sqlx::Result<Page> {
        match &self.pool {
            Pool::Postgres(pool) => self.page_of_postgres(pool).await,
            Pool::Sqlite(pool) => self.page_of_sqlite(pool).await,
        }
    }
}

/// The same for both databases: sqlx has no type for "either row" that costs nothing.
macro_rules! pages {
    ($($name:ident, $summary:ident: $pool:ty, $row:ty;)+) => { $(
        impl List {
            async fn $name(&self, pool: &$pool) -> sqlx::Result<Page> {
                let mut page = Page::default();
                for (sql, values) in &self.queries {
                    let query = sqlx::query(AssertSqlSafe(Arc::clone(sql)));
                    let query = values.iter().fold(query, |query, value| match value {
                        Some(value) => bind!(query, value),
                        None => query.bind(None::<String>),
                    });
                    let rows = query.fetch_all(pool).await?;
                    // Of the other statements the rows are fetched, and not looked at.
                    if sql.starts_with("SELECT COUNT") {
                        page.total = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
                    } else if sql.contains("FROM \"applications\"") && sql.contains("LIMIT") {
                        page.items = rows.iter().take(20).map($summary).collect::<sqlx::Result<_>>()?;
                    }
                }
                Ok(page)
            }
        }

        fn $summary(row: &$row) -> sqlx::Result<Summary> {
            Ok(Summary {
                id: row.try_get("id")?,
                cohort_id: row.try_get("cohort_id")?,
                person_id: row.try_get("person_id")?,
                state: row.try_get("state")?,
                submitted_at: row.try_get::<Option<_>, _>("submitted_at")?.map(Instant),
                enrolled_at: row.try_get::<Option<_>, _>("enrolled_at")?.map(Instant),
                employment_id: row.try_get("employment_id")?,
                verification_id: row.try_get("verification_id")?,
                created_at: row.try_get("created_at").map(Instant)?,
                updated_at: row.try_get("updated_at").map(Instant)?,
            })
        }
    )+ };
}

pages! {
    page_of_postgres, postgres_summary: PgPool, PgRow;
    page_of_sqlite, sqlite_summary: SqlitePool, SqliteRow;
}
