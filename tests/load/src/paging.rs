//! One page of a list, among few rows and among very many: what it costs must not grow with what is not on it.

use sqlx::{AssertSqlSafe, Connection as _, Row};

use crate::client::{Connection, Request, bearer, get, repeat};
use crate::measure::{Contestant, Figures, compare as in_turns};
use crate::postgres::Cluster;
use crate::server::Server;
use crate::world::{Plan, World};
use crate::{Done, Site, block_on};

/// How many applications there are.
const SIZES: [usize; 3] = [100, 10_000, 1_000_000];
/// How many people are in a cohort.
const GROUP: usize = 20;
const PLAN: Plan = Plan { cohorts: 1, seats: 20, people: 1 };

/// What is read, and by whom.
const PAGES: [(&str, Reader, &str); 4] = [
    ("An applicant's list", Reader::Applicant, "/v1/me/applications"),
    ("The queue of verifications", Reader::Staff, "/v1/verifications?state=open&limit=50"),
    ("A roster", Reader::Staff, "/v1/cohorts/{cohort}/roster"),
    ("All applications", Reader::Staff, "/v1/applications?limit=50"),
];

#[derive(Clone, Copy)]
enum Reader {
    Applicant,
    Staff,
}

/// Compares them on both databases.
pub fn compare(site: &Site, cluster: &Cluster) -> Done {
    println!("Lists: a world is made, and multiplied\n");
    cluster.create("paging", None)?;
    let postgres = World::make(&site.path().join("paging-postgres"), Some(&cluster.url("paging")), PLAN)?;
    sign_up(&postgres, Some(&cluster.url("paging")))?;
    let sqlite = World::make(&site.path().join("paging-sqlite"), None, PLAN)?;
    sign_up(&sqlite, None)?;
    let (mut on_postgres, mut on_sqlite) = (Vec::new(), Vec::new());
    for size in SIZES {
        let name = format!("paging_{size}");
        cluster.create(&name, Some("paging"))?;
        multiply_on_postgres(cluster, &name, size)?;
        let data = site.path().join(format!("paging-postgres-{size}"));
        copy_keys(&postgres, &data)?;
        on_postgres.push(Server::cohortium(&data, Some(&cluster.url(&name)))?);

        let data = site.path().join(format!("paging-sqlite-{size}"));
        let url = sqlite.copy_to(&data)?;
        copy_keys(&sqlite, &data)?;
        block_on(multiply_on_sqlite(&url, size))?;
        on_sqlite.push(Server::cohortium(&data, None)?);
    }
    on(site, "PostgreSQL", &postgres, &on_postgres, Some(cluster))?;
    on(site, "SQLite", &sqlite, &on_sqlite, None)
}

/// The one person signs up, so that there is something to multiply.
fn sign_up(world: &World, database_url: Option<&str>) -> Done {
    let server = Server::cohortium(&world.data, database_url)?;
    let choices = world.people.iter().zip(world.cohorts.iter().copied());
    for (somebody, cohort) in choices {
        if Connection::open(server.address())?.send(&world.sign_up(somebody, cohort)?)? != 201 {
            return Err("the seat that is free is not given".into());
        }
    }
    Ok(())
}

/// A server of a copy is to know the tokens of the original.
fn copy_keys(world: &World, data: &std::path::Path) -> Done {
    let (from, to) = (world.data.join("keys"), data.join("keys"));
    std::fs::create_dir_all(&to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        std::fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

/// A table whose rows are made of its first: which columns differ, and how.
struct Copies {
    table: &'static str,
    /// How many there are for so many applications.
    count: fn(usize) -> usize,
    columns: &'static [(&'static str, Differing)],
}

