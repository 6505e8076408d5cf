//! What happens in a story: one step, and how it is taken.

use cohortium_domain::access::{Action, Actor};
use cohortium_domain::applications::DeclineReason;
use cohortium_domain::coalitions::Coalition;
use cohortium_domain::employments::EmploymentUpdate;
use cohortium_domain::ids::{ApplicationId, VerificationId};
use cohortium_domain::meta::Precondition;
use cohortium_domain::programs::CapacityUpdate;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::text::Reason;
use cohortium_domain::time::Timestamp;
use cohortium_store::{ClockHold, Result, Tx};
use cohortium_tests::api::{ORIGIN, at};
use cohortium_workflow as workflow;
use cohortium_workflow::applications::{Addition, ApplicationWish, Decline, Prioritization};
use cohortium_workflow::clock::Move;
use cohortium_workflow::cohorts::{Cancellation, CohortChange};
use cohortium_workflow::input::Input;
use cohortium_workflow::verifications::Verdict;
use serde_json::Map;

use super::stage::{PEOPLE, Stage};
use crate::seeds::Numbers;

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// A person begins an application, and sends it where that is wished.
    Apply { person: usize, submit: bool },
    /// A person or staff do this to what the person has applied with last.
    Act { person: usize, action: Action },
    /// Staff put a person first on the waitlist, or back.
    Prioritize { person: usize, priority: u8 },
    /// Staff add a person.
    Add { person: usize },
    /// Staff verify a person's employment, or take that back.
    Verify { person: usize, verified: bool },
    /// Staff write down that a person works there no more, or does again.
    Employment { person: usize, ended: bool },
    /// The maximum changes.
    Seats { max: u32 },
    /// Time passes, with what falls due on the way, or without.
    Pass { hours: i64, jobs: bool },
    /// The same, up to an instant.
    Reach { instant: Timestamp, jobs: bool },
    /// The job writes down what fell due.
    Settle,
    /// The cohort is called off.
    Cancel,
}

impl Step {
    /// Any, as often as makes a good story.
    pub fn any(mode: &str, numbers: &mut Numbers) -> Self {
        let person = numbers.below(PEOPLE);
        let act = |action| Self::Act { person, action };
        match (mode, numbers.below(60)) {
            (_, 0..=14) => Self::Apply { person, submit: numbers.below(6) > 0 },
            (_, 15) => act(Action::SubmitApplication),
            (_, 16..=18) => act(Action::WithdrawApplication),
            (_, 19..=23) => act(Action::ConfirmApplication),
            (_, 24..=26) => act(Action::WithdrawEnrollment),
            (_, 27) => act(Action::RemoveEnrollment),
            (_, 28 | 29) => Self::Prioritize { person, priority: u8::try_from(numbers.below(3)).unwrap() },
            (_, 30..=32) => Self::Add { person },
            (_, 33..=37) => Self::Verify { person, verified: numbers.below(4) > 0 },
            (_, 38..=40) => Self::Employment { person, ended: numbers.below(3) > 0 },
            (_, 41..=43) => Self::Seats { max: 1 + u32::try_from(numbers.below(4)).unwrap() },
            (_, 44..=47) => Self::Pass { hours: 1 + i64::try_from(numbers.below(40)).unwrap(), jobs: numbers.below(2) > 0 },
            (_, 48) => Self::Settle,
            (_, 49) if numbers.below(8) == 0 => Self::Cancel,
            ("first_come", 49) => act(Action::DeclineApplication),
            ("first_come", _) => Self::Apply { person, submit: true },
            (_, 49..=54) => act(Action::OfferApplication),
            (_, 55..=58) => act(Action::WaitlistApplication),
            _ => act(Action::DeclineApplication),
        }
    }
}

fn reason() -> Reason {
    Reason::new("It was looked into").unwrap()
}

