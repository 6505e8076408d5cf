//! Applications, and the enrollments that they become, as rows.

mod in_program;
mod record;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cohortium_domain::access::Scope;
use cohortium_domain::applications::{Application, ApplicationState};
use cohortium_domain::ids::{ApplicationId, CohortId, Id, OrganizationId, PersonId, VerificationId};
use cohortium_domain::seats::Place;
use cohortium_domain::time::Timestamp;
use cohortium_domain::verifications::VerificationState;
use cohortium_domain::words::Word;
use sea_orm::prelude::DateTimeUtc;
use sea_orm::sea_query::{ExprTrait, SimpleExpr};
use sea_orm::{ColumnTrait, EntityTrait, Order, QueryFilter, QuerySelect, QueryTrait};
use uuid::Uuid;

pub(crate) use self::record::{from_place, to_place};
use crate::entity::application::{Column, Entity, Model};
use crate::entity::verification;
use crate::error::Result;
use crate::page::{Key, Page, PageRequest, Position};
use crate::record::Record;
use crate::rows::Rows;
use crate::{Read, Tx, verifications};

/// The states in which one is open: at most one for a person and a cohort.
const LIVE: [&str; 5] = ["draft", "submitted", "waitlisted", "offered", "enrolled"];
/// Those of them that can still lead to a seat, and expire when they do not.
const UNSETTLED: [&str; 4] = ["draft", "submitted", "waitlisted", "offered"];

/// Which applications are wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct ApplicationFilter {
    /// Those that the caller may see.
    pub scope: Scope,
    /// Those that are or were enrollments.
    pub enrollments: bool,
    /// To one of these cohorts; to any, where none is named.
    pub cohorts: Vec<CohortId>,
    /// Of one of these people.
    pub people: Vec<PersonId>,
    /// In one of these states, as it was last decided.
    pub states: Vec<ApplicationState>,
    /// Whose verification is in one of these states now.
    pub verifications: Vec<VerificationState>,
    /// Those whose verification does not carry them to the start of their cohort, or the others: see [`Read::flagged`].
    pub flagged: Option<bool>,
    /// Sent at this instant or later.
    pub submitted_from: Option<Timestamp>,
    /// Sent before.
    pub submitted_before: Option<Timestamp>,
}

/// By what applications are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApplicationOrder {
    /// By when they were begun.
    CreatedAt,
    /// By when they last changed.
    UpdatedAt,
}

impl ApplicationFilter {
    /// All that this scope lets the caller see.
    #[must_use]
    pub fn of(scope: Scope) -> Self {
        Self {
            scope,
            enrollments: false,
            cohorts: Vec::new(),
            people: Vec::new(),
            states: Vec::new(),
            verifications: Vec::new(),
            flagged: None,
            submitted_from: None,
            submitted_before: None,
        }
    }
}

impl Read {
    /// A page of applications.
    ///
    /// # Errors
    /// The database's.
    pub async fn applications(
        &self,
        filter: &ApplicationFilter,
        order: ApplicationOrder,
        page: &PageRequest,
    ) -> Result<Page<Application>> {
        let flagged = match filter.flagged {
            Some(wanted) => Some(self.flagged().await?).map(|flagged| if wanted { flagged } else { flagged.not() }),
            None => None,
        };
        let rows = self.rows::<Entity>().filter_if(flagged, |condition| condition);
        let rows = match &filter.scope {
            Scope::All => rows,
            Scope::Cohorts(ids) => rows.filter(Column::CohortId.is_in(ids.iter().map(|id| id.uuid()))),
            Scope::Own(person) => rows.filter(Column::PersonId.eq(person.uuid())),
        };
        let rows = rows
            .filter_any(Column::CohortId, filter.cohorts.iter().map(|id| id.uuid()))
            .filter_any(Column::PersonId, filter.people.iter().map(|id| id.uuid()))
            .filter_any(Column::State, filter.states.iter().map(|state| state.as_str()))
            .filter_if(self.verified_so(&filter.verifications), |verified_so| verified_so)
            .filter_if(filter.enrollments.then_some(()), |()| Column::EnrolledAt.is_not_null())
            .filter_if(filter.submitted_from, |instant| Column::SubmittedAt.gte(instant.utc()))
            .filter_if(filter.submitted_before, |instant| Column::SubmittedAt.lt(instant.utc()));
        let (column, key): (Column, fn(&Model) -> DateTimeUtc) = match order {
            ApplicationOrder::CreatedAt => (Column::CreatedAt, |row| row.created_at),
            ApplicationOrder::UpdatedAt => (Column::UpdatedAt, |row| row.updated_at),
        };
        let at = |row: &Model| Position { key: Key::Instant(Timestamp::new(key(row))), id: row.id };
        rows.page(column, Column::Id, page, at).await?.try_map(Application::from_row)
    }

