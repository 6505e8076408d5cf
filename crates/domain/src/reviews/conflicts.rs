//! Conflicts of interest: what the data shows of them, and what reviewers declare.
//!
//! The data shows that two people work or worked for one organization at the same time, and that they stand, or once stood,
//! together: in a proposal, whatever became of it, or before a cohort. What always holds: everybody is in conflict with a proposal
//! of their own.
//!
//! Left out on purpose: organizations that belong to each other. A district's office and a school of the district are two.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{OrganizationId, PersonId, ProposalId};
use crate::text::Summary;
use crate::time::Date;

crate::words! {
    /// Why somebody cannot judge a proposal.
    pub enum ConflictKind {
        /// It is the reviewer's own.
        OwnProposal = "own_proposal",
        /// The reviewer and one of those who would facilitate work, or worked at the same time, for one organization.
        SameOrganization = "same_organization",
        /// They proposed or led something together.
        Collaborator = "collaborator",
        /// They are related, friends, or at odds.
        Personal = "personal",
        /// Something else.
        Other = "other",
    }
}

/// A conflict of interest that a reviewer declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Of which kind.
    pub kind: ConflictKind,
    /// What staff should know about it.
    pub note: Option<Summary>,
}

/// That somebody works or worked for an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Employed {
    /// Who.
    pub person_id: PersonId,
    /// For whom.
    pub organization_id: OrganizationId,
    /// From this day on.
    pub starts_on: Date,
    /// Until this day, where one is known.
    pub ends_on: Option<Date>,
}

impl Employed {
    fn overlaps(&self, other: &Self) -> bool {
        let begins_before = |one: &Self, other: &Self| other.ends_on.is_none_or(|ends_on| one.starts_on <= ends_on);
        begins_before(self, other) && begins_before(other, self)
    }
}

/// Whom reviewers know, as far as the data shows it, and what they have declared.
#[derive(Clone, Debug, Default)]
pub struct Acquaintances {
    known: BTreeMap<(PersonId, PersonId), ConflictKind>,
    declared: BTreeMap<(PersonId, ProposalId), ConflictKind>,
}

impl Acquaintances {
    /// Of these reviewers: from employments, from the circles of people who proposed or led something together, and from conflicts
    /// declared before.
    #[must_use]
    pub fn of(
        reviewers: &BTreeSet<PersonId>,
        employments: &[Employed],
        circles: impl IntoIterator<Item = Vec<PersonId>>,
        declared: impl IntoIterator<Item = (PersonId, ProposalId, ConflictKind)>,
    ) -> Self {
        let mut known = BTreeMap::new();
        for circle in circles {
            for reviewer in circle.iter().filter(|person| reviewers.contains(person)) {
                known.extend(circle.iter().map(|other| ((*reviewer, *other), ConflictKind::Collaborator)));
            }
        }
        let mut staffs: BTreeMap<OrganizationId, Vec<&Employed>> = BTreeMap::new();
        for employed in employments {
            staffs.entry(employed.organization_id).or_default().push(employed);
        }
        for staff in staffs.values() {
            for one in staff.iter().filter(|employed| reviewers.contains(&employed.person_id)) {
                let colleagues = staff.iter().filter(|other| one.overlaps(other));
                known.extend(colleagues.map(|other| ((one.person_id, other.person_id), ConflictKind::SameOrganization)));
            }
        }
        let declared = declared.into_iter().map(|(reviewer, proposal, kind)| ((reviewer, proposal), kind)).collect();
        Self { known, declared }
    }

    /// The conflict between a reviewer and a proposal that these people would facilitate.
    #[must_use]
    pub fn conflict(&self, reviewer: PersonId, proposal: ProposalId, facilitators: &[PersonId]) -> Option<ConflictKind> {
        if facilitators.contains(&reviewer) {
            return Some(ConflictKind::OwnProposal);
        }
        let declared = self.declared.get(&(reviewer, proposal)).copied();
        declared.or_else(|| facilitators.iter().find_map(|person| self.known.get(&(reviewer, *person)).copied()))
    }
}
