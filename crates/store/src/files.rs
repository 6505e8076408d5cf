//! Files, as rows: what is known of what people uploaded to answer application forms with.

use std::collections::BTreeSet;

use cohortium_domain::files::File;
use cohortium_domain::ids::{FileId, Id, PersonId};
use cohortium_domain::meta::Meta;
use cohortium_domain::text::Name;
use cohortium_domain::time::Timestamp;
use cohortium_domain::words::Word;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, Order};
use uuid::Uuid;

use crate::entity::document;
use crate::entity::file::{ActiveModel, Column, Entity, Model};
use crate::error::{Error, Result};
use crate::page::{Key, Page, PageRequest, Position};
use crate::record::{Record, meta, number, text, word};
use crate::rows::Rows;
use crate::{Read, Tx};

const TABLE: &str = "files";

impl Record for File {
    type Entity = Entity;
    type Row = ActiveModel;
    type Id = FileId;
    const NOUN: &'static str = "file";
    const ID: Column = Column::Id;
    const VERSION: Column = Column::Version;

    fn id(&self) -> FileId {
        self.id
    }

    fn meta(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn to_row(&self, coalition_id: Uuid) -> Model {
        Model {
            id: self.id.uuid(),
            coalition_id,
            person_id: self.person_id.uuid(),
            name: self.name.as_str().to_owned(),
            media_type: self.media_type.as_str().to_owned(),
            size: i64::try_from(self.size).unwrap_or(i64::MAX),
            sha256: self.sha256.to_vec(),
            kept_until: self.kept_until.utc(),
            version: self.meta.version,
            created_at: self.meta.created_at.utc(),
            updated_at: self.meta.updated_at.utc(),
        }
    }

    fn from_row(row: Model) -> Result<Self> {
        Ok(Self {
            id: FileId::from_uuid(row.id),
            person_id: PersonId::from_uuid(row.person_id),
            name: text(TABLE, "name", &row.name, Name::new)?,
            media_type: word(TABLE, "media_type", &row.media_type)?,
            size: number(TABLE, "size", row.size)?,
            sha256: row.sha256.try_into().map_err(|_| Error::corrupt(TABLE, "sha256"))?,
            kept_until: Timestamp::new(row.kept_until),
            meta: meta(row.version, row.created_at, row.updated_at),
        })
    }
}

impl Read {
    /// The files whose bytes are needed: those that answer forms, and the documents of verifications.
    ///
    /// # Errors
    /// The database's.
    pub async fn files_in_use(&self) -> Result<BTreeSet<FileId>> {
        let files: Vec<Uuid> = self.rows::<Entity>().column(Column::Id).await?;
        let documents = self.rows::<document::Entity>().filter(document::Column::DeletedAt.is_null());
        let documents: Vec<Uuid> = documents.column(document::Column::FileId).await?;
        Ok(files.into_iter().chain(documents).map(FileId::from_uuid).collect())
    }

    /// All files of a person, whether or not their time is over.
    ///
    /// # Errors
    /// The database's.
    pub async fn files_of(&self, person: PersonId) -> Result<Vec<File>> {
        all(self.of_person(person)).await
    }

    /// A page of a person's files: those whose time is not over, and these beside.
    ///
    /// # Errors
    /// The database's.
    pub async fn file_page(&self, person: PersonId, beside: &BTreeSet<FileId>, page: &PageRequest) -> Result<Page<File>> {
        let kept = Column::KeptUntil.gt(self.now().utc());
        let there = kept.or(Column::Id.is_in(beside.iter().map(|file| file.uuid())));
        let at = |row: &Model| Position { key: Key::Instant(Timestamp::new(row.created_at)), id: row.id };
        let rows = self.of_person(person).filter(there);
        rows.page(Column::CreatedAt, Column::Id, page, at).await?.try_map(File::from_row)
    }

    /// The files whose time is over by an instant, with when it was.
    ///
    /// # Errors
    /// The database's.
    pub async fn files_run_out(&self, by: Timestamp) -> Result<Vec<(Timestamp, FileId)>> {
        let rows = self.rows::<Entity>().filter(Column::KeptUntil.lte(by.utc())).order_by(Column::KeptUntil, Order::Asc);
        Ok(rows.all().await?.iter().map(|row| (Timestamp::new(row.kept_until), FileId::from_uuid(row.id))).collect())
    }

    fn of_person(&self, person: PersonId) -> Rows<'_, Entity> {
        self.rows::<Entity>().filter(Column::PersonId.eq(person.uuid()))
    }
}

impl Tx {
    /// Of these files, those of a person, held so that nobody deletes one until the transaction ends.
    ///
    /// # Errors
    /// The database's.
    pub async fn hold_files(&self, person: PersonId, ids: &BTreeSet<FileId>) -> Result<Vec<File>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.of_person(person).filter(Column::Id.is_in(ids.iter().map(|file| file.uuid())));
        all(rows.order_by(Column::Id, Order::Asc).hold()).await
    }

    /// Takes a file away, which is locked. What keeps its bytes does so too, in time.
    ///
    /// # Errors
    /// The database's.
    pub async fn remove_file(&self, id: FileId) -> Result<()> {
        self.remove::<Entity>(Column::Id.eq(id.uuid())).await.map(drop)
    }
}

async fn all(rows: Rows<'_, Entity>) -> Result<Vec<File>> {
    rows.all().await?.into_iter().map(File::from_row).collect()
}
