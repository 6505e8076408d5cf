//! Invitations to facilitate with the author of a proposal.

use actix_web::web::Path;
use actix_web::{get, post};
use cohortium_domain::access::{Action, Tie};
use cohortium_domain::facilitator_invitations::{self, InvitationState};
use cohortium_domain::ids::{InvitationId, PersonId, ProposalId};
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::people::Person;
use cohortium_domain::proposals::Proposal;
use cohortium_domain::text::Email;
use cohortium_domain::time::Timestamp;
use cohortium_store::{Error, Page, Read};
use cohortium_workflow as workflow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{page, room};
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::{Body, Conditions, Paging, Params};
use crate::reply::{Answer, Reply};

/// An invitation to facilitate with the author of a proposal.
#[derive(Serialize, ToSchema)]
struct FacilitatorInvitation {
    id: InvitationId,
    proposal_id: ProposalId,
    /// To whoever has this address, and has shown it.
    email: Email,
    state: InvitationState,
    /// Who accepted it, or declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    person_id: Option<PersonId>,
    /// When it was answered, or taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    settled_at: Option<Timestamp>,
    /// Raised at each change.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// What you may do to it now.
    #[schema(max_items = 20)]
    allowed_actions: Vec<String>,
}

page!(
    /// Invitations to facilitate, a page at a time.
    FacilitatorInvitationPage of FacilitatorInvitation
);

/// Whom to ask.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FacilitatorInvite {
    /// Whoever has this address.
    email: Email,
}

fn view(invitation: facilitator_invitations::FacilitatorInvitation, tie: &Tie<'_>, proposal: &Proposal) -> FacilitatorInvitation {
    FacilitatorInvitation {
        allowed_actions: invitation.allowed_actions(tie, proposal).into_iter().map(str::to_owned).collect(),
        id: invitation.id,
        proposal_id: invitation.proposal_id,
        email: invitation.email,
        state: invitation.state,
        person_id: invitation.person_id,
        settled_at: invitation.settled_at,
        version: invitation.meta.version,
        created_at: invitation.meta.created_at,
        updated_at: invitation.meta.updated_at,
    }
}

/// The answer: the invitation as it is now, for whoever may read it.
async fn reply(read: &Read, invitation: facilitator_invitations::FacilitatorInvitation, caller: &Caller) -> Result<Reply, Error> {
    let proposal = workflow::proposals::current(read, invitation.proposal_id).await?;
    let tie = workflow::facilitator_invitations::tie(read, &caller.actor, &invitation, &proposal).await?;
    tie.require(Action::GetFacilitatorInvitation, SubjectKind::FacilitatorInvitation)?;
    Ok(Reply::thing(invitation.meta.version, &view(invitation, &tie, &proposal)))
}

/// The page as this caller sees it.
async fn views(
    read: &Read,
    found: Page<facilitator_invitations::FacilitatorInvitation>,
    caller: &Caller,
) -> Result<Page<FacilitatorInvitation>, Error> {
    let mut items = Vec::with_capacity(found.items.len());
    for invitation in found.items {
        let proposal = workflow::proposals::current(read, invitation.proposal_id).await?;
        let tie = workflow::facilitator_invitations::tie(read, &caller.actor, &invitation, &proposal).await?;
        items.push(view(invitation, &tie, &proposal));
    }
    Ok(Page { items, next: found.next, total: found.total })
}

/// Ask somebody to facilitate with you
///
/// Whoever has the address, while you write the proposal. The answer is the same whether anybody in the coalition has it; a mail
/// goes there. Who has shown that the address is theirs finds the invitation, may read the proposal, and answers.
#[utoipa::path(
    tag = "Proposals",
    request_body = FacilitatorInvite,
    responses((status = 201, description = "The invitation.", body = FacilitatorInvitation))
)]
#[post("/v1/proposals/{proposal_id}/facilitators")]
async fn invite_facilitator(caller: Caller, ctx: Ctx, path: Path<ProposalId>, body: Body<FacilitatorInvite>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let email = body.input_as(|body| Ok(body.email));
        let invitation = workflow::facilitator_invitations::invite(tx, &caller.actor, *path, &email).await?;
        let location = format!("/v1/facilitator-invitations/{}", invitation.id);
        Ok(Reply::created_at(location, reply(tx, invitation, &caller).await?))
    })
    .await
}

