//! Changes of a timeline: what differs, what needs a reason, and what would come of it.

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{CohortSpan, DatedMilestone, Milestone, MilestoneDraft, MilestoneKind, MilestoneStatus, PhaseSpan, Timeline, phases};
use crate::ids::{MilestoneId, ProgramId};
use crate::journal::{Happening, Subject, SubjectKind};
use crate::programs::{Decisions, Delivery};
use crate::refusal::{Fault, FaultCode, Refusal};
use crate::text::{Name, Reason};
use crate::time::{Date, Timestamp};

crate::words! {
    /// What became of a milestone.
    pub enum MilestoneChangeKind {
        /// It is new.
        Added = "added",
        /// It is gone.
        Removed = "removed",
        /// It is set at another time, or in another way.
        Moved = "moved",
        /// It is called something else, at the same time.
        Renamed = "renamed",
    }
}

/// A milestone as the journal keeps it: what it was called, and when it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MilestoneRecord {
    /// What it was called.
    pub label: Name,
    /// Its civil day.
    pub on: Date,
    /// When it began.
    pub starts_at: Timestamp,
    /// When it was over, where something was due or settled by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes_at: Option<Timestamp>,
}

/// What differs between two timelines at one milestone.
#[derive(Clone, Debug, PartialEq)]
pub enum MilestoneChange {
    /// It is new.
    Added(DatedMilestone),
    /// It is gone.
    Removed(DatedMilestone),
    /// It is set at another time, or in another way.
    Moved {
        /// As it was.
        from: DatedMilestone,
        /// As it is to be.
        to: DatedMilestone,
    },
    /// It is called something else, at the same time.
    Renamed {
        /// As it was.
        from: DatedMilestone,
        /// As it is to be.
        to: DatedMilestone,
    },
}

/// What a changed timeline would give.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// The phases, as if what is not decided yet were decided on time.
    pub phases: Vec<PhaseSpan>,
    /// The milestones that differ.
    pub changes: Vec<MilestoneChange>,
    /// Whether it can be made only with a reason.
    pub reason_required: bool,
}

impl MilestoneChange {
    /// The milestone: as it is to be, or as it was where it is gone.
    #[must_use]
    pub fn milestone(&self) -> &DatedMilestone {
        match self {
            Self::Added(milestone) | Self::Removed(milestone) => milestone,
            Self::Moved { to, .. } | Self::Renamed { to, .. } => to,
        }
    }

    /// Whether it changes a date that is past.
    fn rewrites_past(&self, now: Timestamp) -> bool {
        match self {
            Self::Removed(from) => from.status(now) == MilestoneStatus::Past,
            Self::Moved { from, to } => from.status(now) == MilestoneStatus::Past && !from.same_instants(to),
            Self::Added(_) | Self::Renamed { .. } => false,
        }
    }

    /// What became of it.
    #[must_use]
    pub fn kind(&self) -> MilestoneChangeKind {
        match self {
            Self::Added(_) => MilestoneChangeKind::Added,
            Self::Removed(_) => MilestoneChangeKind::Removed,
            Self::Moved { .. } => MilestoneChangeKind::Moved,
            Self::Renamed { .. } => MilestoneChangeKind::Renamed,
        }
    }

    /// As it was, where it was there before.
    #[must_use]
    pub fn before(&self) -> Option<MilestoneRecord> {
        match self {
            Self::Added(_) => None,
            Self::Removed(from) | Self::Moved { from, .. } | Self::Renamed { from, .. } => Some(from.record()),
        }
    }

    /// As it is to be, where it stays.
    #[must_use]
    pub fn after(&self) -> Option<MilestoneRecord> {
        match self {
            Self::Removed(_) => None,
            Self::Added(to) | Self::Moved { to, .. } | Self::Renamed { to, .. } => Some(to.record()),
        }
    }

    /// What happened to the program by it.
    #[must_use]
    pub fn happening(&self, program: ProgramId, reason: Option<&Reason>) -> Happening {
        let about = Happening::new(Subject::new(SubjectKind::Program, program), self.kind().verb())
            .with("milestone_id", self.milestone().id().to_string())
            .with("kind", self.milestone().kind().to_string())
            .because(reason);
        let sides = [("from", self.before()), ("to", self.after())];
        sides.into_iter().fold(about, |about, (side, record)| match record {
            Some(record) => about.with(side, json!(record)),
            None => about,
        })
    }
}

impl MilestoneChangeKind {
    /// The second part of the type of the journal's entry.
    #[must_use]
    pub fn verb(self) -> &'static str {
        match self {
            Self::Added => "milestone_added",
            Self::Removed => "milestone_removed",
            Self::Moved => "milestone_moved",
            Self::Renamed => "milestone_renamed",
        }
    }
}

impl DatedMilestone {
    fn same_instants(&self, other: &Self) -> bool {
        (self.on, self.starts_at, self.closes_at) == (other.on, other.starts_at, other.closes_at)
    }

