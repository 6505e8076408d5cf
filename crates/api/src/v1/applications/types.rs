//! What goes in and out.

use std::collections::HashMap;

use cohortium_domain::access::Tie;
use cohortium_domain::applications::{self, ApplicationState, DeclineReason, ExpiryCause, RemovalCause, Standing};
use cohortium_domain::cohorts::Signup;
use cohortium_domain::commitments::Acceptance;
use cohortium_domain::ids::{ApplicationId, CohortId, CommitmentId, EmploymentId, PersonId, TeamId, VerificationId};
use cohortium_domain::text::Reason;
use cohortium_domain::time::Timestamp;
use cohortium_store::{ApplicationFilter, ApplicationOrder};
use cohortium_workflow::applications::{ApplicationChange, ApplicationWish, Decline, TransferWish};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::extract::clearable;
use crate::v1::page;

/// Answers to an application form: an object, as the form's JSON Schema says.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub(in crate::v1) struct Answers(pub Map<String, Value>);

/// An application to a cohort. From `enrolled` on it is an enrollment too, with the same id.
#[derive(Serialize, ToSchema)]
pub(in crate::v1) struct Application {
    #[serde(flatten)]
    summary: ApplicationSummary,
    answers: Answers,
    /// The version of the form that the answers answer; 0 where the program had none.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    form_version: i64,
    /// The commitments that were accepted.
    #[schema(max_items = 200)]
    commitments: Vec<AcceptedCommitment>,
    /// Why it expired.
    #[serde(skip_serializing_if = "Option::is_none")]
    expiry_cause: Option<ExpiryCause>,
    /// Why it was declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_code: Option<DeclineReason>,
    /// What was said besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<Reason>,
    /// Raised at each change.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    /// What you may do to it now.
    #[schema(max_items = 20)]
    allowed_actions: Vec<String>,
}

/// An application, in lists.
#[derive(Serialize, ToSchema)]
pub(in crate::v1) struct ListedApplication {
    #[serde(flatten)]
    pub summary: ApplicationSummary,
    /// Which choice of its person's the cohort is, the first being 1, where it is one; told to the person and to staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 3)]
    pub choice: Option<u8>,
}

/// What is told of every application.
#[derive(Serialize, ToSchema)]
pub(in crate::v1) struct ApplicationSummary {
    id: ApplicationId,
    cohort_id: CohortId,
    person_id: PersonId,
    state: ApplicationState,
    /// The place on the waitlist; the first is 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 4_294_967_295_u32)]
    waitlist_position: Option<u32>,
    /// Until when a seat is held while the verification is pending.
    #[serde(skip_serializing_if = "Option::is_none")]
    hold_expires_at: Option<Timestamp>,
    /// Until when the offer can be confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    offer_expires_at: Option<Timestamp>,
    /// When it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    submitted_at: Option<Timestamp>,
    /// Since when it is, or was, an enrollment.
    #[serde(skip_serializing_if = "Option::is_none")]
    enrolled_at: Option<Timestamp>,
    /// The team with which it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    team_application_id: Option<TeamId>,
    /// The application to another cohort that it continues: one whose offer is confirmed gives up that place.
    #[serde(skip_serializing_if = "Option::is_none")]
    transferred_from_id: Option<ApplicationId>,
    /// The application to another cohort that continues it.
    #[serde(skip_serializing_if = "Option::is_none")]
    transferred_to_id: Option<ApplicationId>,
    /// The employment on which it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    employment_id: Option<EmploymentId>,
    /// The verification of that employment.
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_id: Option<VerificationId>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

page!(
    /// Applications, a page at a time.
    pub(in crate::v1) ApplicationPage of ListedApplication
);

/// A commitment that was accepted.
#[derive(Serialize, ToSchema)]
pub(in crate::v1) struct AcceptedCommitment {
    commitment_id: CommitmentId,
    /// In which version.
    #[schema(minimum = 1, maximum = 4_294_967_295_u32)]
    version: u32,
    accepted_at: Timestamp,
}

/// A commitment that is accepted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::v1) struct CommitmentAcceptance {
    commitment_id: CommitmentId,
    /// The version that was read: it must be the one in which the commitment stands.
    #[schema(minimum = 1, maximum = 4_294_967_295_u32)]
    version: u32,
}

