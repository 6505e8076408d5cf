//! What the servers serve: a coalition with a program in which one can sign up today, cohorts, and people who are signed in.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cohortium_api::config::{KeysArgs, sqlite_url};
use cohortium_api::ctx::System;
use cohortium_api::keys::Keys;
use cohortium_api::server::open_store;
use cohortium_api::tokens::Tokens;
use cohortium_domain::access::{Actor, Grant};
use cohortium_domain::coalitions::{Clock, Coalition};
use cohortium_domain::cohorts::{Audience, MeetingMode};
use cohortium_domain::eligibility::JoiningTerms;
use cohortium_domain::employments::roles::Role;
use cohortium_domain::employments::{EmploymentCreate, Level};
use cohortium_domain::ids::{CoalitionId, CohortId, EmploymentId, Id, OrganizationId, ProgramId};
use cohortium_domain::meta::Precondition;
use cohortium_domain::organizations::{Membership, MembershipStatus, OrganizationCreate, OrganizationKind};
use cohortium_domain::people::PersonCreate;
use cohortium_domain::programs::{Capacity, CapacityUpdate, Delivery, EnrollmentMode, ProgramCreate, Terms};
use cohortium_domain::text::{Email, EmailDomain, Name, RoleKey, SchoolYear, Slug, StateCode, Summary, Title};
use cohortium_domain::time::Zone;
use cohortium_domain::timeline::{MilestoneDraft, MilestoneKind, When};
use cohortium_store::{Environment, Origin, Store, Tx};
use cohortium_workflow as workflow;
use cohortium_workflow::cohorts::CohortWish;
use cohortium_workflow::input::Input;
use cohortium_workflow::sign_ins::Issued;
use cohortium_workflow::timeline::Wish as TimelineWish;

use sqlx::Connection;
use uuid::Uuid;

use crate::client::{Request, bearer, post};
use crate::server::PUBLIC_URL;
use crate::{Done, block_on};

/// The coalition's name in addresses.
pub const COALITION: &str = "load";
const ZONE: &str = "America/New_York";
const ROLE: &str = "principal";
const ORIGIN: Origin = Origin { door: "command", request_id: None };
/// So many people are made in one transaction.
const MADE_AT_ONCE: usize = 250;

/// What is to be made.
#[derive(Clone, Copy)]
pub struct Plan {
    /// How many cohorts, all of which are open.
    pub cohorts: usize,
    /// How many seats each of them has.
    pub seats: u32,
    /// How many people who can sign up.
    pub people: usize,
}

/// Somebody who is signed in.
#[derive(Clone, Copy)]
pub struct Somebody {
    /// Who, and by which session.
    pub signed_in: Issued,
    /// Where the person works: whoever is on the staff works nowhere.
    pub employment: Option<EmploymentId>,
}

/// What was made, and what tokens are signed with.
pub struct World {
    /// The data folder of a server that serves it.
    pub data: PathBuf,
    coalition: CoalitionId,
    program: ProgramId,
    school: OrganizationId,
    /// The cohorts.
    pub cohorts: Vec<CohortId>,
    /// Who may see everything.
    pub staff: Somebody,
    /// Who can sign up.
    pub people: Vec<Somebody>,
    tokens: Tokens,
}

impl World {
    /// Makes it in a new data folder, and in this PostgreSQL where one is named.
    pub fn make(data: &Path, database_url: Option<&str>, plan: Plan) -> Done<Self> {
        let environment = Arc::new(System::default());
        let keys = Keys::of_folder(KeysArgs { keys: None }.folder(data), environment.now(), false)?;
        let tokens = Tokens::new(keys, PUBLIC_URL, environment);
        let url = database_url.map_or_else(|| sqlite_url(data), str::to_owned);
        block_on(async {
            let store = open_store(&url).await?;
            let maker = Maker { coalition: found(&store).await?, store };
            let (program, school) = maker.prepare(plan.seats).await?;
            let cohorts = maker.cohorts(program, plan.cohorts).await?;
            let staff = maker.staff().await?;
            let mut people = Vec::with_capacity(plan.people);
            while people.len() < plan.people {
                people.extend(maker.people(school, people.len(), MADE_AT_ONCE.min(plan.people - people.len())).await?);
            }
            maker.store.system().sequence(maker.coalition).await?;
            Ok(Self { data: data.to_owned(), coalition: maker.coalition, program, school, cohorts, staff, people, tokens })
        })
    }

    /// The program.
    pub fn program(&self) -> ProgramId {
        self.program
    }

