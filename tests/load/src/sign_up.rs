//! Sign-ups: each person signs up once, has a seat with it, and the answer is durable when it comes.

use std::io::{Seek, Write};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use cohortium_domain::ids::CohortId;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _};
use uuid::Uuid;

use crate::client::{Connection, Load, Request, each};
use crate::measure::{Contestant, Figures, compare as in_turns, number, ratio};
use crate::postgres::Cluster;
use crate::replay::{Argument, Script, Value, bind, for_sqlite};
use crate::server::{Server, cpu_of, cpu_of_family};
use crate::statements::{Statement, log_all, observe};
use crate::world::{Plan, SEATS, Somebody, World};
use crate::{Done, Site, block_on};

/// Among how many cohorts people spread.
const MANY: usize = 200;
/// How many people sign up only to be looked at.
const LOOKED_AT: usize = 8;

/// A turn of sign-ups: who, and to which cohort.
type Turn<'a> = Vec<(&'a Somebody, CohortId)>;

/// Compares them on PostgreSQL with pgbench, and on SQLite with one writer in a loop.
pub fn compare(site: &Site, cluster: &Cluster) -> Done {
    let turns = site.terms.rounds + 1;
    let hot = usize::try_from(SEATS)?;
    let plan = Plan { cohorts: MANY + turns, people: LOOKED_AT + turns * (site.terms.sign_ups + hot) };
    println!("Sign-ups: {} people and {} cohorts are made", plan.people, plan.cohorts);
    cluster.create("sign_up", None)?;
    let world = World::make(&site.path().join("sign-up"), Some(&cluster.url("sign_up")), plan)?;
    let (many, alone) = world.cohorts.split_at(MANY);
    let (looked_at, people) = world.people.split_at(LOOKED_AT);
    let (spread, crowd) = people.split_at(turns * site.terms.sign_ups);
    let script = script(cluster, &world, looked_at, many)?;

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

/// What a sign-up asks of the database: seen twice, and made a script of what was the same.
fn script(cluster: &Cluster, world: &World, people: &[Somebody], cohorts: &[CohortId]) -> Done<Script> {
    cluster.create("sign_up_seen", Some("sign_up"))?;
    log_all(cluster, "sign_up_seen")?;
    let server = Server::cohortium(&world.data, Some(&cluster.url("sign_up_seen")))?;
    let mut connection = Connection::open(server.address())?;
    let choices: Vec<(&Somebody, CohortId)> = people.iter().zip(cohorts.iter().copied()).collect();
    let requests = requests(world, &choices)?;
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

fn requests(world: &World, turn: &[(&Somebody, CohortId)]) -> Done<Vec<Request>> {
    turn.iter().map(|(somebody, cohort)| world.sign_up(somebody, *cohort)).collect()
}

/// The variables of each sign-up of a turn.
fn goes(script: &Script, world: &World, turn: &[(&Somebody, CohortId)]) -> Vec<Vec<Uuid>> {
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

    /// The same with pgbench: with as many connections as there are callers, each of which prepares each statement once.
    fn pgbench(&self, turn: &[(&Somebody, CohortId)], clients: usize) -> Done<Figures> {
        let goes = goes(self.script, self.world, turn);
        self.cluster.sql("sign_up_pgbench", &self.script.goes(&goes))?;
        let (script, given) = self.script.for_pgbench();
        let (file, log) = (self.site.path().join("sign_up.pgbench"), self.site.path().join("pgbench_log"));
        std::fs::write(&file, script)?;
        let mut command = self.cluster.program("pgbench")?;
        command.args(["--no-vacuum", "--protocol=prepared", "--log", "--jobs=2"]).arg("--log-prefix").arg(&log);
        command.arg(format!("--client={clients}")).arg(format!("--transactions={}", turn.len() / clients));
        command.arg("--file").arg(&file).args(["-D", "go=-1", "-D", &format!("clients={clients}")]);
        for (number, value) in given.iter().enumerate() {
            command.args(["-D", &format!("c{number}={value}")]);
        }
        // A server's statements are planned once and for all after a few goes; those of a turn of pgbench would hardly get there.
        command.env("PGOPTIONS", "-c plan_cache_mode=force_generic_plan");
        command.arg(self.cluster.url("sign_up_pgbench")).stdin(Stdio::null());
        let used = || Ok::<_, Box<dyn std::error::Error>>((cpu_of_family(std::process::id())?, self.cluster.cpu()?));
        let (own_before, database_before) = used()?;
        let output = command.output()?;
        let (own, database) = used()?;
        let told = String::from_utf8_lossy(&output.stdout);
        let per_second = told.lines().find_map(|line| line.strip_prefix("tps = ")?.split_whitespace().next()?.parse::<f64>().ok());
        let Some(per_second) = per_second.filter(|_| output.status.success() && !told.contains("aborted")) else {
            return Err(format!("pgbench: {told}{}", String::from_utf8_lossy(&output.stderr)).into());
        };
        let latencies = latencies(self.site.path())?;
        let elapsed = Duration::from_secs_f64(number(latencies.len()) / per_second);
        let load = Load { elapsed, latencies };
        Ok(Figures::of(&load, own.saturating_sub(own_before), Some(database.saturating_sub(database_before))))
    }
}

/// What pgbench wrote down of each transaction: its third word is how many microseconds it took.
fn latencies(folder: &Path) -> Done<Vec<Duration>> {
    let mut latencies = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("pgbench_log")) {
            let text = std::fs::read_to_string(&path)?;
            let micros = text.lines().filter_map(|line| line.split_whitespace().nth(2)?.parse().ok());
            latencies.extend(micros.map(Duration::from_micros));
            std::fs::remove_file(&path)?;
        }
    }
    latencies.sort_unstable();
    Ok(latencies)
}

/// The same on SQLite, with one writer in a loop, and with what the disk can do at all.
fn on_sqlite(site: &Site, script: &Script) -> Done {
    let turns = site.terms.rounds + 1;
    let size = site.terms.sign_ups / 2;
    let world = World::make(&site.path().join("sign-up-sqlite"), None, Plan { cohorts: MANY, people: turns * size })?;
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
            block_on(in_a_loop(&url, script, &goes(script, &world, turn)))
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

async fn in_a_loop(url: &str, script: &Script, goes: &[Vec<Uuid>]) -> Done<Figures> {
    let options: SqliteConnectOptions = url.parse()?;
    let options = options.foreign_keys(true).journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
    let options = options.pragma("journal_size_limit", "67108864").pragma("cache_size", "-16000").disable_statement_logging();
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await?;
    let own_before = cpu_of(std::process::id())?;
    let began = Instant::now();
    let mut latencies = Vec::with_capacity(goes.len());
    for variables in goes {
        let began = Instant::now();
        for step in &script.steps {
            let query = sqlx::query(AssertSqlSafe(for_sqlite(&step.sql)));
            let query = step.arguments.iter().fold(query, |query, argument| match argument {
                Argument::Null => query.bind(None::<String>),
                Argument::Variable(number) => query.bind(variables.get(*number).copied().unwrap_or_default()),
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
fn sync(folder: &Path) -> Done<Figures> {
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
