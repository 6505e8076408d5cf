//! Organizations, as rows.

use std::collections::{BTreeMap, BTreeSet};

use cohortium_domain::ids::{Id, OrganizationId};
use cohortium_domain::meta::Meta;
use cohortium_domain::organizations::{ANCESTORS_MAX, Membership, MembershipStatus, Organization, OrganizationKind};
use cohortium_domain::refusal::Refusal;
use cohortium_domain::text::{ExternalId, NcesId, StateCode, Title, sort_key};
use cohortium_domain::time::{Date, Timestamp};
use cohortium_domain::words::Word;
use sea_orm::ColumnTrait;
use sea_orm::sea_query::{ExprTrait, SimpleExpr};
use uuid::Uuid;

use crate::entity::organization::{ActiveModel, Column, Entity, Model};
use crate::error::Result;
use crate::page::{Key, Page, PageRequest, Position};
use crate::record::{Record, json, meta, optional, optional_date, text, to_json, word};
use crate::rows::contains;
use crate::{Read, Tx};

const TABLE: &str = "organizations";

impl Record for Organization {
    type Entity = Entity;
    type Row = ActiveModel;
    type Id = OrganizationId;
    const NOUN: &'static str = "organization";
    const ID: Column = Column::Id;
    const VERSION: Column = Column::Version;

    fn id(&self) -> OrganizationId {
        self.id
    }

    fn meta(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn to_row(&self, coalition_id: Uuid) -> Model {
        Model {
            id: self.id.uuid(),
            coalition_id,
            name: self.name.as_str().to_owned(),
            name_key: sort_key(self.name.as_str()),
            kind: self.kind.as_str().to_owned(),
            parent_id: self.parent_id.map(Id::uuid),
            state: self.state.as_str().to_owned(),
            nces_id: self.nces_id.clone().map(Into::into),
            locale: self.locale.map(|locale| locale.as_str().to_owned()),
            email_domains: to_json(&self.email_domains),
            external_id: self.external_id.clone().map(Into::into),
            membership: self.membership.status.as_str().to_owned(),
            membership_starts_on: self.membership.starts_on.map(Into::into),
            membership_ends_on: self.membership.ends_on.map(Into::into),
            version: self.meta.version,
            created_at: self.meta.created_at.utc(),
            updated_at: self.meta.updated_at.utc(),
        }
    }

    fn from_row(row: Model) -> Result<Self> {
        Ok(Self {
            id: OrganizationId::from_uuid(row.id),
            name: text(TABLE, "name", &row.name, Title::new)?,
            kind: word(TABLE, "kind", &row.kind)?,
            parent_id: row.parent_id.map(OrganizationId::from_uuid),
            state: text(TABLE, "state", &row.state, StateCode::new)?,
            nces_id: optional(TABLE, "nces_id", row.nces_id.as_deref(), NcesId::new)?,
            locale: row.locale.as_deref().map(|locale| word(TABLE, "locale", locale)).transpose()?,
            email_domains: json(TABLE, "email_domains", &row.email_domains)?,
            external_id: optional(TABLE, "external_id", row.external_id.as_deref(), ExternalId::new)?,
            membership: Membership {
                status: word(TABLE, "membership", &row.membership)?,
                starts_on: optional_date(TABLE, "membership_starts_on", row.membership_starts_on)?,
                ends_on: optional_date(TABLE, "membership_ends_on", row.membership_ends_on)?,
            },
            meta: meta(row.version, row.created_at, row.updated_at),
        })
    }

    fn refusal(index: &str) -> Option<Refusal> {
        (index == "organizations_coalition_id_external_id").then_some(Refusal::ExternalIdConflict(Self::NOUN))
    }
}

/// Which organizations are wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct OrganizationFilter {
    /// The one that the CRM calls so.
    pub external_id: Option<ExternalId>,
    /// Of one of these kinds.
    pub kinds: Vec<OrganizationKind>,
    /// In one of these states.
    pub states: Vec<StateCode>,
    /// That stand so to the coalition.
    pub memberships: Vec<MembershipStatus>,
    /// Changed at this instant or later.
    pub updated_from: Option<Timestamp>,
    /// With this in their names.
    pub q: Option<String>,
    /// The civil day, on which memberships depend.
    pub today: Date,
}

