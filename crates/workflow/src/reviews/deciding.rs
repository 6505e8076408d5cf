//! What reviews come to: whether there are enough for a decision, the ranking, and the line that staff draw through it.

use std::collections::BTreeSet;

use cohortium_domain::access::{Action, Actor};
use cohortium_domain::ids::{PersonId, ProgramId};
use cohortium_domain::programs::Program;
use cohortium_domain::proposals::{Call, Decision, Proposal, ProposalState};
use cohortium_domain::refusal::Refusal;
use cohortium_domain::reviews::ranking::{Ranked, RankedBy, rank};
use cohortium_domain::reviews::{Line, Quorum, Review};
use cohortium_domain::rubrics::Rubric;
use cohortium_domain::text::Reason;
use cohortium_store::{Read, Result, Tx};

use crate::input::Input;
use crate::programs::locked;
use crate::proposals;

/// The ranking of a program's proposals.
#[derive(Clone, Debug)]
pub struct Ranking {
    /// By what they were judged.
    pub rubric: Rubric,
    /// The proposals, each with its place: the best first.
    pub items: Vec<(Ranked, Proposal)>,
}

/// How staff draw the line.
#[derive(Clone, Debug, PartialEq)]
pub struct LineWish {
    /// Where.
    pub line: Line,
    /// Through which ranking.
    pub by: RankedBy,
    /// Why so, for all of them.
    pub reason: Option<Reason>,
}

/// What a line came to: the proposals with what was staged about them, in the order of the ranking.
pub type Drawn = Vec<(Proposal, Decision)>;

/// A proposal's reviews, and what they come to.
#[derive(Clone, Debug)]
pub struct Reviewed {
    /// By what it is judged.
    pub rubric: Rubric,
    /// The reviews, the oldest first.
    pub reviews: Vec<Review>,
    /// Whether there are enough, where the program has a rubric.
    pub quorum: Option<Quorum>,
    /// Those of the reviewers who have a conflict of interest.
    pub conflicted: BTreeSet<PersonId>,
}

/// The reviews of a proposal.
///
/// # Errors
/// The database's.
pub async fn reviewed(read: &Read, proposal: &Proposal) -> Result<Reviewed> {
    let rubric: Rubric = read.program_document(proposal.program_id).await?;
    let reviews = read.reviews_of(proposal.id).await?;
    let reviewers: BTreeSet<PersonId> = reviews.iter().map(|review| review.reviewer_id).collect();
    let facilitators = proposal.facilitators();
    let known = read.acquaintances(&reviewers, facilitators.iter().copied(), &reviews).await?;
    let conflicted = reviewers.into_iter().filter(|reviewer| known.conflict(*reviewer, proposal.id, &facilitators).is_some());
    let conflicted: BTreeSet<PersonId> = conflicted.collect();
    let all: Vec<&Review> = reviews.iter().collect();
    let quorum = rubric.is_set().then(|| Quorum::of(&all, proposal, &rubric, |reviewer| conflicted.contains(&reviewer)));
    Ok(Reviewed { rubric, reviews, quorum, conflicted })
}

/// Goes on when a decision about a proposal can be taken: with its reviews, or with a reason. What cannot be decided about in its
/// state is left to be told so.
pub(crate) async fn require_quorum(tx: &Tx, proposal: &Proposal, reason: Option<&Reason>) -> Result<()> {
    if !matches!(proposal.state(), ProposalState::Submitted | ProposalState::InReview) {
        return Ok(());
    }
    match reviewed(tx, proposal).await?.quorum {
        Some(quorum) => Ok(quorum.check(reason)?),
        None => Ok(()),
    }
}

/// Ranks a program's proposals, as they are now; those that were taken back are left out.
///
/// # Errors
/// There is no rubric; the database's.
pub async fn ranking(read: &Read, program: &Program, by: RankedBy) -> Result<Ranking> {
    let mut proposals = read.proposals_of_round(program.id).await?;
    if let Ok(call) = Call::of(&read.timeline(program).await?, &program.decisions) {
        proposals = proposals::as_they_are(read, program.id, &call, proposals).await?;
    }
    rank_all(read, program.id, proposals, by).await
}

async fn rank_all(read: &Read, program: ProgramId, mut proposals: Vec<Proposal>, by: RankedBy) -> Result<Ranking> {
    let rubric: Rubric = read.program_document(program).await?;
    rubric.require()?;
    proposals.retain(|proposal| !matches!(proposal.state(), ProposalState::Draft | ProposalState::Withdrawn));
    let reviews = read.reviews_in(program).await?;
    let reviewers: BTreeSet<PersonId> = reviews.iter().map(|review| review.reviewer_id).collect();
    let known = read.acquaintances(&reviewers, proposals.iter().flat_map(Proposal::facilitators), &reviews).await?;
    let ranked = rank(&proposals, &reviews, &rubric, &known, by);
    let mut by_id: std::collections::BTreeMap<_, _> = proposals.into_iter().map(|proposal| (proposal.id, proposal)).collect();
    let items = ranked.into_iter().filter_map(|one| by_id.remove(&one.proposal_id).map(|proposal| (one, proposal))).collect();
    Ok(Ranking { rubric, items })
}

/// Stages a decision about every proposal of a program about which none has been released, by the ranking.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn draw_line(tx: &mut Tx, actor: &Actor, program: ProgramId, input: &Input<'_, LineWish>) -> Result<Drawn> {
    let program = locked(tx, actor, program, Action::DrawLine).await?;
    let LineWish { line, by, reason } = input.read()?;
    let call = Call::of(&tx.timeline(&program).await?, &program.decisions)?;
    let round = proposals::settle(tx, program.id, call).await?;
    let ranking = rank_all(tx, program.id, round.proposals().to_vec(), by).await?;
    let ranked: Vec<Ranked> = ranking.items.iter().map(|(ranked, _)| ranked.clone()).collect();
    let mut drawn = Vec::new();
    for (id, staged) in line.draw(&ranked, round.proposals(), reason.as_ref())? {
        let proposal = round.get(id).cloned().ok_or(Refusal::Hidden("proposal"))?;
        let saved = tx.save(proposal.stage(staged, reason.as_ref(), &call, tx.now())?, actor).await?;
        drawn.push((saved, staged.decision()));
    }
    Ok(drawn)
}
