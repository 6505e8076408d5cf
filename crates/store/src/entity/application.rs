//! The table `applications`.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "applications")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub coalition_id: Uuid,
    pub cohort_id: Uuid,
    pub person_id: Uuid,
    pub employment_id: Option<Uuid>,
    pub organization_id: Option<Uuid>,
    pub verification_id: Option<Uuid>,
    pub form_version: i64,
    pub answers: Json,
    pub commitments: Json,
    pub state: String,
    pub stands_since: DateTimeUtc,
    pub lapses_at: Option<DateTimeUtc>,
    pub place: Option<i64>,
    pub enrolled_at: Option<DateTimeUtc>,
    pub cause: Option<String>,
    pub note: Option<String>,
    pub submitted_at: Option<DateTimeUtc>,
    pub team_id: Option<Uuid>,
    pub transferred_from: Option<Uuid>,
    pub transferred_to: Option<Uuid>,
    pub version: i64,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
