//! Sessions, as rows.

use cohortium_domain::ids::{CohortId, Id, MilestoneId, PersonId, SessionId};
use cohortium_domain::meta::Meta;
use cohortium_domain::sessions::{Details, Session, SessionState, Slot, Standing};
use cohortium_domain::text::{Body, Reason, Summary, Title, WebAddress};
use cohortium_domain::time::Timestamp;
use cohortium_domain::words::Word;
use sea_orm::{ColumnTrait, Order};
use uuid::Uuid;

use crate::Read;
use crate::entity::session::{ActiveModel, Column, Entity, Model};
use crate::error::{Error, Result};
use crate::page::{Key, Page, PageRequest, Position};
use crate::record::{Record, json, meta, number, optional, text, word, zone};

const TABLE: &str = "sessions";

impl Record for Session {
    type Entity = Entity;
    type Row = ActiveModel;
    type Id = SessionId;
    const NOUN: &'static str = "session";
    const ID: Column = Column::Id;
    const VERSION: Column = Column::Version;

    fn id(&self) -> SessionId {
        self.id
    }

    fn meta(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn to_row(&self, coalition_id: Uuid) -> Model {
        let Details { kind, title, delivery, join_link, place, agenda } = &self.details;
        let (settled_at, held_by, reason) = match &self.standing {
            Standing::Scheduled => (None, None, None),
            Standing::Held { held_at, held_by } => (Some(*held_at), *held_by, None),
            Standing::Cancelled { cancelled_at, reason } => (Some(*cancelled_at), None, Some(reason.as_str().to_owned())),
        };
        Model {
            id: self.id.uuid(),
            coalition_id,
            cohort_id: self.cohort_id.uuid(),
            milestone_id: self.milestone_id.map(Id::uuid),
            kind: kind.as_str().to_owned(),
            title: title.as_str().to_owned(),
            delivery: delivery.as_str().to_owned(),
            join_link: join_link.clone().map(Into::into),
            place: place.clone().map(Into::into),
            agenda: agenda.clone().map(Into::into),
            on_day: self.slot.on.naive(),
            wall_time: self.slot.wall_time.to_string(),
            time_zone: self.slot.time_zone.name().to_owned(),
            duration_minutes: self.slot.duration_minutes.into(),
            starts_at: self.slot.starts_at.utc(),
            reschedulings: serde_json::json!(self.reschedulings),
            state: self.state().as_str().to_owned(),
            settled_at: settled_at.map(Timestamp::utc),
            held_by: held_by.map(Id::uuid),
            cancel_reason: reason,
            version: self.meta.version,
            created_at: self.meta.created_at.utc(),
            updated_at: self.meta.updated_at.utc(),
        }
    }

    fn from_row(row: Model) -> Result<Self> {
        Ok(Self {
            id: SessionId::from_uuid(row.id),
            cohort_id: CohortId::from_uuid(row.cohort_id),
            milestone_id: row.milestone_id.map(MilestoneId::from_uuid),
            details: Details {
                kind: word(TABLE, "kind", &row.kind)?,
                title: text(TABLE, "title", &row.title, Title::new)?,
                delivery: word(TABLE, "delivery", &row.delivery)?,
                join_link: optional(TABLE, "join_link", row.join_link.as_deref(), WebAddress::new)?,
                place: optional(TABLE, "place", row.place.as_deref(), Summary::new)?,
                agenda: optional(TABLE, "agenda", row.agenda.as_deref(), Body::new)?,
            },
            slot: slot(&row)?,
            reschedulings: json(TABLE, "reschedulings", &row.reschedulings)?,
            standing: standing(&row)?,
            meta: meta(row.version, row.created_at, row.updated_at),
        })
    }
}

/// As it was decided: what becomes of the zone's rules later does not move the instant.
fn slot(row: &Model) -> Result<Slot> {
    Ok(Slot {
        on: row.on_day.try_into().map_err(|_| Error::corrupt(TABLE, "on_day"))?,
        wall_time: row.wall_time.parse().map_err(|_| Error::corrupt(TABLE, "wall_time"))?,
        time_zone: zone(TABLE, "time_zone", &row.time_zone)?,
        duration_minutes: number(TABLE, "duration_minutes", row.duration_minutes)?,
        starts_at: Timestamp::new(row.starts_at),
    })
}

fn standing(row: &Model) -> Result<Standing> {
    let settled_at = || row.settled_at.map(Timestamp::new).ok_or_else(|| Error::corrupt(TABLE, "settled_at"));
    Ok(match word(TABLE, "state", &row.state)? {
        SessionState::Scheduled => Standing::Scheduled,
        SessionState::Held => Standing::Held { held_at: settled_at()?, held_by: row.held_by.map(PersonId::from_uuid) },
        SessionState::Cancelled => {
            let reason = optional(TABLE, "cancel_reason", row.cancel_reason.as_deref(), Reason::new)?;
            let reason = reason.ok_or_else(|| Error::corrupt(TABLE, "cancel_reason"))?;
            Standing::Cancelled { cancelled_at: settled_at()?, reason }
        }
    })
}

impl Read {
    /// A page of a cohort's sessions, in the order in which they begin.
    ///
    /// # Errors
    /// The database's.
    pub async fn sessions(&self, cohort: CohortId, page: &PageRequest) -> Result<Page<Session>> {
        let rows = self.rows::<Entity>().filter(Column::CohortId.eq(cohort.uuid()));
        let at = |row: &Model| Position { key: Key::Instant(Timestamp::new(row.starts_at)), id: row.id };
        rows.page(Column::StartsAt, Column::Id, page, at).await?.try_map(Session::from_row)
    }

    /// All sessions of a cohort, in the order in which they begin.
    ///
    /// # Errors
    /// The database's.
    pub async fn sessions_of(&self, cohort: CohortId) -> Result<Vec<Session>> {
        let rows = self.rows::<Entity>().filter(Column::CohortId.eq(cohort.uuid()));
        let rows = rows.order_by(Column::StartsAt, Order::Asc).order_by(Column::Id, Order::Asc).all().await?;
        rows.into_iter().map(Session::from_row).collect()
    }
}
