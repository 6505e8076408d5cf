//! A cohort's own row, and what stands in it.

use cohortium_domain::cohorts::{Cohort, CohortState, Standing};
use cohortium_domain::ids::{CohortId, Id, MilestoneId, ProgramId, ProposalId};
use cohortium_domain::meta::Meta;
use cohortium_domain::programs::Capacity;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::seats::Seats;
use cohortium_domain::text::{Name, Reason, Slug, Summary, Title, sort_key};
use cohortium_domain::time::{Date, Timestamp};
use cohortium_domain::timeline::{CohortDates, Milestone, MilestoneKind, When};
use cohortium_domain::words::Word;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::entity::cohort::{ActiveModel, Column, Entity, Model};
use crate::error::{Error, Result};
use crate::record::{Record, json, meta, number, optional, text, word};

const TABLE: &str = "cohorts";

/// A cohort without its facilitators, who have a table of their own.
pub(super) struct OwnRow(pub Cohort);

impl Record for OwnRow {
    type Entity = Entity;
    type Row = ActiveModel;
    type Id = CohortId;
    const NOUN: &'static str = "cohort";
    const ID: Column = Column::Id;
    const VERSION: Column = Column::Version;

    fn id(&self) -> CohortId {
        self.0.id
    }

    fn meta(&mut self) -> &mut Meta {
        &mut self.0.meta
    }

    fn to_row(&self, coalition_id: Uuid) -> Model {
        let cohort = &self.0;
        let (started_at, ended_at, cancel_reason, merged_into) = match &cohort.standing {
            Standing::Draft | Standing::Open => (None, None, None, None),
            Standing::InSession { started_at } => (Some(*started_at), None, None, None),
            Standing::Completed { started_at, completed_at } => (*started_at, Some(*completed_at), None, None),
            Standing::Cancelled { cancelled_at, reason, merged_into } => {
                (None, Some(*cancelled_at), Some(reason.as_str().to_owned()), *merged_into)
            }
        };
        Model {
            id: cohort.id.uuid(),
            coalition_id,
            program_id: cohort.program_id.uuid(),
            proposal_id: cohort.proposal_id.map(Id::uuid),
            slug: cohort.slug.as_str().to_owned(),
            title: cohort.title.as_str().to_owned(),
            title_key: sort_key(cohort.title.as_str()),
            description: cohort.description.clone().map(Into::into),
            audience: serde_json::json!(cohort.audience),
            delivery: cohort.delivery.as_str().to_owned(),
            dates: serde_json::json!(StoredDates::from(&cohort.dates)),
            state: cohort.decided_state().as_str().to_owned(),
            started_at: started_at.map(Timestamp::utc),
            ended_at: ended_at.map(Timestamp::utc),
            cancel_reason,
            merged_into: merged_into.map(Id::uuid),
            seats_min: cohort.capacity.min.into(),
            seats_max: cohort.capacity.max.into(),
            seats_held: cohort.seats.held.into(),
            seats_enrolled: cohort.seats.enrolled.into(),
            waiting: cohort.seats.waiting.into(),
            next_lapse_at: cohort.seats.next_lapse_at.map(Timestamp::utc),
            last_number: cohort.seats.last_number.into(),
            version: cohort.meta.version,
            created_at: cohort.meta.created_at.utc(),
            updated_at: cohort.meta.updated_at.utc(),
        }
    }