impl Stage {
    /// Takes a step.
    pub async fn take(&mut self, step: &Step) -> Result<()> {
        let staff = Actor::Operator;
        match *step {
            Step::Apply { person, submit } => {
                let wish = ApplicationWish { answers: Map::new(), commitments: Vec::new(), employment_id: None, submit };
                let (actor, cohort, input) = (self.actor(person), self.cohort, Input::given(wish));
                let made = self.write(async |tx| workflow::applications::create(tx, &actor, cohort, &input).await).await?;
                self.applications[person] = Some(made.application.id);
                Ok(())
            }
            Step::Act { person, action } => self.act(person, action).await,
            Step::Prioritize { person, priority } => {
                let (id, input) = (self.application(person)?, Input::given(Prioritization { priority, reason: reason() }));
                self.write(async |tx| workflow::applications::prioritize(tx, &staff, id, &input).await.map(drop)).await
            }
            Step::Add { person } => {
                let addition = Addition { person_id: self.people[person].0, employment_id: None, reason: reason() };
                let (cohort, input) = (self.cohort, Input::given(addition));
                let added = self.write(async |tx| workflow::applications::add(tx, &staff, cohort, &input).await).await?;
                self.applications[person] = Some(added.application.id);
                Ok(())
            }
            Step::Verify { person, verified } => {
                let id = self.verification(person).await?;
                let decide = async |tx: &mut Tx| {
                    if verified {
                        let verdict = Input::given(Verdict { reason: reason(), evidence_id: None });
                        workflow::verifications::verify(tx, &staff, id, &verdict).await.map(drop)
                    } else {
                        workflow::verifications::revoke(tx, &staff, id, &Input::given(reason())).await.map(drop)
                    }
                };
                self.write(decide).await
            }
            Step::Employment { person, ended } => {
                let ends_on = Some(ended.then(|| "2019-10-31".parse().unwrap()));
                let (id, input) =
                    (self.people[person].1, Input::given(EmploymentUpdate { ends_on, ..EmploymentUpdate::default() }));
                self.write(async |tx| workflow::employments::update(tx, &staff, id, &input).await.map(drop)).await
            }
            Step::Seats { max } => {
                let capacity = CapacityUpdate { min: None, max: Some(max) };
                let (cohort, input) = (self.cohort, Input::given(CohortChange { capacity, ..CohortChange::default() }));
                self.write(async |tx| workflow::cohorts::update(tx, &staff, cohort, &input).await.map(drop)).await
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
            Step::Cancel => {
                let (cohort, input) = (self.cohort, Input::given(Cancellation { reason: reason(), transfer_to: None }));
                self.write(async |tx| workflow::cohorts::cancel(tx, &staff, cohort, &input).await.map(drop)).await
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "a story has no other action")]
    async fn act(&self, person: usize, action: Action) -> Result<()> {
        use workflow::applications as workflows;
        let (id, own, staff) = (self.application(person)?, self.actor(person), Actor::Operator);
        let (as_it_is, why) = (Precondition::NotNeeded, Input::given(reason()));
        let decline = Input::given(Decline { reason: DeclineReason::Full, note: None });
        let nothing_more = Input::given(Vec::new());
        let take = async |tx: &mut Tx| match action {
            Action::SubmitApplication => workflows::submit(tx, &own, id, as_it_is).await,
            Action::WithdrawApplication => workflows::withdraw(tx, &own, id, as_it_is).await,
            Action::ConfirmApplication => workflows::confirm(tx, &own, id, &nothing_more).await,
            Action::WithdrawEnrollment => workflows::leave(tx, &own, id, as_it_is).await,
            Action::RemoveEnrollment => workflows::remove(tx, &staff, id, &why).await,
            Action::OfferApplication => workflows::offer(tx, &staff, id, as_it_is).await,
            Action::WaitlistApplication => workflows::put_on_waitlist(tx, &staff, id, as_it_is).await,
            Action::DeclineApplication => workflows::decline(tx, &staff, id, &decline).await,
            other => panic!("{other:?}"),
        };
        self.write(async |tx| take(tx).await.map(drop)).await
    }

    /// Moves the clock.
    async fn reach(&self, instant: Timestamp, jobs: bool) -> Result<()> {
        let moving = async |tx: &mut Tx| {
            if jobs {
                let input = Input::given(Move::To(instant));
                return workflow::clock::advance(tx, &Actor::Operator, Action::SetClock, &input).await.map(drop);
            }
            let coalition: Coalition = tx.lock(tx.coalition_id()).await?;
            tx.save(coalition.move_clock(instant)?, &Actor::Operator).await.map(drop)
        };
        Box::pin(self.store.write_holding(ClockHold::Moving, self.coalition, ORIGIN, moving)).await
    }

    async fn write<T>(&self, work: impl AsyncFn(&mut Tx) -> Result<T>) -> Result<T> {
        Box::pin(self.store.write(self.coalition, ORIGIN, work)).await
    }

    fn actor(&self, person: usize) -> Actor {
        Actor::Person { id: self.people[person].0, grants: [].into() }
    }

    fn application(&self, person: usize) -> Result<ApplicationId> {
        Ok(self.applications[person].ok_or(Refusal::Hidden("application"))?)
    }

    async fn verification(&self, person: usize) -> Result<VerificationId> {
        let found = self.read().await.verification_for(self.people[person].1, self.program).await?;
        Ok(found.ok_or(Refusal::Hidden("verification"))?.id)
    }
}
