//! The table of all actions: what each is called, and to whom it is allowed.
//!
//! What always holds: an operation of the API is called as its action. Left out on purpose: how a row is judged, which is the
//! [module](super)'s.

use std::collections::BTreeSet;

use super::{ClientScope, Grant, Who};

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident $verb:literal [$($who:expr),*],)+) => {
        /// Everything that can be done: each operation of the API, and what time does by itself.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action { $($(#[$doc])* $variant),+ }

        impl Action {
            /// Every action.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name of the action: the `operationId` of the operation is the same, with a small first letter.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant)),+ }
            }

            /// The short name by which `allowed_actions` and the state machines call it.
            #[must_use]
            pub fn verb(self) -> &'static str {
                match self { $(Self::$variant => $verb),+ }
            }

            /// To whom it is allowed.
            #[must_use]
            pub fn who(self) -> &'static [Who] {
                match self { $(Self::$variant => &[$($who),*]),+ }
            }
        }
    };
}

use ClientScope::{
    ApplicationsRead, EnrollmentsRead, EventsRead, MembersRead, MembersWrite, ProgramsRead, StipendsRead, VerificationsRead,
};
use Who::{Client, CohortPeople, Concerned, Facilitator, Invited, Member, Owner, Public, Reviewer, Staff, Time};

