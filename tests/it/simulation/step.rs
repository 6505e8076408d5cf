//! What happens in a story: one step, and how it is taken.

use cohortium_domain::access::{Action, Actor};
use cohortium_domain::applications::DeclineReason;
use cohortium_domain::coalitions::Coalition;
use cohortium_domain::employments::EmploymentUpdate;
use cohortium_domain::ids::VerificationId;
use cohortium_domain::meta::Precondition;
use cohortium_domain::programs::CapacityUpdate;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::teams::TeamMode;
use cohortium_domain::text::{Email, Reason};
use cohortium_domain::time::Timestamp;
use cohortium_store::{ClockHold, Result, Tx};
use cohortium_tests::api::{ORIGIN, at};
use cohortium_workflow as workflow;
use cohortium_workflow::applications::{Addition, ApplicationWish, Decline, Prioritization, TransferWish};
use cohortium_workflow::choices::Choice;
use cohortium_workflow::clock::Move;
use cohortium_workflow::cohorts::{Cancellation, CohortChange, Merge};
use cohortium_workflow::input::Input;
use cohortium_workflow::teams::TeamWish;
use cohortium_workflow::verifications::Verdict;
use serde_json::Map;

use super::stage::{COHORTS, PEOPLE, Stage};
use crate::seeds::Numbers;

/// Whoever decides for the coalition.
const STAFF: Actor = Actor::Operator;

/// One thing that happens. `back` says which of a person's applications it happens to: the last, or so many before.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// A person begins an application, and sends it where that is wished.
    Apply { person: usize, cohort: usize, submit: bool },
    /// A person or staff do this to an application.
    Act { person: usize, back: usize, action: Action },
    /// A person begins to apply with so many colleagues.
    Gather { person: usize, colleagues: usize, mode: TeamMode, cohort: usize },
    /// A person does this to the team application in which it was named last.
    OfTeam { person: usize, action: Action },
    /// A person says which cohorts it would like best: this one, and then the next ones.
    Choose { person: usize, first: usize },
    /// Staff put a person first on the waitlist, or back.
    Prioritize { person: usize, back: usize, priority: u8 },
    /// Staff add a person.
    Add { person: usize, cohort: usize },
    /// Staff offer a person a place in another cohort.
    Transfer { person: usize, back: usize, to: usize },
    /// Staff verify a person's employment, or take that back.
    Verify { person: usize, verified: bool },
    /// Staff write down that a person works there no more, or does again.
    Employment { person: usize, ended: bool },
    /// The maximum changes.
    Seats { cohort: usize, max: u32 },
    /// Time passes, with what falls due on the way, or without.
    Pass { hours: i64, jobs: bool },
    /// The same, up to an instant.
    Reach { instant: Timestamp, jobs: bool },
    /// The job writes down what fell due.
    Settle,
    /// A cohort is merged into another; a new one takes its place.
    Merge { cohort: usize, into: usize },
    /// A cohort is called off, where it says so with an offer to transfer; a new one takes its place.
    Cancel { cohort: usize, transfer_to: Option<usize> },
}

impl Step {
    /// Any, as often as makes a good story; and what is to follow.
    pub fn any(mode: &str, numbers: &mut Numbers) -> (Self, Vec<Self>) {
        let person = numbers.below(PEOPLE);
        let which = numbers.below(76);
        match which {
            38..=44 => return Self::transfer(person, numbers),
            61 | 62 => return Self::wish(person, numbers),
            64..=67 => return Self::gather(person, numbers),
            _ => {}
        }
        let step = match which {
            0..=14 => Self::Apply { person, cohort: numbers.below(COHORTS), submit: numbers.below(6) > 0 },
            15..=37 => Self::of_application(which, person, numbers),
            45..=49 => Self::Verify { person, verified: numbers.below(4) > 0 },
            50..=52 => Self::Employment { person, ended: numbers.below(3) > 0 },
            53..=55 => Self::Seats { cohort: numbers.below(COHORTS), max: 1 + u32::try_from(numbers.below(4)).unwrap() },
            56..=59 => Self::Pass { hours: 1 + i64::try_from(numbers.below(40)).unwrap(), jobs: numbers.below(2) > 0 },
            60 => Self::Settle,
            63 => Self::ends(numbers),
            _ => Self::of_mode(mode, person, numbers),
        };
        (step, Vec::new())
    }

