//! The table `proposals`.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "proposals")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub coalition_id: Uuid,
    pub program_id: Uuid,
    pub author_id: Uuid,
    pub co_facilitators: Json,
    pub title: String,
    pub r#abstract: Option<String>,
    pub audience: Json,
    pub goals: Json,
    pub session_plan: Option<String>,
    pub capacity_min: Option<i64>,
    pub capacity_max: Option<i64>,
    pub submission: i64,
    pub submitted_at: Option<DateTimeUtc>,
    pub extended_until: Option<DateTimeUtc>,
    pub revision: Option<Json>,
    pub revision_due_at: Option<DateTimeUtc>,
    pub revision_requests: Json,
    pub letter: Option<String>,
    pub state: String,
    pub settled_at: Option<DateTimeUtc>,
    pub staged_decision: Option<String>,
    pub staged_rank: Option<i64>,
    pub reserve_rank: Option<i64>,
    pub confirm_until: Option<DateTimeUtc>,
    pub lapsed: bool,
    pub cohort_id: Option<Uuid>,
    pub version: i64,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
