//! What a request costs, beside what the same work would cost at best, in the same run.
//!
//! Figures of a shared machine mean nothing alone. So every comparison runs a server of Cohortium and a *ceiling* (the least that
//! does the same work) in turns, and tells medians and the ratio. Nothing is asserted. What always holds: servers are processes of
//! their own, with the settings of production; a database that is written to is on a disk, and every answer is durable. Linux only:
//! the CPU's time is read from `/proc`.

mod auth;
mod catalog;
mod ceiling;
mod client;
mod herd;
mod list;
mod measure;
mod paging;
mod pgbench;
mod postgres;
mod ranking;
mod replay;
mod server;
mod sign_up;
mod start;
mod statements;
mod world;
mod writer;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::postgres::Cluster;

/// What came of something that can go wrong in any way: whoever runs this reads why.
type Done<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Compares what requests cost with what the same work would cost at best.
#[derive(Parser)]
struct Cli {
    /// What to compare: everything, when nothing is said.
    #[command(subcommand)]
    comparison: Option<Comparison>,
    #[command(flatten)]
    terms: Terms,
}

/// How a comparison is run.
#[derive(Args, Clone)]
struct Terms {
    /// How many turns each of the compared has.
    #[arg(long, global = true, default_value_t = 3)]
    rounds: usize,
    /// For how many seconds a turn of reads lasts.
    #[arg(long, global = true, default_value_t = 4)]
    seconds: u64,
    /// How many sign-ups make a turn.
    #[arg(long, global = true, default_value_t = 2_000)]
    sign_ups: usize,
    /// How many callers there are at once.
    #[arg(long, global = true, default_value_t = 16)]
    clients: usize,
    /// Where the databases are put for the time being: on a disk.
    #[arg(long, global = true, default_value = "/var/tmp", value_name = "DIR")]
    folder: PathBuf,
}

#[derive(Subcommand)]
enum Comparison {
    /// The catalog's list of cohorts, from memory; the ceiling sends the same bytes.
    Catalog,
    /// A list of 20 applications for staff, on each database; the ceiling asks the same statements, and asks nobody who they are.
    List,
    /// What it costs to know who calls.
    Auth,
    /// Sign-ups, durable when they are answered; the ceiling runs the same statements, and decides nothing.
    SignUp,
    /// Far more people at once than there are seats; the ceiling runs the same statements.
    Herd,
    /// One page of a list among a hundred rows, and among a million.
    Paging,
    /// The ranking of 100, of 1,000 and of 10,000 proposals, in one request.
    Ranking,
    /// How long a server takes from its start until it is ready.
    Start,
    /// A ceiling, as a server: for this program alone.
    #[command(subcommand, hide = true)]
    Ceiling(ceiling::Ceiling),
}

/// Where a comparison has its databases.
struct Site {
    terms: Terms,
    folder: tempfile::TempDir,
}

impl Site {
    fn new(terms: Terms) -> Done<Self> {
        // PostgreSQL runs as another user where this runs as root, and must get through.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        let folder = tempfile::Builder::new().prefix("cohortium-load-").permissions(open).tempdir_in(&terms.folder)?;
        Ok(Self { terms, folder })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn turn(&self) -> Duration {
        Duration::from_secs(self.terms.seconds)
    }
}

fn main() -> ExitCode {
    let Cli { comparison, terms } = Cli::parse();
    match run(comparison, terms) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cohortium-load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(comparison: Option<Comparison>, terms: Terms) -> Done {
    if let Some(Comparison::Ceiling(ceiling)) = comparison {
        return ceiling.serve();
    }
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("{} cores, of which others use at the start (load of 1, 5, 15 minutes): {}", server::cores(), load.trim());
    println!("{} turns each, {} callers at once; medians\n", terms.rounds, terms.clients);
    let site = Site::new(terms)?;
    match comparison {
        Some(Comparison::Catalog) => catalog::compare(&site),
        Some(Comparison::List) => list::compare(&site, &Cluster::start(&site)?),
        Some(Comparison::Auth) => auth::compare(&site, &Cluster::start(&site)?),
        Some(Comparison::SignUp) => sign_up::compare(&site, &Cluster::start(&site)?),
        Some(Comparison::Herd) => herd::compare(&site, &Cluster::start(&site)?),
        Some(Comparison::Paging) => paging::compare(&site, &Cluster::start(&site)?),
        Some(Comparison::Ranking) => ranking::compare(&site, &Cluster::start(&site)?),
        Some(Comparison::Start) => start::compare(&site, &Cluster::start(&site)?),
        Some(Comparison::Ceiling(_)) | None => {
            let cluster = Cluster::start(&site)?;
            catalog::compare(&site)?;
            list::compare(&site, &cluster)?;
            auth::compare(&site, &cluster)?;
            sign_up::compare(&site, &cluster)?;
            herd::compare(&site, &cluster)?;
            paging::compare(&site, &cluster)?;
            ranking::compare(&site, &cluster)?;
            start::compare(&site, &cluster)
        }
    }
}

/// Runs something asynchronous to its end.
fn block_on<T>(future: impl Future<Output = Done<T>>) -> Done<T> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(future)
}
