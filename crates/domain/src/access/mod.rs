//! Who may do what: the one table, and the one way to ask it.
//!
//! Every operation of the API is an [`Action`], and so is everything that time does by itself. An action is allowed to those whom
//! its row names: everybody, any person with an account, somebody tied to the thing (its author, a facilitator of its cohort), a
//! grant, or an API client with a scope.
//!
//! What always holds: what a caller may not see is [`Refusal::Hidden`], and looks the same as what is not there; what it sees but
//! may not do is [`Refusal::Forbidden`]. Left out on purpose: state and time windows, which belong to the machines.

mod actions;

use std::collections::BTreeSet;

use uuid::Uuid;

pub use actions::Action;

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
        /// Read stipends.
        StipendsRead = "stipends:read",
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
    /// Whom the author of a proposal asked to facilitate, unless the answer was no.
    Invited,
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
            Self::Invited => f.write_str("a person whom the author asked to facilitate"),
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

    /// Whether it can be assigned proposals to review.
    #[must_use]
    pub fn reviewer(&self) -> bool {
        matches!(self, Self::Person { grants, .. } if grants.contains(&Grant::Reviewer))
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
            Who::Member | Who::Concerned | Who::Invited | Who::Facilitator | Who::CohortPeople => {
                matches!(self, Self::Person { .. })
            }
            Who::Reviewer => self.reviewer(),
            Who::Staff => self.staff(),
            Who::Owner => self.owner(),
            Who::Client(scope) => matches!(self, Self::Client { scopes, .. } if scopes.contains(scope)),
            Who::Time => matches!(self, Self::Time),
        })
    }
}

/// Of a person's grants, those that are withheld in a session: all of them, where the coalition asks for a second factor and none
/// was shown in it.
#[must_use]
pub fn withheld(policy: SecondFactorPolicy, grants: &BTreeSet<Grant>, second_factor_at: Option<Timestamp>) -> BTreeSet<Grant> {
    match (policy, second_factor_at) {
        (SecondFactorPolicy::Required, None) => grants.clone(),
        (SecondFactorPolicy::Optional, _) | (SecondFactorPolicy::Required, Some(_)) => BTreeSet::new(),
    }
}

/// How an actor is tied to one thing.
#[expect(clippy::struct_excessive_bools, reason = "the ties are independent of each other: any combination can be")]
#[derive(Clone, Copy, Debug)]
pub struct Tie<'a> {
    /// Who asks.
    pub actor: &'a Actor,
    /// The thing is the actor's own, or about it.
    pub concerned: bool,
    /// The actor was asked to facilitate with its author, and did not say no.
    pub invited: bool,
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
        Self { actor, concerned: false, invited: false, facilitates: false, enrolled: false, reviews: false }
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
            Who::Invited => self.invited,
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
        Self::require_one(std::slice::from_ref(self), action, kind)
    }

    /// Goes on when the action is allowed by one of the ties that an actor has to a thing. To whom none leads, whatever its grants,
    /// it is not there.
    ///
    /// # Errors
    /// As [`Tie::require`].
    pub fn require_one(ties: &[Self], action: Action, kind: SubjectKind) -> Result<(), Refusal> {
        let one_allows = |action| ties.iter().any(|tie| tie.allows(action));
        if one_allows(action) {
            return Ok(());
        }
        if !kind.read().is_some_and(one_allows) {
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
    fn what_nothing_ties_an_actor_to_is_not_there_whatever_its_grants() {
        let (staff, file) = (person(&[Grant::Staff]), SubjectKind::File);
        assert!(matches!(Tie::require_one(&[], Action::GetFile, file), Err(Refusal::Hidden(_))));
        let ties = [Tie::none(&staff)];
        assert_eq!(Tie::require_one(&ties, Action::GetFile, file), Ok(()));
        assert!(matches!(Tie::require_one(&ties, Action::DeleteMyFile, file), Err(Refusal::Forbidden(_))));
    }

    #[test]
    fn whoever_may_read_an_application_may_read_the_files_that_it_names_and_nobody_else() {
        assert_eq!(Action::GetFile.who(), Action::GetApplication.who());
        assert_eq!(Action::DownloadFile.who(), Action::GetApplication.who());
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
            let tie = Tie { concerned: true, invited: true, facilitates: true, enrolled: true, reviews, ..Tie::none(&actor) };
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
