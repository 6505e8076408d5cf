//! Random sequences over one cohort: whatever people, staff and time do ([`deeds`]), what always holds holds ([`checks`]).

mod checks;
mod deeds;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::access::Action;
use crate::applications::fixtures::{KICKOFF, OPENS, application, at, id, open_cohort, principal, reason, signup, window, year};
use crate::applications::{Answers, Applicant, Application, ApplicationDraft, ApplicationState, DeclineReason, MACHINE, Verified};
use crate::cohorts::{CohortUpdate, Signup};
use crate::eligibility::{self, Eligibility, EmploymentFacts, JoiningTerms, Rule, SeatsByOrganization};
use crate::ids::{ApplicationId, Id, PersonId, TeamId};
use crate::journal::Change;
use crate::programs::{Capacity, EnrollmentMode};
use crate::refusal::Refusal;
use crate::teams::TeamMode;
use crate::words::Word;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    /// A person begins an application and sends it.
    Apply(u8),
    /// Three people apply as one, all or none.
    ApplyTogether(u8),
    /// A person begins an application.
    Begin(u8),
    /// A person does this to the application.
    Person(u8, Action),
    /// Staff do this to the application.
    Staff(u8, Action),
    /// Somebody who is enrolled in another cohort is offered a place here.
    ComeOver(u8),
    /// A person's place in another cohort is confirmed, and this one given up.
    GoOver(u8),
    /// Another cohort, of these people, is merged into this; or called off, with an offer to transfer as far as seats go.
    TakeIn(Vec<u8>, bool),
    /// A person's employment is verified, for so long.
    Verify(u8, i64),
    /// A person's organization joins the coalition, or leaves it.
    Membership(u8, bool),
    /// Staff put a person first on the waitlist, or back.
    Prioritize(u8, u8),
    /// Staff add a person.
    Add(u8),
    /// The maximum changes.
    Capacity(u32),
    /// Time passes.
    Pass(i64),
    /// The job runs.
    Settle,
}

const PEOPLE: u8 = 12;
const ORGANIZATIONS: u8 = 3;

struct World {
    signup: Signup,
    rules: Vec<Rule>,
    most_of_one: Option<u32>,
    cohort: Cohort,
    applications: BTreeMap<ApplicationId, Application>,
    added: BTreeSet<ApplicationId>,
    verified_until: BTreeMap<u8, i64>,
    outside: BTreeSet<u8>,
    next_number: Cell<u128>,
    now: i64,
}

impl World {
    fn new(mode: EnrollmentMode, max: u32, most_of_one: Option<u32>) -> Self {
        let cohort = open_cohort(1, max);
        let terms = JoiningTerms { active_membership: true, max_per_organization: most_of_one, ..JoiningTerms::default() };
        Self {
            signup: signup(mode),
            rules: eligibility::rules(&cohort.audience, &terms),
            most_of_one,
            cohort,
            applications: BTreeMap::new(),
            added: BTreeSet::new(),
            verified_until: BTreeMap::new(),
            outside: BTreeSet::new(),
            next_number: Cell::new(1_000),
            now: OPENS,
        }
    }

    /// Takes a step; one that is refused changes nothing.
    fn step(&mut self, step: &Step) -> Result<(), Refusal> {
        match step {
            Step::Apply(person) => {
                self.begin(*person)?;
                self.submit(*person)?;
            }
            Step::ApplyTogether(person) => self.apply_together(*person)?,
            Step::Begin(person) => self.begin(*person)?,
            Step::Person(person, Action::SubmitApplication) => self.submit(*person)?,
            Step::Person(person, action) | Step::Staff(person, action) => self.decide(*person, *action)?,
            Step::ComeOver(person) => self.come_over(*person)?,
            Step::GoOver(person) => self.decide(*person, Action::MoveApplication)?,
            Step::TakeIn(people, all) => self.take_in(people, *all)?,
            Step::Verify(person, long) => {
                self.verified_until.insert(*person, self.now + long);
                self.decide(*person, Action::AdmitApplication)?;
            }
            Step::Prioritize(person, priority) => {
                drop(self.settle());
                let why = reason("left out by mistake");
                let first = self.of(*person)?;
                let change = first.clone().prioritize(*priority, &why, &self.signup, at(self.now))?;
                self.save(&change, Action::PrioritizeApplication, true);
                let together = |other: &Application| other.team_id.is_some() && other.team_id == first.team_id;
                for fellow in self.queue().into_iter().filter(|other| other.id != first.id && together(other)) {
                    let change = fellow.prioritize(*priority, &why, &self.signup, at(self.now))?;
                    self.save(&change, Action::PrioritizeApplication, true);
                }
            }
            Step::Add(person) => self.add(*person)?,
            Step::Membership(person, true) => drop(self.outside.remove(person)),
            Step::Membership(person, false) => drop(self.outside.insert(*person)),
            Step::Capacity(max) => {
                drop(self.settle());
                let capacity = Some(Capacity { min: 1, max: *max });
                let update = CohortUpdate { capacity, ..CohortUpdate::default() };
                self.cohort = self.cohort.clone().update(update, &year(), at(self.now))?.value;
            }
            Step::Pass(hours) => self.now += hours,
            Step::Settle => drop(self.settle()),
        }
        Ok(())
    }

