//! The table `sessions`.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub coalition_id: Uuid,
    pub cohort_id: Uuid,
    pub milestone_id: Option<Uuid>,
    pub kind: String,
    pub title: String,
    pub delivery: String,
    pub join_link: Option<String>,
    pub place: Option<String>,
    pub agenda: Option<String>,
    pub on_day: Date,
    pub wall_time: String,
    pub time_zone: String,
    pub duration_minutes: i64,
    pub starts_at: DateTimeUtc,
    pub reschedulings: Json,
    pub state: String,
    pub settled_at: Option<DateTimeUtc>,
    pub held_by: Option<Uuid>,
    pub cancel_reason: Option<String>,
    pub version: i64,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
