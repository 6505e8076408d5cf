use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// What somebody tries, to which of four proposals, after how many hours.
#[derive(Clone, Copy, Debug)]
enum Attempt {
    Step(usize, usize),
    Release,
    Finalize,
}

fn attempts() -> impl Strategy<Value = Vec<(Attempt, i64)>> {
    let attempt = prop_oneof![
        12 => (0..steps().len(), 0..4_usize).prop_map(|(step, which)| Attempt::Step(step, which)),
        4 => Just(Attempt::Release),
        2 => Just(Attempt::Finalize),
    ];
    proptest::collection::vec((attempt, 0..20_i64), 0..80)
}

/// What happens to a program's proposals, as a workflow does it: settle, do, save.
struct Story {
    year: Year,
    proposals: Vec<Proposal>,
    now: Timestamp,
    seen: bool,
    places: usize,
    cohorts: usize,
}

impl Story {
    fn save(&mut self, action: Action, change: Change<Proposal>) {
        let place = self.proposals.iter().position(|proposal| proposal.id == change.value.id).unwrap();
        let before = &self.proposals[place];
        assert!(MACHINE.leads(before.state(), action, change.value.state()), "{before:?} by {action:?} to {change:?}");
        assert!(!change.happened.is_empty());
        self.proposals[place] = change.value;
    }

    fn call(&self) -> Call {
        Call::of(&self.year.timeline, &self.year.program.decisions).unwrap()
    }

    fn settle(&mut self) -> Round {
        let by_reading: Vec<_> = self.proposals.iter().map(|proposal| proposal.clone().as_of(&self.call(), self.now)).collect();
        let (round, _) = Round::settle(self.proposals.clone(), self.call(), self.now);
        self.proposals = round.proposals().to_vec();
        for (read, settled) in by_reading.iter().zip(&self.proposals) {
            let read_declined = read.state() == ProposalState::Declined;
            assert!(!read_declined || settled.state() == ProposalState::Declined, "a reader and a job must agree");
        }
        round
    }

    fn attempt(&mut self, attempt: Attempt) {
        let round = self.settle();
        match attempt {
            Attempt::Step(step, which) => {
                let (action, step) = steps()[step];
                let before = self.proposals[which].clone();
                if let Ok(change) = step(before.clone(), &self.call(), self.now) {
                    self.check_step(action, &before, &change.value);
                    let promoted = round.promoted_after(&before, &change.value);
                    self.save(action, change);
                    if let Some(promoted) = promoted {
                        self.save(Action::PromoteProposal, promoted);
                    }
                }
            }
            Attempt::Release => {
                for change in round.release(&letters()).unwrap_or_default() {
                    self.seen = true;
                    self.places += usize::from(change.value.state() == ProposalState::Accepted);
                    self.save(Action::ReleaseProposals, change);
                }
            }
            Attempt::Finalize => {
                let Ok(finalized) = round.finalize(&self.year, &BTreeSet::new(), new_ids()) else { return };
                self.cohorts += finalized.cohorts.len();
                self.year.program = finalized.program.value;
                for change in finalized.proposals {
                    self.save(Action::FinalizeOfferings, change);
                }
            }
        }
    }

    /// A text is handed in only while that is possible, and what was handed in changes only by handing in another.
    fn check_step(&self, action: Action, before: &Proposal, after: &Proposal) {
        let submits = action == Action::SubmitProposal;
        assert_eq!(after.submission, before.submission + u32::from(submits));
        if submits {
            let window = || self.call().window_until(before.extended_until).check(self.now).is_ok();
            let in_time = before.standing.revision_due_at().map_or_else(window, |due_at| self.now < due_at);
            assert!(in_time && self.cohorts == 0, "{before:?} was handed in at {:?}", self.now);
        } else if before.submission > 0 {
            assert_eq!(before.content, after.content);
        }
    }

    fn check(&self) {
        let count = |state| states(&self.proposals).into_iter().filter(|it| *it == state).count();
        let (accepted, confirmed) = (count(ProposalState::Accepted), count(ProposalState::Confirmed));
        assert!(accepted + confirmed <= self.places, "a place is given once");
        assert!(self.seen || accepted + confirmed + count(ProposalState::Rejected) == 0, "nobody is decided upon unseen");
        assert!(self.cohorts <= confirmed, "a proposal becomes a cohort once");
        for proposal in &self.proposals {
            assert!(proposal.revision.is_none() || proposal.state() == ProposalState::RevisionRequested);
            assert_eq!(proposal.clone().as_seen_by_author().standing.staged(), None);
            assert!(
                proposal.lapses_at(&self.call()).is_none_or(|lapses_at| lapses_at > self.now),
                "nothing is honored past its time"
            );
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_tried_in_whatever_order_the_invariants_hold(attempts in attempts()) {
        // Three have been handed in on the ninth day; the fourth is still a draft.
        let now = at(9 * DAY);
        let mut proposals = vec![draft(4)];
        proposals.extend((1..=3).map(|n| draft(n).submit(&[], &call(), now).unwrap().value));
        let mut story = Story { year: year(), proposals, now, seen: false, places: 0, cohorts: 0 };
        for (attempt, hours) in attempts {
            story.now = at(story.now.millis() + hours * HOUR);
            let before = story.proposals.clone();
            story.attempt(attempt);
            story.settle();
            story.check();
            prop_assert_eq!(before.len(), story.proposals.len());
        }
    }
}
