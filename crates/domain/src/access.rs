//! Who may do what: the one table, and the one way to ask it.
//!
//! Every operation of the API is an [`Action`], and so is everything that time does by itself. An action is allowed to those whom
//! its row names: everybody, any person with an account, somebody tied to the thing (its author, a facilitator of its cohort), a
//! grant, or an API client with a scope.
//!
//! What always holds: what a caller may not see is [`Refusal::Hidden`], and looks the same as what is not there; what it sees but may
//! not do is [`Refusal::Forbidden`]. Left out on purpose: state and time windows, which belong to the machines.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::ids::{ClientId, CohortId, Id, PersonId};
use crate::journal::SubjectKind;
use crate::refusal::Refusal;
use crate::second_factor::SecondFactorPolicy;
use crate::time::Timestamp;

crate::words! {
    /// A standing right that a person holds in a coalition.
    pub enum Grant {
        /// Runs the programs.
        Staff = "staff",
        /// Reads and scores proposals that it is assigned.
        Reviewer = "reviewer",
        /// Manages staff and API clients, and may do all that staff may.
        Owner = "owner",
    }

    /// What an API client was registered for.
    pub enum ClientScope {
        /// Read organizations, people and employments.
        MembersRead = "members:read",
        /// Write organizations, people and employments.
        MembersWrite = "members:write",
        /// Read programs, timelines and cohorts.
        ProgramsRead = "programs:read",
        /// Read applications.
        ApplicationsRead = "applications:read",
        /// Read enrollments.
        EnrollmentsRead = "enrollments:read",
        /// Read verifications.
        VerificationsRead = "verifications:read",
        /// Read the change feed.
        EventsRead = "events:read",
    }
}

/// One of those to whom an action is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Everybody, signed in or not.
    Public,
    /// Any person with an account in the coalition.
    Member,
    /// The applicant, author or person whom the thing is about.
    Concerned,
    /// A facilitator of the thing's cohort.
    Facilitator,
    /// The cohort's people: its facilitators, and those enrolled.
    CohortPeople,
    /// A reviewer to whom the thing is assigned.
    Reviewer,
    /// Staff, and owners.
    Staff,
    /// Owners.
    Owner,
    /// An API client with this scope.
    Client(ClientScope),
    /// Nobody: time does it.
    Time,
}

impl std::fmt::Display for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Public => f.write_str("everybody"),
            Self::Member => f.write_str("any person with an account"),
            Self::Concerned => f.write_str("the person concerned"),
            Self::Facilitator => f.write_str("the cohort's facilitators"),
            Self::CohortPeople => f.write_str("the cohort's people"),
            Self::Reviewer => f.write_str("an assigned reviewer"),
            Self::Staff => f.write_str("staff"),
            Self::Owner => f.write_str("owners"),
            Self::Client(scope) => write!(f, "an API client with `{scope}`"),
            Self::Time => f.write_str("time"),
        }
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Somebody who has not signed in.
    Anonymous,
    /// A person with an account, signed in.
    Person {
        /// Which.
        id: PersonId,
        /// Its grants in the coalition.
        grants: BTreeSet<Grant>,
    },
    /// A program of the coalition's, such as its CRM.
    Client {
        /// Which.
        id: ClientId,
        /// Its scopes.
        scopes: BTreeSet<ClientScope>,
    },
    /// Nobody: a deadline passed, or a seat came free.
    Time,
    /// Whoever runs the server, at its command line.
    Operator,
}

impl Actor {
    /// Whether it may do what staff may.
    #[must_use]
    pub fn staff(&self) -> bool {
        match self {
            Self::Person { grants, .. } => grants.contains(&Grant::Staff) || grants.contains(&Grant::Owner),
            Self::Operator => true,
            Self::Anonymous | Self::Client { .. } | Self::Time => false,
        }
    }

    /// Whether it may do what only owners may.
    #[must_use]
    pub fn owner(&self) -> bool {
        match self {
            Self::Person { grants, .. } => grants.contains(&Grant::Owner),
            Self::Operator => true,
            Self::Anonymous | Self::Client { .. } | Self::Time => false,
        }
    }

