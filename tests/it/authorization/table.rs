//! The table: a row for each operation.

use cohortium_tests::document::Operation;
use serde_json::{Value, json};

use super::world::Place;
use crate::programs::{dcsc, dcsc_timeline};
use crate::reviews::{rubric, scores};

/// Whom a row asks as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Owner,
    Staff,
    /// Who is assigned reviews.
    Reviewer,
    /// Any person with an account, tied to nothing.
    Member,
    /// Whom the things of `world.rs` concern.
    Author,
    /// Who facilitates the cohorts.
    Facilitator,
    /// Who has applied to them.
    Applicant,
}

impl Role {
    pub const ALL: [Self; 7] =
        [Self::Owner, Self::Staff, Self::Reviewer, Self::Member, Self::Author, Self::Facilitator, Self::Applicant];
}

/// One operation.
pub struct Row {
    pub operation: Operation,
    /// As whom the call must succeed.
    pub may: Role,
    /// Who is told what instead.
    pub may_not: Vec<(Role, u16)>,
    /// What it is done to, by its name in `world.rs`.
    thing: Option<&'static str>,
    pub body: Option<fn(&Place<'_>) -> Value>,
    /// Whether a file is sent.
    pub file: bool,
    /// The form that the token endpoints take, from a client with its secret.
    pub form: Option<&'static str>,
}

impl Row {
    /// The address, with this id.
    pub fn path(&self, id: Option<&str>) -> String {
        let path = self.operation.path.replace("{grant}", "reviewer");
        if let Some(id) = id.filter(|id| !id.contains('/')) {
            // Whatever it is called there.
            return path.split('/').map(|part| if part.starts_with('{') { id } else { part }).collect::<Vec<_>>().join("/");
        }
        let (Some((before, rest)), Some(id)) = (path.split_once('{'), id) else {
            return path;
        };
        // What is addressed by several names stands for all of them, and what is between them.
        let after = rest.rsplit_once('}').map_or("", |(_, after)| after);
        format!("{before}{id}{after}")
    }

    /// The id of what it is done to, in a coalition.
    pub fn id_in<'a>(&self, place: &'a Place<'_>) -> Option<&'a str> {
        self.thing.map(|thing| place.id(thing))
    }

    fn not(mut self, role: Role, told: u16) -> Self {
        self.may_not.push((role, told));
        self
    }

    fn on(self, thing: &'static str) -> Self {
        Self { thing: Some(thing), ..self }
    }

    fn file(self) -> Self {
        Self { file: true, ..self }
    }

    fn form(self, form: &'static str) -> Self {
        Self { form: Some(form), ..self }
    }

