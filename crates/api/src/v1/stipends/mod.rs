//! Stipends: what those who lead a cohort are paid, as staff, the payees and the coalition's CRM see it.

mod ledger;
mod types;

use actix_web::http::header;
use actix_web::web::Path;
use actix_web::{get, patch, post, put};
use cohortium_domain::access::{Action, Tie};
use cohortium_domain::ids::{CohortId, InstallmentId, ProgramId, StipendId};
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::programs::Program;
use cohortium_domain::stipends;
use cohortium_store::{Error, InstallmentFilter, Read};
use cohortium_workflow as workflow;
use utoipa::ToSchema;

use self::types::{
    LedgerQuery, Stipend, StipendInstallment, StipendPage, StipendPayment, StipendPlan, StipendPlanReplace, StipendUpdate,
    StipendVoid, StipendsQuery, installment_view, plan_view, summary, view,
};
use super::room;
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::{Body, Conditions, Paging, Params};
use crate::reply::{Answer, Reply};
use crate::spreadsheet;

/// A list as CSV (RFC 4180).
#[derive(ToSchema)]
#[schema(max_length = 200_000_000, example = "installment_id,stipend_id,program\r\n")]
struct StipendLedgerFile(#[expect(dead_code, reason = "it stands for a body that is not JSON")] String);

/// The answer: the stipend, as this caller may see it.
fn reply((stipend, installments): workflow::stipends::Agreement, caller: &Caller) -> Reply {
    Reply::thing(stipend.meta.version, &view(stipend, installments, caller))
}

/// The answer: the installment.
fn installment_reply((stipend, installment): (stipends::Stipend, stipends::Installment), caller: &Caller) -> Reply {
    Reply::thing(installment.meta.version, &installment_view(&stipend, installment, caller))
}

async fn list(caller: &Caller, ctx: &Ctx, filter: InstallmentFilter, paging: &Params<Paging>) -> Answer {
    let request = paging.page(ctx, false)?;
    ctx.read(caller, async |read: &Read| {
        let found = read.stipends(&filter, &request).await?;
        let installments = read.installments_of(found.items.iter().map(|stipend| stipend.id), &filter).await?;
        let ledgers = read.stipend_ledgers(&filter).await?;
        let page = |items, next_cursor, total| StipendPage { items, next_cursor, total, ledgers };
        Ok::<_, Error>(paging.reply(ctx, found, |stipend| summary(stipend, &installments), page))
    })
    .await
}

/// Read a program's stipend plan
///
/// What is paid for each cohort, and after what.
#[utoipa::path(tag = "Programs", responses((status = 200, description = "The plan.", body = StipendPlan)))]
#[get("/v1/programs/{program_id}/stipend-plan")]
async fn get_stipend_plan(caller: Caller, ctx: Ctx, path: Path<ProgramId>) -> Answer {
    ctx.read(&caller, async |read| {
        let program: Program = read.get(*path).await?;
        program.require(&caller.actor, Action::GetStipendPlan)?;
        let plan: stipends::StipendPlan = read.program_document(program.id).await?;
        Ok(Reply::thing(plan.meta.version, &plan_view(plan, &caller)))
    })
    .await
}

/// Replace a program's stipend plan
///
/// The installments come to the amount. When the offerings are made final, each cohort gets an agreement by the plan as it then is;
/// a later plan does not change it.
#[utoipa::path(
    tag = "Programs",
    request_body = StipendPlanReplace,
    responses((status = 200, description = "The plan as it now is.", body = StipendPlan))
)]
#[put("/v1/programs/{program_id}/stipend-plan")]
async fn replace_stipend_plan(caller: Caller, ctx: Ctx, path: Path<ProgramId>, body: Body<StipendPlanReplace>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let terms = body.input_as(StipendPlanReplace::terms);
        let plan = workflow::program_documents::replace_stipend_plan(tx, &caller.actor, *path, &terms).await?;
        Ok(Reply::thing(plan.meta.version, &plan_view(plan, &caller)))
    })
    .await
}

/// Make the stipend agreement for a cohort
///
/// By the program's plan, in equal shares for those who lead the cohort. Cohorts that come of proposals have one when the offerings
/// are made final.
#[utoipa::path(tag = "Stipends", responses((status = 201, description = "The new stipend.", body = Stipend)))]
#[post("/v1/cohorts/{cohort_id}/stipend")]
async fn create_stipend(caller: Caller, ctx: Ctx, path: Path<CohortId>, conditions: Conditions) -> Answer {
    ctx.write(&caller, &conditions, async |tx| {
        let agreement = workflow::stipends::create(tx, &caller.actor, *path).await?;
        Ok(Reply::created_at(format!("/v1/stipends/{}", agreement.0.id), reply(agreement, &caller)))
    })
    .await
}

/// List stipends
///
/// The oldest first, with what they come to: the sums count the installments that were asked for.
#[utoipa::path(tag = "Stipends", params(StipendsQuery, Paging), responses((status = 200, description = "Stipends.", body = StipendPage)))]
#[get("/v1/stipends")]
async fn list_stipends(caller: Caller, ctx: Ctx, query: Params<StipendsQuery>, paging: Params<Paging>) -> Answer {
    list(&caller, &ctx, query.filter(), &paging).await
}

/// List one's own stipends
///
/// Those of which one is paid, with what one is paid oneself.
#[utoipa::path(tag = "Stipends", params(Paging), responses((status = 200, description = "Stipends.", body = StipendPage)))]
#[get("/v1/me/stipends")]
async fn list_my_stipends(caller: Caller, ctx: Ctx, paging: Params<Paging>) -> Answer {
    let filter = InstallmentFilter { person_id: Some(caller.person()?), ..InstallmentFilter::default() };
    list(&caller, &ctx, filter, &paging).await
}

