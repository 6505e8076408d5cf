//! Evidence that a person works where the person says.
//!
//! What always holds: a piece of evidence belongs to one employment, has a date, and is never changed. Left out on purpose: the kinds
//! that need an upload, a mailed link or a nightly comparison with the CRM.

use crate::employments::Employment;
use crate::ids::{EmploymentId, EvidenceId};
use crate::organizations::Organization;
use crate::people::Person;
use crate::text::Reason;
use crate::time::Timestamp;

crate::words! {
    /// By what an employment is shown.
    pub enum EvidenceKind {
        /// The person says so.
        SelfDeclared = "self_declared",
        /// The person has an address at the organization's domain, and it is proven.
        EmailDomain = "email_domain",
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
            Self::StaffOverride => 5,
        }
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
