//! Who is assigned what: one by one, or all at once by a plan.

use std::collections::{BTreeMap, BTreeSet};

use cohortium_domain::access::{Action, Actor, Tie};
use cohortium_domain::ids::{PersonId, ProgramId, ProposalId, ReviewId};
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::programs::Program;
use cohortium_domain::proposals::Proposal;
use cohortium_domain::refusal::{Fault, FaultCode, Refusal};
use cohortium_domain::reviews::assignment::{Panelist, Wanted, plan};
use cohortium_domain::reviews::{Acquaintances, Matter, Quorum, Review};
use cohortium_domain::rubrics::Rubric;
use cohortium_store::{Result, Tx};

use super::{case_of, ended_at, require_not_own};
use crate::input::Input;
use crate::mails::reviews as mails;
use crate::programs::locked;
use crate::proposals::settle_by_now;

/// How a program's proposals are to be assigned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assignment {
    /// How many reviews each proposal is to have, where it is not the rubric's quorum.
    pub reviews_per_proposal: Option<u32>,
    /// Who is on the panel, where it is not everybody who reviews for the coalition.
    pub reviewers: Option<Vec<PersonId>>,
    /// By how much the reviewers' loads may differ: by one, where nothing is said.
    pub load_difference: Option<u32>,
    /// What makes the plan this one, of those that are as good.
    pub seed: Option<u32>,
    /// Whether it is only to be seen what would come of it.
    pub dry_run: bool,
}

/// What came of an assignment, or would.
#[derive(Clone, Debug, PartialEq)]
pub struct Assigned {
    /// By which it can be made again.
    pub seed: u32,
    /// Each proposal with each reviewer who got it, and with the review, unless it was only to be seen.
    pub pairs: Vec<(ProposalId, PersonId, Option<ReviewId>)>,
    /// How many reviews each of the panel has in the end.
    pub loads: BTreeMap<PersonId, u32>,
}

/// Assigns a proposal to one reviewer.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn assign(tx: &mut Tx, actor: &Actor, proposal: ProposalId, input: &Input<'_, PersonId>) -> Result<Review> {
    // A proposal never changes its program: this is read without a lock, and the program is locked first.
    let program = tx.get::<Proposal>(proposal).await?.program_id;
    let program: Program = tx.lock(program).await?;
    settle_by_now(tx, &program).await?;
    let proposal: Proposal = tx.lock(proposal).await?;
    Tie::to_person(actor, proposal.author_id).require(Action::CreateReview, SubjectKind::Proposal)?;
    require_not_own(actor, &proposal)?;
    let reviewer = input.read()?;
    if !tx.reviewers().await?.contains(&reviewer) {
        return Err(no_reviewer("#/reviewer_id").into());
    }
    let reviews = tx.reviews_of(proposal.id).await?;
    let case = case_of(tx, &program, proposal, reviewer, &reviews).await?;
    let assigned = Review::assign(tx.make_opaque_id(), reviewer, &case.matter(), tx.now())?;
    let review = tx.save(assigned, actor).await?;
    mails::to_reviewers(tx, program.id, BTreeSet::from([reviewer])).await?;
    begin_review(tx, actor, case.proposal).await?;
    Ok(review)
}

fn no_reviewer(pointer: &str) -> Refusal {
    Refusal::invalid(pointer, FaultCode::NotFound, "There is no such reviewer: a person with the grant, whose account can be used")
}

/// The first review of a proposal takes it into review.
async fn begin_review(tx: &mut Tx, actor: &Actor, proposal: Proposal) -> Result<()> {
    match proposal.begin_review(tx.now()) {
        Some(begun) => tx.save(begun, actor).await.map(drop),
        None => Ok(()),
    }
}

