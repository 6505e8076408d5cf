//! The coalition's list of roles, by which it calls the jobs in its schools.
//!
//! What always holds: no key stands twice, and every key has a label. Left out on purpose: what becomes of an employment whose role
//! leaves the list. It keeps the role; only new ones cannot take it.

use serde::{Deserialize, Serialize};

use crate::ids::CoalitionId;
use crate::journal::{Change, Happening, Subject, SubjectKind};
use crate::meta::Meta;
use crate::refusal::{Fault, FaultCode, Faults, Refusal};
use crate::text::{Name, RoleKey};
use crate::time::Timestamp;

/// The most roles that a coalition can have.
pub const ROLES_MAX: usize = 100;

/// A kind of job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// By which programs know it.
    pub key: RoleKey,
    /// By which people know it.
    pub label: Name,
}

/// The roles of a coalition, in the order in which they are offered.
#[derive(Clone, Debug, PartialEq)]
pub struct RoleList {
    /// Whose.
    pub coalition_id: CoalitionId,
    /// The roles.
    pub roles: Vec<Role>,
    /// Version and instants.
    pub meta: Meta,
}

impl RoleList {
    /// The list of a coalition that has set none.
    #[must_use]
    pub fn initial(coalition_id: CoalitionId, now: Timestamp) -> Self {
        Self { coalition_id, roles: Vec::new(), meta: Meta::new(now) }
    }

    /// Whether a role is in the list.
    #[must_use]
    pub fn contains(&self, key: &RoleKey) -> bool {
        self.roles.iter().any(|role| role.key == *key)
    }

    /// Puts other roles in the place of these.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], with each key that stands twice.
    pub fn replace(mut self, roles: Vec<Role>, now: Timestamp) -> Result<Change<Self>, Refusal> {
        let mut faults = Faults::default();
        if roles.len() > ROLES_MAX {
            faults.push(Fault::new("#/roles", FaultCode::TooLong, format!("At most {ROLES_MAX} items")).with("max", ROLES_MAX));
        }
        for (index, role) in roles.iter().enumerate().take(ROLES_MAX) {
            if roles.iter().take(index).any(|earlier| earlier.key == role.key) {
                faults.push(Fault::new(format!("#/roles/{index}/key"), FaultCode::Duplicate, "This key stands in the list twice"));
            }
        }
        faults.check()?;
        let keys = |roles: &[Role]| roles.iter().map(|role| role.key.to_string()).collect::<Vec<_>>();
        let happened = Happening::new(Subject::new(SubjectKind::Coalition, self.coalition_id), "roles_replaced")
            .with("from", keys(&self.roles))
            .with("to", keys(&roles));
        self.roles = roles;
        self.meta = self.meta.changed(now);
        Ok(Change::one(self, happened))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Id;

    fn replace(keys: &[&str]) -> Result<Change<RoleList>, Refusal> {
        let role = |key: &&str| Role { key: RoleKey::new(key).unwrap(), label: Name::new(key).unwrap() };
        let initial = RoleList::initial(CoalitionId::from_uuid(uuid::Uuid::nil()), Timestamp::from_millis(0));
        let list = RoleList { roles: vec![role(&"teacher")], ..initial };
        list.replace(keys.iter().map(role).collect(), Timestamp::from_millis(1))
    }

    #[test]
    fn a_list_is_replaced_as_a_whole() {
        let change = replace(&["principal", "behavior_lead"]).unwrap();
        let contains = |key: &str| change.value.contains(&RoleKey::new(key).unwrap());
        assert!(contains("principal") && contains("behavior_lead") && !contains("teacher"));
        assert_eq!(change.happened[0].data["from"], serde_json::json!(["teacher"]));
        assert_eq!(change.happened[0].data["to"], serde_json::json!(["principal", "behavior_lead"]));
    }

    #[test]
    fn no_key_stands_twice() {
        let Err(Refusal::Invalid(faults)) = replace(&["a", "b", "a", "b"]) else { panic!() };
        let told: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(told, ["#/roles/2/key", "#/roles/3/key"]);
        let many: Vec<String> = (0..=ROLES_MAX).map(|n| format!("r{n}")).collect();
        assert!(replace(&many.iter().map(String::as_str).collect::<Vec<_>>()).is_err());
    }
}
