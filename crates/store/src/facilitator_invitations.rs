//! Invitations to facilitate, as rows.

use cohortium_domain::facilitator_invitations::FacilitatorInvitation;
use cohortium_domain::ids::{Id, InvitationId, PersonId, ProposalId};
use cohortium_domain::meta::Meta;
use cohortium_domain::people::Person;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::text::Email;
use cohortium_domain::time::Timestamp;
use cohortium_domain::words::Word;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, Order};
use uuid::Uuid;

use crate::Read;
use crate::entity::facilitator_invitation::{ActiveModel, Column, Entity, Model};
use crate::error::Result;
use crate::page::{Key, Page, PageRequest, Position};
use crate::record::{Record, meta, text, word};
use crate::rows::Rows;

const TABLE: &str = "facilitator_invitations";

impl Record for FacilitatorInvitation {
    type Entity = Entity;
    type Row = ActiveModel;
    type Id = InvitationId;
    const NOUN: &'static str = "facilitator_invitation";
    const ID: Column = Column::Id;
    const VERSION: Column = Column::Version;

    fn id(&self) -> InvitationId {
        self.id
    }

    fn meta(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn to_row(&self, coalition_id: Uuid) -> Model {
        Model {
            id: self.id.uuid(),
            coalition_id,
            proposal_id: self.proposal_id.uuid(),
            email: self.email.as_str().to_owned(),
            email_key: self.email.normalized(),
            state: self.state.as_str().to_owned(),
            person_id: self.person_id.map(Id::uuid),
            settled_at: self.settled_at.map(Timestamp::utc),
            version: self.meta.version,
            created_at: self.meta.created_at.utc(),
            updated_at: self.meta.updated_at.utc(),
        }
    }

    fn from_row(row: Model) -> Result<Self> {
        Ok(Self {
            id: InvitationId::from_uuid(row.id),
            proposal_id: ProposalId::from_uuid(row.proposal_id),
            email: text(TABLE, "email", &row.email, Email::new)?,
            state: word(TABLE, "state", &row.state)?,
            person_id: row.person_id.map(PersonId::from_uuid),
            settled_at: row.settled_at.map(Timestamp::new),
            meta: meta(row.version, row.created_at, row.updated_at),
        })
    }

    fn refusal(index: &str) -> Option<Refusal> {
        let twice = "facilitator_invitations_proposal_id_email_key";
        (index == twice).then(|| Refusal::AlreadyExists("Whoever has this address was asked already".to_owned()))
    }
}

impl Read {
    /// All invitations about a proposal, the oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn facilitator_invitations(&self, proposal: ProposalId) -> Result<Vec<FacilitatorInvitation>> {
        let rows = self.rows::<Entity>().filter(Column::ProposalId.eq(proposal.uuid())).order_by(Column::Id, Order::Asc);
        rows.all().await?.into_iter().map(FacilitatorInvitation::from_row).collect()
    }

    /// A page of the invitations about a proposal, the oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn facilitator_invitation_page(&self, of: ProposalId, page: &PageRequest) -> Result<Page<FacilitatorInvitation>> {
        pages(self.rows::<Entity>().filter(Column::ProposalId.eq(of.uuid())), page).await
    }

    /// A page of the invitations that are a person's, the oldest first: those that it answered, and those to its address where that
    /// is proven.
    ///
    /// # Errors
    /// The database's.
    pub async fn my_facilitator_invitations(&self, person: &Person, page: &PageRequest) -> Result<Page<FacilitatorInvitation>> {
        let answered = Column::PersonId.eq(person.id.uuid());
        let own = match person.email_proven_at {
            Some(_) => answered.or(Column::PersonId.is_null().and(Column::EmailKey.eq(person.email.normalized()))),
            None => answered,
        };
        pages(self.rows::<Entity>().filter(own), page).await
    }
}

async fn pages(rows: Rows<'_, Entity>, page: &PageRequest) -> Result<Page<FacilitatorInvitation>> {
    let position = |row: &Model| Position { key: Key::Instant(Timestamp::new(row.created_at)), id: row.id };
    rows.page(Column::CreatedAt, Column::Id, page, position).await?.try_map(FacilitatorInvitation::from_row)
}