    /// The condition for being one that staff must look at: open or enrolled, and resting on a verification that was taken back, or
    /// that ends before the cohort begins; or enrolled, and not verified.
    async fn flagged(&self) -> Result<SimpleExpr> {
        let open: Vec<Uuid> = self.rows::<Entity>().filter(Column::State.is_in(LIVE)).distinct().column(Column::CohortId).await?;
        let cohorts = self.cohorts_by_id(open.into_iter().map(CohortId::from_uuid)).await?;
        let years = self.years(cohorts.values().map(|cohort| cohort.program_id)).await?;
        let mut starting: BTreeMap<Timestamp, Vec<Uuid>> = BTreeMap::new();
        for cohort in cohorts.values() {
            let window = years.get(&cohort.program_id).and_then(|year| year.window(cohort));
            starting.entry(window.map_or(self.now(), |window| window.closes_at)).or_default().push(cohort.id.uuid());
        }
        let stands = |condition: SimpleExpr| {
            let found = verification::Entity::find().select_only().column(verification::Column::Id).filter(condition);
            Column::VerificationId.in_subquery(found.into_query())
        };
        let over =
            starting.into_iter().map(|(start, cohorts)| stands(verifications::over_by(start)).and(Column::CohortId.is_in(cohorts)));
        let taken_back = stands(verifications::reads(VerificationState::Revoked, self.now()));
        let undecided = [VerificationState::Open, VerificationState::Rejected].map(|state| verifications::reads(state, self.now()));
        let enrolled =
            Column::State.eq("enrolled").and(undecided.into_iter().reduce(ExprTrait::or).map_or(taken_back.clone(), stands));
        let any = over.chain([enrolled]).fold(taken_back, ExprTrait::or);
        Ok(Column::VerificationId.is_not_null().and(Column::State.is_in(LIVE)).and(any))
    }

    /// The application of a person to a cohort that is open.
    ///
    /// # Errors
    /// The database's.
    pub async fn live_application(&self, cohort: CohortId, person: PersonId) -> Result<Option<Application>> {
        let rows = self.of_cohort(cohort).filter(Column::PersonId.eq(person.uuid())).filter(Column::State.is_in(LIVE));
        rows.one().await?.map(Application::from_row).transpose()
    }

    /// All applications of a person, whatever became of them.
    ///
    /// # Errors
    /// The database's.
    pub async fn applications_of(&self, person: PersonId) -> Result<Vec<Application>> {
        all(self.rows::<Entity>().filter(Column::PersonId.eq(person.uuid()))).await
    }

    /// The cohorts to which a person has an application that is open, as far as anybody decided.
    ///
    /// # Errors
    /// The database's.
    pub async fn applied_to(&self, person: PersonId) -> Result<BTreeSet<CohortId>> {
        let rows = self.rows::<Entity>().filter(Column::PersonId.eq(person.uuid())).filter(Column::State.is_in(LIVE));
        let ids: Vec<Uuid> = rows.column(Column::CohortId).await?;
        Ok(ids.into_iter().map(CohortId::from_uuid).collect())
    }

    /// How many applications to these cohorts are open.
    ///
    /// # Errors
    /// The database's.
    pub async fn count_live_applications(&self, cohorts: impl IntoIterator<Item = CohortId>) -> Result<u64> {
        let cohorts = cohorts.into_iter().map(Id::uuid);
        self.rows::<Entity>().filter(Column::CohortId.is_in(cohorts)).filter(Column::State.is_in(LIVE)).count().await
    }

    /// All applications to a cohort that are open, and its enrollments, in the order in which they were begun.
    ///
    /// # Errors
    /// The database's.
    pub async fn live_applications(&self, cohort: CohortId) -> Result<Vec<Application>> {
        let rows = self.of_cohort(cohort).filter(Column::State.is_in(LIVE));
        all(rows.order_by(Column::CreatedAt, Order::Asc).order_by(Column::Id, Order::Asc)).await
    }

    /// The open applications and the enrollments that continue one.
    ///
    /// # Errors
    /// The database's.
    pub async fn live_continuations(&self, id: ApplicationId) -> Result<Vec<Application>> {
        all(self.rows::<Entity>().filter(Column::TransferredFrom.eq(id.uuid())).filter(Column::State.is_in(LIVE))).await
    }

