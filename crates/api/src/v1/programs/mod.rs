//! Programs, as staff run them and everybody reads them.

mod types;

use actix_web::web::Path;
use actix_web::{get, patch, post};
use cohortium_domain::access::Action;
use cohortium_domain::ids::ProgramId;
use cohortium_domain::programs;
use cohortium_store::{Error, Page, Read};
use cohortium_workflow as workflow;

pub(super) use self::types::{Capacity, CapacityChange, ProgramSummary, summary};
use self::types::{Program, ProgramCancel, ProgramCreate, ProgramPage, ProgramSort, ProgramUpdate, ProgramsQuery, view};
use super::room;
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::{Body, Conditions, Paging, Params};
use crate::reply::{Answer, Reply};

async fn reply(read: &Read, program: programs::Program, caller: &Caller) -> Result<Reply, Error> {
    let course = read.course(program).await?;
    Ok(Reply::thing(course.program.meta.version, &view(&course, read.now(), caller)))
}

/// List programs
///
/// The programs of the coalition. Those that are not published yet are there for staff alone.
#[utoipa::path(tag = "Programs", params(ProgramsQuery, Paging), responses((status = 200, description = "Programs.", body = ProgramPage)))]
#[get("/v1/programs")]
async fn list_programs(caller: Caller, ctx: Ctx, query: Params<ProgramsQuery>, paging: Params<Paging>) -> Answer {
    let (order, descending) = query.sort.unwrap_or(ProgramSort::SchoolYearDescending).order();
    let request = paging.page(&ctx, descending)?;
    ctx.read(&caller, async |read| {
        let found = read.programs(!caller.actor.staff(), order, &request).await?;
        let courses = read.courses(found.items).await?;
        let found = Page { items: courses, next: found.next, total: found.total };
        Ok(paging.reply(&ctx, found, |course| summary(&course, read.now()), ProgramPage::new))
    })
    .await
}

/// Make a program
///
/// As a draft, without a timeline: plan that next.
#[utoipa::path(tag = "Programs", request_body = ProgramCreate, responses((status = 201, description = "The new program.", body = Program)))]
#[post("/v1/programs")]
async fn create_program(caller: Caller, ctx: Ctx, body: Body<ProgramCreate>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let program = workflow::programs::create(tx, &caller.actor, &body.input()).await?;
        let location = format!("/v1/programs/{}", program.id);
        Ok(Reply::created_at(location, reply(tx, program, &caller).await?))
    })
    .await
}

/// Read a program
#[utoipa::path(tag = "Programs", responses((status = 200, description = "The program.", body = Program)))]
#[get("/v1/programs/{program_id}")]
async fn get_program(caller: Caller, ctx: Ctx, path: Path<ProgramId>) -> Answer {
    ctx.read(&caller, async |read| {
        let program: programs::Program = read.get(*path).await?;
        program.require(&caller.actor, Action::GetProgram)?;
        reply(read, program, &caller).await
    })
    .await
}

/// Change a program
///
/// A merge patch (RFC 7396). What the dates and the states of applications follow from is settled when the program is published.
#[utoipa::path(tag = "Programs", request_body = ProgramUpdate, responses((status = 200, description = "The program as it now is.", body = Program)))]
#[patch("/v1/programs/{program_id}")]
async fn update_program(caller: Caller, ctx: Ctx, path: Path<ProgramId>, body: Body<ProgramUpdate>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let program = workflow::programs::update(tx, &caller.actor, *path, &body.input()).await?;
        reply(tx, program, &caller).await
    })
    .await
}

/// Publish a program
///
/// Its timeline must be complete and in order. From then on everybody sees it.
#[utoipa::path(tag = "Programs", responses((status = 200, description = "The program as it now is.", body = Program)))]
#[post("/v1/programs/{program_id}/publish")]
async fn publish_program(caller: Caller, ctx: Ctx, path: Path<ProgramId>, conditions: Conditions) -> Answer {
    ctx.write(&caller, &conditions, async |tx| {
        let program = workflow::programs::publish(tx, &caller.actor, *path, conditions.precondition()).await?;
        reply(tx, program, &caller).await
    })
    .await
}

/// Finalize the offerings of a program
///
/// When every proposal is decided, and every accepted one confirmed or declined: at once, and once, each confirmed proposal becomes
/// a published cohort, with its author as facilitator and with its sessions.
#[utoipa::path(tag = "Programs", responses((status = 200, description = "The program as it now is.", body = Program)))]
#[post("/v1/programs/{program_id}/finalize-offerings")]
async fn finalize_offerings(caller: Caller, ctx: Ctx, path: Path<ProgramId>, conditions: Conditions) -> Answer {
    ctx.write(&caller, &conditions, async |tx| {
        let program = workflow::proposals::finalize_offerings(tx, &caller.actor, *path, conditions.precondition()).await?;
        reply(tx, program, &caller).await
    })
    .await
}

/// Close a program
///
/// Before its time, or for good after it: sign-up to its cohorts closes with it.
#[utoipa::path(tag = "Programs", responses((status = 200, description = "The program as it now is.", body = Program)))]
#[post("/v1/programs/{program_id}/close")]
async fn close_program(caller: Caller, ctx: Ctx, path: Path<ProgramId>, conditions: Conditions) -> Answer {
    ctx.write(&caller, &conditions, async |tx| {
        let program = workflow::programs::close(tx, &caller.actor, *path, conditions.precondition()).await?;
        reply(tx, program, &caller).await
    })
    .await
}

/// Cancel a program
///
/// Calls the whole year off. It cannot be taken back.
#[utoipa::path(tag = "Programs", request_body = ProgramCancel, responses((status = 200, description = "The program as it now is.", body = Program)))]
#[post("/v1/programs/{program_id}/cancel")]
async fn cancel_program(caller: Caller, ctx: Ctx, path: Path<ProgramId>, body: Body<ProgramCancel>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let reason = body.input_as(|body| Ok(body.reason));
        let program = workflow::programs::cancel(tx, &caller.actor, *path, &reason).await?;
        reply(tx, program, &caller).await
    })
    .await
}

room!(
    list_programs,
    create_program,
    get_program,
    update_program,
    publish_program,
    finalize_offerings,
    close_program,
    cancel_program,
);
