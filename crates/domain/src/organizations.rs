//! Organizations, and their membership in the coalition.
//!
//! What always holds: no organization stands under itself; a membership counts only between its dates; the domain of a provider of
//! free mail is nobody's, since an address there shows nothing about where a person works. Left out on purpose: whether a parent is
//! there at all, which only the store knows.

use crate::free_mail::is_free_mail;
use crate::ids::OrganizationId;
use crate::journal::{Change, Changed, Happening, Subject, SubjectKind};
use crate::meta::Meta;
use crate::refusal::{Fault, FaultCode, Faults, Refusal};
use crate::text::{Email, EmailDomain, ExternalId, NcesId, StateCode, Title};
use crate::time::{Date, Timestamp};

/// The most e-mail domains that an organization can have.
pub const EMAIL_DOMAINS_MAX: usize = 20;
/// The most organizations that can stand above one.
pub const ANCESTORS_MAX: usize = 10;

crate::words! {
    /// What kind of organization it is.
    pub enum OrganizationKind {
        /// A public school.
        School = "school",
        /// A charter school.
        CharterSchool = "charter_school",
        /// A private school.
        PrivateSchool = "private_school",
        /// A school district.
        District = "district",
        /// A board of cooperative educational services.
        Boces = "boces",
        /// A network of schools.
        Network = "network",
        /// An agency of a state or of the coalition.
        Agency = "agency",
        /// A nonprofit that serves schools.
        Nonprofit = "nonprofit",
    }

    /// What kind of place it is in, as the National Center for Education Statistics sorts places.
    pub enum Locale {
        /// In a city.
        City = "city",
        /// In a suburb.
        Suburb = "suburb",
        /// In a town.
        Town = "town",
        /// In the country.
        Rural = "rural",
    }

    /// How an organization stands to the coalition.
    pub enum MembershipStatus {
        /// Not a member yet.
        Prospective = "prospective",
        /// A member.
        Active = "active",
        /// A member no more.
        Lapsed = "lapsed",
    }
}

/// The membership of an organization in the coalition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// What was said of it last.
    pub status: MembershipStatus,
    /// Its first day, where one is known.
    pub starts_on: Option<Date>,
    /// Its last day, where one is known.
    pub ends_on: Option<Date>,
}

impl Membership {
    /// Of an organization that is not a member.
    pub const NONE: Self = Self { status: MembershipStatus::Prospective, starts_on: None, ends_on: None };

    /// How the organization stands to the coalition on a day: an active membership begins and ends with its dates.
    #[must_use]
    pub fn status_on(&self, date: Date) -> MembershipStatus {
        if self.status == MembershipStatus::Active && self.starts_on.is_some_and(|first| date < first) {
            MembershipStatus::Prospective
        } else if self.status == MembershipStatus::Active && self.ends_on.is_some_and(|last| last < date) {
            MembershipStatus::Lapsed
        } else {
            self.status
        }
    }

    /// Whether the organization is a member on a day.
    #[must_use]
    pub fn active_on(&self, date: Date) -> bool {
        self.status_on(date) == MembershipStatus::Active
    }
}

/// An organization: a school, a district, or what serves them.
#[derive(Clone, Debug, PartialEq)]
pub struct Organization {
    /// Which.
    pub id: OrganizationId,
    /// Its name.
    pub name: Title,
    /// What kind it is.
    pub kind: OrganizationKind,
    /// The organization of which it is a part.
    pub parent_id: Option<OrganizationId>,
    /// The state in which it is.
    pub state: StateCode,
    /// Its number at the National Center for Education Statistics.
    pub nces_id: Option<NcesId>,
    /// What kind of place it is in.
    pub locale: Option<Locale>,
    /// The domains at which its people, and nobody else, have their addresses.
    pub email_domains: Vec<EmailDomain>,
    /// What the coalition's CRM calls it.
    pub external_id: Option<ExternalId>,
    /// Its membership in the coalition.
    pub membership: Membership,
    /// Version and instants.
    pub meta: Meta,
}