    /// The line of an application: the first of those that it continues, or itself, and whatever continues one of the line, each
    /// behind what it continues.
    ///
    /// # Errors
    /// The database's.
    pub async fn line_of(&self, application: &Application) -> Result<Vec<Application>> {
        let mut first = application.clone();
        while let Some(earlier) = first.transferred_from {
            first = self.get(earlier).await?;
        }
        let (mut line, mut last) = (Vec::new(), vec![first]);
        while !last.is_empty() {
            let ids: Vec<Uuid> = last.iter().map(|earlier| earlier.id.uuid()).collect();
            line.append(&mut last);
            let next = self.rows::<Entity>().filter(Column::TransferredFrom.is_in(ids));
            last = all(next.order_by(Column::Id, Order::Asc)).await?;
        }
        Ok(line)
    }

    /// All applications to a cohort in these states, in the order in which they were begun.
    ///
    /// # Errors
    /// The database's.
    pub async fn applications_in(&self, cohort: CohortId, states: &[ApplicationState]) -> Result<Vec<Application>> {
        let rows = self.of_cohort(cohort).filter(Column::State.is_in(states.iter().map(|state| state.as_str())));
        all(rows.order_by(Column::CreatedAt, Order::Asc).order_by(Column::Id, Order::Asc)).await
    }

    /// The waitlist of a cohort in its order, behind a place, at most so many.
    ///
    /// # Errors
    /// The database's.
    pub async fn queue(&self, cohort: CohortId, behind: Option<Place>, limit: u64) -> Result<Vec<Application>> {
        let rows = self.waiting(cohort).filter_if(behind, |place| Column::Place.gt(from_place(place)));
        all(rows.order_by(Column::Place, Order::Asc).limit(limit)).await
    }

    /// How many wait in a cohort before a place.
    ///
    /// # Errors
    /// The database's.
    pub async fn waiting_before(&self, cohort: CohortId, place: Place) -> Result<u32> {
        let before = self.waiting(cohort).filter(Column::Place.lt(from_place(place))).count().await?;
        Ok(u32::try_from(before).unwrap_or(u32::MAX))
    }

    /// A page of the waitlist of a cohort, in its order.
    ///
    /// # Errors
    /// The database's.
    pub async fn waitlist(&self, cohort: CohortId, page: &PageRequest) -> Result<Page<Application>> {
        let at = |row: &Model| Position { key: Key::Number(row.place.unwrap_or_default()), id: row.id };
        self.waiting(cohort).page(Column::Place, Column::Id, page, at).await?.try_map(Application::from_row)
    }

    /// The position of those of these who wait, the first of a cohort being 1.
    ///
    /// # Errors
    /// The database's.
    pub async fn waitlist_positions(
        &self,
        applications: impl IntoIterator<Item = ApplicationId>,
    ) -> Result<HashMap<ApplicationId, u32>> {
        let ids: Vec<Uuid> = applications.into_iter().map(Id::uuid).collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let waiting = self.rows::<Entity>().filter(Column::Id.is_in(ids)).filter(Column::Place.is_not_null());
        let before: Vec<(Uuid, i64)> = waiting.with_rows_before(Column::Id, Column::CohortId, Column::Place).await?;
        let position = |before: i64| u32::try_from(before.saturating_add(1)).unwrap_or(u32::MAX);
        Ok(before.into_iter().map(|(id, before)| (ApplicationId::from_uuid(id), position(before))).collect())
    }

    /// The cohorts in which a person is enrolled.
    ///
    /// # Errors
    /// The database's.
    pub async fn enrolled_in(&self, person: PersonId) -> Result<Vec<CohortId>> {
        let rows = self.rows::<Entity>().filter(Column::PersonId.eq(person.uuid())).filter(Column::State.eq("enrolled"));
        let ids: Vec<Uuid> = rows.order_by(Column::CreatedAt, Order::Asc).column(Column::CohortId).await?;
        Ok(ids.into_iter().map(CohortId::from_uuid).collect())
    }

    /// Whether a person is or was enrolled in a cohort to its end.
    ///
    /// # Errors
    /// The database's.
    pub async fn belongs_to(&self, cohort: CohortId, person: PersonId) -> Result<bool> {
        let rows = self.of_cohort(cohort).filter(Column::PersonId.eq(person.uuid()));
        Ok(rows.filter(Column::State.is_in(["enrolled", "completed"])).count().await? > 0)
    }

