//! The table `sign_ins`.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "sign_ins")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub coalition_id: Uuid,
    pub person_id: Uuid,
    pub user_agent: Option<String>,
    pub created_at: DateTimeUtc,
    pub authenticated_at: DateTimeUtc,
    pub second_factor_at: Option<DateTimeUtc>,
    pub refreshed_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
    pub ended_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
