//! Enrollments: applications from `enrolled` on, with the same id.

use actix_web::web::Path;
use actix_web::{get, post};
use cohortium_domain::access::{Action, Scope};
use cohortium_domain::applications::Application;
use cohortium_domain::ids::ApplicationId;
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::refusal::Refusal;
use cohortium_store::{ApplicationFilter, Error, Page, PageRequest, Read};
use cohortium_workflow as workflow;
use cohortium_workflow::applications::{InCohort, tie};

use super::applications::types::{
    ApplicationSort, Enrollment, EnrollmentPage, EnrollmentRemove, EnrollmentSummary, EnrollmentsQuery, enrollment,
    enrollment_summary,
};
use super::applications::{descending, placed};
use super::room;
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::{Body, Conditions, Paging, Params};
use crate::reply::{Answer, Reply};

/// The answer: the enrollment, as this caller may see it. An application that never became one is none.
fn reply(found: &InCohort, caller: &Caller) -> Result<Reply, Error> {
    let tie = tie(&found.application, &found.cohort, &caller.actor);
    let view = enrollment(&found.application, &tie).ok_or(Refusal::Hidden("enrollment"))?;
    Ok(Reply::thing(found.application.meta.version, &view))
}

async fn found(
    read: &Read,
    filter: &ApplicationFilter,
    sort: Option<ApplicationSort>,
    request: &PageRequest,
) -> Result<Page<Application>, Error> {
    let (order, _) = sort.unwrap_or(ApplicationSort::CreatedAtDescending).order();
    read.applications(filter, order, request).await
}

fn page(items: Vec<Option<EnrollmentSummary>>, next: Option<String>, total: Option<u64>) -> EnrollmentPage {
    EnrollmentPage::new(items.into_iter().flatten().collect(), next, total)
}

/// List one's own enrollments
#[utoipa::path(tag = "Enrollments", params(EnrollmentsQuery, Paging), responses((status = 200, description = "Your enrollments.", body = EnrollmentPage)))]
#[get("/v1/me/enrollments")]
async fn list_my_enrollments(caller: Caller, ctx: Ctx, query: Params<EnrollmentsQuery>, paging: Params<Paging>) -> Answer {
    let (person, request) = (caller.person()?, paging.page(&ctx, descending(query.sort))?);
    ctx.read(&caller, async |read| {
        let filter = query.filter(ApplicationFilter::of(Scope::Own(person)));
        let found = found(read, &filter, query.sort, &request).await?;
        Ok(paging.reply(&ctx, found, |application| enrollment_summary(&application), page))
    })
    .await
}

/// List enrollments
///
/// Those that are, and those that were.
#[utoipa::path(tag = "Enrollments", params(EnrollmentsQuery, Paging), responses((status = 200, description = "Enrollments.", body = EnrollmentPage)))]
#[get("/v1/enrollments")]
async fn list_enrollments(caller: Caller, ctx: Ctx, query: Params<EnrollmentsQuery>, paging: Params<Paging>) -> Answer {
    let request = paging.page(&ctx, descending(query.sort))?;
    ctx.read(&caller, async |read| {
        let filter = query.filter(ApplicationFilter::of(Scope::All));
        let found = found(read, &filter, query.sort, &request).await?;
        Ok(paging.reply(&ctx, found, |application| enrollment_summary(&application), page))
    })
    .await
}

/// Read an enrollment
#[utoipa::path(tag = "Enrollments", responses((status = 200, description = "The enrollment.", body = Enrollment)))]
#[get("/v1/enrollments/{enrollment_id}")]
async fn get_enrollment(caller: Caller, ctx: Ctx, path: Path<ApplicationId>) -> Answer {
    ctx.read(&caller, async |read| {
        let found = placed(read, read.get(*path).await?).await?;
        tie(&found.application, &found.cohort, &caller.actor).require(Action::GetEnrollment, SubjectKind::Application)?;
        reply(&found, &caller)
    })
    .await
}

/// Leave a cohort
///
/// Before its kick-off the seat goes to whoever waits.
#[utoipa::path(tag = "Enrollments", responses((status = 200, description = "The enrollment, withdrawn.", body = Enrollment)))]
#[post("/v1/enrollments/{enrollment_id}/withdraw")]
async fn withdraw_enrollment(caller: Caller, ctx: Ctx, path: Path<ApplicationId>, conditions: Conditions) -> Answer {
    ctx.write(&caller, &conditions, async |tx| {
        let left = workflow::applications::leave(tx, &caller.actor, *path, conditions.precondition()).await?;
        reply(&left, &caller)
    })
    .await
}

/// Remove a person from a cohort
///
/// With a reason. Before the kick-off the seat goes to whoever waits.
#[utoipa::path(tag = "Enrollments", request_body = EnrollmentRemove, responses((status = 200, description = "The enrollment, removed.", body = Enrollment)))]
#[post("/v1/enrollments/{enrollment_id}/remove")]
async fn remove_enrollment(caller: Caller, ctx: Ctx, path: Path<ApplicationId>, body: Body<EnrollmentRemove>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let input = body.input_as(|body| Ok(body.reason));
        let removed = workflow::applications::remove(tx, &caller.actor, *path, &input).await?;
        reply(&removed, &caller)
    })
    .await
}

room!(list_my_enrollments, list_enrollments, get_enrollment, withdraw_enrollment, remove_enrollment);
