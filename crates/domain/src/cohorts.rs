//! Cohorts.

use std::collections::BTreeSet;

use crate::employments::Level;
use crate::organizations::OrganizationKind;
use crate::text::RoleKey;

crate::words! {
    /// Where a cohort or a session meets.
    pub enum MeetingMode {
        /// On line.
        Virtual = "virtual",
        /// At a place.
        InPerson = "in_person",
        /// Both.
        Hybrid = "hybrid",
    }
}

/// For whom a cohort is; an empty set leaves it open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// In these roles.
    pub roles: BTreeSet<RoleKey>,
    /// At these levels.
    pub levels: BTreeSet<Level>,
    /// Of these kinds of organizations.
    pub organization_kinds: BTreeSet<OrganizationKind>,
}
