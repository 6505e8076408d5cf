//! People: whom the coalition knows by name and address.
//!
//! What always holds: a new address is unproven until somebody says that it is proven; a person changes only its own names and time
//! zone, since the coalition's CRM owns the rest. Left out on purpose: passwords and sign-in sessions, and that no two people of a
//! coalition have the same address, which only the store knows.

use crate::ids::PersonId;
use crate::journal::{Change, Changed, Happening, Subject, SubjectKind};
use crate::meta::Meta;
use crate::text::{Email, ExternalId, Name};
use crate::time::{Timestamp, Zone};

/// A person.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// Which.
    pub id: PersonId,
    /// The name that comes first where names are given first.
    pub given_name: Name,
    /// The name that people of a family share.
    pub family_name: Name,
    /// The address by which the person signs in and is written to.
    pub email: Email,
    /// When it was shown that the address is the person's, where it was.
    pub email_proven_at: Option<Timestamp>,
    /// The zone in which the person lives.
    pub time_zone: Option<Zone>,
    /// What the coalition's CRM calls the person.
    pub external_id: Option<ExternalId>,
    /// Version and instants.
    pub meta: Meta,
}

/// What a person is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct PersonCreate {
    /// The given name.
    pub given_name: Name,
    /// The family name.
    pub family_name: Name,
    /// The address.
    pub email: Email,
    /// Whether it has been shown that the address is the person's.
    pub email_proven: bool,
    /// The zone in which the person lives.
    pub time_zone: Option<Zone>,
    /// What the coalition's CRM calls the person.
    pub external_id: Option<ExternalId>,
}

/// What staff and the CRM can change of a person: `None` leaves a member as it is, `Some(None)` clears it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PersonUpdate {
    /// The given name.
    pub given_name: Option<Name>,
    /// The family name.
    pub family_name: Option<Name>,
    /// The address.
    pub email: Option<Email>,
    /// Whether it has been shown that the address is the person's.
    pub email_proven: Option<bool>,
    /// The zone in which the person lives.
    pub time_zone: Option<Option<Zone>>,
    /// What the coalition's CRM calls the person.
    pub external_id: Option<Option<ExternalId>>,
}

/// What a person can change of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MeUpdate {
    /// The given name.
    pub given_name: Option<Name>,
    /// The family name.
    pub family_name: Option<Name>,
    /// The zone in which the person lives; `Some(None)` clears it.
    pub time_zone: Option<Option<Zone>>,
}

impl From<MeUpdate> for PersonUpdate {
    fn from(update: MeUpdate) -> Self {
        let MeUpdate { given_name, family_name, time_zone } = update;
        Self { given_name, family_name, time_zone, ..Self::default() }
    }
}

impl Person {
    /// A new person.
    pub fn create(id: PersonId, given: PersonCreate, now: Timestamp) -> Change<Self> {
        let made = Self {
            id,
            given_name: given.given_name,
            family_name: given.family_name,
            email: given.email,
            email_proven_at: given.email_proven.then_some(now),
            time_zone: given.time_zone,
            external_id: given.external_id,
            meta: Meta::new(now),
        };
        let mut happened = vec![made.happening("created")];
        happened.extend(made.email_proven_at.map(|_| made.happening("email_proven")));
        Change { value: made, happened }
    }

    /// Changes what staff and the CRM can change.
    ///
    /// When the address became proven by this, that happened too: it is evidence for employments.
    pub fn update(mut self, update: PersonUpdate, now: Timestamp) -> Change<Self> {
        let address = self.email.normalized();
        let mut changed = Changed::default();
        changed.set("given_name", &mut self.given_name, update.given_name);
        changed.set("family_name", &mut self.family_name, update.family_name);
        changed.set("email", &mut self.email, update.email);
        changed.set("time_zone", &mut self.time_zone, update.time_zone);
        changed.set("external_id", &mut self.external_id, update.external_id);

        let proof = self.email_proven_at.filter(|_| self.email.normalized() == address);
        let proof = match update.email_proven {
            None => proof,
            Some(true) => proof.or(Some(now)),
            Some(false) => None,
        };
        let newly_proven = proof.is_some() && proof != self.email_proven_at;
        changed.set("email_proven", &mut self.email_proven_at, Some(proof));

        self.meta = self.meta.changed(now);
        let mut happened = vec![self.happening("updated").with("changed", changed.names())];
        happened.extend(newly_proven.then(|| self.happening("email_proven")));
        Change { value: self, happened }
    }

