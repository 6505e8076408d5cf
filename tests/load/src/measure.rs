//! Turns, medians and tables.

use std::time::Duration;

use crate::Done;
use crate::client::Load;
use crate::postgres::Cluster;
use crate::server::Server;

/// What one of the compared did in a turn, or its medians.
#[derive(Clone, Copy)]
pub struct Figures {
    /// Requests a second.
    pub per_second: f64,
    /// Half of the requests took no longer, in milliseconds.
    pub p50: f64,
    /// 99 of a hundred took no longer.
    pub p99: f64,
    /// Microseconds of the CPU for a request, of the server alone.
    pub cpu: f64,
    /// The same, of the database, where it is another process.
    pub database: Option<f64>,
}

/// One of those that are compared.
pub struct Contestant<'a> {
    /// What it is called in the table.
    pub name: &'a str,
    /// A turn of it; the first one warms up, and does not count.
    pub turn: Box<dyn FnMut() -> Done<Figures> + 'a>,
}

impl<'a> Contestant<'a> {
    /// With this name and these turns.
    pub fn new(name: &'a str, turn: impl FnMut() -> Done<Figures> + 'a) -> Self {
        Self { name, turn: Box::new(turn) }
    }
}

impl Figures {
    /// Of a turn of load, for which this much of the CPU was used.
    pub fn of(load: &Load, cpu: Duration, database: Option<Duration>) -> Self {
        let requests = number(load.latencies.len());
        let at = |percent: usize| load.latencies.get(load.latencies.len() * percent / 100).copied().unwrap_or_default();
        let each = |used: Duration| used.as_secs_f64() * 1e6 / requests;
        Self {
            per_second: requests / load.elapsed.as_secs_f64(),
            p50: at(50).as_secs_f64() * 1e3,
            p99: at(99).as_secs_f64() * 1e3,
            cpu: each(cpu),
            database: database.map(each),
        }
    }

    /// Of a turn of load on a server, and on the database behind it, where that is another process.
    pub fn measured(server: &Server, cluster: Option<&Cluster>, load: impl FnOnce() -> Done<Load>) -> Done<Self> {
        let used = || Ok::<_, Box<dyn std::error::Error>>((server.cpu()?, cluster.map(Cluster::cpu).transpose()?));
        let (server_before, database_before) = used()?;
        let load = load()?;
        let (server, database) = used()?;
        let database = database.zip(database_before).map(|(after, before)| after.saturating_sub(before));
        Ok(Self::of(&load, server.saturating_sub(server_before), database))
    }

    fn medians(turns: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| median(turns.iter().map(figure).collect());
        let database = median(turns.iter().filter_map(|turn| turn.database).collect());
        Self {
            per_second: of(|turn| turn.per_second),
            p50: of(|turn| turn.p50),
            p99: of(|turn| turn.p99),
            cpu: of(|turn| turn.cpu),
            database: (database > 0.0).then_some(database),
        }
    }
}

/// A count, to reckon with.
pub fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

/// The middle one; nothing of nothing.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Lets each have its turns, A B A B, after one to warm up; tells the medians in a table, and gives them.
pub fn compare(title: &str, rounds: usize, mut contestants: Vec<Contestant<'_>>) -> Done<Vec<Figures>> {
    let mut turns: Vec<Vec<Figures>> = vec![Vec::new(); contestants.len()];
    for round in 0..=rounds {
        for (contestant, turns) in contestants.iter_mut().zip(&mut turns) {
            let figures = (contestant.turn)()?;
            if round > 0 {
                turns.push(figures);
            }
        }
    }
    println!("{title}");
    println!("  {:32} {:>10} {:>9} {:>9} {:>9} {:>12}", "", "a second", "p50 ms", "p99 ms", "CPU µs", "database µs");
    let medians: Vec<Figures> = turns.iter().map(|turns| Figures::medians(turns)).collect();
    for (contestant, Figures { per_second, p50, p99, cpu, database }) in contestants.iter().zip(&medians) {
        let database = database.map_or_else(String::new, |used| format!("{used:.0}"));
        println!("  {:32} {per_second:>10.0} {p50:>9.2} {p99:>9.2} {cpu:>9.0} {database:>12}", contestant.name);
    }
    Ok(medians)
}

/// Tells a ratio beside the one that is to be reached.
pub fn ratio(of: &str, ratio: f64, to_reach: f64) {
    println!("  {of}: {ratio:.2} (to be reached: {to_reach})");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_one_is_told() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]).total_cmp(&2.0), std::cmp::Ordering::Equal);
        assert_eq!(median(Vec::new()).total_cmp(&0.0), std::cmp::Ordering::Equal);
    }

    #[test]
    fn a_turn_is_reckoned_by_its_requests() {
        let load = Load { elapsed: Duration::from_secs(2), latencies: (1..=100).map(Duration::from_millis).collect() };
        let figures = Figures::of(&load, Duration::from_millis(10), None);
        assert_eq!(format!("{:.0} {:.0} {:.0} {:.0}", figures.per_second, figures.p50, figures.p99, figures.cpu), "50 51 100 100");
    }
}
