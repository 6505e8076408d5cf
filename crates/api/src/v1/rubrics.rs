//! The rubric of a program.

use actix_web::web::Path;
use actix_web::{get, put};
use cohortium_domain::access::{Action, Tie};
use cohortium_domain::ids::ProgramId;
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::programs::Program;
use cohortium_domain::reviews::Points;
use cohortium_domain::rubrics::{self, CRITERIA_MAX, QUORUM_MAX, RubricTerms, WEIGHT_MAX};
use cohortium_domain::text::{Name, Slug, Summary};
use cohortium_domain::time::{Date, Timestamp};
use cohortium_workflow as workflow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::room;
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

const _: () = assert!(CRITERIA_MAX == 20 && QUORUM_MAX == 20 && WEIGHT_MAX == 100, "the bounds below are the domain's");

/// One thing by which a proposal is judged.
#[derive(Clone, Serialize, ToSchema)]
struct Criterion {
    /// What scores call it.
    key: Slug,
    /// What people call it.
    label: Name,
    /// What each score means.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Summary>,
    /// How much it counts beside the others.
    #[schema(minimum = 1, maximum = 100)]
    weight: u16,
}

/// By what the proposals of a program are judged.
#[derive(Serialize, ToSchema)]
struct Rubric {
    program_id: ProgramId,
    /// The criteria, each of which is scored from 1 to 5. None, as long as nobody has set a rubric.
    #[schema(max_items = 20)]
    criteria: Vec<Criterion>,
    /// How many reviews a decision needs; one more, where they contradict each other.
    #[schema(minimum = 1, maximum = 20)]
    quorum: u32,
    /// Whether who wrote a proposal is hidden from its reviewers.
    blind: bool,
    /// How far the weighted means of two reviews lie apart when they contradict each other.
    #[schema(minimum = 0.1, maximum = 4)]
    contradiction_spread: f64,
    /// The last day for handing reviews in: told to reviewers, and enforced by nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    reviews_due_on: Option<Date>,
    /// Whether somebody has scored by it already, so that its criteria, and whether it is blind, stay as they are.
    frozen: bool,
    /// Raised at each change; 0 as long as nobody has set one.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    /// When it was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<Timestamp>,
    /// What you may do to it now.
    #[schema(max_items = 20)]
    allowed_actions: Vec<String>,
}

/// A criterion that is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CriterionReplace {
    /// What scores call it.
    key: Slug,
    /// What people call it.
    label: Name,
    /// What each score means.
    description: Option<Summary>,
    /// How much it counts beside the others: 1, when nothing is said.
    #[schema(minimum = 1, maximum = 100)]
    weight: Option<u16>,
}

/// The rubric that is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RubricReplace {
    /// The criteria, each of which is scored from 1 to 5.
    #[schema(min_items = 1, max_items = 20)]
    criteria: Vec<CriterionReplace>,
    /// How many reviews a decision needs.
    #[schema(minimum = 1, maximum = 20)]
    quorum: u32,
    /// Whether who wrote a proposal is hidden from its reviewers: not, when nothing is said.
    blind: Option<bool>,
    /// How far the weighted means of two reviews lie apart when they contradict each other: 2, when nothing is said.
    #[schema(minimum = 0.1, maximum = 4)]
    contradiction_spread: Option<f64>,
    /// The last day for handing reviews in.
    reviews_due_on: Option<Date>,
}

impl From<RubricReplace> for RubricTerms {
    fn from(body: RubricReplace) -> Self {
        let usual = Self::default();
        let criterion = |given: CriterionReplace| rubrics::Criterion {
            key: given.key,
            label: given.label,
            description: given.description,
            weight: given.weight.unwrap_or(1),
        };
        Self {
            criteria: body.criteria.into_iter().map(criterion).collect(),
            quorum: body.quorum,
            blind: body.blind.unwrap_or(usual.blind),
            contradiction_spread: body.contradiction_spread.and_then(Points::nearest).unwrap_or(usual.contradiction_spread),
            reviews_due_on: body.reviews_due_on,
        }
    }
}

impl From<rubrics::Criterion> for Criterion {
    fn from(criterion: rubrics::Criterion) -> Self {
        let rubrics::Criterion { key, label, description, weight } = criterion;
        Self { key, label, description, weight }
    }
}

fn reply(rubric: rubrics::Rubric, frozen: bool, caller: &Caller) -> Reply {
    let RubricTerms { criteria, quorum, blind, contradiction_spread, reviews_due_on } = rubric.terms;
    let view = Rubric {
        program_id: rubric.program_id,
        criteria: criteria.into_iter().map(Into::into).collect(),
        quorum,
        blind,
        contradiction_spread: contradiction_spread.number(),
        reviews_due_on,
        frozen,
        version: rubric.meta.version,
        updated_at: (rubric.meta.version > 0).then_some(rubric.meta.updated_at),
        allowed_actions: caller.allowed([Action::ReplaceRubric]),
    };
    Reply::thing(rubric.meta.version, &view)
}

/// Read a program's rubric
///
/// By what its proposals are judged, and how many reviews a decision needs.
#[utoipa::path(tag = "Reviews", responses((status = 200, description = "The rubric.", body = Rubric)))]
#[get("/v1/programs/{program_id}/rubric")]
async fn get_rubric(caller: Caller, ctx: Ctx, path: Path<ProgramId>) -> Answer {
    ctx.read(&caller, async |read| {
        let program: Program = read.get(*path).await?;
        program.require(&caller.actor, Action::GetProgram)?;
        let tie = Tie { reviews: caller.actor.reviewer(), ..Tie::none(&caller.actor) };
        tie.require(Action::GetRubric, SubjectKind::Program)?;
        let frozen = read.scored(program.id).await?;
        Ok(reply(read.program_document(program.id).await?, frozen, &caller))
    })
    .await
}

/// Replace a program's rubric
///
/// Once somebody has scored by it, its criteria, and whether it is blind, stay as they are.
#[utoipa::path(
    tag = "Reviews",
    request_body = RubricReplace,
    responses((status = 200, description = "The rubric as it now is.", body = Rubric))
)]
#[put("/v1/programs/{program_id}/rubric")]
async fn replace_rubric(caller: Caller, ctx: Ctx, path: Path<ProgramId>, body: Body<RubricReplace>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let rubric = workflow::program_documents::replace_rubric(tx, &caller.actor, *path, &body.input()).await?;
        let frozen = tx.scored(rubric.program_id).await?;
        Ok(reply(rubric, frozen, &caller))
    })
    .await
}

room!(get_rubric, replace_rubric);
