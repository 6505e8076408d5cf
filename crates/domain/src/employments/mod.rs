//! Employments: who works where, as what; and the [`roles`] in which people can.
//!
//! What always holds: an employment ends no earlier than it starts; nobody holds the same role at the same organization twice at a
//! time; what the coalition entered is not changed by the person it is about, and what a valid verification rests on is not either.
//! Left out on purpose: moving an employment to another person or organization, which would be another employment.

pub mod roles;

use crate::ids::{EmploymentId, OrganizationId, PersonId};
use crate::journal::{Change, Changed, Happening, Subject, SubjectKind};
use crate::meta::Meta;
use crate::refusal::{Fault, FaultCode, Faults, Refusal};
use crate::text::{ExternalId, RoleKey, Title};
use crate::time::{Date, Timestamp};

use roles::RoleList;

crate::words! {
    /// At which level an employment is held.
    pub enum Level {
        /// In one school.
        School = "school",
        /// In a district.
        District = "district",
        /// In a board of cooperative educational services.
        Boces = "boces",
        /// In a network of schools.
        Network = "network",
    }

    /// Who entered an employment.
    pub enum EmploymentSource {
        /// The person whom it is about.
        Own = "self",
        /// The coalition: its CRM, or its staff.
        Crm = "crm",
    }
}

/// That a person works for an organization.
#[derive(Clone, Debug, PartialEq)]
pub struct Employment {
    /// Which.
    pub id: EmploymentId,
    /// Who works.
    pub person_id: PersonId,
    /// For whom.
    pub organization_id: OrganizationId,
    /// What the organization calls the job.
    pub title: Option<Title>,
    /// What the coalition calls it, from its list of roles.
    pub role: RoleKey,
    /// At which level.
    pub level: Level,
    /// Its first day.
    pub starts_on: Date,
    /// Its last day, where one is known.
    pub ends_on: Option<Date>,
    /// Who entered it.
    pub source: EmploymentSource,
    /// What the coalition's CRM calls it.
    pub external_id: Option<ExternalId>,
    /// Version and instants.
    pub meta: Meta,
}

/// What an employment is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct EmploymentCreate {
    /// For whom the person works.
    pub organization_id: OrganizationId,
    /// What the organization calls the job.
    pub title: Option<Title>,
    /// What the coalition calls it.
    pub role: RoleKey,
    /// At which level.
    pub level: Level,
    /// Its first day.
    pub starts_on: Date,
    /// Its last day, where one is known.
    pub ends_on: Option<Date>,
    /// What the coalition's CRM calls it.
    pub external_id: Option<ExternalId>,
}

/// What can be changed of an employment: `None` leaves a member as it is, `Some(None)` clears it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EmploymentUpdate {
    /// What the organization calls the job.
    pub title: Option<Option<Title>>,
    /// What the coalition calls it.
    pub role: Option<RoleKey>,
    /// At which level.
    pub level: Option<Level>,
    /// Its first day.
    pub starts_on: Option<Date>,
    /// Its last day.
    pub ends_on: Option<Option<Date>>,
    /// What the coalition's CRM calls it.
    pub external_id: Option<Option<ExternalId>>,
}

/// What an employment is judged against when it is made or changed.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The coalition's roles.
    pub roles: RoleList,
    /// All employments of the person.
    pub others: Vec<Employment>,
    /// The civil day.
    pub today: Date,
}

impl Employment {
    /// A new employment of a person.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], or [`Refusal::AlreadyExists`] when the person holds this role there at the same time.
    pub fn create(
        id: EmploymentId,
        person_id: PersonId,
        given: EmploymentCreate,
        source: EmploymentSource,
        around: &Surroundings,
        now: Timestamp,
    ) -> Result<Change<Self>, Refusal> {
        let made = Self {
            id,
            person_id,
            organization_id: given.organization_id,
            title: given.title,
            role: given.role,
            level: given.level,
            starts_on: given.starts_on,
            ends_on: given.ends_on,
            source,
            external_id: given.external_id,
            meta: Meta::new(now),
        };
        made.check(true, around)?;
        let happened = made.happening("created").with("source", source.to_string());
        Ok(Change::one(made, happened))
    }

