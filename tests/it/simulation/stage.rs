//! Where a story plays: a coalition with a program, some cohorts and some people, made in one transaction.

use std::cell::Cell;
use std::collections::BTreeSet;

use cohortium_domain::access::Actor;
use cohortium_domain::applications::{Application, ApplicationState};
use cohortium_domain::coalitions::{Clock, Coalition};
use cohortium_domain::cohorts::{Audience, Cohort, MeetingMode, Signup};
use cohortium_domain::eligibility::JoiningTerms;
use cohortium_domain::employments::roles::Role;
use cohortium_domain::employments::{EmploymentCreate, Level};
use cohortium_domain::ids::{ApplicationId, CoalitionId, CohortId, EmploymentId, Id, PersonId, ProgramId, TeamId};
use cohortium_domain::meta::Precondition;
use cohortium_domain::organizations::{Membership, OrganizationCreate, OrganizationKind};
use cohortium_domain::people::PersonCreate;
use cohortium_domain::programs::{Capacity, CapacityUpdate, Delivery, EnrollmentMode, ProgramCreate, Terms};
use cohortium_domain::refusal::Refusal;
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

/// How many people there are: half of them are verified as soon as it is asked for, the others when staff do it. Each half are
/// colleagues.
pub const PEOPLE: usize = 6;
/// How many cohorts one can apply to at any time.
pub const COHORTS: usize = 3;

/// A day after the kick-off.
pub fn after_kickoff() -> Timestamp {
    at("2019-12-10T12:00:00Z")
}

/// A story's stage.
pub struct Stage {
    copies: Vec<Store>,
    /// How often something was written.
    writes: Cell<usize>,
    pub coalition: CoalitionId,
    pub program: ProgramId,
    /// The cohorts to which one can apply: another takes the place of one that ends.
    pub cohorts: Vec<CohortId>,
    made: usize,
    signup: Signup,
    /// How many of one organization can take part, where that is limited.
    pub most_of_one: Option<u32>,
    pub people: Vec<(PersonId, EmploymentId)>,
    /// What each person has applied with, the last at the end.
    pub applications: Vec<Vec<ApplicationId>>,
    /// The team in which each person was named last.
    pub teams: Vec<Option<TeamId>>,
}

/// What is asked for in a story's program.
#[derive(Clone, Copy)]
struct Rules {
    mode: EnrollmentMode,
    most_of_one: Option<u32>,
    one_cohort: bool,
}

impl Stage {
    /// Sets it: November 1, two seats in each cohort, now and then a limit for each organization, and now and then one cohort for
    /// everybody.
    pub async fn set(copies: &[Store], mode: &str, numbers: &mut Numbers) -> Self {
        let store = &copies[0];
        let coalition = CoalitionId::from_uuid(store.environment().ordered_uuid());
        let slug = Slug::new(&format!("c-{}", coalition.uuid().simple())).unwrap();
        let (zone, now) = ("America/New_York".parse().unwrap(), at("2019-11-01T12:00:00Z"));
        let change = Coalition::create(coalition, slug, Title::new("A coalition").unwrap(), zone, Clock::Test { now }, now);
        let (most_of_one, one_cohort) = ((numbers.below(3) == 0).then_some(2), numbers.below(3) == 0);
        let rules = Rules { mode: EnrollmentMode::parse(mode).unwrap(), most_of_one, one_cohort };
        let furnished = must(store.system().found(change, &Actor::Operator, ORIGIN, async |tx| furnish(tx, rules).await).await);
        let Furnished { cohorts, signup, people } = furnished;
        Self {
            copies: copies.to_vec(),
            writes: Cell::new(0),
            coalition,
            program: cohorts[0].program_id,
            cohorts: cohorts.iter().map(|cohort| cohort.id).collect(),
            made: COHORTS,
            signup,
            most_of_one,
            people,
            applications: vec![Vec::new(); PEOPLE],
            teams: vec![None; PEOPLE],
        }
    }

    /// The copy of the store whose turn it is to write: by it, what another wrote before is read.
    fn store(&self) -> &Store {
        &self.copies[self.writes.get() % self.copies.len()]
    }

    /// The same, and then it is another's.
    pub fn store_to_write(&self) -> &Store {
        let store = self.store();
        self.writes.set(self.writes.get() + 1);
        store
    }

    pub async fn read(&self) -> Read {
        must(self.store().read(self.coalition).await)
    }

    /// Does something, as one transaction.
    pub async fn write<T>(&self, work: impl AsyncFn(&mut Tx) -> Result<T>) -> Result<T> {
        Box::pin(self.store_to_write().write(self.coalition, ORIGIN, work)).await
    }

    /// What the coalition's clock shows.
    pub async fn now(&self) -> Timestamp {
        self.read().await.now()
    }

    /// Somebody, as a caller.
    pub fn actor(&self, person: usize) -> Actor {
        Actor::Person { id: self.people[person].0, grants: [].into() }
    }

    /// What a person has applied with last, or so many times before.
    pub fn application(&self, person: usize, back: usize) -> Result<ApplicationId> {
        let all = &self.applications[person];
        let place = all.len().checked_sub(1).ok_or(Refusal::Hidden("application"))?;
        Ok(all[place - back % all.len()])
    }

