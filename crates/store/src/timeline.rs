//! Timelines: the milestones of programs, as rows, and their changes, as the journal has them.

use std::collections::HashMap;

use cohortium_domain::ids::{EntryId, Id, MilestoneId, ProgramId};
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::programs::{Course, Program};
use cohortium_domain::text::{Name, Reason};
use cohortium_domain::time::Timestamp;
use cohortium_domain::timeline::{Milestone, MilestoneChangeKind, MilestoneKind, MilestoneRecord, Timeline, When};
use cohortium_domain::words::Word;
use sea_orm::{ActiveValue, ColumnTrait};
use uuid::Uuid;

use crate::entity::journal_entry;
use crate::entity::milestone::{ActiveModel, Column, Entity, Model};
use crate::error::{Error, Result};
use crate::page::{Key, Page, PageRequest, Position};
use crate::record::{number, optional, text, word};
use crate::{Read, Tx};

const TABLE: &str = "milestones";

/// A change of a timeline, as the journal has it.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedChange {
    /// The entry.
    pub id: EntryId,
    /// When.
    pub occurred_at: Timestamp,
    /// What kind of actor did it.
    pub actor_kind: String,
    /// Which one.
    pub actor_id: Option<Uuid>,
    /// What became of the milestone.
    pub change: MilestoneChangeKind,
    /// Which milestone.
    pub milestone_id: MilestoneId,
    /// What it is for.
    pub kind: MilestoneKind,
    /// As it was.
    pub from: Option<MilestoneRecord>,
    /// As it became.
    pub to: Option<MilestoneRecord>,
    /// Why.
    pub reason: Option<Reason>,
}

impl Read {
    /// The timeline of a program.
    ///
    /// # Errors
    /// The database's.
    pub async fn timeline(&self, program: &Program) -> Result<Timeline> {
        let rows = self.rows::<Entity>().filter(Column::ProgramId.eq(program.id.uuid())).all().await?;
        resolve(program, &rows)
    }

    /// The timelines of programs, in their order.
    ///
    /// # Errors
    /// The database's.
    pub async fn timelines(&self, programs: &[Program]) -> Result<Vec<Timeline>> {
        let ids = programs.iter().map(|program| program.id.uuid());
        let rows = self.rows::<Entity>().filter(Column::ProgramId.is_in(ids)).all().await?;
        let mut by_program: HashMap<Uuid, Vec<Model>> = HashMap::new();
        for row in rows {
            by_program.entry(row.program_id).or_default().push(row);
        }
        programs.iter().map(|program| resolve(program, by_program.get(&program.id.uuid()).map_or(&[], Vec::as_slice))).collect()
    }

    /// A program with all that its phase follows from.
    ///
    /// # Errors
    /// The database's.
    pub async fn course(&self, program: Program) -> Result<Course> {
        let timeline = self.timeline(&program).await?;
        let cohorts = self.cohorts_of([program.id]).await?;
        let cohorts = cohorts.iter().filter_map(|cohort| cohort.span(&timeline)).collect();
        Ok(Course { program, timeline, cohorts })
    }

    /// The same of several programs.
    ///
    /// # Errors
    /// The database's.
    pub async fn courses(&self, programs: Vec<Program>) -> Result<Vec<Course>> {
        let timelines = self.timelines(&programs).await?;
        let cohorts = self.cohorts_of(programs.iter().map(|program| program.id)).await?;
        let course = |(program, timeline): (Program, Timeline)| {
            let own = cohorts.iter().filter(|cohort| cohort.program_id == program.id);
            let cohorts = own.filter_map(|cohort| cohort.span(&timeline)).collect();
            Course { program, timeline, cohorts }
        };
        Ok(programs.into_iter().zip(timelines).map(course).collect())
    }

    /// A page of the changes of a program's timeline, in the order in which they were made.
    ///
    /// # Errors
    /// The database's.
    pub async fn timeline_changes(&self, program: ProgramId, page: &PageRequest) -> Result<Page<RecordedChange>> {
        use journal_entry::Column;
        let types = MilestoneChangeKind::ALL.iter().map(|change| entry_type(*change));
        let rows =
            self.rows::<journal_entry::Entity>().filter(Column::SubjectId.eq(program.uuid())).filter(Column::Type.is_in(types));
        let at = |row: &journal_entry::Model| Position { key: Key::Number(row.number), id: row.id };
        rows.page(Column::Number, Column::Id, page, at).await?.try_map(recorded)
    }
}