    /// Changes it, for the coalition.
    ///
    /// When the employment ended by this, that happened too: what rested on it must be judged again.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], or [`Refusal::AlreadyExists`] when the person holds this role there at the same time.
    pub fn update(mut self, update: EmploymentUpdate, around: &Surroundings, now: Timestamp) -> Result<Change<Self>, Refusal> {
        let had_ended = self.ended_by(around.today);
        let mut changed = Changed::default();
        changed.set("title", &mut self.title, update.title);
        changed.set("role", &mut self.role, update.role);
        changed.set("level", &mut self.level, update.level);
        changed.set("starts_on", &mut self.starts_on, update.starts_on);
        changed.set("ends_on", &mut self.ends_on, update.ends_on);
        changed.set("external_id", &mut self.external_id, update.external_id);
        // A role that has left the list since is not held against who changes something else.
        self.check(changed.any_of(&["role"]), around)?;
        self.meta = self.meta.changed(now);
        let mut happened = vec![self.happening("updated").with("changed", changed.names())];
        happened.extend((!had_ended && self.ended_by(around.today)).then(|| self.happening("ended")));
        Ok(Change { value: self, happened })
    }

    /// Changes it, for the person whom it is about; `verified` says whether a verification of it is valid now.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] when the coalition entered it, and else as [`Employment::update`].
    pub fn update_own(
        self,
        update: EmploymentUpdate,
        verified: bool,
        around: &Surroundings,
        now: Timestamp,
    ) -> Result<Change<Self>, Refusal> {
        if self.source == EmploymentSource::Crm {
            return Err(Refusal::Forbidden("The coalition entered this employment: ask its office to change it".to_owned()));
        }
        if verified {
            self.check_frozen(&update)?;
        }
        self.update(update, around, now)
    }

    /// Whether it is held on a day.
    #[must_use]
    pub fn current_on(&self, date: Date) -> bool {
        self.starts_on <= date && !self.ended_by(date)
    }

    /// Whether it is over on a day: the last day still belongs to it.
    #[must_use]
    pub fn ended_by(&self, date: Date) -> bool {
        self.ends_on.is_some_and(|last| last < date)
    }

    /// Whether some day belongs to both, for the same role at the same organization.
    fn overlaps(&self, other: &Self) -> bool {
        self.id != other.id
            && self.organization_id == other.organization_id
            && self.role == other.role
            && !self.ended_by(other.starts_on)
            && !other.ended_by(self.starts_on)
    }

    fn check(&self, check_role: bool, around: &Surroundings) -> Result<(), Refusal> {
        let mut faults = Faults::default();
        if self.ends_on.is_some_and(|last| last < self.starts_on) {
            faults.push(Fault::new("#/ends_on", FaultCode::OutOfOrder, "An employment cannot end before it starts"));
        }
        if check_role && !around.roles.contains(&self.role) {
            faults.push(Fault::new("#/role", FaultCode::NotFound, "No such role is in the coalition's list"));
        }
        faults.check()?;
        if around.others.iter().any(|other| self.overlaps(other)) {
            let detail = "The person holds this role at this organization at the same time already: change that employment instead";
            return Err(Refusal::AlreadyExists(detail.to_owned()));
        }
        Ok(())
    }

    fn check_frozen(&self, update: &EmploymentUpdate) -> Result<(), Refusal> {
        let detail = "This employment is verified as it is: enter another one instead";
        let mut faults = Faults::default();
        let frozen = [
            ("#/role", update.role.as_ref().is_some_and(|role| *role != self.role)),
            ("#/level", update.level.is_some_and(|level| level != self.level)),
            ("#/starts_on", update.starts_on.is_some_and(|first| first != self.starts_on)),
        ];
        for (pointer, _) in frozen.into_iter().filter(|(_, changes)| *changes) {
            faults.push(Fault::new(pointer, FaultCode::Frozen, detail));
        }
        faults.check()
    }

