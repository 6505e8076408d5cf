//! Reviews, as rows.

mod acquaintances;

use std::collections::BTreeSet;

use cohortium_domain::access::{Actor, Grant};
use cohortium_domain::accounts::AccountState;
use cohortium_domain::ids::{Id, PersonId, ProgramId, ProposalId, ReviewId};
use cohortium_domain::journal::Change;
use cohortium_domain::meta::Meta;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::reviews::{Assessment, Conflict, Review, ReviewState, Standing};
use cohortium_domain::text::Summary;
use cohortium_domain::time::Timestamp;
use cohortium_domain::words::Word;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, Order, QueryFilter, QuerySelect, QueryTrait};
use uuid::Uuid;

use crate::entity::review::{ActiveModel, Column, Entity, Model};
use crate::entity::{account, grant};
use crate::error::{Error, Result};
use crate::page::{Key, Page, PageRequest, Position};
use crate::record::{Record, json, meta, number, optional, to_json, word};
use crate::{Read, Tx};

const TABLE: &str = "reviews";

fn standing(row: &Model) -> Result<Standing> {
    let at = || row.settled_at.map(Timestamp::new).ok_or_else(|| Error::corrupt(TABLE, "settled_at"));
    Ok(match word(TABLE, "state", &row.state)? {
        ReviewState::Assigned => Standing::Assigned,
        ReviewState::InProgress => Standing::InProgress,
        ReviewState::Submitted => Standing::Submitted { submitted_at: at()? },
        ReviewState::Conflicted => Standing::Conflicted {
            declared_at: at()?,
            conflict: Conflict {
                kind: word(TABLE, "conflict", row.conflict.as_deref().unwrap_or_default())?,
                note: optional(TABLE, "conflict_note", row.conflict_note.as_deref(), Summary::new)?,
            },
        },
        ReviewState::Removed => Standing::Removed { removed_at: at()? },
    })
}

impl Record for Review {
    type Entity = Entity;
    type Row = ActiveModel;
    type Id = ReviewId;
    const NOUN: &'static str = "review";
    const ID: Column = Column::Id;
    const VERSION: Column = Column::Version;

    fn id(&self) -> ReviewId {
        self.id
    }

    fn meta(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn to_row(&self, coalition_id: Uuid) -> Model {
        let Assessment { scores, comment, note_to_staff } = &self.assessment;
        let conflict = self.standing.conflict();
        Model {
            id: self.id.uuid(),
            coalition_id,
            program_id: self.program_id.uuid(),
            proposal_id: self.proposal_id.uuid(),
            reviewer_id: self.reviewer_id.uuid(),
            scores: to_json(scores),
            comment: comment.clone().map(Into::into),
            note_to_staff: note_to_staff.clone().map(Into::into),
            submission: self.submission.map(Into::into),
            state: self.state().as_str().to_owned(),
            settled_at: self.standing.settled_at().map(Timestamp::utc),
            conflict: conflict.map(|conflict| conflict.kind.as_str().to_owned()),
            conflict_note: conflict.and_then(|conflict| conflict.note.clone()).map(Into::into),
            version: self.meta.version,
            created_at: self.meta.created_at.utc(),
            updated_at: self.meta.updated_at.utc(),
        }
    }

    fn from_row(row: Model) -> Result<Self> {
        Ok(Self {
            id: ReviewId::from_uuid(row.id),
            program_id: ProgramId::from_uuid(row.program_id),
            proposal_id: ProposalId::from_uuid(row.proposal_id),
            reviewer_id: PersonId::from_uuid(row.reviewer_id),
            assessment: Assessment {
                scores: json(TABLE, "scores", &row.scores)?,
                comment: optional(TABLE, "comment", row.comment.as_deref(), Summary::new)?,
                note_to_staff: optional(TABLE, "note_to_staff", row.note_to_staff.as_deref(), Summary::new)?,
            },
            submission: row.submission.map(|value| number(TABLE, "submission", value)).transpose()?,
            standing: standing(&row)?,
            meta: meta(row.version, row.created_at, row.updated_at),
        })
    }

    fn refusal(index: &str) -> Option<Refusal> {
        (index == "reviews_proposal_id_reviewer_id")
            .then(|| Refusal::AlreadyExists("The reviewer has this proposal already".to_owned()))
    }
}

/// Which reviews of a reviewer are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReviewFilter {
    /// Of this program.
    pub program_id: Option<ProgramId>,
    /// In one of these states.
    pub states: Vec<ReviewState>,
}

