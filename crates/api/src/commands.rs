//! Commands that work on the data without serving.

use std::path::{Path, PathBuf};

use chrono::Duration;
use clap::Subcommand;
use cohortium_domain::access::{Actor, Grant};
use cohortium_domain::coalitions::{Clock, Coalition};
use cohortium_domain::ids::{CoalitionId, Id};
use cohortium_domain::passwords::{Hints, Password};
use cohortium_domain::people::PersonCreate;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::text::{Email, Name, Slug, TextFault, Title};
use cohortium_domain::time::Zone;
use cohortium_store::{Environment, Error, Origin, Store};
use cohortium_workflow as workflow;
use cohortium_workflow::input::Input;
use cohortium_workflow::links::Token;
use cohortium_workflow::passwords::{HashCost, Passwords};

use crate::config::{DataArgs, KeysArgs};
use crate::ctx::System;
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
        let slug = Slug::new(&slug).map_err(|fault| wrong("--slug", fault))?;
        let name = Title::new(&name).map_err(|fault| wrong("--name", fault))?;
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

/// What is done with owners.
#[derive(Subcommand)]
pub enum OwnerCommand {
    /// Make a person who owns a coalition, and can sign in.
    Create {
        /// The coalition's slug.
        #[arg(long)]
        coalition: String,
        /// The person's e-mail address.
        #[arg(long)]
        email: String,
        /// The person's given name.
        #[arg(long)]
        given_name: String,
        /// The person's family name.
        #[arg(long)]
        family_name: String,
        /// A file that holds the person's password, of 15 characters or more. Without it, a link is printed by which the person
        /// sets one.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        /// Where the data are.
        #[command(flatten)]
        data: DataArgs,
    },
}

impl OwnerCommand {
    /// Runs it.
    ///
    /// # Errors
    /// What is wrong, in a line.
    pub async fn run(self) -> Result<(), CannotStart> {
        let Self::Create { coalition, email, given_name, family_name, password_file, data } = self;
        let password = password_file.as_deref().map(read_password).transpose()?;
        let person = PersonCreate {
            given_name: Name::new(&given_name).map_err(|fault| wrong("--given-name", fault))?,
            family_name: Name::new(&family_name).map_err(|fault| wrong("--family-name", fault))?,
            email: Email::new(&email).map_err(|fault| wrong("--email", fault))?,
            email_proven: true,
            time_zone: None,
            external_id: None,
        };
        let store = open_data(&data).await?;
        let slug = Slug::new(&coalition).map_err(|fault| wrong("--coalition", fault))?;
        let found = store.system().coalition_by_slug(&slug).await?;
        let found = found
            .ok_or_else(|| CannotStart(format!("--coalition {slug}: there is none; make it with `cohortium coalition create`")))?;
        let hash = match password {
            Some(password) => Some(choose(&store, &found, &person.email, &password).await?),
            None => None,
        };
        let token = Token::make(&**store.environment());
        let origin = Origin { door: "command", request_id: None };
        let made = store.write(found.id, origin, async |tx| {
            let person = workflow::people::create(tx, &Actor::Operator, &Input::given(person.clone())).await?;
            workflow::accounts::grant(tx, &Actor::Operator, person.id, Grant::Owner).await?;
            let Some(hash) = &hash else { return workflow::accounts::set_up(tx, &person, &token).await };
            workflow::accounts::set_password(tx, &Actor::Operator, person.id, hash).await?;
            Ok(person.id.to_string())
        });
        println!("{}", made.await?);
        Ok(())
    }
}

fn read_password(file: &Path) -> Result<Password, CannotStart> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| CannotStart(format!("--password-file {}: cannot be read: {error}", file.display())))?;
    Password::new(text.trim_end_matches(['\r', '\n'])).map_err(|fault| wrong("--password-file", fault))
}

/// The hash of a password, when it can be taken.
async fn choose(store: &Store, coalition: &Coalition, email: &Email, password: &Password) -> Result<String, CannotStart> {
    let hints = Hints::new(email, &coalition.slug, coalition.name.as_str());
    let passwords = Passwords::new(1, &store.environment().random(), HashCost::default())?;
    match passwords.choose(password, &hints, store.environment().random()).await {
        Err(Error::Refused(Refusal::Invalid(faults))) => {
            let said: Vec<&str> = faults.iter().map(|fault| fault.detail.as_str()).collect();
            Err(CannotStart(format!("--password-file: {}", said.join("; "))))
        }
        hash => Ok(hash?),
    }
}

fn wrong(flag: &str, fault: TextFault) -> CannotStart {
    CannotStart(format!("{flag}: {fault}"))
}

/// What is done with the signing keys.
#[derive(Subcommand)]
pub enum KeysCommand {
    /// Make the next signing key, and remove those that are over.
    ///
    /// Running servers publish it within seconds, and sign with it when its time has come. What the key before it has signed stays
    /// good for as long as it lasts, so nobody is signed out. To refuse at once what a key has signed that leaked, rotate with
    /// --now and remove its file.
    Rotate {
        /// After how long it signs: a number, and s, m, h or d. Several servers, and whoever keeps a copy of the public keys, must
        /// see it before.
        #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration)]
        after: Duration,
        /// It signs at once.
        #[arg(long, conflicts_with = "after")]
        now: bool,
        /// The folder of the data.
        #[arg(long, env = "COHORTIUM_DATA", default_value = "data", value_name = "DIR")]
        data: PathBuf,
        /// Where the keys are.
        #[command(flatten)]
        keys: KeysArgs,
    },
}

impl KeysCommand {
    /// Runs it.
    ///
    /// # Errors
    /// What is wrong, in a line.
    pub fn run(self) -> Result<(), CannotStart> {
        let Self::Rotate { after, now, data, keys } = self;
        let folder = keys.folder(&data);
        let after = if now { Duration::zero() } else { after };
        let rotated = folder
            .rotate(System::default().now(), after)
            .map_err(|error| CannotStart(format!("the keys in {} are not rotated: {error}", folder.path().display())))?;
        println!("{} signs from {}", rotated.kid, rotated.signs_from);
        for kid in rotated.removed {
            println!("{kid} is over, and removed");
        }
        Ok(())
    }
}

/// A time such as 24h.
fn duration(text: &str) -> Result<Duration, String> {
    let seconds = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)].iter().find_map(|(unit, seconds)| {
        let number: u32 = text.strip_suffix(*unit)?.parse().ok()?;
        i64::from(number).checked_mul(*seconds)
    });
    let longest = Duration::days(365);
    let time = seconds.and_then(Duration::try_seconds).filter(|time| *time <= longest);
    time.ok_or_else(|| "must be a number and s, m, h or d, such as 24h, and no more than a year".to_owned())
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
