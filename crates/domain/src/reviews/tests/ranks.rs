use std::collections::BTreeSet;

use proptest::prelude::*;

use super::ranking::{Ranked, RankedBy, rank};
use super::*;
use crate::proposals::{Decision, Staged};
use crate::words::Word;

/// Proposals with the scores that reviewers gave them: in each row, one for each reviewer; 0 is none.
fn round(rows: &[&[u8]]) -> (Vec<Proposal>, Vec<Review>) {
    let proposals: Vec<Proposal> = (1..).zip(rows).map(|(n, _)| proposal(n)).collect();
    let mut reviews = Vec::new();
    for (proposal, row) in proposals.iter().zip(rows) {
        for (score, reviewer) in row.iter().zip(1..).filter(|(score, _)| **score > 0) {
            let id = u128::try_from(reviews.len()).unwrap() + 1;
            reviews.push(submitted(id, person(reviewer), proposal, *score));
        }
    }
    (proposals, reviews)
}

fn ranked(rows: &[&[u8]], by: RankedBy) -> Vec<Ranked> {
    let (proposals, reviews) = round(rows);
    rank(&proposals, &reviews, &rubric(), &Acquaintances::default(), by)
}

/// The numbers of the proposals, with their positions.
fn places(ranked: &[Ranked]) -> Vec<(u128, Option<u32>, bool)> {
    ranked.iter().map(|one| (Uuid::from(one.proposal_id).as_u128(), one.position, one.tied)).collect()
}

#[test]
fn the_best_stands_first_and_those_that_come_to_the_same_share_a_position() {
    let rows: [&[u8]; 5] = [&[3, 4], &[5, 5], &[], &[4, 3], &[2, 2]];
    let ranking = ranked(&rows, RankedBy::Mean);
    assert_eq!(
        places(&ranking),
        [(2, Some(1), false), (1, Some(2), true), (4, Some(2), true), (5, Some(4), false), (3, None, false)]
    );
    assert_eq!(ranking[4].quorum.missing(), 2, "nobody has judged it");
    let figures = ranking[1].figures.clone().unwrap();
    assert_eq!((figures.mean, figures.median, figures.spread), (Points::ratio(7, 2), Points::ratio(7, 2), Points::whole(1)));
    assert_eq!(figures.criteria.len(), 2);
}

#[test]
fn the_mean_and_the_median_rank_differently() {
    let rows: [&[u8]; 2] = [&[5, 5, 1], &[4, 4, 4]];
    assert_eq!(places(&ranked(&rows, RankedBy::Mean))[0].0, 2);
    assert_eq!(places(&ranked(&rows, RankedBy::Median))[0].0, 1);
}

#[test]
fn a_strict_reviewer_is_measured_by_how_it_scores_otherwise() {
    // The first reviewer never gives more than 3, the second never less than 3. Both rank what they read the same way.
    let rows: [&[u8]; 6] = [&[3, 0], &[2, 0], &[1, 0], &[0, 5], &[0, 4], &[0, 3]];
    assert_eq!(places(&ranked(&rows, RankedBy::Mean))[0].0, 4, "the lenient one's best");
    let normalized = ranked(&rows, RankedBy::Normalized);
    let value = |n: u128| {
        let one = normalized.iter().find(|one| Uuid::from(one.proposal_id).as_u128() == n).unwrap();
        one.figures.as_ref().unwrap().normalized
    };
    assert!(value(1) > value(6), "a strict reviewer's best is worth more than a lenient one's worst");
    assert!(value(1) > Points::default() && value(6) < Points::default());
    assert!(value(4) > value(1), "but of three reviews each, the panel still counts for half");
    let alike: [&[u8]; 2] = [&[4, 4], &[4, 4]];
    let figures = ranked(&alike, RankedBy::Normalized)[0].figures.clone().unwrap();
    assert_eq!(figures.normalized, Points::default(), "where all score alike, nobody deviates");
}

#[test]
fn only_what_counts_is_ranked() {
    let (mut proposals, reviews) = round(&[&[5, 5], &[4, 4]]);
    proposals[0].submission = 2;
    let ranking = rank(&proposals, &reviews, &rubric(), &Acquaintances::default(), RankedBy::Mean);
    assert_eq!(places(&ranking), [(2, Some(1), false), (1, None, false)]);
    assert_eq!(ranking[1].quorum.outdated, 2);
    let circle = vec![person(1), proposals[1].author_id];
    let known = Acquaintances::of(&BTreeSet::from([person(1)]), &[], [circle], []);
    let ranking = rank(&proposals, &reviews, &rubric(), &known, RankedBy::Mean);
    assert_eq!(ranking[0].quorum.counted, 1, "the other's reviewer has a conflict of interest");
}

fn draw(rows: &[&[u8]], line: Line, reason: Option<&Reason>) -> Result<Vec<(u128, Staged)>, Refusal> {
    let (proposals, reviews) = round(rows);
    let ranked = rank(&proposals, &reviews, &rubric(), &Acquaintances::default(), RankedBy::Mean);
    let drawn = line.draw(&ranked, &proposals, reason)?;
    Ok(drawn.into_iter().map(|(id, staged)| (Uuid::from(id).as_u128(), staged)).collect())
}

const LINE: Line = Line { accept: 1, reserve: 1, keep_staged: false };

