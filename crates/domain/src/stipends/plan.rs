//! What the facilitators of a program's cohorts are paid: how much for each cohort, in which installments, and after what.
//!
//! What always holds: the installments come to the amount. A plan that is replaced does not reach back: agreements keep the terms
//! under which they were made.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::money::{LEAST_MINOR, MOST_MINOR, Money};
use crate::ids::ProgramId;
use crate::journal::{Change, Happening, Subject, SubjectKind};
use crate::meta::Meta;
use crate::refusal::{Fault, FaultCode, Faults, Refusal};
use crate::sessions::SessionKind;
use crate::text::{Name, Slug};
use crate::time::Timestamp;

/// The most installments of a stipend.
pub const INSTALLMENTS_MAX: usize = 20;

crate::words! {
    /// After what an installment is due.
    pub enum DueWhen {
        /// The kick-off was held.
        KickoffHeld = "kickoff_held",
        /// A training was held: the first.
        TrainingHeld = "training_held",
        /// A call was held: the first.
        CallHeld = "call_held",
        /// The close-out was held.
        CloseoutHeld = "closeout_held",
        /// The cohort was completed.
        CohortCompleted = "cohort_completed",
    }
}

impl DueWhen {
    /// What has come to pass when a session of this kind was held; nothing that anybody waits for, where it is another meeting.
    #[must_use]
    pub fn held(kind: SessionKind) -> Option<Self> {
        match kind {
            SessionKind::Kickoff => Some(Self::KickoffHeld),
            SessionKind::Training => Some(Self::TrainingHeld),
            SessionKind::Call => Some(Self::CallHeld),
            SessionKind::Closeout => Some(Self::CloseoutHeld),
            SessionKind::Meeting => None,
        }
    }
}

/// An installment, as it is planned for every cohort.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StipendPlanInstallment)]
pub struct PlannedInstallment {
    /// Its name in the plan, of which there is one.
    pub key: Slug,
    /// What it is called.
    pub label: Name,
    /// How much, in cents of the plan's currency.
    #[schema(minimum = 1, maximum = 100_000_000)]
    pub amount_minor: i64,
    /// After what it is due.
    pub due_when: DueWhen,
}

/// What is paid for a cohort.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StipendTerms {
    /// How much in all.
    pub amount: Money,
    /// In which installments.
    pub installments: Vec<PlannedInstallment>,
}

impl StipendTerms {
    fn check(&self) -> Result<(), Refusal> {
        let mut faults = Faults::default();
        check_amount("#/amount/amount_minor", self.amount.amount_minor, LEAST_MINOR, &mut faults);
        if self.installments.len() > INSTALLMENTS_MAX {
            let detail = format!("At most {INSTALLMENTS_MAX} installments");
            faults.push(Fault::new("#/installments", FaultCode::TooLong, detail).with("max", INSTALLMENTS_MAX));
            return faults.check();
        }
        for (index, installment) in self.installments.iter().enumerate() {
            let pointer = format!("#/installments/{index}");
            check_amount(&format!("{pointer}/amount_minor"), installment.amount_minor, 1, &mut faults);
            if self.installments.iter().take(index).any(|earlier| earlier.key == installment.key) {
                faults.push(Fault::new(format!("{pointer}/key"), FaultCode::Duplicate, "Another installment has this key"));
            }
        }
        let sum: i64 = self.installments.iter().map(|installment| installment.amount_minor).fold(0, i64::saturating_add);
        if sum != self.amount.amount_minor {
            let detail = format!("They come to {sum} cents, and the amount is {}", self.amount.amount_minor);
            let fault = Fault::new("#/installments", FaultCode::InvalidValue, detail).with("sum_minor", sum);
            faults.push(fault.with("amount_minor", self.amount.amount_minor));
        }
        faults.check()
    }
}

fn check_amount(pointer: &str, amount_minor: i64, least: i64, faults: &mut Faults) {
    if !(least..=MOST_MINOR).contains(&amount_minor) {
        let detail = format!("From {least} to {MOST_MINOR} cents");
        faults.push(Fault::new(pointer, FaultCode::OutOfRange, detail).with("min", least).with("max", MOST_MINOR));
    }
}

/// The stipend plan of a program.
#[derive(Clone, Debug, PartialEq)]
pub struct StipendPlan {
    /// Whose.
    pub program_id: ProgramId,
    /// What is paid for each cohort, where anything is.
    pub terms: Option<StipendTerms>,
    /// Version and instants.
    pub meta: Meta,
}

impl StipendPlan {
    /// The plan of a program that has set none: nothing is paid.
    #[must_use]
    pub fn initial(program_id: ProgramId, now: Timestamp) -> Self {
        Self { program_id, terms: None, meta: Meta::new(now) }
    }

    /// Puts other terms in the place of these; none, where nothing is to be paid any more.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], with every member that cannot be taken.
    pub fn replace(mut self, terms: Option<StipendTerms>, now: Timestamp) -> Result<Change<Self>, Refusal> {
        terms.as_ref().map_or(Ok(()), StipendTerms::check)?;
        let happened = Happening::new(Subject::new(SubjectKind::Program, self.program_id), "stipend_plan_replaced");
        let happened = match &terms {
            None => happened,
            Some(terms) => happened
                .with("amount_minor", terms.amount.amount_minor)
                .with("currency", terms.amount.currency.to_string())
                .with("installments", terms.installments.len()),
        };
        self.terms = terms;
        self.meta = self.meta.changed(now);
        Ok(Change::one(self, happened))
    }
}
