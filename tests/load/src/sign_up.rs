//! Sign-ups: each person signs up once, has a seat with it, and the answer is durable when it comes.

use cohortium_domain::ids::CohortId;
use uuid::Uuid;

use crate::client::{Connection, Request, each};
use crate::measure::{Contestant, Figures, compare as in_turns, ratio};
use crate::pgbench::{Goes, pgbench};
use crate::postgres::Cluster;
use crate::replay::Script;
use crate::server::Server;
use crate::statements::{Statement, log_all, observe};
use crate::world::{Plan, Somebody, World};
use crate::writer::{in_a_loop, sync};
use crate::{Done, Site, block_on};

/// How many people fit into a cohort.
const SEATS: u32 = 500;
/// Among how many cohorts people spread.
const MANY: usize = 200;
/// How many people sign up only to be looked at.
const LOOKED_AT: usize = 8;

/// A turn of sign-ups: who, and to which cohort.
pub type Turn<'a> = Vec<(&'a Somebody, CohortId)>;

/// Compares them on PostgreSQL with pgbench, and on SQLite with one writer in a loop.
pub fn compare(site: &Site, cluster: &Cluster) -> Done {
    let turns = site.terms.rounds + 1;
    let hot = usize::try_from(SEATS)?;
    let plan = Plan { cohorts: MANY + turns, seats: SEATS, people: LOOKED_AT + turns * (site.terms.sign_ups + hot) };
    println!("Sign-ups: {} people and {} cohorts are made", plan.people, plan.cohorts);
    cluster.create("sign_up", None)?;
    let world = World::make(&site.path().join("sign-up"), Some(&cluster.url("sign_up")), plan)?;
    let (many, alone) = world.cohorts.split_at(MANY);
    let (looked_at, people) = world.people.split_at(LOOKED_AT);
    let (spread, crowd) = people.split_at(turns * site.terms.sign_ups);
    let looked_at: Turn<'_> = looked_at.iter().zip(many.iter().copied()).collect();
    let script = script(cluster, "sign_up", &world, &looked_at)?;

    cluster.create("sign_up_pgbench", Some("sign_up"))?;
    let server = Server::cohortium(&world.data, Some(&cluster.url("sign_up")))?;
    let stage = Stage { site, cluster, world: &world, script: &script, server: &server };
    let spread: Vec<Turn> =
        spread.chunks(site.terms.sign_ups).map(|people| people.iter().zip(many.iter().copied().cycle()).collect()).collect();
    let title = format!("Sign-ups on PostgreSQL: {} a turn, to {MANY} cohorts", site.terms.sign_ups);
    stage.compare(&title, &spread, site.terms.clients, 0.8)?;
    let crowd: Vec<Turn> =
        crowd.chunks(hot).zip(alone).map(|(people, cohort)| people.iter().map(|one| (one, *cohort)).collect()).collect();
    let title = format!("Sign-ups on PostgreSQL: {hot} a turn, all to one cohort");
    stage.compare(&title, &crowd, site.terms.clients, 1.5)?;
    drop(server);
    on_sqlite(site, &script)
}

/// What a sign-up asks of the database: seen twice in a copy of it, and made a script of what was the same.
pub fn script(cluster: &Cluster, database: &str, world: &World, choices: &[(&Somebody, CohortId)]) -> Done<Script> {
    let copy = format!("{database}_seen");
    cluster.sql("postgres", &format!("DROP DATABASE IF EXISTS {copy}"))?;
    cluster.create(&copy, Some(database))?;
    log_all(cluster, &copy)?;
    let server = Server::cohortium(&world.data, Some(&cluster.url(&copy)))?;
    let mut connection = Connection::open(server.address())?;
    let requests = requests(world, choices)?;
    let seen = observe(cluster, |one| {
        let request = requests.get(one).ok_or("too few people to look at")?;
        let answer = connection.ask(request)?;
        if answer.status == 201 { Ok(()) } else { Err(String::from_utf8_lossy(&answer.body).into()) }
    })?;
    let [(one, first), (other, second), ..] = seen.as_slice() else { return Err("no two transcripts are alike".into()) };
    let facts = |number: usize| choices.get(number).map(|(somebody, cohort)| world.facts(somebody, *cohort)).unwrap_or_default();
    println!("A sign-up asks {} statements:", first.len());
    for Statement { sql, .. } in first {
        println!("  {}", shortened(sql));
    }
    println!();
    Script::of((&facts(*one), first), (&facts(*other), second))
}

