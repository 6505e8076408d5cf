//! A cohort that two lead, and the five thousand dollars that they share.

mod one;
mod plans;
mod random;

use std::collections::BTreeSet;

use uuid::Uuid;

use super::*;
use crate::access::{Actor, Grant};
use crate::cohorts::{Audience, MeetingMode, NewCohort};
use crate::ids::Id;
use crate::programs::Capacity;
use crate::tax_forms::{TaxFiling, TaxForm, TaxFormKind};
use crate::text::{Reason, Slug, Text};
use crate::time::{Date, Zone};
use crate::timeline::CohortDates;

const FIRST: u128 = 1;
const SECOND: u128 = 2;
const STAFF: u128 = 8;
const OTHER_STAFF: u128 = 9;

/// Noon of a day in November 2019, in UTC.
fn at(day: i64) -> Timestamp {
    Timestamp::from_millis(1_572_609_600_000 + (day - 1) * 86_400_000)
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn person(n: u128) -> PersonId {
    PersonId::from_uuid(Uuid::from_u128(n))
}

fn staff(n: u128) -> Actor {
    Actor::Person { id: person(n), grants: BTreeSet::from([Grant::Staff]) }
}

fn reason() -> Reason {
    Text::new("The group was called off").unwrap()
}

fn planned(key: &str, amount_minor: i64, due_when: DueWhen) -> PlannedInstallment {
    PlannedInstallment { key: Slug::new(key).unwrap(), label: Text::new(key).unwrap(), amount_minor, due_when }
}

fn terms() -> StipendTerms {
    let installments = vec![
        planned("kickoff", 100_000, DueWhen::KickoffHeld),
        planned("training", 166_667, DueWhen::TrainingHeld),
        planned("end", 233_333, DueWhen::CohortCompleted),
    ];
    StipendTerms { amount: Money { amount_minor: 500_000, currency: Currency::Usd }, installments }
}

fn plan(terms: Option<StipendTerms>) -> StipendPlan {
    StipendPlan { terms, ..StipendPlan::initial(ProgramId::from_uuid(Uuid::from_u128(5)), at(1)) }
}

fn cohort(facilitators: &[u128]) -> Cohort {
    let new = NewCohort {
        program_id: ProgramId::from_uuid(Uuid::from_u128(5)),
        proposal_id: None,
        slug: Slug::new("cohort").unwrap(),
        title: Text::new("A cohort").unwrap(),
        description: None,
        audience: Audience::default(),
        delivery: MeetingMode::Hybrid,
        capacity: Capacity::default(),
        facilitators: facilitators.iter().map(|n| person(*n)).collect(),
        dates: CohortDates::default(),
    };
    Cohort::create(CohortId::from_uuid(Uuid::from_u128(6)), new, at(1)).unwrap().value
}

fn ids() -> impl FnMut() -> InstallmentId {
    let mut next = 100;
    move || {
        next += 1;
        InstallmentId::from_uuid(Uuid::from_u128(next))
    }
}

fn agree(cohort: &Cohort, plan: &StipendPlan, sessions: &[Session]) -> Result<Parted, Refusal> {
    Stipend::agree(StipendId::from_uuid(Uuid::from_u128(7)), cohort, plan, sessions, ids(), at(1))
}

/// The agreement with both, and its installments.
fn both() -> (Stipend, Vec<Installment>) {
    let parted = agree(&cohort(&[FIRST, SECOND]), &plan(Some(terms())), &[]).unwrap();
    (parted.stipend.value, values(parted.installments))
}

fn values(changes: Vec<Change<Installment>>) -> Vec<Installment> {
    changes.into_iter().map(|change| change.value).collect()
}

fn due(marked_by: u128) -> Due {
    Due { at: at(2), marked_by: Some(person(marked_by)) }
}

fn form(received_on: &str, expires_on: Option<&str>) -> TaxForm {
    let filing = TaxFiling { kind: TaxFormKind::W9, received_on: day(received_on), expires_on: expires_on.map(day) };
    TaxForm { person_id: person(FIRST), filing, meta: Meta::new(at(1)) }
}

fn payment(paid_on: Option<&str>) -> Payment {
    Payment { reference: Text::new("check 1047").unwrap(), paid_on: paid_on.map(day) }
}

fn told(refusal: Refusal) -> Vec<(String, FaultCode)> {
    let Refusal::Invalid(faults) = refusal else { panic!("{refusal:?}") };
    faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect()
}
