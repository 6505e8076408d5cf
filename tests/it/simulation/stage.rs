//! Where a story plays: a coalition with a program, a cohort and some people, made in one transaction.

use std::collections::BTreeSet;

use cohortium_domain::access::Actor;
use cohortium_domain::applications::{Application, ApplicationState};
use cohortium_domain::coalitions::{Clock, Coalition};
use cohortium_domain::cohorts::{Audience, MeetingMode, Signup};
use cohortium_domain::eligibility::JoiningTerms;
use cohortium_domain::employments::roles::Role;
use cohortium_domain::employments::{EmploymentCreate, Level};
use cohortium_domain::ids::{ApplicationId, CoalitionId, CohortId, EmploymentId, Id, PersonId, ProgramId};
use cohortium_domain::meta::Precondition;
use cohortium_domain::organizations::{Membership, OrganizationCreate, OrganizationKind};
use cohortium_domain::people::PersonCreate;
use cohortium_domain::programs::{Capacity, CapacityUpdate, Delivery, EnrollmentMode, ProgramCreate, Terms};
use cohortium_domain::text::{Email, EmailDomain, Name, RoleKey, SchoolYear, Slug, StateCode, Title};
use cohortium_domain::time::Timestamp;
use cohortium_domain::timeline::{MilestoneDraft, MilestoneKind, When};
use cohortium_domain::words::Word;
use cohortium_store::{Read, Result, Store, Tx};
use cohortium_tests::api::{ORIGIN, at, must};
use cohortium_workflow as workflow;
use cohortium_workflow::cohorts::{CohortWish, InYear};
use cohortium_workflow::input::Input;
use cohortium_workflow::timeline::Wish;

use crate::seeds::Numbers;

/// How many people there are: half of them are verified as soon as it is asked for, the others when staff do it.
pub const PEOPLE: usize = 6;

/// A day after the kick-off.
pub fn after_kickoff() -> Timestamp {
    at("2019-12-10T12:00:00Z")
}

/// A story's stage.
pub struct Stage {
    pub store: Store,
    pub coalition: CoalitionId,
    pub program: ProgramId,
    pub cohort: CohortId,
    signup: Signup,
    /// How many of one organization can take part, where that is limited.
    pub most_of_one: Option<u32>,
    pub people: Vec<(PersonId, EmploymentId)>,
    /// What each person has applied with last.
    pub applications: Vec<Option<ApplicationId>>,
}

impl Stage {
    /// Sets it: November 1, two seats, and now and then a limit for each organization.
    pub async fn set(store: &Store, mode: &str, numbers: &mut Numbers) -> Self {
        let coalition = CoalitionId::from_uuid(store.environment().ordered_uuid());
        let slug = Slug::new(&format!("c-{}", coalition.uuid().simple())).unwrap();
        let (zone, now) = ("America/New_York".parse().unwrap(), at("2019-11-01T12:00:00Z"));
        let change = Coalition::create(coalition, slug, Title::new("A coalition").unwrap(), zone, Clock::Test { now }, now);
        let most_of_one = (numbers.below(3) == 0).then_some(2);
        let furnish = async |tx: &mut Tx| furnish(tx, EnrollmentMode::parse(mode).unwrap(), most_of_one).await;
        let (in_year, people) = must(store.system().found(change, &Actor::Operator, ORIGIN, furnish).await);
        let (cohort, year) = in_year;
        let (signup, applications) = (year.signup(&cohort).unwrap(), vec![None; PEOPLE]);
        Self {
            store: store.clone(),
            coalition,
            program: cohort.program_id,
            cohort: cohort.id,
            signup,
            most_of_one,
            people,
            applications,
        }
    }

    pub async fn read(&self) -> Read {
        must(self.store.read(self.coalition).await)
    }

    /// What the coalition's clock shows.
    pub async fn now(&self) -> Timestamp {
        self.read().await.now()
    }

    /// The applications that are over now, by a decision or by their time.
    pub async fn over(&self) -> BTreeSet<ApplicationId> {
        let read = self.read().await;
        let all: Vec<Application> = must(read.applications_in(self.cohort, ApplicationState::ALL).await);
        all.into_iter().filter(|one| over(one.clone().as_of(&self.signup, read.now()).state())).map(|one| one.id).collect()
    }

    /// Who waits at another position than the order of the places says.
    pub async fn misplaced(&self) -> Vec<ApplicationId> {
        let read = self.read().await;
        let mut waiting: Vec<Application> = must(read.applications_in(self.cohort, &[ApplicationState::Waitlisted]).await);
        waiting.sort_by_key(|one| one.standing.place());
        let told = must(read.waitlist_positions(waiting.iter().map(|one| one.id)).await);
        let wrong = |(position, one): (u32, &Application)| (told.get(&one.id) != Some(&position)).then_some(one.id);
        (1..).zip(&waiting).filter_map(wrong).collect()
    }

    pub fn postgres(&self) -> bool {
        self.store.shared()
    }