/// By what organizations are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrganizationOrder {
    /// By name.
    Name,
    /// By when they last changed.
    UpdatedAt,
}

impl Read {
    /// A page of organizations.
    ///
    /// # Errors
    /// The database's.
    pub async fn organizations(
        &self,
        filter: &OrganizationFilter,
        order: OrganizationOrder,
        page: &PageRequest,
    ) -> Result<Page<Organization>> {
        let memberships = filter.memberships.iter().map(|status| stands(*status, filter.today)).reduce(ExprTrait::or);
        let rows = self
            .rows::<Entity>()
            .filter_if(filter.external_id.as_ref(), |id| Column::ExternalId.eq(id.as_str()))
            .filter_any(Column::Kind, filter.kinds.iter().map(|kind| kind.as_str()))
            .filter_any(Column::State, filter.states.iter().map(StateCode::as_str))
            .filter_if(memberships, |condition| condition)
            .filter_if(filter.updated_from, |instant| Column::UpdatedAt.gte(instant.utc()))
            .filter_if(filter.q.as_deref(), |text| contains(Column::NameKey, text));
        let (column, key): (Column, fn(&Model) -> Key) = match order {
            OrganizationOrder::Name => (Column::NameKey, |row| Key::Text(row.name_key.clone())),
            OrganizationOrder::UpdatedAt => (Column::UpdatedAt, |row| Key::Instant(Timestamp::new(row.updated_at))),
        };
        let page = rows.page(column, Column::Id, page, |row| Position { key: key(row), id: row.id }).await?;
        page.try_map(Organization::from_row)
    }
}

impl Read {
    /// The names of some organizations.
    ///
    /// # Errors
    /// The database's.
    pub async fn organization_names(
        &self,
        ids: impl IntoIterator<Item = OrganizationId>,
    ) -> Result<BTreeMap<OrganizationId, Title>> {
        let ids: BTreeSet<Uuid> = ids.into_iter().map(Id::uuid).collect();
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let found = self.rows::<Entity>().filter(Column::Id.is_in(ids)).all().await?.into_iter().map(Organization::from_row);
        found.map(|organization| organization.map(|organization| (organization.id, organization.name))).collect()
    }
}

impl Tx {
    /// An organization and all that stand above it, the nearest first, held so that nobody moves them meanwhile. Where the chain is
    /// longer than it can be, only its beginning.
    ///
    /// # Errors
    /// [`Refusal::Hidden`] when there is no such organization; the database's.
    pub async fn hold_with_ancestors(&self, id: OrganizationId) -> Result<Vec<OrganizationId>> {
        let mut chain = Vec::new();
        let mut next = Some(id);
        while let Some(id) = next.filter(|_| chain.len() <= ANCESTORS_MAX) {
            let organization: Organization = self.hold(id).await?;
            chain.push(organization.id);
            next = organization.parent_id;
        }
        Ok(chain)
    }
}

/// The condition for standing so to the coalition on a day: [`Membership::status_on`] in SQL.
fn stands(status: MembershipStatus, today: Date) -> SimpleExpr {
    let today = today.naive();
    let active = || Column::Membership.eq(MembershipStatus::Active.as_str());
    let begins_later = || Column::MembershipStartsOn.is_not_null().and(Column::MembershipStartsOn.gt(today));
    let is_over = || Column::MembershipEndsOn.is_not_null().and(Column::MembershipEndsOn.lt(today));
    let said = Column::Membership.eq(status.as_str());
    match status {
        MembershipStatus::Active => said.and(begins_later().not()).and(is_over().not()),
        MembershipStatus::Prospective => said.or(active().and(begins_later())),
        MembershipStatus::Lapsed => said.or(active().and(is_over())),
    }
}
