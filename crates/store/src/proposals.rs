//! Proposals, as rows.

use cohortium_domain::facilitator_invitations::InvitationState::Accepted;
use cohortium_domain::ids::{CohortId, Id, PersonId, ProgramId, ProposalId};
use cohortium_domain::meta::Meta;
use cohortium_domain::programs::{Capacity, Program};
use cohortium_domain::proposals::{
    Content, Decision, Feedback, Letter, Proposal, ProposalState, Rank, StaffNote, Staged, Standing, Submission,
};
use cohortium_domain::text::{Body, Summary, Title};
use cohortium_domain::time::Timestamp;
use cohortium_domain::words::Word;
use sea_orm::sea_query::{ExprTrait, SimpleExpr};
use sea_orm::{ActiveValue, ColumnTrait, EntityTrait, Order, QueryFilter, QuerySelect, QueryTrait};
use uuid::Uuid;

use crate::entity::proposal::{ActiveModel, Column, Entity, Model};
use crate::entity::{facilitator_invitation, proposal_feedback, proposal_submission};
use crate::error::{Error, Result};
use crate::page::{Key, Page, PageRequest, Position};
use crate::record::{Record, json, meta, number, optional, text, to_json, word};
use crate::{Read, Tx};

const TABLE: &str = "proposals";

fn standing(row: &Model) -> Result<Standing> {
    let settled_at = || row.settled_at.map(Timestamp::new).ok_or_else(|| Error::corrupt(TABLE, "settled_at"));
    Ok(match word(TABLE, "state", &row.state)? {
        ProposalState::Draft => Standing::Draft,
        ProposalState::Submitted => Standing::Submitted,
        ProposalState::InReview => Standing::InReview { staged: staged(row)?, reserve: rank(row.reserve_rank)? },
        ProposalState::RevisionRequested => {
            let due_at = row.revision_due_at.map(Timestamp::new).ok_or_else(|| Error::corrupt(TABLE, "revision_due_at"))?;
            Standing::RevisionRequested { due_at }
        }
        ProposalState::Accepted => {
            Standing::Accepted { accepted_at: settled_at()?, confirm_until: row.confirm_until.map(Timestamp::new) }
        }
        ProposalState::Confirmed => {
            Standing::Confirmed { confirmed_at: settled_at()?, cohort_id: row.cohort_id.map(CohortId::from_uuid) }
        }
        ProposalState::Rejected => Standing::Rejected { rejected_at: settled_at()? },
        ProposalState::Withdrawn => Standing::Withdrawn { withdrawn_at: settled_at()? },
        ProposalState::Declined => Standing::Declined { declined_at: settled_at()?, lapsed: row.lapsed },
    })
}

fn staged(row: &Model) -> Result<Option<Staged>> {
    let Some(decision) = &row.staged_decision else { return Ok(None) };
    Ok(Some(match (word(TABLE, "staged_decision", decision)?, rank(row.staged_rank)?) {
        (Decision::Accept, _) => Staged::Accept,
        (Decision::Reject, _) => Staged::Reject,
        (Decision::Reserve, Some(rank)) => Staged::Reserve { rank },
        (Decision::Reserve, None) => return Err(Error::corrupt(TABLE, "staged_rank")),
    }))
}

fn rank(column: Option<i64>) -> Result<Option<Rank>> {
    column.map(|value| number(TABLE, "rank", value)).transpose()
}

fn content(row: &Model) -> Result<Content> {
    let capacity = match (row.capacity_min, row.capacity_max) {
        (Some(min), Some(max)) => {
            Some(Capacity { min: number(TABLE, "capacity_min", min)?, max: number(TABLE, "capacity_max", max)? })
        }
        _ => None,
    };
    Ok(Content {
        title: text(TABLE, "title", &row.title, Title::new)?,
        r#abstract: optional(TABLE, "abstract", row.r#abstract.as_deref(), Summary::new)?,
        audience: json(TABLE, "audience", &row.audience)?,
        goals: json(TABLE, "goals", &row.goals)?,
        session_plan: optional(TABLE, "session_plan", row.session_plan.as_deref(), Body::new)?,
        preferred_capacity: capacity,
    })
}

