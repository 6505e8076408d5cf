//! The coalition's own settings.

use actix_web::{get, patch};
use cohortium_domain::access::{Action, Tie};
use cohortium_domain::coalitions::{self, CoalitionMode};
use cohortium_domain::ids::CoalitionId;
use cohortium_domain::second_factor::SecondFactorPolicy;
use cohortium_domain::text::{Email, Slug, Title, WebAddress};
use cohortium_domain::time::{Timestamp, Zone};
use cohortium_workflow as workflow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::room;
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::{Body, clearable};
use crate::reply::{Answer, Reply};

/// A coalition of schools.
#[derive(Serialize, ToSchema)]
struct Coalition {
    id: CoalitionId,
    /// Its name in addresses.
    slug: Slug,
    /// Its name.
    name: Title,
    time_zone: Zone,
    /// Its own site.
    #[serde(skip_serializing_if = "Option::is_none")]
    website: Option<WebAddress>,
    /// Where its office can be reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    contact_email: Option<Email>,
    /// Where the links in its mails lead: the address of its front end.
    #[serde(skip_serializing_if = "Option::is_none")]
    front_end_url: Option<WebAddress>,
    second_factor: SecondFactorPolicy,
    mode: CoalitionMode,
    /// Raised at each change.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// What you may do to it now.
    #[schema(max_items = 20)]
    allowed_actions: Vec<String>,
}

/// What can be changed of a coalition. What is absent stays; `null` clears what can be empty.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CoalitionUpdate {
    /// Its name.
    name: Option<Title>,
    time_zone: Option<Zone>,
    /// Its own site.
    #[serde(default, deserialize_with = "clearable")]
    website: Option<Option<WebAddress>>,
    /// Where its office can be reached.
    #[serde(default, deserialize_with = "clearable")]
    contact_email: Option<Option<Email>>,
    /// Where the links in its mails lead: the address of its front end.
    #[serde(default, deserialize_with = "clearable")]
    front_end_url: Option<Option<WebAddress>>,
    second_factor: Option<SecondFactorPolicy>,
}

impl From<CoalitionUpdate> for coalitions::CoalitionUpdate {
    fn from(body: CoalitionUpdate) -> Self {
        Self {
            name: body.name,
            time_zone: body.time_zone,
            website: body.website,
            contact_email: body.contact_email,
            front_end_url: body.front_end_url,
            second_factor: body.second_factor,
        }
    }
}

fn view(coalition: &coalitions::Coalition, caller: &Caller) -> Coalition {
    let tie = Tie::none(&caller.actor);
    let actions = [Action::UpdateCoalition].into_iter().filter(|action| tie.allows(*action));
    Coalition {
        id: coalition.id,
        slug: coalition.slug.clone(),
        name: coalition.name.clone(),
        time_zone: coalition.time_zone,
        website: coalition.website.clone(),
        contact_email: coalition.contact_email.clone(),
        front_end_url: coalition.front_end_url.clone(),
        second_factor: coalition.second_factor,
        mode: coalition.mode(),
        version: coalition.meta.version,
        created_at: coalition.meta.created_at,
        updated_at: coalition.meta.updated_at,
        allowed_actions: actions.map(|action| action.verb().to_owned()).collect(),
    }
}

/// Read the coalition
///
/// The settings of the coalition in which you are signed in.
#[utoipa::path(tag = "Access", responses((status = 200, description = "The coalition.", body = Coalition)))]
#[get("/v1/coalition")]
async fn get_coalition(caller: Caller, ctx: Ctx) -> Answer {
    ctx.read(&caller, async |read| {
        let coalition: coalitions::Coalition = read.get(caller.coalition_id).await?;
        Ok(Reply::thing(coalition.meta.version, &view(&coalition, &caller)))
    })
    .await
}

/// Change the coalition
///
/// A merge patch (RFC 7396). `second_factor` becomes `required` on the word of an owner who has shown a second factor in this
/// session; from then on the grants of whoever has shown none in theirs are withheld.
#[utoipa::path(tag = "Access", request_body = CoalitionUpdate, responses((status = 200, description = "The coalition as it now is.", body = Coalition)))]
#[patch("/v1/coalition")]
async fn update_coalition(caller: Caller, ctx: Ctx, body: Body<CoalitionUpdate>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let coalition = workflow::coalitions::update(tx, &caller.actor, caller.second_factor_at(), &body.input()).await?;
        Ok(Reply::thing(coalition.meta.version, &view(&coalition, &caller)))
    })
    .await
}

room!(get_coalition, update_coalition);
