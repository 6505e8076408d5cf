//! All the proposals of a program together: the release, the reserve, and the cohorts that come of them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Call, Letter, Proposal, ProposalState, Rank, Staged, Standing};
use crate::cohorts::{Cohort, MeetingMode, NewCohort, Year};
use crate::ids::{CohortId, ProposalId};
use crate::journal::Change;
use crate::programs::Program;
use crate::refusal::{Fault, FaultCode, Refusal};
use crate::text::{Slug, Title};
use crate::time::Timestamp;
use crate::timeline::{CohortDates, MilestoneKind};

/// All the proposals of a program, settled: what time had to do to them has been done.
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    call: Call,
    proposals: Vec<Proposal>,
    now: Timestamp,
}

/// Why nothing can be released, or the offerings not be final yet: one reason of possibly many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hindrance {
    /// Because of which proposal, where it is one, and where that stands.
    pub proposal: Option<(ProposalId, ProposalState)>,
    /// Why.
    pub detail: String,
}

/// What finalizing comes to.
#[must_use = "a change that is not saved did not happen"]
#[derive(Clone, Debug, PartialEq)]
pub struct Finalized {
    /// The program, its offerings final.
    pub program: Change<Program>,
    /// A cohort for each confirmed proposal: published, unless its kick-off has passed.
    pub cohorts: Vec<Change<Cohort>>,
    /// The proposals that became cohorts, and those for which no place came free.
    pub proposals: Vec<Change<Proposal>>,
}

impl Round {
    /// Does what time has to do: acceptances and revisions past their time lapse, in the order of their instants, and each place
    /// that comes free so goes to the first in reserve, who has days of its own to confirm. Gives what changed, each proposal once,
    /// in the order in which it came.
    #[must_use]
    pub fn settle(proposals: Vec<Proposal>, call: Call, now: Timestamp) -> (Self, Vec<Change<Proposal>>) {
        let mut round = Self { call, proposals, now };
        let mut changes: Vec<Change<Proposal>> = Vec::new();
        while let Some((lapses_at, id)) = round.next_lapse() {
            let Some(lapsed) = round.get(id).map(|proposal| proposal.clone().lapse(lapses_at)) else { break };
            let free = lapsed.value.state() == ProposalState::Declined && call.check_not_ended(lapses_at).is_ok();
            let promoted = round.first_in_reserve().filter(|_| free);
            let promoted = promoted.map(|proposal| proposal.clone().promote(&call, lapses_at));
            for change in std::iter::once(lapsed).chain(promoted) {
                round.put(change.value.clone());
                match changes.iter_mut().find(|earlier| earlier.value.id == change.value.id) {
                    Some(earlier) => {
                        earlier.value = change.value;
                        earlier.happened.extend(change.happened);
                    }
                    None => changes.push(change),
                }
            }
        }
        (round, changes)
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, id: ProposalId) -> Option<&Proposal> {
        self.proposals.iter().find(|proposal| proposal.id == id)
    }

    /// All of them.
    #[must_use]
    pub fn proposals(&self) -> &[Proposal] {
        &self.proposals
    }

    /// When time has something to do next.
    #[must_use]
    pub fn next_lapse_at(&self) -> Option<Timestamp> {
        self.proposals.iter().filter_map(|proposal| proposal.lapses_at(&self.call)).min()
    }

    /// Who is promoted when one of them has changed: where it was accepted and is not any more, its place goes to the first in
    /// reserve.
    #[must_use]
    pub fn promoted_after(&self, before: &Proposal, after: &Proposal) -> Option<Change<Proposal>> {
        let gone = matches!(after.state(), ProposalState::Withdrawn | ProposalState::Declined);
        let first = self.first_in_reserve().filter(|_| gone && before.state() == ProposalState::Accepted)?;
        Some(first.clone().promote(&self.call, self.now))
    }

    /// The rank behind all in reserve, in truth or by a staged decision.
    #[must_use]
    pub fn next_rank(&self) -> Rank {
        let ranks = self
            .proposals
            .iter()
            .flat_map(|proposal| [proposal.standing.reserve(), proposal.standing.staged().and_then(Staged::rank)]);
        ranks.flatten().max().map_or(1, |last| last.saturating_add(1))
    }

