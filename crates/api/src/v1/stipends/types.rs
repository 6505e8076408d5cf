//! What goes in and out.

use cohortium_domain::access::{Action, Actor, Tie};
use cohortium_domain::ids::{CohortId, InstallmentId, PersonId, ProgramId, StipendId};
use cohortium_domain::refusal::{FaultCode, Refusal};
use cohortium_domain::stipends::{
    self, DueWhen, End, INSTALLMENTS_MAX, InstallmentState, LEAST_MINOR, Ledger, MOST_MINOR, Money, Payment, PaymentReference,
    PlannedInstallment, Share, StipendTerms,
};
use cohortium_domain::text::{Name, Reason, Slug};
use cohortium_domain::time::{Date, Timestamp};
use cohortium_store::InstallmentFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::Caller;

const _: () =
    assert!(INSTALLMENTS_MAX == 20 && LEAST_MINOR == 100 && MOST_MINOR == 100_000_000, "the bounds below are the domain's");

/// What a program pays those who lead its cohorts.
#[derive(Serialize, ToSchema)]
pub(super) struct StipendPlan {
    program_id: ProgramId,
    /// How much for each cohort; absent where nothing is paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Money>,
    /// In which installments.
    #[schema(max_items = 20)]
    installments: Vec<PlannedInstallment>,
    /// Raised at each change; 0 as long as nobody has set one.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    /// When it was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<Timestamp>,
    /// What you may do to it now.
    #[schema(max_items = 20)]
    allowed_actions: Vec<String>,
}

/// The stipend plan that is to be. Without an amount and without installments, nothing is to be paid.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StipendPlanReplace {
    /// How much for each cohort: from one dollar (or its like) to a million.
    amount: Option<Money>,
    /// In which installments: they come to the amount.
    #[schema(max_items = 20)]
    installments: Vec<PlannedInstallment>,
}

/// The agreement with those who lead a cohort.
#[derive(Serialize, ToSchema)]
pub(super) struct Stipend {
    id: StipendId,
    cohort_id: CohortId,
    program_id: ProgramId,
    /// How much it is in all.
    amount: Money,
    /// The version of the program's plan from which it was made: a later one does not change it.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    plan_version: i64,
    /// How it is shared.
    #[schema(max_items = 10)]
    shares: Vec<Share>,
    /// What each is paid after what. A payee sees their own alone.
    #[schema(max_items = 200)]
    installments: Vec<StipendInstallment>,
    /// What these installments come to.
    ledger: Ledger,
    /// Raised at each change of how it is shared.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// What you may do to it now.
    #[schema(max_items = 20)]
    allowed_actions: Vec<String>,
}

/// A stipend, in lists.
#[derive(Serialize, ToSchema)]
pub(super) struct StipendSummary {
    id: StipendId,
    cohort_id: CohortId,
    program_id: ProgramId,
    /// How much it is in all.
    amount: Money,
    /// How it is shared.
    #[schema(max_items = 10)]
    shares: Vec<Share>,
    /// What those of its installments come to that were asked for.
    ledger: Ledger,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Stipends, a page at a time, with what all of them come to.
#[derive(Serialize, ToSchema)]
pub(super) struct StipendPage {
    /// What is on the page.
    #[schema(max_items = 200)]
    pub(super) items: Vec<StipendSummary>,
    /// Sent as `cursor`, it gives the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    pub(super) next_cursor: Option<String>,
    /// How many there are on all pages, where `with_total` asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub(super) total: Option<u64>,
    /// What the installments that were asked for come to on all pages, for each currency.
    #[schema(max_items = 10)]
    pub(super) ledgers: Vec<Ledger>,
}

/// How a stipend is to be shared.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StipendUpdate {
    /// Among people who lead the cohort; together they come to the amount.
    #[schema(max_items = 10)]
    shares: Vec<Share>,
}