/// What an organization is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct OrganizationCreate {
    /// Its name.
    pub name: Title,
    /// What kind it is.
    pub kind: OrganizationKind,
    /// The organization of which it is a part.
    pub parent_id: Option<OrganizationId>,
    /// The state in which it is.
    pub state: StateCode,
    /// Its number at the National Center for Education Statistics.
    pub nces_id: Option<NcesId>,
    /// What kind of place it is in.
    pub locale: Option<Locale>,
    /// Its e-mail domains.
    pub email_domains: Vec<EmailDomain>,
    /// What the coalition's CRM calls it.
    pub external_id: Option<ExternalId>,
    /// Its membership in the coalition.
    pub membership: Membership,
}

/// What can be changed of an organization: `None` leaves a member as it is, `Some(None)` clears it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OrganizationUpdate {
    /// Its name.
    pub name: Option<Title>,
    /// What kind it is.
    pub kind: Option<OrganizationKind>,
    /// The organization of which it is a part.
    pub parent_id: Option<Option<OrganizationId>>,
    /// The state in which it is.
    pub state: Option<StateCode>,
    /// Its number at the National Center for Education Statistics.
    pub nces_id: Option<Option<NcesId>>,
    /// What kind of place it is in.
    pub locale: Option<Option<Locale>>,
    /// All of its e-mail domains.
    pub email_domains: Option<Vec<EmailDomain>>,
    /// What the coalition's CRM calls it.
    pub external_id: Option<Option<ExternalId>>,
    /// How it stands to the coalition.
    pub membership: Option<MembershipStatus>,
    /// The first day of its membership.
    pub membership_starts_on: Option<Option<Date>>,
    /// The last day of its membership.
    pub membership_ends_on: Option<Option<Date>>,
}

impl Organization {
    /// A new organization; `above` is its parent and all that stand above it.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], with every member that cannot be taken.
    pub fn create(
        id: OrganizationId,
        given: OrganizationCreate,
        above: &[OrganizationId],
        now: Timestamp,
    ) -> Result<Change<Self>, Refusal> {
        let made = Self {
            id,
            name: given.name,
            kind: given.kind,
            parent_id: given.parent_id,
            state: given.state,
            nces_id: given.nces_id,
            locale: given.locale,
            email_domains: given.email_domains,
            external_id: given.external_id,
            membership: given.membership,
            meta: Meta::new(now),
        };
        made.check(above)?;
        let happened = made.happening("created").with("membership", made.membership.status.to_string());
        Ok(Change::one(made, happened))
    }

    /// Changes it; `above` is the parent that it then has and all that stand above that one.
    ///
    /// When its membership began or ended by this, that happened too: what rested on a membership must be judged again.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], with every member that cannot be taken.
    pub fn update(
        mut self,
        update: OrganizationUpdate,
        above: &[OrganizationId],
        today: Date,
        now: Timestamp,
    ) -> Result<Change<Self>, Refusal> {
        let was_member = self.membership.active_on(today);
        let mut changed = Changed::default();
        changed.set("name", &mut self.name, update.name);
        changed.set("kind", &mut self.kind, update.kind);
        changed.set("parent_id", &mut self.parent_id, update.parent_id);
        changed.set("state", &mut self.state, update.state);
        changed.set("nces_id", &mut self.nces_id, update.nces_id);
        changed.set("locale", &mut self.locale, update.locale);
        changed.set("email_domains", &mut self.email_domains, update.email_domains);
        changed.set("external_id", &mut self.external_id, update.external_id);
        changed.set("membership", &mut self.membership.status, update.membership);
        changed.set("membership_starts_on", &mut self.membership.starts_on, update.membership_starts_on);
        changed.set("membership_ends_on", &mut self.membership.ends_on, update.membership_ends_on);
        self.check(above)?;
        self.meta = self.meta.changed(now);
        let mut happened = vec![self.happening("updated").with("changed", changed.names())];
        match (was_member, self.membership.active_on(today)) {
            (false, true) => happened.push(self.happening("membership_began")),
            (true, false) => happened.push(self.happening("membership_ended")),
            (true, true) | (false, false) => {}
        }
        Ok(Change { value: self, happened })
    }