/// Assigns all of a program's proposals that wait for a decision, so that each has its reviews and the loads are even; or none.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn assign_all(tx: &mut Tx, actor: &Actor, program: ProgramId, input: &Input<'_, Assignment>) -> Result<Assigned> {
    let program = locked(tx, actor, program, Action::AssignReviews).await?;
    let wish = input.read()?;
    let rubric: Rubric = tx.program_document(program.id).await?;
    rubric.require()?;
    settle_by_now(tx, &program).await?;
    let proposals = tx.proposals_of_round(program.id).await?;
    let proposals: Vec<Proposal> =
        proposals.into_iter().filter(|one| one.being_judged() && one.standing.staged().is_none()).collect();
    let reviews = tx.reviews_in(program.id).await?;
    let panel = panel(tx, &wish).await?;
    let everybody: BTreeSet<PersonId> = panel.iter().copied().chain(reviews.iter().map(|review| review.reviewer_id)).collect();
    let known = tx.acquaintances(&everybody, proposals.iter().flat_map(Proposal::facilitators), &reviews).await?;
    let mut of_proposal: BTreeMap<ProposalId, Vec<&Review>> = BTreeMap::new();
    for review in &reviews {
        of_proposal.entry(review.proposal_id).or_default().push(review);
    }
    let wanted = proposals.iter().map(|proposal| {
        let reviews = of_proposal.get(&proposal.id).map(Vec::as_slice).unwrap_or_default();
        wanted(proposal, reviews, &wish, &rubric, &known, &panel)
    });
    let wanted: Vec<Wanted> = wanted.collect();
    let panelists: Vec<Panelist> = panel.iter().map(|reviewer| panelist(*reviewer, &reviews)).collect();
    let seed = wish.seed.unwrap_or_else(|| seed(tx.random()));
    let plan = plan(&wanted, &panelists, wish.load_difference.unwrap_or(1), seed).map_err(Refusal::from)?;
    let mut loads: BTreeMap<PersonId, u32> = panelists.iter().map(|panelist| (panelist.reviewer_id, panelist.load)).collect();
    for (_, reviewer) in &plan.assigned {
        *loads.entry(*reviewer).or_default() += 1;
    }
    if wish.dry_run {
        let pairs = plan.assigned.into_iter().map(|(proposal, reviewer)| (proposal, reviewer, None)).collect();
        return Ok(Assigned { seed, pairs, loads });
    }
    let saved = save(tx, actor, &program, proposals, &rubric, plan.assigned).await?;
    let pairs = saved.into_iter().map(|review| (review.proposal_id, review.reviewer_id, Some(review.id))).collect();
    Ok(Assigned { seed, pairs, loads })
}

/// Who can be assigned reviews: those named, each of whom must be a reviewer, or all.
async fn panel(tx: &Tx, wish: &Assignment) -> Result<BTreeSet<PersonId>> {
    let all = tx.reviewers().await?;
    let Some(named) = &wish.reviewers else { return Ok(all) };
    let unknown = named.iter().enumerate().filter(|(_, person)| !all.contains(person));
    let fault = |(index, _)| Fault::new(format!("#/reviewer_ids/{index}"), FaultCode::NotFound, "There is no such reviewer");
    let faults: Vec<Fault> = unknown.map(fault).collect();
    if faults.is_empty() { Ok(named.iter().copied().collect()) } else { Err(Refusal::Invalid(faults).into()) }
}

/// What a proposal lacks. A review about a text that has changed since is its reviewer's to amend, and so nobody else's.
fn wanted(
    proposal: &Proposal,
    reviews: &[&Review],
    wish: &Assignment,
    rubric: &Rubric,
    known: &Acquaintances,
    panel: &BTreeSet<PersonId>,
) -> Wanted {
    let facilitators = proposal.facilitators();
    let conflicted = |reviewer: PersonId| known.conflict(reviewer, proposal.id, &facilitators).is_some();
    let quorum = Quorum::of(reviews, proposal, rubric, conflicted);
    let needed = wish.reviews_per_proposal.map_or(quorum.needed, |named| named.saturating_add(quorum.contradictory.into()));
    let taken = |reviewer: PersonId| reviews.iter().any(|review| review.reviewer_id == reviewer);
    Wanted {
        proposal_id: proposal.id,
        reviewers: needed.saturating_sub(quorum.counted + quorum.outdated + quorum.pending),
        barred: panel.iter().copied().filter(|reviewer| taken(*reviewer) || conflicted(*reviewer)).collect(),
    }
}

fn panelist(reviewer_id: PersonId, reviews: &[Review]) -> Panelist {
    let load = reviews.iter().filter(|review| review.reviewer_id == reviewer_id && review.open()).count();
    Panelist { reviewer_id, load: u32::try_from(load).unwrap_or(u32::MAX) }
}

fn seed([a, b, c, d, ..]: [u8; 16]) -> u32 {
    u32::from_be_bytes([a, b, c, d])
}

async fn save(
    tx: &mut Tx,
    actor: &Actor,
    program: &Program,
    proposals: Vec<Proposal>,
    rubric: &Rubric,
    assigned: Vec<(ProposalId, PersonId)>,
) -> Result<Vec<Review>> {
    let by_id: BTreeMap<ProposalId, &Proposal> = proposals.iter().map(|proposal| (proposal.id, proposal)).collect();
    let mut changes = Vec::with_capacity(assigned.len());
    for (proposal, reviewer) in &assigned {
        // The plan knows of no other proposals, and gives none to who has a conflict of interest.
        let Some(proposal) = by_id.get(proposal) else { continue };
        let matter = Matter { proposal, rubric, conflict: None, ended_at: ended_at(program) };
        changes.push(Review::assign(tx.make_opaque_id(), *reviewer, &matter, tx.now())?);
    }
    let saved = tx.add_reviews(changes, actor).await?;
    mails::to_reviewers(tx, program.id, saved.iter().map(|review| review.reviewer_id).collect()).await?;
    let begun: BTreeSet<ProposalId> = assigned.into_iter().map(|(proposal, _)| proposal).collect();
    for proposal in proposals.into_iter().filter(|proposal| begun.contains(&proposal.id)) {
        begin_review(tx, actor, proposal).await?;
    }
    Ok(saved)
}
