//! A page of 20 applications of 400, counted and joined with their cohorts and the year of their program, as staff read it.

use cohortium_api::config::sqlite_url;
use serde_json::Value;

use crate::client::{Connection, Request, bearer, each, get, repeat};
use crate::measure::{Contestant, Figures, compare as in_turns, ratio};
use crate::postgres::Cluster;
use crate::server::Server;
use crate::statements::{Statement, log_all, observe};
use crate::world::{Plan, World};
use crate::{Done, Site};

const PATH: &str = "/v1/applications?limit=20&with_total=true";
const PLAN: Plan = Plan { cohorts: 20, seats: 500, people: 400 };
/// What tells the statements by which it is found out who calls from those of the list.
const WHO_CALLS: &[&str] = &["\"sign_ins\"", "\"refresh_tokens\"", "\"accounts\"", "\"grants\""];

/// Compares it, on each database, with bare actix-web and sqlx that ask the same statements, and ask nobody who they are.
pub fn compare(site: &Site, cluster: &Cluster) -> Done {
    let file = site.path().join("list.json");
    let url = cluster.url("list");
    cluster.create("list", None)?;
    let postgres = World::make(&site.path().join("list-postgres"), Some(&url), PLAN)?;
    apply(&postgres, Some(&url))?;
    let statements = statements(cluster, &postgres)?;
    std::fs::write(&file, serde_json::to_vec(&statements)?)?;
    on(site, "PostgreSQL", (&postgres, Some(&url)), &["--database", &url, "--statements", &file.to_string_lossy()], Some(cluster))?;

    let sqlite = World::make(&site.path().join("list-sqlite"), None, PLAN)?;
    apply(&sqlite, None)?;
    let statements: Vec<Statement> = statements.into_iter().map(|statement| moved(statement, &postgres, &sqlite)).collect();
    std::fs::write(&file, serde_json::to_vec(&statements)?)?;
    let url = sqlite_url(&sqlite.data);
    on(site, "SQLite", (&sqlite, None), &["--database", &url, "--statements", &file.to_string_lossy()], None)
}

/// Everybody signs up, one after the other.
fn apply(world: &World, database_url: Option<&str>) -> Done {
    let server = Server::cohortium(&world.data, database_url)?;
    let choices = world.people.iter().zip(world.cohorts.iter().cycle());
    let requests = choices.map(|(somebody, cohort)| world.sign_up(somebody, *cohort)).collect::<Done<Vec<_>>>()?;
    each(server.address(), 1, &requests, 201).map(drop)
}

/// The statements of the list, without those by which it is found out who calls.
fn statements(cluster: &Cluster, world: &World) -> Done<Vec<Statement>> {
    cluster.create("list_seen", Some("list"))?;
    log_all(cluster, "list_seen")?;
    let server = Server::cohortium(&world.data, Some(&cluster.url("list_seen")))?;
    let mut connection = Connection::open(server.address())?;
    let request = request(world)?;
    let seen = observe(cluster, |_| connection.send(&request).map(drop))?;
    let (_, mut statements) = seen.into_iter().next().ok_or("no statement was seen")?;
    let all = statements.len();
    statements.retain(|statement| !WHO_CALLS.iter().any(|table| statement.sql.contains(table)));
    println!("The list asks {} statements, and {} to know who calls", statements.len(), all - statements.len());
    Ok(statements)
}

/// The same statement, asked of the same things in another database.
fn moved(statement: Statement, from: &World, to: &World) -> Statement {
    let pairs: Vec<(String, String)> = from.ids().zip(to.ids()).map(|(one, other)| (one.to_string(), other.to_string())).collect();
    let place = |value: String| pairs.iter().find(|(one, _)| *one == value).map_or(value.clone(), |(_, other)| other.clone());
    let parameters = statement.parameters.into_iter().map(|parameter| parameter.map(place)).collect();
    Statement { parameters, ..statement }
}

fn request(world: &World) -> Done<Request> {
    Ok(get(PATH, &[("authorization", &bearer(&world.token(&world.staff)?))]))
}

fn on(site: &Site, database: &str, (world, url): (&World, Option<&str>), ceiling: &[&str], cluster: Option<&Cluster>) -> Done {
    let ours = Server::cohortium(&world.data, url)?;
    let bare = Server::ceiling(&[&["list"], ceiling].concat())?;
    let request = request(world)?;
    require_same(&ours, &bare, &request)?;
    let turn = |server: &Server| -> Done<Figures> {
        let load = || repeat(server.address(), site.terms.clients, site.turn(), &request, 200);
        Figures::measured(server, cluster, load)
    };
    let contestants =
        vec![Contestant::new("Cohortium", || turn(&ours)), Contestant::new("bare actix-web and sqlx", || turn(&bare))];
    let title = format!("List on {database}: GET {PATH}");
    if let [cohortium, bare] = in_turns(&title, site.terms.rounds, contestants)?.as_slice() {
        ratio("Cohortium to the ceiling", cohortium.per_second / bare.per_second, 0.9);
    }
    let (now, height) = ours.memory()?;
    println!("  Memory of Cohortium under this load: {now} MiB, at its height {height} MiB (to be reached: 80)\n");
    Ok(())
}

/// A ceiling that did less than the same would be none.
fn require_same(ours: &Server, bare: &Server, request: &Request) -> Done {
    let items = |server: &Server| -> Done<Value> {
        let answer = Connection::open(server.address())?.ask(request)?;
        let page: Value = serde_json::from_slice(&answer.body).map_err(|_| String::from_utf8_lossy(&answer.body))?;
        Ok(Value::Array(vec![page.get("items").cloned().unwrap_or_default(), page.get("total").cloned().unwrap_or_default()]))
    };
    let (one, other) = (items(ours)?, items(bare)?);
    if one == other { Ok(()) } else { Err(format!("the ceiling answers something else:\n{one}\n{other}").into()) }
}