    pub fn cohort_sql(&self) -> String {
        self.sql(self.cohort)
    }

    pub fn coalition_sql(&self) -> String {
        self.sql(self.coalition)
    }

    /// An id as the database writes it.
    fn sql(&self, id: impl Id) -> String {
        let id = id.uuid();
        if self.postgres() { format!("'{id}'::uuid") } else { format!("X'{}'", id.simple()) }
    }
}

fn over(state: ApplicationState) -> bool {
    use ApplicationState::{Completed, Declined, Expired, Removed, Withdrawn};
    matches!(state, Completed | Declined | Expired | Removed | Withdrawn)
}

type Furnished = (InYear, Vec<(PersonId, EmploymentId)>);

async fn furnish(tx: &mut Tx, mode: EnrollmentMode, max_per_organization: Option<u32>) -> Result<Furnished> {
    let actor = Actor::Operator;
    let role = Role { key: RoleKey::new("principal").unwrap(), label: Name::new("Principal").unwrap() };
    workflow::employments::replace_roles(tx, &actor, &Input::given(vec![role])).await?;
    let people = people(tx, &actor).await?;
    let program = program(tx, &actor, mode, max_per_organization).await?;
    let cohort = CohortWish {
        slug: None,
        title: Title::new("Rural Leadership").unwrap(),
        description: None,
        audience: Audience { roles: [RoleKey::new("principal").unwrap()].into(), ..Audience::default() },
        delivery: MeetingMode::Virtual,
        capacity: CapacityUpdate { min: Some(1), max: Some(2) },
        facilitators: Vec::new(),
        milestones: Vec::new(),
    };
    let (cohort, _) = workflow::cohorts::create(tx, &actor, program, &Input::given(cohort)).await?;
    let published = workflow::cohorts::publish(tx, &actor, cohort.id, Precondition::NotNeeded).await?;
    Ok((published, people))
}

async fn people(tx: &mut Tx, actor: &Actor) -> Result<Vec<(PersonId, EmploymentId)>> {
    let mut schools = Vec::new();
    for (name, domains) in [("Cedar Hollow", vec!["example.org"]), ("Elm Grove", Vec::new())] {
        let school = OrganizationCreate {
            name: Title::new(name).unwrap(),
            kind: OrganizationKind::CharterSchool,
            parent_id: None,
            state: StateCode::new("DC").unwrap(),
            nces_id: None,
            locale: None,
            email_domains: domains.into_iter().map(|domain| EmailDomain::new(domain).unwrap()).collect(),
            external_id: None,
            membership: Membership::NONE,
        };
        schools.push(workflow::organizations::create(tx, actor, &Input::given(school)).await?.id);
    }
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        let person = PersonCreate {
            given_name: Name::new(&format!("P{number}")).unwrap(),
            family_name: Name::new("Tester").unwrap(),
            email: Email::new(&format!("p{number}@example.org")).unwrap(),
            email_proven: true,
            time_zone: None,
            external_id: None,
        };
        let person = workflow::people::create(tx, actor, &Input::given(person)).await?;
        let employment = EmploymentCreate {
            organization_id: schools[number % schools.len()],
            title: None,
            role: RoleKey::new("principal").unwrap(),
            level: Level::School,
            starts_on: "2018-08-01".parse().unwrap(),
            ends_on: None,
            external_id: None,
        };
        let employment = workflow::employments::create(tx, actor, person.id, &Input::given(employment)).await?;
        people.push((person.id, employment.id));
    }
    Ok(people)
}

async fn program(tx: &mut Tx, actor: &Actor, mode: EnrollmentMode, max_per_organization: Option<u32>) -> Result<ProgramId> {
    let program = ProgramCreate {
        slug: Slug::new("cop").unwrap(),
        name: Title::new("Communities of Practice").unwrap(),
        description: None,
        school_year: SchoolYear::new("2019-20").unwrap(),
        time_zone: "America/New_York".parse().unwrap(),
        delivery: Delivery::StaffLed,
        enrollment_mode: mode,
        capacity: Capacity::default(),
        terms: Terms { hold_days: 1, offer_days: 1, ..Terms::default() },
        joining: JoiningTerms { max_per_organization, ..JoiningTerms::default() },
    };
    let program = workflow::programs::create(tx, actor, &Input::given(program)).await?;
    let days = [
        (MilestoneKind::SignupOpens, "2019-10-17"),
        (MilestoneKind::Kickoff, "2019-12-09"),
        (MilestoneKind::Closeout, "2020-06-15"),
    ];
    let milestone = |(kind, day): (MilestoneKind, &str)| MilestoneDraft {
        id: None,
        kind,
        label: Name::new(kind.default_label()).unwrap(),
        when: When::On(day.parse().unwrap()),
    };
    let wish = Wish { milestones: days.map(milestone).into(), reason: None };
    workflow::timeline::replace(tx, actor, program.id, &Input::given(wish)).await?;
    workflow::programs::publish(tx, actor, program.id, Precondition::NotNeeded).await?;
    Ok(program.id)
}
