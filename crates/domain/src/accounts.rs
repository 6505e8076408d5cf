//! Accounts: by which a person signs in, and with which grants.
//!
//! What always holds: whoever is given a right, or a way in, or loses one, leaves an entry in the journal; nobody suspends
//! themselves; a coalition never loses its last owner. Left out on purpose: the password itself, and sign-in sessions.

use crate::access::{Action, Actor, Grant, Tie};
use crate::ids::PersonId;
use crate::journal::{Change, Happening, Subject, SubjectKind};
use crate::machine::{Machine, Transition};
use crate::refusal::Refusal;
use crate::text::Reason;

crate::words! {
    /// Whether an account may be used.
    pub enum AccountState {
        /// It may.
        Active = "active",
        /// The coalition's owners have put it out of use.
        Suspended = "suspended",
    }
}

use AccountState::{Active, Suspended};

/// The table of an account.
pub const MACHINE: Machine<AccountState> = Machine {
    name: "account",
    transitions: &[
        Transition { action: Action::SuspendPerson, from: &[Active], to: &[Suspended] },
        Transition { action: Action::ReinstatePerson, from: &[Suspended], to: &[Active] },
    ],
};

/// A person's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Whose.
    pub person_id: PersonId,
    /// Whether it may be used.
    pub state: AccountState,
}

impl Account {
    /// Puts it out of use. `owners` are those who own the coalition and can sign in.
    ///
    /// # Errors
    /// It is the actor's own, the last owner's, or suspended already.
    pub fn suspend(self, actor: &Actor, owners: &[PersonId], reason: &Reason) -> Result<Change<Self>, Refusal> {
        MACHINE.check(self.state, Action::SuspendPerson)?;
        if actor.is(self.person_id) {
            return Err(Refusal::SamePerson("Nobody suspends themselves: ask another owner".to_owned()));
        }
        leaves_an_owner(self.person_id, owners)?;
        let happened = happening(self.person_id, "suspended").because(Some(reason));
        Ok(Change::one(Self { state: Suspended, ..self }, happened))
    }

    /// Lets it be used again.
    ///
    /// # Errors
    /// It may be used already.
    pub fn reinstate(self, reason: &Reason) -> Result<Change<Self>, Refusal> {
        MACHINE.check(self.state, Action::ReinstatePerson)?;
        let happened = happening(self.person_id, "reinstated").because(Some(reason));
        Ok(Change::one(Self { state: Active, ..self }, happened))
    }

    /// The actions that this caller can take now.
    #[must_use]
    pub fn allowed(&self, actor: &Actor) -> Vec<&'static str> {
        MACHINE.allowed(self.state, &Tie::none(actor), |action| action != Action::SuspendPerson || !actor.is(self.person_id))
    }
}

/// A person was given a grant.
#[must_use]
pub fn granted(person: PersonId, grant: Grant) -> Happening {
    happening(person, "granted").with("grant", grant.to_string())
}

/// A person loses a grant. `owners` are those who own the coalition and can sign in.
///
/// # Errors
/// It would leave the coalition without an owner.
pub fn ungranted(person: PersonId, grant: Grant, owners: &[PersonId]) -> Result<Happening, Refusal> {
    if grant == Grant::Owner {
        leaves_an_owner(person, owners)?;
    }
    Ok(happening(person, "ungranted").with("grant", grant.to_string()))
}

/// A person was given a password.
#[must_use]
pub fn password_set(person: PersonId) -> Happening {
    happening(person, "password_set")
}

/// Somebody else ended a person's sign-in sessions.
#[must_use]
pub fn signed_out(person: PersonId, sessions: u64) -> Happening {
    happening(person, "signed_out").with("sessions", sessions)
}

fn leaves_an_owner(person: PersonId, owners: &[PersonId]) -> Result<(), Refusal> {
    if !owners.is_empty() && owners.iter().all(|owner| *owner == person) {
        let what = "This is the coalition's last owner who can sign in: make somebody else an owner first".to_owned();
        return Err(Refusal::NotReady { what, missing: Vec::new() });
    }
    Ok(())
}

fn happening(person: PersonId, verb: &'static str) -> Happening {
    Happening::new(Subject::new(SubjectKind::Person, person), verb)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Id;

    fn person(number: u128) -> PersonId {
        PersonId::from_uuid(uuid::Uuid::from_u128(number))
    }

    fn owner(number: u128) -> Actor {
        Actor::Person { id: person(number), grants: [Grant::Owner].into() }
    }

    fn account(number: u128, state: AccountState) -> Account {
        Account { person_id: person(number), state }
    }

    fn because() -> Reason {
        Reason::new("She has left the school").unwrap()
    }

    #[test]
    fn the_table_of_accounts() {
        insta::assert_snapshot!(MACHINE.describe().table());
    }

    #[test]
    fn an_account_is_suspended_once_and_reinstated_once() {
        let suspended = account(2, Active).suspend(&owner(1), &[person(1)], &because()).unwrap();
        assert_eq!(suspended.value.state, Suspended);
        assert_eq!((suspended.happened[0].verb, &suspended.happened[0].reason), ("suspended", &Some(because())));
        let again = suspended.value.suspend(&owner(1), &[person(1)], &because());
        assert!(matches!(again, Err(Refusal::InvalidTransition { current_state: "suspended", .. })));
        let reinstated = suspended.value.reinstate(&because()).unwrap();
        assert_eq!((reinstated.value.state, reinstated.happened[0].verb), (Active, "reinstated"));
        assert!(matches!(reinstated.value.reinstate(&because()), Err(Refusal::InvalidTransition { .. })));
    }

    #[test]
    fn nobody_suspends_themselves() {
        let own = account(1, Active);
        assert!(matches!(own.suspend(&owner(1), &[person(1), person(2)], &because()), Err(Refusal::SamePerson(_))));
        assert_eq!((own.allowed(&owner(1)), account(2, Active).allowed(&owner(1))), (vec![], vec!["suspend"]));
        assert_eq!(account(2, Suspended).allowed(&owner(1)), ["reinstate"]);
    }

    #[test]
    fn a_coalition_keeps_its_last_owner() {
        for (owners, taken) in [(vec![2], false), (vec![2, 3], true), (vec![3], true), (vec![], true)] {
            let owners: Vec<PersonId> = owners.into_iter().map(person).collect();
            let suspended = account(2, Active).suspend(&Actor::Operator, &owners, &because());
            let ungranted = super::ungranted(person(2), Grant::Owner, &owners);
            assert_eq!((suspended.is_ok(), ungranted.is_ok()), (taken, taken), "{owners:?}");
            assert!(taken || matches!(ungranted, Err(Refusal::NotReady { .. })));
            assert!(super::ungranted(person(2), Grant::Staff, &owners).is_ok(), "other grants are free to go");
        }
    }
}
