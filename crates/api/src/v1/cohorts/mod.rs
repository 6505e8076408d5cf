//! Cohorts, as everybody finds them, staff make them and their people know each other.

mod roster;
mod types;

use actix_web::web::Path;
use actix_web::{get, patch, post};
use cohortium_domain::access::{Action, Tie};
use cohortium_domain::cohorts;
use cohortium_domain::ids::{CohortId, ProgramId};
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::meta::Precondition;
use cohortium_domain::people::Person;
use cohortium_store::{CohortFilter, Error, Page, Read, Tx};
use cohortium_workflow as workflow;
use cohortium_workflow::cohorts::{CohortChange, CohortWish, InYear, require};

use self::roster::{Roster, roster};
use self::types::{
    Cohort, CohortCancel, CohortCreate, CohortExtend, CohortMerge, CohortPage, CohortUpdate, CohortsQuery, WaitlistEntry,
    WaitlistPage, view,
};
pub(super) use self::types::{CohortEligibility, CohortSummary, facilitators, summary};
use super::room;
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::{Body, Conditions, Paging, Params};
use crate::reply::{Answer, Reply};

/// The answer: the cohort as it is now, as this caller may see it.
async fn reply(read: &Read, known: InYear, caller: &Caller) -> Result<Reply, Error> {
    let (cohort, _) = &known;
    let people = read.find_all::<Person>(cohort.facilitators.iter().copied()).await?;
    let commitments = workflow::applications::required(read, cohort.id).await?;
    Ok(Reply::thing(cohort.meta.version, &view(&known, &people, commitments, caller, read.now())))
}

/// A cohort that this caller may know of, and do this to.
async fn known(read: &Read, id: CohortId, caller: &Caller, action: Action) -> Result<InYear, Error> {
    let cohort = read.cohort(id).await?;
    let year = read.year(cohort.program_id).await?;
    require(&year, &cohort, &caller.actor, action)?;
    Ok((cohort, year))
}

/// List cohorts
///
/// Those of published programs, by title; staff see drafts too, and facilitators the ones that they lead.
#[utoipa::path(tag = "Cohorts", params(CohortsQuery, Paging), responses((status = 200, description = "Cohorts.", body = CohortPage)))]
#[get("/v1/cohorts")]
async fn list_cohorts(caller: Caller, ctx: Ctx, query: Params<CohortsQuery>, paging: Params<Paging>) -> Answer {
    let request = paging.page(&ctx, false)?;
    ctx.read(&caller, async |read| {
        let among = match caller.actor.person().filter(|_| query.mine == Some(true)) {
            Some(person) => Some([read.facilitated_by(person).await?, read.enrolled_in(person).await?].concat()),
            None => None,
        };
        let filter = CohortFilter { programs: query.program_id.clone(), among, q: query.q.as_ref().map(ToString::to_string) };
        let wanted = |cohort: &cohorts::Cohort, year: &cohorts::Year| {
            year.shows(cohort, &caller.actor) && query.wants(cohort, year, read.now())
        };
        let found = read.cohorts(&filter, &request, wanted).await?;
        let people = facilitators(read, &found.items).await?;
        let view = |(cohort, year): InYear| summary(&cohort, &year, &people, read.now());
        Ok(paging.reply(&ctx, found, view, CohortPage::new))
    })
    .await
}

/// Make a cohort
///
/// A draft, which only staff and its facilitators see.
#[utoipa::path(tag = "Cohorts", request_body = CohortCreate, responses((status = 201, description = "The new cohort.", body = Cohort)))]
#[post("/v1/programs/{program_id}/cohorts")]
async fn create_cohort(caller: Caller, ctx: Ctx, path: Path<ProgramId>, body: Body<CohortCreate>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let input = body.input_as(CohortWish::try_from);
        let made = workflow::cohorts::create(tx, &caller.actor, *path, &input).await?;
        let location = format!("/v1/cohorts/{}", made.0.id);
        Ok(Reply::created_at(location, reply(tx, made, &caller).await?))
    })
    .await
}

/// Read a cohort
///
/// Its seats, its sign-up and its state are as they are at this instant.
#[utoipa::path(tag = "Cohorts", responses((status = 200, description = "The cohort.", body = Cohort)))]
#[get("/v1/cohorts/{cohort_id}")]
async fn get_cohort(caller: Caller, ctx: Ctx, path: Path<CohortId>) -> Answer {
    ctx.read(&caller, async |read| reply(read, known(read, *path, &caller, Action::GetCohort).await?, &caller).await).await
}

