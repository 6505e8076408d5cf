//! Applications, and the enrollments that they become.

pub(super) mod types;

use actix_web::web::Path;
use actix_web::{get, patch, post};
use cohortium_domain::access::{Action, Actor, Scope};
use cohortium_domain::applications as domain;
use cohortium_domain::ids::{ApplicationId, CohortId};
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::meta::Precondition;
use cohortium_store::{ApplicationFilter, Error, Page, PageRequest, Read, Tx};
use cohortium_workflow as workflow;
use cohortium_workflow::applications::{InCohort, tie};

use self::types::{
    Application, ApplicationConfirm, ApplicationCreate, ApplicationDecline, ApplicationPage, ApplicationSort, ApplicationTransfer,
    ApplicationUpdate, ApplicationsQuery, ListedApplication, summary, view,
};
use super::room;
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::{Body, Conditions, Paging, Params};
use crate::reply::{Answer, Reply};

/// The answer: the application as it is now, as this caller may see it.
pub(super) async fn reply(read: &Read, found: InCohort, caller: &Caller) -> Result<Reply, Error> {
    let InCohort { application, cohort, year } = found;
    let signup = year.signup(&cohort);
    let version = application.meta.version;
    let now_application = match &signup {
        Some(signup) => application.as_of(signup, read.now()),
        None => application,
    };
    let waits = now_application.standing.place().is_some();
    let positions = read.waitlist_positions(waits.then_some(now_application.id)).await?;
    let tie = tie(&now_application, &cohort, &caller.actor);
    Ok(Reply::thing(version, &view(&now_application, &positions, signup.as_ref(), &tie, read.now())))
}

/// An application with the cohort and the year by which it is read.
pub(super) async fn placed(read: &Read, application: domain::Application) -> Result<InCohort, Error> {
    let cohort = read.cohort(application.cohort_id).await?;
    let year = read.year(cohort.program_id).await?;
    Ok(InCohort { application, cohort, year })
}

/// A page of applications as they are now, whether or not a job has written it down.
async fn as_they_are(
    read: &Read,
    actor: &Actor,
    filter: &ApplicationFilter,
    sort: Option<ApplicationSort>,
    request: &PageRequest,
) -> Result<Page<ListedApplication>, Error> {
    let (order, _) = sort.unwrap_or(ApplicationSort::CreatedAtDescending).order();
    let found = read.applications(filter, order, request).await?;
    let cohorts = read.cohorts_by_id(found.items.iter().map(|application| application.cohort_id)).await?;
    let years = read.years(cohorts.values().map(|cohort| cohort.program_id)).await?;
    let waiting = found.items.iter().filter(|application| application.standing.place().is_some());
    let positions = read.waitlist_positions(waiting.map(|application| application.id)).await?;
    let signup = |cohort: CohortId| {
        let cohort = cohorts.get(&cohort)?;
        years.get(&cohort.program_id)?.signup(cohort)
    };
    // A facilitator is not told that others would be liked better.
    let told = found.items.iter().filter(|application| actor.staff() || actor.is(application.person_id));
    let choices = read.choices_among(told.map(|application| application.person_id).collect(), cohorts.keys().copied()).await?;
    Ok(found.map(|application| ListedApplication {
        choice: choices.get(&(application.person_id, application.cohort_id)).copied(),
        summary: match signup(application.cohort_id) {
            Some(signup) => summary(&application.as_of(&signup, read.now()), &positions),
            None => summary(&application, &positions),
        },
    }))
}

pub(super) fn descending(sort: Option<ApplicationSort>) -> bool {
    sort.unwrap_or(ApplicationSort::CreatedAtDescending).order().1
}

/// Which applications this caller sees.
async fn scope(read: &Read, actor: &Actor) -> Result<Scope, Error> {
    Ok(match actor.person().filter(|_| !actor.staff()) {
        Some(person) => Scope::Cohorts(read.facilitated_by(person).await?),
        None => Scope::All,
    })
}

/// Begin an application
///
/// A draft of your own, or, with `submit`, one that is sent at once: what is said of sending one holds for it then.
#[utoipa::path(tag = "Applications", request_body = ApplicationCreate, responses((status = 201, description = "The new application.", body = Application)))]
#[post("/v1/cohorts/{cohort_id}/applications")]
async fn create_application(caller: Caller, ctx: Ctx, path: Path<CohortId>, body: Body<ApplicationCreate>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let made = workflow::applications::create(tx, &caller.actor, *path, &body.input()).await?;
        let location = format!("/v1/applications/{}", made.application.id);
        Ok(Reply::created_at(location, reply(tx, made, &caller).await?))
    })
    .await
}