    /// The person, when it is one.
    #[must_use]
    pub fn person(&self) -> Option<PersonId> {
        match self {
            Self::Person { id, .. } => Some(*id),
            Self::Anonymous | Self::Client { .. } | Self::Time | Self::Operator => None,
        }
    }

    /// What kind of actor it is, and which, where it is one of several: the same whatever it may do.
    #[must_use]
    pub fn identity(&self) -> (&'static str, Option<Uuid>) {
        match self {
            Self::Anonymous => ("anonymous", None),
            Self::Person { id, .. } => ("person", Some(id.uuid())),
            Self::Client { id, .. } => ("client", Some(id.uuid())),
            Self::Time => ("time", None),
            Self::Operator => ("operator", None),
        }
    }

    /// Whether this actor is the person.
    #[must_use]
    pub fn is(&self, person: PersonId) -> bool {
        self.person() == Some(person)
    }

    /// Whether an actor of this kind could ever be allowed this action, whatever it is about.
    #[must_use]
    pub fn could_ever(&self, action: Action) -> bool {
        action.who().iter().any(|who| match who {
            Who::Public => true,
            Who::Member | Who::Concerned | Who::Facilitator | Who::CohortPeople => matches!(self, Self::Person { .. }),
            Who::Reviewer => matches!(self, Self::Person { grants, .. } if grants.contains(&Grant::Reviewer)),
            Who::Staff => self.staff(),
            Who::Owner => self.owner(),
            Who::Client(scope) => matches!(self, Self::Client { scopes, .. } if scopes.contains(scope)),
            Who::Time => matches!(self, Self::Time),
        })
    }
}

/// Of a person's grants, those that are withheld in a session: all of them, where the coalition asks for a second factor and none was shown in it.
#[must_use]
pub fn withheld(policy: SecondFactorPolicy, grants: &BTreeSet<Grant>, second_factor_at: Option<Timestamp>) -> BTreeSet<Grant> {
    match (policy, second_factor_at) {
        (SecondFactorPolicy::Required, None) => grants.clone(),
        (SecondFactorPolicy::Optional, _) | (SecondFactorPolicy::Required, Some(_)) => BTreeSet::new(),
    }
}

/// How an actor is tied to one thing.
#[expect(clippy::struct_excessive_bools, reason = "the ties are independent of each other: any of the sixteen combinations can be")]
#[derive(Clone, Copy, Debug)]
pub struct Tie<'a> {
    /// Who asks.
    pub actor: &'a Actor,
    /// The thing is the actor's own, or about it.
    pub concerned: bool,
    /// The actor facilitates the thing's cohort.
    pub facilitates: bool,
    /// The actor is enrolled in the thing's cohort.
    pub enrolled: bool,
    /// The thing is assigned to the actor for review.
    pub reviews: bool,
}

impl<'a> Tie<'a> {
    /// No tie but what the actor's grants and scopes give.
    #[must_use]
    pub fn none(actor: &'a Actor) -> Self {
        Self { actor, concerned: false, facilitates: false, enrolled: false, reviews: false }
    }

    /// The tie to what concerns a person.
    #[must_use]
    pub fn to_person(actor: &'a Actor, person: PersonId) -> Self {
        Self { concerned: actor.is(person), ..Self::none(actor) }
    }

    /// Whether the action is allowed to this actor on this thing.
    #[must_use]
    pub fn allows(&self, action: Action) -> bool {
        action.who().iter().any(|who| match who {
            Who::Public => true,
            Who::Member => matches!(self.actor, Actor::Person { .. }),
            Who::Concerned => self.concerned,
            Who::Facilitator => self.facilitates,
            Who::CohortPeople => self.facilitates || self.enrolled,
            Who::Reviewer => self.reviews,
            Who::Staff => self.actor.staff(),
            Who::Owner => self.actor.owner(),
            Who::Client(scope) => matches!(self.actor, Actor::Client { scopes, .. } if scopes.contains(scope)),
            Who::Time => matches!(self.actor, Actor::Time),
        })
    }

