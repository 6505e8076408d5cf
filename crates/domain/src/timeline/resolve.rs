//! From milestones as they were set to days and instants.

use super::{Calendar, DatedMilestone, MOST_MILESTONES, MOST_RELATIVE_DAYS, Milestone, When};
use crate::ids::MilestoneId;
use crate::refusal::{Fault, FaultCode, Faults, Refusal};
use crate::time::{Date, Timestamp};

/// Goes on when a list is no longer than a timeline may be: what a longer one says is not looked at.
pub(super) fn check_length(milestones: &[Milestone]) -> Result<(), Refusal> {
    if milestones.len() <= MOST_MILESTONES {
        return Ok(());
    }
    let detail = format!("At most {MOST_MILESTONES} milestones");
    Err(Refusal::Invalid(vec![Fault::new("#/milestones", FaultCode::TooLong, detail).with("max", MOST_MILESTONES)]))
}

/// Dates each milestone that can be dated, with its place in the list, and gathers what is wrong with the others.
pub(super) fn resolve(calendar: &Calendar, milestones: Vec<Milestone>) -> (Vec<(usize, DatedMilestone)>, Faults) {
    let mut faults = Faults::default();
    repeated(&milestones).for_each(|fault| faults.push(fault));
    let found: Vec<_> =
        (0..milestones.len()).zip(&milestones).map(|(index, one)| anchor(calendar, &milestones, index, one)).collect();
    let mut dated = Vec::new();
    for ((index, milestone), found) in milestones.into_iter().enumerate().zip(found) {
        match found {
            Ok((on, at)) => dated.push((index, DatedMilestone::new(calendar, milestone, on, at))),
            Err(NoDate::Own(fault)) => faults.push(fault.under(&format!("#/milestones/{index}"))),
            Err(NoDate::Another) => {}
        }
    }
    (dated, faults)
}

/// What stands twice and may stand only once: ids, and all kinds but calls.
pub(super) fn repeated(milestones: &[Milestone]) -> impl Iterator<Item = Fault> {
    milestones.iter().enumerate().flat_map(|(index, milestone)| {
        let before = milestones.iter().take(index);
        let same_id = before.clone().any(|other| other.id == milestone.id);
        let same_kind = milestone.kind.single() && before.clone().any(|other| other.kind == milestone.kind);
        let fault =
            |member: &str, detail: String| Fault::new(format!("#/milestones/{index}/{member}"), FaultCode::Duplicate, detail);
        [
            same_id.then(|| fault("id", "Another milestone of this list has this id".to_owned())),
            same_kind.then(|| fault("kind", format!("A timeline has one `{}` at most", milestone.kind))),
        ]
        .into_iter()
        .flatten()
    })
}

/// Why a milestone has no date.
enum NoDate {
    /// Something is wrong with the milestone itself.
    Own(Fault),
    /// Something is wrong with one on which it depends; that one is told of.
    Another,
}

impl NoDate {
    fn own(member: &str, code: FaultCode, detail: impl Into<String>) -> Self {
        Self::Own(Fault::new(format!("#/{member}"), code, detail))
    }
}

/// The day of a milestone, and its instant where it was set at one.
fn anchor(
    calendar: &Calendar,
    all: &[Milestone],
    index: usize,
    milestone: &Milestone,
) -> Result<(Date, Option<Timestamp>), NoDate> {
    match milestone.when {
        When::On(day) => Ok((day, None)),
        When::At(at) if at.in_range() => Ok((calendar.time_zone.date_of(at), Some(at))),
        When::At(_) => Err(NoDate::own("at", FaultCode::OutOfRange, "Not an instant that can be planned for")),
        When::Relative { days, .. } if days.abs() > MOST_RELATIVE_DAYS => {
            let detail = format!("From -{MOST_RELATIVE_DAYS} to {MOST_RELATIVE_DAYS} days");
            Err(NoDate::own("relative_to/days", FaultCode::OutOfRange, detail))
        }
        When::Relative { to, days } => follow(calendar, all, index, to, i64::from(days)).map(|day| (day, None)),
    }
}

/// Follows the chain from a milestone to one that stands by itself. A chain longer than the list goes round in a circle.
fn follow(calendar: &Calendar, all: &[Milestone], start: usize, mut to: MilestoneId, mut days: i64) -> Result<Date, NoDate> {
    for link in 0..all.len() {
        let Some((index, milestone)) = all.iter().enumerate().find(|(_, milestone)| milestone.id == to) else {
            let unknown = || NoDate::own("relative_to/milestone_id", FaultCode::NotFound, "No milestone of this list has this id");
            return Err(if link == 0 { unknown() } else { NoDate::Another });
        };
        if index == start {
            let detail = "This milestone is set relative to itself, by way of those in between";
            return Err(NoDate::own("relative_to/milestone_id", FaultCode::InvalidValue, detail));
        }
        let base = match milestone.when {
            When::On(day) => day,
            When::At(at) if at.in_range() => calendar.time_zone.date_of(at),
            When::At(_) => return Err(NoDate::Another),
            When::Relative { to: next, days: more } => {
                (to, days) = (next, days + i64::from(more));
                continue;
            }
        };
        let beyond = |_| NoDate::own("relative_to/days", FaultCode::OutOfRange, "This leads to a day that cannot be planned for");
        return Date::try_from(base.plus_days(days).naive()).map_err(beyond);
    }
    Err(NoDate::Another)
}