/// List one's own applications
#[utoipa::path(tag = "Applications", params(ApplicationsQuery, Paging), responses((status = 200, description = "Your applications.", body = ApplicationPage)))]
#[get("/v1/me/applications")]
async fn list_my_applications(caller: Caller, ctx: Ctx, query: Params<ApplicationsQuery>, paging: Params<Paging>) -> Answer {
    let (person, request) = (caller.person()?, paging.page(&ctx, descending(query.sort))?);
    ctx.read(&caller, async |read| {
        let filter = query.filter(ApplicationFilter::of(Scope::Own(person)));
        let found = as_they_are(read, &caller.actor, &filter, query.sort, &request).await?;
        Ok(paging.reply(&ctx, found, |summary| summary, ApplicationPage::new))
    })
    .await
}

/// List applications
///
/// Facilitators see those to the cohorts that they lead.
#[utoipa::path(tag = "Applications", params(ApplicationsQuery, Paging), responses((status = 200, description = "Applications.", body = ApplicationPage)))]
#[get("/v1/applications")]
async fn list_applications(caller: Caller, ctx: Ctx, query: Params<ApplicationsQuery>, paging: Params<Paging>) -> Answer {
    let request = paging.page(&ctx, descending(query.sort))?;
    ctx.read(&caller, async |read| {
        let filter = query.filter(ApplicationFilter::of(scope(read, &caller.actor).await?));
        let found = as_they_are(read, &caller.actor, &filter, query.sort, &request).await?;
        Ok(paging.reply(&ctx, found, |summary| summary, ApplicationPage::new))
    })
    .await
}

/// Read an application
#[utoipa::path(tag = "Applications", responses((status = 200, description = "The application.", body = Application)))]
#[get("/v1/applications/{application_id}")]
async fn get_application(caller: Caller, ctx: Ctx, path: Path<ApplicationId>) -> Answer {
    ctx.read(&caller, async |read| {
        let found = placed(read, read.get(*path).await?).await?;
        tie(&found.application, &found.cohort, &caller.actor).require(Action::GetApplication, SubjectKind::Application)?;
        reply(read, found, &caller).await
    })
    .await
}

/// Change an application
///
/// All of a draft; of what was sent, the answers to questions that are not frozen, judged at once by the form that they answer. A
/// merge patch (RFC 7396).
#[utoipa::path(tag = "Applications", request_body = ApplicationUpdate, responses((status = 200, description = "The application as it now is.", body = Application)))]
#[patch("/v1/applications/{application_id}")]
async fn update_application(caller: Caller, ctx: Ctx, path: Path<ApplicationId>, body: Body<ApplicationUpdate>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let changed = workflow::applications::update(tx, &caller.actor, *path, &body.input()).await?;
        reply(tx, changed, &caller).await
    })
    .await
}

/// Send an application
///
/// Where seats go to who comes first, it takes a seat with it: for good when the employment is verified, else for as long as the
/// program holds one; without a free seat it waits. Where applications are reviewed, it is there to be decided about.
#[utoipa::path(tag = "Applications", responses((status = 200, description = "The application, sent.", body = Application)))]
#[post("/v1/applications/{application_id}/submit")]
async fn submit_application(caller: Caller, ctx: Ctx, path: Path<ApplicationId>, conditions: Conditions) -> Answer {
    let work = async |tx: &mut Tx, id, precondition| workflow::applications::submit(tx, &caller.actor, id, precondition).await;
    act(&caller, &ctx, *path, &conditions, work).await
}

/// Withdraw an application
///
/// Also from the waitlist; a seat that it held goes to whoever waits.
#[utoipa::path(tag = "Applications", responses((status = 200, description = "The application, withdrawn.", body = Application)))]
#[post("/v1/applications/{application_id}/withdraw")]
async fn withdraw_application(caller: Caller, ctx: Ctx, path: Path<ApplicationId>, conditions: Conditions) -> Answer {
    let work = async |tx: &mut Tx, id, precondition| workflow::applications::withdraw(tx, &caller.actor, id, precondition).await;
    act(&caller, &ctx, *path, &conditions, work).await
}

