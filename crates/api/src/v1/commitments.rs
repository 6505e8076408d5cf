//! The commitments of a program.

use actix_web::web::Path;
use actix_web::{get, put};
use cohortium_domain::access::Action;
use cohortium_domain::commitments::{self, CommitmentEntry, CommitmentKind};
use cohortium_domain::ids::{CommitmentId, ProgramId};
use cohortium_domain::programs::Program;
use cohortium_domain::text::{Name, Summary};
use cohortium_domain::time::Timestamp;
use cohortium_workflow as workflow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::room;
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

/// Something to which participants commit themselves.
#[derive(Serialize, ToSchema)]
pub(super) struct Commitment {
    /// Stays the same when the text changes.
    id: CommitmentId,
    kind: CommitmentKind,
    /// Raised each time the text changes; whoever accepted an older one is asked again.
    #[schema(minimum = 1, maximum = 4_294_967_295_i64)]
    version: u32,
    /// What it is called.
    label: Name,
    /// What exactly is accepted.
    text: Summary,
}

/// What participants of a program accept, beside coming to each session of their cohort.
#[derive(Serialize, ToSchema)]
struct CommitmentList {
    program_id: ProgramId,
    #[schema(max_items = 50)]
    commitments: Vec<Commitment>,
    /// Raised at each change; 0 as long as nobody has set any.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    /// When it was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<Timestamp>,
    /// What you may do to it now.
    #[schema(max_items = 20)]
    allowed_actions: Vec<String>,
}

/// A commitment that is to be: one that is kept, by its id, or a new one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CommitmentReplace {
    /// The commitment that it continues; absent for a new one.
    id: Option<CommitmentId>,
    /// What it is called.
    label: Name,
    /// What exactly is accepted.
    text: Summary,
}

/// The commitments that are to be, in their order. What is left out is retired.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CommitmentListReplace {
    #[schema(max_items = 50)]
    commitments: Vec<CommitmentReplace>,
}

impl From<CommitmentListReplace> for Vec<CommitmentEntry> {
    fn from(body: CommitmentListReplace) -> Self {
        body.commitments.into_iter().map(|CommitmentReplace { id, label, text }| CommitmentEntry { id, label, text }).collect()
    }
}

impl From<commitments::Commitment> for Commitment {
    fn from(commitment: commitments::Commitment) -> Self {
        let commitments::Commitment { id, kind, version, label, text } = commitment;
        Self { id, kind, version, label, text }
    }
}

fn reply(list: commitments::CommitmentList, caller: &Caller) -> Reply {
    let commitments::CommitmentList { program_id, commitments, meta } = list;
    let view = CommitmentList {
        program_id,
        commitments: commitments.into_iter().map(Into::into).collect(),
        version: meta.version,
        updated_at: (meta.version > 0).then_some(meta.updated_at),
        allowed_actions: caller.allowed([Action::ReplaceCommitments]),
    };
    Reply::thing(meta.version, &view)
}

/// Read a program's commitments
#[utoipa::path(tag = "Programs", responses((status = 200, description = "The commitments.", body = CommitmentList)))]
#[get("/v1/programs/{program_id}/commitments")]
async fn get_commitments(caller: Caller, ctx: Ctx, path: Path<ProgramId>) -> Answer {
    ctx.read(&caller, async |read| {
        let program: Program = read.get(*path).await?;
        program.require(&caller.actor, Action::GetCommitments)?;
        Ok(reply(read.program_document(program.id).await?, &caller))
    })
    .await
}

/// Replace a program's commitments
///
/// One that is named by its id keeps it, and gets a new version when its text differs.
#[utoipa::path(
    tag = "Programs",
    request_body = CommitmentListReplace,
    responses((status = 200, description = "The commitments as they now are.", body = CommitmentList))
)]
#[put("/v1/programs/{program_id}/commitments")]
async fn replace_commitments(caller: Caller, ctx: Ctx, path: Path<ProgramId>, body: Body<CommitmentListReplace>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        Ok(reply(workflow::program_documents::replace_commitments(tx, &caller.actor, *path, &body.input()).await?, &caller))
    })
    .await
}

room!(get_commitments, replace_commitments);