/// Change a cohort
///
/// A merge patch (RFC 7396). A greater maximum lets in who waits.
#[utoipa::path(tag = "Cohorts", request_body = CohortUpdate, responses((status = 200, description = "The cohort as it now is.", body = Cohort)))]
#[patch("/v1/cohorts/{cohort_id}")]
async fn update_cohort(caller: Caller, ctx: Ctx, path: Path<CohortId>, body: Body<CohortUpdate>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let input = body.input_as(CohortChange::try_from);
        let changed = workflow::cohorts::update(tx, &caller.actor, *path, &input).await?;
        reply(tx, changed, &caller).await
    })
    .await
}

/// Publish a cohort
///
/// Everybody sees it then, and can sign up when sign-up opens.
#[utoipa::path(tag = "Cohorts", responses((status = 200, description = "The cohort, published.", body = Cohort)))]
#[post("/v1/cohorts/{cohort_id}/publish")]
async fn publish_cohort(caller: Caller, ctx: Ctx, path: Path<CohortId>, conditions: Conditions) -> Answer {
    let work = async |tx: &mut Tx, id, precondition| workflow::cohorts::publish(tx, &caller.actor, id, precondition).await;
    act(&caller, &ctx, *path, &conditions, work).await
}

/// Cancel a cohort
///
/// Its open applications are declined and its enrollments removed, with the cause `cohort_cancelled`. With `transfer_to_cohort_id`,
/// who holds a seat is offered one in that cohort, as long as seats are free there and its rules let the person in; who is enrolled
/// comes first. Each of them is mailed until when to confirm it.
#[utoipa::path(tag = "Cohorts", request_body = CohortCancel, responses((status = 200, description = "The cohort, cancelled.", body = Cohort)))]
#[post("/v1/cohorts/{cohort_id}/cancel")]
async fn cancel_cohort(caller: Caller, ctx: Ctx, path: Path<CohortId>, body: Body<CohortCancel>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let input = body.input();
        let cancelled = workflow::cohorts::cancel(tx, &caller.actor, *path, &input).await?;
        reply(tx, cancelled, &caller).await
    })
    .await
}

/// Give a cohort longer to find its people
///
/// While it is at risk: it is not again before the end of that day, which can be as late as that of its kick-off.
#[utoipa::path(tag = "Cohorts", request_body = CohortExtend, responses((status = 200, description = "The cohort, with its new soft deadline.", body = Cohort)))]
#[post("/v1/cohorts/{cohort_id}/extend")]
async fn extend_cohort(caller: Caller, ctx: Ctx, path: Path<CohortId>, body: Body<CohortExtend>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let extended = workflow::cohorts::extend(tx, &caller.actor, *path, &body.input()).await?;
        reply(tx, extended, &caller).await
    })
    .await
}

/// Merge a cohort into another
///
/// Before its kick-off; everybody goes on in the other, or nothing happens. Who holds a seat is offered one there, and takes part
/// by confirming the offer. Who waits goes on waiting, behind those who wait there already. Who is in both cohorts keeps the better
/// place. The cohort is cancelled then. Its facilitators are not moved. Whoever goes on is mailed how, and until when to confirm.
#[utoipa::path(tag = "Cohorts", request_body = CohortMerge, responses((status = 200, description = "The cohort, cancelled.", body = Cohort)))]
#[post("/v1/cohorts/{cohort_id}/merge")]
async fn merge_cohort(caller: Caller, ctx: Ctx, path: Path<CohortId>, body: Body<CohortMerge>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let merged = workflow::cohorts::merge(tx, &caller.actor, *path, &body.input()).await?;
        reply(tx, merged, &caller).await
    })
    .await
}

/// Start a cohort
///
/// Before its kick-off, by which it starts of its own accord. Sign-up closes: what is still open expires.
#[utoipa::path(tag = "Cohorts", responses((status = 200, description = "The cohort, in session.", body = Cohort)))]
#[post("/v1/cohorts/{cohort_id}/start")]
async fn start_cohort(caller: Caller, ctx: Ctx, path: Path<CohortId>, conditions: Conditions) -> Answer {
    let work = async |tx: &mut Tx, id, precondition| workflow::cohorts::start(tx, &caller.actor, id, precondition).await;
    act(&caller, &ctx, *path, &conditions, work).await
}

