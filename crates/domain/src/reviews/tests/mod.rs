//! Reviews of proposals that answered a call in their first text.

mod one;
mod panel;
mod random;
mod ranks;

use uuid::Uuid;

use super::*;
use crate::proposals::{Content, Standing as ProposalStanding};
use crate::rubrics::tests::{rubric as rubric_of, terms};
use crate::text::{Slug, Text};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn person(n: u128) -> PersonId {
    Uuid::from_u128(1_000 + n).into()
}

fn rubric() -> Rubric {
    rubric_of(terms())
}

/// Handed in once by an author who is nobody else.
fn proposal(n: u128) -> Proposal {
    let content = Content::titled(Text::new("Behind the behaviors").unwrap());
    let author = Uuid::from_u128(5_000 + n).into();
    let draft = Proposal::create(Uuid::from_u128(n).into(), Uuid::from_u128(100).into(), author, content, at(0)).unwrap().value;
    Proposal { submission: 1, submitted_at: Some(at(1)), standing: ProposalStanding::Submitted, ..draft }
}

fn matter<'a>(proposal: &'a Proposal, rubric: &'a Rubric) -> Matter<'a> {
    Matter { proposal, rubric, conflict: None, ended_at: None }
}

fn scores(plan: u8, reach: u8) -> Vec<Score> {
    let score = |key: &str, score| Score { criterion: Slug::new(key).unwrap(), score, comment: None };
    vec![score("plan", plan), score("reach", reach)]
}

fn update(scores: Vec<Score>) -> AssessmentUpdate {
    AssessmentUpdate { scores: Some(scores), ..AssessmentUpdate::default() }
}

fn assigned(n: u128, reviewer: PersonId, proposal: &Proposal) -> Review {
    Review::assign(Uuid::from_u128(n).into(), reviewer, &matter(proposal, &rubric()), at(2)).unwrap().value
}

fn in_progress(n: u128, reviewer: PersonId, proposal: &Proposal, given: Vec<Score>) -> Review {
    assigned(n, reviewer, proposal).update(update(given), &matter(proposal, &rubric()), at(3)).unwrap().value
}

/// Handed in: both criteria scored alike, so that the mean is the score.
fn submitted(n: u128, reviewer: PersonId, proposal: &Proposal, score: u8) -> Review {
    in_progress(n, reviewer, proposal, scores(score, score)).submit(&matter(proposal, &rubric()), at(4)).unwrap().value
}

fn conflict() -> Conflict {
    Conflict { kind: ConflictKind::Personal, note: None }
}

fn reason() -> Reason {
    Text::new("The reviewer is ill").unwrap()
}

fn in_every_state(proposal: &Proposal) -> [Review; 5] {
    let open = in_progress(1, person(1), proposal, scores(4, 2));
    [
        assigned(1, person(1), proposal),
        open.clone(),
        submitted(1, person(1), proposal, 4),
        open.clone().declare_conflict(conflict(), &matter(proposal, &rubric()), at(5)).unwrap().value,
        open.remove(Some(&reason()), at(5)).unwrap().value,
    ]
}