    /// What happens in the same way wherever applications are made.
    fn of_application(which: usize, person: usize, numbers: &mut Numbers) -> Self {
        let back = back(numbers);
        let act = |action| Self::Act { person, back, action };
        match which {
            15 => act(Action::SubmitApplication),
            16..=18 => act(Action::WithdrawApplication),
            19..=26 => act(Action::ConfirmApplication),
            27..=29 => act(Action::WithdrawEnrollment),
            30 => act(Action::RemoveEnrollment),
            31 | 32 => Self::Prioritize { person, back, priority: u8::try_from(numbers.below(3)).unwrap() },
            33..=35 => Self::Add { person, cohort: numbers.below(COHORTS) },
            36 => Self::OfTeam { person, action: Action::SubmitTeamApplication },
            _ => Self::OfTeam { person, action: Action::WithdrawTeamApplication },
        }
    }

    /// What happens where the first come are the first served, or where applications are reviewed.
    fn of_mode(mode: &str, person: usize, numbers: &mut Numbers) -> Self {
        let back = back(numbers);
        let act = |action| Self::Act { person, back, action };
        match (mode, numbers.below(8)) {
            ("first_come", 0) | (_, 7) => act(Action::DeclineApplication),
            ("first_come", _) => Self::Apply { person, cohort: numbers.below(COHORTS), submit: true },
            (_, 0..=3) => act(Action::OfferApplication),
            _ => act(Action::WaitlistApplication),
        }
    }

    /// A team: it is begun, everybody agrees, and it is sent.
    fn gather(person: usize, numbers: &mut Numbers) -> (Self, Vec<Self>) {
        let (colleagues, cohort) = (1 + numbers.below(2), numbers.below(COHORTS));
        let mode = if numbers.below(3) > 0 { TeamMode::AllOrNone } else { TeamMode::AsManyAsFit };
        let agree = colleagues_of(person, colleagues).map(|person| Self::OfTeam { person, action: Action::AgreeTeamApplication });
        let ahead = agree.chain([Self::OfTeam { person, action: Action::SubmitTeamApplication }]).collect();
        (Self::Gather { person, colleagues, mode, cohort }, ahead)
    }

    /// A person says what it would like best, applies to two cohorts, and is verified.
    fn wish(person: usize, numbers: &mut Numbers) -> (Self, Vec<Self>) {
        let (first, (one, other)) = (numbers.below(COHORTS), two_cohorts(numbers));
        let apply = [one, other].map(|cohort| Self::Apply { person, cohort, submit: true });
        let ahead = apply.into_iter().chain([Self::Verify { person, verified: true }]).collect();
        (Self::Choose { person, first }, ahead)
    }

    /// A person is offered a place elsewhere; now and then two cohorts are merged too, and of what is on offer then, one is
    /// confirmed after the other.
    fn transfer(person: usize, numbers: &mut Numbers) -> (Self, Vec<Self>) {
        let step = Self::Transfer { person, back: back(numbers), to: numbers.below(COHORTS) };
        if numbers.below(4) > 0 {
            return (step, Vec::new());
        }
        let (cohort, into) = two_cohorts(numbers);
        let confirm = [0, 1].map(|back| Self::Act { person, back, action: Action::ConfirmApplication });
        (step, [Self::Merge { cohort, into }].into_iter().chain(confirm).collect())
    }

    fn ends(numbers: &mut Numbers) -> Self {
        let (cohort, other) = two_cohorts(numbers);
        match numbers.below(4) {
            0 => Self::Cancel { cohort, transfer_to: None },
            1 => Self::Cancel { cohort, transfer_to: Some(other) },
            _ => Self::Merge { cohort, into: other },
        }
    }
}

/// Two that are not the same.
fn two_cohorts(numbers: &mut Numbers) -> (usize, usize) {
    let one = numbers.below(COHORTS);
    (one, (one + 1 + numbers.below(COHORTS - 1)) % COHORTS)
}

/// Mostly the last.
fn back(numbers: &mut Numbers) -> usize {
    numbers.below(6).saturating_sub(3)
}

/// So many of those who work with a person.
fn colleagues_of(person: usize, many: usize) -> impl Iterator<Item = usize> {
    (1..=many).map(move |number| (person + 2 * number) % PEOPLE)
}

fn reason() -> Reason {
    Reason::new("It was looked into").unwrap()
}

