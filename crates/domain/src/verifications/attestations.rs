//! Attestations: a supervisor is asked, by a link that is mailed, whether somebody works at the organization.
//!
//! What always holds: the address is at the organization's own domain, at which not just anybody can have one, and is not the
//! person's own; an attestation is answered once, and a newer one of the same verification overtakes an older one. Left out on
//! purpose: the link ([`crate::links`]).

use crate::employments::Employment;
use crate::free_mail::is_free_mail;
use crate::ids::{AttestationId, EmploymentId, LinkId, PersonId, VerificationId};
use crate::journal::{Change, Happening};
use crate::meta::Meta;
use crate::organizations::Organization;
use crate::people::Person;
use crate::refusal::{FaultCode, Refusal};
use crate::text::{Email, Name, Title};
use crate::time::Timestamp;

use super::Verification;

crate::words! {
    /// How far an attestation has come.
    pub enum AttestationState {
        /// The supervisor has been asked.
        Asked = "asked",
        /// The supervisor says yes.
        Confirmed = "confirmed",
        /// The supervisor says no.
        Denied = "denied",
        /// Somebody else was asked instead.
        Superseded = "superseded",
    }
}

/// Who answered, as they say themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attester {
    /// The name.
    pub name: Name,
    /// The title.
    pub title: Option<Title>,
}

/// An answer of a supervisor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationAnswer {
    /// Whether the person works there.
    pub confirms: bool,
    /// Who says so.
    pub by: Attester,
}

/// Where an attestation stands, with what belongs to that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttestationStanding {
    /// The supervisor has been asked.
    Asked {
        /// By which link.
        link_id: LinkId,
        /// Until when that is good, by the process's clock.
        expires_at: Timestamp,
    },
    /// The supervisor has answered.
    Answered {
        /// When.
        at: Timestamp,
        /// What.
        answer: AttestationAnswer,
    },
    /// Somebody else was asked instead.
    Superseded {
        /// When.
        at: Timestamp,
    },
}

/// A question put to a supervisor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// Which.
    pub id: AttestationId,
    /// For which verification.
    pub verification_id: VerificationId,
    /// About which employment.
    pub employment_id: EmploymentId,
    /// Whose.
    pub person_id: PersonId,
    /// To which address.
    pub email: Email,
    /// Where it stands.
    pub standing: AttestationStanding,
    /// Version and instants.
    pub meta: Meta,
}

impl Attestation {
    /// Asks a supervisor.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] when it is not an address of somebody else at the organization.
    pub fn ask(
        id: AttestationId,
        verification: &Verification,
        (person, organization): (&Person, &Organization),
        email: Email,
        (link_id, expires_at): (LinkId, Timestamp),
        now: Timestamp,
    ) -> Result<Change<Self>, Refusal> {
        check_address(&email, person, organization)?;
        let made = Self {
            id,
            verification_id: verification.id,
            employment_id: verification.employment_id,
            person_id: verification.person_id,
            email,
            standing: AttestationStanding::Asked { link_id, expires_at },
            meta: Meta::new(now),
        };
        let happened = made.happened(verification, "attestation_asked");
        Ok(Change::one(made, happened))
    }

    /// The link by which it can be answered, as long as it can.
    #[must_use]
    pub fn link_id(&self) -> Option<LinkId> {
        if let AttestationStanding::Asked { link_id, .. } = self.standing { Some(link_id) } else { None }
    }

    /// How far it has come.
    #[must_use]
    pub fn state(&self) -> AttestationState {
        match &self.standing {
            AttestationStanding::Asked { .. } => AttestationState::Asked,
            AttestationStanding::Answered { answer, .. } if answer.confirms => AttestationState::Confirmed,
            AttestationStanding::Answered { .. } => AttestationState::Denied,
            AttestationStanding::Superseded { .. } => AttestationState::Superseded,
        }
    }

    /// Somebody else is asked instead.
    ///
    /// # Errors
    /// It is over.
    pub fn supersede(mut self, verification: &Verification, now: Timestamp) -> Result<Change<Self>, Refusal> {
        self.require_asked()?;
        self.standing = AttestationStanding::Superseded { at: now };
        self.meta = self.meta.changed(now);
        let happened = self.happened(verification, "attestation_superseded");
        Ok(Change::one(self, happened))
    }

    /// The supervisor answers.
    ///
    /// # Errors
    /// It is over, or the address speaks for the organization no more: then there is none.
    pub fn answer(
        mut self,
        answer: AttestationAnswer,
        verification: &Verification,
        organization: &Organization,
        now: Timestamp,
    ) -> Result<Change<Self>, Refusal> {
        self.require_answerable(organization)?;
        let happened = self.happened(verification, "attestation_answered").with("confirms", answer.confirms);
        self.standing = AttestationStanding::Answered { at: now, answer };
        self.meta = self.meta.changed(now);
        Ok(Change::one(self, happened))
    }

    /// Goes on when it can be answered still.
    ///
    /// # Errors
    /// It is over, or the address speaks for the organization no more: then there is none.
    pub fn require_answerable(&self, organization: &Organization) -> Result<(), Refusal> {
        self.require_asked()?;
        if organization.has_address(&self.email) { Ok(()) } else { Err(no_such()) }
    }

    fn require_asked(&self) -> Result<(), Refusal> {
        if self.link_id().is_some() { Ok(()) } else { Err(no_such()) }
    }

    fn happened(&self, verification: &Verification, verb: &'static str) -> Happening {
        verification.happening(verb).with("attestation_id", self.id.to_string())
    }
}

/// What a supervisor is asked, and no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Who is said to work there.
    pub given_name: Name,
    /// The rest of the name.
    pub family_name: Name,
    /// At which organization.
    pub organization_name: Title,
    /// As what, where the person says.
    pub title: Option<Title>,
}

impl Question {
    /// About an employment of a person at an organization.
    #[must_use]
    pub fn about(person: &Person, organization: &Organization, employment: &Employment) -> Self {
        Self {
            given_name: person.given_name.clone(),
            family_name: person.family_name.clone(),
            organization_name: organization.name.clone(),
            title: employment.title.clone(),
        }
    }
}

/// The refusal of a token that is not good, however it is not.
#[must_use]
pub fn no_such() -> Refusal {
    Refusal::Hidden("attestation")
}

/// Goes on when an address is one of somebody else at the organization.
///
/// # Errors
/// [`Refusal::Invalid`].
pub fn check_address(email: &Email, person: &Person, organization: &Organization) -> Result<(), Refusal> {
    let refuse = |detail: &str| Err(Refusal::invalid("#/supervisor_email", FaultCode::InvalidValue, detail));
    if organization.email_domains.is_empty() {
        return refuse("The organization has no domain of its own on record: upload a document, or ask the coalition's office");
    }
    if !organization.has_address(email) || is_free_mail(&email.domain()) {
        return refuse("Name an address at the organization's own domain");
    }
    if mailbox(email) == mailbox(&person.email) {
        return refuse("Name somebody else's address: nobody attests their own employment");
    }
    Ok(())
}

/// The mailbox behind an address: without what stands behind a plus, which leads to the same one.
fn mailbox(email: &Email) -> String {
    let address = email.normalized();
    match address.split_once('@') {
        Some((local, domain)) => format!("{}@{domain}", local.split('+').next().unwrap_or(local)),
        None => address,
    }
}
