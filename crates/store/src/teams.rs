//! Team applications, as rows.

use cohortium_domain::applications::Application;
use cohortium_domain::ids::{CohortId, Id, OrganizationId, PersonId, TeamId};
use cohortium_domain::meta::Meta;
use cohortium_domain::teams::{Standing, Team, TeamState};
use cohortium_domain::time::Timestamp;
use cohortium_domain::words::Word;
use sea_orm::{ColumnTrait, Order};
use uuid::Uuid;

use crate::Read;
use crate::entity::application;
use crate::entity::team_application::{ActiveModel, Column, Entity, Model};
use crate::error::{Error, Result};
use crate::record::{Record, json, meta, to_json, word};

const TABLE: &str = "team_applications";

impl Record for Team {
    type Entity = Entity;
    type Row = ActiveModel;
    type Id = TeamId;
    const NOUN: &'static str = "team application";
    const ID: Column = Column::Id;
    const VERSION: Column = Column::Version;

    fn id(&self) -> TeamId {
        self.id
    }

    fn meta(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn to_row(&self, coalition_id: Uuid) -> Model {
        let settled_at = match self.standing {
            Standing::Forming => None,
            Standing::Sent { sent_at: at } | Standing::Withdrawn { withdrawn_at: at } => Some(at),
        };
        Model {
            id: self.id.uuid(),
            coalition_id,
            cohort_id: self.cohort_id.uuid(),
            organization_id: self.organization_id.uuid(),
            begun_by: self.begun_by.uuid(),
            mode: self.mode.as_str().to_owned(),
            agreed: to_json(&self.agreed),
            state: self.state().as_str().to_owned(),
            settled_at: settled_at.map(Timestamp::utc),
            version: self.meta.version,
            created_at: self.meta.created_at.utc(),
            updated_at: self.meta.updated_at.utc(),
        }
    }

    fn from_row(row: Model) -> Result<Self> {
        let settled_at = || row.settled_at.map(Timestamp::new).ok_or_else(|| Error::corrupt(TABLE, "settled_at"));
        let standing = match word(TABLE, "state", &row.state)? {
            TeamState::Forming => Standing::Forming,
            TeamState::Sent => Standing::Sent { sent_at: settled_at()? },
            TeamState::Withdrawn => Standing::Withdrawn { withdrawn_at: settled_at()? },
        };
        Ok(Self {
            id: TeamId::from_uuid(row.id),
            cohort_id: CohortId::from_uuid(row.cohort_id),
            organization_id: OrganizationId::from_uuid(row.organization_id),
            begun_by: PersonId::from_uuid(row.begun_by),
            mode: word(TABLE, "mode", &row.mode)?,
            agreed: json(TABLE, "agreed", &row.agreed)?,
            standing,
            meta: meta(row.version, row.created_at, row.updated_at),
        })
    }
}

impl Read {
    /// The applications of a team, in the order in which they were begun.
    ///
    /// # Errors
    /// The database's.
    pub async fn applications_of_team(&self, team: TeamId) -> Result<Vec<Application>> {
        use application::Column;
        let rows = self.rows::<application::Entity>().filter(Column::TeamId.eq(team.uuid()));
        let rows = rows.order_by(Column::CreatedAt, Order::Asc).order_by(Column::Id, Order::Asc);
        rows.all().await?.into_iter().map(Application::from_row).collect()
    }
}