    /// Whether an address is one that only its own people have.
    ///
    /// An address under a part of the domain is not: many schools give their students such addresses.
    #[must_use]
    pub fn has_address(&self, email: &Email) -> bool {
        let domain = email.domain();
        self.email_domains.iter().any(|own| own.as_str() == domain)
    }

    fn check(&self, above: &[OrganizationId]) -> Result<(), Refusal> {
        let mut faults = Faults::default();
        if self.parent_id == Some(self.id) || above.contains(&self.id) {
            faults.push(Fault::new("#/parent_id", FaultCode::InvalidValue, "An organization cannot stand under itself"));
        } else if above.len() > ANCESTORS_MAX {
            let detail = format!("At most {ANCESTORS_MAX} organizations can stand above one");
            faults.push(Fault::new("#/parent_id", FaultCode::OutOfRange, detail).with("max", ANCESTORS_MAX));
        }
        check_email_domains(&self.email_domains, &mut faults);
        if let (Some(first), Some(last)) = (self.membership.starts_on, self.membership.ends_on)
            && last < first
        {
            let detail = "A membership cannot end before it starts";
            faults.push(Fault::new("#/membership_ends_on", FaultCode::OutOfOrder, detail));
        }
        faults.check()
    }

    fn happening(&self, verb: &'static str) -> Happening {
        Happening::new(Subject::new(SubjectKind::Organization, self.id), verb)
    }
}

