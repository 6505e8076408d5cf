//! People, as staff and the coalition's CRM see them.

use actix_web::web::Path;
use actix_web::{get, patch, post};
use cohortium_domain::access::{Action, Tie};
use cohortium_domain::ids::{OrganizationId, PersonId};
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::people;
use cohortium_domain::text::{Email, ExternalId, Name, Query};
use cohortium_domain::time::{Timestamp, Zone};
use cohortium_store::{PeopleFilter, PeopleOrder};
use cohortium_workflow as workflow;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{page, room};
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::{Body, Paging, Params, clearable};
use crate::reply::{Answer, Reply};

/// A person.
#[derive(Serialize, ToSchema)]
pub(super) struct Person {
    id: PersonId,
    given_name: Name,
    family_name: Name,
    email: Email,
    /// Whether it has been shown that the address is the person's.
    email_proven: bool,
    /// Whether the address looks like another one: it has letters that are taken for those of another alphabet.
    email_confusable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<Zone>,
    /// What the coalition's CRM calls the person.
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

/// A person, in lists.
#[derive(Serialize, ToSchema)]
struct PersonSummary {
    id: PersonId,
    given_name: Name,
    family_name: Name,
    email: Email,
    /// What the coalition's CRM calls the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<ExternalId>,
    updated_at: Timestamp,
}

page!(
    /// People, a page at a time.
    PersonPage of PersonSummary
);

/// What a person is made of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PersonCreate {
    given_name: Name,
    family_name: Name,
    /// Unique in the coalition; its case does not matter.
    email: Email,
    /// Whether it has been shown that the address is the person's.
    #[serde(default)]
    email_proven: bool,
    time_zone: Option<Zone>,
    /// What the coalition's CRM calls the person; unique in the coalition.
    external_id: Option<ExternalId>,
}

/// What can be changed of a person. What is absent stays; `null` clears what can be empty.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PersonUpdate {
    given_name: Option<Name>,
    family_name: Option<Name>,
    email: Option<Email>,
    /// Whether it has been shown that the address is the person's.
    email_proven: Option<bool>,
    #[serde(default, deserialize_with = "clearable")]
    time_zone: Option<Option<Zone>>,
    /// What the coalition's CRM calls the person.
    #[serde(default, deserialize_with = "clearable")]
    external_id: Option<Option<ExternalId>>,
}

impl From<PersonCreate> for people::PersonCreate {
    fn from(body: PersonCreate) -> Self {
        Self {
            given_name: body.given_name,
            family_name: body.family_name,
            email: body.email,
            email_proven: body.email_proven,
            time_zone: body.time_zone,
            external_id: body.external_id,
        }
    }
}

impl From<PersonUpdate> for people::PersonUpdate {
    fn from(body: PersonUpdate) -> Self {
        Self {
            given_name: body.given_name,
            family_name: body.family_name,
            email: body.email,
            email_proven: body.email_proven,
            time_zone: body.time_zone,
            external_id: body.external_id,
        }
    }
}

/// Which people are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PeopleQuery {
    /// The one with this external id.
    external_id: Option<ExternalId>,
    /// The one with this address.
    email: Option<Email>,
    /// Those who have, or had, an employment at this organization.
    organization_id: Option<OrganizationId>,
    /// Those changed at or after this instant.
    updated_from: Option<Timestamp>,
    /// Those in whose name this text stands.
    q: Option<Query>,
    /// By what they are sorted: by name, when nothing is said.
    #[param(inline)]
    sort: Option<PersonSort>,
}

cohortium_domain::words! {
    /// By what people are sorted; a hyphen turns it around.
    pub enum PersonSort {
        /// By family name, then given name.
        Name = "name",
        /// The same, from Z to A.
        NameDescending = "-name",
        /// By when they last changed, the longest ago first.
        UpdatedAt = "updated_at",
        /// The same, the latest first.
        UpdatedAtDescending = "-updated_at",
    }
}