    fn record(&self) -> MilestoneRecord {
        let label = self.milestone.label.clone();
        MilestoneRecord { label, on: self.on, starts_at: self.starts_at, closes_at: self.closes_at }
    }
}

/// What differs between two timelines, in the order of the year.
#[must_use]
pub fn changes(old: &Timeline, new: &Timeline) -> Vec<MilestoneChange> {
    let removed = old.milestones.iter().filter(|was| new.milestone(was.id()).is_none()).cloned().map(MilestoneChange::Removed);
    let others = new.milestones.iter().filter_map(|to| match old.milestone(to.id()) {
        None => Some(MilestoneChange::Added(to.clone())),
        Some(from) if from.milestone.when != to.milestone.when || !from.same_instants(to) => {
            Some(MilestoneChange::Moved { from: from.clone(), to: to.clone() })
        }
        Some(from) if from.milestone.label != to.milestone.label => {
            Some(MilestoneChange::Renamed { from: from.clone(), to: to.clone() })
        }
        Some(_) => None,
    });
    let mut changes: Vec<_> = removed.chain(others).collect();
    changes.sort_by_key(|change| (change.milestone().on, change.milestone().kind().rank(), change.milestone().id()));
    changes
}

/// What a changed timeline would give. The cohorts are those that count, with their dates under the new timeline.
#[must_use]
pub fn preview(old: &Timeline, new: &Timeline, decisions: &Decisions, cohorts: &[CohortSpan], now: Timestamp) -> Preview {
    let changes = changes(old, new);
    Preview {
        phases: phases(new, &decided_on_time(new, decisions, now), cohorts),
        reason_required: changes.iter().any(|change| change.rewrites_past(now)),
        changes,
    }
}

/// The decisions, with those that are still to be taken as if they were taken on time, or now where it is late.
fn decided_on_time(timeline: &Timeline, decisions: &Decisions, now: Timestamp) -> Decisions {
    let published_at = decisions.published_at.unwrap_or(now);
    let on_time = match timeline.calendar.delivery {
        Delivery::CallForProposals => timeline.effective_at(MilestoneKind::OfferingsFinal).map(|due| due.max(now)),
        Delivery::StaffLed => None,
    };
    Decisions { published_at: Some(published_at), finalized_at: decisions.finalized_at.or(on_time), ..decisions.clone() }
}

/// Goes on when no date that is past is changed, or a reason is given.
pub(crate) fn require_reason(changes: &[MilestoneChange], reason: Option<&Reason>, now: Timestamp) -> Result<(), Refusal> {
    let past: Vec<_> = changes.iter().filter(|change| change.rewrites_past(now)).collect();
    if reason.is_some() || past.is_empty() {
        return Ok(());
    }
    let kinds: Vec<_> = past.iter().map(|change| format!("`{}`", change.milestone().kind())).collect();
    Err(Refusal::ReasonRequired(format!("These milestones are past, and are changed only with a reason: {}", kinds.join(", "))))
}

/// Goes on when every milestone that stays is still of its kind.
pub(crate) fn require_same_kinds(old: &Timeline, milestones: &[Milestone]) -> Result<(), Refusal> {
    let faults: Vec<_> = milestones
        .iter()
        .enumerate()
        .filter_map(|(index, milestone)| {
            let was = old.milestone(milestone.id)?.kind();
            let detail = format!("This milestone is of the kind `{was}`: remove it, and add another");
            (was != milestone.kind).then(|| Fault::new(format!("#/milestones/{index}/kind"), FaultCode::Frozen, detail))
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults)) }
}

/// Gives each milestone of a list an id: its own, or that of the old milestone of its kind which it replaces, or a fresh one.
///
/// Of several old calls it is the one at the same time, else the first that nobody has taken.
pub fn assign_ids(old: &Timeline, drafts: Vec<MilestoneDraft>, mut fresh: impl FnMut() -> MilestoneId) -> Vec<Milestone> {
    let mut free: Vec<&Milestone> = old.milestones.iter().map(|dated| &dated.milestone).collect();
    free.retain(|was| drafts.iter().all(|draft| draft.id != Some(was.id)));
    let mut take = |fits: &dyn Fn(&Milestone) -> bool| {
        let place = free.iter().position(|was| fits(was))?;
        Some(free.remove(place).id)
    };
    let mut ids: Vec<Option<MilestoneId>> =
        drafts.iter().map(|draft| draft.id.or_else(|| take(&|was| was.kind == draft.kind && was.when == draft.when))).collect();
    for (id, draft) in ids.iter_mut().zip(&drafts).filter(|(id, _)| id.is_none()) {
        *id = take(&|was| was.kind == draft.kind);
    }
    let milestone = |(id, draft): (Option<MilestoneId>, MilestoneDraft)| {
        let MilestoneDraft { id: _, kind, label, when } = draft;
        Milestone { id: id.unwrap_or_else(&mut fresh), kind, label, when }
    };
    ids.into_iter().zip(drafts).map(milestone).collect()
}