    /// Goes on when the action is allowed on this thing.
    ///
    /// # Errors
    /// [`Refusal::Hidden`] when the actor may not read the thing, else [`Refusal::Forbidden`].
    pub fn require(&self, action: Action, kind: SubjectKind) -> Result<(), Refusal> {
        if self.allows(action) {
            return Ok(());
        }
        if !kind.read().is_some_and(|read| self.allows(read)) {
            return Err(Refusal::Hidden(kind.noun()));
        }
        Err(Refusal::Forbidden(action.only_for()))
    }
}

/// Which things of a list an actor sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of the coalition's.
    All,
    /// Those of these cohorts.
    Cohorts(Vec<CohortId>),
    /// Those that concern this person.
    Own(PersonId),
}

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

use ClientScope::{ApplicationsRead, EnrollmentsRead, EventsRead, MembersRead, MembersWrite, ProgramsRead, VerificationsRead};
use Who::{Client, CohortPeople, Concerned, Facilitator, Member, Owner, Public, Staff, Time};

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
    GetProposal "read" [Concerned, Staff],
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
    /// Stage the decision to accept a proposal.
    AcceptProposal "accept" [Staff],
    /// Stage the decision to reject a proposal.
    RejectProposal "reject" [Staff],
    /// Stage the decision to keep a proposal in reserve.
    ReserveProposal "reserve" [Staff],
    /// Release all staged decisions at once.
    ReleaseProposals "release" [Staff],
    /// The day for confirming passed.
    LapseProposal "lapse" [Time],
    /// A place came free for the first in reserve.
    PromoteProposal "promote" [Time],

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
    /// Start a cohort.
    StartCohort "start" [Facilitator, Staff],
    /// Complete a cohort.
    CompleteCohort "complete" [Facilitator, Staff],
    /// Ask whether one may join a cohort.
    GetEligibility "read" [Member],
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
    /// Change a draft.
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
    /// Decline an application.
    DeclineApplication "decline" [Facilitator, Staff],
    /// The verification that was waited for is there.
    AdmitApplication "admit" [Time],
    /// A hold, an offer or the time to sign up ran out.
    ExpireApplication "expire" [Time],
    /// A seat came free for the first on the waitlist.
    PromoteApplication "promote" [Time],
    /// The cohort was cancelled.
    ReleaseApplication "release" [Time],
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