impl Read {
    /// All reviews of a proposal but those that were taken away, the oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn reviews_of(&self, proposal: ProposalId) -> Result<Vec<Review>> {
        let rows = self.rows::<Entity>().filter(Column::ProposalId.eq(proposal.uuid())).filter(kept());
        let rows = rows.order_by(Column::CreatedAt, Order::Asc).order_by(Column::Id, Order::Asc).all().await?;
        rows.into_iter().map(Review::from_row).collect()
    }

    /// All reviews of a program's proposals but those that were taken away.
    ///
    /// # Errors
    /// The database's.
    pub async fn reviews_in(&self, program: ProgramId) -> Result<Vec<Review>> {
        let rows = self.rows::<Entity>().filter(Column::ProgramId.eq(program.uuid())).filter(kept());
        rows.all().await?.into_iter().map(Review::from_row).collect()
    }

    /// A page of the reviews assigned to somebody, but for those that were taken away, in the order in which they were.
    ///
    /// # Errors
    /// The database's.
    pub async fn reviews_by(&self, reviewer: PersonId, filter: &ReviewFilter, page: &PageRequest) -> Result<Page<Review>> {
        let rows = self
            .rows::<Entity>()
            .filter(Column::ReviewerId.eq(reviewer.uuid()))
            .filter(kept())
            .filter_if(filter.program_id, |id| Column::ProgramId.eq(id.uuid()))
            .filter_any(Column::State, filter.states.iter().map(|state| state.as_str()));
        let at = |row: &Model| Position { key: Key::Instant(Timestamp::new(row.created_at)), id: row.id };
        rows.page(Column::CreatedAt, Column::Id, page, at).await?.try_map(Review::from_row)
    }

    /// Whether somebody has begun to score a program's proposals.
    ///
    /// # Errors
    /// The database's.
    pub async fn scored(&self, program: ProgramId) -> Result<bool> {
        let begun = [ReviewState::InProgress, ReviewState::Submitted].map(Word::as_str);
        let rows = self.rows::<Entity>().filter(Column::ProgramId.eq(program.uuid())).filter(Column::State.is_in(begun));
        Ok(rows.limit(1).one().await?.is_some())
    }

    /// Those who can be assigned reviews: who have the grant, and an account that can be used.
    ///
    /// # Errors
    /// The database's.
    pub async fn reviewers(&self) -> Result<BTreeSet<PersonId>> {
        let usable = account::Entity::find().select_only().column(account::Column::PersonId);
        let usable = usable.filter(account::Column::State.eq(AccountState::Active.as_str()));
        let rows = self.rows::<grant::Entity>().filter(grant::Column::Name.eq(Grant::Reviewer.as_str()));
        let people: Vec<Uuid> =
            rows.filter(grant::Column::PersonId.in_subquery(usable.into_query())).column(grant::Column::PersonId).await?;
        Ok(people.into_iter().map(PersonId::from_uuid).collect())
    }
}

impl Tx {
    /// Saves new reviews, many at once. The program must be locked.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_reviews(&mut self, changes: Vec<Change<Review>>, actor: &Actor) -> Result<Vec<Review>> {
        let coalition = self.coalition_id().uuid();
        let (mut rows, mut saved) = (Vec::with_capacity(changes.len()), Vec::with_capacity(changes.len()));
        for Change { mut value, happened } in changes {
            value.meta.version = 1;
            rows.push(value.to_row(coalition).into_active_model().reset_all());
            saved.push(value);
            self.note(happened, actor);
        }
        self.add::<ActiveModel>(rows).await?;
        Ok(saved)
    }
}

fn kept() -> sea_orm::sea_query::SimpleExpr {
    Column::State.ne(ReviewState::Removed.as_str())
}
