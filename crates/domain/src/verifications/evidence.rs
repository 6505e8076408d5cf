//! Evidence that a person works where the person says.
//!
//! What always holds: a piece of evidence belongs to one employment, has a date, and is never changed; a document shows nothing by
//! itself, only to staff who look at it. Left out on purpose: the document's file ([`super::documents`]), and how a supervisor is
//! asked ([`super::attestations`]).

use crate::employments::{Employment, EmploymentSource};
use crate::ids::{EmploymentId, EvidenceId};
use crate::organizations::Organization;
use crate::people::Person;
use crate::text::Reason;
use crate::time::{Date, Timestamp};

crate::words! {
    /// By what an employment is shown.
    pub enum EvidenceKind {
        /// The person says so.
        SelfDeclared = "self_declared",
        /// The person has an address at the organization's domain, and it is proven.
        EmailDomain = "email_domain",
        /// The coalition's CRM says so, and that it is held now.
        CrmMatch = "crm_match",
        /// A supervisor said so, at an address of the organization.
        SupervisorAttestation = "supervisor_attestation",
        /// The person has uploaded a document, and staff look at it.
        Document = "document",
        /// Staff say so, and why.
        StaffOverride = "staff_override",
    }
}

/// The least strength that evidence can have.
pub const STRENGTH_MIN: u8 = 1;
/// The greatest strength that evidence can have.
pub const STRENGTH_MAX: u8 = 5;

impl EvidenceKind {
    /// How much it shows, from [`STRENGTH_MIN`] to [`STRENGTH_MAX`].
    #[must_use]
    pub fn strength(self) -> u8 {
        match self {
            Self::SelfDeclared => 1,
            Self::EmailDomain => 2,
            Self::SupervisorAttestation | Self::Document => 3,
            Self::CrmMatch => 4,
            Self::StaffOverride => 5,
        }
    }

    /// Whether it can verify by itself: a document cannot, before staff have looked at it.
    #[must_use]
    pub fn speaks_for_itself(self) -> bool {
        self != Self::Document
    }
}

/// A piece of evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// Which.
    pub id: EvidenceId,
    /// What it is evidence for.
    pub employment_id: EmploymentId,
    /// By what it shows it.
    pub kind: EvidenceKind,
    /// When it showed it.
    pub dated_at: Timestamp,
    /// Why, where staff decided.
    pub reason: Option<Reason>,
}

impl Evidence {
    /// The person's own word, given with an application.
    #[must_use]
    pub fn self_declared(id: EvidenceId, employment_id: EmploymentId, now: Timestamp) -> Self {
        Self { id, employment_id, kind: EvidenceKind::SelfDeclared, dated_at: now, reason: None }
    }

    /// The person's address, where it is proven and at the organization's domain: dated when it was proven.
    #[must_use]
    pub fn email_domain(id: EvidenceId, employment: &Employment, person: &Person, organization: &Organization) -> Option<Self> {
        let dated_at = person.email_proven_at.filter(|_| organization.has_address(&person.email))?;
        Some(Self { id, employment_id: employment.id, kind: EvidenceKind::EmailDomain, dated_at, reason: None })
    }

    /// What the CRM says, where it entered the employment and it is held today: dated when it last wrote it.
    #[must_use]
    pub fn crm_match(id: EvidenceId, employment: &Employment, today: Date) -> Option<Self> {
        let shown = employment.source == EmploymentSource::Crm && employment.current_on(today);
        let dated_at = employment.meta.updated_at;
        shown.then_some(Self { id, employment_id: employment.id, kind: EvidenceKind::CrmMatch, dated_at, reason: None })
    }

    /// The word of a supervisor.
    #[must_use]
    pub fn supervisor_attestation(id: EvidenceId, employment_id: EmploymentId, now: Timestamp) -> Self {
        Self { id, employment_id, kind: EvidenceKind::SupervisorAttestation, dated_at: now, reason: None }
    }

    /// A document that was uploaded.
    #[must_use]
    pub fn document(id: EvidenceId, employment_id: EmploymentId, now: Timestamp) -> Self {
        Self { id, employment_id, kind: EvidenceKind::Document, dated_at: now, reason: None }
    }

    /// The decision of staff.
    #[must_use]
    pub fn staff_override(id: EvidenceId, employment_id: EmploymentId, reason: Reason, now: Timestamp) -> Self {
        Self { id, employment_id, kind: EvidenceKind::StaffOverride, dated_at: now, reason: Some(reason) }
    }

    /// Whether it says the same as another: such a one need not be kept twice.
    #[must_use]
    pub fn repeats(&self, other: &Self) -> bool {
        (self.employment_id, self.kind, self.dated_at, &self.reason)
            == (other.employment_id, other.kind, other.dated_at, &other.reason)
    }
}