    fn from_row(row: Model) -> Result<Self> {
        let dates: StoredDates = json(TABLE, "dates", &row.dates)?;
        Ok(Self(Cohort {
            id: CohortId::from_uuid(row.id),
            program_id: ProgramId::from_uuid(row.program_id),
            proposal_id: row.proposal_id.map(ProposalId::from_uuid),
            slug: text(TABLE, "slug", &row.slug, Slug::new)?,
            title: text(TABLE, "title", &row.title, Title::new)?,
            description: optional(TABLE, "description", row.description.as_deref(), Summary::new)?,
            audience: json(TABLE, "audience", &row.audience)?,
            delivery: word(TABLE, "delivery", &row.delivery)?,
            capacity: Capacity { min: number(TABLE, "seats_min", row.seats_min)?, max: number(TABLE, "seats_max", row.seats_max)? },
            facilitators: Vec::new(),
            dates: dates.into(),
            standing: standing(&row)?,
            seats: Seats {
                held: number(TABLE, "seats_held", row.seats_held)?,
                enrolled: number(TABLE, "seats_enrolled", row.seats_enrolled)?,
                waiting: number(TABLE, "waiting", row.waiting)?,
                next_lapse_at: row.next_lapse_at.map(Timestamp::new),
                last_number: number(TABLE, "last_number", row.last_number)?,
            },
            meta: meta(row.version, row.created_at, row.updated_at),
        }))
    }

    fn refusal(index: &str) -> Option<Refusal> {
        (index == "cohorts_coalition_id_slug").then(|| Refusal::AlreadyExists("Another cohort has this slug".to_owned()))
    }
}

fn standing(row: &Model) -> Result<Standing> {
    let started_at = row.started_at.map(Timestamp::new);
    let ended_at = || row.ended_at.map(Timestamp::new).ok_or_else(|| Error::corrupt(TABLE, "ended_at"));
    Ok(match word(TABLE, "state", &row.state)? {
        CohortState::Draft => Standing::Draft,
        CohortState::Open => Standing::Open,
        CohortState::InSession => {
            Standing::InSession { started_at: started_at.ok_or_else(|| Error::corrupt(TABLE, "started_at"))? }
        }
        CohortState::Completed => Standing::Completed { started_at, completed_at: ended_at()? },
        CohortState::Cancelled => {
            let reason = optional(TABLE, "cancel_reason", row.cancel_reason.as_deref(), Reason::new)?;
            let reason = reason.ok_or_else(|| Error::corrupt(TABLE, "cancel_reason"))?;
            Standing::Cancelled { cancelled_at: ended_at()?, reason, merged_into: row.merged_into.map(CohortId::from_uuid) }
        }
    })
}

/// The dates that a cohort sets for itself, as they are kept.
#[derive(Serialize, Deserialize)]
struct StoredDates {
    milestones: Vec<StoredMilestone>,
    kickoff_session_at: Option<Timestamp>,
    extended_until: Option<Date>,
}

#[derive(Serialize, Deserialize)]
struct StoredMilestone {
    id: MilestoneId,
    kind: MilestoneKind,
    label: Name,
    #[serde(flatten)]
    when: StoredWhen,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredWhen {
    On(Date),
    At(Timestamp),
    Relative { to: MilestoneId, days: i32 },
}

impl From<&CohortDates> for StoredDates {
    fn from(dates: &CohortDates) -> Self {
        let stored = |milestone: &Milestone| StoredMilestone {
            id: milestone.id,
            kind: milestone.kind,
            label: milestone.label.clone(),
            when: match milestone.when {
                When::On(on) => StoredWhen::On(on),
                When::At(at) => StoredWhen::At(at),
                When::Relative { to, days } => StoredWhen::Relative { to, days },
            },
        };
        let CohortDates { milestones, kickoff_session_at, extended_until } = dates;
        Self {
            milestones: milestones.iter().map(stored).collect(),
            kickoff_session_at: *kickoff_session_at,
            extended_until: *extended_until,
        }
    }
}

impl From<StoredDates> for CohortDates {
    fn from(dates: StoredDates) -> Self {
        let milestone = |stored: StoredMilestone| Milestone {
            id: stored.id,
            kind: stored.kind,
            label: stored.label,
            when: match stored.when {
                StoredWhen::On(on) => When::On(on),
                StoredWhen::At(at) => When::At(at),
                StoredWhen::Relative { to, days } => When::Relative { to, days },
            },
        };
        let StoredDates { milestones, kickoff_session_at, extended_until } = dates;
        Self { milestones: milestones.into_iter().map(milestone).collect(), kickoff_session_at, extended_until }
    }
}
