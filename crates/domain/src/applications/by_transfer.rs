//! What is done when a person goes on in another cohort.
//!
//! What always holds: the place in the one cohort is not given up before there is one in the other; whoever is offered a place
//! instead consents by confirming it, and by that gives up whatever else there is for the same place. Answers and the verification
//! go along, since both cohorts are of one program; of the commitments, those that the other cohort asks for too.

use std::collections::BTreeSet;

use super::by_applicant::Applicant;
use super::{Application, MACHINE, Standing};
use crate::access::Action;
use crate::cohorts::{Cohort, Signup};
use crate::commitments::{Acceptance, Commitment};
use crate::ids::ApplicationId;
use crate::journal::{Change, Happening};
use crate::meta::Meta;
use crate::refusal::Refusal;
use crate::seats::{FreeSeat, Place};
use crate::text::Reason;
use crate::time::Timestamp;

/// A place in another cohort that is offered for the one that a person has.
#[must_use = "what is not saved did not happen"]
#[derive(Debug)]
pub struct Transfer {
    /// The application whose place it is to be given for: it stands until then.
    pub place: Change<Application>,
    /// The offer in the other cohort.
    pub offer: Change<Application>,
}

impl Application {
    /// Offers a place in another cohort, asking for its seat once nothing else stands in the way.
    ///
    /// # Errors
    /// It cannot be transferred now, or the other cohort cannot be signed up to, or is led by this person, or a rule for joining it
    /// is not met, or the employment is not verified where it must be, or no seat is free there.
    pub fn transfer(
        self,
        id: ApplicationId,
        (there, there_signup): (&Cohort, &Signup),
        seat: impl FnOnce() -> Result<FreeSeat, Refusal>,
        applicant: &Applicant<'_>,
        (reason, signup): (&Reason, &Signup),
        now: Timestamp,
    ) -> Result<Transfer, Refusal> {
        let mut place = self.as_of(signup, now);
        place.check(Action::TransferApplication, signup, now)?;
        there.require_signup_open(Some(&there_signup.window), now)?;
        there.require_not_facilitated_by(place.person_id)?;
        applicant.eligibility.require_met()?;
        applicant.verified.require_for_offer(there_signup.mode, now)?;
        let seat = seat()?;
        let mut offer = place.offered_in(id, there, applicant.required, there_signup, now).because(reason);
        offer.happened.splice(0..0, seat.passing_over);
        place.meta = place.meta.changed(now);
        let happened = place
            .happening("transfer_offered")
            .with("to_cohort_id", there.id.to_string())
            .with("to_application_id", id.to_string())
            .because(Some(reason));
        Ok(Transfer { place: Change::one(place, happened), offer })
    }

    /// What is given up when it is confirmed, of its line, in which each comes behind what it continues: one place leads to one,
    /// however often another was offered for it. What continues this one is not given up: it is offered for this very place.
    #[must_use]
    pub fn gives_up(&self, line: Vec<Self>) -> Vec<Self> {
        let mut own = BTreeSet::from([self.id]);
        let mut continues_this = |other: &Self| {
            let continues = other.transferred_from.is_some_and(|from| own.contains(&from));
            continues && own.insert(other.id)
        };
        let given_up = |other: &Self| !continues_this(other) && other.id != self.id && other.standing.live();
        line.into_iter().filter(given_up).collect()
    }

    /// Ends it, because its person has a place in another cohort instead.
    ///
    /// # Errors
    /// It has ended already.
    pub fn give_way(self, to: &Self, signup: &Signup, now: Timestamp) -> Result<Change<Self>, Refusal> {
        let now_self = self.as_of(signup, now);
        MACHINE.check(now_self.state(), Action::MoveApplication)?;
        let enrolled_at = now_self.standing.enrolled_at();
        let moved = now_self.becomes(Standing::Transferred { at: now, enrolled_at, to: to.id }, now);
        let happened = moved
            .happening("transferred")
            .with("to_cohort_id", to.cohort_id.to_string())
            .with("to_application_id", to.id.to_string());
        Ok(Change::one(moved, happened))
    }

