//! How long a server takes from its start, on data that are there, until it is ready.

use crate::measure::median;
use crate::postgres::Cluster;
use crate::server::Server;
use crate::world::{Plan, World};
use crate::{Done, Site};

const PLAN: Plan = Plan { cohorts: 20, seats: 500, people: 400 };
/// How often it is started.
const STARTS: usize = 7;

/// Measures it on each database.
pub fn compare(site: &Site, cluster: &Cluster) -> Done {
    cluster.create("start", None)?;
    let url = cluster.url("start");
    let postgres = World::make(&site.path().join("start-postgres"), Some(&url), PLAN)?;
    let sqlite = World::make(&site.path().join("start-sqlite"), None, PLAN)?;
    println!("Start on existing data, {STARTS} times, until /health/ready answers 200 (to be reached: 0.1 s)");
    for (database, world, url) in [("PostgreSQL", &postgres, Some(url.as_str())), ("SQLite", &sqlite, None)] {
        let (mut took, mut used) = (Vec::new(), Vec::new());
        for _ in 0..STARTS {
            let server = Server::cohortium(&world.data, url)?;
            took.push(server.started_in.as_secs_f64());
            used.push(server.cpu()?.as_secs_f64());
        }
        println!("  {database:32} {:>10.3} s, of which {:.2} s of the CPU", median(took), median(used));
    }
    println!();
    Ok(())
}
