use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::proposals::{Call, Staged};
use crate::time::Zone;
use crate::timeline::SubmissionWindow;

/// What somebody tries: a reviewer with a proposal, or staff.
#[derive(Clone, Copy, Debug)]
enum Attempt {
    Assign(u128, usize),
    Score(u128, usize, u8),
    Submit(u128, usize),
    Reopen(u128, usize),
    Declare(u128, usize),
    Remove(u128, usize),
    HandInAnew(usize),
    Stage(usize, bool),
    Release(usize),
}

fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    let (who, what) = (|| 1..=4_u128, || 0..2_usize);
    let attempt = prop_oneof![
        4 => (who(), what()).prop_map(|(who, what)| Attempt::Assign(who, what)),
        6 => (who(), what(), 1..=5_u8).prop_map(|(who, what, score)| Attempt::Score(who, what, score)),
        6 => (who(), what()).prop_map(|(who, what)| Attempt::Submit(who, what)),
        2 => (who(), what()).prop_map(|(who, what)| Attempt::Reopen(who, what)),
        1 => (who(), what()).prop_map(|(who, what)| Attempt::Declare(who, what)),
        1 => (who(), what()).prop_map(|(who, what)| Attempt::Remove(who, what)),
        1 => what().prop_map(Attempt::HandInAnew),
        3 => (what(), any::<bool>()).prop_map(|(what, because)| Attempt::Stage(what, because)),
        1 => what().prop_map(Attempt::Release),
    ];
    proptest::collection::vec(attempt, 0..60)
}

/// Two proposals and four reviewers, the fourth of whom once led a cohort with the first author.
struct Story {
    rubric: Rubric,
    proposals: Vec<Proposal>,
    reviews: Vec<Review>,
    known: Acquaintances,
    now: Timestamp,
}

impl Story {
    fn begin() -> Self {
        let proposals = vec![proposal(1), proposal(2)];
        let reviewers: BTreeSet<PersonId> = (1..=4).map(person).collect();
        let known = Acquaintances::of(&reviewers, &[], [vec![person(4), proposals[0].author_id]], []);
        Self { rubric: rubric(), proposals, reviews: Vec::new(), known, now: at(10) }
    }

    fn conflict(&self, who: PersonId, what: usize) -> Option<ConflictKind> {
        let proposal = &self.proposals[what];
        self.known.conflict(who, proposal.id, &proposal.facilitators())
    }

