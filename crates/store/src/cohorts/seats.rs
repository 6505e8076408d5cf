//! Seats: the one statement that takes one, and the counters beside it.

use std::collections::HashMap;

use cohortium_domain::cohorts::Cohort;
use cohortium_domain::eligibility::SeatsByOrganization;
use cohortium_domain::ids::{ApplicationId, CohortId, Id, OrganizationId};
use cohortium_domain::time::Timestamp;
use sea_orm::ColumnTrait;
use sea_orm::prelude::DateTimeUtc;
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, SimpleExpr};
use uuid::Uuid;

use crate::entity::application;
use crate::entity::cohort::{Column, Entity};
use crate::error::Result;
use crate::rows::Rows;
use crate::{Read, Tx};

/// The states in which an application holds a seat; a submitted one does as long as its hold has an end.
const HOLDS_A_SEAT: [&str; 4] = ["submitted", "offered", "enrolled", "completed"];

impl Read {
    /// Takes off the seats that lapsed by now, where some did.
    pub(super) async fn let_seats_lapse(&self, cohorts: &mut [Cohort]) -> Result<()> {
        let now = self.now();
        let due = cohorts.iter().filter(|cohort| cohort.seats.next_lapse_at.is_some_and(|lapse| lapse <= now));
        let due: Vec<Uuid> = due.map(|cohort| cohort.id.uuid()).collect();
        if due.is_empty() {
            return Ok(());
        }
        let rows = self
            .rows::<application::Entity>()
            .filter(application::Column::CohortId.is_in(due.iter().copied()))
            .filter(application::Column::LapsesAt.is_not_null());
        let ends: Vec<(Uuid, DateTimeUtc)> = rows.columns([application::Column::CohortId, application::Column::LapsesAt]).await?;
        let mut by_cohort: HashMap<Uuid, Vec<Timestamp>> = HashMap::new();
        for (cohort, end) in ends {
            by_cohort.entry(cohort).or_default().push(Timestamp::new(end));
        }
        for cohort in cohorts.iter_mut().filter(|cohort| due.contains(&cohort.id.uuid())) {
            let ends = by_cohort.remove(&cohort.id.uuid()).unwrap_or_default();
            let (lapsed, standing): (Vec<Timestamp>, Vec<Timestamp>) = ends.into_iter().partition(|end| *end <= now);
            let lapsed = u32::try_from(lapsed.len()).unwrap_or(u32::MAX);
            cohort.seats = cohort.seats.as_of(false, lapsed, standing.into_iter().min());
        }
        Ok(())
    }

    /// How many people of each organization hold a seat in a cohort, but for one application.
    ///
    /// # Errors
    /// The database's.
    pub async fn seats_by_organization(&self, cohort: CohortId, but: Option<ApplicationId>) -> Result<SeatsByOrganization> {
        use application::Column;
        let rows = self.held_by_organizations([cohort]).filter_if(but, |id| Column::Id.ne(id.uuid()));
        let organizations: Vec<Uuid> = rows.column(Column::OrganizationId).await?;
        Ok(organizations.into_iter().map(OrganizationId::from_uuid).collect())
    }
}

impl Read {
    /// How many people of each organization hold a seat in each of these cohorts.
    ///
    /// # Errors
    /// The database's.
    pub async fn seats_by_organization_in(
        &self,
        cohorts: impl IntoIterator<Item = CohortId>,
    ) -> Result<HashMap<CohortId, SeatsByOrganization>> {
        use application::Column;
        let held = self.held_by_organizations(cohorts);
        let held: Vec<(Uuid, Uuid)> = held.columns([Column::CohortId, Column::OrganizationId]).await?;
        let mut organizations: HashMap<CohortId, Vec<OrganizationId>> = HashMap::new();
        for (cohort, organization) in held {
            organizations.entry(CohortId::from_uuid(cohort)).or_default().push(OrganizationId::from_uuid(organization));
        }
        Ok(organizations.into_iter().map(|(cohort, held)| (cohort, held.into_iter().collect())).collect())
    }

    fn held_by_organizations(&self, cohorts: impl IntoIterator<Item = CohortId>) -> Rows<'_, application::Entity> {
        use application::Column;
        self.rows::<application::Entity>()
            .filter(Column::CohortId.is_in(cohorts.into_iter().map(Id::uuid)))
            .filter(Column::State.is_in(HOLDS_A_SEAT))
            .filter(Column::State.ne("submitted").or(Column::LapsesAt.is_not_null()))
            .filter(Column::OrganizationId.is_not_null())
    }
}

impl Tx {
    /// Takes a seat where nothing is to be decided: one is free, nobody waits, and nothing has lapsed. Tells whether it did; where
    /// it did not, the cohort must be locked and settled first.
    ///
    /// # Errors
    /// The database's.
    pub async fn take_seat(&self, cohort: CohortId, until: Option<Timestamp>) -> Result<bool> {
        let taken = [
            (Column::SeatsHeld, Expr::col(Column::SeatsHeld).add(1)),
            (Column::SeatsEnrolled, Expr::col(Column::SeatsEnrolled).add(i32::from(until.is_none()))),
            (Column::NextLapseAt, sooner(until)),
        ];
        let free = Column::Id
            .eq(cohort.uuid())
            .and(Column::State.eq("open"))
            .and(Expr::col(Column::SeatsHeld).lt(Expr::col(Column::SeatsMax)))
            .and(Column::Waiting.eq(0))
            .and(Column::NextLapseAt.is_null().or(Column::NextLapseAt.gt(self.now().utc())));
        Ok(self.set::<Entity>(taken, free).await? == 1)
    }

    /// Keeps the counters of a cohort that is locked: they are no change of the cohort, and raise no version.
    ///
    /// # Errors
    /// The database's.
    pub async fn keep_seats(&self, cohort: &Cohort) -> Result<()> {
        let seats = cohort.seats;
        let columns = [
            (Column::SeatsHeld, Expr::value(i64::from(seats.held))),
            (Column::SeatsEnrolled, Expr::value(i64::from(seats.enrolled))),
            (Column::Waiting, Expr::value(i64::from(seats.waiting))),
            (Column::NextLapseAt, Expr::value(seats.next_lapse_at.map(Timestamp::utc))),
            (Column::LastNumber, Expr::value(i64::from(seats.last_number))),
        ];
        self.set::<Entity>(columns, Column::Id.eq(cohort.id.uuid())).await.map(drop)
    }
}

/// The earlier of the next lapse and this one.
fn sooner(until: Option<Timestamp>) -> SimpleExpr {
    let kept = Expr::col(Column::NextLapseAt);
    let Some(until) = until.map(Timestamp::utc) else { return kept };
    let later = Column::NextLapseAt.is_null().or(Column::NextLapseAt.gt(until));
    CaseStatement::new().case(later, Expr::value(until)).finally(kept).into()
}
