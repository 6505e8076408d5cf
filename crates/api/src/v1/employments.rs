//! Employments: those that the coalition keeps, and one's own.

use std::collections::BTreeMap;

use actix_web::web::Path;
use actix_web::{get, patch, post};
use cohortium_domain::access::{Action, Tie};
use cohortium_domain::employments::{self, EmploymentSource, Level};
use cohortium_domain::ids::{EmploymentId, OrganizationId, PersonId};
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::people;
use cohortium_domain::text::{ExternalId, RoleKey, Title};
use cohortium_domain::time::{Date, Timestamp};
use cohortium_store::{Error, Page, PageRequest, Read};
use cohortium_workflow as workflow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{page, room};
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::{Body, Paging, Params, clearable};
use crate::reply::{Answer, Reply};

/// That a person works for an organization.
#[derive(Serialize, ToSchema)]
pub(super) struct Employment {
    id: EmploymentId,
    person_id: PersonId,
    organization_id: OrganizationId,
    organization_name: Title,
    /// What the organization calls the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<Title>,
    /// What the coalition calls it, from its list of roles.
    role: RoleKey,
    level: Level,
    starts_on: Date,
    /// The last day, where one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_on: Option<Date>,
    source: EmploymentSource,
    /// What the coalition's CRM calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<ExternalId>,
    /// Raised at each change.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// What you may do to it now.
    #[schema(max_items = 20)]
    allowed_actions: Vec<String>,
}

page!(
    /// Employments, a page at a time.
    EmploymentPage of Employment
);

/// What an employment is made of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EmploymentCreate {
    organization_id: OrganizationId,
    /// What the organization calls the job.
    title: Option<Title>,
    /// What the coalition calls it: a key of its list of roles.
    role: RoleKey,
    level: Level,
    starts_on: Date,
    /// The last day, where one is known.
    ends_on: Option<Date>,
    /// What the coalition's CRM calls it; unique in the coalition.
    external_id: Option<ExternalId>,
}

/// What can be changed of an employment. What is absent stays; `null` clears what can be empty.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EmploymentUpdate {
    /// What the organization calls the job.
    #[serde(default, deserialize_with = "clearable")]
    title: Option<Option<Title>>,
    /// What the coalition calls it: a key of its list of roles.
    role: Option<RoleKey>,
    level: Option<Level>,
    starts_on: Option<Date>,
    /// The last day. Verifications that rest on the employment are revoked when it is past.
    #[serde(default, deserialize_with = "clearable")]
    ends_on: Option<Option<Date>>,
    /// What the coalition's CRM calls it.
    #[serde(default, deserialize_with = "clearable")]
    external_id: Option<Option<ExternalId>>,
}

/// What an employment of one's own is made of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MyEmploymentCreate {
    organization_id: OrganizationId,
    /// What the organization calls the job.
    title: Option<Title>,
    /// What the coalition calls it: a key of its list of roles.
    role: RoleKey,
    level: Level,
    starts_on: Date,
    /// The last day, where one is known.
    ends_on: Option<Date>,
}

/// What can be changed of an employment of one's own. What is absent stays; `null` clears what can be empty.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MyEmploymentUpdate {
    /// What the organization calls the job.
    #[serde(default, deserialize_with = "clearable")]
    title: Option<Option<Title>>,
    /// What the coalition calls it: a key of its list of roles. Cannot be changed while the employment is verified.
    role: Option<RoleKey>,
    /// Cannot be changed while the employment is verified.
    level: Option<Level>,
    /// Cannot be changed while the employment is verified.
    starts_on: Option<Date>,
    /// The last day.
    #[serde(default, deserialize_with = "clearable")]
    ends_on: Option<Option<Date>>,
}

impl From<EmploymentCreate> for employments::EmploymentCreate {
    fn from(body: EmploymentCreate) -> Self {
        Self {
            organization_id: body.organization_id,
            title: body.title,
            role: body.role,
            level: body.level,
            starts_on: body.starts_on,
            ends_on: body.ends_on,
            external_id: body.external_id,
        }
    }
}

impl From<MyEmploymentCreate> for employments::EmploymentCreate {
    fn from(body: MyEmploymentCreate) -> Self {
        let MyEmploymentCreate { organization_id, title, role, level, starts_on, ends_on } = body;
        Self { organization_id, title, role, level, starts_on, ends_on, external_id: None }
    }
}

impl From<EmploymentUpdate> for employments::EmploymentUpdate {
    fn from(body: EmploymentUpdate) -> Self {
        Self {
            title: body.title,
            role: body.role,
            level: body.level,
            starts_on: body.starts_on,
            ends_on: body.ends_on,
            external_id: body.external_id,
        }
    }
}

impl From<MyEmploymentUpdate> for employments::EmploymentUpdate {
    fn from(body: MyEmploymentUpdate) -> Self {
        let MyEmploymentUpdate { title, role, level, starts_on, ends_on } = body;
        Self { title, role, level, starts_on, ends_on, external_id: None }
    }
}

fn view(employment: employments::Employment, organization_name: Title, caller: &Caller) -> Employment {
    let tie = Tie::to_person(&caller.actor, employment.person_id);
    let own = tie.allows(Action::UpdateMyEmployment) && employment.source == EmploymentSource::Own;
    let update = Action::UpdateEmployment;
    let allowed = (own || tie.allows(update)).then(|| update.verb().to_owned());
    Employment {
        id: employment.id,
        person_id: employment.person_id,
        organization_id: employment.organization_id,
        organization_name,
        title: employment.title,
        role: employment.role,
        level: employment.level,
        starts_on: employment.starts_on,
        ends_on: employment.ends_on,
        source: employment.source,
        external_id: employment.external_id,
        version: employment.meta.version,
        created_at: employment.meta.created_at,
        updated_at: employment.meta.updated_at,
        allowed_actions: allowed.into_iter().collect(),
    }
}

