//! Accounts: by which a person signs in, and with which grants.
//!
//! What always holds: whoever is given a right, or a way in, leaves an entry in the journal. Left out on purpose: the password itself.

use crate::access::Grant;
use crate::ids::PersonId;
use crate::journal::{Happening, Subject, SubjectKind};

/// A person was given a grant.
#[must_use]
pub fn granted(person: PersonId, grant: Grant) -> Happening {
    Happening::new(Subject::new(SubjectKind::Person, person), "granted").with("grant", grant.to_string())
}

/// A person was given a password.
#[must_use]
pub fn password_set(person: PersonId) -> Happening {
    Happening::new(Subject::new(SubjectKind::Person, person), "password_set")
}