impl Stage {
    /// Takes a step.
    pub async fn take(&mut self, step: &Step) -> Result<()> {
        match *step {
            Step::Apply { person, cohort, submit } => self.apply(person, cohort, submit).await,
            Step::Act { person, back, action } => self.act(person, back, action).await,
            Step::Gather { person, colleagues, mode, cohort } => self.gather(person, colleagues, mode, cohort).await,
            Step::OfTeam { person, action } => self.act_of_team(person, action).await,
            Step::Choose { person, first } => {
                let cohort_ids = (0..COHORTS).map(|next| self.cohorts[(first + next) % COHORTS]).collect();
                let (own, choice) = (self.actor(person), Input::given(Choice { program_id: self.program, cohort_ids }));
                let id = self.people[person].0;
                self.write(async |tx| workflow::choices::replace(tx, &own, id, &choice).await.map(drop)).await
            }
            Step::Prioritize { person, back, priority } => {
                let (id, input) = (self.application(person, back)?, Input::given(Prioritization { priority, reason: reason() }));
                self.write(async |tx| workflow::applications::prioritize(tx, &STAFF, id, &input).await.map(drop)).await
            }
            Step::Add { person, cohort } => self.add(person, cohort).await,
            Step::Transfer { person, back, to } => self.transfer(person, back, to).await,
            Step::Verify { person, verified } => self.verify(person, verified).await,
            Step::Employment { person, ended } => {
                let ends_on = Some(ended.then(|| "2019-10-31".parse().unwrap()));
                let (id, update) = (self.people[person].1, EmploymentUpdate { ends_on, ..EmploymentUpdate::default() });
                let input = Input::given(update);
                self.write(async |tx| workflow::employments::update(tx, &STAFF, id, &input).await.map(drop)).await
            }
            Step::Seats { cohort, max } => {
                let capacity = CapacityUpdate { min: None, max: Some(max) };
                let (id, input) = (self.cohorts[cohort], Input::given(CohortChange { capacity, ..CohortChange::default() }));
                self.write(async |tx| workflow::cohorts::update(tx, &STAFF, id, &input).await.map(drop)).await
            }
            Step::Pass { hours, jobs } => {
                // The story ends with the kick-off.
                let later = self.now().await.plus_minutes(hours * 60).min(at("2019-12-09T04:59:00Z"));
                self.reach(later, jobs).await
            }
            Step::Reach { instant, jobs } => self.reach(instant, jobs).await,
            Step::Settle => {
                let now = self.now().await;
                self.reach(now, true).await
            }
            Step::Merge { cohort, into } => self.merge(cohort, into).await,
            Step::Cancel { cohort, transfer_to } => self.cancel(cohort, transfer_to).await,
        }
    }

