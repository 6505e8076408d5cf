//! The ceiling on PostgreSQL: pgbench, with the very statements that a server was seen to send.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use uuid::Uuid;

use crate::client::Load;
use crate::measure::{Figures, number};
use crate::postgres::Cluster;
use crate::replay::Script;
use crate::server::cpu_of_family;
use crate::{Done, Site};

/// A script, and what fills it in go by go.
pub struct Goes<'a> {
    /// What its table is called.
    pub name: &'a str,
    /// What is done.
    pub script: &'a Script,
    /// The variables of each go: of every script there are as many as there are goes in all.
    pub variables: Vec<Vec<Uuid>>,
    /// How often it is done, beside the others.
    pub share: usize,
}

/// A turn of pgbench: as many connections as there are callers, each of which prepares each statement once.
pub fn pgbench(site: &Site, cluster: &Cluster, database: &str, goes: &[Goes<'_>], clients: usize) -> Done<Figures> {
    let mut command = cluster.program("pgbench")?;
    let log = site.path().join("pgbench_log");
    let total = goes.first().map_or(0, |goes| goes.variables.len());
    command.args(["--no-vacuum", "--protocol=prepared", "--log", "--jobs=2"]).arg("--log-prefix").arg(&log);
    command.arg(format!("--client={clients}")).arg(format!("--transactions={}", total / clients));
    command.args(["-D", "go=-1", "-D", &format!("clients={clients}")]);
    for Goes { name, script, variables, share } in goes {
        cluster.sql(database, &script.goes(name, variables))?;
        let (text, given) = script.for_pgbench(name);
        let file = site.path().join(format!("{name}.pgbench"));
        std::fs::write(&file, text)?;
        command.arg("--file").arg(format!("{}@{share}", file.display()));
        for (number, value) in given.iter().enumerate() {
            command.args(["-D", &format!("{name}_{number}={value}")]);
        }
    }
    // A server's statements are planned once and for all after a few goes; those of a turn of pgbench would hardly get there.
    command.env("PGOPTIONS", "-c plan_cache_mode=force_generic_plan");
    command.arg(cluster.url(database)).stdin(Stdio::null());
    let used = || Ok::<_, Box<dyn std::error::Error>>((cpu_of_family(std::process::id())?, cluster.cpu()?));
    let (own_before, database_before) = used()?;
    let output = command.output()?;
    let (own, database) = used()?;
    let per_second = told(&output)?;
    let latencies = latencies(site.path())?;
    let elapsed = Duration::from_secs_f64(number(latencies.len()) / per_second);
    let load = Load { elapsed, latencies };
    Ok(Figures::of(&load, own.saturating_sub(own_before), Some(database.saturating_sub(database_before))))
}

/// How many goes a second pgbench tells of.
fn told(output: &Output) -> Done<f64> {
    let told = String::from_utf8_lossy(&output.stdout);
    let per_second = told.lines().find_map(|line| line.strip_prefix("tps = ")?.split_whitespace().next()?.parse::<f64>().ok());
    let per_second = per_second.filter(|_| output.status.success() && !told.contains("aborted"));
    per_second.ok_or_else(|| format!("pgbench: {told}{}", String::from_utf8_lossy(&output.stderr)).into())
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