    pub(crate) async fn cohorts_with_unsettled_applications(&self) -> Result<BTreeSet<Uuid>> {
        let rows = self.rows::<Entity>().filter(Column::State.is_in(UNSETTLED));
        Ok(rows.distinct().column::<Uuid>(Column::CohortId).await?.into_iter().collect())
    }

    /// The condition for resting on a verification that is in one of these states now, where there are any.
    fn verified_so(&self, states: &[VerificationState]) -> Option<SimpleExpr> {
        let stands_so = states.iter().map(|state| verifications::reads(*state, self.now())).reduce(ExprTrait::or)?;
        let found = verification::Entity::find().select_only().column(verification::Column::Id).filter(stands_so);
        Some(Column::VerificationId.in_subquery(found.into_query()))
    }

    fn of_cohort(&self, cohort: CohortId) -> Rows<'_, Entity> {
        self.rows::<Entity>().filter(Column::CohortId.eq(cohort.uuid()))
    }

    fn waiting(&self, cohort: CohortId) -> Rows<'_, Entity> {
        self.of_cohort(cohort).filter(Column::State.eq("waitlisted"))
    }
}

impl Tx {
    /// The cohort of an application. It never changes, so it is read without a lock, before the cohort is locked.
    ///
    /// # Errors
    /// There is no such application; the database's.
    pub async fn cohort_of(&self, id: ApplicationId) -> Result<CohortId> {
        Ok(self.get::<Application>(id).await?.cohort_id)
    }

    /// The applications to a cohort whose hold or offer has lapsed by now, at most so many, locked.
    ///
    /// # Errors
    /// The database's.
    pub async fn lapsed_applications(&self, cohort: CohortId, limit: u64) -> Result<Vec<Application>> {
        let lapsed = self.of_cohort(cohort).filter(Column::LapsesAt.lte(self.now().utc()));
        all(lapsed.order_by(Column::LapsesAt, Order::Asc).order_by(Column::Id, Order::Asc).limit(limit).lock()).await
    }

    /// The applications to a cohort that can still lead to a seat, at most so many, locked.
    ///
    /// # Errors
    /// The database's.
    pub async fn unsettled_applications(&self, cohort: CohortId, limit: u64) -> Result<Vec<Application>> {
        let unsettled = self.of_cohort(cohort).filter(Column::State.is_in(UNSETTLED));
        all(unsettled.order_by(Column::Id, Order::Asc).limit(limit).lock()).await
    }

    /// When the next hold or offer of a cohort lapses, after now.
    ///
    /// # Errors
    /// The database's.
    pub async fn next_lapse_at(&self, cohort: CohortId) -> Result<Option<Timestamp>> {
        let standing = self.of_cohort(cohort).filter(Column::LapsesAt.gt(self.now().utc()));
        let ends: Vec<DateTimeUtc> = standing.order_by(Column::LapsesAt, Order::Asc).limit(1).column(Column::LapsesAt).await?;
        Ok(ends.into_iter().map(Timestamp::new).next())
    }

    /// The open applications and the enrollments that stand on a verification.
    ///
    /// # Errors
    /// The database's.
    pub async fn applications_standing_on(&self, verification: VerificationId) -> Result<Vec<Application>> {
        let rows = self.rows::<Entity>().filter(Column::VerificationId.eq(verification.uuid()));
        all(rows.filter(Column::State.is_in(LIVE)).order_by(Column::Id, Order::Asc)).await
    }

    /// The cohorts, in the order of locks, to which there are applications or enrollments that rest on something, or that are given
    /// up when one of those becomes an enrollment.
    ///
    /// # Errors
    /// The database's.
    pub async fn cohorts_resting_on(&self, ground: RestsOn) -> Result<BTreeSet<CohortId>> {
        let rests = match ground {
            RestsOn::Verification(id) => Column::VerificationId.eq(id.uuid()),
            RestsOn::Person(id) => Column::PersonId.eq(id.uuid()),
            RestsOn::Organization(id) => Column::OrganizationId.eq(id.uuid()),
        };
        let rows = self.rows::<Entity>().filter(in_program::touched_by(&rests)).filter(Column::State.is_in(LIVE));
        let ids: Vec<Uuid> = rows.column(Column::CohortId).await?;
        Ok(ids.into_iter().map(CohortId::from_uuid).collect())
    }
}

/// On what an application can rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestsOn {
    /// The verification of the employment.
    Verification(VerificationId),
    /// The person.
    Person(PersonId),
    /// The organization where the person works.
    Organization(OrganizationId),
}

async fn all(rows: Rows<'_, Entity>) -> Result<Vec<Application>> {
    rows.all().await?.into_iter().map(Application::from_row).collect()
}
