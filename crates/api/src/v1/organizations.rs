//! Organizations, as staff and the coalition's CRM see them.

use actix_web::web::Path;
use actix_web::{get, patch, post};
use cohortium_domain::access::{Action, Tie};
use cohortium_domain::ids::OrganizationId;
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::organizations::{self, Locale, Membership, MembershipStatus, OrganizationKind};
use cohortium_domain::text::{EmailDomain, ExternalId, NcesId, Query, StateCode, Title};
use cohortium_domain::time::{Date, Timestamp};
use cohortium_store::{Error, OrganizationFilter, OrganizationOrder, Read};
use cohortium_workflow as workflow;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{page, room};
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::{Body, Paging, Params, clearable};
use crate::reply::{Answer, Reply};

/// An organization: a school, a district, or what serves them.
#[derive(Serialize, ToSchema)]
struct Organization {
    id: OrganizationId,
    name: Title,
    kind: OrganizationKind,
    /// The organization of which it is a part.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<OrganizationId>,
    state: StateCode,
    /// Its number at the National Center for Education Statistics.
    #[serde(skip_serializing_if = "Option::is_none")]
    nces_id: Option<NcesId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locale: Option<Locale>,
    /// The domains at which its people, and nobody else, have their addresses.
    #[schema(max_items = 20)]
    email_domains: Vec<EmailDomain>,
    /// What the coalition's CRM calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<ExternalId>,
    /// How it stands to the coalition today: an active membership begins and ends with its dates.
    membership: MembershipStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    membership_starts_on: Option<Date>,
    /// The last day of the membership.
    #[serde(skip_serializing_if = "Option::is_none")]
    membership_ends_on: Option<Date>,
    /// Raised at each change.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// What you may do to it now.
    #[schema(max_items = 20)]
    allowed_actions: Vec<String>,
}

/// An organization, in lists.
#[derive(Serialize, ToSchema)]
struct OrganizationSummary {
    id: OrganizationId,
    name: Title,
    kind: OrganizationKind,
    state: StateCode,
    /// What the coalition's CRM calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<ExternalId>,
    /// How it stands to the coalition today.
    membership: MembershipStatus,
    updated_at: Timestamp,
}

page!(
    /// Organizations, a page at a time.
    OrganizationPage of OrganizationSummary
);

/// What an organization is made of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OrganizationCreate {
    name: Title,
    kind: OrganizationKind,
    /// The organization of which it is a part.
    parent_id: Option<OrganizationId>,
    state: StateCode,
    /// Its number at the National Center for Education Statistics.
    nces_id: Option<NcesId>,
    locale: Option<Locale>,
    /// The domains at which its people, and nobody else, have their addresses. Providers of free mail are refused.
    #[serde(default)]
    #[schema(max_items = 20)]
    email_domains: Vec<EmailDomain>,
    /// What the coalition's CRM calls it; unique in the coalition.
    external_id: Option<ExternalId>,
    /// How it stands to the coalition: prospective, when nothing is said.
    membership: Option<MembershipStatus>,
    membership_starts_on: Option<Date>,
    /// The last day of the membership.
    membership_ends_on: Option<Date>,
}

/// What can be changed of an organization. What is absent stays; `null` clears what can be empty.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OrganizationUpdate {
    name: Option<Title>,
    kind: Option<OrganizationKind>,
    /// The organization of which it is a part.
    #[serde(default, deserialize_with = "clearable")]
    parent_id: Option<Option<OrganizationId>>,
    state: Option<StateCode>,
    /// Its number at the National Center for Education Statistics.
    #[serde(default, deserialize_with = "clearable")]
    nces_id: Option<Option<NcesId>>,
    #[serde(default, deserialize_with = "clearable")]
    locale: Option<Option<Locale>>,
    /// All of its domains.
    #[schema(max_items = 20)]
    email_domains: Option<Vec<EmailDomain>>,
    /// What the coalition's CRM calls it.
    #[serde(default, deserialize_with = "clearable")]
    external_id: Option<Option<ExternalId>>,
    /// How it stands to the coalition. Verifications that rest on a membership are revoked when it ends.
    membership: Option<MembershipStatus>,
    #[serde(default, deserialize_with = "clearable")]
    membership_starts_on: Option<Option<Date>>,
    /// The last day of the membership.
    #[serde(default, deserialize_with = "clearable")]
    membership_ends_on: Option<Option<Date>>,
}

impl From<OrganizationCreate> for organizations::OrganizationCreate {
    fn from(body: OrganizationCreate) -> Self {
        Self {
            name: body.name,
            kind: body.kind,
            parent_id: body.parent_id,
            state: body.state,
            nces_id: body.nces_id,
            locale: body.locale,
            email_domains: body.email_domains,
            external_id: body.external_id,
            membership: Membership {
                status: body.membership.unwrap_or(Membership::NONE.status),
                starts_on: body.membership_starts_on,
                ends_on: body.membership_ends_on,
            },
        }
    }
}

impl From<OrganizationUpdate> for organizations::OrganizationUpdate {
    fn from(body: OrganizationUpdate) -> Self {
        Self {
            name: body.name,
            kind: body.kind,
            parent_id: body.parent_id,
            state: body.state,
            nces_id: body.nces_id,
            locale: body.locale,
            email_domains: body.email_domains,
            external_id: body.external_id,
            membership: body.membership,
            membership_starts_on: body.membership_starts_on,
            membership_ends_on: body.membership_ends_on,
        }
    }
}