impl Tx {
    /// Replaces the milestones of a program.
    ///
    /// # Errors
    /// The database's.
    pub async fn replace_timeline(&self, program: ProgramId, timeline: &Timeline) -> Result<()> {
        self.remove::<Entity>(Column::ProgramId.eq(program.uuid())).await?;
        let coalition = self.coalition_id().uuid();
        self.add(timeline.milestones().iter().map(|dated| row(coalition, program, &dated.milestone)).collect()).await
    }
}

fn row(coalition: Uuid, program: ProgramId, milestone: &Milestone) -> ActiveModel {
    let (on_day, at_instant, relative) = match milestone.when {
        When::On(day) => (Some(day.naive()), None, None),
        When::At(instant) => (None, Some(instant.utc()), None),
        When::Relative { to, days } => (None, None, Some((to.uuid(), i64::from(days)))),
    };
    ActiveModel {
        program_id: ActiveValue::Set(program.uuid()),
        id: ActiveValue::Set(milestone.id.uuid()),
        coalition_id: ActiveValue::Set(coalition),
        kind: ActiveValue::Set(milestone.kind.as_str().to_owned()),
        label: ActiveValue::Set(milestone.label.as_str().to_owned()),
        on_day: ActiveValue::Set(on_day),
        at_instant: ActiveValue::Set(at_instant),
        relative_to: ActiveValue::Set(relative.map(|(to, _)| to)),
        relative_days: ActiveValue::Set(relative.map(|(_, days)| days)),
    }
}

fn resolve(program: &Program, rows: &[Model]) -> Result<Timeline> {
    let milestones = rows.iter().map(milestone).collect::<Result<_>>()?;
    Timeline::resolve(&program.calendar(), milestones).map_err(|_| Error::corrupt(TABLE, "relative_to"))
}

fn milestone(row: &Model) -> Result<Milestone> {
    let when = match (row.on_day, row.at_instant, row.relative_to.zip(row.relative_days)) {
        (Some(day), None, None) => When::On(day.try_into().map_err(|_| Error::corrupt(TABLE, "on_day"))?),
        (None, Some(instant), None) => When::At(Timestamp::new(instant)),
        (None, None, Some((to, days))) => {
            When::Relative { to: MilestoneId::from_uuid(to), days: number(TABLE, "relative_days", days)? }
        }
        _ => return Err(Error::corrupt(TABLE, "on_day")),
    };
    Ok(Milestone {
        id: MilestoneId::from_uuid(row.id),
        kind: word(TABLE, "kind", &row.kind)?,
        label: text(TABLE, "label", &row.label, Name::new)?,
        when,
    })
}

fn entry_type(change: MilestoneChangeKind) -> String {
    format!("{}.{}", SubjectKind::Program, change.verb())
}

fn recorded(mut row: journal_entry::Model) -> Result<RecordedChange> {
    let corrupt = || Error::corrupt("journal", "data");
    let mut take = |member: &str| row.data.get_mut(member).map(serde_json::Value::take);
    let mut side = |member: &str| take(member).map(serde_json::from_value).transpose().map_err(|_| corrupt());
    let (from, to) = (side("from")?, side("to")?);
    let (milestone_id, kind) = (take("milestone_id").ok_or_else(corrupt)?, take("kind").ok_or_else(corrupt)?);
    let change = MilestoneChangeKind::ALL.iter().copied().find(|change| entry_type(*change) == row.r#type);
    Ok(RecordedChange {
        id: EntryId::from_uuid(row.id),
        occurred_at: Timestamp::new(row.occurred_at),
        actor_kind: row.actor_kind,
        actor_id: row.actor_id,
        change: change.ok_or_else(|| Error::corrupt("journal", "type"))?,
        milestone_id: serde_json::from_value(milestone_id).map_err(|_| corrupt())?,
        kind: serde_json::from_value(kind).map_err(|_| corrupt())?,
        from,
        to,
        reason: optional("journal", "reason", row.reason.as_deref(), Reason::new)?,
    })
}
