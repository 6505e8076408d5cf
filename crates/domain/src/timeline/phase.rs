//! In which phase a program is: worked out from its timeline, the decisions taken, its cohorts and the time.
//!
//! What always holds: a phase depends on these alone, and with them unchanged never goes back. A decision counts from its instant
//! on, so that the past can be asked about as well as the present.

use super::{CohortSpan, DatedMilestone, MilestoneKind, MilestoneStatus, Timeline};
use crate::ids::MilestoneId;
use crate::programs::{Decisions, Delivery};
use crate::time::Timestamp;

crate::words! {
    /// Where a program is in its year. In the order of declaration; none is gone back to.
    pub enum Phase {
        /// Not published.
        Draft = "draft",
        /// Published; nothing is open yet.
        Scheduled = "scheduled",
        /// The call for proposals is open.
        AcceptingProposals = "accepting_proposals",
        /// Proposals are judged, until staff finalize the offerings.
        ReviewingProposals = "reviewing_proposals",
        /// It is settled which cohorts there are; sign-up is not open yet.
        OfferingsFinal = "offerings_final",
        /// Sign-up is open.
        SignupOpen = "signup_open",
        /// The soft deadline is past, and some cohort has not kicked off.
        SignupLate = "signup_late",
        /// Every open cohort has kicked off.
        InSession = "in_session",
        /// The day of the last close-out is over, or staff closed it.
        Closed = "closed",
        /// Called off by staff.
        Cancelled = "cancelled",
    }

    /// What keeps a program from its next phase, though it is time for it.
    pub enum Blocker {
        /// Staff have not finalized the offerings.
        OfferingsNotFinal = "offerings_not_final",
    }
}

/// Where a program is at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct PhaseNow {
    /// The phase.
    pub phase: Phase,
    /// What keeps it from the next one, though it is time.
    pub blocked_by: Vec<Blocker>,
    /// The first milestone that has still to take effect, unless the program is over.
    pub next_milestone: Option<DatedMilestone>,
}

/// A phase, and from when to when it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhaseSpan {
    /// The phase.
    pub phase: Phase,
    /// Its first instant; none where it has been so from the beginning.
    pub starts_at: Option<Timestamp>,
    /// The first instant after it; none where it stays so for ever.
    pub ends_at: Option<Timestamp>,
}

/// In which phase a program is at an instant. Of the cohorts, those count that are open, in session or completed.
#[must_use]
pub fn phase(timeline: &Timeline, decisions: &Decisions, cohorts: &[CohortSpan], now: Timestamp) -> PhaseNow {
    let phase = phase_at(timeline, decisions, cohorts, now);
    let overdue = phase == Phase::ReviewingProposals && reached(timeline.effective_at(MilestoneKind::OfferingsFinal), now);
    let over = matches!(phase, Phase::Closed | Phase::Cancelled);
    let next_milestone = timeline.milestones.iter().filter(|_| !over).find(|dated| now < dated.effective_at()).cloned();
    PhaseNow { phase, blocked_by: overdue.then_some(Blocker::OfferingsNotFinal).into_iter().collect(), next_milestone }
}

/// The next instant at which the phase, what blocks it, the next milestone or any milestone's status is another. Whatever was
/// worked out from them can be kept until then.
#[must_use]
pub fn next_change_at(timeline: &Timeline, decisions: &Decisions, cohorts: &[CohortSpan], now: Timestamp) -> Option<Timestamp> {
    let at = |instant: Timestamp| Outlook::at(timeline, decisions, cohorts, instant);
    let current = at(now);
    instants(timeline, decisions, cohorts).into_iter().filter(|instant| *instant > now).find(|instant| at(*instant) != current)
}

/// All phases of a program, in order, from the beginning of time to its end.
#[must_use]
pub fn phases(timeline: &Timeline, decisions: &Decisions, cohorts: &[CohortSpan]) -> Vec<PhaseSpan> {
    let mut spans: Vec<PhaseSpan> = Vec::new();
    let mut phase = phase_at(timeline, decisions, cohorts, Timestamp::from_millis(i64::MIN));
    let mut starts_at = None;
    for instant in instants(timeline, decisions, cohorts) {
        let next = phase_at(timeline, decisions, cohorts, instant);
        if next != phase {
            spans.push(PhaseSpan { phase, starts_at, ends_at: Some(instant) });
            (phase, starts_at) = (next, Some(instant));
        }
    }
    spans.push(PhaseSpan { phase, starts_at, ends_at: None });
    spans
}

