//! What the coalition knows about the caller.

use std::collections::BTreeSet;

use actix_web::{get, patch};
use cohortium_domain::access::{Action, Grant, Tie};
use cohortium_domain::coalitions::{self, CoalitionMode};
use cohortium_domain::ids::{CoalitionId, CohortId};
use cohortium_domain::people::{self, MeUpdate};
use cohortium_domain::second_factor::SecondFactorPolicy;
use cohortium_domain::text::{Name, Slug, Title};
use cohortium_domain::time::Zone;
use cohortium_store::{Error, Read};
use cohortium_workflow as workflow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::employments::Employment;
use super::people::Person;
use super::room;
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::{Body, clearable};
use crate::reply::{Answer, Reply};

/// Oneself, in the coalition in which one is signed in.
#[derive(Serialize, ToSchema)]
struct Me {
    person: Person,
    coalition: MyCoalition,
    /// One's grants.
    #[schema(max_items = 3)]
    grants: BTreeSet<Grant>,
    /// Those of them that are withheld until one shows a second factor in this session.
    #[schema(max_items = 3)]
    withheld_grants: BTreeSet<Grant>,
    second_factor: MySecondFactor,
    /// The cohorts that one leads.
    #[schema(max_items = 200)]
    facilitates: Vec<CohortId>,
    /// The cohorts in which one is enrolled.
    #[schema(max_items = 200)]
    enrolled_in: Vec<CohortId>,
    /// Where one works and worked.
    #[schema(max_items = 200)]
    employments: Vec<Employment>,
}

/// The coalition in which one is signed in.
#[derive(Serialize, ToSchema)]
struct MyCoalition {
    id: CoalitionId,
    slug: Slug,
    name: Title,
    mode: CoalitionMode,
}

/// One's second factor.
#[derive(Serialize, ToSchema)]
struct MySecondFactor {
    /// Whether one has one.
    enrolled: bool,
    /// Whether the coalition asks for one, because one has grants.
    required: bool,
    /// How many recovery codes one has not used.
    #[schema(minimum = 0, maximum = 10)]
    recovery_codes_left: u64,
}

/// What one can change of oneself. What is absent stays; `null` clears what can be empty.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MeUpdate)]
struct MeUpdateBody {
    given_name: Option<Name>,
    family_name: Option<Name>,
    #[serde(default, deserialize_with = "clearable")]
    time_zone: Option<Option<Zone>>,
}

impl From<MeUpdateBody> for MeUpdate {
    fn from(body: MeUpdateBody) -> Self {
        Self { given_name: body.given_name, family_name: body.family_name, time_zone: body.time_zone }
    }
}

async fn reply(read: &Read, person: people::Person, caller: &Caller) -> Result<Reply, Error> {
    let coalition: coalitions::Coalition = read.get(caller.coalition_id).await?;
    let (version, grants) = (person.meta.version, read.grants(person.id).await?);
    let second_factor = MySecondFactor {
        enrolled: read.second_factor(person.id).await?.confirmed.is_some(),
        required: coalition.second_factor == SecondFactorPolicy::Required && !grants.is_empty(),
        recovery_codes_left: read.recovery_codes_left(person.id).await?,
    };
    let me = Me {
        grants,
        withheld_grants: caller.withheld.clone(),
        second_factor,
        facilitates: read.facilitated_by(person.id).await?,
        enrolled_in: read.enrolled_in(person.id).await?,
        employments: super::employments::views(read, read.employments_of(person.id).await?, caller).await?,
        coalition: MyCoalition { id: coalition.id, mode: coalition.mode(), slug: coalition.slug, name: coalition.name },
        person: super::people::view(person, &Tie::none(&caller.actor), Action::UpdateMe),
    };
    Ok(Reply::thing(version, &me))
}

/// Read oneself
///
/// Who one is here, and what one may and does.
#[utoipa::path(tag = "Access", responses((status = 200, description = "Oneself.", body = Me)))]
#[get("/v1/me")]
async fn get_me(caller: Caller, ctx: Ctx) -> Answer {
    let id = caller.person()?;
    ctx.read(&caller, async |read| reply(read, read.get(id).await?, &caller).await).await
}

/// Change oneself
///
/// One's names and time zone; the rest belongs to the coalition's office. A merge patch (RFC 7396).
#[utoipa::path(tag = "Access", request_body = MeUpdateBody, responses((status = 200, description = "Oneself, as it now is.", body = Me)))]
#[patch("/v1/me")]
async fn update_me(caller: Caller, ctx: Ctx, body: Body<MeUpdateBody>) -> Answer {
    let id = caller.person()?;
    ctx.write(&caller, body.conditions(), async |tx| {
        let person = workflow::people::update_self(tx, &caller.actor, id, &body.input()).await?;
        reply(tx, person, &caller).await
    })
    .await
}

room!(get_me, update_me);
