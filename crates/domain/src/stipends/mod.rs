//! Stipends: what those who lead a cohort are paid for it.
//!
//! A [`StipendPlan`] says how much a program pays for each cohort. A [`Stipend`] is the agreement for one cohort: the plan's terms
//! as they were then, and how the facilitators share it. Each of its installments is parted by those shares, so that every
//! [`Installment`] has one payee. What always holds: the installments of an agreement come to its amount, and those of a payee to
//! their share, to the cent.
//!
//! Left out on purpose: the payment itself, which the coalition's office makes and writes down here.

mod installments;
mod ledger;
mod money;
mod plan;
#[cfg(test)]
mod tests;

pub use installments::{Approval, Due, End, Installment, InstallmentState, MACHINE, Payment, PaymentReference};
pub use ledger::Ledger;
pub use money::{Currency, LEAST_MINOR, MOST_MINOR, Money};
pub use plan::{DueWhen, INSTALLMENTS_MAX, PlannedInstallment, StipendPlan, StipendTerms};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Action, Actor, Tie};
use crate::cohorts::Cohort;
use crate::ids::{CohortId, InstallmentId, PersonId, ProgramId, StipendId};
use crate::journal::{Change, Happening, Subject, SubjectKind};
use crate::meta::Meta;
use crate::refusal::{Fault, FaultCode, Faults, Refusal};
use crate::sessions::{Session, Standing as SessionStanding};
use crate::time::Timestamp;

/// How much of a stipend one of its payees gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StipendShare)]
pub struct Share {
    /// Who is paid.
    pub person_id: PersonId,
    /// How much, in cents of the stipend's currency.
    #[schema(minimum = 1, maximum = 100_000_000)]
    pub amount_minor: i64,
}

/// The agreement with those who lead a cohort.
#[derive(Clone, Debug, PartialEq)]
pub struct Stipend {
    /// Which.
    pub id: StipendId,
    /// For which cohort.
    pub cohort_id: CohortId,
    /// Of which program.
    pub program_id: ProgramId,
    /// The version of the plan from which it was made.
    pub plan_version: i64,
    /// What was agreed.
    pub terms: StipendTerms,
    /// How it is shared.
    pub shares: Vec<Share>,
    /// Version and instants.
    pub meta: Meta,
}

/// What making or sharing a stipend comes to.
#[must_use = "a change that is not saved did not happen"]
#[derive(Clone, Debug, PartialEq)]
pub struct Parted {
    /// The agreement.
    pub stipend: Change<Stipend>,
    /// The installments that are new, or have another amount.
    pub installments: Vec<Change<Installment>>,
    /// The installments of those who are not paid any more.
    pub removed: Vec<Installment>,
}

impl Parted {
    /// That installments were taken away, for the journal.
    pub fn removals(&self) -> impl Iterator<Item = Happening> + '_ {
        self.removed.iter().map(|installment| installment.happening("removed"))
    }
}

impl Stipend {
    /// Makes the agreement for a cohort from its program's plan, in equal shares. What its sessions show to have come to pass is
    /// due at once.
    ///
    /// # Errors
    /// The cohort is over; nobody leads it; or the program has no plan.
    pub fn agree(
        id: StipendId,
        cohort: &Cohort,
        plan: &StipendPlan,
        sessions: &[Session],
        new_id: impl FnMut() -> InstallmentId,
        now: Timestamp,
    ) -> Result<Parted, Refusal> {
        cohort.require_not_over()?;
        let Some(terms) = plan.terms.clone() else {
            return Err(not_ready("Set the program's stipend plan first: it says what is paid for a cohort"));
        };
        if cohort.facilitators.is_empty() {
            return Err(not_ready("Say first who leads the cohort: it is they who are paid"));
        }
        let equal = money::split(terms.amount.amount_minor, &vec![1; cohort.facilitators.len()]);
        let share = |(person_id, amount_minor): (&PersonId, i64)| Share { person_id: *person_id, amount_minor };
        let shares = cohort.facilitators.iter().zip(equal).map(share).collect();
        let (cohort_id, program_id, plan_version) = (cohort.id, cohort.program_id, plan.meta.version);
        let made = Self { id, cohort_id, program_id, plan_version, terms, shares, meta: Meta::new(now) };
        let (installments, removed) = made.part(Vec::new(), |due_when| held(sessions, due_when), new_id, now);
        Ok(Parted { stipend: made.done("agreed"), installments, removed })
    }

    /// Shares it otherwise, among those who lead the cohort.
    ///
    /// # Errors
    /// Something of it was approved, paid or voided; or [`Refusal::Invalid`], with every share that cannot be taken.
    pub fn share(
        mut self,
        shares: Vec<Share>,
        installments: Vec<Installment>,
        facilitators: &[PersonId],
        new_id: impl FnMut() -> InstallmentId,
        now: Timestamp,
    ) -> Result<Parted, Refusal> {
        if !Self::open(&installments) {
            let detail = "Some of it was approved, paid or voided: how it is shared cannot change any more";
            return Err(Refusal::invalid("#/shares", FaultCode::Frozen, detail));
        }
        self.check(&shares, facilitators)?;
        self.shares = shares;
        self.meta = self.meta.changed(now);
        let known: Vec<(DueWhen, Due)> = installments.iter().filter_map(|one| Some((one.due_when, one.due?))).collect();
        let due = |due_when| known.iter().find(|(when, _)| *when == due_when).map(|(_, due)| *due);
        let (installments, removed) = self.part(installments, due, new_id, now);
        Ok(Parted { stipend: self.done("shared"), installments, removed })
    }

