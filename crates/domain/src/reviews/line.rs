//! The line that staff draw through the ranking: above it accepted, below it in reserve, and the rest rejected.

use std::collections::BTreeSet;

use super::ranking::Ranked;
use crate::ids::ProposalId;
use crate::proposals::{HIGHEST_RANK, Proposal, Rank, Staged};
use crate::refusal::{FaultCode, Refusal};
use crate::text::Reason;

/// Where the line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// How many are accepted.
    pub accept: u32,
    /// How many of those behind them are kept in reserve.
    pub reserve: Rank,
    /// Whether decisions that are staged already stay as they are, and take no place above the line.
    pub keep_staged: bool,
}

impl Line {
    /// What it comes to for each of the program's proposals about which nothing has been released, in the order of the ranking; the
    /// reserve behind what stays in reserve.
    ///
    /// # Errors
    /// [`Refusal::ReasonRequired`] when some lack reviews, or the line would part proposals that share a position, and no reason is
    /// given; or too many would be in reserve.
    pub fn draw(
        &self,
        ranked: &[Ranked],
        proposals: &[Proposal],
        reason: Option<&Reason>,
    ) -> Result<Vec<(ProposalId, Staged)>, Refusal> {
        let undecided = proposals.iter().filter(|proposal| proposal.being_judged());
        let undecided = undecided.filter(|proposal| !self.keep_staged || proposal.standing.staged().is_none());
        let undecided: BTreeSet<ProposalId> = undecided.map(|proposal| proposal.id).collect();
        let kept = proposals.iter().filter(|proposal| !undecided.contains(&proposal.id));
        let kept = kept.flat_map(|one| [one.standing.reserve(), one.standing.staged().and_then(Staged::rank)]);
        let first_rank = kept.flatten().max().map_or(1, |last| last.saturating_add(1));
        let concerned: Vec<&Ranked> = ranked.iter().filter(|one| undecided.contains(&one.proposal_id)).collect();
        if concerned.is_empty() {
            return Err(Refusal::NotReady { what: "No proposal waits for a decision".to_owned(), missing: Vec::new() });
        }
        let staged: Vec<Staged> = (0..).zip(&concerned).map(|(place, _)| self.decision(place, first_rank)).collect();
        if staged.iter().filter_map(|decision| decision.rank()).any(|rank| rank > HIGHEST_RANK) {
            let detail = format!("The reserve has {HIGHEST_RANK} ranks, some of which are taken");
            return Err(Refusal::invalid("#/reserve", FaultCode::OutOfRange, detail));
        }
        if reason.is_none() {
            check_reviews(&concerned)?;
            check_ties(&concerned, &staged)?;
        }
        Ok(concerned.iter().map(|one| one.proposal_id).zip(staged).collect())
    }

    /// What it comes to at a place, counted from 0.
    fn decision(self, place: u32, first_rank: Rank) -> Staged {
        let Some(behind) = place.checked_sub(self.accept) else { return Staged::Accept };
        match Rank::try_from(behind).ok().filter(|behind| *behind < self.reserve) {
            Some(behind) => Staged::Reserve { rank: first_rank.saturating_add(behind) },
            None => Staged::Reject,
        }
    }
}

/// Goes on when all of them have been judged often enough.
fn check_reviews(concerned: &[&Ranked]) -> Result<(), Refusal> {
    match concerned.iter().filter(|one| one.quorum.missing() > 0).count() {
        0 => Ok(()),
        lacking => {
            let what = format!("{lacking} proposals lack reviews: wait for them, or say why you decide without");
            Err(Refusal::ReasonRequired(what))
        }
    }
}

/// Goes on when no two that share a position are decided about differently. (In reserve, each has a rank of its own.)
fn check_ties(concerned: &[&Ranked], staged: &[Staged]) -> Result<(), Refusal> {
    let neighbors = concerned.iter().zip(staged).zip(concerned.iter().zip(staged).skip(1));
    let parted = neighbors
        .filter(|((one, _), (other, _))| one.position.is_some() && one.position == other.position)
        .any(|((_, decision), (_, next))| decision.decision() != next.decision());
    if !parted {
        return Ok(());
    }
    let what = "The line parts proposals that share a position: move it, or say why you decide so".to_owned();
    Err(Refusal::ReasonRequired(what))
}