/// Employments with the names of their organizations, which people who are not staff cannot look up.
pub(super) async fn views(read: &Read, found: Vec<employments::Employment>, caller: &Caller) -> Result<Vec<Employment>, Error> {
    let names: BTreeMap<OrganizationId, Title> = read.organization_names(found.iter().map(|one| one.organization_id)).await?;
    let named = found.into_iter().filter_map(|one| names.get(&one.organization_id).cloned().map(|name| view(one, name, caller)));
    Ok(named.collect())
}

async fn reply(read: &Read, employment: employments::Employment, caller: &Caller) -> Result<Reply, Error> {
    let version = employment.meta.version;
    let organization: cohortium_domain::organizations::Organization = read.get(employment.organization_id).await?;
    Ok(Reply::thing(version, &view(employment, organization.name, caller)))
}

async fn list(read: &Read, person: PersonId, request: &PageRequest, caller: &Caller) -> Result<Page<Employment>, Error> {
    let Page { items, next, total } = read.employments_page(person, request).await?;
    Ok(Page { items: views(read, items, caller).await?, next, total })
}

/// List a person's employments
///
/// Past, present and future, by their first days.
#[utoipa::path(tag = "Members", params(Paging), responses((status = 200, description = "Employments.", body = EmploymentPage)))]
#[get("/v1/people/{person_id}/employments")]
async fn list_employments(caller: Caller, ctx: Ctx, path: Path<PersonId>, paging: Params<Paging>) -> Answer {
    let request = paging.page(&ctx, false)?;
    ctx.read(&caller, async |read| {
        let person: people::Person = read.get(*path).await?;
        Tie::none(&caller.actor).require(Action::ListEmployments, SubjectKind::Person)?;
        let found = list(read, person.id, &request, &caller).await?;
        Ok(paging.reply(&ctx, found, |employment| employment, EmploymentPage::new))
    })
    .await
}

/// Add an employment to a person
///
/// As the coalition knows it: the person cannot change it.
#[utoipa::path(
    tag = "Members",
    request_body = EmploymentCreate,
    responses((status = 201, description = "The new employment.", body = Employment))
)]
#[post("/v1/people/{person_id}/employments")]
async fn create_employment(caller: Caller, ctx: Ctx, path: Path<PersonId>, body: Body<EmploymentCreate>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let employment = workflow::employments::create(tx, &caller.actor, *path, &body.input()).await?;
        let location = format!("/v1/employments/{}", employment.id);
        Ok(Reply::created_at(location, reply(tx, employment, &caller).await?))
    })
    .await
}

/// Change an employment
///
/// A merge patch (RFC 7396). When the employment ends by it, verifications that rest on it are revoked.
#[utoipa::path(
    tag = "Members",
    request_body = EmploymentUpdate,
    responses((status = 200, description = "The employment as it now is.", body = Employment))
)]
#[patch("/v1/employments/{employment_id}")]
async fn update_employment(caller: Caller, ctx: Ctx, path: Path<EmploymentId>, body: Body<EmploymentUpdate>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let employment = workflow::employments::update(tx, &caller.actor, *path, &body.input()).await?;
        reply(tx, employment, &caller).await
    })
    .await
}

/// List one's own employments
///
/// Past, present and future, by their first days.
#[utoipa::path(tag = "Members", params(Paging), responses((status = 200, description = "Employments.", body = EmploymentPage)))]
#[get("/v1/me/employments")]
async fn list_my_employments(caller: Caller, ctx: Ctx, paging: Params<Paging>) -> Answer {
    let person = caller.person()?;
    let request = paging.page(&ctx, false)?;
    ctx.read(&caller, async |read| {
        let found = list(read, person, &request, &caller).await?;
        Ok(paging.reply(&ctx, found, |employment| employment, EmploymentPage::new))
    })
    .await
}

/// Add an employment to oneself
///
/// One's own word: what programs ask for beyond that, their verification policies say.
#[utoipa::path(
    tag = "Members",
    request_body = MyEmploymentCreate,
    responses((status = 201, description = "The new employment.", body = Employment))
)]
#[post("/v1/me/employments")]
async fn create_my_employment(caller: Caller, ctx: Ctx, body: Body<MyEmploymentCreate>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let employment = workflow::employments::create_own(tx, &caller.actor, &body.input()).await?;
        let location = format!("/v1/me/employments/{}", employment.id);
        Ok(Reply::created_at(location, reply(tx, employment, &caller).await?))
    })
    .await
}

/// Change an employment that one has entered oneself
///
/// A merge patch (RFC 7396). What the coalition entered, its office changes.
#[utoipa::path(
    tag = "Members",
    request_body = MyEmploymentUpdate,
    responses((status = 200, description = "The employment as it now is.", body = Employment))
)]
#[patch("/v1/me/employments/{employment_id}")]
async fn update_my_employment(caller: Caller, ctx: Ctx, path: Path<EmploymentId>, body: Body<MyEmploymentUpdate>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let employment = workflow::employments::update_own(tx, &caller.actor, *path, &body.input()).await?;
        reply(tx, employment, &caller).await
    })
    .await
}

room!(list_employments, create_employment, update_employment, list_my_employments, create_my_employment, update_my_employment,);