/// An enrollment: an application from `enrolled` on, with its id.
#[derive(Serialize, ToSchema)]
pub(in crate::v1) struct Enrollment {
    #[serde(flatten)]
    summary: EnrollmentSummary,
    /// The commitments that were accepted.
    #[schema(max_items = 200)]
    commitments: Vec<AcceptedCommitment>,
    /// Why the person was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    removal_cause: Option<RemovalCause>,
    /// What was said about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<Reason>,
    /// Raised at each change.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    /// What you may do to it now.
    #[schema(max_items = 20)]
    allowed_actions: Vec<String>,
}

/// An enrollment, in lists.
#[derive(Serialize, ToSchema)]
pub(in crate::v1) struct EnrollmentSummary {
    id: ApplicationId,
    cohort_id: CohortId,
    person_id: PersonId,
    /// `enrolled`, `completed`, `withdrawn`, `removed` or `transferred`.
    state: ApplicationState,
    enrolled_at: Timestamp,
    /// When it was completed, or ended before.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
    /// The employment on which it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    employment_id: Option<EmploymentId>,
    /// The verification of that employment.
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_id: Option<VerificationId>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

page!(
    /// Enrollments, a page at a time.
    pub(in crate::v1) EnrollmentPage of EnrollmentSummary
);

/// What an application is made of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::v1) struct ApplicationCreate {
    /// The answers to the program's form. A draft may lack some.
    #[serde(default)]
    answers: Answers,
    /// The commitments that are accepted: all of them before it is sent, where seats go to who comes first.
    #[serde(default)]
    #[schema(max_items = 200)]
    commitments: Vec<CommitmentAcceptance>,
    /// The current employment on which it is to stand; the one that fits best, when nothing is said.
    employment_id: Option<EmploymentId>,
    /// Whether it is to be sent at once.
    #[serde(default)]
    submit: bool,
}

/// What can be changed of an application: of one that was sent, the answers alone. What is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::v1) struct ApplicationUpdate {
    /// All answers.
    answers: Option<Answers>,
    /// All commitments that are accepted.
    #[schema(max_items = 200)]
    commitments: Option<Vec<CommitmentAcceptance>>,
    /// The current employment on which it is to stand; `null` leaves it to the one that fits best.
    #[serde(default, deserialize_with = "clearable")]
    employment_id: Option<Option<EmploymentId>>,
}

/// What is accepted with an offer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::v1) struct ApplicationConfirm {
    /// The commitments that have not been accepted yet, or not in the version in which they stand now.
    #[serde(default)]
    #[schema(max_items = 200)]
    commitments: Vec<CommitmentAcceptance>,
}

/// Why an application is declined.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::v1) struct ApplicationDecline {
    reason_code: DeclineReason,
    /// What the person is told besides; needed for `other`.
    note: Option<Reason>,
}

/// Where a person is offered a place instead.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::v1) struct ApplicationTransfer {
    /// Another cohort of the same program.
    to_cohort_id: CohortId,
    /// Kept in the journal.
    reason: Reason,
}

/// Why a person is removed from a cohort.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::v1) struct EnrollmentRemove {
    pub reason: Reason,
}

impl From<CommitmentAcceptance> for applications::Accepted {
    fn from(body: CommitmentAcceptance) -> Self {
        (body.commitment_id, body.version)
    }
}

pub(in crate::v1) fn accepted(commitments: Vec<CommitmentAcceptance>) -> Vec<applications::Accepted> {
    commitments.into_iter().map(Into::into).collect()
}

impl From<ApplicationCreate> for ApplicationWish {
    fn from(body: ApplicationCreate) -> Self {
        let ApplicationCreate { answers, commitments, employment_id, submit } = body;
        Self { answers: answers.0, commitments: accepted(commitments), employment_id, submit }
    }
}

impl From<ApplicationUpdate> for ApplicationChange {
    fn from(body: ApplicationUpdate) -> Self {
        let ApplicationUpdate { answers, commitments, employment_id } = body;
        Self { answers: answers.map(|answers| answers.0), commitments: commitments.map(accepted), employment_id }
    }
}

impl From<ApplicationConfirm> for Vec<applications::Accepted> {
    fn from(body: ApplicationConfirm) -> Self {
        accepted(body.commitments)
    }
}

