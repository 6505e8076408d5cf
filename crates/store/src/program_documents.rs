//! What a program asks for and gives: its application form, its commitments, its verification policy, its rubric and its stipend
//! plan.
//!
//! Each is one JSON document, and each version of it is a row that stays: what somebody answered, accepted or was verified by can
//! be looked up as it was.

use cohortium_domain::access::Actor;
use cohortium_domain::commitments::CommitmentList;
use cohortium_domain::forms::{ApplicationForm, FormSchema};
use cohortium_domain::ids::{Id, ProgramId};
use cohortium_domain::journal::Change;
use cohortium_domain::meta::Meta;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::rubrics::Rubric;
use cohortium_domain::stipends::StipendPlan;
use cohortium_domain::time::Timestamp;
use cohortium_domain::verifications::policy::VerificationPolicy;
use sea_orm::{ActiveValue, ColumnTrait, Order};
use serde_json::{Value, json};

use crate::entity::program_document::{ActiveModel, Column, Entity, Model};
use crate::error::{Error, Result};
use crate::record::{json, meta, to_json};
use crate::{Read, Tx};

const TABLE: &str = "program_documents";

/// Something that a program asks for.
pub trait ProgramDocument: Sized {
    /// The word by which it is kept.
    const KIND: &'static str;

    /// Of which program.
    fn program_id(&self) -> ProgramId;

    /// Its version and instants.
    fn meta(&mut self) -> &mut Meta;

    /// What it says, as JSON.
    fn content(&self) -> Value;

    /// That of a program that has set none.
    fn initial(program_id: ProgramId, now: Timestamp) -> Self;

    /// It, as it was kept.
    ///
    /// # Errors
    /// [`Error::Defect`] when what was kept is not what the domain says.
    fn from_content(program_id: ProgramId, content: Value, meta: Meta) -> Result<Self>;
}

/// What is the same of each: the word by which it is kept, and where its members are.
macro_rules! kept_as {
    ($kind:literal) => {
        const KIND: &'static str = $kind;

        fn program_id(&self) -> ProgramId {
            self.program_id
        }

        fn meta(&mut self) -> &mut Meta {
            &mut self.meta
        }

        fn initial(program_id: ProgramId, now: Timestamp) -> Self {
            Self::initial(program_id, now)
        }
    };
}

impl ProgramDocument for ApplicationForm {
    kept_as!("application_form");

    fn content(&self) -> Value {
        self.schema.as_value().clone()
    }

    fn from_content(program_id: ProgramId, content: Value, meta: Meta) -> Result<Self> {
        Ok(Self { program_id, schema: FormSchema::checked_before(content), meta })
    }
}

impl ProgramDocument for CommitmentList {
    kept_as!("commitments");

    fn content(&self) -> Value {
        to_json(&self.commitments)
    }

    fn from_content(program_id: ProgramId, content: Value, meta: Meta) -> Result<Self> {
        Ok(Self { program_id, commitments: json(TABLE, "content", &content)?, meta })
    }
}

impl ProgramDocument for VerificationPolicy {
    kept_as!("verification_policy");

    fn content(&self) -> Value {
        to_json(&self.terms)
    }

    fn from_content(program_id: ProgramId, content: Value, meta: Meta) -> Result<Self> {
        Ok(Self { program_id, terms: json(TABLE, "content", &content)?, meta })
    }
}

impl ProgramDocument for Rubric {
    kept_as!("rubric");

    fn content(&self) -> Value {
        to_json(&self.terms)
    }

    fn from_content(program_id: ProgramId, content: Value, meta: Meta) -> Result<Self> {
        Ok(Self { program_id, terms: json(TABLE, "content", &content)?, meta })
    }
}

impl ProgramDocument for StipendPlan {
    kept_as!("stipend_plan");

    fn content(&self) -> Value {
        json!({ "terms": self.terms })
    }

    fn from_content(program_id: ProgramId, content: Value, meta: Meta) -> Result<Self> {
        let terms = content.get("terms").ok_or_else(|| Error::corrupt(TABLE, "content"))?;
        Ok(Self { program_id, terms: json(TABLE, "content", terms)?, meta })
    }
}

impl Read {
    /// What a program asks for now.
    ///
    /// # Errors
    /// The database's.
    pub async fn program_document<T: ProgramDocument>(&self, program: ProgramId) -> Result<T> {
        let rows = self.rows::<Entity>().filter(Column::ProgramId.eq(program.uuid())).filter(Column::Kind.eq(T::KIND));
        let latest = rows.order_by(Column::Version, Order::Desc).limit(1).one().await?;
        latest.map_or_else(|| Ok(T::initial(program, self.now())), document)
    }

    /// What a program asked for in some version.
    ///
    /// # Errors
    /// [`Refusal::Hidden`] when there was no such version; the database's.
    pub async fn program_document_in<T: ProgramDocument>(&self, program: ProgramId, version: i64) -> Result<T> {
        let rows = self.rows::<Entity>().filter(Column::ProgramId.eq(program.uuid())).filter(Column::Kind.eq(T::KIND));
        let row = rows.filter(Column::Version.eq(version)).one().await?;
        row.map(document).transpose()?.ok_or(Error::Refused(Refusal::Hidden("version")))
    }
}

impl Tx {
    /// Saves another version of what a program asks for, and writes down what happened. The program must be locked.
    ///
    /// # Errors
    /// [`Refusal::Stale`] when somebody else saved this version meanwhile; the database's.
    pub async fn save_program_document<T: ProgramDocument>(&mut self, change: Change<T>, actor: &Actor) -> Result<T> {
        let Change { mut value, happened } = change;
        value.meta().version += 1;
        let meta = *value.meta();
        let row = ActiveModel {
            program_id: ActiveValue::Set(value.program_id().uuid()),
            kind: ActiveValue::Set(T::KIND.to_owned()),
            version: ActiveValue::Set(meta.version),
            coalition_id: ActiveValue::Set(self.coalition_id().uuid()),
            content: ActiveValue::Set(value.content()),
            created_at: ActiveValue::Set(meta.created_at.utc()),
            updated_at: ActiveValue::Set(meta.updated_at.utc()),
        };
        self.add(vec![row]).await.map_err(stale)?;
        self.note(happened, actor);
        Ok(value)
    }
}

fn stale(error: Error) -> Error {
    if let Error::NotUnique(_) = error { Refusal::Stale.into() } else { error }
}

fn document<T: ProgramDocument>(row: Model) -> Result<T> {
    T::from_content(ProgramId::from_uuid(row.program_id), row.content, meta(row.version, row.created_at, row.updated_at))
}