/// What one payee of a stipend is paid after one thing has come to pass.
#[derive(Serialize, ToSchema)]
pub(super) struct StipendInstallment {
    id: InstallmentId,
    stipend_id: StipendId,
    cohort_id: CohortId,
    program_id: ProgramId,
    /// Who is paid.
    person_id: PersonId,
    /// Which of the plan's installments it is a part of.
    key: Slug,
    /// What that is called.
    label: Name,
    amount: Money,
    due_when: DueWhen,
    state: InstallmentState,
    /// Since when it is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<Timestamp>,
    /// Who marked the session as held, or completed the cohort: who does not approve it.
    #[serde(skip_serializing_if = "Option::is_none")]
    marked_by: Option<PersonId>,
    /// When it was approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    approved_at: Option<Timestamp>,
    /// Who approved it.
    #[serde(skip_serializing_if = "Option::is_none")]
    approved_by: Option<PersonId>,
    /// When the payment was written down.
    #[serde(skip_serializing_if = "Option::is_none")]
    paid_at: Option<Timestamp>,
    /// Who wrote it down.
    #[serde(skip_serializing_if = "Option::is_none")]
    paid_by: Option<PersonId>,
    /// On which day it was paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    paid_on: Option<Date>,
    /// By what the payment is found again.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<PaymentReference>,
    /// Since when it is void.
    #[serde(skip_serializing_if = "Option::is_none")]
    voided_at: Option<Timestamp>,
    /// Why it is void.
    #[serde(skip_serializing_if = "Option::is_none")]
    void_reason: Option<Reason>,
    /// Raised at each change.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// What you may do to it now.
    #[schema(max_items = 20)]
    allowed_actions: Vec<String>,
}

/// A payment that was made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StipendPayment {
    /// By what it is found again: the number of a check or a transfer.
    reference: PaymentReference,
    /// On which day it was made: today in the program's zone, where nothing is said; not before the day of the approval.
    paid_on: Option<Date>,
}

/// Why an installment will not be paid.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StipendVoid {
    /// Why; the payee sees it.
    reason: Reason,
}

/// Which stipends are wanted: those with an installment to which all of this applies.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct StipendsQuery {
    /// Those of this program.
    program_id: Option<ProgramId>,
    /// The one for this cohort.
    cohort_id: Option<CohortId>,
    /// Those of which this person is paid.
    person_id: Option<PersonId>,
    /// Those with an installment in one of these states.
    #[serde(default)]
    #[param(max_items = 5)]
    state: Vec<InstallmentState>,
}

/// Which of a program's installments are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct LedgerQuery {
    /// Those for this cohort.
    cohort_id: Option<CohortId>,
    /// Those of this payee.
    person_id: Option<PersonId>,
    /// Those in one of these states.
    #[serde(default)]
    #[param(max_items = 5)]
    state: Vec<InstallmentState>,
}

impl StipendsQuery {
    pub(super) fn filter(&self) -> InstallmentFilter {
        let Self { program_id, cohort_id, person_id, state } = self;
        InstallmentFilter { program_id: *program_id, cohort_id: *cohort_id, person_id: *person_id, states: state.clone() }
    }
}

impl LedgerQuery {
    pub(super) fn filter(&self, program: ProgramId) -> InstallmentFilter {
        let Self { cohort_id, person_id, state } = self;
        InstallmentFilter { program_id: Some(program), cohort_id: *cohort_id, person_id: *person_id, states: state.clone() }
    }
}

impl StipendPlanReplace {
    /// What is to be paid, where anything is.
    pub(super) fn terms(self) -> Result<Option<StipendTerms>, Refusal> {
        match self {
            Self { amount: Some(amount), installments } => Ok(Some(StipendTerms { amount, installments })),
            Self { amount: None, installments } if installments.is_empty() => Ok(None),
            Self { amount: None, .. } => {
                Err(Refusal::invalid("#/amount", FaultCode::Required, "Say to how much the installments are to come"))
            }
        }
    }
}

impl From<StipendUpdate> for Vec<Share> {
    fn from(body: StipendUpdate) -> Self {
        body.shares
    }
}

impl From<StipendPayment> for Payment {
    fn from(body: StipendPayment) -> Self {
        Self { reference: body.reference, paid_on: body.paid_on }
    }
}

