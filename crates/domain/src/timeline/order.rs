//! Which milestones a timeline needs, and which must come before which.

use super::MilestoneKind::{
    Call, Closeout, ConfirmationsDue, DecisionsAnnounced, InPersonTraining, Kickoff, OfferingsFinal, ProposalsDue, ProposalsOpen,
    SignupOpens, SignupSoftDeadline,
};
use super::{DatedMilestone, MilestoneKind, When};
use crate::programs::Delivery;
use crate::refusal::{Fault, FaultCode, Refusal};
use crate::time::Timestamp;

impl Delivery {
    /// The kinds of milestones without which a program of this kind has no year.
    #[must_use]
    pub fn needs(self) -> &'static [MilestoneKind] {
        match self {
            Self::CallForProposals => &[ProposalsOpen, ProposalsDue, OfferingsFinal, SignupOpens, Kickoff, Closeout],
            Self::StaffLed => &[SignupOpens, Kickoff, Closeout],
        }
    }
}

/// What is missing or out of order, in milestones with their places in the list.
pub(super) fn faults(delivery: Delivery, milestones: &[(usize, DatedMilestone)]) -> Vec<Fault> {
    let missing = delivery.needs().iter().filter(|kind| milestones.iter().all(|(_, dated)| dated.kind() != **kind)).map(|kind| {
        let detail = format!("A timeline of this program must have `{kind}`");
        Fault::new("#/milestones", FaultCode::Required, detail).with("kind", kind.to_string())
    });
    let placed: Vec<_> = milestones.iter().map(|(index, dated)| (Some(*index), dated)).collect();
    missing.chain(out_of_order(&placed)).collect()
}

/// What is out of order. Only those with a place in the list are blamed: of two, the one that should come later.
pub(super) fn out_of_order(milestones: &[(Option<usize>, &DatedMilestone)]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for &(place, dated) in milestones {
        let Some(index) = place else { continue };
        let others = milestones.iter().map(|(place, other)| (*place, *other));
        let before = others.clone().filter(|(_, other)| clash(other, dated));
        let unplaced_after = others.filter(|(place, other)| place.is_none() && clash(dated, other));
        if let Some((_, other)) = before.max_by_key(|(_, other)| (other.kind().rank(), other.effective_at())) {
            faults.push(fault(index, dated, "after", other));
        } else if let Some((_, other)) = unplaced_after.min_by_key(|(_, other)| other.kind().rank()) {
            faults.push(fault(index, dated, "before", other));
        }
    }
    faults
}

/// Goes on when nothing is missing or out of order.
pub(super) fn refuse(faults: Vec<Fault>) -> Result<(), Refusal> {
    if faults.is_empty() { Ok(()) } else { Err(Refusal::TimelineOutOfOrder { faults }) }
}

fn fault(index: usize, dated: &DatedMilestone, side: &'static str, other: &DatedMilestone) -> Fault {
    let pointer = format!("#/milestones/{index}/{}", dated.milestone.when.member());
    let detail = format!("`{}` must come {side} `{}`, which is at {}", dated.kind(), other.kind(), other.effective_at());
    Fault::new(pointer, FaultCode::OutOfOrder, detail)
        .with(side, other.kind().to_string())
        .with("milestone_id", other.id().to_string())
}

/// Whether two milestones stand the wrong way round, given that kinds have their order.
fn clash(first: &DatedMilestone, second: &DatedMilestone) -> bool {
    if first.kind().rank() >= second.kind().rank() {
        return false;
    }
    // A window that opens must stay open for some time, and a day that is over leaves no time to do anything in it.
    let strictly = matches!(first.kind(), ProposalsOpen | SignupOpens) || second.over_with_its_day();
    let (earliest, latest) = (first.earliest(), second.latest());
    if strictly { earliest >= latest } else { earliest > latest }
}

impl DatedMilestone {
    /// The first instant at which it may be done: offerings can be final on any hour of their day.
    fn earliest(&self) -> Timestamp {
        if self.kind() == OfferingsFinal { self.starts_at } else { self.effective_at() }
    }

    /// The last instant at which it may be done, or the first at which it may not be any more.
    fn latest(&self) -> Timestamp {
        if self.over_with_its_day() { self.current_until } else { self.effective_at() }
    }

    /// Whether it is done at some time in its day.
    fn over_with_its_day(&self) -> bool {
        match self.kind() {
            Closeout => true,
            DecisionsAnnounced | InPersonTraining | Call => !matches!(self.milestone.when, When::At(_)),
            ProposalsOpen | ProposalsDue | ConfirmationsDue | OfferingsFinal | SignupOpens | SignupSoftDeadline | Kickoff => false,
        }
    }
}