impl Record for Proposal {
    type Entity = Entity;
    type Row = ActiveModel;
    type Id = ProposalId;
    const NOUN: &'static str = "proposal";
    const ID: Column = Column::Id;
    const VERSION: Column = Column::Version;

    fn id(&self) -> ProposalId {
        self.id
    }

    fn meta(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn to_row(&self, coalition_id: Uuid) -> Model {
        let Content { title, r#abstract, audience, goals, session_plan, preferred_capacity } = &self.content;
        let staged = self.standing.staged();
        Model {
            id: self.id.uuid(),
            coalition_id,
            program_id: self.program_id.uuid(),
            author_id: self.author_id.uuid(),
            co_facilitators: serde_json::json!(self.co_facilitators),
            title: title.as_str().to_owned(),
            r#abstract: r#abstract.clone().map(Into::into),
            audience: serde_json::json!(audience),
            goals: serde_json::json!(goals),
            session_plan: session_plan.clone().map(Into::into),
            capacity_min: preferred_capacity.map(|capacity| capacity.min.into()),
            capacity_max: preferred_capacity.map(|capacity| capacity.max.into()),
            submission: self.submission.into(),
            submitted_at: self.submitted_at.map(Timestamp::utc),
            extended_until: self.extended_until.map(Timestamp::utc),
            revision: self.revision.as_ref().map(to_json),
            revision_due_at: self.standing.revision_due_at().map(Timestamp::utc),
            revision_requests: to_json(&self.revision_requests),
            letter: self.letter.clone().map(Into::into),
            state: self.state().as_str().to_owned(),
            settled_at: self.standing.settled_at().map(Timestamp::utc),
            staged_decision: staged.map(|staged| staged.decision().as_str().to_owned()),
            staged_rank: staged.and_then(Staged::rank).map(Into::into),
            reserve_rank: self.standing.reserve().map(Into::into),
            confirm_until: self.standing.confirm_until().map(Timestamp::utc),
            lapsed: self.standing.lapsed(),
            cohort_id: self.standing.cohort_id().map(Id::uuid),
            version: self.meta.version,
            created_at: self.meta.created_at.utc(),
            updated_at: self.meta.updated_at.utc(),
        }
    }

    fn from_row(row: Model) -> Result<Self> {
        Ok(Self {
            id: ProposalId::from_uuid(row.id),
            program_id: ProgramId::from_uuid(row.program_id),
            author_id: PersonId::from_uuid(row.author_id),
            co_facilitators: json(TABLE, "co_facilitators", &row.co_facilitators)?,
            content: content(&row)?,
            submission: number(TABLE, "submission", row.submission)?,
            submitted_at: row.submitted_at.map(Timestamp::new),
            revision: row.revision.as_ref().map(|revision| json(TABLE, "revision", revision)).transpose()?,
            extended_until: row.extended_until.map(Timestamp::new),
            revision_requests: json(TABLE, "revision_requests", &row.revision_requests)?,
            letter: optional(TABLE, "letter", row.letter.as_deref(), Letter::new)?,
            standing: standing(&row)?,
            meta: meta(row.version, row.created_at, row.updated_at),
        })
    }
}

impl Read {
    /// A page of a program's proposals, in the order in which they were begun; those that a person would facilitate, where one is
    /// named.
    ///
    /// # Errors
    /// The database's.
    pub async fn proposals(&self, program: ProgramId, facilitator: Option<PersonId>, page: &PageRequest) -> Result<Page<Proposal>> {
        let rows = self
            .rows::<Entity>()
            .filter(Column::ProgramId.eq(program.uuid()))
            .filter_if(facilitator, |person| Column::AuthorId.eq(person.uuid()).or(agreed(person)));
        let key = |row: &Model| Key::Instant(Timestamp::new(row.created_at));
        rows.page(Column::CreatedAt, Column::Id, page, |row| Position { key: key(row), id: row.id })
            .await?
            .try_map(Proposal::from_row)
    }

    /// All of a program's proposals of which a round consists, by id: those that were handed in, and drafts whose authors were
    /// given longer.
    ///
    /// # Errors
    /// The database's.
    pub async fn proposals_of_round(&self, program: ProgramId) -> Result<Vec<Proposal>> {
        let rows = self.rows::<Entity>().filter(Column::ProgramId.eq(program.uuid()));
        let rows = rows.filter(Column::SubmittedAt.is_not_null().or(Column::ExtendedUntil.is_not_null()));
        rows.order_by(Column::Id, Order::Asc).all().await?.into_iter().map(Proposal::from_row).collect()
    }

    /// The programs that wait for authors to confirm, or to hand in a revision.
    ///
    /// # Errors
    /// The database's.
    pub async fn programs_with_lapsing_proposals(&self) -> Result<Vec<Program>> {
        let states = [ProposalState::Accepted, ProposalState::RevisionRequested].map(Word::as_str);
        let programs: Vec<Uuid> = self.rows::<Entity>().filter_any(Column::State, states).column(Column::ProgramId).await?;
        Ok(self.find_all(programs.into_iter().map(ProgramId::from_uuid)).await?.into_values().collect())
    }

    /// The texts of a proposal that were handed in, the first first.
    ///
    /// # Errors
    /// The database's.
    pub async fn proposal_submissions(&self, proposal: ProposalId) -> Result<Vec<Submission>> {
        use proposal_submission::{Column, Entity};
        let rows = self.rows::<Entity>().filter(Column::ProposalId.eq(proposal.uuid())).order_by(Column::Number, Order::Asc);
        rows.all().await?.iter().map(submission).collect()
    }
}

impl Tx {
    /// Keeps the text that was just handed in.
    ///
    /// # Errors
    /// The database's.
    pub async fn keep_submission(&self, proposal: &Proposal) -> Result<()> {
        let Some(submitted_at) = proposal.submitted_at else { return Ok(()) };
        let row = proposal_submission::ActiveModel {
            proposal_id: ActiveValue::Set(proposal.id.uuid()),
            number: ActiveValue::Set(proposal.submission.into()),
            coalition_id: ActiveValue::Set(self.coalition_id().uuid()),
            content: ActiveValue::Set(to_json(&proposal.content)),
            submitted_at: ActiveValue::Set(submitted_at.utc()),
        };
        self.add(vec![row]).await
    }
}

/// The condition for somebody having agreed to facilitate with the author.
fn agreed(person: PersonId) -> SimpleExpr {
    use facilitator_invitation::{Column as Invited, Entity};
    let invitations = Entity::find().select_only().column(Invited::ProposalId);
    let accepted = invitations.filter(Invited::PersonId.eq(person.uuid())).filter(Invited::State.eq(Accepted.as_str()));
    Column::Id.in_subquery(accepted.into_query())
}

impl Record for Feedback {
    type Entity = proposal_feedback::Entity;
    type Row = proposal_feedback::ActiveModel;
    type Id = ProposalId;
    const NOUN: &'static str = "feedback";
    const ID: proposal_feedback::Column = proposal_feedback::Column::ProposalId;
    const VERSION: proposal_feedback::Column = proposal_feedback::Column::Version;

    fn id(&self) -> ProposalId {
        self.proposal_id
    }

    fn meta(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn to_row(&self, coalition_id: Uuid) -> proposal_feedback::Model {
        proposal_feedback::Model {
            proposal_id: self.proposal_id.uuid(),
            coalition_id,
            note: self.note.clone().map(Into::into),
            letter: self.letter.clone().map(Into::into),
            version: self.meta.version,
            created_at: self.meta.created_at.utc(),
            updated_at: self.meta.updated_at.utc(),
        }
    }

    fn from_row(row: proposal_feedback::Model) -> Result<Self> {
        const TABLE: &str = "proposal_feedback";
        Ok(Self {
            proposal_id: ProposalId::from_uuid(row.proposal_id),
            note: optional(TABLE, "note", row.note.as_deref(), StaffNote::new)?,
            letter: optional(TABLE, "letter", row.letter.as_deref(), Letter::new)?,
            meta: meta(row.version, row.created_at, row.updated_at),
        })
    }
}

fn submission(row: &proposal_submission::Model) -> Result<Submission> {
    const TABLE: &str = "proposal_submissions";
    Ok(Submission {
        number: number(TABLE, "number", row.number)?,
        content: json(TABLE, "content", &row.content)?,
        submitted_at: Timestamp::new(row.submitted_at),
    })
}
