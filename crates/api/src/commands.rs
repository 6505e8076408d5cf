//! Commands that work on the data without serving.

use clap::Subcommand;
use cohortium_domain::access::Actor;
use cohortium_domain::coalitions::{Clock, Coalition};
use cohortium_domain::ids::{CoalitionId, Id};
use cohortium_domain::text::{Slug, Title};
use cohortium_domain::time::Zone;
use cohortium_store::Origin;

use crate::config::DataArgs;
use crate::server::{CannotStart, open_data};

/// What is done with coalitions.
#[derive(Subcommand)]
pub enum CoalitionCommand {
    /// Make a coalition.
    Create {
        /// Its name in addresses.
        #[arg(long)]
        slug: String,
        /// Its name.
        #[arg(long)]
        name: String,
        /// The zone in which it lives, for example `America/New_York`.
        #[arg(long)]
        time_zone: String,
        /// With a test clock instead of real time.
        #[arg(long)]
        sandbox: bool,
        /// Where the data are.
        #[command(flatten)]
        data: DataArgs,
    },
}

impl CoalitionCommand {
    /// Runs it.
    ///
    /// # Errors
    /// What is wrong, in a line.
    pub async fn run(self) -> Result<(), CannotStart> {
        let Self::Create { slug, name, time_zone, sandbox, data } = self;
        let slug = Slug::new(&slug).map_err(|fault| CannotStart(format!("--slug: {fault}")))?;
        let name = Title::new(&name).map_err(|fault| CannotStart(format!("--name: {fault}")))?;
        let zone: Zone = time_zone.parse().map_err(|fault| CannotStart(format!("--time-zone: {fault}")))?;
        let store = open_data(&data).await?;
        let now = store.environment().now();
        let clock = if sandbox { Clock::Test { now } } else { Clock::Live };
        let id = CoalitionId::from_uuid(store.environment().ordered_uuid());
        let change = Coalition::create(id, slug, name, zone, clock, now);
        let origin = Origin { door: "command", request_id: None };
        store.system().found(change, &Actor::Operator, origin, async |_| Ok(())).await?;
        println!("{id}");
        Ok(())
    }
}

/// What is done with the journal.
#[derive(Subcommand)]
pub enum JournalCommand {
    /// Check the chain of every coalition's journal.
    Verify(DataArgs),
}

impl JournalCommand {
    /// Runs it.
    ///
    /// # Errors
    /// A chain is broken, or the database cannot be read.
    pub async fn run(self) -> Result<(), CannotStart> {
        let Self::Verify(data) = self;
        let store = open_data(&data).await?;
        let mut broken = Vec::new();
        for coalition in store.system().coalitions().await? {
            store.system().sequence(coalition.id).await?;
            let report = store.read(coalition.id).await?.check_journal().await?;
            match report.broken_at {
                None => println!("{}: {} entries, intact", coalition.slug, report.checked),
                Some(position) => broken.push(format!("{}: the journal is broken at position {position}", coalition.slug)),
            }
        }
        if broken.is_empty() { Ok(()) } else { Err(CannotStart(broken.join("\n"))) }
    }
}