/// Read a stipend
///
/// Of one that several share, a payee sees their own installments alone.
#[utoipa::path(tag = "Stipends", responses((status = 200, description = "The stipend.", body = Stipend)))]
#[get("/v1/stipends/{stipend_id}")]
async fn get_stipend(caller: Caller, ctx: Ctx, path: Path<StipendId>) -> Answer {
    ctx.read(&caller, async |read| {
        let stipend: stipends::Stipend = read.get(*path).await?;
        stipend.tie(&caller.actor).require(Action::GetStipend, SubjectKind::Stipend)?;
        let installments = read.installments_of([stipend.id], &InstallmentFilter::default()).await?;
        Ok(reply((stipend, installments), &caller))
    })
    .await
}

/// Share a stipend otherwise
///
/// As long as nothing of it was approved, paid or voided. Every installment is parted anew, to the cent.
#[utoipa::path(tag = "Stipends", request_body = StipendUpdate, responses((status = 200, description = "The stipend as it now is.", body = Stipend)))]
#[patch("/v1/stipends/{stipend_id}")]
async fn update_stipend(caller: Caller, ctx: Ctx, path: Path<StipendId>, body: Body<StipendUpdate>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        Ok(reply(workflow::stipends::share(tx, &caller.actor, *path, &body.input()).await?, &caller))
    })
    .await
}

/// Read an installment
#[utoipa::path(tag = "Stipends", responses((status = 200, description = "The installment.", body = StipendInstallment)))]
#[get("/v1/stipend-installments/{stipend_installment_id}")]
async fn get_stipend_installment(caller: Caller, ctx: Ctx, path: Path<InstallmentId>) -> Answer {
    ctx.read(&caller, async |read| {
        let installment: stipends::Installment = read.get(*path).await?;
        let tie = Tie::to_person(&caller.actor, installment.payee_id);
        tie.require(Action::GetStipendInstallment, SubjectKind::StipendInstallment)?;
        let stipend = read.get(installment.stipend_id).await?;
        Ok(installment_reply((stipend, installment), &caller))
    })
    .await
}

/// Approve an installment
///
/// Once it is due. Neither a payee of the same stipend approves it, nor who marked the session as held or completed the cohort.
#[utoipa::path(tag = "Stipends", responses((status = 200, description = "The installment, approved.", body = StipendInstallment)))]
#[post("/v1/stipend-installments/{stipend_installment_id}/approve")]
async fn approve_stipend_installment(caller: Caller, ctx: Ctx, path: Path<InstallmentId>, conditions: Conditions) -> Answer {
    ctx.write(&caller, &conditions, async |tx| {
        let done = workflow::stipends::approve(tx, &caller.actor, *path, conditions.precondition()).await?;
        Ok(installment_reply(done, &caller))
    })
    .await
}

/// Write down that an installment was paid
///
/// It cannot be taken back. The payee has a tax form on file that was good on the day, is told by mail, and is somebody else than
/// you.
#[utoipa::path(
    tag = "Stipends",
    request_body = StipendPayment,
    responses((status = 200, description = "The installment, paid.", body = StipendInstallment))
)]
#[post("/v1/stipend-installments/{stipend_installment_id}/pay")]
async fn pay_stipend_installment(caller: Caller, ctx: Ctx, path: Path<InstallmentId>, body: Body<StipendPayment>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        Ok(installment_reply(workflow::stipends::pay(tx, &caller.actor, *path, &body.input()).await?, &caller))
    })
    .await
}

/// Decide that an installment will not be paid
///
/// It cannot be taken back. When a cohort is cancelled, this happens to all that was not approved.
#[utoipa::path(
    tag = "Stipends",
    request_body = StipendVoid,
    responses((status = 200, description = "The installment, void.", body = StipendInstallment))
)]
#[post("/v1/stipend-installments/{stipend_installment_id}/void")]
async fn void_stipend_installment(caller: Caller, ctx: Ctx, path: Path<InstallmentId>, body: Body<StipendVoid>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        Ok(installment_reply(workflow::stipends::void(tx, &caller.actor, *path, &body.input()).await?, &caller))
    })
    .await
}

/// Export a program's installments for its bookkeeper
///
/// A line for each, with a first line that names the columns (RFC 4180, UTF-8 with a byte order mark). A cell that a spreadsheet
/// would take for a formula has an apostrophe before it. Dates are those of the program's zone.
#[utoipa::path(
    tag = "Stipends",
    params(LedgerQuery),
    responses((status = 200, description = "The installments.", body = StipendLedgerFile, content_type = "text/csv"))
)]
#[get("/v1/programs/{program_id}/stipend-ledger.csv")]
async fn export_stipend_ledger(caller: Caller, ctx: Ctx, path: Path<ProgramId>, query: Params<LedgerQuery>) -> Answer {
    ctx.read(&caller, async |read| {
        let program: Program = read.get(*path).await?;
        program.require(&caller.actor, Action::ExportStipendLedger)?;
        let file = ledger::ledger(read, &program, &query.filter(program.id)).await?;
        let attachment = format!("attachment; filename=\"stipends-{}.csv\"", program.slug);
        Ok(Reply::media(spreadsheet::MEDIA_TYPE, 0, file).with(header::CONTENT_DISPOSITION, attachment))
    })
    .await
}

room!(
    get_stipend_plan,
    replace_stipend_plan,
    create_stipend,
    list_stipends,
    list_my_stipends,
    get_stipend,
    update_stipend,
    get_stipend_installment,
    approve_stipend_installment,
    pay_stipend_installment,
    void_stipend_installment,
    export_stipend_ledger,
);
