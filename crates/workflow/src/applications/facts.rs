//! What is known about applicants when something is decided about them.

use cohortium_domain::applications::{Applicant, Application, Verified};
use cohortium_domain::cohorts::{Cohort, Year};
use cohortium_domain::commitments::{Commitment, CommitmentList};
use cohortium_domain::eligibility::{self, Eligibility, EmploymentFacts, SeatsByOrganization};
use cohortium_domain::ids::{ApplicationId, PersonId, VerificationId};
use cohortium_domain::seats::Waiting;
use cohortium_domain::time::Date;
use cohortium_domain::verifications::Verification;
use cohortium_store::{Read, Result, Tx};

use crate::seats::limits_organizations;

/// What is known about one applicant.
pub(super) struct Facts {
    pub eligibility: Eligibility,
    pub verified: Verified,
    pub verification_id: Option<VerificationId>,
    pub required: Vec<Commitment>,
}

impl Facts {
    /// About the person of an application, by the verification that it has. What is decided by it holds as long as that.
    pub async fn of(tx: &mut Tx, application: &Application, cohort: &Cohort, year: &Year) -> Result<Self> {
        let employments = application.employments_that_count(&employments_of(tx, application.person_id).await?);
        let verification: Option<Verification> = match application.verification_id {
            Some(id) => Some(tx.hold(id).await?),
            None => None,
        };
        let verified = Verified::by(verification.as_ref());
        if let Verified::Until(until) = verified {
            tx.relies_on(until);
        }
        Ok(Self {
            eligibility: judge(tx, cohort, year, &employments, Some(application.id)).await?,
            verified,
            verification_id: application.verification_id,
            required: required(tx, cohort).await?,
        })
    }

    /// The same, for the domain.
    pub fn applicant(&self) -> Applicant<'_> {
        Applicant {
            eligibility: &self.eligibility,
            verified: self.verified,
            verification_id: self.verification_id,
            required: &self.required,
        }
    }
}

/// How the rules of a cohort are answered for a person with these employments. The seat of one application, its own, is not
/// counted.
pub(crate) async fn judge(
    read: &Read,
    cohort: &Cohort,
    year: &Year,
    employments: &[EmploymentFacts],
    own: Option<ApplicationId>,
) -> Result<Eligibility> {
    let rules = year.rules(cohort);
    let seats = if limits_organizations(&rules) {
        read.seats_by_organization(cohort.id, own).await?
    } else {
        SeatsByOrganization::default()
    };
    Ok(eligibility::judge(&rules, employments, &seats))
}

/// The day in the zone of a program, on which what is decided holds.
pub(super) fn today(tx: &mut Tx, year: &Year) -> Date {
    let zone = year.program.time_zone;
    let today = zone.date_of(tx.now());
    tx.relies_on(zone.end_of_day(today));
    today
}

/// The employments that a person holds today.
pub(crate) async fn employments_of(read: &Read, person: PersonId) -> Result<Vec<EmploymentFacts>> {
    let today = read.today().await?;
    Ok(read.employment_facts([person], today).await?.remove(&person).unwrap_or_default())
}

/// The commitments that a cohort asks for: those of its program, and to come to each of its sessions.
pub(crate) async fn required(read: &Read, cohort: &Cohort) -> Result<Vec<Commitment>> {
    let list: CommitmentList = read.program_document(cohort.program_id).await?;
    let sessions = read.sessions_of(cohort.id).await?;
    let to_come = sessions.iter().filter_map(|session| session.commitment(read.now()));
    Ok(list.commitments.into_iter().chain(to_come).collect())
}

/// What is known about people who wait.
pub(crate) async fn of_queue(read: &Read, queue: Vec<Application>) -> Result<Vec<Waiting>> {
    let today = read.today().await?;
    let mut employments = read.employment_facts(queue.iter().map(|application| application.person_id), today).await?;
    let ids = queue.iter().filter_map(|application| application.verification_id);
    let verifications = read.find_all::<Verification>(ids).await?;
    let waiting = queue.into_iter().map(|application| Waiting {
        employments: employments.remove(&application.person_id).unwrap_or_default(),
        verified: Verified::by(application.verification_id.and_then(|id| verifications.get(&id))),
        application,
    });
    Ok(waiting.collect())
}
