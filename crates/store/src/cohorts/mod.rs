//! Cohorts, as rows, with their facilitators and their seats.
//!
//! What always holds: a cohort is loaded and saved whole, with its facilitators. Who reads sees the seats as they are at the
//! instant, whether or not what has lapsed has been settled; who locks gets them as they were stored.

mod record;
mod seats;

use std::collections::{BTreeSet, HashMap};

use cohortium_domain::access::Actor;
use cohortium_domain::cohorts::{Cohort, Year};
use cohortium_domain::ids::{CohortId, Id, PersonId, ProgramId};
use cohortium_domain::journal::Change;
use cohortium_domain::programs::Program;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::text::{Slug, sort_key};
use sea_orm::{ActiveValue, ColumnTrait, Order};
use uuid::Uuid;

use self::record::OwnRow;
use crate::entity::cohort::{Column, Entity, Model};
use crate::entity::{cohort_facilitator as facilitator, program};
use crate::error::{Error, Result};
use crate::page::{Key, Page, PageRequest, Position};
use crate::record::{Record, text};
use crate::rows::{Rows, contains};
use crate::{Read, Tx};

/// Which cohorts are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CohortFilter {
    /// Those of one of these programs; of any, where none is named.
    pub programs: Vec<ProgramId>,
    /// One of these.
    pub among: Option<Vec<CohortId>>,
    /// Those in whose title this text stands.
    pub q: Option<String>,
}

impl Read {
    /// The cohort with this id.
    ///
    /// # Errors
    /// [`Refusal::Hidden`] when it is not there.
    pub async fn cohort(&self, id: CohortId) -> Result<Cohort> {
        self.one_cohort(self.rows::<Entity>().filter(Column::Id.eq(id.uuid()))).await
    }

    /// The cohort with this slug.
    ///
    /// # Errors
    /// [`Refusal::Hidden`] when it is not there.
    pub async fn cohort_by_slug(&self, slug: &Slug) -> Result<Cohort> {
        self.one_cohort(self.rows::<Entity>().filter(Column::Slug.eq(slug.as_str()))).await
    }

    async fn one_cohort(&self, rows: Rows<'_, Entity>) -> Result<Cohort> {
        let found = self.read_cohorts(rows.one().await?.into_iter().collect()).await?;
        found.into_iter().next().ok_or_else(|| Refusal::Hidden(OwnRow::NOUN).into())
    }

    /// The cohorts with these ids, those that are there.
    ///
    /// # Errors
    /// The database's.
    pub async fn cohorts_by_id(&self, ids: impl IntoIterator<Item = CohortId>) -> Result<HashMap<CohortId, Cohort>> {
        let rows = self.rows::<Entity>().filter(Column::Id.is_in(ids.into_iter().map(Id::uuid))).all().await?;
        Ok(self.read_cohorts(rows).await?.into_iter().map(|cohort| (cohort.id, cohort)).collect())
    }

    /// All cohorts of programs, in the order of their ids, which is that of locks.
    ///
    /// # Errors
    /// The database's.
    pub async fn cohorts_of(&self, programs: impl IntoIterator<Item = ProgramId>) -> Result<Vec<Cohort>> {
        let rows = self.rows::<Entity>().filter(Column::ProgramId.is_in(programs.into_iter().map(Id::uuid)));
        self.read_cohorts(rows.order_by(Column::Id, Order::Asc).all().await?).await
    }

    /// The cohorts to which there are applications that can still lead to a seat, with their seats as they were stored.
    ///
    /// # Errors
    /// The database's.
    pub async fn stored_cohorts_with_unsettled_applications(&self) -> Result<Vec<Cohort>> {
        let ids = self.cohorts_with_unsettled_applications().await?;
        let rows = self.rows::<Entity>().filter(Column::Id.is_in(ids)).order_by(Column::Id, Order::Asc);
        self.stored_cohorts(rows.all().await?).await
    }