    fn happening(&self, verb: &'static str) -> Happening {
        Happening::new(Subject::new(SubjectKind::Employment, self.id), verb)
            .with("person_id", self.person_id.to_string())
            .with("organization_id", self.organization_id.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{CoalitionId, Id};
    use crate::text::Name;
    use proptest::prelude::*;
    use roles::Role;
    use uuid::Uuid;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn key(text: &str) -> RoleKey {
        RoleKey::new(text).unwrap()
    }

    fn list() -> RoleList {
        let role = |name: &str| Role { key: key(name), label: Name::new(name).unwrap() };
        let initial = RoleList::initial(CoalitionId::from_uuid(Uuid::nil()), Timestamp::from_millis(0));
        RoleList { roles: vec![role("principal"), role("behavior_lead")], ..initial }
    }

    fn given(role: &str, starts_on: &str, ends_on: Option<&str>) -> EmploymentCreate {
        EmploymentCreate {
            organization_id: OrganizationId::from_uuid(Uuid::from_u128(1)),
            title: None,
            role: key(role),
            level: Level::School,
            starts_on: day(starts_on),
            ends_on: ends_on.map(day),
            external_id: None,
        }
    }

    fn around(others: &[Employment]) -> Surroundings {
        Surroundings { roles: list(), others: others.to_vec(), today: day("2019-11-20") }
    }

    fn create(number: u128, given: EmploymentCreate, others: &[Employment]) -> Result<Employment, Refusal> {
        let (id, person) = (EmploymentId::from_uuid(Uuid::from_u128(number)), PersonId::from_uuid(Uuid::nil()));
        let made = Employment::create(id, person, given, EmploymentSource::Own, &around(others), Timestamp::from_millis(0));
        made.map(|change| change.value)
    }

    fn principal() -> Employment {
        create(1, given("principal", "2018-08-01", None), &[]).unwrap()
    }

    fn update_own(employment: Employment, update: EmploymentUpdate, verified: bool) -> Result<Change<Employment>, Refusal> {
        employment.update_own(update, verified, &around(&[]), Timestamp::from_millis(1))
    }

    fn ending(on: &str) -> EmploymentUpdate {
        EmploymentUpdate { ends_on: Some(Some(day(on))), ..EmploymentUpdate::default() }
    }

    #[test]
    fn an_employment_is_current_from_its_first_day_to_its_last() {
        let year = create(1, given("principal", "2019-08-01", Some("2020-06-30")), &[]).unwrap();
        assert!(!year.current_on(day("2019-07-31")) && year.current_on(day("2019-08-01")));
        assert!(year.current_on(day("2020-06-30")) && !year.current_on(day("2020-07-01")));
    }

    #[test]
    fn an_update_tells_when_the_employment_ended_by_it() {
        let verbs = |on: &str| {
            let change = update_own(principal(), ending(on), true).unwrap();
            change.happened.iter().map(|happening| happening.verb).collect::<Vec<_>>()
        };
        assert_eq!(verbs("2019-11-19"), ["updated", "ended"]);
        assert_eq!(verbs("2019-11-20"), ["updated"], "on its last day it is not over");
    }

    #[test]
    fn an_end_before_the_start_and_an_unknown_role_are_told_at_once() {
        let Err(Refusal::Invalid(faults)) = create(1, given("astronaut", "2019-08-01", Some("2019-07-31")), &[]) else { panic!() };
        let told: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
        assert_eq!(told, [("#/ends_on", FaultCode::OutOfOrder), ("#/role", FaultCode::NotFound)]);
    }

    #[test]
    fn a_role_that_left_the_list_can_be_kept_but_not_taken() {
        let mut keeper = principal();
        keeper.role = key("librarian");
        let renamed = EmploymentUpdate { title: Some(Some(Title::new("Librarian").unwrap())), ..EmploymentUpdate::default() };
        assert!(update_own(keeper, renamed, false).is_ok());
        let taken = EmploymentUpdate { role: Some(key("librarian")), ..EmploymentUpdate::default() };
        assert!(matches!(update_own(principal(), taken, false), Err(Refusal::Invalid(_))));
    }

    #[test]
    fn nobody_holds_the_same_role_at_the_same_organization_twice_at_a_time() {
        let others = [create(2, given("principal", "2018-08-01", Some("2019-06-30")), &[]).unwrap()];
        for (starts_on, ends_on, fits) in [
            ("2019-07-01", None, true),
            ("2019-06-30", None, false),
            ("2017-08-01", Some("2018-07-31"), true),
            ("2017-08-01", Some("2018-08-01"), false),
            ("2017-08-01", None, false),
            ("2018-09-01", Some("2018-09-02"), false),
        ] {
            assert_eq!(create(1, given("principal", starts_on, ends_on), &others).is_ok(), fits, "{starts_on} to {ends_on:?}");
        }
        assert!(create(1, given("behavior_lead", "2018-08-01", None), &others).is_ok(), "two roles at once can be held");
        let elsewhere = EmploymentCreate {
            organization_id: OrganizationId::from_uuid(Uuid::from_u128(9)),
            ..given("principal", "2018-08-01", None)
        };
        assert!(create(1, elsewhere, &others).is_ok(), "and the same role in two places");
    }

    #[test]
    fn an_employment_does_not_stand_in_its_own_way() {
        assert!(principal().update(ending("2020-06-30"), &around(&[principal()]), Timestamp::from_millis(1)).is_ok());
    }

    #[test]
    fn what_the_coalition_entered_is_not_changed_by_the_person() {
        let entered = Employment { source: EmploymentSource::Crm, ..principal() };
        assert!(matches!(update_own(entered.clone(), ending("2020-06-30"), false), Err(Refusal::Forbidden(_))));
        assert!(entered.update(ending("2020-06-30"), &around(&[]), Timestamp::from_millis(1)).is_ok());
    }

    #[test]
    fn what_a_verification_rests_on_is_frozen_for_the_person() {
        let climb = EmploymentUpdate {
            role: Some(key("behavior_lead")),
            level: Some(Level::District),
            starts_on: Some(day("2010-01-01")),
            ..EmploymentUpdate::default()
        };
        let Err(Refusal::Invalid(faults)) = update_own(principal(), climb.clone(), true) else { panic!() };
        let frozen: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(frozen, ["#/role", "#/level", "#/starts_on"]);
        assert!(update_own(principal(), climb, false).is_ok());
        let same = EmploymentUpdate { role: Some(key("principal")), ..ending("2020-06-30") };
        assert!(
            update_own(principal(), same, true).is_ok(),
            "to say the same again, or that one leaves, is no change of what was verified"
        );
    }

    proptest! {
        #[test]
        fn two_employments_overlap_when_a_day_is_in_both(first in 0i64..40, length in 0i64..10, other in 0i64..40, other_length in 0i64..10) {
            let span = |start: i64, days: i64| (day("2019-08-01").plus_days(start), day("2019-08-01").plus_days(start + days));
            let of = |number: u128, (starts_on, last): (Date, Date)| Employment {
                id: EmploymentId::from_uuid(Uuid::from_u128(number)),
                starts_on,
                ends_on: Some(last),
                ..principal()
            };
            let (a, b) = (of(1, span(first, length)), of(2, span(other, other_length)));
            let shares_a_day = (0..60).map(|n| day("2019-08-01").plus_days(n)).any(|date| a.current_on(date) && b.current_on(date));
            prop_assert_eq!(a.overlaps(&b), shares_a_day);
            prop_assert_eq!(b.overlaps(&a), shares_a_day);
        }
    }
}
