//! The table `reviews`.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "reviews")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub coalition_id: Uuid,
    pub program_id: Uuid,
    pub proposal_id: Uuid,
    pub reviewer_id: Uuid,
    pub scores: Json,
    pub comment: Option<String>,
    pub note_to_staff: Option<String>,
    pub submission: Option<i64>,
    pub state: String,
    pub settled_at: Option<DateTimeUtc>,
    pub conflict: Option<String>,
    pub conflict_note: Option<String>,
    pub version: i64,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
