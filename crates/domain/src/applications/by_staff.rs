//! What staff and facilitators decide: offer, put on the waitlist, prioritize, add, decline, remove.

use super::by_applicant::Applicant;
use super::{Answers, Application, DeclineReason, MACHINE, RemovalCause, Standing};
use crate::access::Action;
use crate::cohorts::{Cohort, Signup};
use crate::ids::{ApplicationId, PersonId};
use crate::journal::Change;
use crate::refusal::{FaultCode, Refusal};
use crate::seats::{FreeSeat, Place};
use crate::text::Reason;
use crate::time::Timestamp;

impl Application {
    /// Offers it a seat, which is asked for once nothing else stands in the way.
    ///
    /// # Errors
    /// It cannot be offered one now, a rule for joining is not met, the employment is not verified where it must be, or no seat is
    /// free.
    pub fn offer(
        self,
        seat: impl FnOnce() -> Result<FreeSeat, Refusal>,
        applicant: &Applicant<'_>,
        signup: &Signup,
        now: Timestamp,
    ) -> Result<Change<Self>, Refusal> {
        let now_self = self.as_of(signup, now);
        now_self.check(Action::OfferApplication, signup, now)?;
        applicant.eligibility.require_met()?;
        applicant.verified.require_for_offer(signup.mode, now)?;
        let seat = seat()?;
        let mut change = now_self.offered(signup, now);
        change.happened.splice(0..0, seat.passing_over);
        Ok(change)
    }

    /// Puts it on the waitlist.
    ///
    /// # Errors
    /// It is not under review.
    pub fn put_on_waitlist(self, place: Place, signup: &Signup, now: Timestamp) -> Result<Change<Self>, Refusal> {
        let now_self = self.as_of(signup, now);
        now_self.check(Action::WaitlistApplication, signup, now)?;
        Ok(now_self.becomes(Standing::Waitlisted { since: now, place }, now).change("waitlisted"))
    }

    /// Puts it before those on the waitlist whose priority is less, or with 0 back where its number puts it.
    ///
    /// # Errors
    /// It does not wait.
    pub fn prioritize(self, priority: u8, reason: &Reason, signup: &Signup, now: Timestamp) -> Result<Change<Self>, Refusal> {
        let now_self = self.as_of(signup, now);
        now_self.check(Action::PrioritizeApplication, signup, now)?;
        let Standing::Waitlisted { since, place } = now_self.standing else {
            return Err(MACHINE.refuse(now_self.state(), Action::PrioritizeApplication));
        };
        let prioritized = now_self.becomes(Standing::Waitlisted { since, place: place.with_priority(priority) }, now);
        let happened = prioritized.happening("prioritized").with("priority", priority).because(Some(reason));
        Ok(Change::one(prioritized, happened))
    }

    /// What staff add a person to a cohort with who has not begun an application: an empty draft.
    pub fn blank(id: ApplicationId, cohort: &Cohort, person_id: PersonId, answers: Answers, now: Timestamp) -> Change<Self> {
        Self::draft(id, (cohort.id, person_id), answers, now).change("created")
    }

    /// Adds the person to the cohort, on staff's word: what the rules for joining say against it stands in the entry.
    ///
    /// # Errors
    /// It was sent already, or the person leads the cohort, or the cohort is not published or over, or no seat is free.
    pub fn add(
        self,
        cohort: &Cohort,
        seat: impl FnOnce() -> Result<FreeSeat, Refusal>,
        (applicant, reason): (&Applicant<'_>, &Reason),
        signup: &Signup,
        now: Timestamp,
    ) -> Result<Change<Self>, Refusal> {
        cohort.require_open_to_additions(&signup.window, now)?;
        cohort.require_not_facilitated_by(self.person_id)?;
        MACHINE.check(self.state(), Action::CreateAddition)?;
        let FreeSeat { passing_over } = seat()?;
        let mut added = self;
        added.submitted_at = Some(now);
        added.workplace = applicant.eligibility.workplace;
        added.verification_id = applicant.verification_id;
        let added = added.becomes(Standing::Enrolled { enrolled_at: now }, now);
        let against = applicant.against(now);
        let enrolled = added.happening("enrolled").with("added", true).with("unmet", against).because(Some(reason));
        let passing_over = passing_over.into_iter().map(|entry| entry.because(Some(reason)));
        let happened = passing_over.chain([enrolled]).collect();
        Ok(Change { value: added, happened })
    }

    /// Declines it.
    ///
    /// # Errors
    /// It is not there to be declined, the reason is not one to give, or it is `other` and not told.
    pub fn decline(
        self,
        reason: DeclineReason,
        note: Option<&Reason>,
        signup: &Signup,
        now: Timestamp,
    ) -> Result<Change<Self>, Refusal> {
        if reason == DeclineReason::CohortCancelled {
            let advice = "Cancel the cohort: that declines its applications for this reason";
            return Err(Refusal::invalid("#/reason_code", FaultCode::InvalidValue, advice));
        }
        if reason == DeclineReason::Other && note.is_none() {
            return Err(Refusal::ReasonRequired("Say the reason in a note when it is another than those listed".to_owned()));
        }
        let now_self = self.as_of(signup, now);
        now_self.check(Action::DeclineApplication, signup, now)?;
        Ok(now_self.declined(reason, note, now))
    }

    /// Removes an enrolled person from the cohort.
    ///
    /// # Errors
    /// The person is not enrolled.
    pub fn remove(self, note: &Reason, signup: &Signup, now: Timestamp) -> Result<Change<Self>, Refusal> {
        self.check(Action::RemoveEnrollment, signup, now)?;
        Ok(self.removed(RemovalCause::StaffDecision, Some(note), now))
    }

    pub(super) fn offered(self, signup: &Signup, now: Timestamp) -> Change<Self> {
        let until = signup.offer_until(now);
        let mut change = self.becomes(Standing::Offered { since: now, until }, now).change("offered");
        change.happened = change.happened.into_iter().map(|happening| happening.with("until", until.to_string())).collect();
        change
    }

    pub(crate) fn declined(self, reason: DeclineReason, note: Option<&Reason>, now: Timestamp) -> Change<Self> {
        let declined = self.becomes(Standing::Declined { at: now, reason, note: note.cloned() }, now);
        let happened = declined.happening("declined").with("reason_code", reason.to_string()).because(note);
        Change::one(declined, happened)
    }

    pub(super) fn removed(self, cause: RemovalCause, note: Option<&Reason>, now: Timestamp) -> Change<Self> {
        let enrolled_at = self.standing.enrolled_at().unwrap_or(now);
        let removed = self.becomes(Standing::Removed { at: now, enrolled_at, cause, note: note.cloned() }, now);
        let happened = removed.happening("removed").with("cause", cause.to_string()).because(note);
        Change::one(removed, happened)
    }
}
