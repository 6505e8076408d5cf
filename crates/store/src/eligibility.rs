//! What the rules for joining are judged on.

use std::collections::HashMap;

use cohortium_domain::eligibility::{EmploymentFacts, Workplace};
use cohortium_domain::employments::Employment;
use cohortium_domain::ids::{Id, PersonId};
use cohortium_domain::organizations::Organization;
use cohortium_domain::time::Date;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, Order};

use crate::Read;
use crate::entity::employment::{Column, Entity};
use crate::error::Result;
use crate::record::Record;

impl Read {
    /// What is known about the employments that these people hold on a day, the longest held first.
    ///
    /// # Errors
    /// The database's.
    pub async fn employment_facts(
        &self,
        people: impl IntoIterator<Item = PersonId>,
        today: Date,
    ) -> Result<HashMap<PersonId, Vec<EmploymentFacts>>> {
        let rows = self
            .rows::<Entity>()
            .filter(Column::PersonId.is_in(people.into_iter().map(Id::uuid)))
            .filter(Column::StartsOn.lte(today.naive()))
            .filter(Column::EndsOn.is_null().or(Column::EndsOn.gte(today.naive())));
        let rows = rows.order_by(Column::StartsOn, Order::Asc).order_by(Column::Id, Order::Asc).all().await?;
        let employments = rows.into_iter().map(Employment::from_row).collect::<Result<Vec<_>>>()?;
        let organizations = self.find_all::<Organization>(employments.iter().map(|employment| employment.organization_id)).await?;
        let mut facts: HashMap<PersonId, Vec<EmploymentFacts>> = HashMap::new();
        for employment in employments {
            if let Some(organization) = organizations.get(&employment.organization_id) {
                facts.entry(employment.person_id).or_default().push(known(employment, organization, today));
            }
        }
        Ok(facts)
    }
}

fn known(employment: Employment, organization: &Organization, today: Date) -> EmploymentFacts {
    EmploymentFacts {
        workplace: Workplace { employment_id: employment.id, organization_id: organization.id },
        organization_kind: organization.kind,
        state: organization.state.clone(),
        active_member: organization.membership.active_on(today),
        role: employment.role,
        level: employment.level,
    }
}
