//! Whom reviewers know, read from where it shows: employments, proposals and cohorts.

use std::collections::{BTreeMap, BTreeSet};

use cohortium_domain::ids::{Id, OrganizationId, PersonId};
use cohortium_domain::reviews::{Acquaintances, Employed, Review};
use sea_orm::prelude::Date as RowDate;
use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use serde_json::Value;
use uuid::Uuid;

use crate::Read;
use crate::entity::{cohort_facilitator, employment, proposal};
use crate::error::Result;
use crate::record::{date, json, optional_date};

impl Read {
    /// Whom reviewers know of these people, and the conflicts that they declared in these reviews: in three queries, however many
    /// they are.
    ///
    /// # Errors
    /// The database's.
    pub async fn acquaintances(
        &self,
        reviewers: &BTreeSet<PersonId>,
        facilitators: impl IntoIterator<Item = PersonId>,
        reviews: &[Review],
    ) -> Result<Acquaintances> {
        let people: BTreeSet<PersonId> = reviewers.iter().copied().chain(facilitators).collect();
        let employments = self.employed(&people).await?;
        let mut circles = self.proposing_together(reviewers).await?;
        circles.extend(self.leading_together(reviewers).await?);
        let declared = reviews.iter().filter_map(|review| {
            review.standing.conflict().map(|conflict| (review.reviewer_id, review.proposal_id, conflict.kind))
        });
        Ok(Acquaintances::of(reviewers, &employments, circles, declared))
    }

    async fn employed(&self, people: &BTreeSet<PersonId>) -> Result<Vec<Employed>> {
        use employment::Column::{EndsOn, OrganizationId as At, PersonId as Who, StartsOn};
        const TABLE: &str = "employments";
        let rows = self.rows::<employment::Entity>().filter(Who.is_in(people.iter().map(|person| person.uuid())));
        let rows: Vec<(Uuid, Uuid, RowDate, Option<RowDate>)> = rows.columns([Who, At, StartsOn, EndsOn]).await?;
        let employed = |(person, organization, starts_on, ends_on)| {
            Ok(Employed {
                person_id: PersonId::from_uuid(person),
                organization_id: OrganizationId::from_uuid(organization),
                starts_on: date(TABLE, "starts_on", starts_on)?,
                ends_on: optional_date(TABLE, "ends_on", ends_on)?,
            })
        };
        rows.into_iter().map(employed).collect()
    }

    /// Those who stand in a proposal together with others, one of these reviewers among them.
    async fn proposing_together(&self, reviewers: &BTreeSet<PersonId>) -> Result<Vec<Vec<PersonId>>> {
        use proposal::Column::{AuthorId, CoFacilitators};
        let together: SimpleExpr = Expr::col(CoFacilitators).cast_as("TEXT").ne("[]");
        let rows: Vec<(Uuid, Value)> = self.rows::<proposal::Entity>().filter(together).columns([AuthorId, CoFacilitators]).await?;
        let mut circles = Vec::new();
        for (author, others) in rows {
            let mut circle: Vec<PersonId> = json("proposals", "co_facilitators", &others)?;
            circle.push(PersonId::from_uuid(author));
            if circle.iter().any(|person| reviewers.contains(person)) {
                circles.push(circle);
            }
        }
        Ok(circles)
    }

    /// Those who lead, or led, a cohort that one of these reviewers leads.
    async fn leading_together(&self, reviewers: &BTreeSet<PersonId>) -> Result<Vec<Vec<PersonId>>> {
        use cohort_facilitator::Column::{CohortId, PersonId as Who};
        let theirs = cohort_facilitator::Entity::find().select_only().column(CohortId);
        let theirs = theirs.filter(Who.is_in(reviewers.iter().map(|reviewer| reviewer.uuid())));
        let rows = self.rows::<cohort_facilitator::Entity>().filter(CohortId.in_subquery(theirs.into_query()));
        let rows: Vec<(Uuid, Uuid)> = rows.columns([CohortId, Who]).await?;
        let mut circles: BTreeMap<Uuid, Vec<PersonId>> = BTreeMap::new();
        for (cohort, person) in rows {
            circles.entry(cohort).or_default().push(PersonId::from_uuid(person));
        }
        Ok(circles.into_values().collect())
    }
}