    fn next_id(&self) -> ApplicationId {
        id(self.next_number.replace(self.next_number.get() + 1))
    }

    fn waiting(&self, application: Application) -> Waiting {
        let person = person_of(&application);
        Waiting { application, employments: self.employments(person), verified: self.verified(person) }
    }

    fn queue(&self) -> Vec<Application> {
        let mut queue: Vec<Application> =
            self.applications.values().filter(|application| application.standing.place().is_some()).cloned().collect();
        queue.sort_by_key(|application| application.standing.place());
        queue
    }

    fn live(&self, person: u8) -> Option<&Application> {
        self.applications.values().find(|application| {
            let live = application.standing.open() || application.state() == ApplicationState::Enrolled;
            person_of(application) == person && live
        })
    }

    fn of(&self, person: u8) -> Result<Application, Refusal> {
        self.live(person).cloned().ok_or(Refusal::Hidden("application"))
    }

    fn verified(&self, person: u8) -> Verified {
        self.verified_until.get(&person).map_or(Verified::No, |until| Verified::Until(at(*until)))
    }

    fn employments(&self, person: u8) -> Vec<EmploymentFacts> {
        let organization = u128::from(person % ORGANIZATIONS);
        vec![EmploymentFacts { active_member: !self.outside.contains(&person), ..principal(person.into(), organization) }]
    }

    fn eligibility(&self, application: &Application) -> Eligibility {
        let seats = self.seats_by_organization(Some(application.id));
        eligibility::judge(&self.rules, &self.employments(person_of(application)), &seats)
    }

    fn applicant<'a>(&self, person: u8, eligibility: &'a Eligibility) -> Applicant<'a> {
        Applicant { eligibility, verified: self.verified(person), verification_id: None, required: &[] }
    }

    fn seats_by_organization(&self, but: Option<ApplicationId>) -> SeatsByOrganization {
        let mut seats = SeatsByOrganization::default();
        for application in self.applications.values().filter(|other| Some(other.id) != but && other.standing.holds_seat()) {
            seats.add(application.workplace);
        }
        seats
    }
}

fn count<'a>(applications: impl Iterator<Item = &'a Application>, counts: impl Fn(&Standing) -> bool) -> u32 {
    u32::try_from(applications.filter(|application| counts(&application.standing)).count()).unwrap()
}

/// An enrollment of this person in another cohort.
fn elsewhere(person: u8) -> Application {
    let standing = Standing::Enrolled { enrolled_at: at(OPENS) };
    let workplace = Some(principal(person.into(), u128::from(person % ORGANIZATIONS)).workplace);
    let cohort_id = id(9);
    Application { id: id(500 + u128::from(person)), cohort_id, workplace, ..application(person.into(), standing) }
}

fn person_of(application: &Application) -> u8 {
    u8::try_from(application.person_id.uuid().as_u128()).unwrap()
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let person = || 1..=PEOPLE;
    let by_person = prop::sample::select(vec![
        Action::SubmitApplication,
        Action::WithdrawApplication,
        Action::ConfirmApplication,
        Action::ConfirmApplication,
        Action::WithdrawEnrollment,
    ]);
    let by_staff = prop::sample::select(vec![
        Action::OfferApplication,
        Action::OfferApplication,
        Action::WaitlistApplication,
        Action::DeclineApplication,
        Action::RemoveEnrollment,
    ]);
    let step = prop_oneof![
        8 => person().prop_map(Step::Apply),
        2 => person().prop_map(Step::ApplyTogether),
        1 => person().prop_map(Step::Begin),
        6 => (person(), by_person).prop_map(|(person, action)| Step::Person(person, action)),
        6 => (person(), by_staff).prop_map(|(person, action)| Step::Staff(person, action)),
        2 => person().prop_map(Step::ComeOver),
        1 => person().prop_map(Step::GoOver),
        1 => (prop::collection::btree_set(person(), 1..4), any::<bool>())
            .prop_map(|(people, all)| Step::TakeIn(people.into_iter().collect(), all)),
        5 => (person(), 50..2_000_i64).prop_map(|(person, long)| Step::Verify(person, long)),
        1 => (person(), any::<bool>()).prop_map(|(person, inside)| Step::Membership(person, inside)),
        2 => (person(), 0..3_u8).prop_map(|(person, priority)| Step::Prioritize(person, priority)),
        2 => person().prop_map(Step::Add),
        1 => (1..8_u32).prop_map(Step::Capacity),
        4 => (1..100_i64).prop_map(Step::Pass),
        1 => Just(Step::Settle),
    ];
    prop::collection::vec(step, 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_to_a_cohort_what_always_holds_holds(
        mode in prop::sample::select(EnrollmentMode::ALL),
        max in 1..6_u32,
        most_of_one in prop::option::of(1..3_u32),
        steps in steps(),
    ) {
        let mut world = World::new(mode, max, most_of_one);
        for step in &steps {
            // A refusal is an answer too; what it must not do is change anything.
            drop(world.step(step));
            world.check();
        }
        world.now = KICKOFF;
        drop(world.settle());
        world.check();
        prop_assert!(world.applications.values().all(|application| !application.standing.open()), "nothing outlives the kick-off");
    }
}
