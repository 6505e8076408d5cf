//! A call in February, and a year led by staff.

mod generated;
mod one;

use uuid::Uuid;

use super::generate::planned as planned_for;
use super::*;
use crate::cohorts::{Audience, Cohort, NewCohort, Year};
use crate::eligibility::JoiningTerms;
use crate::programs::{Capacity, Delivery, EnrollmentMode, Program, ProgramCreate, Terms};
use crate::text::{SchoolYear, Slug};
use crate::timeline::{CohortDates, Milestone, Timeline, When};

const NEW_YORK: &str = "America/New_York";

fn zone() -> Zone {
    NEW_YORK.parse().unwrap()
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn time(text: &str) -> WallTime {
    text.parse().unwrap()
}

/// Long before every session of these tests.
fn now() -> Timestamp {
    instant("2019-10-10T12:00:00Z")
}

fn reason() -> Reason {
    Text::new("The school is closed").unwrap()
}

fn details() -> Details {
    Details {
        kind: SessionKind::Call,
        title: Text::new("First call").unwrap(),
        delivery: MeetingMode::Virtual,
        join_link: Some(WebAddress::new("https://meet.example.org/abc").unwrap()),
        place: None,
        agenda: None,
    }
}

/// A call of an hour on February 14, 2020, at four in the afternoon, which is nine in the evening in UTC.
fn scheduled() -> Session {
    let slot = Slot::new(day("2020-02-14"), time("16:00"), zone(), 60).unwrap();
    Session::create(Uuid::from_u128(1).into(), Uuid::from_u128(2).into(), details(), slot, now()).value
}

fn every_standing() -> [Standing; 3] {
    let cancelled_at = now();
    [Standing::Scheduled, Standing::Held { held_at: now(), held_by: None }, Standing::Cancelled { cancelled_at, reason: reason() }]
}

fn to_march() -> SessionUpdate {
    SessionUpdate { on: Some(day("2020-03-16")), reason: Some(reason()), ..SessionUpdate::default() }
}

/// A year led by staff: its kick-off is at an instant, its call thirty days later.
fn year() -> Year {
    let milestone = |n, kind: MilestoneKind, when| Milestone {
        id: Uuid::from_u128(n).into(),
        kind,
        label: Text::new(kind.default_label()).unwrap(),
        when,
    };
    let milestones = vec![
        milestone(1, MilestoneKind::SignupOpens, When::On(day("2019-10-17"))),
        milestone(2, MilestoneKind::Kickoff, When::At(instant("2019-12-09T20:30:00Z"))),
        milestone(3, MilestoneKind::Call, When::Relative { to: Uuid::from_u128(2).into(), days: 30 }),
        milestone(4, MilestoneKind::Closeout, When::On(day("2020-06-15"))),
    ];
    let wish = ProgramCreate {
        slug: Slug::new("year").unwrap(),
        name: Text::new("A year").unwrap(),
        description: None,
        school_year: SchoolYear::new("2019-20").unwrap(),
        time_zone: zone(),
        delivery: Delivery::StaffLed,
        enrollment_mode: EnrollmentMode::FirstCome,
        capacity: Capacity::default(),
        terms: Terms::default(),
        joining: JoiningTerms::default(),
    };
    let program = Program::create(Uuid::nil().into(), wish, now()).unwrap().value;
    let timeline = Timeline::plan(&program.calendar(), milestones).unwrap();
    Year { program: program.publish(&timeline, now()).unwrap().value, timeline }
}

fn cohort(dates: CohortDates) -> Cohort {
    let new = NewCohort {
        program_id: Uuid::nil().into(),
        proposal_id: None,
        slug: Slug::new("cohort").unwrap(),
        title: Text::new("A cohort").unwrap(),
        description: None,
        audience: Audience::default(),
        delivery: MeetingMode::Hybrid,
        capacity: Capacity::default(),
        facilitators: Vec::new(),
        dates,
    };
    Cohort::create(Uuid::from_u128(2).into(), new, now()).unwrap().value
}
