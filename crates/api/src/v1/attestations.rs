//! What a supervisor is asked by a mailed link, and answers: without an account, by the link alone.

use actix_web::web::{Path, ReqData};
use actix_web::{get, post};
use cohortium_domain::access::Actor;
use cohortium_domain::coalitions::Coalition;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::text::{Name, Title};
use cohortium_domain::verifications::attestations::{self, Attester, no_such};
use cohortium_store::{Error, Read};
use cohortium_workflow as workflow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::accounts::place_of;
use super::room;
use crate::ctx::Ctx;
use crate::extract::Body;
use crate::gate::RequestId;
use crate::reply::{Answer, Reply};

/// What a supervisor is asked: whether this person works at this organization.
#[derive(Serialize, ToSchema)]
struct AttestationQuestion {
    /// Who asks.
    coalition_name: Title,
    given_name: Name,
    family_name: Name,
    organization_name: Title,
    /// As what, where the person says.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<Title>,
}

/// What a supervisor answers.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AttestationAnswer {
    /// Whether the person works there.
    confirms: bool,
    /// Your name.
    name: Name,
    /// Your title.
    title: Option<Title>,
}

impl From<AttestationAnswer> for attestations::AttestationAnswer {
    fn from(body: AttestationAnswer) -> Self {
        Self { confirms: body.confirms, by: Attester { name: body.name, title: body.title } }
    }
}

/// The view of the coalition in which there is a link with this token.
async fn read_by(ctx: &Ctx, token: &str) -> Result<Read, Error> {
    let found = place_of(ctx, &workflow::links::hash(token)).await;
    found.map_err(|error| if matches!(error, Error::Refused(Refusal::Invalid(_))) { no_such().into() } else { error })
}

/// Read what a supervisor is asked
///
/// By the token of the mailed link, which leads to the `front_end_url` of the coalition, `/attest#token=…`. Nothing changes by
/// reading it.
#[utoipa::path(
    tag = "Verifications",
    params((
        "token" = String, Path, description = "What stands behind `#token=` in the mailed link.",
        min_length = 1, max_length = 200, pattern = "^[A-Za-z0-9_-]+$", example = "q0dXc7mCf5yQ2mXw3v0mT1pB8sJ4nK6uR9eZaLhVtYg"
    )),
    responses((status = 200, description = "The question.", body = AttestationQuestion))
)]
#[get("/v1/attestations/{token}")]
async fn get_attestation(ctx: Ctx, path: Path<String>) -> Answer {
    ctx.work(&Actor::Anonymous, async {
        let read = read_by(&ctx, &path).await?;
        let question = workflow::verifications::attestations::question(&read, &workflow::links::hash(&path), ctx.now()).await?;
        let coalition: Coalition = read.get(read.coalition_id()).await?;
        let view = AttestationQuestion {
            coalition_name: coalition.name,
            given_name: question.given_name,
            family_name: question.family_name,
            organization_name: question.organization_name,
            title: question.title,
        };
        Ok(Reply::ok(&view).tagged())
    })
    .await
}

/// Answer as a supervisor
///
/// Once. A yes is evidence that the person works there, dated now; a no is told to staff.
#[utoipa::path(
    tag = "Verifications",
    params((
        "token" = String, Path, description = "What stands behind `#token=` in the mailed link.",
        min_length = 1, max_length = 200, pattern = "^[A-Za-z0-9_-]+$", example = "q0dXc7mCf5yQ2mXw3v0mT1pB8sJ4nK6uR9eZaLhVtYg"
    )),
    request_body = AttestationAnswer,
    responses((status = 204, description = "Thank you."))
)]
#[post("/v1/attestations/{token}")]
async fn answer_attestation(ctx: Ctx, request: ReqData<RequestId>, path: Path<String>, body: Body<AttestationAnswer>) -> Answer {
    let answered = Box::pin(async {
        let read = read_by(&ctx, &path).await?;
        let token = workflow::links::hash(&path);
        let answer = ctx.store().write(read.coalition_id(), request.origin(), async |tx| {
            workflow::verifications::attestations::answer(tx, &token, &body.input()).await
        });
        answer.await?;
        Ok(Reply::nothing())
    });
    ctx.work(&Actor::Anonymous, answered).await
}

room!(get_attestation, answer_attestation);