impl From<StipendVoid> for Reason {
    fn from(body: StipendVoid) -> Self {
        body.reason
    }
}

pub(super) fn plan_view(plan: stipends::StipendPlan, caller: &Caller) -> StipendPlan {
    let (amount, installments) = plan.terms.map_or((None, Vec::new()), |terms| (Some(terms.amount), terms.installments));
    StipendPlan {
        program_id: plan.program_id,
        amount,
        installments,
        version: plan.meta.version,
        updated_at: (plan.meta.version > 0).then_some(plan.meta.updated_at),
        allowed_actions: caller.allowed([Action::ReplaceStipendPlan]),
    }
}

pub(super) fn view(stipend: stipends::Stipend, mut installments: Vec<stipends::Installment>, caller: &Caller) -> Stipend {
    let allowed = stipend.allowed_actions(&installments, &stipend.tie(&caller.actor));
    let allowed_actions = allowed.into_iter().map(str::to_owned).collect();
    installments.retain(|installment| sees(&caller.actor, installment));
    Stipend {
        id: stipend.id,
        cohort_id: stipend.cohort_id,
        program_id: stipend.program_id,
        amount: stipend.terms.amount,
        plan_version: stipend.plan_version,
        ledger: Ledger::of(stipend.terms.amount.currency, &installments),
        installments: installments.into_iter().map(|installment| installment_view(&stipend, installment, caller)).collect(),
        version: stipend.meta.version,
        created_at: stipend.meta.created_at,
        updated_at: stipend.meta.updated_at,
        shares: stipend.shares,
        allowed_actions,
    }
}

/// Of an agreement that several share, each sees their own installments.
fn sees(actor: &Actor, installment: &stipends::Installment) -> bool {
    Tie::to_person(actor, installment.payee_id).allows(Action::GetStipendInstallment)
}

pub(super) fn summary(stipend: stipends::Stipend, installments: &[stipends::Installment]) -> StipendSummary {
    let asked_for = installments.iter().filter(|installment| installment.stipend_id == stipend.id);
    StipendSummary {
        id: stipend.id,
        cohort_id: stipend.cohort_id,
        program_id: stipend.program_id,
        amount: stipend.terms.amount,
        ledger: Ledger::of(stipend.terms.amount.currency, asked_for),
        shares: stipend.shares,
        created_at: stipend.meta.created_at,
        updated_at: stipend.meta.updated_at,
    }
}

pub(super) fn installment_view(of: &stipends::Stipend, installment: stipends::Installment, caller: &Caller) -> StipendInstallment {
    let allowed = installment.allowed_actions(of, &Tie::to_person(&caller.actor, installment.payee_id));
    let state = installment.state();
    let (due, approval) = (installment.due, installment.approval);
    let view = StipendInstallment {
        id: installment.id,
        stipend_id: installment.stipend_id,
        cohort_id: installment.cohort_id,
        program_id: installment.program_id,
        person_id: installment.payee_id,
        key: installment.key,
        label: installment.label,
        amount: installment.amount,
        due_when: installment.due_when,
        state,
        due_at: due.map(|due| due.at),
        marked_by: due.and_then(|due| due.marked_by),
        approved_at: approval.map(|approval| approval.at),
        approved_by: approval.and_then(|approval| approval.by),
        paid_at: None,
        paid_by: None,
        paid_on: None,
        reference: None,
        voided_at: None,
        void_reason: None,
        version: installment.meta.version,
        created_at: installment.meta.created_at,
        updated_at: installment.meta.updated_at,
        allowed_actions: allowed.into_iter().map(str::to_owned).collect(),
    };
    match installment.end {
        None => view,
        Some(End::Paid { at, by, on, reference }) => {
            StipendInstallment { paid_at: Some(at), paid_by: by, paid_on: Some(on), reference: Some(reference), ..view }
        }
        Some(End::Void { at, reason }) => StipendInstallment { voided_at: Some(at), void_reason: Some(reason), ..view },
    }
}
