//! What is known about applicants when something is decided about them.

use cohortium_domain::applications::{Applicant, Application, Verified};
use cohortium_domain::cohorts::{Cohort, Year};
use cohortium_domain::commitments::Commitment;
use cohortium_domain::eligibility::{self, Eligibility, EmploymentFacts, SeatsByOrganization};
use cohortium_domain::ids::{ApplicationId, PersonId, VerificationId};
use cohortium_domain::seats::Waiting;
use cohortium_store::{Read, Result, Tx};

use crate::seats::limits_organizations;

/// What is known about one applicant.
pub(crate) struct Facts {
    pub eligibility: Eligibility,
    pub verified: Verified,
    pub verification_id: Option<VerificationId>,
    pub required: Vec<Commitment>,
}

impl Facts {
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

/// How the rules of a cohort are answered for a person, by these employments. The seat of one application, its own, is not counted.
pub(crate) async fn judge(
    read: &Read,
    cohort: &Cohort,
    year: &Year,
    employments: &[EmploymentFacts],
    own: Option<ApplicationId>,
) -> Result<Eligibility> {
    let rules = year.rules(cohort);
    let seats = match limits_organizations(&rules) {
        true => read.seats_by_organization(cohort.id, own).await?,
        false => SeatsByOrganization::default(),
    };
    Ok(eligibility::judge(&rules, employments, &seats))
}

/// The employments that a person holds today.
pub(crate) async fn employments(read: &Read, person: PersonId) -> Result<Vec<EmploymentFacts>> {
    let today = read.today().await?;
    Ok(read.employment_facts([person], today).await?.remove(&person).unwrap_or_default())
}

/// What is known about the person of an application.
pub(crate) async fn of(tx: &mut Tx, application: &Application, cohort: &Cohort, year: &Year) -> Result<Facts> {
    let employments = application.employments_that_count(&employments(tx, application.person_id).await?);
    Ok(Facts {
        eligibility: judge(tx, cohort, year, &employments, Some(application.id)).await?,
        verified: Verified::No,
        verification_id: application.verification_id,
        required: Vec::new(),
    })
}

/// What is known about people who wait.
pub(crate) async fn waiting(tx: &Tx, queue: Vec<Application>) -> Result<Vec<Waiting>> {
    let today = Read::today(tx).await?;
    let mut employments = tx.employment_facts(queue.iter().map(|application| application.person_id), today).await?;
    let waiting = queue.into_iter().map(|application| Waiting {
        employments: employments.remove(&application.person_id).unwrap_or_default(),
        verified: Verified::No,
        application,
    });
    Ok(waiting.collect())
}
