//! The table `waitlist_moves`.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "waitlist_moves")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub number: i64,
    pub coalition_id: Uuid,
    pub cohort_id: Uuid,
    pub application_id: Uuid,
    pub occurred_at: DateTimeUtc,
    pub cause: String,
    pub place_before: Option<i64>,
    pub place_after: Option<i64>,
    pub position: Option<i64>,
    pub unmet: Json,
    pub reason: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