    /// A page of cohorts by title, of those that pass the filter and that are wanted: which can depend on the time, and so is asked
    /// of each together with its program's year.
    ///
    /// # Errors
    /// The database's.
    pub async fn cohorts(
        &self,
        filter: &CohortFilter,
        page: &PageRequest,
        wanted: impl Fn(&Cohort, &Year) -> bool,
    ) -> Result<Page<(Cohort, Year)>> {
        let total = if page.with_total {
            let all = PageRequest { after: None, with_total: false, ..page.clone() };
            Some(self.wanted_cohorts(filter, &all, usize::MAX, &wanted).await?.len())
        } else {
            None
        };
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let mut items = self.wanted_cohorts(filter, page, limit.saturating_add(1), &wanted).await?;
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items
            .last()
            .filter(|_| more)
            .map(|(cohort, _)| Position { key: Key::Text(sort_key(cohort.title.as_str())), id: cohort.id.uuid() });
        Ok(Page { items, next, total: total.and_then(|total| u64::try_from(total).ok()) })
    }

    /// So many of those that are wanted, read a page at a time until there are.
    async fn wanted_cohorts(
        &self,
        filter: &CohortFilter,
        page: &PageRequest,
        most: usize,
        wanted: &impl Fn(&Cohort, &Year) -> bool,
    ) -> Result<Vec<(Cohort, Year)>> {
        let mut found = Vec::new();
        let mut request = PageRequest { with_total: false, ..page.clone() };
        loop {
            let at = |row: &Model| Position { key: Key::Text(row.title_key.clone()), id: row.id };
            let batch = self.filtered_cohorts(filter).page(Column::TitleKey, Column::Id, &request, at).await?;
            let cohorts = self.with_years(self.read_cohorts(batch.items).await?).await?;
            found.extend(cohorts.into_iter().filter(|(cohort, year)| wanted(cohort, year)));
            request.after = batch.next;
            if request.after.is_none() || found.len() >= most {
                return Ok(found);
            }
        }
    }

    fn filtered_cohorts(&self, filter: &CohortFilter) -> Rows<'_, Entity> {
        self.rows::<Entity>()
            .filter_any(Column::ProgramId, filter.programs.iter().map(|id| id.uuid()))
            .filter_if(filter.among.as_ref(), |ids| Column::Id.is_in(ids.iter().map(|id| id.uuid())))
            .filter_if(filter.q.as_deref(), |text| contains(Column::TitleKey, text))
    }

    /// The year of the program to which a cohort belongs.
    ///
    /// # Errors
    /// The database's.
    pub async fn year(&self, program: ProgramId) -> Result<Year> {
        let program: Program = self.get(program).await?;
        let timeline = self.timeline(&program).await?;
        Ok(Year { program, timeline })
    }

    /// The years of programs.
    ///
    /// # Errors
    /// The database's.
    pub async fn years(&self, ids: impl IntoIterator<Item = ProgramId>) -> Result<HashMap<ProgramId, Year>> {
        let ids = ids.into_iter().map(Id::uuid);
        let rows = self.rows::<program::Entity>().filter(program::Column::Id.is_in(ids)).all().await?;
        let programs = rows.into_iter().map(Program::from_row).collect::<Result<Vec<_>>>()?;
        let timelines = self.timelines(&programs).await?;
        let years = programs.into_iter().zip(timelines);
        Ok(years.map(|(program, timeline)| (program.id, Year { program, timeline })).collect())
    }

    /// Cohorts with the years of their programs.
    ///
    /// # Errors
    /// The database's.
    pub async fn with_years(&self, cohorts: Vec<Cohort>) -> Result<Vec<(Cohort, Year)>> {
        let years = self.years(cohorts.iter().map(|cohort| cohort.program_id)).await?;
        let with_year = |cohort: Cohort| {
            let year = years.get(&cohort.program_id).cloned().ok_or_else(|| Error::corrupt("cohorts", "program_id"))?;
            Ok((cohort, year))
        };
        cohorts.into_iter().map(with_year).collect()
    }

    /// The slugs of all cohorts.
    ///
    /// # Errors
    /// The database's.
    pub async fn cohort_slugs(&self) -> Result<BTreeSet<Slug>> {
        let slugs: Vec<String> = self.rows::<Entity>().column(Column::Slug).await?;
        slugs.iter().map(|slug| text("cohorts", "slug", slug, Slug::new)).collect()
    }

    /// The cohorts that a person leads.
    ///
    /// # Errors
    /// The database's.
    pub async fn facilitated_by(&self, person: PersonId) -> Result<Vec<CohortId>> {
        let rows = self.rows::<facilitator::Entity>().filter(facilitator::Column::PersonId.eq(person.uuid()));
        let ids: Vec<Uuid> = rows.column(facilitator::Column::CohortId).await?;
        Ok(ids.into_iter().map(CohortId::from_uuid).collect())
    }

    /// Rows as cohorts, with their facilitators, and their seats as they are now.
    async fn read_cohorts(&self, rows: Vec<Model>) -> Result<Vec<Cohort>> {
        let mut cohorts = self.stored_cohorts(rows).await?;
        self.let_seats_lapse(&mut cohorts).await?;
        Ok(cohorts)
    }

    /// Rows as cohorts, with their facilitators, and their seats as they were stored.
    async fn stored_cohorts(&self, rows: Vec<Model>) -> Result<Vec<Cohort>> {
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let named = self.rows::<facilitator::Entity>().filter(facilitator::Column::CohortId.is_in(ids));
        let mut facilitators: HashMap<Uuid, Vec<PersonId>> = HashMap::new();
        for row in named.order_by(facilitator::Column::Place, Order::Asc).all().await? {
            facilitators.entry(row.cohort_id).or_default().push(PersonId::from_uuid(row.person_id));
        }
        let whole = |row: Model| {
            let facilitators = facilitators.remove(&row.id).unwrap_or_default();
            OwnRow::from_row(row).map(|OwnRow(cohort)| Cohort { facilitators, ..cohort })
        };
        rows.into_iter().map(whole).collect()
    }
}

