//! Stipends, as staff agree, share, approve and pay them, and as what happens in a cohort makes them due.
//!
//! What always holds: whatever moves an installment locks its agreement first, behind program and cohort where those are locked
//! too.

use cohortium_domain::access::{Action, Actor, Tie};
use cohortium_domain::cohorts::Cohort;
use cohortium_domain::ids::{CohortId, InstallmentId, PersonId, StipendId};
use cohortium_domain::journal::{Happening, SubjectKind};
use cohortium_domain::mails::{Mail, MailKind};
use cohortium_domain::meta::Precondition;
use cohortium_domain::people::Person;
use cohortium_domain::programs::Program;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::stipends::{Due, DueWhen, Installment, Parted, Payment, Share, Stipend, StipendPlan};
use cohortium_domain::text::Reason;
use cohortium_store::{Result, Tx};

use crate::cohorts;
use crate::input::Input;

/// An agreement with its installments.
pub type Agreement = (Stipend, Vec<Installment>);

/// Makes the agreement for a cohort that has none.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn create(tx: &mut Tx, actor: &Actor, cohort: CohortId) -> Result<Agreement> {
    // A cohort never changes its program: this is read without a lock, and the program is held first.
    let program = tx.cohort(cohort).await?.program_id;
    tx.hold::<Program>(program).await?;
    let cohort = tx.lock_cohort(cohort).await?;
    cohorts::require(&tx.year(cohort.program_id).await?, &cohort, actor, Action::CreateStipend)?;
    if tx.lock_stipend_for(cohort.id).await?.is_some() {
        return Err(Refusal::AlreadyExists("The cohort has a stipend agreement already".to_owned()).into());
    }
    let plan: StipendPlan = tx.program_document(cohort.program_id).await?;
    agree(tx, actor, &cohort, &plan).await
}

/// Makes the agreement for a cohort, which is locked or new and has none.
pub(crate) async fn agree(tx: &mut Tx, actor: &Actor, cohort: &Cohort, plan: &StipendPlan) -> Result<Agreement> {
    let sessions = tx.sessions_of(cohort.id).await?;
    let parted = Stipend::agree(tx.make_id(), cohort, plan, &sessions, || tx.make_id(), tx.now())?;
    save(tx, actor, parted).await
}

/// Shares a stipend otherwise.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn share(tx: &mut Tx, actor: &Actor, id: StipendId, input: &Input<'_, Vec<Share>>) -> Result<Agreement> {
    // A stipend never changes its cohort: this is read without a lock, and program and cohort are held first.
    let Stipend { program_id, cohort_id, .. } = tx.get(id).await?;
    tx.hold::<Program>(program_id).await?;
    let cohort = tx.hold_cohort(cohort_id).await?;
    let stipend: Stipend = tx.lock(id).await?;
    stipend.tie(actor).require(Action::UpdateStipend, SubjectKind::Stipend)?;
    let shares = input.admit(&stipend.meta)?;
    let installments = tx.lock_installments_of(id).await?;
    let parted = stipend.share(shares, installments, &cohort.facilitators, || tx.make_id(), tx.now())?;
    save(tx, actor, parted).await
}

/// Approves an installment.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn approve(tx: &mut Tx, actor: &Actor, id: InstallmentId, precondition: Precondition) -> Result<(Stipend, Installment)> {
    let (stipend, installment) = enter(tx, actor, id, Action::ApproveStipendInstallment).await?;
    installment.meta.admit(precondition)?;
    let installment = tx.save(installment.approve(&stipend, actor, tx.now())?, actor).await?;
    Ok((stipend, installment))
}

/// Writes down that an installment was paid, and tells the payee.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn pay(tx: &mut Tx, actor: &Actor, id: InstallmentId, input: &Input<'_, Payment>) -> Result<(Stipend, Installment)> {
    let (stipend, installment) = enter(tx, actor, id, Action::PayStipendInstallment).await?;
    let payment = input.admit(&installment.meta)?;
    let zone = tx.get::<Program>(installment.program_id).await?.time_zone;
    // In the order in which a form is filed: the person, then the form.
    let payee: Person = tx.hold(installment.payee_id).await?;
    let form = tx.hold_tax_form(payee.id).await?;
    tx.relies_on(zone.end_of_day(zone.date_of(tx.now())));
    let installment = tx.save(installment.pay(payment, form.as_ref(), actor, zone, tx.now())?, actor).await?;
    let told = Mail::ask(tx.make_opaque_id(), MailKind::StipendPaid, Some(payee.id), payee.email, None, tx.process_now());
    tx.add_mail(&told).await?;
    Ok((stipend, installment))
}

/// Decides that an installment will not be paid.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn void(tx: &mut Tx, actor: &Actor, id: InstallmentId, input: &Input<'_, Reason>) -> Result<(Stipend, Installment)> {
    let (stipend, installment) = enter(tx, actor, id, Action::VoidStipendInstallment).await?;
    let reason = input.admit(&installment.meta)?;
    let installment = tx.save(installment.void(reason, tx.now())?, actor).await?;
    Ok((stipend, installment))
}

/// Something has come to pass in a cohort, which is locked: what waited for it is due.
pub(crate) async fn come_to_pass(tx: &mut Tx, marked_by: Option<PersonId>, cohort: CohortId, what: DueWhen) -> Result<()> {
    let Some(stipend) = tx.lock_stipend_for(cohort).await? else { return Ok(()) };
    let due = Due { at: tx.now(), marked_by };
    for installment in tx.lock_installments_of(stipend.id).await? {
        if let Some(change) = installment.fall_due(what, due, tx.now()) {
            tx.save(change, &Actor::Time).await?;
        }
    }
    Ok(())
}

/// Voids what was not approved of the stipend for a cohort that is called off, and is locked.
pub(crate) async fn void_unapproved(tx: &mut Tx, actor: &Actor, cohort: CohortId, reason: &Reason) -> Result<()> {
    let Some(stipend) = tx.lock_stipend_for(cohort).await? else { return Ok(()) };
    for installment in tx.lock_installments_of(stipend.id).await? {
        if let Some(change) = installment.void_unapproved(reason, tx.now()) {
            tx.save(change, actor).await?;
        }
    }
    Ok(())
}

/// Locks the agreement of an installment and then the installment, for somebody who may do this to it.
async fn enter(tx: &mut Tx, actor: &Actor, id: InstallmentId, action: Action) -> Result<(Stipend, Installment)> {
    // An installment never changes its agreement: this is read without a lock, and the agreement is locked first.
    let stipend = tx.get::<Installment>(id).await?.stipend_id;
    let stipend: Stipend = tx.lock(stipend).await?;
    let installment: Installment = tx.lock(id).await?;
    Tie::to_person(actor, installment.payee_id).require(action, SubjectKind::StipendInstallment)?;
    Ok((stipend, installment))
}

async fn save(tx: &mut Tx, actor: &Actor, parted: Parted) -> Result<Agreement> {
    let removals: Vec<Happening> = parted.removals().collect();
    tx.remove_installments(&parted.removed).await?;
    let stipend = tx.save(parted.stipend, actor).await?;
    tx.note(removals, actor);
    for change in parted.installments {
        tx.save(change, actor).await?;
    }
    let installments = tx.lock_installments_of(stipend.id).await?;
    Ok((stipend, installments))
}
