//! Employments and the list of roles, as rows.

use cohortium_domain::employments::Employment;
use cohortium_domain::employments::roles::RoleList;
use cohortium_domain::ids::{CoalitionId, EmploymentId, Id, OrganizationId, PersonId};
use cohortium_domain::meta::Meta;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::text::{ExternalId, RoleKey, Title};
use cohortium_domain::words::Word;
use sea_orm::ColumnTrait;
use uuid::Uuid;

use crate::entity::employment::{ActiveModel, Column, Entity, Model};
use crate::entity::role_list;
use crate::error::{Error, Result};
use crate::page::{Key, Page, PageRequest, Position};
use crate::record::{Record, date, json, meta, optional, optional_date, text, to_json, word};
use crate::{Read, Tx};

const TABLE: &str = "employments";

impl Record for Employment {
    type Entity = Entity;
    type Row = ActiveModel;
    type Id = EmploymentId;
    const NOUN: &'static str = "employment";
    const ID: Column = Column::Id;
    const VERSION: Column = Column::Version;

    fn id(&self) -> EmploymentId {
        self.id
    }

    fn meta(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn to_row(&self, coalition_id: Uuid) -> Model {
        Model {
            id: self.id.uuid(),
            coalition_id,
            person_id: self.person_id.uuid(),
            organization_id: self.organization_id.uuid(),
            title: self.title.clone().map(Into::into),
            role: self.role.as_str().to_owned(),
            level: self.level.as_str().to_owned(),
            starts_on: self.starts_on.into(),
            ends_on: self.ends_on.map(Into::into),
            source: self.source.as_str().to_owned(),
            external_id: self.external_id.clone().map(Into::into),
            version: self.meta.version,
            created_at: self.meta.created_at.utc(),
            updated_at: self.meta.updated_at.utc(),
        }
    }

    fn from_row(row: Model) -> Result<Self> {
        Ok(Self {
            id: EmploymentId::from_uuid(row.id),
            person_id: PersonId::from_uuid(row.person_id),
            organization_id: OrganizationId::from_uuid(row.organization_id),
            title: optional(TABLE, "title", row.title.as_deref(), Title::new)?,
            role: text(TABLE, "role", &row.role, RoleKey::new)?,
            level: word(TABLE, "level", &row.level)?,
            starts_on: date(TABLE, "starts_on", row.starts_on)?,
            ends_on: optional_date(TABLE, "ends_on", row.ends_on)?,
            source: word(TABLE, "source", &row.source)?,
            external_id: optional(TABLE, "external_id", row.external_id.as_deref(), ExternalId::new)?,
            meta: meta(row.version, row.created_at, row.updated_at),
        })
    }

    fn refusal(index: &str) -> Option<Refusal> {
        (index == "employments_coalition_id_external_id").then_some(Refusal::ExternalIdConflict(Self::NOUN))
    }
}

impl Record for RoleList {
    type Entity = role_list::Entity;
    type Row = role_list::ActiveModel;
    type Id = CoalitionId;
    const NOUN: &'static str = "list of roles";
    const ID: role_list::Column = role_list::Column::CoalitionId;
    const VERSION: role_list::Column = role_list::Column::Version;

    fn id(&self) -> CoalitionId {
        self.coalition_id
    }

    fn meta(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn to_row(&self, coalition_id: Uuid) -> role_list::Model {
        role_list::Model {
            coalition_id,
            roles: to_json(&self.roles),
            version: self.meta.version,
            created_at: self.meta.created_at.utc(),
            updated_at: self.meta.updated_at.utc(),
        }
    }

    fn from_row(row: role_list::Model) -> Result<Self> {
        Ok(Self {
            coalition_id: CoalitionId::from_uuid(row.coalition_id),
            roles: json("role_lists", "roles", &row.roles)?,
            meta: meta(row.version, row.created_at, row.updated_at),
        })
    }

    /// Two that made the first list at once: the second did not know of the other's.
    fn refusal(_index: &str) -> Option<Refusal> {
        Some(Refusal::Stale)
    }
}

impl Read {
    /// A page of a person's employments, by the day on which they began.
    ///
    /// # Errors
    /// The database's.
    pub async fn employments_page(&self, person: PersonId, page: &PageRequest) -> Result<Page<Employment>> {
        let rows = self.rows::<Entity>().filter(Column::PersonId.eq(person.uuid()));
        let at = |row: &Model| Position { key: Key::Date(row.starts_on), id: row.id };
        rows.page(Column::StartsOn, Column::Id, page, at).await?.try_map(Employment::from_row)
    }

    /// All employments of a person.
    ///
    /// # Errors
    /// The database's.
    pub async fn employments_of(&self, person: PersonId) -> Result<Vec<Employment>> {
        let rows = self.rows::<Entity>().filter(Column::PersonId.eq(person.uuid()));
        rows.order_by(Column::StartsOn, sea_orm::Order::Asc).all().await?.into_iter().map(Employment::from_row).collect()
    }

    /// All employments of some people, the earliest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn employments_of_all(&self, people: impl IntoIterator<Item = PersonId>) -> Result<Vec<Employment>> {
        let rows = self.rows::<Entity>().filter(Column::PersonId.is_in(people.into_iter().map(Id::uuid)));
        let rows = rows.order_by(Column::StartsOn, sea_orm::Order::Asc).order_by(Column::Id, sea_orm::Order::Asc);
        rows.all().await?.into_iter().map(Employment::from_row).collect()
    }

    /// The coalition's roles: none, as long as nobody has set any.
    ///
    /// # Errors
    /// The database's.
    pub async fn roles(&self) -> Result<RoleList> {
        let found = self.find(self.coalition_id()).await?;
        Ok(found.unwrap_or_else(|| RoleList::initial(self.coalition_id(), self.now())))
    }
}

impl Tx {
    /// The coalition's roles, locked as far as there are any.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock_roles(&self) -> Result<RoleList> {
        match self.lock(self.coalition_id()).await {
            Err(Error::Refused(Refusal::Hidden(_))) => Ok(RoleList::initial(self.coalition_id(), self.now())),
            found => found,
        }
    }
}