/// What needs a fresh sign-in. The coalition's settings decide where its mails lead, and of whom it asks for a second factor.
const FRESH: &[Action] = &[
    Action::EnrollTotp,
    Action::ConfirmTotp,
    Action::RemoveTotp,
    Action::CreateRecoveryCodes,
    Action::UpdateCoalition,
    Action::AddGrant,
    Action::RemoveGrant,
    Action::SuspendPerson,
    Action::ReinstatePerson,
    Action::EndSignIns,
    Action::CreateApiClient,
    Action::UpdateApiClient,
    Action::RevokeApiClient,
    Action::AddClientSecret,
    Action::RevokeClientSecret,
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
            Who::Public | Who::Member | Who::Concerned | Who::Facilitator | Who::CohortPeople | Who::Client(_) | Who::Time => false,
        })
    }

    /// Whether a person must have shown who it is in the last quarter of an hour: what gives rights to others, or takes them, and ways in.
    #[must_use]
    pub fn needs_fresh_sign_in(self) -> bool {
        FRESH.contains(&self)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Id;
    use crate::words::Word;

    fn person(grants: &[Grant]) -> Actor {
        Actor::Person { id: PersonId::from_uuid(uuid::Uuid::from_u128(1)), grants: grants.iter().copied().collect() }
    }

    #[test]
    fn the_table_of_who_may_do_what() {
        let table: Vec<String> = Action::ALL
            .iter()
            .map(|action| {
                let who: Vec<String> = action.who().iter().map(ToString::to_string).collect();
                format!("{} | {} | {}", action.operation_id(), action.verb(), who.join(", "))
            })
            .collect();
        insta::assert_snapshot!(table.join("\n"));
    }

    #[test]
    fn every_operation_is_found_by_its_id() {
        for action in Action::ALL {
            assert_eq!(Action::of_operation(&action.operation_id()), Some(*action));
        }
        assert_eq!(Action::of_operation("dropEverything"), None);
    }

    #[test]
    fn what_may_not_be_read_is_hidden_and_what_may_is_forbidden() {
        let stranger = person(&[]);
        let application = SubjectKind::Application;
        assert!(matches!(Tie::none(&stranger).require(Action::OfferApplication, application), Err(Refusal::Hidden(_))));
        let applicant = Tie { concerned: true, ..Tie::none(&stranger) };
        assert!(matches!(applicant.require(Action::OfferApplication, application), Err(Refusal::Forbidden(_))));
        let facilitator = Tie { facilitates: true, ..Tie::none(&stranger) };
        assert_eq!(facilitator.require(Action::OfferApplication, application), Ok(()));
    }

    #[test]
    fn owners_may_what_staff_may_and_nobody_else_may_what_owners_may() {
        let (staff, owner) = (person(&[Grant::Staff]), person(&[Grant::Owner]));
        for action in Action::ALL {
            if staff.could_ever(*action) {
                assert!(owner.could_ever(*action), "{}", action.name());
            }
        }
        assert!(!staff.could_ever(Action::UpdateCoalition) && owner.could_ever(Action::UpdateCoalition));
    }

    #[test]
    fn whoever_is_allowed_on_a_thing_could_ever_be() {
        for grants in [&[][..], &[Grant::Staff], &[Grant::Owner], &[Grant::Reviewer]] {
            let actor = person(grants);
            let reviews = grants.contains(&Grant::Reviewer);
            let tie = Tie { concerned: true, facilitates: true, enrolled: true, reviews, ..Tie::none(&actor) };
            for action in Action::ALL {
                assert!(!tie.allows(*action) || actor.could_ever(*action), "{}", action.name());
            }
        }
    }

    #[test]
    fn grants_are_withheld_where_a_second_factor_is_asked_for_and_was_not_shown() {
        let (grants, shown) = (BTreeSet::from([Grant::Staff, Grant::Owner]), Some(Timestamp::from_millis(0)));
        assert_eq!(withheld(SecondFactorPolicy::Required, &grants, None), grants);
        for (policy, second_factor_at) in
            [(SecondFactorPolicy::Required, shown), (SecondFactorPolicy::Optional, None), (SecondFactorPolicy::Optional, shown)]
        {
            assert_eq!(withheld(policy, &grants, second_factor_at), BTreeSet::new());
        }
    }

    #[test]
    fn a_grant_opens_what_it_alone_allows() {
        for grant in Grant::ALL {
            let grants = BTreeSet::from([*grant]);
            for action in Action::ALL {
                let gained = person(&[*grant]).could_ever(*action) && !person(&[]).could_ever(*action);
                let alone = action.who().iter().all(|who| matches!(who, Who::Staff | Who::Owner | Who::Reviewer | Who::Client(_)));
                assert_eq!(action.opened_by(&grants) && alone, gained, "{} by {grant}", action.name());
            }
            assert!(!Action::UpdateMe.opened_by(&grants), "what everybody may needs no grant");
        }
        assert!(Action::GetProposal.opened_by(&BTreeSet::from([Grant::Staff])), "a stranger's proposal");
    }

    #[test]
    fn a_client_may_only_what_its_scopes_say() {
        for scope in ClientScope::ALL {
            let client = Actor::Client { id: ClientId::from_uuid(uuid::Uuid::from_u128(2)), scopes: BTreeSet::from([*scope]) };
            for action in Action::ALL {
                let named = action.public() || action.who().contains(&Who::Client(*scope));
                assert_eq!(client.could_ever(*action), named, "{} with {scope}", action.name());
            }
        }
    }
}