/// What a column of the row with the number `n` holds.
#[derive(Clone, Copy)]
enum Differing {
    /// An id that is made of the letter and the number.
    Id(char),
    /// The id of the group of so many to which the number belongs.
    GroupId(char),
    /// An expression of `n` that both databases know.
    Is(&'static str),
}

const COPIES: &[Copies] = &[
    Copies {
        table: "people",
        count: |size| size,
        columns: &[
            ("id", Differing::Id('a')),
            ("email", Differing::Is("'q' || n || '@example.org'")),
            ("email_key", Differing::Is("'q' || n || '@example.org'")),
            ("external_id", Differing::Is("NULL")),
        ],
    },
    Copies {
        table: "employments",
        count: |size| size,
        columns: &[("id", Differing::Id('b')), ("person_id", Differing::Id('a')), ("external_id", Differing::Is("NULL"))],
    },
    Copies {
        table: "verifications",
        count: |size| size,
        columns: &[
            ("id", Differing::Id('c')),
            ("employment_id", Differing::Id('b')),
            ("person_id", Differing::Id('a')),
            ("state", Differing::Is("'open'")),
            ("settled_at", Differing::Is("NULL")),
            ("evidence_id", Differing::Is("NULL")),
            ("evidence_kind", Differing::Is("NULL")),
            ("valid_until", Differing::Is("NULL")),
            ("renewal_due_at", Differing::Is("NULL")),
        ],
    },
    Copies {
        table: "cohorts",
        count: |size| size / GROUP,
        columns: &[("id", Differing::Id('d')), ("slug", Differing::Is("'group-' || n")), ("seats_held", Differing::Is("20"))],
    },
    Copies {
        table: "applications",
        count: |size| size,
        columns: &[
            ("id", Differing::Id('e')),
            ("cohort_id", Differing::GroupId('d')),
            ("person_id", Differing::Id('a')),
            ("employment_id", Differing::Id('b')),
            ("verification_id", Differing::Id('c')),
        ],
    },
];

impl Copies {
    /// The statement that makes them, of the columns that the table has.
    fn statement(&self, columns: &[String], size: usize, postgres: bool) -> String {
        let id = |letter: char, number: &str| {
            if postgres {
                format!("('{letter}0000000-0000-7000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid")
            } else {
                format!("unhex('{letter}0000000000070008000' || printf('%012x', {number}))")
            }
        };
        let value = |column: &String| match self.columns.iter().find(|(known, _)| known == column) {
            None => format!("first.{column}"),
            Some((_, Differing::Id(letter))) => id(*letter, "n"),
            Some((_, Differing::GroupId(letter))) => id(*letter, &format!("(n - 1) / {GROUP} + 1")),
            Some((_, Differing::Is(expression))) => (*expression).to_owned(),
        };
        let (table, count) = (self.table, (self.count)(size));
        let values: Vec<String> = columns.iter().map(value).collect();
        let key = if self.table == "people" { " WHERE EXISTS (SELECT 1 FROM employments WHERE person_id = people.id)" } else { "" };
        format!(
            "INSERT INTO {table} ({}) WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}), \
             first AS (SELECT * FROM {table}{key} LIMIT 1) SELECT {} FROM first CROSS JOIN numbers;",
            columns.join(", "),
            values.join(", ")
        )
    }
}

fn multiply_on_postgres(cluster: &Cluster, database: &str, size: usize) -> Done {
    // What refers to what is right as it is made, and need not be looked up a million times.
    let mut script = String::from("SET session_replication_role = replica;\n");
    for copies in COPIES {
        let asked = format!(
            "SELECT column_name FROM information_schema.columns WHERE table_name = '{}' AND table_schema = 'public'",
            copies.table
        );
        let columns: Vec<String> = cluster.sql(database, &asked)?.lines().map(str::to_owned).collect();
        script += &copies.statement(&columns, size, true);
    }
    cluster.sql(database, &(script + "RESET session_replication_role;\nVACUUM ANALYZE;\nCHECKPOINT;")).map(drop)
}

async fn multiply_on_sqlite(url: &str, size: usize) -> Done {
    let mut connection = sqlx::SqliteConnection::connect(url).await?;
    sqlx::raw_sql("PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE;").execute(&mut connection).await?;
    for copies in COPIES {
        let asked = sqlx::query("SELECT name FROM pragma_table_info($1)").bind(copies.table);
        let columns: Vec<String> = asked.fetch_all(&mut connection).await?.iter().map(|row| row.get(0)).collect();
        sqlx::raw_sql(AssertSqlSafe(copies.statement(&columns, size, false))).execute(&mut connection).await?;
    }
    sqlx::raw_sql("COMMIT; ANALYZE; PRAGMA wal_checkpoint(TRUNCATE);").execute(&mut connection).await?;
    Ok(connection.close().await?)
}

fn on(site: &Site, database: &str, world: &World, servers: &[Server], cluster: Option<&Cluster>) -> Done {
    for (what, reader, path) in PAGES {
        let request = request(world, reader, path)?;
        let sizes = SIZES.map(|size| format!("among {size}"));
        let contestants = servers.iter().zip(&sizes).map(|(server, name)| {
            let turn = || -> Done<Figures> {
                let load = || repeat(server.address(), site.terms.clients, site.turn(), &request, 200);
                Figures::measured(server, cluster, load)
            };
            Contestant::new(name, turn)
        });
        let title = format!("{what} on {database}: GET {path}");
        if let [few, some, very_many] = in_turns(&title, site.terms.rounds, contestants.collect())?.as_slice() {
            let cpu = |figures: &Figures| figures.cpu + figures.database.unwrap_or_default();
            let cost = |many: &Figures| cpu(many) / cpu(few);
            println!("  CPU beside that among the fewest: {:.2} and {:.2} (at most: 1.2)\n", cost(some), cost(very_many));
        }
    }
    Ok(())
}

fn request(world: &World, reader: Reader, path: &str) -> Done<Request> {
    let somebody = match reader {
        Reader::Applicant => world.people.first().ok_or("there is nobody")?,
        Reader::Staff => &world.staff,
    };
    let first = "d0000000-0000-7000-8000-000000000001";
    Ok(get(&path.replace("{cohort}", first), &[("authorization", &bearer(&world.token(somebody)?))]))
}
