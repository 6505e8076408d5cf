//! Attestations, as rows.

use cohortium_domain::ids::{AttestationId, EmploymentId, Id, LinkId, PersonId, VerificationId};
use cohortium_domain::meta::Meta;
use cohortium_domain::text::{Email, Name, Title};
use cohortium_domain::time::Timestamp;
use cohortium_domain::verifications::attestations::{
    Attestation, AttestationAnswer, AttestationStanding, AttestationState, Attester,
};
use cohortium_domain::words::Word;
use sea_orm::{ColumnTrait, Order};
use uuid::Uuid;

use crate::Read;
use crate::entity::attestation::{ActiveModel, Column, Entity, Model};
use crate::error::{Error, Result};
use crate::record::{Record, meta, optional, text, word};

const TABLE: &str = "attestations";

impl Record for Attestation {
    type Entity = Entity;
    type Row = ActiveModel;
    type Id = AttestationId;
    const NOUN: &'static str = "attestation";
    const ID: Column = Column::Id;
    const VERSION: Column = Column::Version;

    fn id(&self) -> AttestationId {
        self.id
    }

    fn meta(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn to_row(&self, coalition_id: Uuid) -> Model {
        let row = Model {
            id: self.id.uuid(),
            coalition_id,
            verification_id: self.verification_id.uuid(),
            employment_id: self.employment_id.uuid(),
            person_id: self.person_id.uuid(),
            email: self.email.as_str().to_owned(),
            state: self.state().as_str().to_owned(),
            link_id: None,
            expires_at: None,
            settled_at: None,
            attester_name: None,
            attester_title: None,
            version: self.meta.version,
            created_at: self.meta.created_at.utc(),
            updated_at: self.meta.updated_at.utc(),
        };
        match &self.standing {
            AttestationStanding::Asked { link_id, expires_at } => {
                Model { link_id: Some(link_id.uuid()), expires_at: Some(expires_at.utc()), ..row }
            }
            AttestationStanding::Answered { at, answer } => Model {
                settled_at: Some(at.utc()),
                attester_name: Some(answer.by.name.as_str().to_owned()),
                attester_title: answer.by.title.as_ref().map(|title| title.as_str().to_owned()),
                ..row
            },
            AttestationStanding::Superseded { at } => Model { settled_at: Some(at.utc()), ..row },
        }
    }

    fn from_row(row: Model) -> Result<Self> {
        Ok(Self {
            id: AttestationId::from_uuid(row.id),
            verification_id: VerificationId::from_uuid(row.verification_id),
            employment_id: EmploymentId::from_uuid(row.employment_id),
            person_id: PersonId::from_uuid(row.person_id),
            email: text(TABLE, "email", &row.email, Email::new)?,
            standing: standing(&row)?,
            meta: meta(row.version, row.created_at, row.updated_at),
        })
    }
}

fn standing(row: &Model) -> Result<AttestationStanding> {
    let missing = |column: &'static str| move || Error::corrupt(TABLE, column);
    let at = || row.settled_at.map(Timestamp::new).ok_or_else(missing("settled_at"));
    let answered = |confirms| {
        let by = Attester {
            name: text(TABLE, "attester_name", row.attester_name.as_deref().unwrap_or_default(), Name::new)?,
            title: optional(TABLE, "attester_title", row.attester_title.as_deref(), Title::new)?,
        };
        Ok(AttestationStanding::Answered { at: at()?, answer: AttestationAnswer { confirms, by } })
    };
    match word(TABLE, "state", &row.state)? {
        AttestationState::Asked => Ok(AttestationStanding::Asked {
            link_id: row.link_id.map(LinkId::from_uuid).ok_or_else(missing("link_id"))?,
            expires_at: row.expires_at.map(Timestamp::new).ok_or_else(missing("expires_at"))?,
        }),
        AttestationState::Confirmed => answered(true),
        AttestationState::Denied => answered(false),
        AttestationState::Superseded => Ok(AttestationStanding::Superseded { at: at()? }),
    }
}

impl Read {
    /// The attestations of some verifications, the oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn attestations_of(&self, verifications: impl IntoIterator<Item = VerificationId>) -> Result<Vec<Attestation>> {
        let rows = self.rows::<Entity>().filter(Column::VerificationId.is_in(verifications.into_iter().map(Id::uuid)));
        let rows = rows.order_by(Column::CreatedAt, Order::Asc).order_by(Column::Id, Order::Asc);
        rows.all().await?.into_iter().map(Attestation::from_row).collect()
    }

    /// The attestation that is answered by a link.
    ///
    /// # Errors
    /// The database's.
    pub async fn attestation_by_link(&self, link: LinkId) -> Result<Option<Attestation>> {
        self.rows::<Entity>().filter(Column::LinkId.eq(link.uuid())).one().await?.map(Attestation::from_row).transpose()
    }
}