fn phase_at(timeline: &Timeline, decisions: &Decisions, cohorts: &[CohortSpan], now: Timestamp) -> Phase {
    let at = |kind| timeline.effective_at(kind);
    let closed_at = last(cohorts, |cohort| cohort.closes_at, at(MilestoneKind::Closeout));
    if reached(decisions.cancelled_at(), now) {
        Phase::Cancelled
    } else if reached(decisions.closed_at, now) {
        Phase::Closed
    } else if !reached(decisions.published_at, now) {
        Phase::Draft
    } else if reached(closed_at, now) {
        Phase::Closed
    } else {
        open_phase(timeline, decisions, cohorts, now)
    }
}

/// The phase of a program that is published, and neither over nor called off.
fn open_phase(timeline: &Timeline, decisions: &Decisions, cohorts: &[CohortSpan], now: Timestamp) -> Phase {
    let at = |kind| timeline.effective_at(kind);
    let before_signup = match timeline.calendar.delivery {
        Delivery::StaffLed => Phase::Scheduled,
        Delivery::CallForProposals if reached(decisions.finalized_at, now) => Phase::OfferingsFinal,
        Delivery::CallForProposals if !reached(at(MilestoneKind::ProposalsOpen), now) => return Phase::Scheduled,
        Delivery::CallForProposals if !reached(at(MilestoneKind::ProposalsDue), now) => return Phase::AcceptingProposals,
        Delivery::CallForProposals => return Phase::ReviewingProposals,
    };
    if !reached(at(MilestoneKind::SignupOpens), now) {
        before_signup
    } else if reached(last(cohorts, |cohort| cohort.kickoff_at, at(MilestoneKind::Kickoff)), now) {
        Phase::InSession
    } else if reached(at(MilestoneKind::SignupSoftDeadline), now) {
        Phase::SignupLate
    } else {
        Phase::SignupOpen
    }
}

/// The last of the cohorts' instants, or the program's own where there is no cohort.
fn last(cohorts: &[CohortSpan], of: impl Fn(&CohortSpan) -> Timestamp, own: Option<Timestamp>) -> Option<Timestamp> {
    cohorts.iter().map(of).max().or(own)
}

fn reached(instant: Option<Timestamp>, now: Timestamp) -> bool {
    instant.is_some_and(|instant| instant <= now)
}

/// Every instant at which anything could change, in order.
fn instants(timeline: &Timeline, decisions: &Decisions, cohorts: &[CohortSpan]) -> Vec<Timestamp> {
    let of_milestones = timeline
        .milestones
        .iter()
        .flat_map(|dated| [dated.current_from, dated.current_until, dated.starts_at, dated.effective_at()]);
    let of_cohorts = cohorts.iter().flat_map(|cohort| [cohort.kickoff_at, cohort.closes_at]);
    let decided = [decisions.published_at, decisions.finalized_at, decisions.closed_at, decisions.cancelled_at()];
    let mut instants: Vec<_> = of_milestones.chain(of_cohorts).chain(decided.into_iter().flatten()).collect();
    instants.sort_unstable();
    instants.dedup();
    instants
}

/// All that can change about a program as time goes on.
#[derive(PartialEq)]
struct Outlook {
    phase: Phase,
    blocked_by: Vec<Blocker>,
    next_milestone: Option<MilestoneId>,
    statuses: Vec<MilestoneStatus>,
}

impl Outlook {
    fn at(timeline: &Timeline, decisions: &Decisions, cohorts: &[CohortSpan], now: Timestamp) -> Self {
        let PhaseNow { phase, blocked_by, next_milestone } = phase(timeline, decisions, cohorts, now);
        let statuses = timeline.milestones.iter().map(|dated| dated.status(now)).collect();
        Self { phase, blocked_by, next_milestone: next_milestone.map(|dated| dated.id()), statuses }
    }
}
