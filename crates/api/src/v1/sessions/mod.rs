//! Sessions, as a cohort's people see them, and its facilitators plan them.

mod types;

use actix_web::web::Path;
use actix_web::{get, patch, post};
use cohortium_domain::access::Action;
use cohortium_domain::cohorts::Cohort;
use cohortium_domain::ids::{CohortId, SessionId};
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::sessions;
use cohortium_store::{Error, Read};
use cohortium_workflow as workflow;

use self::types::{
    Session, SessionCancel, SessionCreate, SessionGeneration, SessionHours, SessionPage, SessionUpdate, summary, view,
};
use super::room;
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::{Body, Conditions, Paging, Params};
use crate::reply::{Answer, Reply};

/// The answer: the session, as this caller may see it.
async fn reply(read: &Read, session: sessions::Session, caller: &Caller) -> Result<Reply, Error> {
    let cohort: Cohort = read.cohort(session.cohort_id).await?;
    let tie = workflow::sessions::tie(read, &cohort, &caller.actor).await?;
    Ok(Reply::thing(session.meta.version, &view(session, &tie, read.now())))
}

/// List a cohort's sessions
///
/// In the order in which they begin.
#[utoipa::path(tag = "Sessions", params(Paging), responses((status = 200, description = "Sessions.", body = SessionPage)))]
#[get("/v1/cohorts/{cohort_id}/sessions")]
async fn list_sessions(caller: Caller, ctx: Ctx, path: Path<CohortId>, paging: Params<Paging>) -> Answer {
    let request = paging.page(&ctx, false)?;
    ctx.read(&caller, async |read| {
        let cohort = read.cohort(*path).await?;
        let tie = workflow::sessions::tie(read, &cohort, &caller.actor).await?;
        workflow::sessions::require(&read.year(cohort.program_id).await?, &cohort, &tie, Action::ListSessions)?;
        Ok(paging.reply(&ctx, read.sessions(cohort.id, &request).await?, summary, SessionPage::new))
    })
    .await
}

/// Add a session
///
/// Beside those that the cohort's dates call for. The first kick-off session of a cohort is its kick-off: sign-up closes with it.
#[utoipa::path(tag = "Sessions", request_body = SessionCreate, responses((status = 201, description = "The new session.", body = Session)))]
#[post("/v1/cohorts/{cohort_id}/sessions")]
async fn create_session(caller: Caller, ctx: Ctx, path: Path<CohortId>, body: Body<SessionCreate>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let session = workflow::sessions::create(tx, &caller.actor, *path, &body.input()).await?;
        let location = format!("/v1/sessions/{}", session.id);
        Ok(Reply::created_at(location, reply(tx, session, &caller).await?))
    })
    .await
}

/// Generate a cohort's sessions
///
/// From its dates: the kick-off, trainings, calls and the close-out. Sent again, it adds only what is missing, and moves only what
/// follows a date that has moved; what somebody rescheduled or cancelled stays as it is.
#[utoipa::path(
    tag = "Sessions",
    request_body = Option<SessionHours>,
    responses((status = 200, description = "What was added or moved.", body = SessionGeneration))
)]
#[post("/v1/cohorts/{cohort_id}/sessions/generate")]
async fn generate_sessions(caller: Caller, ctx: Ctx, path: Path<CohortId>, body: Body<SessionHours>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let changed = workflow::sessions::generate_all(tx, &caller.actor, *path, &body.input()).await?;
        Ok(Reply::ok(&SessionGeneration::of(changed)))
    })
    .await
}

/// Read a session
#[utoipa::path(tag = "Sessions", responses((status = 200, description = "The session.", body = Session)))]
#[get("/v1/sessions/{session_id}")]
async fn get_session(caller: Caller, ctx: Ctx, path: Path<SessionId>) -> Answer {
    ctx.read(&caller, async |read| {
        let session: sessions::Session = read.get(*path).await?;
        let cohort = read.cohort(session.cohort_id).await?;
        let tie = workflow::sessions::tie(read, &cohort, &caller.actor).await?;
        tie.require(Action::GetSession, SubjectKind::Session)?;
        Ok(Reply::thing(session.meta.version, &view(session, &tie, read.now())))
    })
    .await
}

/// Change or reschedule a session
///
/// A merge patch (RFC 7396). Another day, time, zone or length needs a reason, and is kept.
#[utoipa::path(tag = "Sessions", request_body = SessionUpdate, responses((status = 200, description = "The session as it now is.", body = Session)))]
#[patch("/v1/sessions/{session_id}")]
async fn update_session(caller: Caller, ctx: Ctx, path: Path<SessionId>, body: Body<SessionUpdate>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let session = workflow::sessions::update(tx, &caller.actor, *path, &body.input()).await?;
        reply(tx, session, &caller).await
    })
    .await
}

/// Cancel a session
///
/// It cannot be taken back; another session can be added.
#[utoipa::path(tag = "Sessions", request_body = SessionCancel, responses((status = 200, description = "The session, cancelled.", body = Session)))]
#[post("/v1/sessions/{session_id}/cancel")]
async fn cancel_session(caller: Caller, ctx: Ctx, path: Path<SessionId>, body: Body<SessionCancel>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let reason = body.input_as(|body| Ok(body.reason));
        let session = workflow::sessions::cancel(tx, &caller.actor, *path, &reason).await?;
        reply(tx, session, &caller).await
    })
    .await
}

/// Mark a session as held
///
/// From its start on. What waited for it is due: the installments of the cohort's stipend.
#[utoipa::path(tag = "Sessions", responses((status = 200, description = "The session, held.", body = Session)))]
#[post("/v1/sessions/{session_id}/hold")]
async fn hold_session(caller: Caller, ctx: Ctx, path: Path<SessionId>, conditions: Conditions) -> Answer {
    ctx.write(&caller, &conditions, async |tx| {
        let session = workflow::sessions::hold(tx, &caller.actor, *path, conditions.precondition()).await?;
        reply(tx, session, &caller).await
    })
    .await
}

room!(list_sessions, create_session, generate_sessions, get_session, update_session, cancel_session, hold_session);