/// Which organizations are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OrganizationsQuery {
    /// The one with this external id.
    external_id: Option<ExternalId>,
    /// Those of one of these kinds.
    #[param(inline, max_items = 8)]
    #[serde(default)]
    kind: Vec<OrganizationKind>,
    /// Those in one of these states.
    #[param(inline, max_items = 60)]
    #[serde(default)]
    state: Vec<StateCode>,
    /// Those that stand so to the coalition today.
    #[param(inline, max_items = 3)]
    #[serde(default)]
    membership: Vec<MembershipStatus>,
    /// Those changed at or after this instant.
    updated_from: Option<Timestamp>,
    /// Those in whose name this text stands.
    q: Option<Query>,
    /// By what they are sorted: by name, when nothing is said.
    #[param(inline)]
    sort: Option<OrganizationSort>,
}

cohortium_domain::words! {
    /// By what organizations are sorted; a hyphen turns it around.
    pub enum OrganizationSort {
        /// By name.
        Name = "name",
        /// The same, from Z to A.
        NameDescending = "-name",
        /// By when they last changed, the longest ago first.
        UpdatedAt = "updated_at",
        /// The same, the latest first.
        UpdatedAtDescending = "-updated_at",
    }
}

impl OrganizationSort {
    fn order(self) -> (OrganizationOrder, bool) {
        match self {
            Self::Name => (OrganizationOrder::Name, false),
            Self::NameDescending => (OrganizationOrder::Name, true),
            Self::UpdatedAt => (OrganizationOrder::UpdatedAt, false),
            Self::UpdatedAtDescending => (OrganizationOrder::UpdatedAt, true),
        }
    }
}

fn view(organization: organizations::Organization, today: Date, caller: &Caller) -> Organization {
    Organization {
        id: organization.id,
        name: organization.name,
        kind: organization.kind,
        parent_id: organization.parent_id,
        state: organization.state,
        nces_id: organization.nces_id,
        locale: organization.locale,
        email_domains: organization.email_domains,
        external_id: organization.external_id,
        membership: organization.membership.status_on(today),
        membership_starts_on: organization.membership.starts_on,
        membership_ends_on: organization.membership.ends_on,
        version: organization.meta.version,
        created_at: organization.meta.created_at,
        updated_at: organization.meta.updated_at,
        allowed_actions: caller.allowed([Action::UpdateOrganization]),
    }
}

fn summary(organization: organizations::Organization, today: Date) -> OrganizationSummary {
    OrganizationSummary {
        id: organization.id,
        name: organization.name,
        kind: organization.kind,
        state: organization.state,
        external_id: organization.external_id,
        membership: organization.membership.status_on(today),
        updated_at: organization.meta.updated_at,
    }
}

async fn reply(read: &Read, organization: organizations::Organization, caller: &Caller) -> Result<Reply, Error> {
    let today = read.today().await?;
    Ok(Reply::thing(organization.meta.version, &view(organization, today, caller)))
}

/// List organizations
///
/// The organizations that the coalition knows, members or not.
#[utoipa::path(
    tag = "Members",
    params(OrganizationsQuery, Paging),
    responses((status = 200, description = "Organizations.", body = OrganizationPage))
)]
#[get("/v1/organizations")]
async fn list_organizations(caller: Caller, ctx: Ctx, query: Params<OrganizationsQuery>, paging: Params<Paging>) -> Answer {
    let (order, descending) = query.sort.unwrap_or(OrganizationSort::Name).order();
    let request = paging.page(&ctx, descending)?;
    ctx.read(&caller, async |read| {
        let today = read.today().await?;
        let filter = OrganizationFilter {
            external_id: query.external_id.clone(),
            kinds: query.kind.clone(),
            states: query.state.clone(),
            memberships: query.membership.clone(),
            updated_from: query.updated_from,
            q: query.q.as_ref().map(ToString::to_string),
            today,
        };
        let found = read.organizations(&filter, order, &request).await?;
        Ok(paging.reply(&ctx, found, |organization| summary(organization, today), OrganizationPage::new))
    })
    .await
}

/// Make an organization
#[utoipa::path(
    tag = "Members",
    request_body = OrganizationCreate,
    responses((status = 201, description = "The new organization.", body = Organization))
)]
#[post("/v1/organizations")]
async fn create_organization(caller: Caller, ctx: Ctx, body: Body<OrganizationCreate>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let organization = workflow::organizations::create(tx, &caller.actor, &body.input()).await?;
        let location = format!("/v1/organizations/{}", organization.id);
        Ok(Reply::created_at(location, reply(tx, organization, &caller).await?))
    })
    .await
}

/// Read an organization
#[utoipa::path(tag = "Members", responses((status = 200, description = "The organization.", body = Organization)))]
#[get("/v1/organizations/{organization_id}")]
async fn get_organization(caller: Caller, ctx: Ctx, path: Path<OrganizationId>) -> Answer {
    ctx.read(&caller, async |read| {
        let organization = read.get(*path).await?;
        Tie::none(&caller.actor).require(Action::GetOrganization, SubjectKind::Organization)?;
        reply(read, organization, &caller).await
    })
    .await
}

/// Change an organization
///
/// A merge patch (RFC 7396). When a membership ends by it, verifications that rest on it are revoked.
#[utoipa::path(
    tag = "Members",
    request_body = OrganizationUpdate,
    responses((status = 200, description = "The organization as it now is.", body = Organization))
)]
#[patch("/v1/organizations/{organization_id}")]
async fn update_organization(caller: Caller, ctx: Ctx, path: Path<OrganizationId>, body: Body<OrganizationUpdate>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let organization = workflow::organizations::update(tx, &caller.actor, *path, &body.input()).await?;
        reply(tx, organization, &caller).await
    })
    .await
}

room!(list_organizations, create_organization, get_organization, update_organization);
