//! Installments: the part of a stipend that one payee gets after one thing has come to pass.
//!
//! ```text
//! pending -> due -> approved -> paid          pending, due, approved -> void
//! ```
//!
//! Where an installment stands follows from what was done to it. What always holds: nobody approves what they are paid from, or
//! what they marked as held or completed themselves; nothing is paid without a tax form that is valid on the day; what was paid
//! stays paid.

use crate::access::{Action, Actor, Tie};
use crate::ids::{CohortId, InstallmentId, PersonId, ProgramId, StipendId};
use crate::journal::{Change, Happening, Subject, SubjectKind};
use crate::machine::{Machine, Transition};
use crate::meta::Meta;
use crate::refusal::{FaultCode, Refusal};
use crate::text::{Name, Reason, Slug, Text};
use crate::time::{Date, Timestamp, Zone};

use super::money::Money;
use super::plan::DueWhen;
use super::{Share, Stipend};
use crate::tax_forms::TaxForm;

crate::words! {
    /// Where an installment stands.
    pub enum InstallmentState {
        /// What it waits for has not come to pass.
        Pending = "pending",
        /// It has; the installment is to be approved.
        Due = "due",
        /// It is to be paid.
        Approved = "approved",
        /// It was paid.
        Paid = "paid",
        /// It will not be paid.
        Void = "void",
    }
}

/// The moves of an installment.
pub const MACHINE: Machine<InstallmentState> = {
    use InstallmentState::{Approved, Due, Paid, Pending, Void};
    Machine {
        name: "stipend_installment",
        transitions: &[
            Transition { action: Action::FallDueStipendInstallment, from: &[Pending], to: &[Due] },
            Transition { action: Action::ApproveStipendInstallment, from: &[Due], to: &[Approved] },
            Transition { action: Action::PayStipendInstallment, from: &[Approved], to: &[Paid] },
            Transition { action: Action::VoidStipendInstallment, from: &[Pending, Due, Approved], to: &[Void] },
        ],
    }
};

/// By what a payment is found again: the number of a check or a transfer.
pub type PaymentReference = Text<1, 120>;

/// That what it waited for has come to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// When that was said.
    pub at: Timestamp,
    /// Who said so: marked the session as held, or completed the cohort.
    pub marked_by: Option<PersonId>,
}

/// That it is to be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Approval {
    /// When that was decided.
    pub at: Timestamp,
    /// Who decided.
    pub by: Option<PersonId>,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It was paid.
    Paid {
        /// When that was written down.
        at: Timestamp,
        /// Who wrote it down.
        by: Option<PersonId>,
        /// On which day it was paid.
        on: Date,
        /// By what the payment is found again.
        reference: PaymentReference,
    },
    /// It will not be paid.
    Void {
        /// When that was decided.
        at: Timestamp,
        /// Why.
        reason: Reason,
    },
}

/// A payment, as it is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// By what it is found again.
    pub reference: PaymentReference,
    /// On which day it was made: today, where nothing is said.
    pub paid_on: Option<Date>,
}

/// What a payee gets after one thing has come to pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Installment {
    /// Which.
    pub id: InstallmentId,
    /// Of which agreement.
    pub stipend_id: StipendId,
    /// For which cohort.
    pub cohort_id: CohortId,
    /// Of which program.
    pub program_id: ProgramId,
    /// Who is paid.
    pub payee_id: PersonId,
    /// Which of the plan's installments it is a part of.
    pub key: Slug,
    /// What that is called.
    pub label: Name,
    /// At which place of the plan that stands, from 0.
    pub place: u16,
    /// After what it is due.
    pub due_when: DueWhen,
    /// How much.
    pub amount: Money,
    /// That it is due, once it is.
    pub due: Option<Due>,
    /// That it was approved, once it was.
    pub approval: Option<Approval>,
    /// How it ended, once it has.
    pub end: Option<End>,
    /// Version and instants.
    pub meta: Meta,
}

impl Installment {
    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> InstallmentState {
        match (&self.end, self.approval, self.due) {
            (Some(End::Paid { .. }), ..) => InstallmentState::Paid,
            (Some(End::Void { .. }), ..) => InstallmentState::Void,
            (None, Some(_), _) => InstallmentState::Approved,
            (None, None, Some(_)) => InstallmentState::Due,
            (None, None, None) => InstallmentState::Pending,
        }
    }

    /// Something has come to pass: it is due, where it waits for that.
    #[must_use]
    pub fn fall_due(mut self, what: DueWhen, due: Due, now: Timestamp) -> Option<Change<Self>> {
        if self.due_when != what {
            return None;
        }
        MACHINE.check(self.state(), Action::FallDueStipendInstallment).ok()?;
        self.due = Some(due);
        Some(self.changed("due", now))
    }