    /// Changes what a person can change of itself.
    pub fn update_self(self, update: MeUpdate, now: Timestamp) -> Change<Self> {
        self.update(update.into(), now)
    }

    fn happening(&self, verb: &'static str) -> Happening {
        Happening::new(Subject::new(SubjectKind::Person, self.id), verb)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Id;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn ana(email_proven: bool) -> Person {
        let given = PersonCreate {
            given_name: Name::new("Ana").unwrap(),
            family_name: Name::new("Reyes").unwrap(),
            email: Email::new("ana@cedarhollow.org").unwrap(),
            email_proven,
            time_zone: None,
            external_id: None,
        };
        Person::create(PersonId::from_uuid(uuid::Uuid::nil()), given, at(1)).value
    }

    fn email(address: &str) -> PersonUpdate {
        PersonUpdate { email: Some(Email::new(address).unwrap()), ..PersonUpdate::default() }
    }

    fn verbs(change: &Change<Person>) -> Vec<&'static str> {
        change.happened.iter().map(|happening| happening.verb).collect()
    }

    #[test]
    fn a_new_address_is_unproven_until_it_is_said_to_be_proven() {
        let moved = ana(true).update(email("ana@juniper.org"), at(2));
        assert_eq!(moved.value.email_proven_at, None);
        assert_eq!(verbs(&moved), ["updated"]);
        let moved_and_proven = ana(true).update(PersonUpdate { email_proven: Some(true), ..email("ana@juniper.org") }, at(2));
        assert_eq!(moved_and_proven.value.email_proven_at, Some(at(2)));
        assert_eq!(verbs(&moved_and_proven), ["updated", "email_proven"]);
        let written_otherwise = ana(true).update(email("Ana@CedarHollow.org"), at(2));
        assert_eq!(written_otherwise.value.email_proven_at, Some(at(1)), "the same address, written otherwise");
    }

    #[test]
    fn saying_again_that_an_address_is_proven_changes_nothing() {
        let proven = PersonUpdate { email_proven: Some(true), ..PersonUpdate::default() };
        let first = ana(false).update(proven.clone(), at(2));
        assert_eq!((first.value.email_proven_at, verbs(&first)), (Some(at(2)), vec!["updated", "email_proven"]));
        let again = first.value.update(proven, at(3));
        assert_eq!((again.value.email_proven_at, verbs(&again)), (Some(at(2)), vec!["updated"]));
        let taken_back = again.value.update(PersonUpdate { email_proven: Some(false), ..PersonUpdate::default() }, at(4));
        assert_eq!(taken_back.value.email_proven_at, None);
    }

    #[test]
    fn a_person_changes_its_own_names_and_zone_and_nothing_else() {
        let update =
            MeUpdate { given_name: Some(Name::new("Anita").unwrap()), time_zone: Some(Some(Zone::UTC)), family_name: None };
        let changed = ana(true).update_self(update, at(2));
        let expected = Person {
            given_name: Name::new("Anita").unwrap(),
            time_zone: Some(Zone::UTC),
            meta: Meta::new(at(1)).changed(at(2)),
            ..ana(true)
        };
        assert_eq!(changed.value, expected);
        assert_eq!(changed.happened[0].data["changed"], serde_json::json!(["given_name", "time_zone"]));
    }

    #[test]
    fn the_journal_hears_of_a_person_by_id_alone() {
        let change = ana(true).update(email("ana@juniper.org"), at(2));
        let told = serde_json::to_string(&change.happened[0].data).unwrap();
        assert!(!told.contains("ana") && !told.contains("Reyes"), "{told}");
    }
}