impl Tx {
    /// A cohort, locked until the transaction ends, its seats as they were stored.
    ///
    /// # Errors
    /// [`Refusal::Hidden`] when it is not there.
    pub async fn lock_cohort(&self, id: CohortId) -> Result<Cohort> {
        let row = self.rows::<Entity>().filter(Column::Id.eq(id.uuid())).lock().one().await?;
        let found = self.stored_cohorts(row.into_iter().collect()).await?;
        found.into_iter().next().ok_or_else(|| Refusal::Hidden(OwnRow::NOUN).into())
    }

    /// A cohort, held so that nobody else changes it until the transaction ends; others can hold it too.
    ///
    /// # Errors
    /// [`Refusal::Hidden`] when it is not there.
    pub async fn hold_cohort(&self, id: CohortId) -> Result<Cohort> {
        self.one_cohort(self.rows::<Entity>().filter(Column::Id.eq(id.uuid())).hold()).await
    }

    /// Saves a change of a cohort, and writes down what happened. Gives back the cohort as it now is.
    ///
    /// # Errors
    /// As [`Tx::save`].
    pub async fn save_cohort(&mut self, change: Change<Cohort>, actor: &Actor) -> Result<Cohort> {
        let Change { value, happened } = change;
        let OwnRow(cohort) = self.save(Change { value: OwnRow(value), happened }, actor).await?;
        self.remove::<facilitator::Entity>(facilitator::Column::CohortId.eq(cohort.id.uuid())).await?;
        let named = cohort.facilitators.iter().zip(0_i64..).map(|(person, place)| facilitator::ActiveModel {
            cohort_id: ActiveValue::Set(cohort.id.uuid()),
            person_id: ActiveValue::Set(person.uuid()),
            coalition_id: ActiveValue::Set(self.coalition_id().uuid()),
            place: ActiveValue::Set(place),
        });
        self.add(named.collect()).await?;
        Ok(cohort)
    }
}
