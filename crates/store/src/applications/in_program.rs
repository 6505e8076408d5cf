//! What else people have applied to in the program of a cohort.

use std::collections::BTreeSet;

use cohortium_domain::applications::Application;
use cohortium_domain::ids::{CohortId, Id, PersonId, ProgramId};
use sea_orm::sea_query::{ExprTrait, SimpleExpr};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use uuid::Uuid;

use super::{LIVE, UNSETTLED, all};
use crate::Read;
use crate::entity::application::{Column, Entity};
use crate::entity::{cohort, program};
use crate::error::Result;

impl Read {
    /// The open applications and the enrollments of a person in a program.
    ///
    /// # Errors
    /// The database's.
    pub async fn live_applications_in(&self, program: ProgramId, person: PersonId) -> Result<Vec<Application>> {
        let cohorts = cohort::Entity::find().select_only().column(cohort::Column::Id);
        let cohorts = cohorts.filter(cohort::Column::ProgramId.eq(program.uuid())).into_query();
        let rows = self.rows::<Entity>().filter(Column::PersonId.eq(person.uuid())).filter(Column::State.is_in(LIVE));
        all(rows.filter(Column::CohortId.in_subquery(cohorts))).await
    }

    /// The cohorts to which these people have applied beside this one, where everybody takes part in one cohort of its program.
    ///
    /// # Errors
    /// The database's.
    pub async fn cohorts_beside(&self, cohort: CohortId, people: impl IntoIterator<Item = PersonId>) -> Result<BTreeSet<CohortId>> {
        let own = cohort::Entity::find().select_only().column(cohort::Column::ProgramId);
        let own = own.filter(cohort::Column::Id.eq(cohort.uuid())).into_query();
        let siblings = cohort::Entity::find().select_only().column(cohort::Column::Id);
        let siblings = siblings.filter(cohort::Column::ProgramId.in_subquery(own)).into_query();
        let rows = self.rows::<Entity>().filter(Column::PersonId.is_in(people.into_iter().map(Id::uuid)));
        let rows = rows.filter(Column::State.is_in(UNSETTLED)).filter(Column::CohortId.in_subquery(siblings));
        let ids: Vec<Uuid> = rows.filter(of_one_cohort()).column(Column::CohortId).await?;
        Ok(ids.into_iter().map(CohortId::from_uuid).collect())
    }
}

/// The condition for resting on something, or being what is given up when a seat that is held on that ground becomes an enrollment.
pub(super) fn touched_by(rests: &SimpleExpr) -> SimpleExpr {
    let holders = Entity::find().select_only().column(Column::PersonId);
    let holders = holders.filter(rests.clone()).filter(Column::State.eq("submitted")).into_query();
    rests.clone().or(Column::PersonId.in_subquery(holders).and(of_one_cohort()))
}

/// The condition for being in a program in which everybody takes part in one cohort.
fn of_one_cohort() -> SimpleExpr {
    let programs = program::Entity::find().select_only().column(program::Column::Id);
    let programs = programs.filter(program::Column::OneCohort.eq(true)).into_query();
    let cohorts = cohort::Entity::find().select_only().column(cohort::Column::Id);
    let cohorts = cohorts.filter(cohort::Column::ProgramId.in_subquery(programs)).into_query();
    Column::CohortId.in_subquery(cohorts)
}