    /// An offer of a seat in another cohort, instead of the place in this.
    pub(crate) fn offered_in(
        &self,
        id: ApplicationId,
        there: &Cohort,
        required: &[Commitment],
        signup: &Signup,
        now: Timestamp,
    ) -> Change<Self> {
        let until = signup.offer_until(now);
        let offered = self.continued(id, there, required, Standing::Offered { since: now, until }, now);
        let happened = offered.begun_by_moving("offered").with("until", until.to_string());
        Change::one(offered, happened)
    }

    /// The same application to another cohort, for one that holds no seat: who waits does so there, behind those who do already.
    pub(crate) fn waiting_in(
        &self,
        id: ApplicationId,
        there: &Cohort,
        required: &[Commitment],
        place: impl FnOnce() -> Place,
        now: Timestamp,
    ) -> Change<Self> {
        let (standing, verb) = if let Standing::Waitlisted { since, .. } = self.standing {
            (Standing::Waitlisted { since, place: place() }, "waitlisted")
        } else if self.standing == Standing::Draft {
            (Standing::Draft, "created")
        } else {
            (Standing::Submitted { hold_until: None }, "submitted")
        };
        // Who waits with a team goes on waiting with it.
        let begun = Self { team_id: self.team_id, ..self.continued(id, there, required, standing, now) };
        let happened = begun.begun_by_moving(verb);
        Change::one(begun, happened)
    }

    fn begun_by_moving(&self, verb: &'static str) -> Happening {
        self.happening(verb).with("transferred_from", self.transferred_from.map(|from| from.to_string()))
    }

    /// It, as it goes on in another cohort.
    fn continued(&self, id: ApplicationId, there: &Cohort, required: &[Commitment], standing: Standing, now: Timestamp) -> Self {
        let asked_there = |accepted: &&Acceptance| {
            required.iter().any(|asked| asked.id == accepted.commitment_id && asked.version == accepted.version)
        };
        Self {
            id,
            cohort_id: there.id,
            person_id: self.person_id,
            workplace: self.workplace,
            verification_id: self.verification_id,
            answers: self.answers.clone(),
            commitments: self.commitments.iter().filter(asked_there).copied().collect(),
            submitted_at: self.submitted_at.or_else(|| (standing != Standing::Draft).then_some(now)),
            team_id: None,
            transferred_from: Some(self.id),
            standing,
            meta: Meta::new(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::applications::fixtures::{application, at, id};

    fn offered() -> Standing {
        Standing::Offered { since: at(150), until: at(300) }
    }

    fn gone_on(to: u128) -> Standing {
        Standing::Transferred { at: at(160), enrolled_at: None, to: id(1_000 + to) }
    }

    /// The application with this number, which continues the one with that.
    fn continues(from: u128, number: u128, standing: Standing) -> Application {
        Application { transferred_from: Some(id(1_000 + from)), ..application(number, standing) }
    }

    /// A place was offered for 1, as 2; its cohort was merged, as 3, and again, as 4; for 2 a place was offered, as 5, and for
    /// that, as 6.
    fn line() -> Vec<Application> {
        vec![
            application(1, gone_on(3)),
            continues(1, 2, offered()),
            continues(1, 3, gone_on(4)),
            continues(3, 4, offered()),
            continues(2, 5, offered()),
            continues(5, 6, offered()),
        ]
    }

    fn given_up_for(number: usize) -> Vec<u128> {
        let given_up = line()[number - 1].gives_up(line());
        given_up.iter().map(|other| uuid::Uuid::from(other.id).as_u128() - 1_000).collect()
    }

    #[test]
    fn whoever_confirms_one_gives_up_what_else_there_is_for_the_same_place() {
        assert_eq!(given_up_for(4), [2, 5, 6]);
        assert_eq!(given_up_for(6), [2, 4, 5]);
    }

    #[test]
    fn what_is_offered_for_the_confirmed_place_itself_stands() {
        assert_eq!(given_up_for(2), [4]);
        assert_eq!(given_up_for(5), [2, 4]);
    }
}