/// A statement, as far as it tells what it is for.
fn shortened(sql: &str) -> String {
    let Some((columns, from)) = sql.split_once(" FROM ") else { return sql.chars().take(100).collect() };
    let columns: String = columns.chars().take(24).collect();
    format!("{columns}… FROM {from}")
}

/// The requests of a turn.
pub fn requests(world: &World, turn: &[(&Somebody, CohortId)]) -> Done<Vec<Request>> {
    turn.iter().map(|(somebody, cohort)| world.sign_up(somebody, *cohort)).collect()
}

/// The variables of each sign-up of a turn.
pub fn goes(script: &Script, world: &World, turn: &[(&Somebody, CohortId)]) -> Vec<Vec<Uuid>> {
    turn.iter().map(|(somebody, cohort)| script.variables(&world.facts(somebody, *cohort))).collect()
}

/// Where sign-ups on PostgreSQL are compared.
struct Stage<'a> {
    site: &'a Site,
    cluster: &'a Cluster,
    world: &'a World,
    script: &'a Script,
    server: &'a Server,
}

impl Stage<'_> {
    fn compare(&self, title: &str, turns: &[Turn], clients: usize, to_reach: f64) -> Done {
        let (mut ours, mut ceiling) = (turns.iter(), turns.iter());
        let over = "there is no turn left";
        let contestants = vec![
            Contestant::new("Cohortium", || self.sign_up(ours.next().ok_or(over)?, clients)),
            Contestant::new("pgbench, the same statements", || self.pgbench(ceiling.next().ok_or(over)?, clients)),
        ];
        if let [cohortium, pgbench] = in_turns(title, self.site.terms.rounds, contestants)?.as_slice() {
            ratio("Cohortium to the ceiling", cohortium.per_second / pgbench.per_second, to_reach);
        }
        println!();
        Ok(())
    }

    fn sign_up(&self, turn: &[(&Somebody, CohortId)], clients: usize) -> Done<Figures> {
        let requests = requests(self.world, turn)?;
        self.cluster.sql("sign_up", "VACUUM ANALYZE applications;\nCHECKPOINT;")?;
        Figures::measured(self.server, Some(self.cluster), || each(self.server.address(), clients, &requests, 201))
    }

    /// The same with pgbench, with as many connections as there are callers.
    fn pgbench(&self, turn: &[(&Somebody, CohortId)], clients: usize) -> Done<Figures> {
        let goes = Goes { name: "goes", script: self.script, variables: goes(self.script, self.world, turn), share: 1 };
        pgbench(self.site, self.cluster, "sign_up_pgbench", &[goes], clients)
    }
}

/// The same on SQLite, with one writer in a loop, and with what the disk can do at all.
fn on_sqlite(site: &Site, script: &Script) -> Done {
    let turns = site.terms.rounds + 1;
    let size = site.terms.sign_ups / 2;
    let world = World::make(&site.path().join("sign-up-sqlite"), None, Plan { cohorts: MANY, seats: SEATS, people: turns * size })?;
    let url = world.copy_to(&site.path().join("sign-up-loop"))?;
    let server = Server::cohortium(&world.data, None)?;
    let spread: Vec<Turn> =
        world.people.chunks(size).map(|people| people.iter().zip(world.cohorts.iter().copied().cycle()).collect()).collect();
    let (mut ours, mut ceiling) = (spread.iter(), spread.iter());
    let over = "there is no turn left";
    let contestants = vec![
        Contestant::new("Cohortium", || {
            let requests = requests(&world, ours.next().ok_or(over)?)?;
            Figures::measured(&server, None, || each(server.address(), site.terms.clients, &requests, 201))
        }),
        Contestant::new("one writer, the same statements", || {
            let turn = ceiling.next().ok_or(over)?;
            block_on(in_a_loop(&url, goes(script, &world, turn).into_iter().map(|variables| (script, variables))))
        }),
        Contestant::new("fdatasync of the disk", || sync(site.path())),
    ];
    let title = format!("Sign-ups on SQLite, synchronous=FULL: {size} a turn, to {MANY} cohorts");
    if let [cohortium, writer, disk] = in_turns(&title, site.terms.rounds, contestants)?.as_slice() {
        ratio("Cohortium to fdatasync", cohortium.per_second / disk.per_second, 1.5);
        println!("  Cohortium to one writer: {:.2}", cohortium.per_second / writer.per_second);
    }
    println!();
    Ok(())
}