impl PersonSort {
    fn order(self) -> (PeopleOrder, bool) {
        match self {
            Self::Name => (PeopleOrder::Name, false),
            Self::NameDescending => (PeopleOrder::Name, true),
            Self::UpdatedAt => (PeopleOrder::UpdatedAt, false),
            Self::UpdatedAtDescending => (PeopleOrder::UpdatedAt, true),
        }
    }
}

pub(super) fn view(person: people::Person, tie: &Tie<'_>, updates: Action) -> Person {
    let allowed = tie.allows(updates).then(|| updates.verb().to_owned());
    Person {
        id: person.id,
        email_proven: person.email_proven_at.is_some(),
        email_confusable: person.email.confusable(),
        given_name: person.given_name,
        family_name: person.family_name,
        email: person.email,
        time_zone: person.time_zone,
        external_id: person.external_id,
        version: person.meta.version,
        created_at: person.meta.created_at,
        updated_at: person.meta.updated_at,
        allowed_actions: allowed.into_iter().collect(),
    }
}

fn summary(person: people::Person) -> PersonSummary {
    PersonSummary {
        id: person.id,
        given_name: person.given_name,
        family_name: person.family_name,
        email: person.email,
        external_id: person.external_id,
        updated_at: person.meta.updated_at,
    }
}

fn reply(person: people::Person, caller: &Caller) -> Reply {
    Reply::thing(person.meta.version, &view(person, &Tie::none(&caller.actor), Action::UpdatePerson))
}

/// List people
///
/// The people of the coalition.
#[utoipa::path(tag = "Members", params(PeopleQuery, Paging), responses((status = 200, description = "People.", body = PersonPage)))]
#[get("/v1/people")]
async fn list_people(caller: Caller, ctx: Ctx, query: Params<PeopleQuery>, paging: Params<Paging>) -> Answer {
    let (order, descending) = query.sort.unwrap_or(PersonSort::Name).order();
    let request = paging.page(&ctx, descending)?;
    let filter = PeopleFilter {
        external_id: query.external_id.clone(),
        email: query.email.clone(),
        organization_id: query.organization_id,
        updated_from: query.updated_from,
        q: query.q.as_ref().map(ToString::to_string),
    };
    ctx.read(&caller, async |read| {
        let found = read.people(&filter, order, &request).await?;
        Ok(paging.reply(&ctx, found, summary, PersonPage::new))
    })
    .await
}

/// Make a person
///
/// Somebody whom the coalition knows; an account to sign in with is another matter.
#[utoipa::path(tag = "Members", request_body = PersonCreate, responses((status = 201, description = "The new person.", body = Person)))]
#[post("/v1/people")]
async fn create_person(caller: Caller, ctx: Ctx, body: Body<PersonCreate>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let person = workflow::people::create(tx, &caller.actor, &body.input()).await?;
        Ok(Reply::created_at(format!("/v1/people/{}", person.id), reply(person, &caller)))
    })
    .await
}

/// Read a person
#[utoipa::path(tag = "Members", responses((status = 200, description = "The person.", body = Person)))]
#[get("/v1/people/{person_id}")]
async fn get_person(caller: Caller, ctx: Ctx, path: Path<PersonId>) -> Answer {
    ctx.read(&caller, async |read| {
        let person: people::Person = read.get(*path).await?;
        Tie::none(&caller.actor).require(Action::GetPerson, SubjectKind::Person)?;
        Ok(reply(person, &caller))
    })
    .await
}

/// Change a person
///
/// A merge patch (RFC 7396). A new address is unproven until it is said that it is proven.
#[utoipa::path(tag = "Members", request_body = PersonUpdate, responses((status = 200, description = "The person as it now is.", body = Person)))]
#[patch("/v1/people/{person_id}")]
async fn update_person(caller: Caller, ctx: Ctx, path: Path<PersonId>, body: Body<PersonUpdate>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let person = workflow::people::update(tx, &caller.actor, *path, &body.input()).await?;
        Ok(reply(person, &caller))
    })
    .await
}

room!(list_people, create_person, get_person, update_person);
