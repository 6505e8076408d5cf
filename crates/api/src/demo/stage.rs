//! The stage on which a demo's year is played: a sandbox coalition, its clock, and its people.
//!
//! What always holds: everything is done through the workflows, by the person who would do it, at the instant at which it was done.
//! A deed is boxed, so that a whole year of them stays a small future.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use cohortium_domain::access::{Action, Actor, Grant};
use cohortium_domain::coalitions::{Clock, Coalition};
use cohortium_domain::employments::roles::Role;
use cohortium_domain::employments::{EmploymentCreate, Level};
use cohortium_domain::files::content::{Content, FileType};
use cohortium_domain::ids::{CoalitionId, EmploymentId, EvidenceId, Id, OrganizationId, PersonId, VerificationId};
use cohortium_domain::mails::Unsent;
use cohortium_domain::meta::Precondition;
use cohortium_domain::organizations::OrganizationCreate;
use cohortium_domain::people::PersonCreate;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::text::{Email, ExternalId, Name, RoleKey, Slug, TextFault, Title};
use cohortium_domain::time::{Date, Timestamp, WallTime, Zone};
use cohortium_domain::words::Word;
use cohortium_store::{ClockHold, Error, Origin, Store, Tx};
use cohortium_workflow as workflow;
use cohortium_workflow::clock::Move;
use cohortium_workflow::input::Input;
use cohortium_workflow::mails::{Letter, Mailer};

use crate::files::Files;
use crate::problem::Problem;

/// Where the demo's changes come from.
const ORIGIN: Origin = Origin { door: "demo", request_id: None };

/// Why a play stops.
#[derive(Debug)]
pub enum Halt {
    /// The instant was reached up to which it was to be played.
    Curtain,
    /// Something did not go as it was written: a defect.
    Broken(String),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Broken(format!("{error:?}"))
    }
}

impl From<TextFault> for Halt {
    fn from(fault: TextFault) -> Self {
        Self::Broken(fault.to_string())
    }
}

impl From<Refusal> for Halt {
    fn from(refusal: Refusal) -> Self {
        Self::Broken(refusal.to_string())
    }
}

impl From<Problem> for Halt {
    fn from(problem: Problem) -> Self {
        Self::Broken(format!("{problem:?}"))
    }
}

/// A play's progress.
pub type Played<T = ()> = Result<T, Halt>;

/// Where and how far a year is played.
#[derive(Clone, Copy)]
pub struct Script<'a> {
    /// The store that it is played into.
    pub store: &'a Store,
    /// Where what people upload is kept.
    pub files: &'a Files,
    /// The instant up to which it is played.
    pub until: Timestamp,
    /// Of the password with which everybody can sign in.
    pub password_hash: &'a str,
}

/// The coalition of a year.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// Its slug.
    pub slug: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The zone in which it lives.
    pub zone: &'a str,
}

/// A stage.
pub struct Stage<'a> {
    store: &'a Store,
    files: &'a Files,
    coalition: CoalitionId,
    zone: Zone,
    until: Timestamp,
    password_hash: &'a str,
    cast: BTreeMap<&'static str, (PersonId, Vec<Grant>)>,
    organizations: BTreeMap<&'static str, OrganizationId>,
}

impl<'a> Stage<'a> {
    /// Makes the coalition, whose clock shows `from`.
    pub async fn set(script: Script<'a>, place: Place<'_>, from: &str) -> Played<Self> {
        let Script { store, files, until, password_hash } = script;
        let id = CoalitionId::from_uuid(store.environment().ordered_uuid());
        let zone: Zone = place.zone.parse().map_err(|fault| Halt::Broken(format!("{fault}")))?;
        let now = instant(zone, from)?;
        let change = Coalition::create(id, Slug::new(place.slug)?, Title::new(place.name)?, zone, Clock::Test { now }, now);
        store.system().found(change, &Actor::Operator, ORIGIN, async |_| Ok(())).await?;
        let (cast, organizations) = (BTreeMap::new(), BTreeMap::new());
        Ok(Self { store, files, coalition: id, zone, until, password_hash, cast, organizations })
    }

    /// The zone in which it plays.
    pub fn zone(&self) -> Zone {
        self.zone
    }

    /// Moves the clock to a wall time of the coalition's zone, such as `2019-09-12 09:00`.
    pub async fn reach(&self, when: &str) -> Played {
        self.reach_instant(instant(self.zone, when)?).await
    }