    /// Releases every staged decision, all at once, each with the letter for its author.
    ///
    /// # Errors
    /// Proposals can still be handed in, some have no decision (each is told), or no decision waits.
    pub fn release(self, letters: &BTreeMap<ProposalId, Letter>) -> Result<Vec<Change<Proposal>>, Refusal> {
        self.call.check_over(self.now)?;
        let missing: Vec<_> = self.proposals.iter().filter_map(|proposal| self.undecided(proposal)).map(Hindrance::fault).collect();
        if !missing.is_empty() {
            return Err(Refusal::NotReady {
                what: "Decide about every proposal before you release the decisions".to_owned(),
                missing,
            });
        }
        let released = self.as_released(letters);
        if released.is_empty() {
            return Err(Refusal::NotReady { what: NOTHING_STAGED.to_owned(), missing: Vec::new() });
        }
        Ok(released)
    }

    /// What every staged decision would come to if it were released now.
    #[must_use]
    pub fn as_released(&self, letters: &BTreeMap<ProposalId, Letter>) -> Vec<Change<Proposal>> {
        let release = |proposal: &Proposal| proposal.clone().release(letters.get(&proposal.id).cloned(), &self.call, self.now);
        self.proposals.iter().filter_map(release).collect()
    }

    /// Everything for which [`Round::release`] would refuse now.
    #[must_use]
    pub fn release_hindered_by(&self) -> Vec<Hindrance> {
        let early = self.call.check_over(self.now).err().map(|refusal| refusal.to_string());
        let staged = self.proposals.iter().any(|proposal| proposal.standing.staged().is_some());
        let of_all = early.into_iter().chain((!staged).then(|| NOTHING_STAGED.to_owned()));
        let of_all = of_all.map(|detail| Hindrance { proposal: None, detail });
        of_all.chain(self.proposals.iter().filter_map(|proposal| self.undecided(proposal))).collect()
    }

    /// Makes the offerings of the program final: each confirmed proposal becomes a cohort, and what is still in reserve is
    /// rejected. Ids are made by `new_id`; slugs are chosen so that they are not among those taken.
    ///
    /// # Errors
    /// It was done, the call is not over, the program is, or some proposals are undecided, unreleased or unconfirmed: each is told.
    pub fn finalize(self, year: &Year, taken: &BTreeSet<Slug>, mut new_id: impl FnMut() -> CohortId) -> Result<Finalized, Refusal> {
        let program = year.program.clone().finalize_offerings(&year.timeline, self.now)?;
        let missing: Vec<_> = self.proposals.iter().filter_map(|proposal| self.unsettled(proposal)).map(Hindrance::fault).collect();
        if !missing.is_empty() {
            return Err(Refusal::NotReady {
                what:
                    "Every proposal must be decided, and every accepted one confirmed or declined, before the offerings are final"
                        .to_owned(),
                missing,
            });
        }
        let (mut cohorts, mut proposals) = (Vec::new(), Vec::new());
        let mut taken = taken.clone();
        for proposal in self.proposals {
            if proposal.standing.reserve().is_some() {
                proposals.push(proposal.moved(Standing::Rejected { rejected_at: self.now }, "rejected", self.now));
            } else if let Standing::Confirmed { confirmed_at, cohort_id: None } = proposal.standing {
                let cohort_id = new_id();
                let slug = free_slug(&proposal.content.title, &taken);
                taken.insert(slug.clone());
                cohorts.push(proposal.cohort(cohort_id, slug, year, self.now)?);
                proposals.push(proposal.become_cohort(confirmed_at, cohort_id, self.now));
            }
        }
        Ok(Finalized { program, cohorts, proposals })
    }

    /// Why nothing can be released because of one of them: it may still come in, or staff have neither decided nor staged a
    /// decision.
    fn undecided(&self, proposal: &Proposal) -> Option<Hindrance> {
        let judged = !matches!(proposal.standing, Standing::Submitted | Standing::InReview { staged: None, reserve: None });
        let detail = if proposal.still_extended(self.now) {
            "Its author was given longer, and can still hand it in"
        } else if proposal.state() == ProposalState::RevisionRequested {
            "Its author was asked for another text"
        } else if judged {
            return None;
        } else {
            "It has no decision"
        };
        Some(Hindrance::of(proposal, detail))
    }

    /// Why the offerings cannot be final because of one of them.
    fn unsettled(&self, proposal: &Proposal) -> Option<Hindrance> {
        let detail = if proposal.standing.staged().is_some() {
            "Its decision has not been released"
        } else if proposal.state() == ProposalState::Accepted {
            "Its author has neither confirmed nor declined"
        } else {
            return self.undecided(proposal);
        };
        Some(Hindrance::of(proposal, detail))
    }

