//! How stipends and their installments are kept as rows.

use cohortium_domain::ids::{CohortId, Id, InstallmentId, PersonId, ProgramId, StipendId};
use cohortium_domain::meta::Meta;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::stipends::{Approval, Due, End, Installment, InstallmentState, Money, PaymentReference, Stipend};
use cohortium_domain::text::{Name, Reason, Slug};
use cohortium_domain::time::Timestamp;
use cohortium_domain::words::Word;
use uuid::Uuid;

use crate::entity::{stipend, stipend_installment as installment};
use crate::error::{Error, Result};
use crate::record::{Record, date, json, meta, number, optional, text, to_json, word};

const STIPENDS: &str = "stipends";
const INSTALLMENTS: &str = "stipend_installments";

impl Record for Stipend {
    type Entity = stipend::Entity;
    type Row = stipend::ActiveModel;
    type Id = StipendId;
    const NOUN: &'static str = "stipend";
    const ID: stipend::Column = stipend::Column::Id;
    const VERSION: stipend::Column = stipend::Column::Version;

    fn id(&self) -> StipendId {
        self.id
    }

    fn meta(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn to_row(&self, coalition_id: Uuid) -> stipend::Model {
        stipend::Model {
            id: self.id.uuid(),
            coalition_id,
            program_id: self.program_id.uuid(),
            cohort_id: self.cohort_id.uuid(),
            plan_version: self.plan_version,
            terms: to_json(&self.terms),
            shares: to_json(&self.shares),
            version: self.meta.version,
            created_at: self.meta.created_at.utc(),
            updated_at: self.meta.updated_at.utc(),
        }
    }

    fn from_row(row: stipend::Model) -> Result<Self> {
        Ok(Self {
            id: StipendId::from_uuid(row.id),
            cohort_id: CohortId::from_uuid(row.cohort_id),
            program_id: ProgramId::from_uuid(row.program_id),
            plan_version: row.plan_version,
            terms: json(STIPENDS, "terms", &row.terms)?,
            shares: json(STIPENDS, "shares", &row.shares)?,
            meta: meta(row.version, row.created_at, row.updated_at),
        })
    }

    fn refusal(index: &str) -> Option<Refusal> {
        let said = "The cohort has a stipend agreement already";
        (index == "stipends_cohort_id").then(|| Refusal::AlreadyExists(said.to_owned()))
    }
}

impl Record for Installment {
    type Entity = installment::Entity;
    type Row = installment::ActiveModel;
    type Id = InstallmentId;
    const NOUN: &'static str = "installment";
    const ID: installment::Column = installment::Column::Id;
    const VERSION: installment::Column = installment::Column::Version;

    fn id(&self) -> InstallmentId {
        self.id
    }

    fn meta(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn to_row(&self, coalition_id: Uuid) -> installment::Model {
        let row = installment::Model {
            id: self.id.uuid(),
            coalition_id,
            stipend_id: self.stipend_id.uuid(),
            program_id: self.program_id.uuid(),
            cohort_id: self.cohort_id.uuid(),
            payee_id: self.payee_id.uuid(),
            plan_key: self.key.to_string(),
            place: self.place.into(),
            label: self.label.to_string(),
            due_when: self.due_when.as_str().to_owned(),
            amount_minor: self.amount.amount_minor,
            currency: self.amount.currency.as_str().to_owned(),
            state: self.state().as_str().to_owned(),
            due_at: self.due.map(|due| due.at.utc()),
            marked_by: self.due.and_then(|due| due.marked_by).map(Id::uuid),
            approved_at: self.approval.map(|approval| approval.at.utc()),
            approved_by: self.approval.and_then(|approval| approval.by).map(Id::uuid),
            settled_at: None,
            paid_by: None,
            paid_on: None,
            reference: None,
            void_reason: None,
            version: self.meta.version,
            created_at: self.meta.created_at.utc(),
            updated_at: self.meta.updated_at.utc(),
        };
        match &self.end {
            None => row,
            Some(End::Paid { at, by, on, reference }) => installment::Model {
                settled_at: Some(at.utc()),
                paid_by: by.map(Id::uuid),
                paid_on: Some(on.naive()),
                reference: Some(reference.to_string()),
                ..row
            },
            Some(End::Void { at, reason }) => {
                installment::Model { settled_at: Some(at.utc()), void_reason: Some(reason.to_string()), ..row }
            }
        }
    }

    fn from_row(row: installment::Model) -> Result<Self> {
        let marked_by = row.marked_by.map(PersonId::from_uuid);
        let approved_by = row.approved_by.map(PersonId::from_uuid);
        Ok(Self {
            id: InstallmentId::from_uuid(row.id),
            stipend_id: StipendId::from_uuid(row.stipend_id),
            cohort_id: CohortId::from_uuid(row.cohort_id),
            program_id: ProgramId::from_uuid(row.program_id),
            payee_id: PersonId::from_uuid(row.payee_id),
            key: text(INSTALLMENTS, "plan_key", &row.plan_key, Slug::new)?,
            label: text(INSTALLMENTS, "label", &row.label, Name::new)?,
            place: number(INSTALLMENTS, "place", row.place)?,
            due_when: word(INSTALLMENTS, "due_when", &row.due_when)?,
            amount: Money { amount_minor: row.amount_minor, currency: word(INSTALLMENTS, "currency", &row.currency)? },
            due: row.due_at.map(|at| Due { at: Timestamp::new(at), marked_by }),
            approval: row.approved_at.map(|at| Approval { at: Timestamp::new(at), by: approved_by }),
            end: end(&row)?,
            meta: meta(row.version, row.created_at, row.updated_at),
        })
    }
}

fn end(row: &installment::Model) -> Result<Option<End>> {
    let missing = |column: &'static str| move || Error::corrupt(INSTALLMENTS, column);
    let at = || row.settled_at.map(Timestamp::new).ok_or_else(missing("settled_at"));
    Ok(match word(INSTALLMENTS, "state", &row.state)? {
        InstallmentState::Pending | InstallmentState::Due | InstallmentState::Approved => None,
        InstallmentState::Paid => {
            let reference = optional(INSTALLMENTS, "reference", row.reference.as_deref(), PaymentReference::new)?;
            Some(End::Paid {
                at: at()?,
                by: row.paid_by.map(PersonId::from_uuid),
                on: date(INSTALLMENTS, "paid_on", row.paid_on.ok_or_else(missing("paid_on"))?)?,
                reference: reference.ok_or_else(missing("reference"))?,
            })
        }
        InstallmentState::Void => {
            let reason = optional(INSTALLMENTS, "void_reason", row.void_reason.as_deref(), Reason::new)?;
            Some(End::Void { at: at()?, reason: reason.ok_or_else(missing("void_reason"))? })
        }
    })
}