/// List who was asked to facilitate with the author
///
/// The oldest first, with what became of each.
#[utoipa::path(
    tag = "Proposals",
    params(Paging),
    responses((status = 200, description = "Invitations.", body = FacilitatorInvitationPage))
)]
#[get("/v1/proposals/{proposal_id}/facilitators")]
async fn list_facilitator_invitations(caller: Caller, ctx: Ctx, path: Path<ProposalId>, paging: Params<Paging>) -> Answer {
    let request = paging.page(&ctx, false)?;
    ctx.read(&caller, async |read| {
        let proposal: Proposal = read.get(*path).await?;
        let tie = workflow::proposals::tie(read, &caller.actor, &proposal).await?;
        tie.require(Action::ListFacilitatorInvitations, SubjectKind::Proposal)?;
        let found = views(read, read.facilitator_invitation_page(proposal.id, &request).await?, &caller).await?;
        Ok(paging.reply(&ctx, found, |invitation| invitation, FacilitatorInvitationPage::new))
    })
    .await
}

/// List your invitations to facilitate
///
/// Those to your address, once you have shown that it is yours, and those that you have answered; the oldest first.
#[utoipa::path(
    tag = "Proposals",
    params(Paging),
    responses((status = 200, description = "Invitations.", body = FacilitatorInvitationPage))
)]
#[get("/v1/me/facilitator-invitations")]
async fn list_my_facilitator_invitations(caller: Caller, ctx: Ctx, paging: Params<Paging>) -> Answer {
    let person = caller.person()?;
    let request = paging.page(&ctx, false)?;
    ctx.read(&caller, async |read| {
        let person: Person = read.get(person).await?;
        let found = views(read, read.my_facilitator_invitations(&person, &request).await?, &caller).await?;
        Ok(paging.reply(&ctx, found, |invitation| invitation, FacilitatorInvitationPage::new))
    })
    .await
}

/// Read an invitation to facilitate
#[utoipa::path(tag = "Proposals", responses((status = 200, description = "The invitation.", body = FacilitatorInvitation)))]
#[get("/v1/facilitator-invitations/{invitation_id}")]
async fn get_facilitator_invitation(caller: Caller, ctx: Ctx, path: Path<InvitationId>) -> Answer {
    ctx.read(&caller, async |read| reply(read, read.get(*path).await?, &caller).await).await
}

/// Agree to facilitate
///
/// With the author, while the proposal is being written. You may read the proposal, and facilitate the cohort that becomes of it.
#[utoipa::path(tag = "Proposals", responses((status = 200, description = "The invitation, accepted.", body = FacilitatorInvitation)))]
#[post("/v1/facilitator-invitations/{invitation_id}/accept")]
async fn accept_facilitator_invitation(caller: Caller, ctx: Ctx, path: Path<InvitationId>, conditions: Conditions) -> Answer {
    ctx.write(&caller, &conditions, async |tx| {
        let precondition = conditions.precondition();
        let invitation = workflow::facilitator_invitations::accept(tx, &caller.actor, *path, precondition).await?;
        reply(tx, invitation, &caller).await
    })
    .await
}

/// Decline to facilitate
///
/// Also when you had agreed, until the proposal becomes a cohort. You are not asked again.
#[utoipa::path(tag = "Proposals", responses((status = 200, description = "The invitation, declined.", body = FacilitatorInvitation)))]
#[post("/v1/facilitator-invitations/{invitation_id}/decline")]
async fn decline_facilitator_invitation(caller: Caller, ctx: Ctx, path: Path<InvitationId>, conditions: Conditions) -> Answer {
    ctx.write(&caller, &conditions, async |tx| {
        let precondition = conditions.precondition();
        let invitation = workflow::facilitator_invitations::decline(tx, &caller.actor, *path, precondition).await?;
        reply(tx, invitation, &caller).await
    })
    .await
}

/// Take an invitation to facilitate back
///
/// Also one that was accepted, until the proposal becomes a cohort.
#[utoipa::path(tag = "Proposals", responses((status = 200, description = "The invitation, taken back.", body = FacilitatorInvitation)))]
#[post("/v1/facilitator-invitations/{invitation_id}/remove")]
async fn remove_facilitator(caller: Caller, ctx: Ctx, path: Path<InvitationId>, conditions: Conditions) -> Answer {
    ctx.write(&caller, &conditions, async |tx| {
        let precondition = conditions.precondition();
        let invitation = workflow::facilitator_invitations::remove(tx, &caller.actor, *path, precondition).await?;
        reply(tx, invitation, &caller).await
    })
    .await
}

room!(
    invite_facilitator,
    list_facilitator_invitations,
    list_my_facilitator_invitations,
    get_facilitator_invitation,
    accept_facilitator_invitation,
    decline_facilitator_invitation,
    remove_facilitator,
);
