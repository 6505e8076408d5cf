//! What nobody does: a deadline passes, a verification comes, a seat comes free, the cohort ends.

use super::by_applicant::{Applicant, NOT_VERIFIED};
use super::{Application, ApplicationState, DeclineReason, MACHINE, RemovalCause, Standing};
use crate::access::Action;
use crate::cohorts::Signup;
use crate::journal::{Change, Happening};
use crate::refusal::Refusal;
use crate::time::Timestamp;

impl Application {
    /// Expires it, when its time is over.
    #[must_use]
    pub fn expire(self, signup: &Signup, now: Timestamp) -> Option<Change<Self>> {
        let (at, cause) = self.standing.expiry(signup).filter(|(at, _)| now >= *at)?;
        let expired = self.becomes(Standing::Expired { at, cause }, now);
        let happened = expired.happening("expired").with("cause", cause.to_string());
        Some(Change::one(expired, happened))
    }

    /// Enrolls who came first and has been verified while the seat was held. A hold that lapsed before is not revived.
    ///
    /// # Errors
    /// No seat is held for a verification, or it is not verified, or a rule for joining is not met.
    pub fn admit(self, applicant: &Applicant<'_>, signup: &Signup, now: Timestamp) -> Result<Change<Self>, Refusal> {
        let now_self = self.as_of(signup, now);
        now_self.check(Action::AdmitApplication, signup, now)?;
        applicant.require_for_seat(now)?;
        Ok(now_self.becomes(Standing::Enrolled { enrolled_at: now }, now).change("enrolled"))
    }

    /// Offers who waits a seat that came free. Only for [`Settling`](crate::seats::Settling), which keeps the order.
    pub(crate) fn promote(self, signup: &Signup, now: Timestamp) -> Result<Change<Self>, Refusal> {
        let now_self = self.as_of(signup, now);
        now_self.check(Action::PromoteApplication, signup, now)?;
        Ok(now_self.offered(signup, now))
    }

    /// The entry that says why somebody who waits was passed over; the place is kept.
    pub(crate) fn passed_over(&self, why: &Refusal) -> Happening {
        let rules = if let Refusal::NotEligible { unmet } = why {
            unmet.iter().filter_map(|fault| fault.params.get("rule").cloned()).collect()
        } else if matches!(why, Refusal::CohortFull(_)) {
            vec!["team_does_not_fit".into()]
        } else {
            vec![NOT_VERIFIED.into()]
        };
        self.happening("passed_over").with("unmet", rules)
    }

    /// Releases it, because its cohort was cancelled; one that has ended is left as it is.
    #[must_use]
    pub fn release(self, signup: &Signup, now: Timestamp) -> Option<Change<Self>> {
        if self.clone().as_of(signup, now).state() == ApplicationState::Expired {
            return self.expire(signup, now);
        }
        MACHINE.check(self.state(), Action::ReleaseApplication).ok()?;
        Some(if self.standing.fills_seat() {
            self.removed(RemovalCause::CohortCancelled, None, now)
        } else {
            self.declined(DeclineReason::CohortCancelled, None, now)
        })
    }

    /// Completes an enrollment with its cohort.
    ///
    /// # Errors
    /// The person is not enrolled.
    pub fn complete(self, now: Timestamp) -> Result<Change<Self>, Refusal> {
        MACHINE.check(self.state(), Action::CompleteEnrollment)?;
        let enrolled_at = self.standing.enrolled_at().unwrap_or(now);
        Ok(self.becomes(Standing::Completed { enrolled_at, completed_at: now }, now).change("completed"))
    }
}