impl From<ApplicationTransfer> for TransferWish {
    fn from(body: ApplicationTransfer) -> Self {
        Self { to: body.to_cohort_id, reason: body.reason }
    }
}

impl From<ApplicationDecline> for Decline {
    fn from(body: ApplicationDecline) -> Self {
        Self { reason: body.reason_code, note: body.note }
    }
}

cohortium_domain::words! {
    /// By what applications and enrollments are sorted; a hyphen turns it around.
    pub enum ApplicationSort {
        /// By when they were begun, the longest ago first.
        CreatedAt = "created_at",
        /// The same, the latest first.
        CreatedAtDescending = "-created_at",
        /// By when they last changed, the longest ago first.
        UpdatedAt = "updated_at",
        /// The same, the latest first.
        UpdatedAtDescending = "-updated_at",
    }
}

impl ApplicationSort {
    pub fn order(self) -> (ApplicationOrder, bool) {
        match self {
            Self::CreatedAt => (ApplicationOrder::CreatedAt, false),
            Self::CreatedAtDescending => (ApplicationOrder::CreatedAt, true),
            Self::UpdatedAt => (ApplicationOrder::UpdatedAt, false),
            Self::UpdatedAtDescending => (ApplicationOrder::UpdatedAt, true),
        }
    }
}

/// Which applications are wanted. Given twice, a parameter takes either value.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::v1) struct ApplicationsQuery {
    /// Those to this cohort.
    #[serde(default)]
    #[param(max_items = 50)]
    cohort_id: Vec<CohortId>,
    /// Those of this person.
    #[serde(default)]
    #[param(max_items = 50)]
    person_id: Vec<PersonId>,
    /// Those in this state, as it was last decided: an offer past its time is found among the offered, and reads `expired`.
    #[serde(default)]
    #[param(max_items = 10)]
    state: Vec<ApplicationState>,
    /// Those whose verification stands so now.
    #[serde(default)]
    #[param(max_items = 5)]
    verification: Vec<cohortium_domain::verifications::VerificationState>,
    /// Those that staff must look at, or the others: open ones and enrollments that rest on a verification that was taken back or
    /// ends before the cohort begins, and enrollments that are not verified.
    flagged: Option<bool>,
    /// Those sent at or after this instant.
    submitted_from: Option<Timestamp>,
    /// Those sent before this instant.
    submitted_before: Option<Timestamp>,
    /// By what they are sorted: by when they were begun, the latest first, when nothing is said.
    #[param(inline)]
    pub sort: Option<ApplicationSort>,
}

impl ApplicationsQuery {
    /// The filter, within what the caller may see.
    pub fn filter(&self, all: ApplicationFilter) -> ApplicationFilter {
        ApplicationFilter {
            cohorts: self.cohort_id.clone(),
            people: self.person_id.clone(),
            states: self.state.clone(),
            verifications: self.verification.clone(),
            flagged: self.flagged,
            submitted_from: self.submitted_from,
            submitted_before: self.submitted_before,
            ..all
        }
    }
}

/// Which enrollments are wanted. Given twice, a parameter takes either value.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::v1) struct EnrollmentsQuery {
    /// Those in this cohort.
    #[serde(default)]
    #[param(max_items = 50)]
    cohort_id: Vec<CohortId>,
    /// Those of this person.
    #[serde(default)]
    #[param(max_items = 50)]
    person_id: Vec<PersonId>,
    /// Those in this state: `enrolled`, `completed`, `withdrawn`, `removed` or `transferred`.
    #[serde(default)]
    #[param(max_items = 10)]
    state: Vec<ApplicationState>,
    /// By what they are sorted: by when the applications were begun, the latest first, when nothing is said.
    #[param(inline)]
    pub sort: Option<ApplicationSort>,
}

impl EnrollmentsQuery {
    /// The filter, within what the caller may see.
    pub fn filter(&self, all: ApplicationFilter) -> ApplicationFilter {
        let (cohorts, people, states) = (self.cohort_id.clone(), self.person_id.clone(), self.state.clone());
        ApplicationFilter { enrollments: true, cohorts, people, states, ..all }
    }
}

fn commitments(accepted: &[Acceptance]) -> Vec<AcceptedCommitment> {
    let view = |one: &Acceptance| AcceptedCommitment {
        commitment_id: one.commitment_id,
        version: one.version,
        accepted_at: one.accepted_at,
    };
    accepted.iter().map(view).collect()
}