actions! {
    // Catalog
    /// Read a coalition's catalog.
    GetCatalog "read" [Public],
    /// Read a program in the catalog.
    GetCatalogProgram "read" [Public],
    /// Read a program's timeline in the catalog.
    GetCatalogTimeline "read" [Public],
    /// Read a program's timeline as a calendar.
    GetCatalogTimelineCalendar "read" [Public],
    /// List the cohorts in the catalog.
    ListCatalogCohorts "list" [Public],
    /// Read a cohort in the catalog.
    GetCatalogCohort "read" [Public],

    // Access
    /// Sign in by password.
    Login "login" [Public],
    /// Exchange a refresh token for new tokens.
    RefreshTokens "refresh" [Public],
    /// End the session in which one is signed in.
    Logout "logout" [Member],
    /// End all of one's sessions.
    LogoutEverywhere "logout_all" [Member],
    /// List one's own sign-in sessions.
    ListMySignIns "list" [Member],
    /// End one of one's own sign-in sessions.
    EndMySignIn "end" [Member],
    /// Ask for an account.
    Register "register" [Public],
    /// Show that the address of an account is one's own.
    VerifyEmail "verify_email" [Public],
    /// Ask for a link to set a new password.
    ForgotPassword "forgot" [Public],
    /// Set a new password by a link.
    ResetPassword "reset" [Public],
    /// Show that a new address is one's own.
    ConfirmEmail "confirm_email" [Public],
    /// Change one's password.
    ChangePassword "change" [Member],
    /// Ask for another address.
    ChangeEmail "change" [Member],
    /// List those who have a grant.
    ListStaff "list" [Owner],
    /// Give a person a grant.
    AddGrant "grant" [Owner],
    /// Take a grant from a person.
    RemoveGrant "ungrant" [Owner],
    /// Put a person's account out of use.
    SuspendPerson "suspend" [Owner],
    /// Let a person's account be used again.
    ReinstatePerson "reinstate" [Owner],
    /// End a person's sign-in sessions.
    EndSignIns "end" [Owner],
    /// Take away the second factor of somebody who has lost it.
    TakeSecondFactor "take_second_factor" [Owner],
    /// Show once more who one is.
    StepUp "step_up" [Member],
    /// Ask for the secret of an authenticator app.
    EnrollTotp "enroll" [Member],
    /// Confirm an authenticator app by a code of it.
    ConfirmTotp "confirm" [Member],
    /// Remove one's authenticator app.
    RemoveTotp "remove" [Member],
    /// Make new recovery codes.
    CreateRecoveryCodes "create" [Member],
    /// List one's identities at outside issuers.
    ListMyIdentities "list" [Member],
    /// Link an identity at an outside issuer to oneself.
    LinkMyIdentity "link" [Member],
    /// Unlink an identity of one's own.
    UnlinkMyIdentity "unlink" [Member],
    /// Read the keys that sign access tokens.
    GetKeys "read" [Public],
    /// Read what the coalition knows about oneself.
    GetMe "read" [Member],
    /// Change one's own names and time zone.
    UpdateMe "update" [Member],
    /// Read the coalition's settings.
    GetCoalition "read" [Member],
    /// Change the coalition's settings.
    UpdateCoalition "update" [Owner],
    /// List the coalition's API clients.
    ListApiClients "list" [Owner],
    /// Make an API client.
    CreateApiClient "create" [Owner],
    /// Read an API client.
    GetApiClient "read" [Owner],
    /// Change an API client.
    UpdateApiClient "update" [Owner],
    /// Revoke an API client.
    RevokeApiClient "revoke" [Owner],
    /// Give an API client another secret.
    AddClientSecret "add_secret" [Owner],
    /// Revoke a secret of an API client.
    RevokeClientSecret "revoke" [Owner],
    /// Give an API client a token.
    IssueToken "issue" [Public],
    /// Revoke a token.
    RevokeToken "revoke" [Public],
    /// Read how tokens are had.
    GetAuthorizationServer "read" [Public],

    // Members
    /// List organizations.
    ListOrganizations "list" [Staff, Client(MembersRead)],
    /// Make an organization.
    CreateOrganization "create" [Staff, Client(MembersWrite)],
    /// Read an organization.
    GetOrganization "read" [Staff, Client(MembersRead)],
    /// Change an organization.
    UpdateOrganization "update" [Staff, Client(MembersWrite)],
    /// List people.
    ListPeople "list" [Staff, Client(MembersRead)],
    /// Make a person.
    CreatePerson "create" [Staff, Client(MembersWrite)],
    /// Read a person.
    GetPerson "read" [Staff, Client(MembersRead)],
    /// Change a person.
    UpdatePerson "update" [Staff, Client(MembersWrite)],
    /// List a person's employments.
    ListEmployments "list" [Staff, Client(MembersRead)],
    /// Add an employment to a person.
    CreateEmployment "create" [Staff, Client(MembersWrite)],
    /// Change an employment.
    UpdateEmployment "update" [Staff, Client(MembersWrite)],
    /// List one's own employments.
    ListMyEmployments "list" [Member],
    /// Add an employment to oneself.
    CreateMyEmployment "create" [Member],
    /// Change an employment that one has entered oneself.
    UpdateMyEmployment "update" [Concerned],
    /// Read the coalition's list of roles.
    ListRoles "read" [Member],
    /// Replace the coalition's roles.
    ReplaceRoles "update" [Staff],

    // Programs and timeline
    /// List programs.
    ListPrograms "list" [Member, Client(ProgramsRead)],
    /// Make a program.
    CreateProgram "create" [Staff],
    /// Read a program.
    GetProgram "read" [Member, Client(ProgramsRead)],
    /// Change a program.
    UpdateProgram "update" [Staff],
    /// Publish a program.
    PublishProgram "publish" [Staff],
    /// Finalize the offerings: make cohorts of the confirmed proposals.
    FinalizeOfferings "finalize_offerings" [Staff],
    /// Close a program.
    CloseProgram "close" [Staff],
    /// Cancel a program.
    CancelProgram "cancel" [Staff],
    /// Read a program's timeline.
    GetTimeline "read" [Member, Client(ProgramsRead)],
    /// Replace a program's timeline.
    ReplaceTimeline "update" [Staff],
    /// See what a changed timeline would do, without saving it.
    PreviewTimeline "preview" [Staff],
    /// List the changes of a program's timeline.
    ListTimelineChanges "list" [Staff],
    /// Read a program's application form.
    GetApplicationForm "read" [Member],
    /// Replace a program's application form.
    ReplaceApplicationForm "update" [Staff],
    /// Read a program's commitments.
    GetCommitments "read" [Member],
    /// Replace a program's commitments.
    ReplaceCommitments "update" [Staff],
    /// Read a program's verification policy.
    GetVerificationPolicy "read" [Member],
    /// Replace a program's verification policy.
    ReplaceVerificationPolicy "update" [Staff],
    /// Read a program's stipend plan.
    GetStipendPlan "read" [Staff],
    /// Replace a program's stipend plan.
    ReplaceStipendPlan "update" [Staff],
    /// Read the coalition's clock.
    GetClock "read" [Member],
    /// Set a sandbox's clock.
    SetClock "set" [Staff],
    /// Advance a sandbox's clock.
    AdvanceClock "advance" [Staff],
    /// Load a sandbox's demo anew.
    ResetSandbox "reset" [Owner],

    // Proposals
    /// Begin a proposal.
    CreateProposal "create" [Member],
    /// List proposals.
    ListProposals "list" [Member],
    /// Read a proposal.
    GetProposal "read" [Concerned, Invited, Staff],
    /// List the texts of a proposal that were handed in.
    ListProposalSubmissions "list" [Concerned, Invited, Staff],
    /// Change a proposal.
    UpdateProposal "update" [Concerned],
    /// Hand in a proposal.
    SubmitProposal "submit" [Concerned],
    /// Withdraw a proposal.
    WithdrawProposal "withdraw" [Concerned],
    /// Confirm that one will facilitate.
    ConfirmProposal "confirm" [Concerned],
    /// Decline to facilitate.
    DeclineProposal "decline" [Concerned],
    /// Ask the author of a proposal for another text.
    RequestRevision "request_revision" [Staff],
    /// Give the author of a draft longer to hand it in.
    ExtendProposal "extend" [Staff],
    /// Read what staff write about a proposal.
    GetFeedback "read" [Staff],
    /// Replace what staff write about a proposal.
    ReplaceFeedback "update" [Staff],
    /// Stage the decision to accept a proposal.
    AcceptProposal "accept" [Staff],
    /// Stage the decision to reject a proposal.
    RejectProposal "reject" [Staff],
    /// Stage the decision to keep a proposal in reserve.
    ReserveProposal "reserve" [Staff],
    /// See what a release would tell, and what hinders it.
    PreviewRelease "preview" [Staff],
    /// Release all staged decisions at once.
    ReleaseProposals "release" [Staff],
    /// The day for a revision passed.
    LapseRevision "lapse_revision" [Time],
    /// The day for confirming passed.
    LapseProposal "lapse" [Time],
    /// A place came free for the first in reserve.
    PromoteProposal "promote" [Time],
    /// Ask somebody to facilitate with oneself.
    InviteFacilitator "invite_facilitator" [Concerned],
    /// List who was asked to facilitate with the author of a proposal.
    ListFacilitatorInvitations "list" [Concerned, Staff],
    /// List the invitations to facilitate that are one's own.
    ListMyFacilitatorInvitations "list" [Member],
    /// Read an invitation to facilitate.
    GetFacilitatorInvitation "read" [Concerned, Invited, Staff],
    /// Agree to facilitate with an author.
    AcceptFacilitatorInvitation "accept" [Invited],
    /// Decline to facilitate with an author, or not do so any more.
    DeclineFacilitatorInvitation "decline" [Invited],
    /// Take back an invitation to facilitate, also one that was accepted.
    RemoveFacilitator "remove" [Concerned],

    // Reviews
    /// Read a program's rubric.
    GetRubric "read" [Reviewer, Staff],
    /// Replace a program's rubric.
    ReplaceRubric "update" [Staff],
    /// List a proposal's reviews.
    ListReviews "list" [Staff],
    /// Assign a proposal to a reviewer.
    CreateReview "assign" [Staff],
    /// Assign all of a program's proposals to reviewers.
    AssignReviews "assign_all" [Staff],
    /// List the reviews assigned to oneself.
    ListMyReviews "list" [Reviewer],
    /// Read a review.
    GetReview "read" [Reviewer, Staff],
    /// Read the proposal that a review is about.
    GetReviewedProposal "read" [Reviewer],
    /// Read what others say of the proposal that a review is about.
    ListPeerReviews "list" [Reviewer],
    /// Change a review.
    UpdateReview "update" [Reviewer],
    /// Hand in a review.
    SubmitReview "submit" [Reviewer],
    /// Take up a review again.
    ReopenReview "reopen" [Reviewer],
    /// Give a review back because of a conflict of interest.
    DeclareConflict "declare_conflict" [Reviewer],
    /// Take a review from its reviewer.
    RemoveReview "remove" [Staff],
    /// Read the ranking of a program's proposals.
    GetRanking "read" [Staff],
    /// Stage a decision about every proposal by the ranking.
    DrawLine "draw_line" [Staff],

    // Cohorts
    /// List cohorts.
    ListCohorts "list" [Member, Client(ProgramsRead)],
    /// Make a cohort.
    CreateCohort "create" [Staff],
    /// Read a cohort.
    GetCohort "read" [Member, Client(ProgramsRead)],
    /// Change a cohort.
    UpdateCohort "update" [Staff],
    /// Publish a cohort.
    PublishCohort "publish" [Staff],
    /// Cancel a cohort.
    CancelCohort "cancel" [Staff],
    /// Merge a cohort into another.
    MergeCohort "merge" [Staff],
    /// Start a cohort.
    StartCohort "start" [Facilitator, Staff],
    /// Complete a cohort.
    CompleteCohort "complete" [Facilitator, Staff],
    /// Give a cohort that is at risk longer to find its people.
    ExtendCohort "extend" [Staff],
    /// Ask whether one may join a cohort.
    GetEligibility "read" [Member],
    /// List the cohorts that fit oneself.
    ListRecommendedCohorts "list" [Member],
    /// Read which cohorts one would like best.
    GetMyChoices "read" [Member],
    /// Say which cohorts of a program one would like best.
    ReplaceMyChoices "update" [Member],
    /// Read a cohort's waitlist.
    GetWaitlist "read" [Facilitator, Staff],
    /// Read who belongs to a cohort.
    GetRoster "read" [CohortPeople, Staff],

    // Applications and enrollments
    /// Begin (or send) an application to a cohort.
    CreateApplication "create" [Member],
    /// List one's own applications.
    ListMyApplications "list" [Member],
    /// List applications.
    ListApplications "list" [Facilitator, Staff, Client(ApplicationsRead)],
    /// Read an application.
    GetApplication "read" [Concerned, Facilitator, Staff, Client(ApplicationsRead)],
    /// Change a draft, or the answers of what was sent.
    UpdateApplication "update" [Concerned],
    /// Send an application.
    SubmitApplication "submit" [Concerned],
    /// Withdraw an application, or leave the waitlist.
    WithdrawApplication "withdraw" [Concerned],
    /// Confirm an offer.
    ConfirmApplication "confirm" [Concerned],
    /// Offer a seat.
    OfferApplication "offer" [Facilitator, Staff],
    /// Put on the waitlist.
    WaitlistApplication "waitlist" [Facilitator, Staff],
    /// Put an application first on the waitlist, or back where it stood.
    PrioritizeApplication "prioritize" [Staff],
    /// Read how an application moved on the waitlist, and why.
    GetWaitlistHistory "read" [Concerned, Facilitator, Staff],
    /// Add a person to a cohort.
    CreateAddition "add" [Staff],
    /// Decline an application.
    DeclineApplication "decline" [Facilitator, Staff],
    /// The verification that was waited for is there.
    AdmitApplication "admit" [Time],
    /// A hold, an offer or the time to sign up ran out.
    ExpireApplication "expire" [Time],
    /// A seat came free for the first on the waitlist.
    PromoteApplication "promote" [Time],
    /// Offer a place in another cohort instead.
    TransferApplication "transfer" [Staff],
    /// The person has a place in another cohort instead.
    MoveApplication "move" [Time],
    /// The cohort was cancelled.
    ReleaseApplication "release" [Time],
    /// Begin an application as a team.
    CreateTeamApplication "create" [Member],
    /// Read a team application.
    GetTeamApplication "read" [Concerned, Facilitator, Staff],
    /// Agree to apply with the team.
    AgreeTeamApplication "agree" [Concerned],
    /// Send the applications of a team.
    SubmitTeamApplication "submit" [Concerned],
    /// Give a team application up.
    WithdrawTeamApplication "withdraw" [Concerned],
    /// Upload a file to answer an application form with.
    UploadFile "upload" [Member],
    /// List one's own files.
    ListMyFiles "list" [Member],
    /// Read what is known of a file.
    GetFile "read" [Concerned, Facilitator, Staff, Client(ApplicationsRead)],
    /// Download a file.
    DownloadFile "download" [Concerned, Facilitator, Staff, Client(ApplicationsRead)],
    /// Delete a file of one's own.
    DeleteMyFile "delete" [Concerned],
    /// List one's own enrollments.
    ListMyEnrollments "list" [Member],
    /// List enrollments.
    ListEnrollments "list" [Staff, Client(EnrollmentsRead)],
    /// Read an enrollment.
    GetEnrollment "read" [Concerned, Facilitator, Staff, Client(EnrollmentsRead)],
    /// Leave a cohort.
    WithdrawEnrollment "withdraw" [Concerned],
    /// Remove a person from a cohort.
    RemoveEnrollment "remove" [Staff],
    /// The cohort was completed.
    CompleteEnrollment "complete" [Time],

    // Verification
    /// List verifications.
    ListVerifications "list" [Staff, Client(VerificationsRead)],
    /// List one's own verifications.
    ListMyVerifications "list" [Member],
    /// Read a verification.
    GetVerification "read" [Concerned, Staff, Client(VerificationsRead)],
    /// Verify an employment by a staff decision.
    VerifyVerification "verify" [Staff],
    /// Reject the evidence.
    RejectVerification "reject" [Staff],
    /// Revoke a verification.
    RevokeVerification "revoke" [Staff],
    /// Open a verification again.
    ReopenVerification "reopen" [Staff],
    /// Decide about several verifications.
    DecideVerifications "decide" [Staff],
    /// Ask a supervisor to say that one works there.
    AskForAttestation "ask_for_attestation" [Concerned],
    /// Upload a document that shows that one works there.
    UploadEvidence "upload_evidence" [Concerned],
    /// Download a document.
    DownloadEvidence "download" [Concerned, Staff],
    /// Read what a supervisor is asked.
    GetAttestation "read" [Public],
    /// Answer as a supervisor.
    AnswerAttestation "answer" [Public],
    /// Newer evidence makes a verification last longer.
    RenewVerification "renew" [Time],
    /// Evidence satisfied the policy by itself.
    SatisfyVerification "satisfy" [Time],
    /// A verification ran out.
    ExpireVerification "expire" [Time],

    // Cohort life
    /// List a cohort's sessions.
    ListSessions "list" [CohortPeople, Staff],
    /// Add a session to a cohort.
    CreateSession "create" [Facilitator, Staff],
    /// Generate a cohort's sessions from the timeline.
    GenerateSessions "generate" [Facilitator, Staff],
    /// Read a session.
    GetSession "read" [CohortPeople, Staff],
    /// Change or reschedule a session.
    UpdateSession "update" [Facilitator, Staff],
    /// Cancel a session.
    CancelSession "cancel" [Facilitator, Staff],
    /// Mark a session as held.
    HoldSession "hold" [Facilitator, Staff],

    // Stipends
    /// Make the stipend agreement for a cohort.
    CreateStipend "create" [Staff],
    /// List stipends.
    ListStipends "list" [Staff, Client(StipendsRead)],
    /// List one's own stipends.
    ListMyStipends "list" [Member],
    /// Read a stipend.
    GetStipend "read" [Concerned, Staff, Client(StipendsRead)],
    /// Share a stipend otherwise.
    UpdateStipend "update" [Staff],
    /// Read an installment of a stipend.
    GetStipendInstallment "read" [Concerned, Staff, Client(StipendsRead)],
    /// Approve an installment.
    ApproveStipendInstallment "approve" [Staff],
    /// Write down that an installment was paid.
    PayStipendInstallment "pay" [Staff],
    /// Decide that an installment will not be paid.
    VoidStipendInstallment "void" [Staff],
    /// What an installment waited for has come to pass.
    FallDueStipendInstallment "fall_due" [Time],
    /// Export a program's installments for its bookkeeper.
    ExportStipendLedger "export" [Staff],
    /// Read which tax form of a person is on file.
    GetTaxForm "read" [Staff],
    /// File a person's tax form.
    ReplaceTaxForm "update" [Staff],

    // Oversight
    /// Read the change feed.
    ListEvents "list" [Staff, Client(EventsRead)],
    /// Read the journal.
    ListJournal "list" [Owner],
    /// Check the journal's chain.
    VerifyJournal "verify" [Owner],
    /// Read the state machines.
    ListStateMachines "list" [Public],

    // Operation
    /// Whether the process lives.
    GetLiveness "read" [Public],
    /// Whether the server can serve.
    GetReadiness "read" [Public],
    /// Which version runs.
    GetVersion "read" [Public],
    /// The OpenAPI document.
    GetDocument "read" [Public],
}

