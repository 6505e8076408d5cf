//! The coalition's list of roles.

use actix_web::{get, put};
use cohortium_domain::access::Action;
use cohortium_domain::employments::roles;
use cohortium_domain::text::{Name, RoleKey};
use cohortium_domain::time::Timestamp;
use cohortium_workflow as workflow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::room;
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

/// A kind of job.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Role {
    /// By which programs know it.
    key: RoleKey,
    /// By which people know it.
    label: Name,
}

/// The roles by which the coalition calls the jobs in its schools, in the order in which they are offered.
#[derive(Serialize, ToSchema)]
struct RoleList {
    #[schema(max_items = 100)]
    roles: Vec<Role>,
    /// Raised at each change; 0 as long as nobody has set any.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    /// When they were last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<Timestamp>,
    /// What you may do to it now.
    #[schema(max_items = 20)]
    allowed_actions: Vec<String>,
}

/// The roles that are to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleListReplace {
    /// All of them. A role that is left out stays with those who hold it, but nobody new can take it.
    #[schema(max_items = 100)]
    roles: Vec<Role>,
}

impl From<RoleListReplace> for Vec<roles::Role> {
    fn from(body: RoleListReplace) -> Self {
        body.roles.into_iter().map(|Role { key, label }| roles::Role { key, label }).collect()
    }
}

fn reply(list: roles::RoleList, caller: &Caller) -> Reply {
    let view = RoleList {
        roles: list.roles.into_iter().map(|roles::Role { key, label }| Role { key, label }).collect(),
        version: list.meta.version,
        updated_at: (list.meta.version > 0).then_some(list.meta.updated_at),
        allowed_actions: caller.allowed([Action::ReplaceRoles]),
    };
    Reply::thing(list.meta.version, &view)
}

/// List the coalition's roles
///
/// The kinds of jobs that employments, cohorts and proposals name.
#[utoipa::path(tag = "Members", responses((status = 200, description = "The roles.", body = RoleList)))]
#[get("/v1/roles")]
async fn list_roles(caller: Caller, ctx: Ctx) -> Answer {
    ctx.read(&caller, async |read| Ok(reply(read.roles().await?, &caller))).await
}

/// Replace the coalition's roles
#[utoipa::path(
    tag = "Members",
    request_body = RoleListReplace,
    responses((status = 200, description = "The roles as they now are.", body = RoleList))
)]
#[put("/v1/roles")]
async fn replace_roles(caller: Caller, ctx: Ctx, body: Body<RoleListReplace>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        Ok(reply(workflow::employments::replace_roles(tx, &caller.actor, &body.input()).await?, &caller))
    })
    .await
}

room!(list_roles, replace_roles);