fn check_email_domains(domains: &[EmailDomain], faults: &mut Faults) {
    if domains.len() > EMAIL_DOMAINS_MAX {
        let detail = format!("At most {EMAIL_DOMAINS_MAX} items");
        faults.push(Fault::new("#/email_domains", FaultCode::TooLong, detail).with("max", EMAIL_DOMAINS_MAX));
        return;
    }
    for (index, domain) in domains.iter().enumerate() {
        let pointer = format!("#/email_domains/{index}");
        if is_free_mail(domain.as_str()) {
            let detail = "Anybody can have an address at this provider: it shows nothing about where a person works";
            faults.push(Fault::new(pointer, FaultCode::InvalidValue, detail));
        } else if domains.iter().take(index).any(|earlier| earlier == domain) {
            faults.push(Fault::new(pointer, FaultCode::Duplicate, "This domain stands in the list twice"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Id;

    fn id(number: u128) -> OrganizationId {
        OrganizationId::from_uuid(uuid::Uuid::from_u128(number))
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn given(domains: &[&str]) -> OrganizationCreate {
        OrganizationCreate {
            name: Title::new("Cedar Hollow Charter School").unwrap(),
            kind: OrganizationKind::CharterSchool,
            parent_id: None,
            state: StateCode::new("DC").unwrap(),
            nces_id: None,
            locale: Some(Locale::City),
            email_domains: domains.iter().map(|domain| EmailDomain::new(domain).unwrap()).collect(),
            external_id: None,
            membership: Membership { status: MembershipStatus::Active, ..Membership::NONE },
        }
    }

    fn school() -> Organization {
        Organization::create(id(1), given(&["cedarhollow.org"]), &[], Timestamp::from_millis(0)).unwrap().value
    }

    fn update(school: Organization, update: OrganizationUpdate, above: &[OrganizationId]) -> Result<Change<Organization>, Refusal> {
        school.update(update, above, day("2019-11-20"), Timestamp::from_millis(1))
    }

    fn verbs(change: &Change<Organization>) -> Vec<&'static str> {
        change.happened.iter().map(|happening| happening.verb).collect()
    }

    #[test]
    fn a_membership_counts_from_its_first_day_to_the_end_of_its_last() {
        let active = |starts_on: Option<&str>, ends_on: Option<&str>| Membership {
            status: MembershipStatus::Active,
            starts_on: starts_on.map(day),
            ends_on: ends_on.map(day),
        };
        let year = active(Some("2019-07-01"), Some("2020-06-30"));
        assert_eq!(year.status_on(day("2019-06-30")), MembershipStatus::Prospective);
        assert!(year.active_on(day("2019-07-01")) && year.active_on(day("2020-06-30")));
        assert_eq!(year.status_on(day("2020-07-01")), MembershipStatus::Lapsed);
        assert!(active(None, None).active_on(day("2199-12-31")), "a membership without dates stands until somebody ends it");
        let lapsed = Membership { status: MembershipStatus::Lapsed, ..year };
        assert!(!lapsed.active_on(day("2019-11-20")), "dates do not bring back what was ended");
    }

    #[test]
    fn an_update_tells_when_a_membership_ends_or_begins_and_only_then() {
        let lapse = OrganizationUpdate { membership: Some(MembershipStatus::Lapsed), ..OrganizationUpdate::default() };
        let ended = update(school(), lapse, &[]).unwrap();
        assert_eq!(verbs(&ended), ["updated", "membership_ended"]);
        let renew = OrganizationUpdate { membership: Some(MembershipStatus::Active), ..OrganizationUpdate::default() };
        assert_eq!(verbs(&update(ended.value, renew, &[]).unwrap()), ["updated", "membership_began"]);

        let last_day = |on: &str| OrganizationUpdate { membership_ends_on: Some(Some(day(on))), ..OrganizationUpdate::default() };
        assert_eq!(verbs(&update(school(), last_day("2019-11-19"), &[]).unwrap()), ["updated", "membership_ended"]);
        assert_eq!(
            verbs(&update(school(), last_day("2019-11-20"), &[]).unwrap()),
            ["updated"],
            "the last day is a day of membership"
        );
    }

    #[test]
    fn an_update_names_what_changed_and_tells_no_value() {
        let change = OrganizationUpdate {
            name: Some(Title::new("Cedar Hollow").unwrap()),
            kind: Some(OrganizationKind::CharterSchool),
            locale: Some(None),
            ..OrganizationUpdate::default()
        };
        let changed = update(school(), change, &[]).unwrap();
        assert_eq!(changed.happened[0].data["changed"], serde_json::json!(["name", "locale"]));
        assert_eq!(changed.value.locale, None);
        assert_eq!(changed.value.meta.updated_at, Timestamp::from_millis(1));
    }

    #[test]
    fn no_organization_stands_under_itself() {
        let under = |parent: u128| OrganizationUpdate { parent_id: Some(Some(id(parent))), ..OrganizationUpdate::default() };
        assert!(update(school(), under(2), &[id(2), id(3)]).is_ok());
        for (parent, above) in [(1, vec![id(1)]), (2, vec![id(2), id(1)]), (2, vec![id(2), id(3), id(1), id(2)])] {
            let refused = update(school(), under(parent), &above);
            assert!(matches!(refused, Err(Refusal::Invalid(faults)) if faults[0].pointer == "#/parent_id"), "{above:?}");
        }
        let endless: Vec<_> = (2..20).map(id).collect();
        assert!(update(school(), under(2), &endless).is_err(), "a chain too long to follow is refused, or it could hide a circle");
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let mut bad = given(&["cedarhollow.org", "gmail.com", "cedarhollow.org"]);
        bad.membership.starts_on = Some(day("2020-01-01"));
        bad.membership.ends_on = Some(day("2019-12-31"));
        let Err(Refusal::Invalid(faults)) = Organization::create(id(1), bad, &[], Timestamp::from_millis(0)) else { panic!() };
        let told: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
        assert_eq!(
            told,
            [
                ("#/email_domains/1", FaultCode::InvalidValue),
                ("#/email_domains/2", FaultCode::Duplicate),
                ("#/membership_ends_on", FaultCode::OutOfOrder),
            ]
        );
        let many: Vec<String> = (0..=EMAIL_DOMAINS_MAX).map(|n| format!("d{n}.org")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(Organization::create(id(1), given(&many), &[], Timestamp::from_millis(0)).is_err());
    }

    #[test]
    fn an_address_is_the_organizations_only_at_exactly_its_domain() {
        let at = |address: &str| school().has_address(&Email::new(address).unwrap());
        assert!(at("ana@cedarhollow.org") && at("Ana@CedarHollow.ORG"));
        assert!(!at("ana@students.cedarhollow.org") && !at("ana@notcedarhollow.org") && !at("ana@gmail.com"));
    }
}