    /// Moves the clock to an instant.
    pub async fn reach_instant(&self, next: Timestamp) -> Played {
        if next > self.until {
            self.land().await?;
            return Err(Halt::Curtain);
        }
        self.move_clock(next).await
    }

    /// Moves the clock to the instant up to which is played.
    pub async fn land(&self) -> Played {
        self.move_clock(self.until).await
    }

    async fn move_clock(&self, to: Timestamp) -> Played {
        let moving = self.store.write_holding(ClockHold::Moving, self.coalition, ORIGIN, async |tx| {
            let later = Input::given(Move::To(to.max(tx.now())));
            workflow::clock::advance(tx, &Actor::Operator, Action::SetClock, &later).await
        });
        Box::pin(moving).await.map(drop).map_err(Halt::from)
    }

    /// Does something as the operator, who sets things up.
    pub async fn set_up<T>(&self, deed: impl AsyncFn(&mut Tx) -> Result<T, Error>) -> Played<T> {
        Box::pin(self.store.write(self.coalition, ORIGIN, deed)).await.map_err(Halt::from)
    }

    /// Does something as one of the cast.
    pub async fn act<T>(&self, who: &str, deed: impl AsyncFn(&mut Tx, &Actor) -> Result<T, Error>) -> Played<T> {
        let actor = self.actor(who)?;
        let acting = self.store.write(self.coalition, ORIGIN, async |tx| deed(tx, &actor).await);
        Box::pin(acting).await.map_err(|error| Halt::Broken(format!("{who}: {error:?}")))
    }

    /// Tries something as one of the cast that is to be refused.
    pub async fn refused<T>(&self, who: &str, deed: impl AsyncFn(&mut Tx, &Actor) -> Result<T, Error>) -> Played {
        let actor = self.actor(who)?;
        let trying = self.store.write(self.coalition, ORIGIN, async |tx| deed(tx, &actor).await);
        match Box::pin(trying).await {
            Err(Error::Refused(_)) => Ok(()),
            Err(error) => Err(Halt::Broken(format!("{who}: {error}"))),
            Ok(_) => Err(Halt::Broken(format!("{who} was to be refused, and was not"))),
        }
    }

    /// Puts a person on the stage: with a proven address, and able to sign in.
    pub async fn enter(&mut self, key: &'static str, name: (&str, &str), email: &str, grants: &[Grant]) -> Played<PersonId> {
        let given = PersonCreate {
            given_name: Name::new(name.0)?,
            family_name: Name::new(name.1)?,
            email: Email::new(email)?,
            email_proven: true,
            time_zone: None,
            external_id: Some(ExternalId::new(&format!("crm-{key}"))?),
        };
        let person = self.set_up(async |tx| {
            let person = workflow::people::create(tx, &Actor::Operator, &Input::given(given.clone())).await?;
            for grant in grants {
                workflow::accounts::grant(tx, &Actor::Operator, person.id, *grant).await?;
            }
            workflow::accounts::set_password(tx, &Actor::Operator, person.id, self.password_hash).await?;
            Ok(person.id)
        });
        let id = person.await?;
        self.cast.insert(key, (id, grants.to_vec()));
        Ok(id)
    }

    /// Puts an organization on the stage: a member of the coalition since a day.
    pub async fn organization(&mut self, key: &'static str, given: OrganizationCreate) -> Played<OrganizationId> {
        let made = self.set_up(async |tx| {
            let organization = workflow::organizations::create(tx, &Actor::Operator, &Input::given(given.clone())).await?;
            Ok(organization.id)
        });
        let id = made.await?;
        self.organizations.insert(key, id);
        Ok(id)
    }

    /// Says that one of the cast works somewhere, as the CRM knows it.
    pub async fn employ(&self, who: &str, at: &str, job: Job<'_>) -> Played<EmploymentId> {
        let (person, given) = (self.person(who)?, self.employment(at, job)?);
        let made = self.set_up(async |tx| {
            let employment = workflow::employments::create(tx, &Actor::Operator, person, &Input::given(given.clone())).await?;
            Ok(employment.id)
        });
        made.await
    }

    /// Has one of the cast say so itself.
    pub async fn claim(&self, who: &str, at: &str, job: Job<'_>) -> Played {
        let given = self.employment(at, job)?;
        let said = self.act(who, async |tx, own| workflow::employments::create_own(tx, own, &Input::given(given.clone())).await);
        said.await.map(drop)
    }