    /// Writes more into it, before a server serves it.
    pub fn write(&self, database_url: Option<&str>, work: impl AsyncFn(&mut Tx) -> cohortium_store::Result<()>) -> Done {
        let url = database_url.map_or_else(|| sqlite_url(&self.data), str::to_owned);
        block_on(async { Ok(open_store(&url).await?.write(self.coalition, ORIGIN, work).await?) })
    }

    /// What stands in statements about it: the same things of two worlds in the same order.
    pub fn ids(&self) -> impl Iterator<Item = Uuid> {
        self.grounds().into_iter().chain(self.cohorts.iter().map(|cohort| cohort.uuid()))
    }

    /// What a sign-up is about: the person, by which session, at which employment, and to which cohort; and what they all stand on.
    pub fn facts(&self, somebody: &Somebody, cohort: CohortId) -> Vec<Uuid> {
        let employment = somebody.employment.map(Id::uuid).unwrap_or_default();
        let Issued { person, session, token } = somebody.signed_in;
        let own = [person.uuid(), session.uuid(), token.uuid(), employment, cohort.uuid()];
        own.into_iter().chain(self.grounds()).collect()
    }

    fn grounds(&self) -> [Uuid; 3] {
        [self.coalition.uuid(), self.program.uuid(), self.school.uuid()]
    }

