//! The order of one's wishes among the cohorts of each program.

use actix_web::{get, put};
use cohortium_domain::access::Action;
use cohortium_domain::choices::{self, MOST_CHOICES};
use cohortium_domain::ids::{CohortId, ProgramId};
use cohortium_domain::time::Timestamp;
use cohortium_workflow as workflow;
use cohortium_workflow::choices::Choice;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::room;
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

const _: () = assert!(MOST_CHOICES == 3, "the bounds below are the domain's");

/// What one has chosen.
#[derive(Serialize, ToSchema)]
struct Choices {
    /// A member for each program of which one has chosen cohorts.
    #[schema(max_items = 200)]
    programs: Vec<ProgramChoices>,
    /// Raised at each change, of whichever program; 0 as long as one has chosen nothing.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    /// When they were last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<Timestamp>,
    /// What you may do to them now.
    #[schema(max_items = 20)]
    allowed_actions: Vec<String>,
}

/// What one has chosen of a program.
#[derive(Serialize, ToSchema)]
struct ProgramChoices {
    program_id: ProgramId,
    /// The cohorts, the dearest first.
    #[schema(min_items = 1, max_items = 3)]
    cohort_ids: Vec<CohortId>,
}

/// What one chooses of a program.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChoicesReplace {
    program_id: ProgramId,
    /// Cohorts of this program, the dearest first, each once; with none, the choice is taken back.
    #[schema(max_items = 3)]
    cohort_ids: Vec<CohortId>,
}

impl From<ChoicesReplace> for Choice {
    fn from(body: ChoicesReplace) -> Self {
        Self { program_id: body.program_id, cohort_ids: body.cohort_ids }
    }
}

fn reply(choices: choices::Choices, caller: &Caller) -> Reply {
    let choices::Choices { by_program, meta, .. } = choices;
    let of_program = |(program_id, cohort_ids)| ProgramChoices { program_id, cohort_ids };
    let view = Choices {
        programs: by_program.into_iter().map(of_program).collect(),
        version: meta.version,
        updated_at: (meta.version > 0).then_some(meta.updated_at),
        allowed_actions: caller.allowed([Action::ReplaceMyChoices]),
    };
    Reply::thing(meta.version, &view)
}

/// Read which cohorts one would like best
///
/// Of each program, in the order of one's wishes.
#[utoipa::path(tag = "Applications", responses((status = 200, description = "Your choices.", body = Choices)))]
#[get("/v1/me/choices")]
async fn get_my_choices(caller: Caller, ctx: Ctx) -> Answer {
    let person = caller.person()?;
    ctx.read(&caller, async |read| Ok(reply(read.choices(person).await?, &caller))).await
}

/// Say which cohorts of a program one would like best
///
/// Up to three, in the place of those chosen of this program before; what you chose of other programs stays. It is a wish: apply to
/// the cohorts to have a seat. Staff see with your application which of your choices it is.
#[utoipa::path(tag = "Applications", request_body = ChoicesReplace, responses((status = 200, description = "Your choices as they now are.", body = Choices)))]
#[put("/v1/me/choices")]
async fn replace_my_choices(caller: Caller, ctx: Ctx, body: Body<ChoicesReplace>) -> Answer {
    let person = caller.person()?;
    ctx.write(&caller, body.conditions(), async |tx| {
        Ok(reply(workflow::choices::replace(tx, &caller.actor, person, &body.input()).await?, &caller))
    })
    .await
}

room!(get_my_choices, replace_my_choices);