    fn employment(&self, at: &str, job: Job<'_>) -> Played<EmploymentCreate> {
        let organization_id = *self.organizations.get(at).ok_or_else(|| Halt::Broken(format!("{at} is not on the stage")))?;
        Ok(EmploymentCreate {
            organization_id,
            title: Some(Title::new(job.title)?),
            role: RoleKey::new(job.role)?,
            level: job.level,
            starts_on: date(job.since)?,
            ends_on: job.until.map(date).transpose()?,
            external_id: None,
        })
    }

    /// Uploads a letter as one of the cast, to show where it works. Gives the evidence that it is.
    pub async fn upload(&self, who: &str, verification: VerificationId, name: &str, letter: &[u8]) -> Played<EvidenceId> {
        let content = Content::take(name, FileType::Pdf.as_str(), letter)?;
        let file = self.files.keep_new(&**self.store.environment(), self.coalition, &content).await?;
        let added = self.act(who, async |tx, actor| {
            workflow::verifications::documents::add(tx, actor, verification, (file, &content), Precondition::NotNeeded).await
        });
        Ok(added.await?.evidence_id)
    }

    /// The token of the link that somebody is mailed, as whoever opens that mail reads it; nothing, where a server that runs
    /// meanwhile has just sent the mail. All other mails wait on.
    pub async fn token_mailed_to(&self, address: &Email) -> Played<Option<String>> {
        let opens = OpensMail { address, opened: OnceLock::new() };
        Box::pin(workflow::mails::deliver(self.store, self.coalition, &opens)).await?;
        // Where a coalition has no front end, the token stands on a line of its own, which alone is indented.
        let token = opens.opened.get().and_then(|text| text.lines().find_map(|line| line.strip_prefix("    ")));
        Ok(token.map(str::to_owned))
    }

    /// Gives the coalition its list of roles.
    pub async fn roles(&self, roles: &[(&str, &str)]) -> Played {
        let role = |(key, label): &(&str, &str)| Ok::<_, TextFault>(Role { key: RoleKey::new(key)?, label: Name::new(label)? });
        let roles = roles.iter().map(role).collect::<Result<Vec<_>, _>>()?;
        self.set_up(async |tx| {
            workflow::employments::replace_roles(tx, &Actor::Operator, &Input::given(roles.clone())).await.map(drop)
        })
        .await
    }

    /// One of the cast.
    pub fn person(&self, key: &str) -> Played<PersonId> {
        self.cast.get(key).map(|(id, _)| *id).ok_or_else(|| Halt::Broken(format!("{key} is not on the stage")))
    }

    fn actor(&self, key: &str) -> Played<Actor> {
        let (id, grants) = self.cast.get(key).ok_or_else(|| Halt::Broken(format!("{key} is not on the stage")))?;
        Ok(Actor::Person { id: *id, grants: grants.iter().copied().collect() })
    }
}

/// Somebody who opens the mail that comes to an address.
struct OpensMail<'a> {
    address: &'a Email,
    opened: OnceLock<String>,
}

impl Mailer for OpensMail<'_> {
    async fn send(&self, letter: &Letter) -> Result<(), Unsent> {
        if letter.to != *self.address {
            return Err(Unsent::NotNow);
        }
        self.opened.get_or_init(|| letter.text.clone());
        Ok(())
    }
}

/// A job that somebody has.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// What the organization calls it.
    pub title: &'a str,
    /// What the coalition calls it.
    pub role: &'a str,
    /// At which level.
    pub level: Level,
    /// Since when.
    pub since: &'a str,
    /// Until when, where that is known.
    pub until: Option<&'a str>,
}

/// A date from `YYYY-MM-DD`.
pub fn date(text: &str) -> Played<Date> {
    text.parse().map_err(|_| Halt::Broken(format!("{text} is no date")))
}

/// An instant from `YYYY-MM-DD HH:MM` on the wall of a zone.
fn instant(zone: Zone, text: &str) -> Played<Timestamp> {
    let broken = || Halt::Broken(format!("{text} is no wall time"));
    let (date, time) = text.split_once(' ').ok_or_else(broken)?;
    let time: WallTime = time.parse().map_err(|_| broken())?;
    zone.at(date.parse().map_err(|_| broken())?, time).map_err(|_| broken())
}
