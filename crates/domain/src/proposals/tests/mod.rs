//! Proposals of a program whose call opens on day 1.

mod one;
mod random;
mod revisions;
mod round;

use std::collections::BTreeMap;

use uuid::Uuid;

use super::*;
use crate::cohorts::{Audience, Year};
use crate::ids::{CohortId, Id};
use crate::programs::{Capacity, Delivery, EnrollmentMode, Program, ProgramCreate, Terms};
use crate::text::{Reason, SchoolYear, Slug, Text};
use crate::time::Zone;
use crate::timeline::{Milestone, MilestoneKind, SubmissionWindow, Timeline, When};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// Opens with day 1, is advertised to close with day 10 and takes an hour more, and asks for confirmations by day 20.
fn call() -> Call {
    Call {
        window: SubmissionWindow { opens_at: at(DAY), closes_at: at(10 * DAY), accepted_until: at(10 * DAY + HOUR) },
        confirmations_due_at: at(20 * DAY),
        days_to_confirm: 3,
        time_zone: Zone::UTC,
        finalized_at: None,
        ended_at: None,
    }
}

fn complete() -> Content {
    Content {
        title: Text::new("Behind the behaviors").unwrap(),
        r#abstract: Some(Text::new("What a behavior says, and what we answer.").unwrap()),
        audience: Audience { roles: [Slug::new("principal").unwrap()].into(), ..Audience::default() },
        goals: vec![Text::new("A shared plan").unwrap()],
        session_plan: Some(Text::new("One case at each call.").unwrap()),
        preferred_capacity: Some(Capacity { min: 10, max: 15 }),
    }
}

fn draft(n: u128) -> Proposal {
    let (id, program, author) = (Uuid::from_u128(n), Uuid::from_u128(100), Uuid::from_u128(200 + n));
    Proposal::create(id.into(), program.into(), author.into(), complete(), at(0)).unwrap().value
}

fn standing(n: u128, standing: Standing) -> Proposal {
    let submitted_at = (standing.state() != ProposalState::Draft).then(|| at(DAY + i64::try_from(n).unwrap()));
    Proposal { submission: u32::from(submitted_at.is_some()), submitted_at, standing, ..draft(n) }
}

const STAGED: Standing = Standing::InReview { staged: Some(Staged::Accept), reserve: None };
const RESERVED: Standing = Standing::InReview { staged: None, reserve: Some(1) };

fn accepted() -> Standing {
    Standing::Accepted { accepted_at: at(11 * DAY), confirm_until: None }
}

fn reserved(n: u128, rank: Rank) -> Proposal {
    standing(n, Standing::InReview { staged: None, reserve: Some(rank) })
}

/// Its author was asked for another text, until the end of day 18.
fn revising() -> Standing {
    Standing::RevisionRequested { due_at: at(18 * DAY) }
}

fn confirmed() -> Standing {
    Standing::Confirmed { confirmed_at: at(12 * DAY), cohort_id: None }
}

fn every_standing() -> [Standing; 11] {
    [
        Standing::Draft,
        Standing::Submitted,
        Standing::InReview { staged: None, reserve: None },
        STAGED,
        RESERVED,
        revising(),
        accepted(),
        confirmed(),
        Standing::Rejected { rejected_at: at(11 * DAY) },
        Standing::Withdrawn { withdrawn_at: at(11 * DAY) },
        Standing::Declined { declined_at: at(12 * DAY), lapsed: false },
    ]
}

type Step = fn(Proposal, &Call, Timestamp) -> Result<Change<Proposal>, Refusal>;

/// Everything that is done to one proposal by somebody.
fn steps() -> [(Action, Step); 10] {
    [
        (Action::UpdateProposal, |proposal, call, now| proposal.update(retitled("Another"), call, now)),
        (Action::SubmitProposal, |proposal, call, now| proposal.submit(&[], call, now)),
        (Action::WithdrawProposal, |proposal, call, now| proposal.withdraw(call, now)),
        (Action::RequestRevision, |proposal, call, now| proposal.request_revision(message(), until(now, 3), call, now)),
        (Action::ExtendProposal, |proposal, call, now| proposal.extend(until(now, 2), &reason(), call, now)),
        (Action::AcceptProposal, |proposal, call, now| proposal.stage(Staged::Accept, None, call, now)),
        (Action::RejectProposal, |proposal, call, now| proposal.stage(Staged::Reject, None, call, now)),
        (Action::ReserveProposal, |proposal, call, now| proposal.stage(Staged::Reserve { rank: 1 }, None, call, now)),
        (Action::ConfirmProposal, |proposal, call, now| proposal.confirm(call, now)),
        (Action::DeclineProposal, |proposal, call, now| proposal.decline(call, now)),
    ]
}

fn retitled(title: &str) -> ContentUpdate {
    ContentUpdate { title: Some(Text::new(title).unwrap()), ..ContentUpdate::default() }
}

fn message() -> Message {
    Text::new("Say what happens in the second half.").unwrap()
}

fn reason() -> Reason {
    Text::new("She was ill").unwrap()
}

fn until(now: Timestamp, days: i64) -> Until {
    Until::At(at(now.millis() + days * DAY))
}

fn letters() -> BTreeMap<ProposalId, Letter> {
    BTreeMap::new()
}

fn settle(proposals: Vec<Proposal>, now: Timestamp) -> (Round, Vec<Change<Proposal>>) {
    Round::settle(proposals, call(), now)
}

fn states(proposals: &[Proposal]) -> Vec<ProposalState> {
    proposals.iter().map(Proposal::state).collect()
}

fn new_ids() -> impl FnMut() -> CohortId {
    let mut next = 300_u128;
    move || {
        next += 1;
        CohortId::from_uuid(Uuid::from_u128(next))
    }
}

/// The year of which [`call`] is the call: its kick-off is on day 39.
fn year() -> Year {
    let days = [
        (MilestoneKind::ProposalsOpen, "1970-01-02"),
        (MilestoneKind::ProposalsDue, "1970-01-10"),
        (MilestoneKind::ConfirmationsDue, "1970-01-20"),
        (MilestoneKind::OfferingsFinal, "1970-01-21"),
        (MilestoneKind::SignupOpens, "1970-01-25"),
        (MilestoneKind::Kickoff, "1970-02-09"),
        (MilestoneKind::InPersonTraining, "1970-03-01"),
        (MilestoneKind::Closeout, "1970-06-15"),
    ];
    let milestone = |((kind, day), n): (&(MilestoneKind, &str), u128)| Milestone {
        id: Uuid::from_u128(n).into(),
        kind: *kind,
        label: Text::new(kind.default_label()).unwrap(),
        when: When::On(day.parse().unwrap()),
    };
    let wish = ProgramCreate {
        slug: Slug::new("year").unwrap(),
        name: Text::new("A year").unwrap(),
        description: None,
        school_year: SchoolYear::new("1969-70").unwrap(),
        time_zone: Zone::UTC,
        delivery: Delivery::CallForProposals,
        enrollment_mode: EnrollmentMode::FirstCome,
        capacity: Capacity::default(),
        terms: Terms { grace_minutes: 60, offer_days: 3, ..Terms::default() },
        joining: crate::eligibility::JoiningTerms::default(),
    };
    let program = Program::create(draft(1).program_id, wish, at(0)).unwrap().value;
    let timeline = Timeline::plan(&program.calendar(), days.iter().zip(1..).map(milestone).collect()).unwrap();
    let program = program.publish(&timeline, at(0)).unwrap().value;
    Year { program, timeline }
}