    /// It is to be paid.
    ///
    /// # Errors
    /// It is not due; whoever decides is paid from the same agreement, or has said that it is due.
    pub fn approve(mut self, of: &Stipend, by: &Actor, now: Timestamp) -> Result<Change<Self>, Refusal> {
        MACHINE.check(self.state(), Action::ApproveStipendInstallment)?;
        self.check_approver(of, by)?;
        self.approval = Some(Approval { at: now, by: by.person() });
        Ok(self.changed("approved", now))
    }

    /// It was paid.
    ///
    /// # Errors
    /// It was not approved; whoever writes it down is the payee; the day is still to come, or before it was approved; or the payee
    /// has no tax form that was valid on it.
    pub fn pay(
        mut self,
        payment: Payment,
        form: Option<&TaxForm>,
        by: &Actor,
        zone: Zone,
        now: Timestamp,
    ) -> Result<Change<Self>, Refusal> {
        let today = zone.date_of(now);
        let on = payment.paid_on.unwrap_or(today);
        if on > today {
            return Err(Refusal::invalid("#/paid_on", FaultCode::OutOfRange, "That day is still to come"));
        }
        MACHINE.check(self.state(), Action::PayStipendInstallment)?;
        self.check_payer(by)?;
        if self.approval.is_some_and(|approval| on < zone.date_of(approval.at)) {
            return Err(Refusal::invalid("#/paid_on", FaultCode::OutOfRange, "It had not been approved by that day"));
        }
        if !form.is_some_and(|form| form.valid_on(on)) {
            let said = format!("The payee had no tax form on file that was valid on {on}: file one, then write the payment down");
            return Err(Refusal::TaxFormMissing(said));
        }
        self.end = Some(End::Paid { at: now, by: by.person(), on, reference: payment.reference });
        Ok(self.changed("paid", now))
    }

    /// It will not be paid.
    ///
    /// # Errors
    /// It was paid, or is void already.
    pub fn void(mut self, reason: Reason, now: Timestamp) -> Result<Change<Self>, Refusal> {
        MACHINE.check(self.state(), Action::VoidStipendInstallment)?;
        let because = reason.clone();
        self.end = Some(End::Void { at: now, reason });
        let Change { value, happened } = self.changed("voided", now);
        let happened = happened.into_iter().map(|happening| happening.because(Some(&because))).collect();
        Ok(Change { value, happened })
    }

    /// The same, where it has not been approved: what a cohort that is called off still had before it.
    #[must_use]
    pub fn void_unapproved(self, reason: &Reason, now: Timestamp) -> Option<Change<Self>> {
        if self.approval.is_some() { None } else { self.void(reason.clone(), now).ok() }
    }

    /// What this caller may do to it now.
    #[must_use]
    pub fn allowed_actions(&self, of: &Stipend, tie: &Tie<'_>) -> Vec<&'static str> {
        let open = |action| {
            let approver = action != Action::ApproveStipendInstallment || self.check_approver(of, tie.actor).is_ok();
            approver && (action != Action::PayStipendInstallment || self.check_payer(tie.actor).is_ok())
        };
        MACHINE.allowed(self.state(), tie, open)
    }

    /// Its part of another split: another amount.
    pub(super) fn resize(mut self, amount_minor: i64, now: Timestamp) -> Change<Self> {
        self.amount.amount_minor = amount_minor;
        self.changed("resized", now)
    }

    /// Who approves is neither paid from the agreement, nor has said that it is due.
    fn check_approver(&self, of: &Stipend, by: &Actor) -> Result<(), Refusal> {
        let paid = |share: &Share| by.is(share.person_id);
        if by.is(self.payee_id) || of.shares.iter().any(paid) {
            return Err(Refusal::SamePerson("Nobody approves a stipend of their own: ask somebody else of the staff".to_owned()));
        }
        if self.due.and_then(|due| due.marked_by).is_some_and(|person| by.is(person)) {
            let said = "Who said that it is due does not approve it, too: ask somebody else of the staff";
            return Err(Refusal::SamePerson(said.to_owned()));
        }
        Ok(())
    }

    fn check_payer(&self, by: &Actor) -> Result<(), Refusal> {
        if by.is(self.payee_id) {
            return Err(Refusal::SamePerson("Nobody pays themselves: ask somebody else of the staff".to_owned()));
        }
        Ok(())
    }

    fn changed(mut self, verb: &'static str, now: Timestamp) -> Change<Self> {
        self.meta = self.meta.changed(now);
        let happening = self.happening(verb);
        Change::one(self, happening)
    }

    pub(super) fn happening(&self, verb: &'static str) -> Happening {
        Happening::new(Subject::new(SubjectKind::StipendInstallment, self.id), verb)
            .with("stipend_id", self.stipend_id.to_string())
            .with("cohort_id", self.cohort_id.to_string())
            .with("person_id", self.payee_id.to_string())
            .with("key", self.key.to_string())
            .with("amount_minor", self.amount.amount_minor)
            .with("currency", self.amount.currency.to_string())
            .with("state", self.state().to_string())
    }
}