/// An application as it is at this instant: given as of it, with the positions of who waits.
pub(in crate::v1) fn summary(
    application: &applications::Application,
    positions: &HashMap<ApplicationId, u32>,
) -> ApplicationSummary {
    let lapses_at = application.standing.lapses_at();
    let state = application.state();
    ApplicationSummary {
        id: application.id,
        cohort_id: application.cohort_id,
        person_id: application.person_id,
        state,
        waitlist_position: application.standing.place().and_then(|_| positions.get(&application.id).copied()),
        hold_expires_at: lapses_at.filter(|_| state == ApplicationState::Submitted),
        offer_expires_at: lapses_at.filter(|_| state == ApplicationState::Offered),
        submitted_at: application.submitted_at,
        enrolled_at: application.standing.enrolled_at(),
        team_application_id: application.team_id,
        transferred_from_id: application.transferred_from,
        transferred_to_id: application.standing.transferred_to(),
        employment_id: application.workplace.map(|workplace| workplace.employment_id),
        verification_id: application.verification_id,
        created_at: application.meta.created_at,
        updated_at: application.meta.updated_at,
    }
}

pub(in crate::v1) fn view(
    application: &applications::Application,
    positions: &HashMap<ApplicationId, u32>,
    signup: Option<&Signup>,
    tie: &Tie<'_>,
    now: Timestamp,
) -> Application {
    let (expiry_cause, reason_code, note) = match &application.standing {
        Standing::Expired { cause, .. } => (Some(*cause), None, None),
        Standing::Declined { reason, note, .. } => (None, Some(*reason), note.clone()),
        Standing::Draft
        | Standing::Submitted { .. }
        | Standing::Waitlisted { .. }
        | Standing::Offered { .. }
        | Standing::Enrolled { .. }
        | Standing::Completed { .. }
        | Standing::Withdrawn { .. }
        | Standing::Removed { .. }
        | Standing::Transferred { .. } => (None, None, None),
    };
    let allowed = signup.map(|signup| application.allowed_actions(tie, signup, now)).unwrap_or_default();
    Application {
        summary: summary(application, positions),
        answers: Answers(application.answers.values.clone()),
        form_version: application.answers.form_version,
        commitments: commitments(&application.commitments),
        expiry_cause,
        reason_code,
        note,
        version: application.meta.version,
        allowed_actions: allowed.into_iter().map(str::to_owned).collect(),
    }
}

/// An enrollment, where the application has become one.
pub(in crate::v1) fn enrollment_summary(enrollment: &applications::Application) -> Option<EnrollmentSummary> {
    let ended_at = match &enrollment.standing {
        Standing::Completed { completed_at: at, .. }
        | Standing::Withdrawn { at, .. }
        | Standing::Removed { at, .. }
        | Standing::Transferred { at, .. } => Some(*at),
        Standing::Draft
        | Standing::Submitted { .. }
        | Standing::Waitlisted { .. }
        | Standing::Offered { .. }
        | Standing::Enrolled { .. }
        | Standing::Expired { .. }
        | Standing::Declined { .. } => None,
    };
    Some(EnrollmentSummary {
        id: enrollment.id,
        cohort_id: enrollment.cohort_id,
        person_id: enrollment.person_id,
        state: enrollment.state(),
        enrolled_at: enrollment.standing.enrolled_at()?,
        ended_at,
        employment_id: enrollment.workplace.map(|workplace| workplace.employment_id),
        verification_id: enrollment.verification_id,
        created_at: enrollment.meta.created_at,
        updated_at: enrollment.meta.updated_at,
    })
}

/// An enrollment, where the application has become one.
pub(in crate::v1) fn enrollment(application: &applications::Application, tie: &Tie<'_>) -> Option<Enrollment> {
    let (removal_cause, note) =
        if let Standing::Removed { cause, note, .. } = &application.standing { (Some(*cause), note.clone()) } else { (None, None) };
    Some(Enrollment {
        summary: enrollment_summary(application)?,
        commitments: commitments(&application.commitments),
        removal_cause,
        note,
        version: application.meta.version,
        allowed_actions: application.allowed_enrollment_actions(tie).into_iter().map(str::to_owned).collect(),
    })
}
