//! What the person does: begin, change, send, take back, confirm, leave.

use super::{Answers, Application, Standing, Verified};
use crate::access::Action;
use crate::cohorts::{Cohort, Signup};
use crate::commitments::{self, Acceptance, Commitment};
use crate::eligibility::{Eligibility, Outcome, Workplace};
use crate::forms::FormOnDay;
use crate::ids::{ApplicationId, CohortId, CommitmentId, PersonId, TeamId, VerificationId};
use crate::journal::{Change, Changed};
use crate::meta::Meta;
use crate::programs::EnrollmentMode;
use crate::refusal::{Fault, FaultCode, Faults, Refusal};
use crate::seats::Seat;
use crate::time::Timestamp;
use crate::timeline::SignupWindow;

/// A commitment that somebody accepts, in the version that was read.
pub type Accepted = (CommitmentId, u32);

/// What an application is made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApplicationDraft {
    /// The answers to the form.
    pub answers: Answers,
    /// The commitments that are accepted.
    pub commitments: Vec<Accepted>,
    /// The employment on which it is to stand; the one that fits best, where none is named.
    pub workplace: Option<Workplace>,
    /// The team with which it is to be sent.
    pub team_id: Option<TeamId>,
}

/// What can be changed of a draft, and of what was sent its answers alone: `None` leaves a member as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApplicationUpdate {
    /// The answers to the form.
    pub answers: Option<Answers>,
    /// The commitments that are accepted.
    pub commitments: Option<Vec<Accepted>>,
    /// The employment on which it is to stand; `Some(None)` leaves it to what fits best.
    pub workplace: Option<Option<Workplace>>,
}

/// What is known about an applicant when something is decided.
#[derive(Clone, Copy, Debug)]
pub struct Applicant<'a> {
    /// How the rules for joining are answered.
    pub eligibility: &'a Eligibility,
    /// Whether the employment is verified.
    pub verified: Verified,
    /// The verification, where there is one.
    pub verification_id: Option<VerificationId>,
    /// What must be accepted.
    pub required: &'a [Commitment],
}

impl Applicant<'_> {
    /// Until when a seat is held for this applicant, who comes first: for good, when nothing stands in the way.
    #[must_use]
    pub fn holds_until(&self, signup: &Signup, now: Timestamp) -> Option<Timestamp> {
        let admitted = self.verified.holds(now) && self.eligibility.outcome() == Outcome::Met;
        (!admitted).then(|| signup.hold_until(now))
    }

    /// What stands against giving this applicant a seat: the rules that are not met, and a verification that is not there.
    pub(super) fn against(&self, now: Timestamp) -> Vec<String> {
        let open = self.eligibility.findings.iter().filter(|finding| finding.outcome != Outcome::Met);
        let unverified = (!self.verified.holds(now)).then(|| NOT_VERIFIED.to_owned());
        open.map(|finding| finding.rule.to_string()).chain(unverified).collect()
    }

    pub(super) fn require_for_seat(&self, now: Timestamp) -> Result<(), Refusal> {
        self.eligibility.require_met()?;
        self.verified.require(now)
    }
}

/// How the journal calls a verification that is not there, beside the rules that are not met.
pub(super) const NOT_VERIFIED: &str = "not_verified";

impl Application {
    /// A new application, as a draft.
    ///
    /// # Errors
    /// Sign-up is not open, or the person leads the cohort, or it accepts what is not there to accept.
    pub fn begin(
        id: ApplicationId,
        (cohort, person_id): (&Cohort, PersonId),
        draft: ApplicationDraft,
        required: &[Commitment],
        window: Option<&SignupWindow>,
        now: Timestamp,
    ) -> Result<Change<Self>, Refusal> {
        let commitments = accept(&draft.commitments, &[], required, now)?;
        cohort.require_signup_open(window, now)?;
        cohort.require_not_facilitated_by(person_id)?;
        let begun = Self::draft(id, (cohort.id, person_id), draft.answers, now);
        let (workplace, team_id) = (draft.workplace, draft.team_id);
        Ok(Self { workplace, commitments, team_id, ..begun }.change("created"))
    }

    pub(super) fn draft(id: ApplicationId, (cohort_id, person_id): (CohortId, PersonId), answers: Answers, now: Timestamp) -> Self {
        Self {
            id,
            cohort_id,
            person_id,
            workplace: None,
            verification_id: None,
            answers,
            commitments: Vec::new(),
            submitted_at: None,
            team_id: None,
            transferred_from: None,
            standing: Standing::Draft,
            meta: Meta::new(now),
        }
    }

    /// Changes a draft; or, of what was sent, the answers to the questions that are open, which `form` judges at once.
    ///
    /// # Errors
    /// It is settled, or accepts what is not there to accept; of what was sent, anything else would change, or the answers are not
    /// as they must be on this day.
    pub fn update(
        self,
        update: ApplicationUpdate,
        form: &FormOnDay<'_>,
        required: &[Commitment],
        signup: &Signup,
        now: Timestamp,
    ) -> Result<Change<Self>, Refusal> {
        let mut updated = self.as_of(signup, now);
        updated.check(Action::UpdateApplication, signup, now)?;
        if updated.submitted_at.is_some() {
            updated.check_update_of_sent(&update, form)?;
        }
        let accepted = update.commitments.map(|given| accept(&given, &updated.commitments, required, now)).transpose()?;
        let mut changed = Changed::default();
        changed.set("answers", &mut updated.answers, update.answers);
        changed.set("commitments", &mut updated.commitments, accepted);
        changed.set("employment_id", &mut updated.workplace, update.workplace);
        updated.meta = updated.meta.changed(now);
        let happened = updated.happening("updated").with("changed", changed.names());
        Ok(Change::one(updated, happened))
    }

