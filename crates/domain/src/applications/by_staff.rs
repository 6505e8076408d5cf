//! What staff and facilitators decide: offer, put on the waitlist, decline, remove.

use super::by_applicant::Applicant;
use super::{Application, DeclineReason, RemovalCause, Standing};
use crate::access::Action;
use crate::cohorts::Signup;
use crate::journal::Change;
use crate::refusal::{FaultCode, Refusal};
use crate::seats::{FreeSeat, Place};
use crate::text::Reason;
use crate::time::Timestamp;

impl Application {
    /// Offers it a seat, which is asked for once nothing else stands in the way.
    ///
    /// # Errors
    /// It cannot be offered one now, a rule for joining is not met, the employment is not verified where it must be, or no seat is free.
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
