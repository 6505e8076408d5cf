//! Applications, and the enrollments that they become.
//!
//! An application is one row, one machine and one id from its draft to the end of the cohort; from `enrolled` on it is spoken of as
//! an enrollment. What always holds: an offer or a hold past its time reads `expired` and is never honored, whether or not it has
//! been settled; a seat is given only to whom the rules for joining let in, and where the program says so, only to whom is
//! verified, but for whom staff add with a reason. Left out on purpose: whether a seat is free, which the cohort knows, and whether
//! the answers fit the form.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::access::{Action, Tie};
use crate::cohorts::Signup;
use crate::commitments::Acceptance;
use crate::eligibility::{EmploymentFacts, Workplace};
use crate::forms::{self, ApplicationForm};
use crate::ids::{ApplicationId, CohortId, FileId, PersonId, TeamId, VerificationId};
use crate::journal::{Change, Happening, Subject, SubjectKind};
use crate::machine::{Machine, Transition};
use crate::meta::Meta;
use crate::programs::EnrollmentMode;
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::verifications::Verification;

mod by_applicant;
mod by_staff;
mod by_time;
mod by_transfer;
#[cfg(test)]
pub(crate) mod fixtures;
mod in_one_cohort;
mod standing;
#[cfg(test)]
mod tests;

pub use by_applicant::{Accepted, Applicant, ApplicationDraft, ApplicationUpdate};
pub use by_transfer::Transfer;
pub use standing::{ApplicationState, DeclineReason, ExpiryCause, RemovalCause, Standing};

/// The moves of an application.
pub const MACHINE: Machine<ApplicationState> = {
    use ApplicationState::{
        Completed, Declined, Draft, Enrolled, Expired, Offered, Removed, Submitted, Transferred, Waitlisted, Withdrawn,
    };
    Machine {
        name: "application",
        transitions: &[
            Transition { action: Action::UpdateApplication, from: &[Draft], to: &[Draft] },
            Transition { action: Action::UpdateApplication, from: &[Submitted], to: &[Submitted] },
            Transition { action: Action::UpdateApplication, from: &[Waitlisted], to: &[Waitlisted] },
            Transition { action: Action::UpdateApplication, from: &[Offered], to: &[Offered] },
            Transition { action: Action::UpdateApplication, from: &[Enrolled], to: &[Enrolled] },
            Transition { action: Action::SubmitApplication, from: &[Draft], to: &[Submitted, Enrolled, Waitlisted] },
            Transition { action: Action::AdmitApplication, from: &[Submitted], to: &[Enrolled] },
            Transition { action: Action::OfferApplication, from: &[Submitted, Waitlisted], to: &[Offered] },
            Transition { action: Action::WaitlistApplication, from: &[Submitted], to: &[Waitlisted] },
            Transition { action: Action::PrioritizeApplication, from: &[Waitlisted], to: &[Waitlisted] },
            Transition { action: Action::PromoteApplication, from: &[Waitlisted], to: &[Offered] },
            Transition { action: Action::ConfirmApplication, from: &[Offered], to: &[Enrolled] },
            Transition { action: Action::CreateAddition, from: &[Draft], to: &[Enrolled] },
            Transition { action: Action::DeclineApplication, from: &[Submitted, Waitlisted], to: &[Declined] },
            Transition { action: Action::WithdrawApplication, from: &[Draft, Submitted, Waitlisted, Offered], to: &[Withdrawn] },
            Transition { action: Action::ExpireApplication, from: &[Draft, Submitted, Waitlisted, Offered], to: &[Expired] },
            Transition { action: Action::ReleaseApplication, from: &[Draft, Submitted, Waitlisted, Offered], to: &[Declined] },
            Transition { action: Action::ReleaseApplication, from: &[Enrolled], to: &[Removed] },
            Transition { action: Action::WithdrawEnrollment, from: &[Enrolled], to: &[Withdrawn] },
            Transition { action: Action::RemoveEnrollment, from: &[Enrolled], to: &[Removed] },
            Transition { action: Action::TransferApplication, from: &[Submitted], to: &[Submitted] },
            Transition { action: Action::TransferApplication, from: &[Waitlisted], to: &[Waitlisted] },
            Transition { action: Action::TransferApplication, from: &[Offered], to: &[Offered] },
            Transition { action: Action::TransferApplication, from: &[Enrolled], to: &[Enrolled] },
            Transition {
                action: Action::MoveApplication,
                from: &[Draft, Submitted, Waitlisted, Offered, Enrolled],
                to: &[Transferred],
            },
            Transition { action: Action::CompleteEnrollment, from: &[Enrolled], to: &[Completed] },
        ],
    }
};

