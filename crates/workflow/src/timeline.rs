//! A program's timeline, as staff plan it.

use cohortium_domain::access::{Action, Actor};
use cohortium_domain::cohorts::Cohort;
use cohortium_domain::ids::{CohortId, MilestoneId, ProgramId};
use cohortium_domain::journal::Change;
use cohortium_domain::programs::Program;
use cohortium_domain::text::Reason;
use cohortium_domain::timeline::{MilestoneDraft, Preview, Timeline, assign_ids};
use cohortium_store::{Read, Result, Tx};

use crate::input::Input;
use crate::programs::locked;
use crate::{cohorts, proposals};

/// A timeline that is wished for, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// All its milestones.
    pub milestones: Vec<MilestoneDraft>,
    /// Why, which must be said where a date that is past changes.
    pub reason: Option<Reason>,
}

/// What a changed timeline would give, and whom it touches.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The timeline.
    pub timeline: Timeline,
    /// What it would give.
    pub preview: Preview,
    /// How many cohorts would have other dates, of those that are not over.
    pub cohorts: u64,
    /// How many open applications there are to these cohorts.
    pub applications: u64,
}

/// Replaces a program's timeline. One that says the same changes nothing.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn replace(tx: &mut Tx, actor: &Actor, id: ProgramId, input: &Input<'_, Wish>) -> Result<Program> {
    let program = locked(tx, actor, id, Action::ReplaceTimeline).await?;
    let Wish { milestones, reason } = input.admit(&program.meta)?;
    let old = tx.timeline(&program).await?;
    // Which dates are past decides whether a reason is needed.
    if let Some(deadline) = old.milestones().iter().map(|dated| dated.current_until).filter(|until| tx.now() < *until).min() {
        tx.relies_on(deadline);
    }
    let milestones = assign_ids(&old, milestones, || tx.make_id());
    let Some(change) = program.clone().replace_timeline(&old, milestones, reason.as_ref(), tx.now())? else {
        return Ok(program);
    };
    // What has come to an end by the old dates is not revived by the new ones.
    proposals::settle_by_now(tx, &program).await?;
    cohorts::settle_all(tx, program.id).await?;
    let Change { value: (program, new), happened } = change;
    let program = tx.save(Change { value: program, happened }, actor).await?;
    tx.replace_timeline(program.id, &new).await?;
    cohorts::settle_all(tx, program.id).await?;
    Ok(program)
}

/// What a changed timeline would give, and whom it would touch, without saving it.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn preview(
    read: &Read,
    actor: &Actor,
    id: ProgramId,
    input: &Input<'_, Wish>,
    fresh: impl FnMut() -> MilestoneId,
) -> Result<Outcome> {
    let program: Program = read.get(id).await?;
    program.require(actor, Action::PreviewTimeline)?;
    let Wish { milestones, reason: _ } = input.admit(&program.meta)?;
    let old = read.timeline(&program).await?;
    let milestones = assign_ids(&old, milestones, fresh);
    let cohorts = read.cohorts_of([program.id]).await?;
    let spans = |timeline: &Timeline| cohorts.iter().filter_map(|cohort| cohort.span(timeline)).collect();
    let (timeline, preview) = program.preview_timeline(&old, milestones, spans, read.now())?;
    let moves = |cohort: &&Cohort| cohort.can_be_cancelled() && old.for_cohort(&cohort.dates) != timeline.for_cohort(&cohort.dates);
    let touched: Vec<CohortId> = cohorts.iter().filter(moves).map(|cohort| cohort.id).collect();
    let applications = read.count_live_applications(touched.iter().copied()).await?;
    Ok(Outcome { timeline, preview, cohorts: u64::try_from(touched.len()).unwrap_or(u64::MAX), applications })
}
