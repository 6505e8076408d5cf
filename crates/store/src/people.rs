//! People, as rows.

use cohortium_domain::ids::{Id, OrganizationId, PersonId};
use cohortium_domain::meta::Meta;
use cohortium_domain::people::Person;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::text::{Email, ExternalId, Name, sort_key};
use cohortium_domain::time::Timestamp;
use sea_orm::sea_query::SimpleExpr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use uuid::Uuid;

use crate::Read;
use crate::entity::employment;
use crate::entity::person::{ActiveModel, Column, Entity, Model};
use crate::error::{Error, Result};
use crate::page::{Key, Page, PageRequest, Position};
use crate::record::{Record, meta, optional, text};
use crate::rows::contains;

const TABLE: &str = "people";

impl Record for Person {
    type Entity = Entity;
    type Row = ActiveModel;
    type Id = PersonId;
    const NOUN: &'static str = "person";
    const ID: Column = Column::Id;
    const VERSION: Column = Column::Version;

    fn id(&self) -> PersonId {
        self.id
    }

    fn meta(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn to_row(&self, coalition_id: Uuid) -> Model {
        Model {
            id: self.id.uuid(),
            coalition_id,
            given_name: self.given_name.as_str().to_owned(),
            family_name: self.family_name.as_str().to_owned(),
            email: self.email.as_str().to_owned(),
            email_key: self.email.normalized(),
            email_proven_at: self.email_proven_at.map(Timestamp::utc),
            name_key: sort_key(&format!("{} {}", self.family_name, self.given_name)),
            time_zone: self.time_zone.map(|zone| zone.name().to_owned()),
            external_id: self.external_id.clone().map(Into::into),
            version: self.meta.version,
            created_at: self.meta.created_at.utc(),
            updated_at: self.meta.updated_at.utc(),
        }
    }

    fn from_row(row: Model) -> Result<Self> {
        let zone = row.time_zone.as_deref().map(str::parse).transpose();
        Ok(Self {
            id: PersonId::from_uuid(row.id),
            given_name: text(TABLE, "given_name", &row.given_name, Name::new)?,
            family_name: text(TABLE, "family_name", &row.family_name, Name::new)?,
            email: text(TABLE, "email", &row.email, Email::new)?,
            email_proven_at: row.email_proven_at.map(Timestamp::new),
            time_zone: zone.map_err(|_| Error::corrupt(TABLE, "time_zone"))?,
            external_id: optional(TABLE, "external_id", row.external_id.as_deref(), ExternalId::new)?,
            meta: meta(row.version, row.created_at, row.updated_at),
        })
    }

    fn refusal(index: &str) -> Option<Refusal> {
        match index {
            "people_coalition_id_email_key" => Some(Refusal::AlreadyExists("Another person has this e-mail address".to_owned())),
            "people_coalition_id_external_id" => Some(Refusal::ExternalIdConflict("person")),
            _ => None,
        }
    }
}

/// Which people are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PeopleFilter {
    /// The one with this external id.
    pub external_id: Option<ExternalId>,
    /// The one with this address.
    pub email: Option<Email>,
    /// Those who have, or had, an employment at this organization.
    pub organization_id: Option<OrganizationId>,
    /// Those changed since.
    pub updated_from: Option<Timestamp>,
    /// Those in whose name this text stands.
    pub q: Option<String>,
}

/// By what people are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeopleOrder {
    /// By family name, then given name.
    Name,
    /// By when they last changed.
    UpdatedAt,
}

impl Read {
    /// The person with this address.
    ///
    /// # Errors
    /// The database's.
    pub async fn person_by_email(&self, email: &Email) -> Result<Option<Person>> {
        let rows = self.rows::<Entity>().filter(Column::EmailKey.eq(email.normalized()));
        rows.one().await?.map(Person::from_row).transpose()
    }

    /// A page of people.
    ///
    /// # Errors
    /// The database's.
    pub async fn people(&self, filter: &PeopleFilter, order: PeopleOrder, page: &PageRequest) -> Result<Page<Person>> {
        let rows = self
            .rows::<Entity>()
            .filter_if(filter.external_id.as_ref(), |id| Column::ExternalId.eq(id.as_str()))
            .filter_if(filter.email.as_ref(), |email| Column::EmailKey.eq(email.normalized()))
            .filter_if(filter.organization_id, employed_at)
            .filter_if(filter.updated_from, |instant| Column::UpdatedAt.gte(instant.utc()))
            .filter_if(filter.q.as_deref(), |text| contains(Column::NameKey, text));
        let (column, key): (Column, fn(&Model) -> Key) = match order {
            PeopleOrder::Name => (Column::NameKey, |row| Key::Text(row.name_key.clone())),
            PeopleOrder::UpdatedAt => (Column::UpdatedAt, |row| Key::Instant(Timestamp::new(row.updated_at))),
        };
        rows.page(column, Column::Id, page, |row| Position { key: key(row), id: row.id }).await?.try_map(Person::from_row)
    }
}

/// The condition for having, or having had, an employment at an organization.
fn employed_at(organization: OrganizationId) -> SimpleExpr {
    let employments = employment::Entity::find().select_only().column(employment::Column::PersonId);
    let there = employments.filter(employment::Column::OrganizationId.eq(organization.uuid()));
    Column::Id.in_subquery(there.into_query())
}