/// Answers to a program's application form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// The version of the form that they answer.
    pub form_version: i64,
    /// The answers, by the names of the questions.
    pub values: Map<String, Value>,
}

impl Answers {
    /// Answers to a form, as a person who has these files writes them: those of a draft can lack some.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] when they name files that are not among these.
    pub fn to(form: &ApplicationForm, values: Map<String, Value>, files: &BTreeSet<FileId>) -> Result<Self, Refusal> {
        form.schema.check_files(&values, files)?;
        Ok(Self { form_version: form.meta.version, values })
    }

    /// The files that they name.
    #[must_use]
    pub fn file_ids(&self) -> BTreeSet<FileId> {
        forms::file_ids(&self.values)
    }
}

/// An application, or the enrollment that it became.
#[derive(Clone, Debug, PartialEq)]
pub struct Application {
    /// Which.
    pub id: ApplicationId,
    /// To which cohort; this never changes.
    pub cohort_id: CohortId,
    /// Whose; this never changes.
    pub person_id: PersonId,
    /// The employment on which it stands: at the latest once it has been sent, where the person has one.
    pub workplace: Option<Workplace>,
    /// The verification of that employment.
    pub verification_id: Option<VerificationId>,
    /// The answers to the form.
    pub answers: Answers,
    /// The commitments that were accepted.
    pub commitments: Vec<Acceptance>,
    /// When it was sent.
    pub submitted_at: Option<Timestamp>,
    /// The team with which it is sent.
    pub team_id: Option<TeamId>,
    /// The application to another cohort that it continues.
    pub transferred_from: Option<ApplicationId>,
    /// Where it stands.
    pub standing: Standing,
    /// Version and instants.
    pub meta: Meta,
}

/// Whether the employment on which an application stands is verified as its program asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verified {
    /// Not, or not yet.
    No,
    /// It is, until then.
    Until(Timestamp),
}

/// Whether an action is done to an enrollment, and not to the application that it was.
fn of_enrollment(action: Action) -> bool {
    matches!(action, Action::WithdrawEnrollment | Action::RemoveEnrollment | Action::CompleteEnrollment)
}

impl Verified {
    /// What a verification says.
    #[must_use]
    pub fn by(verification: Option<&Verification>) -> Self {
        verification.and_then(Verification::valid_until).map_or(Self::No, Self::Until)
    }

    /// Whether it holds at an instant.
    #[must_use]
    pub fn holds(self, now: Timestamp) -> bool {
        match self {
            Self::No => false,
            Self::Until(until) => now < until,
        }
    }

    /// Goes on when it holds.
    ///
    /// # Errors
    /// [`Refusal::NotVerified`].
    pub fn require(self, now: Timestamp) -> Result<(), Refusal> {
        if self.holds(now) { Ok(()) } else { Err(Refusal::NotVerified("The employment must be verified first".to_owned())) }
    }

    /// Goes on when a seat can be offered: where applications are reviewed, only to whom is verified.
    ///
    /// # Errors
    /// [`Refusal::NotVerified`].
    pub fn require_for_offer(self, mode: EnrollmentMode, now: Timestamp) -> Result<(), Refusal> {
        match mode {
            EnrollmentMode::FirstCome => Ok(()),
            EnrollmentMode::RollingReview => self.require(now),
        }
    }
}

impl Application {
    /// The state as it was last decided.
    #[must_use]
    pub fn state(&self) -> ApplicationState {
        self.standing.state()
    }