    async fn apply(&mut self, person: usize, cohort: usize, submit: bool) -> Result<()> {
        let wish = ApplicationWish { answers: Map::new(), commitments: Vec::new(), employment_id: None, submit };
        let (own, cohort, input) = (self.actor(person), self.cohorts[cohort], Input::given(wish));
        let made = self.write(async |tx| workflow::applications::create(tx, &own, cohort, &input).await).await?;
        self.know(&made.application);
        Ok(())
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "a story has no other action")]
    async fn act(&self, person: usize, back: usize, action: Action) -> Result<()> {
        use workflow::applications as workflows;
        let (id, own) = (self.application(person, back)?, self.actor(person));
        let (as_it_is, why) = (Precondition::NotNeeded, Input::given(reason()));
        let decline = Input::given(Decline { reason: DeclineReason::Full, note: None });
        let nothing_more = Input::given(Vec::new());
        let take = async |tx: &mut Tx| match action {
            Action::SubmitApplication => workflows::submit(tx, &own, id, as_it_is).await,
            Action::WithdrawApplication => workflows::withdraw(tx, &own, id, as_it_is).await,
            Action::ConfirmApplication => workflows::confirm(tx, &own, id, &nothing_more).await,
            Action::WithdrawEnrollment => workflows::leave(tx, &own, id, as_it_is).await,
            Action::RemoveEnrollment => workflows::remove(tx, &STAFF, id, &why).await,
            Action::OfferApplication => workflows::offer(tx, &STAFF, id, as_it_is).await,
            Action::WaitlistApplication => workflows::put_on_waitlist(tx, &STAFF, id, as_it_is).await,
            Action::DeclineApplication => workflows::decline(tx, &STAFF, id, &decline).await,
            other => panic!("{other:?}"),
        };
        self.write(async |tx| take(tx).await.map(drop)).await
    }

    async fn gather(&mut self, person: usize, colleagues: usize, mode: TeamMode, cohort: usize) -> Result<()> {
        let named: Vec<usize> = colleagues_of(person, colleagues).collect();
        let wish = TeamWish {
            colleagues: named.iter().map(|number| Email::new(&format!("p{number}@example.org")).unwrap()).collect(),
            mode,
            answers: Map::new(),
            commitments: Vec::new(),
            employment_id: None,
        };
        let (own, cohort, input) = (self.actor(person), self.cohorts[cohort], Input::given(wish));
        let begun = self.write(async |tx| workflow::teams::create(tx, &own, cohort, &input).await).await?;
        for member in named.into_iter().chain([person]) {
            self.teams[member] = Some(begun.team.id);
        }
        for application in &begun.applications {
            self.know(application);
        }
        Ok(())
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "a story has no other action")]
    async fn act_of_team(&self, person: usize, action: Action) -> Result<()> {
        let id = self.teams[person].ok_or(Refusal::Hidden("team application"))?;
        let (own, as_it_is) = (self.actor(person), Precondition::NotNeeded);
        let take = async |tx: &mut Tx| match action {
            Action::AgreeTeamApplication => workflow::teams::agree(tx, &own, id, as_it_is).await,
            Action::SubmitTeamApplication => workflow::teams::submit(tx, &own, id, as_it_is).await,
            Action::WithdrawTeamApplication => workflow::teams::withdraw(tx, &own, id, as_it_is).await,
            other => panic!("{other:?}"),
        };
        self.write(async |tx| take(tx).await.map(drop)).await
    }

    async fn add(&mut self, person: usize, cohort: usize) -> Result<()> {
        let addition = Addition { person_id: self.people[person].0, employment_id: None, reason: reason() };
        let (cohort, input) = (self.cohorts[cohort], Input::given(addition));
        let added = self.write(async |tx| workflow::applications::add(tx, &STAFF, cohort, &input).await).await?;
        self.know(&added.application);
        Ok(())
    }

    async fn transfer(&mut self, person: usize, back: usize, to: usize) -> Result<()> {
        let (id, wish) = (self.application(person, back)?, TransferWish { to: self.cohorts[to], reason: reason() });
        let input = Input::given(wish);
        let offer = self.write(async |tx| workflow::applications::transfer(tx, &STAFF, id, &input).await).await?;
        self.know(&offer.application);
        Ok(())
    }

    async fn verify(&self, person: usize, verified: bool) -> Result<()> {
        let id = self.verification(person).await?;
        let decide = async |tx: &mut Tx| {
            if verified {
                let verdict = Input::given(Verdict { reason: reason(), evidence_id: None });
                workflow::verifications::verify(tx, &STAFF, id, &verdict).await.map(drop)
            } else {
                workflow::verifications::revoke(tx, &STAFF, id, &Input::given(reason())).await.map(drop)
            }
        };
        self.write(decide).await
    }

    async fn merge(&mut self, cohort: usize, into: usize) -> Result<()> {
        let (id, into) = (self.cohorts[cohort], self.cohorts[into]);
        let input = Input::given(Merge { into, reason: reason() });
        self.write(async |tx| workflow::cohorts::merge(tx, &STAFF, id, &input).await.map(drop)).await?;
        self.meet(into).await;
        self.replace(cohort).await
    }

    async fn cancel(&mut self, cohort: usize, transfer_to: Option<usize>) -> Result<()> {
        let (id, transfer_to) = (self.cohorts[cohort], transfer_to.map(|other| self.cohorts[other]));
        let input = Input::given(Cancellation { reason: reason(), transfer_to });
        self.write(async |tx| workflow::cohorts::cancel(tx, &STAFF, id, &input).await.map(drop)).await?;
        if let Some(other) = transfer_to {
            self.meet(other).await;
        }
        self.replace(cohort).await
    }

    /// Moves the clock.
    async fn reach(&self, instant: Timestamp, jobs: bool) -> Result<()> {
        let moving = async |tx: &mut Tx| {
            if jobs {
                let input = Input::given(Move::To(instant));
                return workflow::clock::advance(tx, &STAFF, Action::SetClock, &input).await.map(drop);
            }
            let coalition: Coalition = tx.lock(tx.coalition_id()).await?;
            tx.save(coalition.move_clock(instant)?, &STAFF).await.map(drop)
        };
        Box::pin(self.store_to_write().write_holding(ClockHold::Moving, self.coalition, ORIGIN, moving)).await
    }

    async fn verification(&self, person: usize) -> Result<VerificationId> {
        let found = self.read().await.verification_for(self.people[person].1, self.program).await?;
        Ok(found.ok_or(Refusal::Hidden("verification"))?.id)
    }
}
