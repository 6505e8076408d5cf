//! Verifications and the evidence for them, as rows.

use cohortium_domain::ids::{EmploymentId, EvidenceId, Id, OrganizationId, PersonId, ProgramId, VerificationId};
use cohortium_domain::meta::Meta;
use cohortium_domain::text::Reason;
use cohortium_domain::time::Timestamp;
use cohortium_domain::verifications::evidence::Evidence;
use cohortium_domain::verifications::{Standing, Verification, VerificationState};
use cohortium_domain::words::Word;
use sea_orm::sea_query::{ExprTrait, SimpleExpr};
use sea_orm::{ActiveValue, ColumnTrait, EntityTrait, Order, QueryFilter, QuerySelect, QueryTrait};
use uuid::Uuid;

use crate::entity::verification::{ActiveModel, Column, Entity, Model};
use crate::entity::{employment, evidence};
use crate::error::{Error, Result};
use crate::page::{Key, Page, PageRequest, Position};
use crate::record::{Record, meta, optional, word};
use crate::rows::Rows;
use crate::{Read, Tx};

const TABLE: &str = "verifications";

impl Record for Verification {
    type Entity = Entity;
    type Row = ActiveModel;
    type Id = VerificationId;
    const NOUN: &'static str = "verification";
    const ID: Column = Column::Id;
    const VERSION: Column = Column::Version;

    fn id(&self) -> VerificationId {
        self.id
    }

    fn meta(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn to_row(&self, coalition_id: Uuid) -> Model {
        let row = Model {
            id: self.id.uuid(),
            coalition_id,
            employment_id: self.employment_id.uuid(),
            person_id: self.person_id.uuid(),
            program_id: self.program_id.uuid(),
            state: self.state().as_str().to_owned(),
            settled_at: None,
            evidence_after: self.evidence_after.map(Timestamp::utc),
            evidence_id: None,
            evidence_kind: None,
            valid_until: None,
            renewal_due_at: None,
            cause: None,
            reason: None,
            version: self.meta.version,
            created_at: self.meta.created_at.utc(),
            updated_at: self.meta.updated_at.utc(),
        };
        let text = |reason: &Reason| reason.as_str().to_owned();
        match &self.standing {
            Standing::Open => row,
            Standing::Verified { at, evidence_id, kind, valid_until, renewal_due_at } => Model {
                settled_at: Some(at.utc()),
                evidence_id: Some(evidence_id.uuid()),
                evidence_kind: Some(kind.as_str().to_owned()),
                valid_until: Some(valid_until.utc()),
                renewal_due_at: renewal_due_at.map(Timestamp::utc),
                ..row
            },
            Standing::Expired { at } => Model { settled_at: Some(at.utc()), ..row },
            Standing::Revoked { at, cause, reason } => Model {
                settled_at: Some(at.utc()),
                cause: Some(cause.as_str().to_owned()),
                reason: reason.as_ref().map(text),
                ..row
            },
            Standing::Rejected { at, reason } => Model { settled_at: Some(at.utc()), reason: Some(text(reason)), ..row },
        }
    }

    fn from_row(row: Model) -> Result<Self> {
        Ok(Self {
            id: VerificationId::from_uuid(row.id),
            employment_id: EmploymentId::from_uuid(row.employment_id),
            person_id: PersonId::from_uuid(row.person_id),
            program_id: ProgramId::from_uuid(row.program_id),
            evidence_after: row.evidence_after.map(Timestamp::new),
            meta: meta(row.version, row.created_at, row.updated_at),
            standing: standing(&row)?,
        })
    }
}

fn standing(row: &Model) -> Result<Standing> {
    let missing = |column: &'static str| move || Error::corrupt(TABLE, column);
    let settled = row.settled_at.map(Timestamp::new);
    let at = || settled.ok_or_else(missing("settled_at"));
    let reason = optional(TABLE, "reason", row.reason.as_deref(), Reason::new)?;
    Ok(match word(TABLE, "state", &row.state)? {
        VerificationState::Open => Standing::Open,
        VerificationState::Verified => Standing::Verified {
            at: at()?,
            evidence_id: row.evidence_id.map(EvidenceId::from_uuid).ok_or_else(missing("evidence_id"))?,
            kind: word(TABLE, "evidence_kind", row.evidence_kind.as_deref().unwrap_or_default())?,
            valid_until: row.valid_until.map(Timestamp::new).ok_or_else(missing("valid_until"))?,
            renewal_due_at: row.renewal_due_at.map(Timestamp::new),
        },
        VerificationState::Expired => Standing::Expired { at: at()? },
        VerificationState::Revoked => {
            Standing::Revoked { at: at()?, cause: word(TABLE, "cause", row.cause.as_deref().unwrap_or_default())?, reason }
        }
        VerificationState::Rejected => Standing::Rejected { at: at()?, reason: reason.ok_or_else(missing("reason"))? },
    })
}

/// Which verifications are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VerificationFilter {
    /// In one of these states, as they are now.
    pub states: Vec<VerificationState>,
    /// For this program.
    pub program_id: Option<ProgramId>,
    /// Of this person.
    pub person_id: Option<PersonId>,
}