    fn check_update_of_sent(&self, update: &ApplicationUpdate, form: &FormOnDay<'_>) -> Result<(), Refusal> {
        let mut faults = Faults::default();
        for (member, given) in [("commitments", update.commitments.is_some()), ("employment_id", update.workplace.is_some())] {
            if given {
                let detail = "It was sent: only its answers can be changed";
                faults.push(Fault::new(format!("#/{member}"), FaultCode::Frozen, detail));
            }
        }
        if let Some(answers) = &update.answers {
            form.faults_of_change(&self.answers.values, &answers.values).into_iter().for_each(|fault| faults.push(fault));
        }
        faults.check()
    }

    /// Goes on when it can be sent by itself, as far as its state and the time go.
    ///
    /// # Errors
    /// It was sent already, or is sent with its team, or sign-up is not open.
    pub fn can_be_sent(&self, signup: &Signup, now: Timestamp) -> Result<(), Refusal> {
        if self.team_id.is_some() {
            let what = "It is sent with its team: agree to that, or withdraw it and begin one of your own";
            return Err(Refusal::NotReady { what: what.to_owned(), missing: Vec::new() });
        }
        self.clone().as_of(signup, now).check(Action::SubmitApplication, signup, now)
    }

    /// Sends it. What comes of it depends on what came of asking for a seat.
    ///
    /// # Errors
    /// It was sent already, sign-up is not open, a rule for joining is unmet, or a commitment that must be accepted now was not.
    pub fn submit(self, applicant: &Applicant<'_>, seat: Seat, signup: &Signup, now: Timestamp) -> Result<Change<Self>, Refusal> {
        let mut submission = self.as_of(signup, now);
        submission.check(Action::SubmitApplication, signup, now)?;
        applicant.eligibility.require_not_unmet()?;
        if signup.mode == EnrollmentMode::FirstCome {
            commitments::require(applicant.required, &submission.commitments)?;
        }
        submission.submitted_at = Some(now);
        submission.workplace = applicant.eligibility.workplace;
        submission.verification_id = applicant.verification_id;
        let hold_until = if let Seat::Held { until } = seat { until } else { None };
        let submission = submission.becomes(Standing::Submitted { hold_until }, now);
        let submitted = match hold_until {
            Some(until) => submission.happening("submitted").with("until", until.to_string()),
            None => submission.happening("submitted"),
        };
        let (standing, verb) = match seat {
            Seat::Unasked | Seat::Held { until: Some(_) } => return Ok(Change::one(submission, submitted)),
            Seat::Held { until: None } => {
                applicant.require_for_seat(now)?;
                (Standing::Enrolled { enrolled_at: now }, "enrolled")
            }
            Seat::Full { place } => (Standing::Waitlisted { since: now, place }, "waitlisted"),
        };
        let received = submission.becomes(standing, now);
        let happened = vec![submitted, received.happening(verb)];
        Ok(Change { value: received, happened })
    }

    /// Takes it back, or leaves the waitlist.
    ///
    /// # Errors
    /// It is settled already, or has expired.
    pub fn withdraw(self, signup: &Signup, now: Timestamp) -> Result<Change<Self>, Refusal> {
        let now_self = self.as_of(signup, now);
        now_self.check(Action::WithdrawApplication, signup, now)?;
        Ok(now_self.becomes(Standing::Withdrawn { at: now, enrolled_at: None }, now).change("withdrawn"))
    }

    /// Confirms an offer, accepting what is still to be accepted.
    ///
    /// # Errors
    /// No offer stands, or the rules for joining, the verification or the commitments are not as they must be.
    pub fn confirm(
        self,
        given: &[Accepted],
        applicant: &Applicant<'_>,
        signup: &Signup,
        now: Timestamp,
    ) -> Result<Change<Self>, Refusal> {
        let given = accept(given, &self.commitments, applicant.required, now)?;
        let mut confirmed = self.as_of(signup, now);
        confirmed.check(Action::ConfirmApplication, signup, now)?;
        applicant.require_for_seat(now)?;
        confirmed.commitments.retain(|before| given.iter().all(|now| now.commitment_id != before.commitment_id));
        confirmed.commitments.extend(given);
        commitments::require(applicant.required, &confirmed.commitments)?;
        Ok(confirmed.becomes(Standing::Enrolled { enrolled_at: now }, now).change("enrolled"))
    }

    /// Leaves the cohort.
    ///
    /// # Errors
    /// The person is not enrolled.
    pub fn leave(self, signup: &Signup, now: Timestamp) -> Result<Change<Self>, Refusal> {
        self.check(Action::WithdrawEnrollment, signup, now)?;
        let enrolled_at = self.standing.enrolled_at();
        Ok(self.becomes(Standing::Withdrawn { at: now, enrolled_at }, now).change("withdrawn"))
    }
}

/// What a person accepts now, checked; what was accepted before in the same wording keeps its instant.
fn accept(given: &[Accepted], before: &[Acceptance], required: &[Commitment], now: Timestamp) -> Result<Vec<Acceptance>, Refusal> {
    let accepted = given.iter().map(|(commitment_id, version)| {
        let same = |earlier: &&Acceptance| earlier.commitment_id == *commitment_id && earlier.version == *version;
        let new = Acceptance { commitment_id: *commitment_id, version: *version, accepted_at: now };
        before.iter().find(same).copied().unwrap_or(new)
    });
    let accepted: Vec<Acceptance> = accepted.collect();
    commitments::check_acceptances(required, &accepted)?;
    Ok(accepted)
}