    fn next_lapse(&self) -> Option<(Timestamp, ProposalId)> {
        let lapses = self.proposals.iter().filter_map(|proposal| Some((proposal.lapses_at(&self.call)?, proposal.id)));
        lapses.min().filter(|(lapses_at, _)| *lapses_at <= self.now)
    }

    /// Who is accepted when a place comes free. One about whom staff mean to decide anew is left to that decision.
    fn first_in_reserve(&self) -> Option<&Proposal> {
        self.proposals
            .iter()
            .filter(|proposal| proposal.standing.staged().is_none())
            .filter_map(|proposal| Some((proposal.standing.reserve()?, proposal)))
            .min_by_key(|(rank, proposal)| (*rank, proposal.submitted_at, proposal.id))
            .map(|(_, proposal)| proposal)
    }

    fn put(&mut self, changed: Proposal) {
        if let Some(place) = self.proposals.iter_mut().find(|proposal| proposal.id == changed.id) {
            *place = changed;
        }
    }
}

impl Proposal {
    /// Lets an acceptance lapse that was not confirmed in time, or a revision that was not handed in.
    fn lapse(self, lapses_at: Timestamp) -> Change<Self> {
        let standing = self.standing.lapsed_at(lapses_at);
        let verb = if standing.lapsed() { "lapsed" } else { "revision_lapsed" };
        self.moved(standing, verb, lapses_at)
    }

    /// Accepts one from the reserve.
    fn promote(self, call: &Call, now: Timestamp) -> Change<Self> {
        let confirm_until = Some(call.days_from(now));
        self.moved(Standing::Accepted { accepted_at: now, confirm_until }, "promoted", now)
    }

    /// The cohort that it becomes.
    fn cohort(&self, id: CohortId, slug: Slug, year: &Year, now: Timestamp) -> Result<Change<Cohort>, Refusal> {
        let day_in_person = year.timeline.first(MilestoneKind::InPersonTraining).is_some();
        let new = NewCohort {
            program_id: self.program_id,
            proposal_id: Some(self.id),
            slug,
            title: self.content.title.clone(),
            description: self.content.r#abstract.clone(),
            audience: self.content.audience.clone(),
            delivery: if day_in_person { MeetingMode::Hybrid } else { MeetingMode::Virtual },
            capacity: self.content.preferred_capacity.unwrap_or(year.program.capacity),
            facilitators: self.facilitators(),
            dates: CohortDates::default(),
        };
        let Change { value: draft, mut happened } = Cohort::create(id, new, now)?;
        let Ok(published) = draft.clone().publish(year.window(&draft).as_ref(), now) else {
            return Ok(Change { value: draft, happened });
        };
        happened.extend(published.happened);
        Ok(Change { value: published.value, happened })
    }

    fn become_cohort(self, confirmed_at: Timestamp, cohort_id: CohortId, now: Timestamp) -> Change<Self> {
        let Change { value, happened } =
            self.moved(Standing::Confirmed { confirmed_at, cohort_id: Some(cohort_id) }, "became_cohort", now);
        let happened = happened.into_iter().map(|happening| happening.with("cohort_id", cohort_id.to_string())).collect();
        Change { value, happened }
    }
}

const NOTHING_STAGED: &str = "No decision waits for its release";

impl Hindrance {
    fn of(proposal: &Proposal, detail: &str) -> Self {
        Self { proposal: Some((proposal.id, proposal.state())), detail: detail.to_owned() }
    }

    fn fault(self) -> Fault {
        let fault = Fault::new("#", FaultCode::Required, self.detail);
        match self.proposal {
            Some((id, state)) => fault.with("proposal_id", id.to_string()).with("state", state.to_string()),
            None => fault,
        }
    }
}

/// The slug that a title suggests, with a number behind it where that is taken.
fn free_slug(title: &Title, taken: &BTreeSet<Slug>) -> Slug {
    let suggested = Slug::suggested_by(title.as_str());
    let numbered = (2_u32..).filter_map(|number| Slug::new(&format!("{suggested}-{number}")).ok());
    let free = std::iter::once(suggested.clone()).chain(numbered).find(|slug| !taken.contains(slug));
    free.unwrap_or(suggested)
}
