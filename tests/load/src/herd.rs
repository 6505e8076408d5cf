//! A herd: far more people at once than there are seats. Few have one, all others wait, and everybody has an answer.

use cohortium_domain::ids::CohortId;

use crate::client::{Connection, rush};
use crate::measure::{Contestant, Figures, compare as in_turns, ratio};
use crate::pgbench::{Goes, pgbench};
use crate::postgres::Cluster;
use crate::replay::Script;
use crate::server::Server;
use crate::sign_up::{Turn, goes, requests, script};
use crate::world::{Plan, Somebody, World};
use crate::writer::in_a_loop;
use crate::{Done, Site, block_on};

/// Where it is on PostgreSQL.
const DATABASE: &str = "herd";
/// The seats of a cohort.
const SEATS: u32 = 30;
/// How many sign up only to be looked at, with and without a seat.
const LOOKED_AT: usize = 8;
/// How many connections pgbench has: as many as a server has to its database.
const POOL: usize = 16;

/// How many people run, and to how many cohorts.
#[derive(Clone, Copy)]
struct Herd {
    people: usize,
    cohorts: usize,
    /// How many of them are there at the same time.
    callers: usize,
}

const HERDS: [Herd; 2] = [Herd { people: 500, cohorts: 1, callers: 500 }, Herd { people: 5_000, cohorts: 6, callers: 500 }];

/// What a sign-up asks of the database, with a seat and without.
struct Scripts {
    seated: Script,
    waiting: Script,
}

/// Compares both herds on PostgreSQL with pgbench, and on SQLite with one writer in a loop.
pub fn compare(site: &Site, cluster: &Cluster) -> Done {
    let seats = usize::try_from(SEATS)?;
    let turns = site.terms.rounds + 1;
    let cohorts: usize = HERDS.iter().map(|herd| turns * herd.cohorts).sum();
    let people: usize = HERDS.iter().map(|herd| turns * herd.people).sum();
    let plan = Plan { cohorts: 2 + cohorts, seats: SEATS, people: LOOKED_AT + seats + LOOKED_AT + people };
    println!("Herds: {} people and {} cohorts are made, twice", plan.people, plan.cohorts);
    cluster.create(DATABASE, None)?;
    let world = World::make(&site.path().join("herd"), Some(&cluster.url(DATABASE)), plan)?;
    let scripts = look(cluster, &world, seats)?;
    cluster.create("herd_pgbench", Some(DATABASE))?;
    let server = Server::cohortium(&world.data, Some(&cluster.url(DATABASE)))?;
    on(site, "PostgreSQL", &world, &server, Some(cluster), |turn, herd| {
        let part = |name, script, share| Goes { name, script, variables: goes(script, &world, turn), share };
        let seated = seats * herd.cohorts;
        let parts = [part("seated", &scripts.seated, seated), part("waiting", &scripts.waiting, herd.people - seated)];
        pgbench(site, cluster, "herd_pgbench", &parts, POOL)
    })?;
    drop(server);

    let world = World::make(&site.path().join("herd-sqlite"), None, plan)?;
    let url = world.copy_to(&site.path().join("herd-loop"))?;
    let server = Server::cohortium(&world.data, None)?;
    on(site, "SQLite", &world, &server, None, |turn, herd| {
        let seated = seats * herd.cohorts;
        let pick = |number: usize| if number < seated { &scripts.seated } else { &scripts.waiting };
        let goes = turn.iter().enumerate().map(|(number, (somebody, cohort))| {
            let script = pick(number);
            (script, script.variables(&world.facts(somebody, *cohort)))
        });
        block_on(in_a_loop(&url, goes))
    })
}

/// What a sign-up asks, seen where there are seats and where there are none.
fn look(cluster: &Cluster, world: &World, seats: usize) -> Done<Scripts> {
    let [free, full, ..] = world.cohorts.as_slice() else { return Err("there are no cohorts".into()) };
    let (first, rest) = world.people.split_at(LOOKED_AT);
    let (filling, last) = rest.split_at(seats);
    let seated = script(cluster, DATABASE, world, &first.iter().map(|one| (one, *free)).collect::<Turn<'_>>())?;
    let server = Server::cohortium(&world.data, Some(&cluster.url(DATABASE)))?;
    let mut connection = Connection::open(server.address())?;
    for request in requests(world, &filling.iter().map(|one| (one, *full)).collect::<Turn<'_>>())? {
        if connection.send(&request)? != 201 {
            return Err("a seat that is free is not given".into());
        }
    }
    drop((connection, server));
    let waiting = script(cluster, DATABASE, world, &last.iter().take(LOOKED_AT).map(|one| (one, *full)).collect::<Turn<'_>>())?;
    Ok(Scripts { seated, waiting })
}

/// Both herds on one database.
fn on(
    site: &Site,
    database: &str,
    world: &World,
    server: &Server,
    cluster: Option<&Cluster>,
    ceiling: impl Fn(&[(&Somebody, CohortId)], Herd) -> Done<Figures>,
) -> Done {
    let (mut cohorts, mut people) =
        (world.cohorts.iter().skip(2), world.people.iter().skip(2 * LOOKED_AT + usize::try_from(SEATS)?));
    for herd in HERDS {
        let turns: Vec<Turn<'_>> = (0..=site.terms.rounds)
            .map(|_| {
                let chosen: Vec<CohortId> = cohorts.by_ref().take(herd.cohorts).copied().collect();
                people.by_ref().take(herd.people).zip(chosen.into_iter().cycle()).collect()
            })
            .collect();
        let (mut ours, mut least) = (turns.iter(), turns.iter());
        let over = "there is no turn left";
        let mut asked_again = 0;
        let contestants = vec![
            Contestant::new("Cohortium", || {
                let requests = requests(world, ours.next().ok_or(over)?)?;
                Figures::measured(server, cluster, || {
                    let (load, again) = rush(server.address(), herd.callers, &requests, 201)?;
                    asked_again += again;
                    Ok(load)
                })
            }),
            Contestant::new("the same statements", || ceiling(least.next().ok_or(over)?, herd)),
        ];
        let Herd { people, cohorts, callers } = herd;
        let title =
            format!("A herd on {database}: {people} people for {} seats, {callers} at a time", cohorts * usize::try_from(SEATS)?);
        if let [cohortium, least] = in_turns(&title, site.terms.rounds, contestants)?.as_slice() {
            ratio("Cohortium to the ceiling", cohortium.per_second / least.per_second, 0.8);
        }
        println!("  Asked to come again, in all turns: {asked_again} times\n");
    }
    Ok(())
}
