//! The cohorts that fit a person, the best first.

use std::collections::HashMap;

use cohortium_domain::access::Actor;
use cohortium_domain::cohorts::{Cohort, EnrollmentStatus, Year};
use cohortium_domain::eligibility::{self, Eligibility, EmploymentFacts, Outcome, SeatsByOrganization};
use cohortium_domain::ids::{CohortId, PersonId};
use cohortium_store::{CohortFilter, PageRequest, Read, Result};

use super::facts;
use crate::seats::limits_organizations;

/// So many cohorts are read at once.
const READ_AT_ONCE: u64 = 100;

/// A cohort, with how its rules are answered for somebody.
pub struct Recommendation {
    /// The cohort.
    pub cohort: Cohort,
    /// The year of its program.
    pub year: Year,
    /// How its rules are answered.
    pub eligibility: Eligibility,
    /// Whether it is meant for the role, or the level, in which the person works, and not only open to it.
    pub made_for_you: bool,
}

/// At most so many cohorts that a person could sign up to now, the best first: whose rules are met, then those of which something
/// is unknown, then the others; among them those that are made for the person's role or level, then those that have a seat.
///
/// # Errors
/// The database's errors.
pub async fn recommended(read: &Read, actor: &Actor, person: PersonId, most: usize) -> Result<Vec<Recommendation>> {
    let applied = read.applied_to(person).await?;
    let mut page = PageRequest { limit: READ_AT_ONCE, after: None, descending: false, with_total: false };
    let wanted = |cohort: &Cohort, year: &Year| {
        year.shows(cohort, actor)
            && cohort.require_signup_open(year.window(cohort).as_ref(), read.now()).is_ok()
            && !cohort.facilitated_by(person)
            && !applied.contains(&cohort.id)
    };
    let mut found = Vec::new();
    loop {
        let mut some = read.cohorts(&CohortFilter::default(), &page, wanted).await?;
        found.append(&mut some.items);
        page.after = some.next;
        if page.after.is_none() {
            break;
        }
    }
    let employments = facts::employments_of(read, person).await?;
    let mut seats = seats_where_limited(read, &found).await?;
    let judged = found.into_iter().map(|(cohort, year)| {
        let seats = seats.remove(&cohort.id).unwrap_or_default();
        let eligibility = eligibility::judge(&year.rules(&cohort), &employments, &seats);
        Recommendation { made_for_you: made_for(&cohort, &employments), cohort, year, eligibility }
    });
    let mut judged: Vec<Recommendation> = judged.collect();
    judged.sort_by_key(|one| {
        let window = one.year.window(&one.cohort);
        let would_wait = one.cohort.enrollment_status(window.as_ref(), read.now()) == EnrollmentStatus::WaitlistOnly;
        (rank(one.eligibility.outcome()), one.eligibility.distance(), !one.made_for_you, would_wait)
    });
    judged.truncate(most);
    Ok(judged)
}

fn rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Met => 0,
        Outcome::Unknown => 1,
        Outcome::Unmet => 2,
    }
}

/// Whether one of these employments is in a role or at a level that the cohort names.
fn made_for(cohort: &Cohort, employments: &[EmploymentFacts]) -> bool {
    let audience = &cohort.audience;
    employments.iter().any(|facts| audience.roles.contains(&facts.role) || audience.levels.contains(&facts.level))
}

async fn seats_where_limited(read: &Read, cohorts: &[(Cohort, Year)]) -> Result<HashMap<CohortId, SeatsByOrganization>> {
    let limited = cohorts.iter().filter(|(cohort, year)| limits_organizations(&year.rules(cohort)));
    let limited: Vec<CohortId> = limited.map(|(cohort, _)| cohort.id).collect();
    if limited.is_empty() { Ok(HashMap::new()) } else { read.seats_by_organization_in(limited).await }
}