    fn with(self, body: fn(&Place<'_>) -> Value) -> Self {
        Self { body: Some(body), ..self }
    }
}

fn row(id: &str, may: Role) -> Row {
    let operation = Operation::all().into_iter().find(|operation| operation.id == id);
    let operation = operation.unwrap_or_else(|| panic!("the document has no {id}"));
    Row { operation, may, may_not: Vec::new(), thing: None, body: None, file: false, form: None }
}

fn public(id: &str) -> Row {
    row(id, Role::Member)
}

/// Every operation. Those that succeed are called in this order, so what takes something away from the others stands at the end.
pub fn table() -> Vec<Row> {
    [
        access(),
        api_clients(),
        catalog(),
        members(),
        proposals(),
        reviews(),
        programs(),
        verifications(),
        cohorts(),
        files(),
        applications(),
        sessions(),
        stipends(),
        ends(),
        signing_out(),
        oversight(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Health, signing in, oneself and the coalition.
fn access() -> Vec<Row> {
    use Role::{Applicant, Author, Member, Owner, Staff};
    vec![
        public("getLiveness"),
        public("getReadiness"),
        public("getVersion"),
        public("getDocument"),
        public("getKeys"),
        public("listStateMachines"),
        public("login")
            .with(|_| json!({"coalition": "dcsc", "email": "member@example.org", "password": "a phrase that the member knows"})),
        public("refreshTokens").with(|place| json!({"refresh_token": place.session(Role::Author).refresh_token()})),
        public("register").with(|_| {
            json!({"coalition": "dcsc", "email": "newcomer@example.org",
                "given_name": "Noa", "family_name": "Lind"})
        }),
        public("verifyEmail").with(|place| json!({"token": place.id("token to register"), "password": "seven herons over a weir"})),
        public("forgotPassword").with(|_| json!({"coalition": "dcsc", "email": "member@example.org"})),
        public("resetPassword").with(|place| json!({"token": place.id("token to set up"), "password": "seven herons over a weir"})),
        public("confirmEmail").with(|place| json!({"token": place.id("token to confirm")})),
        row("changeEmail", Member)
            .with(|_| json!({"current_password": "a phrase that the member knows", "email": "member@new.example"})),
        row("changePassword", Member)
            .with(|_| json!({"current_password": "a phrase that the member knows", "password": "seven herons over a weir"})),
        row("listStaff", Owner).not(Staff, 403),
        row("addGrant", Owner).not(Staff, 403).on("movable person"),
        row("removeGrant", Owner).not(Staff, 403).on("movable person"),
        row("suspendPerson", Owner).not(Staff, 403).on("movable person").with(because),
        row("reinstatePerson", Owner).not(Staff, 403).on("movable person").with(because),
        row("endSignIns", Owner).not(Staff, 403).on("movable person"),
        row("takeSecondFactor", Owner).not(Staff, 403).on("person with an app"),
        row("listMySignIns", Member),
        row("stepUp", Member).with(|_| json!({"password": "seven herons over a weir"})),
        row("enrollTotp", Member),
        row("confirmTotp", Applicant).with(|place| json!({"code": place.code()})),
        row("createRecoveryCodes", Applicant),
        row("removeTotp", Applicant),
        row("listMyIdentities", Member),
        row("linkMyIdentity", Author).with(|place| json!({"access_token": place.id("outside token")})),
        row("unlinkMyIdentity", Author).not(Member, 404).on("identity"),
        row("getMe", Member),
        row("updateMe", Member).with(|_| json!({"given_name": "Mia"})),
        row("getCoalition", Member),
        row("updateCoalition", Owner).not(Staff, 403).with(|_| json!({"website": "https://dcsc.example"})),
    ]
}

/// API clients, and the tokens that they get.
fn api_clients() -> Vec<Row> {
    use Role::{Owner, Staff};
    vec![
        public("getAuthorizationServer"),
        public("issueToken").form("grant_type=client_credentials"),
        public("revokeToken").form("token=coh_rt_unknown"),
        row("listApiClients", Owner).not(Staff, 403),
        row("createApiClient", Owner).not(Staff, 403).with(|_| json!({"name": "Website", "scopes": ["programs:read"]})),
        row("getApiClient", Owner).not(Staff, 403).on("api client"),
        row("updateApiClient", Owner).not(Staff, 403).on("api client").with(|_| json!({"name": "The CRM"})),
        row("addClientSecret", Owner).not(Staff, 403).on("api client"),
        row("revokeClientSecret", Owner).not(Staff, 403).on("client secret"),
        row("revokeApiClient", Owner).not(Staff, 403).on("api client"),
    ]
}

/// What everybody may read.
fn catalog() -> Vec<Row> {
    vec![
        public("getCatalog").on("catalog"),
        public("getCatalogProgram").on("program in the catalog"),
        public("getCatalogTimeline").on("program in the catalog"),
        public("getCatalogTimelineCalendar").on("program in the catalog"),
        public("listCatalogCohorts").on("catalog"),
        public("getCatalogCohort").on("cohort in the catalog"),
    ]
}

/// Organizations, people, their employments, and roles.
fn members() -> Vec<Row> {
    use Role::{Author, Member, Staff};
    vec![
        row("listOrganizations", Staff).not(Member, 403),
        row("createOrganization", Staff).not(Member, 403).with(|_| json!({"name": "Elm Grove", "kind": "district", "state": "CO"})),
        row("getOrganization", Staff).not(Member, 403).on("organization"),
        row("updateOrganization", Staff).not(Member, 403).on("organization").with(|_| json!({"name": "Cedar Hollow Academy"})),
        row("listPeople", Staff).not(Member, 403),
        row("createPerson", Staff)
            .not(Member, 403)
            .with(|_| json!({"given_name": "Noa", "family_name": "Lind", "email": "noa@example.org"})),
        row("getPerson", Staff).not(Author, 403).on("person"),
        row("updatePerson", Staff).not(Author, 403).on("person").with(|_| json!({"family_name": "Ruiz"})),
        row("listEmployments", Staff).not(Author, 403).on("person"),
        row("createEmployment", Staff).not(Author, 403).on("person").with(employment),
        row("updateEmployment", Staff).not(Member, 403).on("employment").with(|_| json!({"title": "Head of school"})),
        row("listMyEmployments", Member),
        row("createMyEmployment", Member).with(employment),
        row("updateMyEmployment", Author).not(Member, 404).on("own employment").with(|_| json!({"title": "Head of school"})),
        row("listRoles", Member),
        row("replaceRoles", Staff).not(Member, 403).with(|_| json!({"roles": [{"key": "principal", "label": "Principal"}]})),
    ]
}

/// The call for proposals.
fn proposals() -> Vec<Row> {
    use Role::{Applicant, Author, Member, Staff};
    vec![
        row("inviteFacilitator", Author)
            .not(Member, 404)
            .not(Applicant, 403)
            .not(Staff, 403)
            .on("joint proposal")
            .with(|_| json!({"email": "noa@example.org"})),
        row("listFacilitatorInvitations", Author).not(Member, 404).not(Applicant, 403).on("joint proposal"),
        row("listMyFacilitatorInvitations", Applicant),
        row("getFacilitatorInvitation", Applicant).not(Member, 404).on("invitation"),
        row("acceptFacilitatorInvitation", Applicant).not(Member, 404).not(Author, 403).not(Staff, 403).on("invitation"),
        row("declineFacilitatorInvitation", Applicant).not(Member, 404).not(Author, 403).not(Staff, 403).on("invitation"),
        row("removeFacilitator", Author).not(Member, 404).not(Applicant, 404).not(Staff, 403).on("invitation to remove"),
        row("extendProposal", Staff)
            .not(Member, 403)
            .not(Author, 403)
            .on("joint proposal")
            .with(|_| json!({"until_on": "2020-01-05", "reason": "She was ill"})),
        row("listProposals", Member).on("call"),
        row("createProposal", Member).on("call").with(|_| json!({"title": "Rural leadership, together"})),
        row("getProposal", Author).not(Member, 404).on("draft proposal"),
        row("updateProposal", Author).not(Member, 404).not(Staff, 403).on("draft proposal").with(|_| json!({"title": "Another"})),
        row("submitProposal", Author).not(Member, 404).not(Staff, 403).on("draft proposal"),
        row("withdrawProposal", Author).not(Member, 404).not(Staff, 403).on("draft proposal"),
        row("listProposalSubmissions", Author).not(Member, 404).on("draft proposal"),
        row("requestRevision", Staff)
            .not(Author, 403)
            .not(Member, 403)
            .on("proposal to revise")
            .with(|_| json!({"message": "Say more", "due_on": "2019-12-20"})),
        row("getFeedback", Staff).not(Author, 403).not(Member, 403).on("proposal"),
        row("replaceFeedback", Staff).not(Author, 403).not(Member, 403).on("proposal").with(|_| json!({"letter": "We liked it"})),
        row("acceptProposal", Staff).not(Author, 403).not(Member, 403).on("proposal"),
        row("rejectProposal", Staff).not(Author, 403).not(Member, 403).on("proposal to reject"),
        row("reserveProposal", Staff).not(Author, 403).not(Member, 403).on("proposal to reserve").with(|_| json!({"rank": 1})),
        row("previewRelease", Staff).not(Member, 403).on("past call"),
        row("releaseProposals", Staff).not(Member, 403).on("past call"),
        row("confirmProposal", Author).not(Member, 404).not(Staff, 403).on("proposal"),
        row("declineProposal", Author).not(Member, 404).not(Staff, 403).on("proposal to decline"),
    ]
}

/// How proposals are judged.
fn reviews() -> Vec<Row> {
    use Role::{Author, Member, Reviewer, Staff};
    vec![
        row("getRubric", Reviewer).not(Member, 403).not(Author, 403).on("judged call"),
        row("replaceRubric", Staff).not(Reviewer, 403).not(Member, 403).on("call").with(|_| rubric()),
        row("listReviews", Staff).not(Reviewer, 403).not(Author, 403).on("judged proposal"),
        row("createReview", Staff)
            .not(Reviewer, 403)
            .not(Author, 403)
            .on("proposal to judge")
            .with(|place| json!({"reviewer_id": place.session(Reviewer).person_id()})),
        row("assignReviews", Staff).not(Reviewer, 403).not(Author, 403).on("judged call").with(|_| json!({"seed": 7})),
        row("listMyReviews", Reviewer).not(Staff, 403).not(Member, 403),
        row("getReview", Reviewer).not(Author, 403).not(Member, 403).on("review"),
        row("getReviewedProposal", Reviewer).not(Author, 403).not(Staff, 403).on("review"),
        row("updateReview", Reviewer).not(Author, 403).not(Staff, 403).on("review").with(|_| json!({"scores": scores(4)})),
        row("submitReview", Reviewer).not(Author, 403).not(Staff, 403).on("review"),
        row("listPeerReviews", Reviewer).not(Author, 403).not(Staff, 403).on("review"),
        row("reopenReview", Reviewer).not(Author, 403).not(Staff, 403).on("review to reopen"),
        row("declareConflict", Reviewer)
            .not(Author, 403)
            .not(Staff, 403)
            .on("review to give back")
            .with(|_| json!({"kind": "personal", "note": "We are neighbors"})),
        row("removeReview", Staff).not(Reviewer, 403).not(Author, 403).on("review to remove"),
        row("getRanking", Staff).not(Reviewer, 403).not(Author, 403).on("judged call"),
        row("drawLine", Staff)
            .not(Reviewer, 403)
            .not(Author, 403)
            .on("judged call")
            .with(|_| json!({"accept": 1, "reserve": 1, "reason": "The office decided so"})),
    ]
}

/// Programs, their timelines and their documents.
fn programs() -> Vec<Row> {
    use Role::{Member, Staff};
    vec![
        row("getApplicationForm", Member).on("program"),
        row("replaceApplicationForm", Staff).not(Member, 403).on("program").with(|_| json!({"schema": {"type": "object"}})),
        row("getCommitments", Member).on("program"),
        row("replaceCommitments", Staff)
            .not(Member, 403)
            .on("program")
            .with(|_| json!({"commitments": [{"label": "Calls", "text": "Come to every call"}]})),
        row("getVerificationPolicy", Member).on("program"),
        row("replaceVerificationPolicy", Staff).not(Member, 403).on("program").with(
            |_| json!({"accepted_kinds": ["staff_override"], "least_strength": 5, "valid_days": 300, "membership_required": false}),
        ),
        row("listPrograms", Member),
        row("createProgram", Staff).not(Member, 403).with(|_| program("one-more")),
        row("getProgram", Member).on("program"),
        row("updateProgram", Staff).not(Member, 403).on("program").with(|_| json!({"name": "Communities of Practice"})),
        row("getTimeline", Member).on("program"),
        row("previewTimeline", Staff).not(Member, 403).on("program").with(|_| dcsc_timeline()),
        row("replaceTimeline", Staff).not(Member, 403).on("program").with(|_| dcsc_timeline()),
        row("listTimelineChanges", Staff).not(Member, 403).on("program"),
        row("publishProgram", Staff).not(Member, 403).on("draft program"),
    ]
}

/// That people work where they say.
fn verifications() -> Vec<Row> {
    use Role::{Author, Member, Staff};
    vec![
        row("listVerifications", Staff).not(Member, 403),
        row("listMyVerifications", Member),
        row("getVerification", Author).not(Member, 404).on("verification"),
        row("uploadEvidence", Author).not(Member, 404).not(Staff, 403).on("verification").file(),
        row("downloadEvidence", Staff).not(Member, 404).on("document"),
        public("getAttestation").on("token to attest"),
        public("answerAttestation").on("token to attest").with(|_| json!({"confirms": false, "name": "Pat Lee"})),
        row("askForAttestation", Author)
            .not(Member, 404)
            .not(Staff, 403)
            .on("verification")
            .with(|_| json!({"supervisor_email": "lee@cedarhollow.example"})),
        row("decideVerifications", Staff)
            .not(Author, 403)
            .with(|place| json!({"decisions": [{"verification_id": place.id("verification"), "decision": "reopen"}]})),
        row("verifyVerification", Staff).not(Author, 403).on("verification").with(because),
        row("revokeVerification", Staff).not(Author, 403).on("verification").with(because),
        row("reopenVerification", Staff).not(Author, 403).on("verification").with(because),
        row("rejectVerification", Staff).not(Author, 403).on("verification").with(because),
    ]
}

/// Cohorts, while they are open.
fn cohorts() -> Vec<Row> {
    use Role::{Applicant, Facilitator, Member, Staff};
    vec![
        row("listCohorts", Member),
        row("createCohort", Staff)
            .not(Facilitator, 403)
            .on("reviewed program")
            .with(|_| json!({"title": "One more", "delivery": "virtual"})),
        row("getCohort", Member).on("cohort"),
        row("updateCohort", Staff).not(Facilitator, 403).on("cohort").with(|_| json!({"description": "For principals"})),
        row("publishCohort", Staff).not(Facilitator, 403).not(Member, 403).on("draft cohort"),
        row("extendCohort", Staff)
            .not(Facilitator, 403)
            .not(Member, 403)
            .on("cohort")
            .with(|_| json!({"until_on": "2019-12-01", "reason": "Two schools asked for it"})),
        row("getEligibility", Member).on("cohort"),
        row("listRecommendedCohorts", Member),
        row("replaceMyChoices", Applicant)
            .with(|place| json!({"program_id": place.id("reviewed program"), "cohort_ids": [place.id("cohort")]})),
        row("getMyChoices", Applicant),
        row("getWaitlist", Facilitator).not(Applicant, 403).on("cohort"),
        row("getRoster", Facilitator).not(Applicant, 403).on("cohort"),
    ]
}

/// Files that answer application forms: one that a draft names.
fn files() -> Vec<Row> {
    use Role::{Applicant, Facilitator, Member, Staff};
    vec![
        row("uploadFile", Member).file(),
        row("listMyFiles", Applicant),
        row("getFile", Applicant).not(Member, 404).on("file"),
        row("downloadFile", Facilitator).not(Member, 404).on("file"),
        row("deleteMyFile", Applicant).not(Member, 404).not(Facilitator, 403).not(Staff, 403).on("file"),
    ]
}

/// Applications, and enrollments.
fn applications() -> Vec<Row> {
    use Role::{Applicant, Facilitator, Member, Staff};
    vec![
        row("createApplication", Member).on("cohort").with(|_| json!({})),
        row("listMyApplications", Applicant),
        row("listApplications", Facilitator),
        row("getApplication", Applicant).not(Member, 404).on("draft application"),
        row("updateApplication", Applicant)
            .not(Member, 404)
            .not(Facilitator, 403)
            .not(Staff, 403)
            .on("draft application")
            .with(|_| json!({"answers": {}})),
        row("submitApplication", Applicant).not(Member, 404).not(Facilitator, 403).not(Staff, 403).on("draft application"),
        row("offerApplication", Facilitator).not(Applicant, 403).not(Member, 404).on("application to offer"),
        row("confirmApplication", Applicant).not(Member, 404).not(Facilitator, 403).on("application to offer"),
        row("waitlistApplication", Facilitator).not(Applicant, 403).not(Member, 404).on("application to waitlist"),
        row("getWaitlistHistory", Applicant).not(Member, 404).on("waiting application"),
        row("prioritizeApplication", Staff).not(Facilitator, 403).not(Applicant, 403).on("waiting application").with(because),
        row("createAddition", Staff)
            .not(Facilitator, 403)
            .not(Applicant, 403)
            .on("cohort")
            .with(|place| json!({"person_id": place.session(Role::Author).person_id(), "reason": "The office asked the school"})),
        row("declineApplication", Facilitator)
            .not(Applicant, 403)
            .not(Member, 404)
            .on("application to decline")
            .with(|_| json!({"reason_code": "other", "note": "Another cohort fits better"})),
        row("withdrawApplication", Applicant).not(Member, 404).not(Facilitator, 403).on("application to withdraw"),
        row("createTeamApplication", Applicant).on("ninth cohort").with(|_| json!({"colleagues": ["colleague@example.org"]})),
        row("getTeamApplication", Applicant).not(Member, 404).on("team"),
        row("agreeTeamApplication", Applicant).not(Member, 404).not(Facilitator, 403).not(Staff, 403).on("team"),
        row("submitTeamApplication", Applicant).not(Member, 404).not(Facilitator, 403).not(Staff, 403).on("team"),
        row("withdrawTeamApplication", Applicant).not(Member, 404).not(Facilitator, 403).not(Staff, 403).on("team to withdraw"),
        row("listMyEnrollments", Applicant),
        row("listEnrollments", Staff).not(Member, 403),
        row("getEnrollment", Applicant).not(Member, 404).on("enrollment"),
        row("transferApplication", Staff)
            .not(Facilitator, 403)
            .not(Applicant, 403)
            .not(Member, 403)
            .on("enrollment")
            .with(|place| json!({"to_cohort_id": place.id("sixth cohort"), "reason": "She asked for it"})),
        row("withdrawEnrollment", Applicant).not(Member, 404).not(Facilitator, 403).on("enrollment"),
        row("removeEnrollment", Staff).not(Facilitator, 403).not(Applicant, 403).on("enrollment to remove").with(because),
    ]
}

/// Sessions.
fn sessions() -> Vec<Row> {
    use Role::{Applicant, Facilitator};
    vec![
        row("listSessions", Facilitator).not(Applicant, 403).on("cohort"),
        row("createSession", Facilitator).not(Applicant, 403).on("cohort").with(|_| session("2020-03-10")),
        row("generateSessions", Facilitator).not(Applicant, 403).on("cohort"),
        row("getSession", Facilitator).not(Applicant, 404).on("session"),
        row("updateSession", Facilitator).not(Applicant, 404).on("session").with(|_| json!({"title": "The second call"})),
        row("cancelSession", Facilitator).not(Applicant, 404).on("session").with(because),
        row("holdSession", Facilitator).not(Applicant, 404).on("past session"),
    ]
}

/// Stipends, and the tax forms without which none is paid.
fn stipends() -> Vec<Row> {
    use Role::{Facilitator, Member, Owner, Staff};
    vec![
        row("getStipendPlan", Staff).not(Member, 403).on("reviewed program"),
        row("createStipend", Staff).not(Facilitator, 403).on("second cohort"),
        row("replaceStipendPlan", Staff).not(Member, 403).on("reviewed program").with(|_| crate::stipends::plan()),
        row("listStipends", Staff).not(Facilitator, 403),
        row("listMyStipends", Facilitator),
        row("getStipend", Facilitator).not(Member, 404).on("stipend"),
        row("updateStipend", Staff)
            .not(Facilitator, 403)
            .on("stipend")
            .with(|place| json!({"shares": [{"person_id": place.id("facilitator"), "amount_minor": 500_000}]})),
        row("getStipendInstallment", Facilitator).not(Member, 404).on("installment"),
        row("approveStipendInstallment", Owner).not(Facilitator, 403).on("installment"),
        row("replaceTaxForm", Staff)
            .not(Facilitator, 403)
            .on("facilitator")
            .with(|_| json!({"kind": "w9", "received_on": "2019-11-01"})),
        row("getTaxForm", Staff).not(Facilitator, 403).on("facilitator"),
        row("payStipendInstallment", Staff).not(Facilitator, 403).on("installment").with(|_| json!({"reference": "Check 1047"})),
        row("voidStipendInstallment", Staff).not(Facilitator, 403).on("installment to void").with(because),
        row("exportStipendLedger", Staff).not(Facilitator, 403).on("reviewed program"),
    ]
}

/// What ends a cohort or a program.
fn ends() -> Vec<Row> {
    use Role::{Applicant, Facilitator, Member, Staff};
    vec![
        row("startCohort", Facilitator).not(Applicant, 403).on("cohort to start"),
        row("completeCohort", Facilitator).not(Applicant, 403).on("cohort to start"),
        row("mergeCohort", Staff)
            .not(Facilitator, 403)
            .not(Applicant, 403)
            .on("cohort to merge")
            .with(|place| json!({"into_cohort_id": place.id("sixth cohort"), "reason": "Too few people"})),
        row("cancelCohort", Staff).not(Facilitator, 403).on("cohort to cancel").with(because),
        row("closeProgram", Staff).not(Member, 403).on("program to close"),
        row("cancelProgram", Staff).not(Member, 403).on("program to cancel").with(|_| json!({"reason": "Too few proposals"})),
        row("finalizeOfferings", Staff).not(Member, 403).on("call to finalize"),
    ]
}

/// What happened, and what time it is.
fn oversight() -> Vec<Row> {
    use Role::{Member, Owner, Staff};
    vec![
        row("listEvents", Staff).not(Member, 403),
        row("listJournal", Owner).not(Staff, 403),
        row("verifyJournal", Owner).not(Staff, 403),
        row("getClock", Member),
        row("setClock", Staff).not(Member, 403).with(|_| json!({"now": "2030-01-01T00:00:00Z"})),
        row("advanceClock", Staff).not(Member, 403).with(|_| json!({"minutes": 1})),
        row("resetSandbox", Owner).not(Staff, 403),
    ]
}

/// What ends sessions.
fn signing_out() -> Vec<Row> {
    use Role::{Applicant, Author, Member};
    vec![row("endMySignIn", Author).not(Member, 404).on("sign-in"), row("logout", Applicant), row("logoutEverywhere", Author)]
}

fn because(_: &Place<'_>) -> Value {
    json!({"reason": "The office asked the school"})
}

/// What a program with this slug is made of.
pub fn program(slug: &str) -> Value {
    let mut program = dcsc();
    program["slug"] = json!(slug);
    program
}

/// What a session on this day is made of.
pub fn session(on: &str) -> Value {
    json!({"kind": "call", "title": "A call", "on": on, "wall_time": "16:00", "duration_minutes": 60, "delivery": "virtual"})
}

fn employment(place: &Place<'_>) -> Value {
    json!({"organization_id": place.id("organization"), "role": "principal", "level": "school",
        "starts_on": "2016-08-01", "ends_on": "2018-06-30"})
}