    /// Whether nothing was decided about any installment.
    #[must_use]
    pub fn open(installments: &[Installment]) -> bool {
        installments.iter().all(|one| matches!(one.state(), InstallmentState::Pending | InstallmentState::Due))
    }

    /// How an actor is tied to it.
    #[must_use]
    pub fn tie<'a>(&self, actor: &'a Actor) -> Tie<'a> {
        Tie { concerned: self.shares.iter().any(|share| actor.is(share.person_id)), ..Tie::none(actor) }
    }

    /// What this caller may do to it now.
    #[must_use]
    pub fn allowed_actions(&self, installments: &[Installment], tie: &Tie<'_>) -> Vec<&'static str> {
        let updates = tie.allows(Action::UpdateStipend) && Self::open(installments);
        updates.then(|| Action::UpdateStipend.verb()).into_iter().collect()
    }

    /// Goes on when these can be its shares.
    fn check(&self, shares: &[Share], facilitators: &[PersonId]) -> Result<(), Refusal> {
        let mut faults = Faults::default();
        for (index, share) in shares.iter().enumerate() {
            let pointer = format!("#/shares/{index}");
            if !facilitators.contains(&share.person_id) {
                let detail = "This person does not lead the cohort";
                faults.push(Fault::new(format!("{pointer}/person_id"), FaultCode::NotFound, detail));
            }
            if shares.iter().take(index).any(|earlier| earlier.person_id == share.person_id) {
                let detail = "This person stands here twice";
                faults.push(Fault::new(format!("{pointer}/person_id"), FaultCode::Duplicate, detail));
            }
            if !(1..=MOST_MINOR).contains(&share.amount_minor) {
                let detail = format!("From 1 to {MOST_MINOR} cents");
                let fault = Fault::new(format!("{pointer}/amount_minor"), FaultCode::OutOfRange, detail);
                faults.push(fault.with("min", 1).with("max", MOST_MINOR));
            }
        }
        let sum = shares.iter().map(|share| share.amount_minor).fold(0, i64::saturating_add);
        let amount_minor = self.terms.amount.amount_minor;
        if sum != amount_minor {
            let detail = format!("They come to {sum} cents, and the stipend is {amount_minor}");
            let fault = Fault::new("#/shares", FaultCode::InvalidValue, detail);
            faults.push(fault.with("sum_minor", sum).with("amount_minor", amount_minor));
        }
        faults.check()
    }

    /// Parts every installment of the terms by the shares: what is there already keeps its id, and what comes to nothing is left
    /// out. Gives those that are new or have another amount, and those that are no part of it any more.
    fn part(
        &self,
        mut there: Vec<Installment>,
        due: impl Fn(DueWhen) -> Option<Due>,
        mut new_id: impl FnMut() -> InstallmentId,
        now: Timestamp,
    ) -> (Vec<Change<Installment>>, Vec<Installment>) {
        let amounts: Vec<i64> = self.terms.installments.iter().map(|planned| planned.amount_minor).collect();
        let shares: Vec<i64> = self.shares.iter().map(|share| share.amount_minor).collect();
        let mut changes = Vec::new();
        for ((planned, parts), place) in self.terms.installments.iter().zip(money::split_each(&amounts, &shares)).zip(0_u16..) {
            for (share, amount_minor) in self.shares.iter().zip(parts).filter(|(_, amount_minor)| *amount_minor > 0) {
                let same = |one: &Installment| one.key == planned.key && one.payee_id == share.person_id;
                if let Some(index) = there.iter().position(same) {
                    let kept = there.swap_remove(index);
                    changes.extend((kept.amount.amount_minor != amount_minor).then(|| kept.resize(amount_minor, now)));
                } else {
                    let amount = Money { amount_minor, currency: self.terms.amount.currency };
                    let (key, label, due_when) = (planned.key.clone(), planned.label.clone(), planned.due_when);
                    let made = Installment {
                        id: new_id(),
                        stipend_id: self.id,
                        cohort_id: self.cohort_id,
                        program_id: self.program_id,
                        payee_id: share.person_id,
                        key,
                        label,
                        place,
                        due_when,
                        amount,
                        due: due(due_when),
                        approval: None,
                        end: None,
                        meta: Meta::new(now),
                    };
                    let happening = made.happening("planned");
                    changes.push(Change::one(made, happening));
                }
            }
        }
        (changes, there)
    }

    fn done(self, verb: &'static str) -> Change<Self> {
        let payees: Vec<String> = self.shares.iter().map(|share| share.person_id.to_string()).collect();
        let happened = Happening::new(Subject::new(SubjectKind::Stipend, self.id), verb)
            .with("cohort_id", self.cohort_id.to_string())
            .with("program_id", self.program_id.to_string())
            .with("amount_minor", self.terms.amount.amount_minor)
            .with("currency", self.terms.amount.currency.to_string())
            .with("person_ids", payees);
        Change::one(self, happened)
    }
}

/// When the first session was held by which an installment is due, and who said so.
fn held(sessions: &[Session], due_when: DueWhen) -> Option<Due> {
    let marks = sessions.iter().filter(|session| DueWhen::held(session.details.kind) == Some(due_when));
    let marks = marks.filter_map(|session| match session.standing {
        SessionStanding::Held { held_at, held_by } => Some(Due { at: held_at, marked_by: held_by }),
        SessionStanding::Scheduled | SessionStanding::Cancelled { .. } => None,
    });
    marks.min_by_key(|due| due.at)
}

fn not_ready(what: &str) -> Refusal {
    Refusal::NotReady { what: what.to_owned(), missing: Vec::new() }
}