impl Read {
    /// A page of verifications, by their age.
    ///
    /// # Errors
    /// The database's.
    pub async fn verifications(&self, filter: &VerificationFilter, page: &PageRequest) -> Result<Page<Verification>> {
        let now = self.now();
        let states = filter.states.iter().map(|state| reads(*state, now)).reduce(ExprTrait::or);
        let rows = self
            .rows::<Entity>()
            .filter_if(states, |condition| condition)
            .filter_if(filter.program_id, |id| Column::ProgramId.eq(id.uuid()))
            .filter_if(filter.person_id, |id| Column::PersonId.eq(id.uuid()));
        let at = |row: &Model| Position { key: Key::Instant(Timestamp::new(row.created_at)), id: row.id };
        rows.page(Column::CreatedAt, Column::Id, page, at).await?.try_map(Verification::from_row)
    }

    /// The verifications that have run out by an instant, with when they did, and are not written down as expired.
    ///
    /// # Errors
    /// The database's.
    pub async fn verifications_run_out(&self, by: Timestamp) -> Result<Vec<(Timestamp, VerificationId)>> {
        let rows = self.rows::<Entity>().filter(Column::State.eq(VerificationState::Verified.as_str()));
        let rows = rows.filter(Column::ValidUntil.lte(by.utc())).order_by(Column::ValidUntil, Order::Asc).all().await?;
        let ends = rows.iter().filter_map(|row| Some((Timestamp::new(row.valid_until?), VerificationId::from_uuid(row.id))));
        Ok(ends.collect())
    }

    /// The verifications whose people are to be asked by an instant to renew them, with when.
    ///
    /// # Errors
    /// The database's.
    pub async fn renewals_due(&self, by: Timestamp) -> Result<Vec<(Timestamp, VerificationId)>> {
        let rows = self.rows::<Entity>().filter(Column::RenewalDueAt.lte(by.utc()));
        let rows = rows.order_by(Column::RenewalDueAt, Order::Asc).all().await?;
        let due = rows.iter().filter_map(|row| Some((Timestamp::new(row.renewal_due_at?), VerificationId::from_uuid(row.id))));
        Ok(due.collect())
    }

    /// Whether any verification of an employment is valid now.
    ///
    /// # Errors
    /// The database's.
    pub async fn is_verified(&self, employment: EmploymentId) -> Result<bool> {
        let rows = self.rows::<Entity>().filter(Column::EmploymentId.eq(employment.uuid()));
        Ok(rows.filter(reads(VerificationState::Verified, self.now())).limit(1).one().await?.is_some())
    }

    /// The verification of an employment for a program, where there is one.
    ///
    /// # Errors
    /// The database's.
    pub async fn verification_for(&self, employment: EmploymentId, program: ProgramId) -> Result<Option<Verification>> {
        let rows = self.rows::<Entity>().filter(Column::EmploymentId.eq(employment.uuid()));
        rows.filter(Column::ProgramId.eq(program.uuid())).one().await?.map(Verification::from_row).transpose()
    }

    /// All evidence for an employment.
    ///
    /// # Errors
    /// The database's.
    pub async fn evidence(&self, employment: EmploymentId) -> Result<Vec<Evidence>> {
        self.evidence_for([employment]).await
    }

