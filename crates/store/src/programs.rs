//! Programs, as rows.

use cohortium_domain::ids::{Id, ProgramId};
use cohortium_domain::meta::Meta;
use cohortium_domain::programs::{Capacity, Decisions, Program, Terms};
use cohortium_domain::refusal::Refusal;
use cohortium_domain::text::{Reason, SchoolYear, Slug, Summary, Title, sort_key};
use cohortium_domain::time::Timestamp;
use cohortium_domain::words::Word;
use sea_orm::ColumnTrait;
use uuid::Uuid;

use crate::Read;
use crate::entity::program::{ActiveModel, Column, Entity, Model};
use crate::error::{Error, Result};
use crate::page::{Key, Page, PageRequest, Position};
use crate::record::{Record, json, meta, number, optional, text, to_json, word, zone};

const TABLE: &str = "programs";

impl Record for Program {
    type Entity = Entity;
    type Row = ActiveModel;
    type Id = ProgramId;
    const NOUN: &'static str = "program";
    const ID: Column = Column::Id;
    const VERSION: Column = Column::Version;

    fn id(&self) -> ProgramId {
        self.id
    }

    fn meta(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn to_row(&self, coalition_id: Uuid) -> Model {
        let Decisions { published_at, finalized_at, closed_at, cancelled } = &self.decisions;
        Model {
            id: self.id.uuid(),
            coalition_id,
            slug: self.slug.as_str().to_owned(),
            name: self.name.as_str().to_owned(),
            name_key: sort_key(self.name.as_str()),
            description: self.description.clone().map(Into::into),
            school_year: self.school_year.as_str().to_owned(),
            time_zone: self.time_zone.name().to_owned(),
            delivery: self.delivery.as_str().to_owned(),
            enrollment_mode: self.enrollment_mode.as_str().to_owned(),
            capacity_min: self.capacity.min.into(),
            capacity_max: self.capacity.max.into(),
            hold_days: self.terms.hold_days.into(),
            offer_days: self.terms.offer_days.into(),
            grace_minutes: self.terms.grace_minutes.into(),
            anywhere_on_earth: self.terms.anywhere_on_earth,
            one_cohort: self.terms.one_cohort,
            joining: to_json(&self.joining),
            published_at: published_at.map(Timestamp::utc),
            finalized_at: finalized_at.map(Timestamp::utc),
            closed_at: closed_at.map(Timestamp::utc),
            cancelled_at: cancelled.as_ref().map(|(at, _)| at.utc()),
            cancel_reason: cancelled.as_ref().map(|(_, reason)| reason.as_str().to_owned()),
            version: self.meta.version,
            created_at: self.meta.created_at.utc(),
            updated_at: self.meta.updated_at.utc(),
        }
    }

    fn from_row(row: Model) -> Result<Self> {
        let capacity = Capacity {
            min: number(TABLE, "capacity_min", row.capacity_min)?,
            max: number(TABLE, "capacity_max", row.capacity_max)?,
        };
        let terms = Terms {
            hold_days: number(TABLE, "hold_days", row.hold_days)?,
            offer_days: number(TABLE, "offer_days", row.offer_days)?,
            grace_minutes: number(TABLE, "grace_minutes", row.grace_minutes)?,
            anywhere_on_earth: row.anywhere_on_earth,
            one_cohort: row.one_cohort,
        };
        let reason = optional(TABLE, "cancel_reason", row.cancel_reason.as_deref(), Reason::new)?;
        let decisions = Decisions {
            published_at: row.published_at.map(Timestamp::new),
            finalized_at: row.finalized_at.map(Timestamp::new),
            closed_at: row.closed_at.map(Timestamp::new),
            cancelled: row.cancelled_at.map(Timestamp::new).zip(reason),
        };
        Ok(Self {
            id: ProgramId::from_uuid(row.id),
            slug: text(TABLE, "slug", &row.slug, Slug::new)?,
            name: text(TABLE, "name", &row.name, Title::new)?,
            description: optional(TABLE, "description", row.description.as_deref(), Summary::new)?,
            school_year: text(TABLE, "school_year", &row.school_year, SchoolYear::new)?,
            time_zone: zone(TABLE, "time_zone", &row.time_zone)?,
            delivery: word(TABLE, "delivery", &row.delivery)?,
            enrollment_mode: word(TABLE, "enrollment_mode", &row.enrollment_mode)?,
            capacity,
            terms,
            joining: json(TABLE, "joining", &row.joining)?,
            decisions,
            meta: meta(row.version, row.created_at, row.updated_at),
        })
    }

    fn refusal(index: &str) -> Option<Refusal> {
        (index == "programs_coalition_id_slug").then(|| Refusal::AlreadyExists("Another program has this slug".to_owned()))
    }
}

/// By what programs are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramOrder {
    /// By school year.
    SchoolYear,
    /// By name.
    Name,
}

impl Read {
    /// A page of programs: of those that were published, or of all.
    ///
    /// # Errors
    /// The database's.
    pub async fn programs(&self, published: bool, order: ProgramOrder, page: &PageRequest) -> Result<Page<Program>> {
        let rows = self.rows::<Entity>().filter_if(published.then_some(()), |()| Column::PublishedAt.is_not_null());
        let (column, key): (Column, fn(&Model) -> Key) = match order {
            ProgramOrder::SchoolYear => (Column::SchoolYear, |row| Key::Text(row.school_year.clone())),
            ProgramOrder::Name => (Column::NameKey, |row| Key::Text(row.name_key.clone())),
        };
        rows.page(column, Column::Id, page, |row| Position { key: key(row), id: row.id }).await?.try_map(Program::from_row)
    }

    /// The program with this slug.
    ///
    /// # Errors
    /// [`Refusal::Hidden`] when there is none.
    pub async fn program_by_slug(&self, slug: &Slug) -> Result<Program> {
        let row = self.rows::<Entity>().filter(Column::Slug.eq(slug.as_str())).one().await?;
        row.map(Program::from_row).transpose()?.ok_or(Error::Refused(Refusal::Hidden(Program::NOUN)))
    }
}