/// One's own ways in. They need a fresh sign-in here: whoever gets hold of one elsewhere could add a way in that outlasts it.
const WAYS_IN: &[Action] = &[
    Action::EnrollTotp,
    Action::ConfirmTotp,
    Action::RemoveTotp,
    Action::CreateRecoveryCodes,
    Action::LinkMyIdentity,
    Action::UnlinkMyIdentity,
];

/// What else needs a fresh sign-in: rights, and money. The coalition's settings decide where its mails lead, and of whom it asks
/// for a second factor.
const FRESH: &[Action] = &[
    Action::UpdateCoalition,
    Action::AddGrant,
    Action::RemoveGrant,
    Action::SuspendPerson,
    Action::ReinstatePerson,
    Action::EndSignIns,
    Action::TakeSecondFactor,
    Action::CreateApiClient,
    Action::UpdateApiClient,
    Action::RevokeApiClient,
    Action::AddClientSecret,
    Action::RevokeClientSecret,
    Action::ApproveStipendInstallment,
    Action::PayStipendInstallment,
    Action::VoidStipendInstallment,
    Action::ExportStipendLedger,
    Action::ReplaceTaxForm,
];

impl Action {
    /// The action of an `operationId`.
    #[must_use]
    pub fn of_operation(operation_id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.operation_id() == operation_id)
    }

    /// The `operationId` of the operation that is this action.
    #[must_use]
    pub fn operation_id(self) -> String {
        let mut letters = self.name().chars();
        letters.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + letters.as_str())
    }

    /// Whether anybody may, signed in or not.
    #[must_use]
    pub fn public(self) -> bool {
        self.who().contains(&Who::Public)
    }

    /// The scopes by which an API client may.
    pub fn client_scopes(self) -> impl Iterator<Item = ClientScope> {
        self.who().iter().filter_map(|who| if let Who::Client(scope) = who { Some(*scope) } else { None })
    }

    /// Whether one of these grants allows it, on some thing at least.
    #[must_use]
    pub fn opened_by(self, grants: &BTreeSet<Grant>) -> bool {
        self.who().iter().any(|who| match who {
            Who::Staff => grants.contains(&Grant::Staff) || grants.contains(&Grant::Owner),
            Who::Owner => grants.contains(&Grant::Owner),
            Who::Reviewer => grants.contains(&Grant::Reviewer),
            Who::Public
            | Who::Member
            | Who::Concerned
            | Who::Invited
            | Who::Facilitator
            | Who::CohortPeople
            | Who::Client(_)
            | Who::Time => false,
        })
    }

    /// Whether a person must have shown who it is in the last quarter of an hour: what gives rights to others, or takes them, ways
    /// in, and money.
    #[must_use]
    pub fn needs_fresh_sign_in(self) -> bool {
        FRESH.contains(&self) || self.needs_sign_in_here()
    }

    /// Whether it must have shown that here, and not to an outside issuer: to change its own ways in.
    #[must_use]
    pub fn needs_sign_in_here(self) -> bool {
        WAYS_IN.contains(&self)
    }

    /// A sentence that says who may.
    #[must_use]
    pub fn only_for(self) -> String {
        let who: Vec<String> = self.who().iter().map(ToString::to_string).collect();
        format!("Only for {}", join_or(&who))
    }
}

fn join_or(parts: &[String]) -> String {
    match parts {
        [] => "nobody".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
