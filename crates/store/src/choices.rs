//! What people have chosen, as rows: a version for all of a person's choices, and a row for each.

use std::collections::{BTreeMap, BTreeSet};

use cohortium_domain::access::Actor;
use cohortium_domain::choices::Choices;
use cohortium_domain::ids::{CohortId, Id, PersonId, ProgramId};
use cohortium_domain::journal::Change;
use cohortium_domain::meta::Meta;
use sea_orm::{ActiveValue, ColumnTrait, Order};
use uuid::Uuid;

use crate::entity::choice;
use crate::entity::choice_list::{ActiveModel, Column, Entity, Model};
use crate::error::Result;
use crate::record::{Record, meta, number};
use crate::{Read, Tx};

const TABLE: &str = "choices";

/// A person's choices without the cohorts, which have a table of their own.
struct OwnRow(Choices);

impl Record for OwnRow {
    type Entity = Entity;
    type Row = ActiveModel;
    type Id = PersonId;
    const NOUN: &'static str = "choice";
    const ID: Column = Column::PersonId;
    const VERSION: Column = Column::Version;

    fn id(&self) -> PersonId {
        self.0.person_id
    }

    fn meta(&mut self) -> &mut Meta {
        &mut self.0.meta
    }

    fn to_row(&self, coalition_id: Uuid) -> Model {
        Model {
            person_id: self.0.person_id.uuid(),
            coalition_id,
            version: self.0.meta.version,
            created_at: self.0.meta.created_at.utc(),
            updated_at: self.0.meta.updated_at.utc(),
        }
    }

    fn from_row(row: Model) -> Result<Self> {
        let meta = meta(row.version, row.created_at, row.updated_at);
        Ok(Self(Choices { person_id: PersonId::from_uuid(row.person_id), by_program: BTreeMap::new(), meta }))
    }
}

impl Read {
    /// Everything that a person has chosen.
    ///
    /// # Errors
    /// The database's.
    pub async fn choices(&self, person: PersonId) -> Result<Choices> {
        let Some(OwnRow(mut choices)) = self.find(person).await? else { return Ok(Choices::none(person, self.now())) };
        let rows = self.rows::<choice::Entity>().filter(choice::Column::PersonId.eq(person.uuid()));
        for row in rows.order_by(choice::Column::Rank, Order::Asc).all().await? {
            let of_program = choices.by_program.entry(ProgramId::from_uuid(row.program_id)).or_default();
            of_program.push(CohortId::from_uuid(row.cohort_id));
        }
        Ok(choices)
    }

    /// Which choice each of these cohorts is to each of these people, the first being 1; those that are one.
    ///
    /// # Errors
    /// The database's.
    pub async fn choices_among(
        &self,
        people: BTreeSet<PersonId>,
        cohorts: impl IntoIterator<Item = CohortId>,
    ) -> Result<BTreeMap<(PersonId, CohortId), u8>> {
        use choice::Column::{CohortId as Which, PersonId as Whose, Rank};
        if people.is_empty() {
            return Ok(BTreeMap::new());
        }
        let rows = self.rows::<choice::Entity>().filter(Whose.is_in(people.into_iter().map(Id::uuid)));
        let rows = rows.filter(Which.is_in(cohorts.into_iter().map(Id::uuid)));
        let rows: Vec<(Uuid, Uuid, i64)> = rows.columns([Whose, Which, Rank]).await?;
        let ranked =
            |(person, cohort, rank)| Ok(((PersonId::from_uuid(person), CohortId::from_uuid(cohort)), number(TABLE, "rank", rank)?));
        rows.into_iter().map(ranked).collect()
    }
}

impl Tx {
    /// Saves what a person has chosen, and writes down what happened. The person must be locked.
    ///
    /// # Errors
    /// As [`Tx::save`].
    pub async fn save_choices(&mut self, change: Change<Choices>, actor: &Actor) -> Result<Choices> {
        let Change { value, happened } = change;
        let OwnRow(choices) = self.save(Change { value: OwnRow(value), happened }, actor).await?;
        self.remove::<choice::Entity>(choice::Column::PersonId.eq(choices.person_id.uuid())).await?;
        let of_program = choices.by_program.iter().flat_map(|(program, cohorts)| {
            cohorts.iter().zip(1_i64..).map(|(cohort, rank)| choice::ActiveModel {
                person_id: ActiveValue::Set(choices.person_id.uuid()),
                cohort_id: ActiveValue::Set(cohort.uuid()),
                coalition_id: ActiveValue::Set(self.coalition_id().uuid()),
                program_id: ActiveValue::Set(program.uuid()),
                rank: ActiveValue::Set(rank),
            })
        });
        self.add(of_program.collect()).await?;
        Ok(choices)
    }
}
