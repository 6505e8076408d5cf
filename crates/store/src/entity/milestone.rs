//! The table `milestones`.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "milestones")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub program_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub coalition_id: Uuid,
    pub kind: String,
    pub label: String,
    pub on_day: Option<Date>,
    pub at_instant: Option<DateTimeUtc>,
    pub relative_to: Option<Uuid>,
    pub relative_days: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
