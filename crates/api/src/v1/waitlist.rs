//! Moves on a waitlist: how somebody came to a position, and how staff put somebody first.

use actix_web::web::Path;
use actix_web::{get, post};
use cohortium_domain::access::Action;
use cohortium_domain::ids::ApplicationId;
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::text::Reason;
use cohortium_domain::time::Timestamp;
use cohortium_domain::waitlist::{self, WaitlistCause};
use cohortium_workflow as workflow;
use cohortium_workflow::applications::{Prioritization, tie};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::applications::types::Application;
use super::applications::{placed, reply};
use super::{page, room};
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::{Body, Paging, Params};
use crate::reply::Answer;

/// What a move on the waitlist was to somebody who waits.
#[derive(Serialize, ToSchema)]
struct WaitlistStep {
    occurred_at: Timestamp,
    cause: WaitlistCause,
    /// Whether it happened to this application itself, and not to one ahead of it.
    own: bool,
    /// The position before; absent when it joined.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 4_294_967_295_u32)]
    from_position: Option<u32>,
    /// The position since; absent when it left.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 4_294_967_295_u32)]
    to_position: Option<u32>,
    /// What stood in the way when it was passed over: the rules for joining that were not met, or `not_verified`.
    #[schema(max_items = 10)]
    unmet: Vec<String>,
    /// Why staff put it first, or back.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
}

page!(
    /// What happened to somebody on a waitlist, a page at a time.
    WaitlistHistoryPage of WaitlistStep
);

impl From<waitlist::WaitlistStep> for WaitlistStep {
    fn from(step: waitlist::WaitlistStep) -> Self {
        let waitlist::WaitlistStep { at, cause, own, from, to, unmet, reason } = step;
        Self { occurred_at: at, cause, own, from_position: from, to_position: to, unmet, reason }
    }
}

/// Where on the waitlist an application is put.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ApplicationPrioritize {
    /// The greater comes first; 0 puts it back among those who have none. Among equals, who joined first comes first.
    #[serde(default = "first")]
    #[schema(minimum = 0, maximum = 9, default = 1)]
    priority: u8,
    /// Kept, and told to the person.
    reason: Reason,
}

fn first() -> u8 {
    1
}

impl From<ApplicationPrioritize> for Prioritization {
    fn from(body: ApplicationPrioritize) -> Self {
        Self { priority: body.priority, reason: body.reason }
    }
}

/// Read how an application moved on the waitlist
///
/// From when it joined until it left, with the reason for each move; of those ahead of it is told what became of them, and not who
/// they are.
#[utoipa::path(tag = "Applications", params(Paging), responses((status = 200, description = "What happened, in its order.", body = WaitlistHistoryPage)))]
#[get("/v1/applications/{application_id}/waitlist-history")]
async fn get_waitlist_history(caller: Caller, ctx: Ctx, path: Path<ApplicationId>, paging: Params<Paging>) -> Answer {
    let request = paging.page(&ctx, false)?;
    ctx.read(&caller, async |read| {
        let found = placed(read, read.get(*path).await?).await?;
        let tie = tie(&found.application, &found.cohort, &caller.actor);
        tie.require(Action::GetWaitlistHistory, SubjectKind::Application)?;
        let steps = read.waitlist_history(&found.application, &request).await?;
        Ok(paging.reply(&ctx, steps, WaitlistStep::from, WaitlistHistoryPage::new))
    })
    .await
}

/// Put an application first on the waitlist
///
/// Before those with a lesser priority, or back with 0. The person, and those whom it passes, see it in their histories.
#[utoipa::path(tag = "Applications", request_body = ApplicationPrioritize, responses((status = 200, description = "The application, at its new position.", body = Application)))]
#[post("/v1/applications/{application_id}/prioritize")]
async fn prioritize_application(caller: Caller, ctx: Ctx, path: Path<ApplicationId>, body: Body<ApplicationPrioritize>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let prioritized = workflow::applications::prioritize(tx, &caller.actor, *path, &body.input()).await?;
        reply(tx, prioritized, &caller).await
    })
    .await
}

room!(get_waitlist_history, prioritize_application);
