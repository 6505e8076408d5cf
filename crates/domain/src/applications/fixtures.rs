//! What the tests of cohorts, seats and applications begin with: a cohort, its sign-up, its people.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{Answers, Application, Standing};
use crate::cohorts::{Audience, Cohort, MeetingMode, NewCohort, Signup, Year};
use crate::eligibility::{EmploymentFacts, JoiningTerms, Workplace};
use crate::employments::Level;
use crate::ids::{ApplicationId, CohortId, EmploymentId, Id, OrganizationId, PersonId, ProgramId};
use crate::meta::Meta;
use crate::organizations::OrganizationKind;
use crate::programs::{Capacity, Delivery, EnrollmentMode, Program, ProgramCreate, Terms};
use crate::text::{Name, Reason, SchoolYear, Slug, StateCode, Title};
use crate::time::{Timestamp, Zone};
use crate::timeline::{CohortDates, Milestone, MilestoneKind, SignupWindow, Timeline, When};

/// When sign-up opens, in the tests' hours.
pub const OPENS: i64 = 100;
/// When the soft deadline passes.
pub const SOFT: i64 = 500;
/// When the cohort kicks off.
pub const KICKOFF: i64 = 1_000;

/// So many hours after 1970 began.
pub fn at(hours: i64) -> Timestamp {
    Timestamp::from_millis(hours * 60 * 60 * 1_000)
}

pub fn id<I: Id>(number: u128) -> I {
    I::from_uuid(Uuid::from_u128(number))
}

pub fn reason(text: &str) -> Reason {
    Reason::new(text).unwrap()
}

pub fn signup(mode: EnrollmentMode) -> Signup {
    Signup { mode, ..year().signup(&draft_cohort(1, 2)).unwrap() }
}

pub fn window() -> SignupWindow {
    year().window(&draft_cohort(1, 2)).unwrap()
}

/// A published program of the tests' hours.
pub fn year() -> Year {
    let wish = ProgramCreate {
        slug: Slug::new("2024-25").unwrap(),
        name: Title::new("Communities of practice").unwrap(),
        description: None,
        school_year: SchoolYear::new("2024-25").unwrap(),
        time_zone: Zone::UTC,
        delivery: Delivery::StaffLed,
        enrollment_mode: EnrollmentMode::RollingReview,
        capacity: Capacity::default(),
        terms: Terms { hold_days: 4, offer_days: 3, ..Terms::default() },
        joining: JoiningTerms::default(),
    };
    let program = Program::create(id(1), wish, at(0)).unwrap().value;
    let dates = [
        (MilestoneKind::SignupOpens, OPENS),
        (MilestoneKind::SignupSoftDeadline, SOFT),
        (MilestoneKind::Kickoff, KICKOFF),
        (MilestoneKind::Closeout, KICKOFF + 1_000),
    ];
    let milestones = dates.map(|(kind, hours)| milestone(kind, hours));
    let timeline = Timeline::plan(&program.calendar(), milestones.into()).unwrap();
    Year { program: program.publish(&timeline, at(0)).unwrap().value, timeline }
}

pub fn milestone(kind: MilestoneKind, hours: i64) -> Milestone {
    let label = Name::new(kind.default_label()).unwrap();
    Milestone { id: id(u128::try_from(hours).unwrap()), kind, label, when: When::At(at(hours)) }
}

pub fn new_cohort(min: u32, max: u32) -> NewCohort {
    NewCohort {
        program_id: id::<ProgramId>(1),
        proposal_id: None,
        slug: Slug::new("rural-leadership").unwrap(),
        title: Title::new("Rural Leadership").unwrap(),
        description: None,
        audience: Audience { roles: BTreeSet::from([Slug::new("principal").unwrap()]), ..Audience::default() },
        delivery: MeetingMode::Virtual,
        capacity: Capacity { min, max },
        facilitators: vec![id(900)],
        dates: CohortDates::default(),
    }
}

pub fn draft_cohort(min: u32, max: u32) -> Cohort {
    Cohort::create(id::<CohortId>(2), new_cohort(min, max), at(0)).unwrap().value
}

pub fn open_cohort(min: u32, max: u32) -> Cohort {
    draft_cohort(min, max).publish(Some(&window()), at(0)).unwrap().value
}

/// A principal, whose employment and organization have numbers of their own.
pub fn principal(employment: u128, organization: u128) -> EmploymentFacts {
    EmploymentFacts {
        workplace: Workplace { employment_id: id::<EmploymentId>(employment), organization_id: id::<OrganizationId>(organization) },
        organization_kind: OrganizationKind::CharterSchool,
        state: StateCode::new("CO").unwrap(),
        active_member: true,
        role: Slug::new("principal").unwrap(),
        level: Level::School,
    }
}

/// An application of the person with this number.
pub fn application(person: u128, standing: Standing) -> Application {
    Application {
        id: id::<ApplicationId>(1_000 + person),
        cohort_id: id(2),
        person_id: id::<PersonId>(person),
        workplace: None,
        verification_id: None,
        answers: Answers::default(),
        commitments: Vec::new(),
        submitted_at: None,
        team_id: None,
        transferred_from: None,
        standing,
        meta: Meta::new(at(0)),
    }
}
