//! The table `cohorts`.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "cohorts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub coalition_id: Uuid,
    pub program_id: Uuid,
    pub proposal_id: Option<Uuid>,
    pub slug: String,
    pub title: String,
    pub title_key: String,
    pub description: Option<String>,
    pub audience: Json,
    pub delivery: String,
    pub dates: Json,
    pub state: String,
    pub started_at: Option<DateTimeUtc>,
    pub ended_at: Option<DateTimeUtc>,
    pub cancel_reason: Option<String>,
    pub merged_into: Option<Uuid>,
    pub seats_min: i64,
    pub seats_max: i64,
    pub seats_held: i64,
    pub seats_enrolled: i64,
    pub waiting: i64,
    pub next_lapse_at: Option<DateTimeUtc>,
    pub last_number: i64,
    pub version: i64,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
