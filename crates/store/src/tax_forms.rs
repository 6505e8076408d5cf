//! Tax forms, as rows: one for each person who has one on file.

use cohortium_domain::ids::{Id, PersonId};
use cohortium_domain::meta::Meta;
use cohortium_domain::tax_forms::{TaxFiling, TaxForm};
use cohortium_domain::time::Date;
use cohortium_domain::words::Word;
use uuid::Uuid;

use crate::Tx;
use crate::entity::tax_form::{ActiveModel, Column, Entity, Model};
use crate::error::Result;
use crate::record::{Record, date, meta, optional_date, word};
use sea_orm::ColumnTrait;

const TABLE: &str = "tax_forms";

impl Record for TaxForm {
    type Entity = Entity;
    type Row = ActiveModel;
    type Id = PersonId;
    const NOUN: &'static str = "tax form";
    const ID: Column = Column::PersonId;
    const VERSION: Column = Column::Version;

    fn id(&self) -> PersonId {
        self.person_id
    }

    fn meta(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn to_row(&self, coalition_id: Uuid) -> Model {
        Model {
            person_id: self.person_id.uuid(),
            coalition_id,
            kind: self.filing.kind.as_str().to_owned(),
            received_on: self.filing.received_on.naive(),
            expires_on: self.filing.expires_on.map(Date::naive),
            version: self.meta.version,
            created_at: self.meta.created_at.utc(),
            updated_at: self.meta.updated_at.utc(),
        }
    }

    fn from_row(row: Model) -> Result<Self> {
        Ok(Self {
            person_id: PersonId::from_uuid(row.person_id),
            filing: TaxFiling {
                kind: word(TABLE, "kind", &row.kind)?,
                received_on: date(TABLE, "received_on", row.received_on)?,
                expires_on: optional_date(TABLE, "expires_on", row.expires_on)?,
            },
            meta: meta(row.version, row.created_at, row.updated_at),
        })
    }
}

impl Tx {
    /// The tax form of a person, held as it is until the transaction ends, where there is one.
    ///
    /// # Errors
    /// The database's.
    pub async fn hold_tax_form(&self, person: PersonId) -> Result<Option<TaxForm>> {
        let row = self.rows::<Entity>().filter(Column::PersonId.eq(person.uuid())).hold().one().await?;
        row.map(TaxForm::from_row).transpose()
    }
}
