//! Random sequences over one cohort: whatever people, staff and time do, what always holds holds.

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
                let change = self.of(*person)?.prioritize(*priority, &why, &self.signup, at(self.now))?;
                self.save(&change, Action::PrioritizeApplication, true);
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

    fn begin(&mut self, person: u8) -> Result<(), Refusal> {
        drop(self.settle());
        if self.live(person).is_some() {
            return Err(Refusal::AlreadyApplied);
        }
        self.begin_with(person, None)
    }

    fn begin_with(&mut self, person: u8, team_id: Option<TeamId>) -> Result<(), Refusal> {
        let new = self.next_id();
        let whose = (&self.cohort, id::<PersonId>(person.into()));
        let draft = ApplicationDraft { team_id, ..ApplicationDraft::default() };
        let change = Application::begin(new, whose, draft, &[], Some(&window()), at(self.now))?;
        self.applications.insert(new, change.value);
        Ok(())
    }

    fn add(&mut self, person: u8) -> Result<(), Refusal> {
        let mut settled = self.settle();
        let new = self.next_id();
        let blank = || Application::blank(new, &self.cohort, id(person.into()), Answers::default(), at(self.now)).value;
        let draft = self.live(person).cloned().unwrap_or_else(blank);
        let eligibility = self.eligibility(&draft);
        let (applicant, why) = (self.applicant(person, &eligibility), reason("the superintendent asked for it"));
        let change = draft.clone().add(&self.cohort, || settled.seat_to_offer(), (&applicant, &why), &self.signup, at(self.now))?;
        self.assert_none_passed_over_silently(std::slice::from_ref(&change));
        self.applications.insert(draft.id, draft.clone());
        self.added.insert(draft.id);
        self.save(&change, Action::CreateAddition, true);
        Ok(())
    }

    /// Of one organization, as far as that goes: the team is what is drawn on for its waiting.
    fn apply_together(&mut self, first: u8) -> Result<(), Refusal> {
        drop(self.settle());
        let members = [first, first % PEOPLE + 1, (first + 1) % PEOPLE + 1];
        if members.iter().any(|member| self.live(*member).is_some()) {
            return Err(Refusal::AlreadyApplied);
        }
        let before = (self.cohort.clone(), self.applications.clone());
        let seats = self.cohort.seats_for_team(TeamMode::AllOrNone, members.len());
        let team = id(self.next_number.replace(self.next_number.get() + 1));
        for (place, member) in members.into_iter().enumerate() {
            let sent = self.send_with_team(member, team, place < seats);
            if sent.is_err() {
                (self.cohort, self.applications) = before; // the transaction is rolled back
                return sent;
            }
        }
        drop(self.settle());
        Ok(())
    }

    fn send_with_team(&mut self, person: u8, team: TeamId, takes_seat: bool) -> Result<(), Refusal> {
        self.begin_with(person, Some(team))?;
        let draft = self.of(person)?;
        let eligibility = self.eligibility(&draft);
        let applicant = self.applicant(person, &eligibility);
        let seat = match self.signup.mode {
            EnrollmentMode::RollingReview => Seat::Unasked,
            EnrollmentMode::FirstCome if takes_seat => Seat::Held { until: applicant.holds_until(&self.signup, at(self.now)) },
            EnrollmentMode::FirstCome => Seat::Full { place: self.cohort.seats.draw_place() },
        };
        let change = draft.submit(&applicant, seat, &self.signup, at(self.now))?;
        self.save(&change, Action::SubmitApplication, true);
        Ok(())
    }

    fn submit(&mut self, person: u8) -> Result<(), Refusal> {
        let draft = self.of(person)?;
        let asks = self.signup.mode == EnrollmentMode::FirstCome;
        let eligibility = self.eligibility(&draft);
        let until = self.applicant(person, &eligibility).holds_until(&self.signup, at(self.now));
        let before = self.cohort.seats;
        let fast = asks && self.most_of_one.is_none() && self.statement(until);
        if asks && !fast {
            drop(self.settle());
        }
        let eligibility = self.eligibility(&draft);
        let applicant = self.applicant(person, &eligibility);
        let mut asked = self.cohort.clone();
        let seat = match (asks, fast) {
            (false, _) => Seat::Unasked,
            (true, true) => Seat::Held { until },
            (true, false) => asked.ask_for_seat(until),
        };
        match self.of(person)?.submit(&applicant, seat, &self.signup, at(self.now)) {
            Ok(change) => {
                assert!(!change.value.standing.holds_seat() || asked.seats.waiting == 0, "a newcomer passed who waits");
                let mut counted = before;
                counted.count(&draft.standing, &change.value.standing);
                if fast {
                    assert_eq!(self.cohort.seats, counted, "the statement counts as the domain does");
                    self.save(&change, Action::SubmitApplication, false);
                } else {
                    self.cohort = asked;
                    self.save(&change, Action::SubmitApplication, true);
                }
                Ok(())
            }
            Err(refusal) => {
                if fast {
                    self.cohort.seats = before; // the transaction is rolled back
                }
                Err(refusal)
            }
        }
    }

    /// The store's one statement, by which a seat is taken without a lock.
    fn statement(&mut self, until: Option<Timestamp>) -> bool {
        let max = self.cohort.capacity.max;
        let seats = &mut self.cohort.seats;
        let free = seats.held < max && seats.waiting == 0 && seats.next_lapse_at.is_none_or(|lapse| lapse > at(self.now));
        if free {
            seats.held += 1;
            seats.enrolled += u32::from(until.is_none());
            seats.next_lapse_at = earliest([seats.next_lapse_at, until]);
        }
        free
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the strategy makes no other action")]
    fn decide(&mut self, person: u8, action: Action) -> Result<(), Refusal> {
        let mut settled = self.settle();
        let application = self.of(person)?;
        let eligibility = self.eligibility(&application);
        let applicant = self.applicant(person, &eligibility);
        let (signup, now) = (self.signup, at(self.now));
        let dead = application.clone().as_of(&signup, now).state() == ApplicationState::Expired;
        let change = match action {
            Action::WithdrawApplication => application.withdraw(&signup, now),
            Action::ConfirmApplication => application.confirm(&[], &applicant, &signup, now),
            Action::WithdrawEnrollment => application.leave(&signup, now),
            Action::AdmitApplication => application.admit(&applicant, &signup, now),
            Action::OfferApplication => application.offer(|| settled.seat_to_offer(), &applicant, &signup, now),
            Action::WaitlistApplication => {
                let place = self.cohort.clone().seats.draw_place();
                let change = application.put_on_waitlist(place, &signup, now);
                self.cohort.seats.last_number += u32::from(change.is_ok());
                change
            }
            Action::DeclineApplication => application.decline(DeclineReason::Full, None, &signup, now),
            Action::RemoveEnrollment => application.remove(&reason("never came"), &signup, now),
            Action::MoveApplication => application.give_way(&elsewhere(person), &signup, now),
            other => panic!("{other:?}"),
        }?;
        assert!(!dead, "{action:?} honored what was past its time");
        if action == Action::OfferApplication {
            self.assert_none_passed_over_silently(std::slice::from_ref(&change));
        }
        self.save(&change, action, true);
        Ok(())
    }

    fn come_over(&mut self, person: u8) -> Result<(), Refusal> {
        let mut settled = self.settle();
        if self.live(person).is_some() {
            return Err(Refusal::AlreadyApplied);
        }
        let place = elsewhere(person);
        let eligibility = self.eligibility(&place);
        let applicant = self.applicant(person, &eligibility);
        let (signup, now, because) = (self.signup, at(self.now), reason("a better fit"));
        let cohort = self.cohort.clone();
        let seat = || settled.seat_to_offer();
        let transfer = place.transfer(self.next_id(), (&cohort, &signup), seat, &applicant, (&because, &signup), now)?;
        self.assert_none_passed_over_silently(std::slice::from_ref(&transfer.offer));
        self.cohort.seats.count(&Standing::Draft, &transfer.offer.value.standing);
        self.applications.insert(transfer.offer.value.id, transfer.offer.value);
        Ok(())
    }

    fn take_in(&mut self, people: &[u8], all: bool) -> Result<(), Refusal> {
        let mut settled = self.settle();
        self.cohort.require_signup_open(Some(&self.signup.window), at(self.now))?;
        let come = people.iter().map(|person| {
            let application = elsewhere(*person);
            Waiting { application, employments: self.employments(*person), verified: self.verified(*person) }
        });
        let come: Vec<Waiting> = come.collect();
        let theirs = self.applications.values().filter(|own| own.standing.live()).map(|own| (own.person_id, own.clone())).collect();
        let rules = self.rules.clone();
        let (from, signup, now) = (self.signup, self.signup, at(self.now));
        let moving = Moving { there: &mut settled, from, signup, rules, required: Vec::new(), theirs, now };
        let make_id = || self.next_id();
        let moved = if all { moving.all(come, make_id)? } else { moving.as_many_as_fit(come, make_id) };
        let changes: Vec<Change<Application>> = moved.into_iter().flat_map(|one| one.there).collect();
        self.assert_none_passed_over_silently(&changes);
        self.cohort = settled.cohort;
        for change in changes {
            self.applications.insert(change.value.id, change.value);
        }
        Ok(())
    }

    fn next_id(&self) -> ApplicationId {
        id(self.next_number.replace(self.next_number.get() + 1))
    }

    fn save(&mut self, change: &Change<Application>, action: Action, count: bool) {
        let before = self.applications.insert(change.value.id, change.value.clone()).unwrap();
        assert!(MACHINE.leads(before.state(), action, change.value.state()), "{action:?} is no row from {}", before.state());
        if count {
            self.cohort.seats.count(&before.standing, &change.value.standing);
        }
    }

    fn settle(&mut self) -> Settled {
        let mut settling =
            Settling::begin(self.cohort.clone(), self.signup, self.rules.clone(), self.seats_by_organization(None), at(self.now));
        let lapsed =
            |application: &&Application| application.standing.expiry(&self.signup).is_some_and(|(when, _)| when <= at(self.now));
        for application in self.applications.values().filter(lapsed) {
            settling.expire(application.clone());
        }
        let mut considered = BTreeSet::new();
        for application in self.queue() {
            if !settling.asks_for_more() {
                break;
            }
            match application.team_id {
                None => settling.consider(&self.waiting(application)),
                Some(team) if considered.insert(team) => {
                    let team = self.queue().into_iter().filter(|member| member.team_id == Some(team));
                    settling.consider_together(&team.map(|member| self.waiting(member)).collect::<Vec<_>>());
                }
                Some(_) => {}
            }
        }
        let standing = self.applications.values().filter(|application| !lapsed(application));
        let settled = settling.finish(earliest(standing.map(|application| application.standing.lapses_at())));
        self.assert_none_passed_over_silently(&settled.changes);
        self.assert_teams_are_promoted_whole(&settled.changes);
        for change in &settled.changes {
            let promoted = change.value.state() == ApplicationState::Offered;
            let action = if promoted { Action::PromoteApplication } else { Action::ExpireApplication };
            self.save(change, action, false);
        }
        self.cohort = settled.cohort.clone();
        settled
    }

    /// Who was given a seat before others on the waitlist was so with an entry for each of them.
    fn assert_none_passed_over_silently(&self, changes: &[Change<Application>]) {
        let mut accounted = BTreeSet::new();
        for change in changes {
            for entry in change.happened.iter().filter(|entry| entry.verb == "passed_over") {
                accounted.insert(ApplicationId::from_uuid(entry.subject.id));
            }
            accounted.insert(change.value.id);
            if !change.value.standing.holds_seat() {
                continue;
            }
            let before = |other: &Application| {
                let own = self.applications.get(&change.value.id).and_then(|own| own.standing.place());
                own.is_none_or(|own| other.standing.place().is_some_and(|place| place < own))
            };
            let silent = self.queue().into_iter().find(|other| before(other) && !accounted.contains(&other.id));
            assert_eq!(silent, None, "was passed over silently");
        }
    }

    fn assert_teams_are_promoted_whole(&self, changes: &[Change<Application>]) {
        let promoted = |id| changes.iter().any(|change| change.value.id == id && change.value.state() == ApplicationState::Offered);
        let gone = |id| changes.iter().any(|change| change.value.id == id && change.value.state() == ApplicationState::Expired);
        for change in changes.iter().filter(|change| promoted(change.value.id) && change.value.team_id.is_some()) {
            let fellows = self.queue().into_iter().filter(|other| other.team_id == change.value.team_id && !gone(other.id));
            assert!(fellows.into_iter().all(|fellow| promoted(fellow.id)), "a part of a team was promoted");
        }
    }

    fn waiting(&self, application: Application) -> Waiting {
        let person = person_of(&application);
        Waiting { application, employments: self.employments(person), verified: self.verified(person) }
    }

    /// What must hold after each step.
    fn check(&self) {
        let seats = self.cohort.seats;
        let count = |holds: fn(&Standing) -> bool| count(self.applications.values(), holds);
        assert!(seats.held <= self.cohort.capacity.max, "oversold: {seats:?}");
        assert_eq!(seats.held, count(Standing::holds_seat));
        assert_eq!(seats.enrolled, count(Standing::fills_seat));
        assert_eq!(seats.waiting, count(|standing| standing.place().is_some()));
        let lapse = earliest(self.applications.values().map(|application| application.standing.lapses_at()));
        assert!(lapse.is_none() || seats.next_lapse_at <= lapse && seats.next_lapse_at.is_some(), "{seats:?} but {lapse:?}");
        if let Some(most) = self.most_of_one {
            for organization in 0..ORGANIZATIONS {
                // Whom staff added counts, but was not held to the rule.
                let counts =
                    |other: &&Application| person_of(other) % ORGANIZATIONS == organization && !self.added.contains(&other.id);
                let of_it = self.applications.values().filter(counts);
                assert!(self::count(of_it, Standing::holds_seat) <= most, "more than {most} of one organization");
            }
        }
        self.check_reading();
    }

    /// What is read without settling is what settling would find.
    fn check_reading(&self) {
        let now = at(self.now);
        let read: Vec<Application> =
            self.applications.values().map(|application| application.clone().as_of(&self.signup, now)).collect();
        let lapsed = count(self.applications.values(), |standing| standing.lapses_at().is_some_and(|when| when <= now));
        let seats = self.cohort.seats.as_of(now >= at(KICKOFF), lapsed, None);
        assert_eq!(seats.held, count(read.iter(), Standing::holds_seat));
        assert_eq!(seats.waiting, count(read.iter(), |standing| standing.place().is_some()));
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
