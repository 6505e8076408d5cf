//! The coalition's clock: real time, or a sandbox's test clock.

use actix_web::{get, post, put};
use cohortium_domain::access::Action;
use cohortium_domain::coalitions::{self, ClockMode};
use cohortium_domain::refusal::{FaultCode, Refusal};
use cohortium_domain::time::Timestamp;
use cohortium_store::ClockHold;
use cohortium_workflow as workflow;
use cohortium_workflow::clock::Move;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::room;
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::demo;
use crate::extract::{Body, Conditions};
use crate::problem::{Code, Problem};
use crate::reply::{Answer, Reply};

/// What the coalition's clock shows. Deadlines, phases, offers and reminders all run by it.
#[derive(Serialize, ToSchema)]
struct Clock {
    mode: ClockMode,
    /// The instant that it shows.
    now: Timestamp,
}

/// To what instant the test clock is set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ClockSet {
    /// Not before what the clock shows.
    now: Timestamp,
}

/// How far the test clock is advanced: to an instant, or by a time.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ClockAdvance {
    /// To this instant; then nothing else is given.
    to: Option<Timestamp>,
    /// By so many days of 24 hours.
    #[schema(minimum = 0, maximum = 3660)]
    days: Option<u16>,
    /// By so many hours.
    #[schema(minimum = 0, maximum = 8784)]
    hours: Option<u16>,
    /// By so many minutes.
    #[schema(minimum = 0, maximum = 60000)]
    minutes: Option<u16>,
}

impl TryFrom<ClockAdvance> for Move {
    type Error = Refusal;

    fn try_from(body: ClockAdvance) -> Result<Self, Refusal> {
        let by = [(body.days, 24 * 60), (body.hours, 60), (body.minutes, 1)];
        let given = by.iter().any(|(count, _)| count.is_some());
        let minutes = by.iter().map(|(count, each)| i64::from(count.unwrap_or(0)) * each).sum();
        match (body.to, given) {
            (Some(to), false) => Ok(Self::To(to)),
            (None, true) => Ok(Self::By { minutes }),
            (Some(_), true) => {
                Err(Refusal::invalid("#/to", FaultCode::InvalidValue, "Give either `to`, or days, hours and minutes"))
            }
            (None, false) => Err(Refusal::invalid("#/to", FaultCode::Required, "Give `to`, or days, hours and minutes")),
        }
    }
}

fn view(coalition: &coalitions::Coalition, now: Timestamp) -> Clock {
    Clock { mode: coalition.clock.mode(), now }
}

/// Read the clock
///
/// A live coalition's shows real time.
#[utoipa::path(tag = "Clock", responses((status = 200, description = "What the clock shows.", body = Clock)))]
#[get("/v1/clock")]
async fn get_clock(caller: Caller, ctx: Ctx) -> Answer {
    ctx.read(&caller, async |read| {
        let coalition: coalitions::Coalition = read.get(caller.coalition_id).await?;
        Ok(Reply::ok(&view(&coalition, read.now())))
    })
    .await
}

/// Set the test clock
///
/// Only in a sandbox, and only forward. What falls due on the way happens, in its order, each at its own instant.
#[utoipa::path(tag = "Clock", request_body = ClockSet, responses((status = 200, description = "What the clock now shows.", body = Clock)))]
#[put("/v1/clock")]
async fn set_clock(caller: Caller, ctx: Ctx, body: Body<ClockSet>) -> Answer {
    ctx.write_holding(ClockHold::Moving, &caller, body.conditions(), async |tx| {
        let to = body.input_as(|body| Ok(Move::To(body.now)));
        let coalition = workflow::clock::advance(tx, &caller.actor, Action::SetClock, &to).await?;
        Ok(Reply::ok(&view(&coalition, coalition.clock.read(tx.now()))))
    })
    .await
}

/// Advance the test clock
///
/// Only in a sandbox. What falls due on the way happens, in its order, each at its own instant.
#[utoipa::path(tag = "Clock", request_body = ClockAdvance, responses((status = 200, description = "What the clock now shows.", body = Clock)))]
#[post("/v1/clock/advance")]
async fn advance_clock(caller: Caller, ctx: Ctx, body: Body<ClockAdvance>) -> Answer {
    ctx.write_holding(ClockHold::Moving, &caller, body.conditions(), async |tx| {
        let to = body.input_as(Move::try_from);
        let coalition = workflow::clock::advance(tx, &caller.actor, Action::AdvanceClock, &to).await?;
        Ok(Reply::ok(&view(&coalition, coalition.clock.read(tx.now()))))
    })
    .await
}

/// Load the demo anew
///
/// Only in a sandbox that a demo made. What was in it is put out of reach, and its story is played again: everybody signs in anew.
#[utoipa::path(tag = "Clock", responses((status = 200, description = "What the new sandbox's clock shows.", body = Clock)))]
#[post("/v1/sandbox/reset")]
async fn reset_sandbox(caller: Caller, ctx: Ctx, conditions: Conditions) -> Answer {
    let coalition: coalitions::Coalition = ctx.load(&caller, caller.coalition_id).await?;
    if !demo::tells(coalition.slug.as_str()) {
        return Err(Problem::new(Code::PermissionDenied).detail("No demo tells this coalition's story"));
    }
    let retired = ctx.write(&caller, &conditions, async |tx| {
        workflow::coalitions::retire_sandbox(tx, &caller.actor).await?;
        Ok(Reply::nothing())
    });
    retired.await?;
    let now = demo::play_again(&ctx, coalition.slug.as_str()).await.map_err(|error| {
        tracing::error!(%error, "defect");
        Problem::new(Code::InternalError)
    })?;
    Ok(Reply::ok(&Clock { mode: ClockMode::Test, now }))
}

room!(get_clock, set_clock, advance_clock, reset_sandbox);