    fn matter(&self, who: PersonId, what: usize) -> Matter<'_> {
        Matter { conflict: self.conflict(who, what), ..matter(&self.proposals[what], &self.rubric) }
    }

    fn of(&self, who: u128, what: usize) -> Option<usize> {
        let kept = |review: &Review| review.state() != ReviewState::Removed;
        self.reviews
            .iter()
            .position(|one| kept(one) && one.reviewer_id == person(who) && one.proposal_id == self.proposals[what].id)
    }

    fn quorum(&self, what: usize) -> Quorum {
        let proposal = &self.proposals[what];
        let of: Vec<&Review> = self.reviews.iter().filter(|review| review.proposal_id == proposal.id).collect();
        Quorum::of(&of, proposal, &self.rubric, |who| self.conflict(who, what).is_some())
    }

    fn step(
        &mut self,
        (who, what): (u128, usize),
        action: Action,
        step: impl FnOnce(Review, &Matter<'_>, Timestamp) -> Result<Change<Review>, Refusal>,
    ) {
        let Some(place) = self.of(who, what) else { return };
        let before = self.reviews[place].clone();
        if let Ok(change) = step(before.clone(), &self.matter(person(who), what), self.now) {
            assert!(MACHINE.leads(before.state(), action, change.value.state()));
            self.reviews[place] = change.value;
        }
    }

    fn attempt(&mut self, attempt: Attempt) {
        match attempt {
            Attempt::Assign(who, what) if self.of(who, what).is_none() => {
                let id = Uuid::from_u128(u128::try_from(self.reviews.len()).unwrap()).into();
                if let Ok(made) = Review::assign(id, person(who), &self.matter(person(who), what), self.now) {
                    self.reviews.push(made.value);
                    if let Some(begun) = self.proposals[what].clone().begin_review(self.now) {
                        self.proposals[what] = begun.value;
                    }
                }
            }
            Attempt::Assign(..) => {}
            Attempt::Score(who, what, score) => {
                self.step((who, what), Action::UpdateReview, |one, matter, now| {
                    one.update(update(scores(score, score)), matter, now)
                });
            }
            Attempt::Submit(who, what) => self.step((who, what), Action::SubmitReview, Review::submit),
            Attempt::Reopen(who, what) => self.step((who, what), Action::ReopenReview, Review::reopen),
            Attempt::Declare(who, what) => {
                self.step((who, what), Action::DeclareConflict, |one, matter, now| one.declare_conflict(conflict(), matter, now));
            }
            Attempt::Remove(who, what) => {
                self.step((who, what), Action::RemoveReview, |one, _, now| one.remove(Some(&reason()), now));
            }
            Attempt::HandInAnew(what) => {
                let proposal = &mut self.proposals[what];
                proposal.submission += u32::from(proposal.being_judged() && proposal.standing.staged().is_none());
            }
            Attempt::Stage(what, because) => self.stage(what, because),
            Attempt::Release(what) => {
                let proposal = &mut self.proposals[what];
                if proposal.being_judged() && proposal.standing.staged().is_some() {
                    proposal.standing = ProposalStanding::Accepted { accepted_at: self.now, confirm_until: None };
                }
            }
        }
    }

    /// As the workflow does it: nothing is staged without enough reviews, or a reason.
    fn stage(&mut self, what: usize, because: bool) {
        let because = because.then(reason);
        if self.quorum(what).check(because.as_ref()).is_err() {
            return;
        }
        let window = SubmissionWindow { opens_at: at(0), closes_at: at(5), accepted_until: at(5) };
        let call = Call {
            window,
            confirmations_due_at: at(90_000),
            days_to_confirm: 3,
            time_zone: Zone::UTC,
            finalized_at: None,
            ended_at: None,
        };
        if let Ok(staged) = self.proposals[what].clone().stage(Staged::Accept, because.as_ref(), &call, self.now) {
            let counting = self.reviews.iter().filter(|one| one.proposal_id == self.proposals[what].id);
            let counting = counting.filter(|one| one.state() == ReviewState::Submitted && !one.outdated(&self.proposals[what]));
            assert!(because.is_some() || counting.count() >= usize::try_from(self.rubric.terms.quorum).unwrap());
            self.proposals[what] = staged.value;
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_tried_in_whatever_order_decisions_rest_on_reviews_and_reviews_on_who_may(attempts in attempts()) {
        let mut story = Story::begin();
        for attempt in attempts {
            story.now = at(story.now.millis() + 1);
            let (before, decided) = (story.reviews.clone(), story.proposals.clone());
            story.attempt(attempt);
            let over = |review: &Review| decided.iter().any(|one| one.id == review.proposal_id && !one.being_judged());
            for (was, is) in before.iter().zip(&story.reviews).filter(|(was, _)| over(was)) {
                prop_assert!(was == is || is.state() == ReviewState::Removed, "{:?} changed after the decision", was);
            }
            let barred = |review: &Review| review.reviewer_id == person(4) && review.proposal_id == story.proposals[0].id;
            prop_assert!(!story.reviews.iter().any(barred), "the fourth knows the first author");
            for (what, proposal) in story.proposals.iter().enumerate() {
                let open = story.reviews.iter().filter(|one| one.proposal_id == proposal.id && one.state() != ReviewState::Removed);
                let mut whose: Vec<_> = open.clone().map(|one| one.reviewer_id).collect();
                whose.sort_unstable();
                whose.dedup();
                prop_assert_eq!(whose.len(), open.count(), "nobody has a proposal twice");
                let quorum = story.quorum(what);
                prop_assert_eq!(quorum.needed, 2 + u32::from(quorum.contradictory));
            }
        }
    }
}