    /// The request with which somebody signs up to a cohort.
    pub fn sign_up(&self, somebody: &Somebody, cohort: CohortId) -> Done<Request> {
        let path = format!("/v1/cohorts/{cohort}/applications");
        Ok(post(&path, &[("authorization", &bearer(&self.token(somebody)?))], r#"{"submit":true}"#))
    }

    /// A copy of the SQLite file in another folder, for a writer that is not to see what a server writes; gives its address.
    pub fn copy_to(&self, data: &Path) -> Done<String> {
        std::fs::create_dir_all(data)?;
        let copy = sqlite_url(data);
        let file = copy.trim_start_matches("sqlite://").to_owned();
        block_on(async {
            // By SQLite itself: whoever opens and closes the file besides takes away the locks of its own process.
            let mut original = sqlx::SqliteConnection::connect(&sqlite_url(&self.data)).await?;
            sqlx::query("VACUUM INTO $1").bind(file).execute(&mut original).await?;
            Ok(original.close().await?)
        })?;
        Ok(copy)
    }

    /// An access token, which lasts for ten minutes.
    pub fn token(&self, somebody: &Somebody) -> Done<String> {
        self.tokens.issue(somebody.signed_in).map_err(|problem| format!("no token: {problem:?}").into())
    }
}

async fn found(store: &Store) -> Done<CoalitionId> {
    let environment = store.environment();
    let id = CoalitionId::from_uuid(environment.ordered_uuid());
    let zone: Zone = ZONE.parse()?;
    let made = Coalition::create(id, Slug::new(COALITION)?, Title::new("Load")?, zone, Clock::Live, environment.now());
    store.system().found(made, &Actor::Operator, ORIGIN, async |_| Ok(())).await?;
    Ok(id)
}

/// Makes things in the coalition.
struct Maker {
    store: Store,
    coalition: CoalitionId,
}

impl Maker {
    async fn write<T>(&self, work: impl AsyncFn(&mut Tx) -> cohortium_store::Result<T>) -> Done<T> {
        Ok(self.store.write(self.coalition, ORIGIN, work).await?)
    }

    /// The program, led by staff, whose sign-up has been open for a month; and the school, whose addresses verify by themselves.
    async fn prepare(&self, seats: u32) -> Done<(ProgramId, OrganizationId)> {
        let zone: Zone = ZONE.parse()?;
        let today = zone.date_of(self.store.environment().now());
        let roles = vec![Role { key: RoleKey::new(ROLE)?, label: Name::new("Principal")? }];
        let school = OrganizationCreate {
            name: Title::new("Cedar Hollow")?,
            kind: OrganizationKind::CharterSchool,
            parent_id: None,
            state: StateCode::new("DC")?,
            nces_id: None,
            locale: None,
            email_domains: vec![EmailDomain::new("example.org")?],
            external_id: None,
            membership: Membership { status: MembershipStatus::Active, ..Membership::NONE },
        };
        let program = ProgramCreate {
            slug: Slug::new("communities-of-practice")?,
            name: Title::new("Communities of Practice")?,
            description: None,
            school_year: SchoolYear::new("2026-27")?,
            time_zone: zone,
            delivery: Delivery::StaffLed,
            enrollment_mode: EnrollmentMode::FirstCome,
            capacity: Capacity { min: 1, max: seats },
            terms: Terms::default(),
            joining: JoiningTerms::default(),
        };
        let days = [(MilestoneKind::SignupOpens, -30), (MilestoneKind::Kickoff, 60), (MilestoneKind::Closeout, 200)];
        let milestone = |(kind, days): (MilestoneKind, i64)| {
            let label = Name::new(kind.default_label())?;
            Ok(MilestoneDraft { id: None, kind, label, when: When::On(today.plus_days(days)) })
        };
        let milestones = days.into_iter().map(milestone).collect::<Done<Vec<_>>>()?;
        let timeline = TimelineWish { milestones, reason: None };
        self.write(async |tx| {
            let actor = Actor::Operator;
            workflow::employments::replace_roles(tx, &actor, &Input::given(roles.clone())).await?;
            let school = workflow::organizations::create(tx, &actor, &Input::given(school.clone())).await?;
            let program = workflow::programs::create(tx, &actor, &Input::given(program.clone())).await?;
            workflow::timeline::replace(tx, &actor, program.id, &Input::given(timeline.clone())).await?;
            workflow::programs::publish(tx, &actor, program.id, Precondition::NotNeeded).await?;
            Ok((program.id, school.id))
        })
        .await
    }

    async fn cohorts(&self, program: ProgramId, count: usize) -> Done<Vec<CohortId>> {
        let mut cohorts = Vec::with_capacity(count);
        for number in 1..=count {
            let wish = CohortWish {
                slug: Some(Slug::new(&format!("cohort-{number}"))?),
                title: Title::new(&format!("Community {number:03}"))?,
                description: Some(Summary::new("One case at a time: what a school can answer, and what it cannot.")?),
                audience: Audience { roles: [RoleKey::new(ROLE)?].into(), ..Audience::default() },
                delivery: MeetingMode::Virtual,
                capacity: CapacityUpdate::default(),
                facilitators: Vec::new(),
                milestones: Vec::new(),
            };
            let made = self.write(async |tx| {
                let (cohort, _) = workflow::cohorts::create(tx, &Actor::Operator, program, &Input::given(wish.clone())).await?;
                workflow::cohorts::publish(tx, &Actor::Operator, cohort.id, Precondition::NotNeeded).await
            });
            cohorts.push(made.await?.0.id);
        }
        Ok(cohorts)
    }

    async fn staff(&self) -> Done<Somebody> {
        let staff = person("Sam", "staff@example.org")?;
        self.write(async |tx| {
            let somebody = enter(tx, &staff).await?;
            workflow::accounts::grant(tx, &Actor::Operator, somebody.signed_in.person, Grant::Staff).await?;
            Ok(somebody)
        })
        .await
    }

    /// Principals at the school, from a number on.
    async fn people(&self, school: OrganizationId, from: usize, count: usize) -> Done<Vec<Somebody>> {
        let numbered = |number| person("Pat", &format!("p{number}@example.org"));
        let given = (from..from + count).map(numbered).collect::<Done<Vec<_>>>()?;
        let job = EmploymentCreate {
            organization_id: school,
            title: None,
            role: RoleKey::new(ROLE)?,
            level: Level::School,
            starts_on: "2020-08-01".parse()?,
            ends_on: None,
            external_id: None,
        };
        self.write(async |tx| {
            let mut people = Vec::with_capacity(given.len());
            for person in &given {
                let somebody = enter(tx, person).await?;
                let input = Input::given(job.clone());
                let employment = workflow::employments::create(tx, &Actor::Operator, somebody.signed_in.person, &input).await?;
                people.push(Somebody { employment: Some(employment.id), ..somebody });
            }
            Ok(people)
        })
        .await
    }
}

/// A person with this address.
pub fn person(given_name: &str, email: &str) -> Done<PersonCreate> {
    Ok(PersonCreate {
        given_name: Name::new(given_name)?,
        family_name: Name::new("Tester")?,
        email: Email::new(email)?,
        email_proven: true,
        time_zone: None,
        external_id: None,
    })
}

/// Makes a person with an account, and signs it in.
async fn enter(tx: &mut Tx, given: &PersonCreate) -> cohortium_store::Result<Somebody> {
    let made = workflow::people::create(tx, &Actor::Operator, &Input::given(given.clone())).await?;
    workflow::accounts::set_password(tx, &Actor::Operator, made.id, "no password").await?;
    let signed_in = workflow::sign_ins::begin(tx, made.id, None, &format!("refresh token of {}", made.id)).await?;
    Ok(Somebody { signed_in, employment: None })
}
