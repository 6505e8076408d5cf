//! Stipends and their installments, as rows.

mod record;

use cohortium_domain::ids::{CohortId, Id, PersonId, ProgramId, StipendId};
use cohortium_domain::stipends::{Currency, Installment, InstallmentState, Ledger, Stipend};
use cohortium_domain::time::Timestamp;
use cohortium_domain::words::Word;
use sea_orm::sea_query::SimpleExpr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, Order, QueryFilter, QuerySelect, QueryTrait};

use crate::entity::{stipend, stipend_installment as installment};
use crate::error::Result;
use crate::page::{Key, Page, PageRequest, Position};
use crate::record::{Record, word};
use crate::rows::Rows;
use crate::{Read, Tx};

/// Which installments are wanted, and with them the stipends that have one of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InstallmentFilter {
    /// Of this program.
    pub program_id: Option<ProgramId>,
    /// For this cohort.
    pub cohort_id: Option<CohortId>,
    /// Of this payee.
    pub person_id: Option<PersonId>,
    /// In one of these states.
    pub states: Vec<InstallmentState>,
}

impl InstallmentFilter {
    fn condition(&self) -> Condition {
        use installment::Column;
        let states = (!self.states.is_empty()).then(|| Column::State.is_in(self.states.iter().map(|state| state.as_str())));
        Condition::all()
            .add_option(self.program_id.map(|id| Column::ProgramId.eq(id.uuid())))
            .add_option(self.cohort_id.map(|id| Column::CohortId.eq(id.uuid())))
            .add_option(self.person_id.map(|id| Column::PayeeId.eq(id.uuid())))
            .add_option(states)
    }

    /// The condition for a stipend that has an installment which is wanted.
    fn of_stipends(&self) -> SimpleExpr {
        let wanted = installment::Entity::find().select_only().column(installment::Column::StipendId).filter(self.condition());
        stipend::Column::Id.in_subquery(wanted.into_query())
    }
}

impl Read {
    /// A page of the stipends that have an installment which is wanted, by their age.
    ///
    /// # Errors
    /// The database's.
    pub async fn stipends(&self, filter: &InstallmentFilter, page: &PageRequest) -> Result<Page<Stipend>> {
        let rows = self.rows::<stipend::Entity>().filter(filter.of_stipends());
        let at = |row: &stipend::Model| Position { key: Key::Instant(Timestamp::new(row.created_at)), id: row.id };
        rows.page(stipend::Column::CreatedAt, stipend::Column::Id, page, at).await?.try_map(Stipend::from_row)
    }

    /// What the installments that are wanted come to, by currency and state.
    ///
    /// # Errors
    /// The database's.
    pub async fn stipend_ledgers(&self, filter: &InstallmentFilter) -> Result<Vec<Ledger>> {
        let by = [installment::Column::Currency, installment::Column::State];
        let sums: Vec<(String, String, i64)> = self.wanted(filter).sums(by, installment::Column::AmountMinor).await?;
        let sum = |(currency, state, sum): (String, String, i64)| -> Result<(Currency, InstallmentState, i64)> {
            Ok((word("stipend_installments", "currency", &currency)?, word("stipend_installments", "state", &state)?, sum))
        };
        Ok(Ledger::by_currency(sums.into_iter().map(sum).collect::<Result<Vec<_>>>()?))
    }

    /// The installments that are wanted: by cohort, in the order of the plan, and by payee.
    ///
    /// # Errors
    /// The database's.
    pub async fn installments(&self, filter: &InstallmentFilter) -> Result<Vec<Installment>> {
        in_order(self.wanted(filter)).await
    }

    /// Of these stipends, the installments that are wanted.
    ///
    /// # Errors
    /// The database's.
    pub async fn installments_of(
        &self,
        stipends: impl IntoIterator<Item = StipendId>,
        filter: &InstallmentFilter,
    ) -> Result<Vec<Installment>> {
        in_order(self.wanted(filter).filter(installment::Column::StipendId.is_in(stipends.into_iter().map(Id::uuid)))).await
    }

    fn wanted(&self, filter: &InstallmentFilter) -> Rows<'_, installment::Entity> {
        self.rows::<installment::Entity>().filter(filter.condition())
    }
}

impl Tx {
    /// The stipend for a cohort, locked, where there is one.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock_stipend_for(&self, cohort: CohortId) -> Result<Option<Stipend>> {
        let row = self.rows::<stipend::Entity>().filter(stipend::Column::CohortId.eq(cohort.uuid())).lock().one().await?;
        row.map(Stipend::from_row).transpose()
    }

    /// The installments of a stipend, which is locked, and they with it.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock_installments_of(&self, stipend: StipendId) -> Result<Vec<Installment>> {
        let rows = self.rows::<installment::Entity>().filter(installment::Column::StipendId.eq(stipend.uuid()));
        in_order(rows.lock()).await
    }

    /// Takes installments away.
    ///
    /// # Errors
    /// The database's.
    pub async fn remove_installments(&self, installments: &[Installment]) -> Result<()> {
        let ids = installments.iter().map(|one| one.id.uuid());
        self.remove::<installment::Entity>(installment::Column::Id.is_in(ids)).await.map(drop)
    }
}

async fn in_order(rows: Rows<'_, installment::Entity>) -> Result<Vec<Installment>> {
    use installment::Column;
    let rows = rows.order_by(Column::CohortId, Order::Asc).order_by(Column::Place, Order::Asc);
    rows.order_by(Column::PayeeId, Order::Asc).all().await?.into_iter().map(Installment::from_row).collect()
}