    /// All evidence for some employments, the oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn evidence_for(&self, employments: impl IntoIterator<Item = EmploymentId>) -> Result<Vec<Evidence>> {
        let rows = self.rows::<evidence::Entity>();
        let rows = rows.filter(evidence::Column::EmploymentId.is_in(employments.into_iter().map(Id::uuid)));
        let mut pieces = rows.all().await?.iter().map(piece).collect::<Result<Vec<_>>>()?;
        pieces.sort_by_key(|piece| (piece.dated_at, piece.kind.strength(), piece.id));
        Ok(pieces)
    }
}

impl Tx {
    /// The verification of an employment for a program, locked, where there is one.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock_verification_for(&self, employment: EmploymentId, program: ProgramId) -> Result<Option<Verification>> {
        let rows = self.rows::<Entity>().filter(Column::EmploymentId.eq(employment.uuid()));
        let row = rows.filter(Column::ProgramId.eq(program.uuid())).lock().one().await?;
        row.map(Verification::from_row).transpose()
    }

    /// The verifications of a person's employments that are open or verified, locked.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock_verifications_of(&self, person: PersonId) -> Result<Vec<Verification>> {
        self.locked(self.rows::<Entity>().filter(Column::PersonId.eq(person.uuid()))).await
    }

    /// The verifications of employments at an organization that are open or verified, locked.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock_verifications_at(&self, organization: OrganizationId) -> Result<Vec<Verification>> {
        let employments = employment::Entity::find().select_only().column(employment::Column::Id);
        let there = employments.filter(employment::Column::OrganizationId.eq(organization.uuid()));
        self.locked(self.rows::<Entity>().filter(Column::EmploymentId.in_subquery(there.into_query()))).await
    }

    /// Those that can still change by themselves, locked in the order of their ids.
    async fn locked(&self, rows: Rows<'_, Entity>) -> Result<Vec<Verification>> {
        let live = [VerificationState::Open, VerificationState::Verified].map(Word::as_str);
        let rows = rows.filter(Column::State.is_in(live)).order_by(Column::Id, Order::Asc).lock();
        rows.all().await?.into_iter().map(Verification::from_row).collect()
    }

    /// Keeps pieces of evidence.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_evidence(&self, pieces: &[Evidence]) -> Result<()> {
        let row = |piece: &Evidence| evidence::ActiveModel {
            id: ActiveValue::Set(piece.id.uuid()),
            coalition_id: ActiveValue::Set(self.coalition_id().uuid()),
            employment_id: ActiveValue::Set(piece.employment_id.uuid()),
            kind: ActiveValue::Set(piece.kind.as_str().to_owned()),
            dated_at: ActiveValue::Set(piece.dated_at.utc()),
            reason: ActiveValue::Set(piece.reason.clone().map(Into::into)),
        };
        self.add(pieces.iter().map(row).collect()).await
    }
}

/// The condition for having run out by an instant, as far as is known now.
pub(crate) fn over_by(instant: Timestamp) -> SimpleExpr {
    let is = |state: VerificationState| Column::State.eq(state.as_str());
    let verified = is(VerificationState::Verified).and(Column::ValidUntil.lte(instant.utc()));
    verified.or(is(VerificationState::Expired).and(Column::SettledAt.lte(instant.utc())))
}

/// The condition for being in a state now: [`Verification::as_of`] in SQL.
pub(crate) fn reads(state: VerificationState, now: Timestamp) -> SimpleExpr {
    let is = |state: VerificationState| Column::State.eq(state.as_str());
    let is_over = || Column::ValidUntil.lte(now.utc());
    match state {
        VerificationState::Verified => is(state).and(is_over().not()),
        VerificationState::Expired => is(state).or(is(VerificationState::Verified).and(is_over())),
        VerificationState::Open | VerificationState::Revoked | VerificationState::Rejected => is(state),
    }
}

fn piece(row: &evidence::Model) -> Result<Evidence> {
    Ok(Evidence {
        id: EvidenceId::from_uuid(row.id),
        employment_id: EmploymentId::from_uuid(row.employment_id),
        kind: word("evidence", "kind", &row.kind)?,
        dated_at: Timestamp::new(row.dated_at),
        reason: optional("evidence", "reason", row.reason.as_deref(), Reason::new)?,
    })
}
