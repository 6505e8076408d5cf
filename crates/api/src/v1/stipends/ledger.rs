//! A program's installments as CSV, for its bookkeeper.

use std::collections::{BTreeMap, BTreeSet};

use cohortium_domain::cohorts::Cohort;
use cohortium_domain::employments::Employment;
use cohortium_domain::ids::{CohortId, PersonId};
use cohortium_domain::organizations::Organization;
use cohortium_domain::people::Person;
use cohortium_domain::programs::Program;
use cohortium_domain::stipends::{End, Installment};
use cohortium_domain::time::Timestamp;
use cohortium_store::{Error, InstallmentFilter, Read};

use crate::spreadsheet;

const COLUMNS: [&str; 24] = [
    "installment_id",
    "stipend_id",
    "program",
    "cohort_id",
    "cohort",
    "cohort_title",
    "payee_id",
    "payee_external_id",
    "payee_given_name",
    "payee_family_name",
    "payee_email",
    "organization",
    "organization_external_id",
    "installment",
    "label",
    "amount",
    "amount_minor",
    "currency",
    "state",
    "due_on",
    "approved_on",
    "paid_on",
    "reference",
    "void_reason",
];

/// Who is paid, and for whom they work.
struct Payees {
    people: BTreeMap<PersonId, Person>,
    employers: BTreeMap<PersonId, Organization>,
}

/// The installments of a program that are wanted, a line for each. Dates are those of the program's zone.
pub(super) async fn ledger(read: &Read, program: &Program, filter: &InstallmentFilter) -> Result<Vec<u8>, Error> {
    let installments = read.installments(filter).await?;
    let cohorts: BTreeSet<CohortId> = installments.iter().map(|installment| installment.cohort_id).collect();
    let cohorts = read.cohorts_by_id(cohorts).await?;
    let payees = payees(read, program, &installments).await?;
    let line = |installment: &Installment| line(installment, program, cohorts.get(&installment.cohort_id), &payees);
    spreadsheet::csv(&COLUMNS, installments.iter().map(line))
}

async fn payees(read: &Read, program: &Program, installments: &[Installment]) -> Result<Payees, Error> {
    let people = read.find_all::<Person>(installments.iter().map(|installment| installment.payee_id)).await?;
    let today = program.time_zone.date_of(read.now());
    let mut employments: BTreeMap<PersonId, Employment> = BTreeMap::new();
    for employment in read.employments_of_all(people.keys().copied()).await? {
        if employment.current_on(today) {
            employments.entry(employment.person_id).or_insert(employment);
        }
    }
    let organizations = read.find_all::<Organization>(employments.values().map(|one| one.organization_id)).await?;
    let employer =
        |(person, employment): (PersonId, Employment)| Some((person, organizations.get(&employment.organization_id)?.clone()));
    Ok(Payees { people, employers: employments.into_iter().filter_map(employer).collect() })
}

fn line(installment: &Installment, program: &Program, cohort: Option<&Cohort>, payees: &Payees) -> Vec<String> {
    let payee = payees.people.get(&installment.payee_id);
    let employer = payees.employers.get(&installment.payee_id);
    let day = |at: Option<Timestamp>| told(at.map(|at| program.time_zone.date_of(at)));
    let (paid_on, reference, void_reason) = match &installment.end {
        None => (None, None, None),
        Some(End::Paid { on, reference, .. }) => (Some(on), Some(reference), None),
        Some(End::Void { reason, .. }) => (None, None, Some(reason)),
    };
    vec![
        installment.id.to_string(),
        installment.stipend_id.to_string(),
        program.slug.to_string(),
        installment.cohort_id.to_string(),
        told(cohort.map(|cohort| &cohort.slug)),
        told(cohort.map(|cohort| &cohort.title)),
        installment.payee_id.to_string(),
        told(payee.and_then(|payee| payee.external_id.as_ref())),
        told(payee.map(|payee| &payee.given_name)),
        told(payee.map(|payee| &payee.family_name)),
        told(payee.map(|payee| &payee.email)),
        told(employer.map(|employer| &employer.name)),
        told(employer.and_then(|employer| employer.external_id.as_ref())),
        installment.key.to_string(),
        installment.label.to_string(),
        installment.amount.decimal(),
        installment.amount.amount_minor.to_string(),
        installment.amount.currency.to_string(),
        installment.state().to_string(),
        day(installment.due.map(|due| due.at)),
        day(installment.approval.map(|approval| approval.at)),
        told(paid_on),
        told(reference),
        told(void_reason),
    ]
}

/// What is there, as text; nothing, where it is not.
fn told(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}
