//! Who belongs to a cohort, and how full it is.

use std::collections::BTreeMap;

use cohortium_domain::applications::{Application, ApplicationState};
use cohortium_domain::cohorts::{self, Year};
use cohortium_domain::ids::{ApplicationId, CohortId, OrganizationId, PersonId};
use cohortium_domain::people::Person;
use cohortium_domain::text::{Name, Title};
use cohortium_domain::time::Timestamp;
use cohortium_store::{Error, Read};
use serde::Serialize;
use utoipa::ToSchema;

use super::types::{Facilitator, named};

/// Who belongs to a cohort.
#[derive(Serialize, ToSchema)]
pub(super) struct Roster {
    cohort_id: CohortId,
    /// Who leads it.
    #[schema(max_items = 10)]
    facilitators: Vec<Facilitator>,
    /// Who takes part, in the order in which they signed up.
    #[schema(max_items = 500)]
    participants: Vec<Participant>,
    /// How full it is: for who runs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<RosterCounts>,
}

/// Somebody who takes part in a cohort.
#[derive(Serialize, ToSchema)]
struct Participant {
    enrollment_id: ApplicationId,
    person_id: PersonId,
    given_name: Name,
    family_name: Name,
    /// Where the person works.
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_id: Option<OrganizationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_name: Option<Title>,
    /// `enrolled`, or `completed` once the cohort is.
    state: ApplicationState,
    enrolled_at: Timestamp,
}

/// How full a cohort is, at this instant.
#[derive(Serialize, ToSchema)]
struct RosterCounts {
    /// People who take part.
    #[schema(minimum = 0, maximum = 500)]
    enrolled: u32,
    /// People who were offered a seat and can still confirm it.
    #[schema(minimum = 0, maximum = 500)]
    offered: u32,
    /// People for whom a seat is held until they are verified.
    #[schema(minimum = 0, maximum = 500)]
    unverified: u32,
    /// People who wait for a seat.
    #[schema(minimum = 0, maximum = 4_294_967_295_u32)]
    waiting: u32,
    /// Whether as many take part as the cohort needs.
    minimum_reached: bool,
    /// Of each organization, how many take part: the most first.
    #[schema(max_items = 500)]
    organizations: Vec<OrganizationCount>,
}

/// How many people of an organization take part.
#[derive(Serialize, ToSchema)]
struct OrganizationCount {
    organization_id: OrganizationId,
    organization_name: Title,
    #[schema(minimum = 1, maximum = 500)]
    enrolled: u32,
}

/// The roster of a cohort, with its counts for who runs it.
pub(super) async fn roster(read: &Read, cohort: &cohorts::Cohort, year: &Year, runs_it: bool) -> Result<Roster, Error> {
    let taking_part = [ApplicationState::Enrolled, ApplicationState::Completed];
    let enrollments = read.applications_in(cohort.id, &taking_part).await?;
    let ids = enrollments.iter().map(|enrollment| enrollment.person_id).chain(cohort.facilitators.iter().copied());
    let people = read.find_all::<Person>(ids).await?;
    let organizations = read.organization_names(enrollments.iter().filter_map(organization_of)).await?;
    Ok(Roster {
        cohort_id: cohort.id,
        facilitators: named(&cohort.facilitators, &people),
        participants: enrollments.iter().filter_map(|one| Participant::of(one, &people, &organizations)).collect(),
        counts: if runs_it { Some(counts(read, cohort, year, &enrollments, organizations).await?) } else { None },
    })
}

async fn counts(
    read: &Read,
    cohort: &cohorts::Cohort,
    year: &Year,
    enrollments: &[Application],
    organizations: BTreeMap<OrganizationId, Title>,
) -> Result<RosterCounts, Error> {
    let seats = cohort.seats_at(year.window(cohort).as_ref(), read.now());
    let standing = match year.signup(cohort) {
        Some(signup) => {
            let offered = read.applications_in(cohort.id, &[ApplicationState::Offered]).await?.into_iter();
            offered.filter(|one| one.clone().as_of(&signup, read.now()).state() == ApplicationState::Offered).count()
        }
        None => 0,
    };
    let offered = u32::try_from(standing).unwrap_or(u32::MAX);
    let mut by_organization: BTreeMap<OrganizationId, u32> = BTreeMap::new();
    for organization in enrollments.iter().filter_map(organization_of) {
        let count = by_organization.entry(organization).or_default();
        *count = count.saturating_add(1);
    }
    let count = |(organization_id, organization_name)| {
        let enrolled = by_organization.get(&organization_id).copied().unwrap_or_default();
        OrganizationCount { organization_id, organization_name, enrolled }
    };
    let mut organizations: Vec<OrganizationCount> = organizations.into_iter().map(count).collect();
    organizations.sort_by_key(|one| (std::cmp::Reverse(one.enrolled), one.organization_name.to_string()));
    Ok(RosterCounts {
        enrolled: seats.enrolled,
        offered,
        unverified: seats.held.saturating_sub(seats.enrolled).saturating_sub(offered),
        waiting: seats.waiting,
        minimum_reached: seats.enrolled >= cohort.capacity.min,
        organizations,
    })
}

fn organization_of(enrollment: &Application) -> Option<OrganizationId> {
    enrollment.workplace.map(|workplace| workplace.organization_id)
}

impl Participant {
    fn of(
        enrollment: &Application,
        people: &BTreeMap<PersonId, Person>,
        organizations: &BTreeMap<OrganizationId, Title>,
    ) -> Option<Self> {
        let person = people.get(&enrollment.person_id)?;
        let organization_id = organization_of(enrollment);
        Some(Self {
            enrollment_id: enrollment.id,
            person_id: person.id,
            given_name: person.given_name.clone(),
            family_name: person.family_name.clone(),
            organization_id,
            organization_name: organization_id.and_then(|id| organizations.get(&id).cloned()),
            state: enrollment.state(),
            enrolled_at: enrollment.standing.enrolled_at()?,
        })
    }
}