    /// Since when it waits, where it does.
    #[must_use]
    pub fn waitlisted_since(&self) -> Option<Timestamp> {
        if let Standing::Waitlisted { since, .. } = self.standing { Some(since) } else { None }
    }

    /// The same as it is at an instant: past its time it reads `expired`, though nobody has settled it.
    #[must_use]
    pub fn as_of(mut self, signup: &Signup, now: Timestamp) -> Self {
        if let Some((at, cause)) = self.standing.expiry(signup).filter(|(at, _)| now >= *at) {
            self.standing = Standing::Expired { at, cause };
        }
        self
    }

    /// Of a person's current employments, those that count for it: the one on which it stands, or all as long as it stands on none.
    #[must_use]
    pub fn employments_that_count(&self, employments: &[EmploymentFacts]) -> Vec<EmploymentFacts> {
        let counts = |facts: &&EmploymentFacts| {
            self.workplace.is_none_or(|workplace| workplace.employment_id == facts.workplace.employment_id)
        };
        employments.iter().filter(counts).cloned().collect()
    }

    /// What this caller can do to it now, as an application.
    #[must_use]
    pub fn allowed_actions(&self, tie: &Tie<'_>, signup: &Signup, now: Timestamp) -> Vec<&'static str> {
        let now_self = self.clone().as_of(signup, now);
        // Somebody is added to a cohort, not to an application; and who is in a team is sent with it.
        let with_its_team = |action| action == Action::SubmitApplication && self.team_id.is_some();
        let here = |action| !of_enrollment(action) && action != Action::CreateAddition && !with_its_team(action);
        let in_time = |action| here(action) && now_self.in_time(action, signup, now).is_ok();
        MACHINE.allowed(now_self.state(), tie, in_time)
    }

    /// What this caller can do to it now, as an enrollment.
    #[must_use]
    pub fn allowed_enrollment_actions(&self, tie: &Tie<'_>) -> Vec<&'static str> {
        MACHINE.allowed(self.state(), tie, of_enrollment)
    }

    /// Goes on when the state allows the action now.
    fn check(&self, action: Action, signup: &Signup, now: Timestamp) -> Result<(), Refusal> {
        MACHINE.check(self.state(), action)?;
        self.in_time(action, signup, now)
    }

    /// Goes on when an action that the state allows is open at this time, and in this mode.
    fn in_time(&self, action: Action, signup: &Signup, now: Timestamp) -> Result<(), Refusal> {
        // Where the first come are the first served, who holds a seat keeps it, and who holds none waits already. Where
        // applications are reviewed, a verification alone admits nobody.
        let holds_seat = self.standing.holds_seat();
        let not_here = (matches!(action, Action::OfferApplication | Action::WaitlistApplication) && holds_seat)
            || (action == Action::AdmitApplication && !holds_seat);
        if not_here {
            return Err(MACHINE.refuse(self.state(), action));
        }
        if action == Action::SubmitApplication && now < signup.window.opens_at {
            return Err(Refusal::WindowClosed {
                what: "Sign-up to this cohort has not opened yet".to_owned(),
                opens_at: Some(signup.window.opens_at),
                closed_at: None,
            });
        }
        Ok(())
    }

    /// That it is for staff to look at, since the verification on which it stands was taken back. Nothing else becomes of it by
    /// itself.
    #[must_use]
    pub fn flagged(&self, revoked: VerificationId) -> Happening {
        self.happening("flagged").with("verification_id", revoked.to_string())
    }

    fn becomes(mut self, standing: Standing, now: Timestamp) -> Self {
        self.standing = standing;
        self.meta = self.meta.changed(now);
        self
    }

    fn happening(&self, verb: &'static str) -> Happening {
        Happening::new(Subject::new(SubjectKind::Application, self.id), verb)
            .with("cohort_id", self.cohort_id.to_string())
            .with("person_id", self.person_id.to_string())
            .with("state", self.state().to_string())
    }

    fn change(self, verb: &'static str) -> Change<Self> {
        let happened = self.happening(verb);
        Change::one(self, happened)
    }
}