/// Confirm an offer
///
/// Until `offer_expires_at`. The rules for joining, the verification and every commitment must be as they must be now. A place in
/// another cohort for which the offer was made is given up, and so is what else was offered for that place.
#[utoipa::path(tag = "Applications", request_body = Option<ApplicationConfirm>, responses((status = 200, description = "The application, enrolled.", body = Application)))]
#[post("/v1/applications/{application_id}/confirm")]
async fn confirm_application(caller: Caller, ctx: Ctx, path: Path<ApplicationId>, body: Body<ApplicationConfirm>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let confirmed = workflow::applications::confirm(tx, &caller.actor, *path, &body.input()).await?;
        reply(tx, confirmed, &caller).await
    })
    .await
}

/// Offer a seat
///
/// It stands for the program's number of days, and is held meanwhile. Seats that come free go to whoever waits first.
#[utoipa::path(tag = "Applications", responses((status = 200, description = "The application, offered a seat.", body = Application)))]
#[post("/v1/applications/{application_id}/offer")]
async fn offer_application(caller: Caller, ctx: Ctx, path: Path<ApplicationId>, conditions: Conditions) -> Answer {
    let work = async |tx: &mut Tx, id, precondition| workflow::applications::offer(tx, &caller.actor, id, precondition).await;
    act(&caller, &ctx, *path, &conditions, work).await
}

/// Put an application on the waitlist
///
/// At its end. Where a seat is free and nothing else stands in the way, its turn comes at once.
#[utoipa::path(tag = "Applications", responses((status = 200, description = "The application, waiting or offered a seat.", body = Application)))]
#[post("/v1/applications/{application_id}/waitlist")]
async fn waitlist_application(caller: Caller, ctx: Ctx, path: Path<ApplicationId>, conditions: Conditions) -> Answer {
    let work =
        async |tx: &mut Tx, id, precondition| workflow::applications::put_on_waitlist(tx, &caller.actor, id, precondition).await;
    act(&caller, &ctx, *path, &conditions, work).await
}

/// Decline an application
///
/// The person is told the reason.
#[utoipa::path(tag = "Applications", request_body = ApplicationDecline, responses((status = 200, description = "The application, declined.", body = Application)))]
#[post("/v1/applications/{application_id}/decline")]
async fn decline_application(caller: Caller, ctx: Ctx, path: Path<ApplicationId>, body: Body<ApplicationDecline>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let declined = workflow::applications::decline(tx, &caller.actor, *path, &body.input()).await?;
        reply(tx, declined, &caller).await
    })
    .await
}

/// Transfer an application or an enrollment
///
/// Offers the person a place in another cohort of the program, which holds a seat there as every offer does. The answer is that
/// offer: an application of its own, with the answers of the first. When the person confirms it, the first is `transferred`; when
/// it lapses or is withdrawn, the first stands. The person is mailed until when to confirm it.
#[utoipa::path(tag = "Applications", request_body = ApplicationTransfer, responses((status = 201, description = "The offer in the other cohort.", body = Application)))]
#[post("/v1/applications/{application_id}/transfer")]
async fn transfer_application(caller: Caller, ctx: Ctx, path: Path<ApplicationId>, body: Body<ApplicationTransfer>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let offered = workflow::applications::transfer(tx, &caller.actor, *path, &body.input()).await?;
        let location = format!("/v1/applications/{}", offered.application.id);
        Ok(Reply::created_at(location, reply(tx, offered, &caller).await?))
    })
    .await
}

/// An action without a body.
async fn act(
    caller: &Caller,
    ctx: &Ctx,
    id: ApplicationId,
    conditions: &Conditions,
    work: impl AsyncFn(&mut Tx, ApplicationId, Precondition) -> Result<InCohort, Error>,
) -> Answer {
    ctx.write(caller, conditions, async |tx| {
        let done = work(tx, id, conditions.precondition()).await?;
        reply(tx, done, caller).await
    })
    .await
}

room!(
    create_application,
    list_my_applications,
    list_applications,
    get_application,
    update_application,
    submit_application,
    withdraw_application,
    confirm_application,
    offer_application,
    waitlist_application,
    decline_application,
    transfer_application,
);