    /// The applications that are open now, and the enrollments: what has lapsed is not.
    pub async fn alive(&self) -> BTreeSet<ApplicationId> {
        let read = self.read().await;
        let mut alive = BTreeSet::new();
        for cohort in &self.cohorts {
            let live = must(read.live_applications(*cohort).await);
            let still = |one: &Application| one.clone().as_of(&self.signup, read.now()).standing.live();
            alive.extend(live.into_iter().filter(still).map(|one| one.id));
        }
        alive
    }

    /// Learns what people have in a cohort into which they were moved.
    pub async fn meet(&mut self, cohort: CohortId) {
        for application in must(self.read().await.live_applications(cohort).await) {
            self.know(&application);
        }
    }

    /// Keeps in mind what somebody has applied with.
    pub fn know(&mut self, application: &Application) {
        let person = self.people.iter().position(|(id, _)| *id == application.person_id).unwrap();
        if !self.applications[person].contains(&application.id) {
            self.applications[person].push(application.id);
        }
    }

    /// Staff make another cohort in the place of one that has ended.
    pub async fn replace(&mut self, ended: usize) -> Result<()> {
        self.made += 1;
        let (program, number) = (self.program, self.made);
        self.cohorts[ended] = self.write(async |tx| cohort(tx, program, number).await).await?.0.id;
        Ok(())
    }

    /// Who waits at another position than the order of the places says.
    pub async fn misplaced(&self) -> Vec<ApplicationId> {
        let read = self.read().await;
        let mut wrong = Vec::new();
        for cohort in &self.cohorts {
            let mut waiting: Vec<Application> = must(read.applications_in(*cohort, &[ApplicationState::Waitlisted]).await);
            waiting.sort_by_key(|one| one.standing.place());
            let told = must(read.waitlist_positions(waiting.iter().map(|one| one.id)).await);
            let misplaced = |(position, one): (u32, &Application)| (told.get(&one.id) != Some(&position)).then_some(one.id);
            wrong.extend((1..).zip(&waiting).filter_map(misplaced));
        }
        wrong
    }

    pub fn postgres(&self) -> bool {
        self.store().shared()
    }

    /// The coalition's id as the database writes it.
    pub fn coalition_sql(&self) -> String {
        let id = self.coalition.uuid();
        if self.postgres() { format!("'{id}'::uuid") } else { format!("X'{}'", id.simple()) }
    }
}

struct Furnished {
    cohorts: Vec<Cohort>,
    signup: Signup,
    people: Vec<(PersonId, EmploymentId)>,
}

async fn furnish(tx: &mut Tx, rules: Rules) -> Result<Furnished> {
    let actor = Actor::Operator;
    let role = Role { key: RoleKey::new("principal").unwrap(), label: Name::new("Principal").unwrap() };
    workflow::employments::replace_roles(tx, &actor, &Input::given(vec![role])).await?;
    let people = people(tx, &actor).await?;
    let program = program(tx, &actor, rules).await?;
    let (first, year) = cohort(tx, program, 1).await?;
    let signup = year.signup(&first).unwrap();
    let mut cohorts = vec![first];
    for number in 2..=COHORTS {
        cohorts.push(cohort(tx, program, number).await?.0);
    }
    Ok(Furnished { cohorts, signup, people })
}

/// A cohort with two seats, published.
async fn cohort(tx: &mut Tx, program: ProgramId, number: usize) -> Result<InYear> {
    let wish = CohortWish {
        slug: None,
        title: Title::new(&format!("Rural Leadership {number}")).unwrap(),
        description: None,
        audience: Audience { roles: [RoleKey::new("principal").unwrap()].into(), ..Audience::default() },
        delivery: MeetingMode::Virtual,
        capacity: CapacityUpdate { min: Some(1), max: Some(2) },
        facilitators: Vec::new(),
        milestones: Vec::new(),
    };
    let (made, _) = workflow::cohorts::create(tx, &Actor::Operator, program, &Input::given(wish)).await?;
    workflow::cohorts::publish(tx, &Actor::Operator, made.id, Precondition::NotNeeded).await
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
        // Entered by the person: what staff enter is evidence by itself.
        let own = Actor::Person { id: person.id, grants: [].into() };
        let employment = workflow::employments::create_own(tx, &own, &Input::given(employment)).await?;
        people.push((person.id, employment.id));
    }
    Ok(people)
}

async fn program(tx: &mut Tx, actor: &Actor, rules: Rules) -> Result<ProgramId> {
    let program = ProgramCreate {
        slug: Slug::new("cop").unwrap(),
        name: Title::new("Communities of Practice").unwrap(),
        description: None,
        school_year: SchoolYear::new("2019-20").unwrap(),
        time_zone: "America/New_York".parse().unwrap(),
        delivery: Delivery::StaffLed,
        enrollment_mode: rules.mode,
        capacity: Capacity::default(),
        terms: Terms { hold_days: 1, offer_days: 1, one_cohort: rules.one_cohort, ..Terms::default() },
        joining: JoiningTerms { max_per_organization: rules.most_of_one, ..JoiningTerms::default() },
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
