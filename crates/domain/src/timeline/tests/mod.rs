//! The two real years that every test begins from, and how a test writes a timeline.

mod changes;
mod cohorts;
mod faults;
mod random;
mod years;
mod zones;

use super::*;
use crate::ids::Id;
use crate::programs::Decisions;
use MilestoneKind::{
    Call, Closeout, ConfirmationsDue, InPersonTraining, Kickoff, OfferingsFinal, ProposalsDue, ProposalsOpen, SignupOpens,
    SignupSoftDeadline,
};

fn zone(name: &str) -> Zone {
    name.parse().unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn id(number: u128) -> MilestoneId {
    MilestoneId::from_uuid(uuid::Uuid::from_u128(number))
}

fn calendar(time_zone: &str, delivery: Delivery) -> Calendar {
    Calendar { time_zone: zone(time_zone), delivery, terms: Terms::default() }
}

/// Milestones on days; the first has the id 0, the next the id 1, and so on.
fn on_days(list: &[(MilestoneKind, &str)]) -> Vec<Milestone> {
    (0..).zip(list).map(|(number, (kind, text))| milestone(number, *kind, When::On(day(text)))).collect()
}

fn milestone(number: u128, kind: MilestoneKind, when: When) -> Milestone {
    Milestone { id: id(number), kind, label: Name::new(kind.default_label()).unwrap(), when }
}

/// The coalition of charter schools, 2019-20.
fn dcsc() -> Timeline {
    Timeline::plan(&calendar("America/New_York", Delivery::CallForProposals), dcsc_milestones()).unwrap()
}

fn dcsc_milestones() -> Vec<Milestone> {
    on_days(&[
        (ProposalsOpen, "2019-09-12"),
        (ProposalsDue, "2019-10-03"),
        (OfferingsFinal, "2019-10-10"),
        (SignupOpens, "2019-10-17"),
        (SignupSoftDeadline, "2019-11-14"),
        (Kickoff, "2019-12-09"),
        (InPersonTraining, "2020-01-30"),
        (Call, "2020-02-14"),
        (Call, "2020-03-16"),
        (Call, "2020-04-15"),
        (Call, "2020-05-15"),
        (Closeout, "2020-06-15"),
    ])
}

/// The state office, 2024-25.
fn diso() -> Timeline {
    let milestones = on_days(&[
        (SignupOpens, "2024-08-15"),
        (Kickoff, "2024-11-05"),
        (Call, "2024-12-10"),
        (Call, "2025-01-14"),
        (Call, "2025-02-11"),
        (Call, "2025-03-11"),
        (Closeout, "2025-04-15"),
    ]);
    Timeline::plan(&calendar("America/Denver", Delivery::StaffLed), milestones).unwrap()
}

fn published(instant: &str) -> Decisions {
    Decisions { published_at: Some(at(instant)), ..Decisions::default() }
}

fn finalized(published_at: &str, finalized_at: &str) -> Decisions {
    Decisions { finalized_at: Some(at(finalized_at)), ..published(published_at) }
}

/// Phases as lines: each with its first instant.
fn table(phases: &[PhaseSpan]) -> String {
    let from = |span: &PhaseSpan| span.starts_at.map_or_else(|| "from the beginning".to_owned(), |instant| instant.to_string());
    phases.iter().map(|span| format!("{:<26}{}", from(span), span.phase)).collect::<Vec<_>>().join("\n")
}