#[test]
fn a_line_accepts_the_first_keeps_the_next_in_reserve_and_rejects_the_rest() {
    let rows: [&[u8]; 3] = [&[3, 3], &[5, 5], &[4, 4]];
    let drawn = draw(&rows, LINE, None).unwrap();
    assert_eq!(drawn, [(2, Staged::Accept), (3, Staged::Reserve { rank: 1 }), (1, Staged::Reject)]);
    let all = draw(&rows, Line { accept: 9, ..LINE }, None).unwrap();
    assert!(all.iter().all(|(_, staged)| *staged == Staged::Accept), "more than there are");
}

#[test]
fn a_line_that_parts_equals_or_lacks_reviews_needs_a_reason() {
    let tied: [&[u8]; 3] = [&[3, 4], &[4, 3], &[1, 1]];
    let lacking: [&[u8]; 2] = [&[5, 5], &[4]];
    for rows in [&tied[..], &lacking[..]] {
        assert!(matches!(draw(rows, LINE, None), Err(Refusal::ReasonRequired(_))), "{rows:?}");
        assert!(draw(rows, LINE, Some(&reason())).is_ok());
    }
    assert!(draw(&tied, Line { accept: 2, reserve: 0, ..LINE }, None).is_ok(), "both stand above it");
    assert!(draw(&tied, Line { accept: 0, reserve: 2, ..LINE }, None).is_ok(), "both stand in reserve, one before the other");
}

#[test]
fn a_line_leaves_alone_what_has_been_released_and_what_it_is_told_to() {
    let (mut proposals, reviews) = round(&[&[5, 5], &[4, 4], &[3, 3], &[2, 2]]);
    proposals[0].standing = ProposalStanding::InReview { staged: None, reserve: Some(4) };
    proposals[1].standing = ProposalStanding::InReview { staged: Some(Staged::Reserve { rank: 7 }), reserve: None };
    let ranked = rank(&proposals, &reviews, &rubric(), &Acquaintances::default(), RankedBy::Mean);
    let drawn = |keep_staged| {
        let line = Line { accept: 1, reserve: 1, keep_staged };
        let drawn = line.draw(&ranked, &proposals, None).unwrap();
        drawn.into_iter().map(|(id, staged)| (Uuid::from(id).as_u128(), staged)).collect::<Vec<_>>()
    };
    assert_eq!(drawn(false), [(2, Staged::Accept), (3, Staged::Reserve { rank: 5 }), (4, Staged::Reject)]);
    assert_eq!(drawn(true), [(3, Staged::Accept), (4, Staged::Reserve { rank: 8 })]);
    for proposal in &mut proposals {
        proposal.standing = ProposalStanding::Rejected { rejected_at: at(9) };
    }
    assert!(matches!(LINE.draw(&ranked, &proposals, None), Err(Refusal::NotReady { .. })));
}

proptest! {
    #[test]
    fn a_ranking_is_in_order_whole_and_the_same_however_it_comes(
        rows in proptest::collection::vec(proptest::collection::vec(0..=5_u8, 4), 1..12),
        turned: bool,
    ) {
        let rows: Vec<&[u8]> = rows.iter().map(Vec::as_slice).collect();
        let (mut proposals, mut reviews) = round(&rows);
        for by in RankedBy::ALL {
            let ranking = rank(&proposals, &reviews, &rubric(), &Acquaintances::default(), *by);
            prop_assert_eq!(ranking.len(), proposals.len());
            let value = |one: &Ranked| one.figures.as_ref().map(|figures| match by {
                RankedBy::Mean => figures.mean,
                RankedBy::Median => figures.median,
                RankedBy::Normalized => figures.normalized,
            });
            for (place, one) in (1..).zip(&ranking) {
                let better = ranking.iter().filter(|other| value(other) > value(one)).count();
                let equal = ranking.iter().filter(|other| value(other) == value(one)).count();
                let position = value(one).map(|_| u32::try_from(better).unwrap() + 1);
                prop_assert_eq!((one.position, one.tied), (position, position.is_some() && equal > 1));
                prop_assert!(position.is_none_or(|position| position <= place));
                prop_assert_eq!(position.is_none(), one.quorum.counted == 0);
            }
            if turned {
                proposals.reverse();
                reviews.reverse();
            }
            prop_assert_eq!(rank(&proposals, &reviews, &rubric(), &Acquaintances::default(), *by), ranking);
        }
    }

    #[test]
    fn a_line_decides_about_each_once_and_never_for_the_worse_of_two(
        rows in proptest::collection::vec(proptest::collection::vec(1..=5_u8, 3), 1..12),
        accept in 0..6_u32,
        reserve in 0..4_u16,
    ) {
        let rows: Vec<&[u8]> = rows.iter().map(Vec::as_slice).collect();
        let drawn = draw(&rows, Line { accept, reserve, keep_staged: false }, Some(&reason())).unwrap();
        let count = |decision| drawn.iter().filter(|(_, staged)| staged.decision() == decision).count();
        let accepted = rows.len().min(usize::try_from(accept).unwrap());
        prop_assert_eq!(count(Decision::Accept), accepted);
        prop_assert_eq!(count(Decision::Reserve), (rows.len() - accepted).min(reserve.into()));
        prop_assert_eq!(drawn.len(), rows.len());
        let sum = |n: u128| rows[usize::try_from(n).unwrap() - 1].iter().map(|score| u32::from(*score)).sum::<u32>();
        for pair in drawn.windows(2) {
            prop_assert!(sum(pair[0].0) >= sum(pair[1].0));
        }
    }
}
