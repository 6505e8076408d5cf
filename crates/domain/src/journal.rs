//! The journal: the one append-only record of what happened.
//!
//! A transition gives back what happened as [`Happening`]s; whoever saves the change writes one entry for each, in the same
//! transaction. What always holds: an entry names people by id alone, so that erasing a person keeps the chain whole.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::access::Action;
use crate::canonical::canonical;
use crate::ids::Id;
use crate::text::Reason;

crate::words! {
    /// What kind of thing an entry is about.
    pub enum SubjectKind {
        /// The coalition itself.
        Coalition = "coalition",
        /// An organization.
        Organization = "organization",
        /// A person.
        Person = "person",
        /// An employment.
        Employment = "employment",
        /// A program.
        Program = "program",
        /// A proposal.
        Proposal = "proposal",
        /// An invitation to facilitate with the author of a proposal.
        FacilitatorInvitation = "facilitator_invitation",
        /// A review of a proposal.
        Review = "review",
        /// A cohort.
        Cohort = "cohort",
        /// An application or enrollment.
        Application = "application",
        /// A team application.
        TeamApplication = "team_application",
        /// A file that answers an application form.
        File = "file",
        /// A verification.
        Verification = "verification",
        /// A session.
        Session = "session",
        /// A stipend agreement.
        Stipend = "stipend",
        /// An installment of a stipend.
        StipendInstallment = "stipend_installment",
        /// An API client.
        ApiClient = "api_client",
    }
}

impl SubjectKind {
    /// The word for it in a sentence.
    #[must_use]
    pub fn noun(self) -> &'static str {
        crate::words::Word::as_str(self)
    }

    /// The action of reading one of this kind: who may not take it may not know that the thing is there.
    #[must_use]
    pub fn read(self) -> Option<Action> {
        Some(match self {
            Self::Coalition => Action::GetCoalition,
            Self::Organization => Action::GetOrganization,
            Self::Person => Action::GetPerson,
            Self::Employment => return None,
            Self::Program => Action::GetProgram,
            Self::Proposal => Action::GetProposal,
            Self::FacilitatorInvitation => Action::GetFacilitatorInvitation,
            Self::Review => Action::GetReview,
            Self::Cohort => Action::GetCohort,
            Self::Application => Action::GetApplication,
            Self::TeamApplication => Action::GetTeamApplication,
            Self::File => Action::GetFile,
            Self::Verification => Action::GetVerification,
            Self::Session => Action::GetSession,
            Self::Stipend => Action::GetStipend,
            Self::StipendInstallment => Action::GetStipendInstallment,
            Self::ApiClient => Action::GetApiClient,
        })
    }
}

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// What kind of thing.
    pub kind: SubjectKind,
    /// Which.
    pub id: Uuid,
}

impl Subject {
    /// A thing of a kind.
    pub fn new(kind: SubjectKind, id: impl Id) -> Self {
        Self { kind, id: id.uuid() }
    }
}

/// Something that happened, before it is written down.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    /// To what.
    pub subject: Subject,
    /// What, in the past tense: the second part of the entry's type, for example `offered`.
    pub verb: &'static str,
    /// The particulars: states, ids, dates. Nothing personal.
    pub data: Map<String, Value>,
    /// Why, where somebody said.
    pub reason: Option<Reason>,
}

impl Happening {
    /// Something that happened to a thing.
    #[must_use]
    pub fn new(subject: Subject, verb: &'static str) -> Self {
        Self { subject, verb, data: Map::new(), reason: None }
    }

    /// The same, with a particular.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.data.insert(name.to_owned(), value.into());
        self
    }

    /// The same, with a reason.
    #[must_use]
    pub fn because(mut self, reason: Option<&Reason>) -> Self {
        self.reason = reason.cloned();
        self
    }

    /// The type of the entry, for example `application.offered`.
    #[must_use]
    pub fn entry_type(&self) -> String {
        format!("{}.{}", self.subject.kind, self.verb)
    }
}

/// The names of the members that an update changed: the journal tells these, never the values.
#[derive(Debug, Default)]
pub struct Changed(Vec<&'static str>);

impl Changed {
    /// Puts a value in its place, where one is given and differs.
    pub fn set<T: PartialEq>(&mut self, name: &'static str, place: &mut T, value: Option<T>) {
        if let Some(value) = value
            && *place != value
        {
            *place = value;
            self.0.push(name);
        }
    }

    /// Whether any of these members changed.
    #[must_use]
    pub fn any_of(&self, names: &[&str]) -> bool {
        self.0.iter().any(|changed| names.contains(changed))
    }

    /// The names, in the order in which they were set.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        self.0
    }
}

/// A thing after a transition, with what happened on the way.
#[must_use = "a change that is not saved did not happen"]
#[derive(Clone, Debug, PartialEq)]
pub struct Change<T> {
    /// The thing as it is now.
    pub value: T,
    /// What happened: at least one thing.
    pub happened: Vec<Happening>,
}

impl<T> Change<T> {
    /// One thing happened.
    pub fn one(value: T, happened: Happening) -> Self {
        Self { value, happened: vec![happened] }
    }

    /// The same, with a reason for all that happened.
    pub fn because(mut self, reason: &Reason) -> Self {
        self.happened = self.happened.into_iter().map(|happening| happening.because(Some(reason))).collect();
        self
    }
}

/// A seal: SHA-256, over the seal before it and the entry's own content.
pub type Seal = [u8; 32];

/// The seal before the first entry.
pub const FIRST_SEAL: Seal = [0; 32];

/// Seals an entry to the one before it.
///
/// What is hashed is the canonical JSON of the content: see [`crate::canonical`].
#[must_use]
pub fn seal(previous: &Seal, position: u64, content: &Value) -> Seal {
    let mut hasher = Sha256::new();
    hasher.update(previous);
    hasher.update(position.to_be_bytes());
    hasher.update(canonical(content).as_bytes());
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_seal_depends_on_all_before_it_on_the_position_and_on_the_content() {
        let base = seal(&FIRST_SEAL, 1, &json!({"a": 1, "b": 2}));
        assert_eq!(base, seal(&FIRST_SEAL, 1, &json!({"b": 2, "a": 1})), "the order of members does not matter");
        assert_ne!(base, seal(&FIRST_SEAL, 2, &json!({"a": 1, "b": 2})));
        assert_ne!(base, seal(&FIRST_SEAL, 1, &json!({"a": 1, "b": 3})));
        assert_ne!(base, seal(&base, 1, &json!({"a": 1, "b": 2})));
    }
}