/// Complete a cohort
///
/// Its enrollments are completed with it.
#[utoipa::path(tag = "Cohorts", responses((status = 200, description = "The cohort, completed.", body = Cohort)))]
#[post("/v1/cohorts/{cohort_id}/complete")]
async fn complete_cohort(caller: Caller, ctx: Ctx, path: Path<CohortId>, conditions: Conditions) -> Answer {
    let work = async |tx: &mut Tx, id, precondition| workflow::cohorts::complete(tx, &caller.actor, id, precondition).await;
    act(&caller, &ctx, *path, &conditions, work).await
}

/// An action without a body.
async fn act(
    caller: &Caller,
    ctx: &Ctx,
    id: CohortId,
    conditions: &Conditions,
    work: impl AsyncFn(&mut Tx, CohortId, Precondition) -> Result<InYear, Error>,
) -> Answer {
    ctx.write(caller, conditions, async |tx| {
        let done = work(tx, id, conditions.precondition()).await?;
        reply(tx, done, caller).await
    })
    .await
}

/// Ask whether one may join a cohort
///
/// How each rule for joining is answered for you, with what would help where it is not met. The same rules are asked when you
/// submit, and again when you are offered a seat and confirm it.
#[utoipa::path(tag = "Cohorts", responses((status = 200, description = "The rules and their answers.", body = CohortEligibility)))]
#[get("/v1/cohorts/{cohort_id}/eligibility")]
async fn get_eligibility(caller: Caller, ctx: Ctx, path: Path<CohortId>) -> Answer {
    let person = caller.person()?;
    ctx.read(&caller, async |read| {
        let (cohort, year) = known(read, *path, &caller, Action::GetEligibility).await?;
        let eligibility = workflow::applications::eligibility(read, person, &cohort, &year).await?;
        Ok(Reply::ok(&CohortEligibility::from(eligibility)))
    })
    .await
}

/// Read the waitlist of a cohort
///
/// In its order. Once sign-up has closed nobody waits any more.
#[utoipa::path(tag = "Cohorts", params(Paging), responses((status = 200, description = "Who waits.", body = WaitlistPage)))]
#[get("/v1/cohorts/{cohort_id}/waitlist")]
async fn get_waitlist(caller: Caller, ctx: Ctx, path: Path<CohortId>, paging: Params<Paging>) -> Answer {
    let request = paging.page(&ctx, false)?;
    ctx.read(&caller, async |read| {
        let (cohort, year) = known(read, *path, &caller, Action::GetWaitlist).await?;
        let mut found = read.waitlist(cohort.id, &request).await?;
        if year.window(&cohort).is_none_or(|window| read.now() >= window.closes_at) {
            found = Page { items: Vec::new(), next: None, total: found.total.map(|_| 0) };
        }
        let people = read.find_all::<Person>(found.items.iter().map(|application| application.person_id)).await?;
        let first = read.waitlist_positions(found.items.first().map(|first| first.id)).await?.into_values().next().unwrap_or(1);
        let positions = found.items.iter().map(|application| application.id).zip(first..).collect();
        let entry = |application| WaitlistEntry::of(&application, &people, &positions);
        let page =
            |items: Vec<Option<WaitlistEntry>>, next, total| WaitlistPage::new(items.into_iter().flatten().collect(), next, total);
        Ok(paging.reply(&ctx, found, entry, page))
    })
    .await
}

/// Read who belongs to a cohort
///
/// Its facilitators, and who takes part; for who runs it, also how full it is.
#[utoipa::path(tag = "Cohorts", responses((status = 200, description = "The people of the cohort.", body = Roster)))]
#[get("/v1/cohorts/{cohort_id}/roster")]
async fn get_roster(caller: Caller, ctx: Ctx, path: Path<CohortId>) -> Answer {
    ctx.read(&caller, async |read| {
        let (cohort, year) = known(read, *path, &caller, Action::GetCohort).await?;
        let enrolled = match caller.actor.person() {
            Some(person) => read.belongs_to(cohort.id, person).await?,
            None => false,
        };
        Tie { enrolled, ..cohort.tie(&caller.actor) }.require(Action::GetRoster, SubjectKind::Cohort)?;
        let runs_it = cohort.tie(&caller.actor).allows(Action::GetWaitlist);
        Ok(Reply::ok(&roster(read, &cohort, &year, runs_it).await?))
    })
    .await
}

room!(
    list_cohorts,
    create_cohort,
    get_cohort,
    update_cohort,
    publish_cohort,
    extend_cohort,
    cancel_cohort,
    merge_cohort,
    start_cohort,
    complete_cohort,
    get_eligibility,
    get_waitlist,
    get_roster,
);
