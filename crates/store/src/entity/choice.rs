//! The table `choices`.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "choices")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub person_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub cohort_id: Uuid,
    pub coalition_id: Uuid,
    pub program_id: Uuid,
    pub rank: i64,
}

impl ActiveModelBehavior for ActiveModel {}
