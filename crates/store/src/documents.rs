//! Documents, as rows: what is known of the files that people uploaded.

use cohortium_domain::ids::{EmploymentId, EvidenceId, FileId, Id, PersonId, VerificationId};
use cohortium_domain::meta::Meta;
use cohortium_domain::text::Name;
use cohortium_domain::time::Timestamp;
use cohortium_domain::verifications::documents::{Document, Held};
use cohortium_domain::words::Word;
use sea_orm::{ColumnTrait, Order};
use uuid::Uuid;

use crate::Read;
use crate::entity::document::{ActiveModel, Column, Entity, Model};
use crate::error::{Error, Result};
use crate::record::{Record, meta, number, text, word};

const TABLE: &str = "documents";

impl Record for Document {
    type Entity = Entity;
    type Row = ActiveModel;
    type Id = EvidenceId;
    const NOUN: &'static str = "document";
    const ID: Column = Column::EvidenceId;
    const VERSION: Column = Column::Version;

    fn id(&self) -> EvidenceId {
        self.evidence_id
    }

    fn meta(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn to_row(&self, coalition_id: Uuid) -> Model {
        Model {
            evidence_id: self.evidence_id.uuid(),
            coalition_id,
            verification_id: self.verification_id.uuid(),
            employment_id: self.employment_id.uuid(),
            person_id: self.person_id.uuid(),
            file_id: self.file_id.uuid(),
            name: self.name.as_str().to_owned(),
            media_type: self.media_type.as_str().to_owned(),
            size: i64::try_from(self.size).unwrap_or(i64::MAX),
            sha256: self.sha256.to_vec(),
            kept_until: self.kept_until.utc(),
            deleted_at: self.deleted_at.map(Timestamp::utc),
            version: self.meta.version,
            created_at: self.meta.created_at.utc(),
            updated_at: self.meta.updated_at.utc(),
        }
    }

    fn from_row(row: Model) -> Result<Self> {
        Ok(Self {
            evidence_id: EvidenceId::from_uuid(row.evidence_id),
            verification_id: VerificationId::from_uuid(row.verification_id),
            employment_id: EmploymentId::from_uuid(row.employment_id),
            person_id: PersonId::from_uuid(row.person_id),
            file_id: FileId::from_uuid(row.file_id),
            name: text(TABLE, "name", &row.name, Name::new)?,
            media_type: word(TABLE, "media_type", &row.media_type)?,
            size: number(TABLE, "size", row.size)?,
            sha256: row.sha256.try_into().map_err(|_| Error::corrupt(TABLE, "sha256"))?,
            kept_until: Timestamp::new(row.kept_until),
            deleted_at: row.deleted_at.map(Timestamp::new),
            meta: meta(row.version, row.created_at, row.updated_at),
        })
    }
}

impl Read {
    /// The documents that were uploaded for some employments.
    ///
    /// # Errors
    /// The database's.
    pub async fn documents_for(&self, employments: impl IntoIterator<Item = EmploymentId>) -> Result<Vec<Document>> {
        let rows = self.rows::<Entity>().filter(Column::EmploymentId.is_in(employments.into_iter().map(Id::uuid)));
        rows.all().await?.into_iter().map(Document::from_row).collect()
    }

    /// What a person has uploaded already, for a verification and in all, and is there.
    ///
    /// # Errors
    /// The database's.
    pub async fn files_held(&self, person: PersonId, verification: VerificationId) -> Result<Held> {
        let rows = self.rows::<Entity>().filter(Column::PersonId.eq(person.uuid()));
        let documents = rows.filter(Column::DeletedAt.is_null()).all().await?;
        let documents: Vec<Document> = documents.into_iter().map(Document::from_row).collect::<Result<_>>()?;
        let there = || documents.iter().filter(|document| document.there(self.now()));
        let files = there().filter(|document| document.verification_id == verification).count();
        Ok(Held { files: u64::try_from(files).unwrap_or(u64::MAX), bytes: there().map(|document| document.size).sum() })
    }

    /// The documents whose time is over by an instant, with when it was, and whose files are not deleted.
    ///
    /// # Errors
    /// The database's.
    pub async fn documents_run_out(&self, by: Timestamp) -> Result<Vec<(Timestamp, EvidenceId)>> {
        let rows = self.rows::<Entity>().filter(Column::DeletedAt.is_null()).filter(Column::KeptUntil.lte(by.utc()));
        let rows = rows.order_by(Column::KeptUntil, Order::Asc).all().await?;
        Ok(rows.iter().map(|row| (Timestamp::new(row.kept_until), EvidenceId::from_uuid(row.evidence_id))).collect())
    }
}
